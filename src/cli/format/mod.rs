//! The output formats, and where they go.

mod table;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{CliError, files, report::Report};

pub(super) use table::verdict_style;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs; report.schema.json describes it.
    Json,
}

/// Where the result goes, and how it looks.
#[derive(Debug, Args)]
pub struct Output {
    /// How the result looks
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Table)]
    pub format: Format,
    /// Write the result to a file, whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Output {
    /// Writes what `render` makes: to the file, without colours, or to standard output.
    ///
    /// # Errors
    /// It cannot be written. A reader of standard output that has left is no error.
    pub fn write(
        &self,
        stdout: &mut dyn Write,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliError> {
        let Some(path) = &self.output else {
            return match render(stdout).and_then(|()| stdout.flush()) {
                // `| head` has read enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                shown => {
                    shown.map_err(|source| CliError::Machine { what: "cannot write the result".to_owned(), source })
                }
            };
        };
        let mut rendered = anstream::StripStream::new(Vec::new());
        render(&mut rendered).map_err(|source| cannot_write(path, source))?;
        files::write(path, &rendered.into_inner())
    }

    /// Writes reports.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write_reports(&self, reports: &[Report], stdout: &mut dyn Write) -> Result<(), CliError> {
        self.write(stdout, |out| match self.format {
            Format::Table => table::render(reports, out),
            Format::Json => pretty_json(&Accounts { accounts: reports }, out),
        })
    }
}

/// The JSON format as a whole.
#[derive(Serialize)]
struct Accounts<'r> {
    accounts: &'r [Report],
}

fn pretty_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

fn cannot_write(path: &Path, source: io::Error) -> CliError {
    CliError::Machine { what: format!("cannot write {}", path.display()), source }
}
