//! `--since`: an earlier report, read before any call, and what became different.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{error::CliError, files};
use crate::report::{
    Report,
    changes::{Changes, Earlier},
};

/// An earlier report.
#[derive(Debug, Default, Args)]
pub(super) struct Since {
    /// Say what became different since an earlier report, which --format json wrote; it never changes the exit code
    #[arg(long, value_name = "REPORT", value_hint = ValueHint::FilePath)]
    since: Option<PathBuf>,
}

impl Since {
    /// The earlier report; none without a file.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub(super) fn read(&self) -> Result<Option<Earlier>, CliError> {
        let Some(path) = &self.since else { return Ok(None) };
        let text = files::read(path)?;
        let earlier = Earlier::parse(&text);
        earlier.map(Some).map_err(|error| CliError::input(files::input_name(path), error))
    }

    /// The file that is read.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        self.since.as_ref()
    }

    /// What became different since `earlier`.
    pub(super) fn changes(&self, earlier: Option<&Earlier>, reports: &[Report]) -> Option<Changes> {
        let name = self.since.as_ref().map(|path| files::input_name(path).into_owned());
        earlier.map(|earlier| earlier.compared(reports, name.unwrap_or_default()))
    }
}
