//! Saved evidence: read, checked against its SHA-256, and written with how it came to be.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{error::CliError, files};
use crate::rule::{evidence::Evidence, json, provenance::Provenance};

/// Reads an evidence file, and makes sure that it is as it was saved. The document is the same as it stands there.
///
/// # Errors
/// It cannot be read, is no evidence, or was changed after it was saved.
pub(super) fn read(path: &Path) -> Result<(Evidence, Value), CliError> {
    parse(&files::read(path)?, path)
}

/// Evidence that was read from `path`.
///
/// # Errors
/// It is no evidence, or was changed after it was saved.
pub(super) fn parse(text: &str, path: &Path) -> Result<(Evidence, Value), CliError> {
    let name = files::input_name(path);
    let evidence = Evidence::parse(text).map_err(|error| CliError::input(name.to_string(), error))?;
    let document = json::read(text).map_err(|error| CliError::input(name.to_string(), error))?;
    if let Some(provenance) = &evidence.provenance {
        let sha256 = sha256(&document);
        if sha256 != provenance.sha256 {
            return Err(CliError::usage(format!(
                "{name}: changed after it was saved: its SHA-256 is {sha256}, and provenance.sha256 says {}",
                provenance.sha256
            )));
        }
    }
    Ok((evidence, document))
}

/// Saves evidence with how it came to be, which is returned with its SHA-256.
///
/// # Errors
/// The file cannot be written.
pub(super) fn save(path: &Path, mut evidence: Evidence, mut provenance: Provenance) -> Result<Provenance, CliError> {
    evidence.provenance = Some(provenance.clone());
    let mut document = serde_json::to_value(&evidence)
        .map_err(|error| CliError::machine(format!("cannot write {}", path.display()), error.into()))?;
    provenance.sha256 = sha256(&document);
    document["provenance"]["sha256"] = provenance.sha256.clone().into();
    files::write(path, format!("{document:#}\n").as_bytes())?;
    Ok(provenance)
}

/// SHA-256 of a document without its `provenance.sha256`, as compact JSON with sorted keys.
fn sha256(document: &Value) -> String {
    let mut document = document.clone();
    if let Some(Value::Object(provenance)) = document.get_mut("provenance") {
        provenance.remove("sha256");
    }
    let digest = Sha256::digest(sorted(&document).to_string().as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
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
