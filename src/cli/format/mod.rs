//! The output formats.

mod asff;
mod csv;
mod evaluations;
mod finding;
mod html;
mod junit;
mod markdown;
mod ocsf;
mod table;

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{CliError, files::Destination, report::Report};

pub(super) use table::{Plain, heading, verdict_style};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs; report.schema.json describes it.
    Json,
    /// For spreadsheets: a row for each trail and reason.
    Csv,
    /// For the summary of a CI job.
    Markdown,
    /// For AWS Security Hub: the findings of `BatchImportFindings`.
    Asff,
    /// For data lakes and SIEMs: OCSF 1.6 Compliance Findings, as JSON lines.
    Ocsf,
    /// For the test reports of a CI server.
    Junit,
    /// What `PutEvaluations` would be sent.
    Evaluations,
    /// One page for a browser, a printer or a file cabinet; it loads nothing and runs nothing.
    Html,
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
            Format::Csv => csv::render(reports, out),
            Format::Markdown => markdown::render(reports, out),
            Format::Asff => asff::render(reports, out),
            Format::Ocsf => ocsf::render(reports, out),
            Format::Junit => junit::render(reports, out),
            Format::Evaluations => evaluations::render(reports, out),
            Format::Html => html::render(reports, out),
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
