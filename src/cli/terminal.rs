//! Where a command speaks.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write},
};

use super::error::CliError;
use crate::report::text::Screen;

/// Standard output, which carries the result and nothing else, and standard error. A message that nobody reads is no
/// reason to fail.
pub(super) struct Terminal<'w> {
    stdout: &'w mut dyn Write,
    stderr: &'w mut dyn Write,
}

impl<'w> Terminal<'w> {
    pub(super) fn new(stdout: &'w mut dyn Write, stderr: &'w mut dyn Write) -> Self {
        Self { stdout, stderr }
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
        self.message(format_args!("warning: {what}"));
    }

    /// Says what nobody needs who is not there.
    pub(super) fn note(&mut self, what: impl Display) {
        if io::stderr().is_terminal() {
            self.message(what);
        }
    }

    /// Writes a line to standard error.
    pub(super) fn message(&mut self, line: impl Display) {
        let _ = Screen::new(self.stderr).line(line);
    }
}
