//! Where a result goes, and how it looks.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum, builder::PossibleValue};

use super::{
    error::CliError,
    files::{self, Place},
    terminal::Terminal,
};
use crate::report::{Report, format::Format, text::Screen};

/// Where a result goes.
#[derive(Debug, Default, Args)]
pub(super) struct Destination {
    /// Write the result to a file, whole or not at all; - is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Destination {
    /// Makes sure that the result does not take the place of one of these files.
    ///
    /// # Errors
    /// It would.
    pub(super) fn is_none_of<'p>(&self, files: impl IntoIterator<Item = &'p PathBuf>) -> Result<(), CliError> {
        let Some(output) = self.file() else { return Ok(()) };
        let place = Place::of_output(output);
        match files.into_iter().find(|file| Place::of_input(file).is(&place)) {
            None => Ok(()),
            Some(file) => Err(CliError::usage(format!(
                "--output would overwrite {}; valid is another file",
                files::input_name(file)
            ))),
        }
    }

    /// The file that the result goes to; none is standard output, whatever it is called.
    pub(super) fn file(&self) -> Option<&Path> {
        let is_file =
            |path: &&Path| !files::is_standard(path) && !Place::of_output(path).is(&Place::of_output(Path::new("-")));
        self.output.as_deref().filter(is_file)
    }

    /// Writes a document: to the file, without colours, or to standard output.
    ///
    /// # Errors
    /// It cannot be written. A reader of standard output that has left is no error.
    pub(super) fn write(
        &self,
        terminal: &mut Terminal,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliError> {
        let Some(path) = self.file() else {
            return terminal.write(render);
        };
        let mut rendered = anstream::StripStream::new(Vec::new());
        render(&mut rendered)
            .map_err(|source| CliError::machine(format!("cannot write {}", path.display()), source))?;
        files::write(path, &rendered.into_inner())
    }

    /// Writes what people read: to the file, without colours, or to standard output.
    ///
    /// # Errors
    /// It cannot be written. A reader of standard output that has left is no error.
    pub(super) fn show(
        &self,
        terminal: &mut Terminal,
        show: impl FnOnce(&mut Screen) -> io::Result<()>,
    ) -> Result<(), CliError> {
        self.write(terminal, |out| show(&mut Screen::new(out)))
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.meaning))
    }
}

/// Where the result goes, and how it looks.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// How the result looks
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t = Format::TABLE)]
    pub format: Format,
    /// Where it goes.
    #[command(flatten)]
    pub destination: Destination,
}

impl Output {
    /// Writes reports.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn write_reports(&self, reports: &[Report], terminal: &mut Terminal) -> Result<(), CliError> {
        self.destination.write(terminal, |out| self.format.render(&reports.into(), out))
    }
}
