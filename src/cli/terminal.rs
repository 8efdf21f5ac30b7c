//! Where a command speaks.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write},
};

use clap::{Args, ColorChoice};

use super::{error::CliError, progress::Progress};
use crate::{aws::CallLog, report::text::Screen, rule::provenance::Call};

/// How much a command says beside its result, and in which colours.
#[derive(Debug, Clone, Args)]
pub(super) struct Voice {
    /// When a terminal's colours are used
    #[arg(long, global = true, ignore_case = true, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(super) color: ColorChoice,
    /// Say nothing but errors on standard error
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say each call to AWS on standard error, as it is made
    #[arg(long, short, global = true)]
    verbose: bool,
}

/// Standard output, which carries the result and nothing else, and standard error. A message that nobody reads is no
/// reason to fail.
pub(super) struct Terminal<'w> {
    stdout: &'w mut dyn Write,
    stderr: &'w mut dyn Write,
    voice: &'w Voice,
}

impl<'w> Terminal<'w> {
    pub(super) fn new(stdout: &'w mut dyn Write, stderr: &'w mut dyn Write, voice: &'w Voice) -> Self {
        Self { stdout, stderr, voice }
    }

    /// A line that says what is being waited for. Where the calls are said, they say it.
    pub(super) fn progress(&self, message: impl Display) -> Progress {
        let is_wanted = !self.voice.quiet && !self.voice.verbose;
        if is_wanted { Progress::new(message) } else { Progress::hidden() }
    }

    /// A log of calls, which says each if that is wanted.
    pub(super) fn calls(&self) -> CallLog {
        if self.voice.verbose { CallLog::watched_by(say) } else { CallLog::default() }
    }

    /// Says what only matters to who wants to know it all.
    pub(super) fn detail(&mut self, what: impl Display) {
        if self.voice.verbose {
            self.message(what);
        }
    }

    /// Writes the result to standard output, as a document of a format that says how it shows what it holds.
    ///
    /// # Errors
    /// It cannot be written. A reader that has left is no error.
    pub(super) fn write(&mut self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
        match render(self.stdout).and_then(|()| self.stdout.flush()) {
            // `| head` has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            shown => shown.map_err(|source| CliError::machine("cannot write the result", source)),
        }
    }

    pub(super) fn error(&mut self, what: impl Display) {
        self.message(format_args!("error: {what}"));
    }

    pub(super) fn warning(&mut self, what: impl Display) {
        if !self.voice.quiet {
            self.message(format_args!("warning: {what}"));
        }
    }

    /// Says what is worth knowing, and no warning.
    pub(super) fn remark(&mut self, what: impl Display) {
        if !self.voice.quiet {
            self.message(format_args!("note: {what}"));
        }
    }

    /// Says what nobody needs who is not there.
    pub(super) fn note(&mut self, what: impl Display) {
        if io::stderr().is_terminal() && !self.voice.quiet {
            self.message(what);
        }
    }

    /// Writes a line to standard error.
    pub(super) fn message(&mut self, line: impl Display) {
        let _ = Screen::new(self.stderr).line(line);
    }
}

/// Calls end while the terminal is lent to who waits for them.
fn say(Call { operation, region, request_id, error_code, .. }: &Call) {
    let how = error_code.as_deref().unwrap_or("answered");
    let request_id = request_id.as_ref().map_or(String::new(), |id| format!(", request id {id}"));
    let _ = Screen::new(&mut anstream::stderr()).line(format_args!("{operation} in {region}: {how}{request_id}"));
}
