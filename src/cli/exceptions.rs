//! `--exceptions`: what is accepted, read before any call, and what is said of it afterwards.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{
    error::CliError,
    files::{self, Place},
    terminal::Terminal,
};
use crate::{
    clock::Clock,
    report::exceptions::{Exceptions, Note},
};

/// What is accepted.
#[derive(Debug, Default, Args)]
pub(super) struct ExceptionsFile {
    /// Dated exceptions, as TOML; they stand beside the verdict and never change it
    #[arg(long = "exceptions", value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
}

impl ExceptionsFile {
    /// The exceptions; none without a file.
    ///
    /// # Errors
    /// It cannot be read, or is not valid: with the line.
    pub(super) fn read(&self) -> Result<Exceptions, CliError> {
        let Some(path) = &self.file else { return Ok(Exceptions::default()) };
        let text = files::read(path)?;
        Exceptions::parse(&text, Clock::System.now()).map_err(|error| CliError::input(files::input_name(path), error))
    }

    /// The file that is read.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Whether it is standard input.
    pub(super) fn is_standard(&self) -> bool {
        self.file.as_ref().is_some_and(|path| Place::of_input(path).is(&Place::of_input("-".as_ref())))
    }

    /// Says what is to be said of the exceptions.
    pub(super) fn say(&self, notes: &[Note], terminal: &mut Terminal) {
        let name = self.file.as_ref().map(|path| files::input_name(path)).unwrap_or_default();
        for Note { line, is_warning, text } in notes {
            let what = format_args!("{name}: line {line}: this exception {text}");
            if *is_warning {
                terminal.warning(what);
            } else {
                terminal.remark(what);
            }
        }
    }
}
