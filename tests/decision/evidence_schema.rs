//! The published schema of Evidence.

use std::sync::LazyLock;

use serde_json::Value;

static EVIDENCE_SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(include_str!("../../src/rule/evidence.schema.json")).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
});

/// Where and how the document breaks the schema of Evidence; empty if it does not.
pub(crate) fn against_evidence_schema(document: &Value) -> Vec<String> {
    EVIDENCE_SCHEMA.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
