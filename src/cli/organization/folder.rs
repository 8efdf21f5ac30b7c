//! The folder of a run: an evidence file an account, and `run.json`, which lists every account and its status.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    cli::{error::CliError, files},
    report::{account::Account, json, organization::Organization},
    rule::parameters::InputParameters,
};

const FORMAT_VERSION: u32 = 1;

/// What is known of a run, whole at any moment.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Run {
    pub(super) format_version: u32,
    /// The Region from which accounts are judged.
    pub(super) region: String,
    /// The rule parameters by which they are judged, as they were given.
    pub(super) rule_parameters: InputParameters,
    /// Which organization it is.
    pub(super) organization: Organization,
    /// Whether every account that there is to list is among the accounts.
    pub(super) is_listed: bool,
    /// Every account that is known by now.
    pub(super) accounts: Vec<Account>,
}

impl Run {
    /// A run of which no account is known yet.
    pub(super) fn new(region: String, rule_parameters: InputParameters, organization: Organization) -> Self {
        let (is_listed, accounts) = (false, Vec::new());
        Self { format_version: FORMAT_VERSION, region, rule_parameters, organization, is_listed, accounts }
    }
}

/// A folder that nobody else may write.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder for a new run; it is made if there is none.
    ///
    /// # Errors
    /// It holds a run already, others may write it, it holds a link, or it cannot be made.
    pub(super) fn create(path: &Path) -> Result<Self, CliError> {
        if !path.exists() {
            make(path).map_err(|source| CliError::machine(format!("cannot make {}", path.display()), source))?;
        }
        let folder = Self::open(path)?;
        if folder.run_file().exists() {
            return Err(CliError::usage(format!(
                "{} holds a run already; valid are --resume with it, and --save-evidence with an empty folder",
                path.display()
            )));
        }
        Ok(folder)
    }

    /// A folder that is there.
    ///
    /// # Errors
    /// It cannot be read, others may write it, or it holds a link: evidence that another user planted would make an
    /// account green.
    pub(crate) fn open(path: &Path) -> Result<Self, CliError> {
        let unreadable = |error| CliError::input(format!("cannot read {}", path.display()), error);
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_dir() {
            return Err(CliError::usage(format!("{} is no folder; valid is the folder of a run", path.display())));
        }
        if is_writable_for_others(&metadata) {
            return Err(CliError::usage(format!(
                "other users may write {}, and so evidence in it; valid is a folder of your own that only you may write",
                path.display()
            )));
        }
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let of_entry = entry.metadata().map_err(unreadable)?;
            let entry = entry.path();
            if of_entry.is_symlink() {
                return Err(CliError::usage(format!("{} is a link; valid are files", entry.display())));
            }
            if is_open_to_others(&metadata) && is_writable_for_others(&of_entry) {
                return Err(CliError::usage(format!(
                    "other users may write {}; valid are files that only you may write",
                    entry.display()
                )));
            }
        }
        Ok(Self(path.to_owned()))
    }

    /// Whether it is the folder of a run.
    pub(crate) fn is_of_run(path: &Path) -> bool {
        Self(path.to_owned()).run_file().exists()
    }

    fn run_file(&self) -> PathBuf {
        self.0.join("run.json")
    }

    /// The evidence of an account.
    pub(super) fn evidence(&self, account_id: &str) -> PathBuf {
        self.0.join(format!("{account_id}.json"))
    }

    /// What is known of the run.
    ///
    /// # Errors
    /// There is no `run.json`, or it is none.
    pub(crate) fn run(&self) -> Result<Run, CliError> {
        let path = self.run_file();
        let run: Run = serde_json::from_str(&files::read(&path)?)
            .map_err(|error| CliError::input(path.display().to_string(), error))?;
        if run.format_version != FORMAT_VERSION {
            return Err(CliError::usage(format!("{}: valid is formatVersion {FORMAT_VERSION}", path.display())));
        }
        Ok(run)
    }

    /// Writes `run.json`, whole.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, run: &Run) -> Result<(), CliError> {
        let path = self.run_file();
        let mut document = Vec::new();
        json::pretty(run, &mut document)
            .map_err(|source| CliError::machine(format!("cannot write {}", path.display()), source))?;
        files::write(&path, &document)
    }
}

#[cfg(unix)]
fn make(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make(path: &Path) -> std::io::Result<()> {
    fs::create_dir(path)
}

#[cfg(unix)]
fn is_writable_for_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const OTHERS_MAY_WRITE: u32 = 0o022;
    metadata.mode() & OTHERS_MAY_WRITE != 0 || metadata.uid() != rustix::process::geteuid().as_raw()
}

/// Whether others reach the files in a folder.
#[cfg(unix)]
fn is_open_to_others(folder: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const OTHERS_MAY_ENTER: u32 = 0o011;
    folder.mode() & OTHERS_MAY_ENTER != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn is_writable_for_others(_: &fs::Metadata) -> bool {
    false
}
