//! What is being waited for, on standard error if that is a terminal.

use std::{fmt::Display, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::text::plain;

/// A line that says what is being waited for; it is gone when this is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(message: impl Display) -> Self {
        Self::on(ProgressDrawTarget::stderr(), message)
    }

    /// One that nobody sees.
    pub(super) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    fn on(target: ProgressDrawTarget, message: impl Display) -> Self {
        let progress = Self(ProgressBar::with_draw_target(None, target).with_style(ProgressStyle::default_spinner()));
        progress.say(message);
        progress.0.enable_steady_tick(Duration::from_millis(100));
        progress
    }

    pub(super) fn say(&self, message: impl Display) {
        self.0.set_message(plain(message));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn a_terminal_shows_what_is_being_waited_for_until_it_is_there() {
        let terminal = InMemoryTerm::new(2, 80);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let progress = Progress::on(target, "reading\u{1b}[2J the account");
        assert!(terminal.contents().ends_with(" reading?[2J the account"), "{}", terminal.contents());
        progress.say("reading the trails");
        assert!(terminal.contents().ends_with(" reading the trails"), "{}", terminal.contents());
        drop(progress);
        assert_eq!(terminal.contents(), "");
    }
}
