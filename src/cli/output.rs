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
use crate::report::{format::Format, reports::Reports, text::Screen};

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
        let (place, what) = match self.file() {
            Some(output) => (Place::of_output(output), "--output"),
            None => (Place::of_output(Path::new("-")), "standard output"),
        };
        // A terminal is read and written.
        if self.file().is_none() && !place.is_regular_file() {
            return Ok(());
        }
        match files.into_iter().find(|file| Place::of_input(file).is(&place)) {
            None => Ok(()),
            Some(file) => Err(CliError::usage(format!(
                "{what} would overwrite {}; valid is another file",
                files::input_name(file)
            ))),
        }
    }

    /// The format of a command that has formats of its own: the one that is given, else the one that the file's ending
    /// tells, else the first.
    ///
    /// # Errors
    /// What should be a file is the name of a format.
    pub(super) fn format<F: ValueEnum>(&self, given: Option<F>, first: F) -> Result<F, CliError> {
        let Some(output) = &self.output else { return Ok(given.unwrap_or(first)) };
        is_no_format(output)?;
        let told = || F::from_str(told_by_ending(output)?.name, true).ok();
        Ok(given.or_else(told).unwrap_or(first))
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
        files::write_with(path, |file| {
            let mut plain = io::BufWriter::new(anstream::StripStream::new(file));
            render(&mut plain)?;
            plain.flush()
        })
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

/// Makes sure that what `--output` names is no format.
///
/// # Errors
/// It is one.
fn is_no_format(output: &Path) -> Result<(), CliError> {
    let given = output.to_string_lossy();
    match Format::ALL.iter().find(|format| format.name.eq_ignore_ascii_case(&given)) {
        None => Ok(()),
        Some(format) => Err(CliError::IsFormat { given: given.into_owned(), format: format.name }),
    }
}

/// The format that a file's ending tells.
fn told_by_ending(output: &Path) -> Option<Format> {
    Format::of_ending(&output.extension()?.to_string_lossy())
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
    /// How the result looks [default: as --output ends, else table]
    #[arg(long, short, value_enum, ignore_case = true, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write the result to a file, whole or not at all; - is standard output. Given again, another file of the same result,
    /// each in the format of its ending: .html, .json, .csv, .md, .xml (junit) or .jsonl (ocsf)
    #[arg(long, short, value_name = "FILE")]
    output: Vec<PathBuf>,
}

/// One place to which a result goes, and how it looks there.
#[derive(Debug)]
pub(super) struct Rendering {
    pub(super) format: Format,
    pub(super) destination: Destination,
}

impl Output {
    /// Every place to which the result goes, in the order given, and how it looks there. None takes the place of another, or
    /// of one of these files.
    ///
    /// # Errors
    /// One would, a format is not told, or is given for several.
    pub(super) fn renderings<'p>(
        &self,
        files: impl IntoIterator<Item = &'p PathBuf>,
    ) -> Result<Vec<Rendering>, CliError> {
        if self.format.is_some() && self.output.len() > 1 {
            return Err(CliError::usage(
                "--format is for one --output; with several, each file's ending tells its format",
            ));
        }
        let files: Vec<&PathBuf> = files.into_iter().collect();
        let mut renderings: Vec<Rendering> = Vec::new();
        for output in &self.output {
            let rendering = Rendering {
                format: self.format_of(output)?,
                destination: Destination { output: Some(output.clone()) },
            };
            rendering.destination.is_none_of(files.iter().copied())?;
            let place = Place::of_output(output);
            let taken = renderings.iter().filter_map(|other| other.destination.output.as_ref());
            if let Some(other) = taken.into_iter().find(|other| *other == output || Place::of_output(other).is(&place))
            {
                let (other, output) = (other.display(), output.display());
                return Err(CliError::usage(format!("--output {output} is the same as --output {other}")));
            }
            renderings.push(rendering);
        }
        if renderings.is_empty() {
            let format = self.format.unwrap_or(Format::TABLE);
            let destination = Destination::default();
            destination.is_none_of(files)?;
            renderings.push(Rendering { format, destination });
        }
        Ok(renderings)
    }

    fn format_of(&self, output: &Path) -> Result<Format, CliError> {
        is_no_format(output)?;
        if let Some(format) = self.format {
            return Ok(format);
        }
        match told_by_ending(output) {
            Some(format) => Ok(format),
            None if self.output.len() < 2 || files::is_standard(output) => Ok(Format::TABLE),
            None => {
                let known: Vec<String> =
                    Format::ALL.iter().filter_map(|format| Some(format!(".{}", format.ending?))).collect();
                let name = output.display();
                Err(CliError::usage(format!(
                    "--output {name}: its ending tells no format; valid are {}",
                    known.join(", ")
                )))
            }
        }
    }
}

/// Writes reports to every place, in order: the first that fails ends it, and those before it stay.
///
/// # Errors
/// They cannot be written.
pub(super) fn write_reports(
    renderings: &[Rendering],
    reports: &Reports,
    terminal: &mut Terminal,
) -> Result<(), CliError> {
    for Rendering { format, destination } in renderings {
        destination.write(terminal, |out| format.render(reports, out))?;
        if let Some(file) = destination.file() {
            let verdict = match reports.accounts {
                [report] => report.standing().as_str().to_owned(),
                _ => reports.summary().to_string(),
            };
            terminal.note(format_args!("{verdict}: {}", file.display()));
        }
    }
    Ok(())
}
