//! Files: read with errors that name them, written whole or not at all; and saved evidence.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::CliError;
use crate::{
    report::Report,
    rule::{
        evidence::Evidence,
        provenance::{Provenance, SavedVerdict},
    },
};

/// Reads a text file; `-` is standard input.
///
/// # Errors
/// It cannot be read, or is no UTF-8.
pub fn read(path: &Path) -> Result<String, CliError> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    read.map_err(|error| CliError::input(format!("cannot read {}", path.display()), error))
}

/// Where a result goes.
#[derive(Debug, Default, Args)]
pub struct Destination {
    /// Write the result to a file, whole or not at all; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Destination {
    /// Makes sure that the result does not take the place of one of these files.
    ///
    /// # Errors
    /// It would.
    pub fn is_none_of<'p>(&self, files: impl IntoIterator<Item = &'p PathBuf>) -> Result<(), CliError> {
        let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let Some(output) = &self.output else { return Ok(()) };
        match files.into_iter().find(|file| whole(file) == whole(output) && output.as_path() != Path::new("-")) {
            None => Ok(()),
            Some(file) => {
                let what = format!("--output would overwrite {}; valid is another file", file.display());
                Err(CliError::Input { what, source: None })
            }
        }
    }

    /// Writes what `render` makes: to the file, without colours, or to standard output.
    ///
    /// # Errors
    /// It cannot be written. A reader of standard output that has left is no error.
    pub fn write(
        &self,
        stdout: &mut dyn Write,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliError> {
        let Some(path) = self.output.as_deref().filter(|path| *path != Path::new("-")) else {
            return match render(stdout).and_then(|()| stdout.flush()) {
                // `| head` has read enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                shown => {
                    shown.map_err(|source| CliError::Machine { what: "cannot write the result".to_owned(), source })
                }
            };
        };
        let mut rendered = anstream::StripStream::new(Vec::new());
        render(&mut rendered)
            .map_err(|source| CliError::Machine { what: format!("cannot write {}", path.display()), source })?;
        write(path, &rendered.into_inner())
    }
}

/// Writes a file. A regular file is there whole or as it was before, and nobody may read it who might not before.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), CliError> {
    let written = || {
        let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        if is_special {
            return fs::File::options().write(true).open(path)?.write_all(content);
        }
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::metadata(folder)?;
        let existing = fs::metadata(&target).ok().map(|metadata| metadata.permissions());
        // A file can be replaced although it may not be written.
        if existing.as_ref().is_some_and(fs::Permissions::readonly) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(existing.unwrap_or_else(|| std::os::unix::fs::PermissionsExt::from_mode(0o666)));
        // The name of the temporary file would only confuse.
        let without_name = |error: io::Error| io::Error::from(error.kind());
        let mut file = builder.prefix(".cloudtrail-all-regions").tempfile_in(folder).map_err(without_name)?;
        file.write_all(content).map_err(without_name)?;
        file.persist(&target).map(|_| ()).map_err(|error| error.error)
    };
    written().map_err(|source| CliError::Machine { what: format!("cannot write {}", path.display()), source })
}

/// Reads an evidence file, and makes sure that it is as it was saved. The document is the same as it stands there.
///
/// # Errors
/// It cannot be read, is no evidence, or was changed after it was saved.
pub fn read_evidence(path: &Path) -> Result<(Evidence, Value), CliError> {
    parse_evidence(&read(path)?, path)
}

/// Evidence that was read from `path`.
///
/// # Errors
/// It is no evidence, or was changed after it was saved.
pub fn parse_evidence(text: &str, path: &Path) -> Result<(Evidence, Value), CliError> {
    let evidence = Evidence::parse(text).map_err(|error| CliError::input(path.display().to_string(), error))?;
    let document = serde_json::from_str(text).map_err(|error| CliError::input(path.display().to_string(), error))?;
    if let Some(provenance) = &evidence.provenance {
        let sha256 = sha256(&document);
        if sha256 != provenance.sha256 {
            return Err(CliError::Input {
                what: format!(
                    "{}: changed after it was saved: its SHA-256 is {sha256}, and provenance.sha256 says {}",
                    path.display(),
                    provenance.sha256
                ),
                source: None,
            });
        }
    }
    Ok((evidence, document))
}

/// Saves evidence with how it came to be, which is returned.
///
/// # Errors
/// The file cannot be written.
pub fn save_evidence(path: &Path, mut evidence: Evidence, report: &Report) -> Result<Provenance, CliError> {
    let mut provenance = Provenance {
        collected_by: concat!("cloudtrail-all-regions ", env!("CARGO_PKG_VERSION")).to_owned(),
        rule_parameters: report.rule_parameters.clone(),
        calls: report.calls.clone(),
        verdict: SavedVerdict { compliance_type: report.compliance_type, annotation: report.annotation.clone() },
        sha256: String::new(),
    };
    evidence.provenance = Some(provenance.clone());
    let unwritten = |error: serde_json::Error| CliError::Machine {
        what: format!("cannot write {}", path.display()),
        source: error.into(),
    };
    let mut document = serde_json::to_value(&evidence).map_err(unwritten)?;
    provenance.sha256 = sha256(&document);
    document["provenance"]["sha256"] = provenance.sha256.clone().into();
    write(path, format!("{document:#}\n").as_bytes())?;
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
