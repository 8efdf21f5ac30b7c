//! Where a result goes, and how it looks.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum, builder::PossibleValue};

use super::{error::CliError, files};
use crate::report::{Report, format::Format};

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
        let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let Some(output) = &self.output else { return Ok(()) };
        match files.into_iter().find(|file| whole(file) == whole(output) && output.as_path() != Path::new("-")) {
            None => Ok(()),
            Some(file) => {
                Err(CliError::usage(format!("--output would overwrite {}; valid is another file", file.display())))
            }
        }
    }

    /// Writes what `render` makes: to the file, without colours, or to standard output.
    ///
    /// # Errors
    /// It cannot be written. A reader of standard output that has left is no error.
    pub(super) fn write(
        &self,
        stdout: &mut dyn Write,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliError> {
        let Some(path) = self.output.as_deref().filter(|path| *path != Path::new("-")) else {
            return match render(stdout).and_then(|()| stdout.flush()) {
                // `| head` has read enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                shown => shown.map_err(|source| CliError::machine("cannot write the result", source)),
            };
        };
        let mut rendered = anstream::StripStream::new(Vec::new());
        render(&mut rendered)
            .map_err(|source| CliError::machine(format!("cannot write {}", path.display()), source))?;
        files::write(path, &rendered.into_inner())
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
    pub(super) fn write_reports(&self, reports: &[Report], stdout: &mut dyn Write) -> Result<(), CliError> {
        self.destination.write(stdout, |out| self.format.render(reports, out))
    }
}
