//! Reports as arguments ask for them: which format, and where they go.

use std::io::Write;

use clap::{Args, ValueEnum, builder::PossibleValue};

use super::{CliError, files::Destination};
use crate::report::{Report, format::Format};

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
pub struct Output {
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
    pub fn write_reports(&self, reports: &[Report], stdout: &mut dyn Write) -> Result<(), CliError> {
        self.destination.write(stdout, |out| self.format.render(reports, out))
    }
}
