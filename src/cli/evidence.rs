//! Saved evidence: read, checked against its SHA-256, and written with how it came to be.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    error::CliError,
    files::{self, Place},
};
use crate::{
    report::{Report, json},
    rule::{
        self,
        evidence::Evidence,
        provenance::{Provenance, SavedVerdict},
    },
};

/// What collects: the program and its version.
pub(super) const PROGRAM: &str = concat!("cloudtrail-all-regions ", env!("CARGO_PKG_VERSION"));

/// Reads an evidence file, and makes sure that it says what it said when it was saved. The document is the same as it
/// stands there.
///
/// # Errors
/// It cannot be read, is no evidence, or was changed after it was saved.
pub(super) fn read(path: &Path) -> Result<(Evidence, Value), CliError> {
    parse(&files::read(path)?, path)
}

/// SHA-256 in lower-case hexadecimal digits, as `sha256sum` prints it.
pub(super) fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Evidence that was read from `path`.
///
/// # Errors
/// It is no evidence, or was changed after it was saved.
pub(super) fn parse(text: &str, path: &Path) -> Result<(Evidence, Value), CliError> {
    let name = files::input_name(path);
    let evidence = Evidence::parse(text).map_err(|error| CliError::input(name.to_string(), error))?;
    let document = rule::json::read(text).map_err(|error| CliError::input(name.to_string(), error))?;
    if let Some(provenance) = &evidence.provenance {
        let sha256 = content_checksum(&document);
        if sha256 != provenance.sha256 {
            return Err(CliError::usage(format!(
                "{name}: changed after it was saved: its content checksum is {sha256}, and provenance.sha256 says {}",
                provenance.sha256
            )));
        }
    }
    Ok((evidence, document))
}

/// Saves evidence with how it came to be, as the report has it, and beside it, unless it is a pipe or a device, the checksum
/// of the file. The report then rests on the file.
///
/// # Errors
/// A file cannot be written; the report is then as it was.
pub(super) fn save(
    path: &Path,
    mut evidence: Evidence,
    collected_by: &str,
    report: &mut Report,
) -> Result<(), CliError> {
    let mut provenance = Provenance {
        collected_by: collected_by.to_owned(),
        collected_as: report.collected_as.clone(),
        rule_parameters: report.rule_parameters.clone(),
        calls: report.calls.clone(),
        verdict: SavedVerdict { compliance_type: report.compliance_type, annotation: report.annotation.clone() },
        sha256: String::new(),
    };
    evidence.provenance = Some(provenance.clone());
    let mut document = serde_json::to_value(&evidence)
        .map_err(|error| CliError::machine(format!("cannot write {}", path.display()), error.into()))?;
    provenance.sha256 = content_checksum(&document);
    document["provenance"]["sha256"] = provenance.sha256.clone().into();
    let mut file = Vec::new();
    json::pretty(&document, &mut file)
        .map_err(|source| CliError::machine(format!("cannot write {}", path.display()), source))?;
    files::write(path, &file)?;
    let checksum = checksum(&file);
    // Beside a pipe or a device nothing is kept.
    if Place::of_output(path).is_regular_file() {
        files::write(&checksum_file(path), checksum_line(&checksum, path).as_bytes())?;
    }
    *report = report.clone().resting_on(&provenance);
    report.evidence_file = Some(path.to_string_lossy().into_owned());
    report.evidence_sha256 = Some(checksum);
    Ok(())
}

/// The file beside evidence that has its checksum.
pub(super) fn checksum_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    name.into()
}

/// What `sha256sum` prints in the file's folder. It begins a line with a backslash where a name has what a line cannot hold.
fn checksum_line(checksum: &str, path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    let mark = if escaped == name { "" } else { "\\" };
    format!("{mark}{checksum}  {escaped}\n")
}

/// SHA-256 of a document without its `provenance.sha256`, as compact JSON with sorted keys: the same whatever the layout of
/// the file, and whatever characters its strings have as escapes.
fn content_checksum(document: &Value) -> String {
    let mut document = document.clone();
    if let Some(Value::Object(provenance)) = document.get_mut("provenance") {
        provenance.remove("sha256");
    }
    checksum(sorted(&document).to_string().as_bytes())
}

/// The same value with the keys of every object in order, whatever order the map keeps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, Value> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(members.into_iter().map(|(name, value)| (name.clone(), value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
