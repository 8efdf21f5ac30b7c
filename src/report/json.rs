//! The reports as they are, for programs: `report.schema.json` describes the document.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;

#[derive(Serialize)]
struct Accounts<'r> {
    accounts: &'r [Report],
}

/// The reports as one document.
pub(super) fn render(reports: &[Report], out: &mut dyn Write) -> io::Result<()> {
    pretty(&Accounts { accounts: reports }, out)
}

/// An indented document that ends in a line break.
pub(crate) fn pretty(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}
