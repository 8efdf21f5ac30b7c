//! The output formats.

mod table;

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{CliError, files::Destination, report::Report};

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
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t = Format::Table)]
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
    pub fn write_reports(&self, reports: &[Report], stdout: &mut dyn Write) -> Result<(), CliError> {
        self.destination.write(stdout, |out| match self.format {
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
