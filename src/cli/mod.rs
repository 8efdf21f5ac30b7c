//! The command line `cloudtrail-all-regions`.
//!
//! Standard output carries the result and nothing else; exit codes are those of [`Exit`].

mod account;
mod accounts_from;
mod check;
mod compare;
mod definition;
mod delivery;
mod doctor;
mod error;
mod evidence;
mod exceptions;
mod explain;
mod files;
mod invoke;
mod organization;
mod output;
mod parameters;
mod progress;
mod prove;
mod report;
mod runtime;
mod shell;
mod since;
mod terminal;
mod words;

use std::{
    ffi::OsString,
    io::{IsTerminal as _, Write},
};

use clap::{
    ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    error::chain,
    report::text::{Screen, is_hidden},
    rule::spelling::nearest,
};
pub use error::Exit;
use runtime::block_on;
use terminal::{Terminal, Voice};

/// Is every management event of this AWS account, in every Region, really being recorded right now? (CIS AWS Foundations
/// v3.0.0, 3.1)
#[derive(Debug, Parser)]
#[command(name = "cloudtrail-all-regions", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(flatten)]
    voice: Voice,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 compliant or not applicable, 1 non-compliant, 2 could not evaluate, 64 wrong usage, 130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    Check(Box<check::Check>),
    Prove(Box<prove::Prove>),
    Compare(Box<compare::Compare>),
    Report(Box<report::Report>),
    Doctor(Box<doctor::Doctor>),
    Explain(explain::Explain),
    Definition(definition::Definition),
    Invoke(Box<invoke::Invoke>),
    Completions(shell::Completions),
    Man(shell::Manual),
}

/// A space at which help is not wrapped: examples stay whole, because they are there to be copied.
const UNBREAKABLE: &str = "\u{a0}";

/// Help is `width` columns wide: 0 is without end, none is the terminal's width.
fn parse(arguments: impl IntoIterator<Item = OsString>, width: Option<usize>) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command().mut_subcommands(|command| {
        let examples = command.get_after_help().map(|examples| examples.to_string().replace(' ', UNBREAKABLE));
        command.after_help(examples.unwrap_or_default())
    });
    if let Some(width) = width {
        command = command.term_width(width);
    }
    let matches = command.try_get_matches_from_mut(arguments)?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Takes away tips that are not near what was given.
fn keep_near_tips_only(error: &mut clap::Error) {
    for (given, tip) in [
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ] {
        let Some(ContextValue::String(given)) = error.get(given) else { continue };
        let tips: Vec<&str> = match error.get(tip) {
            Some(ContextValue::String(tip)) => vec![tip],
            Some(ContextValue::Strings(tips)) => tips.iter().map(String::as_str).collect(),
            _ => continue,
        };
        if nearest(given, tips.into_iter()).is_none() {
            error.remove(tip);
        }
    }
}

/// Tells a shell that asks what may stand next: the script of `completions` asks, by the environment. None has asked
/// where there is no exit code.
#[must_use]
pub fn complete(arguments: &[OsString]) -> Option<Exit> {
    match shell::complete(arguments, Arguments::command) {
        Ok(has_asked) => has_asked.then_some(Exit::Compliant),
        Err(_) => Some(Exit::Usage),
    }
}

/// When the colours of a terminal are used, as far as the arguments tell: wrong ones have colours, too.
#[must_use]
pub fn colors(arguments: &[OsString]) -> anstream::ColorChoice {
    let matches = Arguments::command().ignore_errors(true).try_get_matches_from(arguments);
    let color = matches.ok().and_then(|matches| matches.get_one("color").copied());
    match color.unwrap_or(ColorChoice::Auto) {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
}

/// Runs a command with the arguments of a process, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let is_plain = !arguments.iter().any(|argument| argument.to_string_lossy().contains(is_hidden));
    let arguments = match parse(arguments, (!std::io::stdout().is_terminal()).then_some(0)) {
        Ok(arguments) => arguments,
        Err(mut error) => {
            keep_near_tips_only(&mut error);
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let text = error.render();
            // An output that nobody reads is no reason to fail.
            let _ = match (is_help, is_plain) {
                (true, _) => write!(stdout, "{}", text.ansi().to_string().replace(UNBREAKABLE, " ")),
                (false, true) => write!(stderr, "{}", text.ansi()),
                (false, false) => text.to_string().lines().try_for_each(|line| Screen::new(stderr).line(line)),
            };
            return if is_help { Exit::Compliant } else { Exit::Usage };
        }
    };
    let mut terminal = Terminal::new(stdout, stderr, &arguments.voice);
    let ended = match &arguments.command {
        Command::Check(check) => block_on(check.run(&mut terminal)),
        Command::Prove(prove) => block_on(prove.run(&mut terminal)),
        Command::Explain(explain) => explain.run(&mut terminal),
        Command::Definition(definition) => definition.run(&mut terminal),
        Command::Compare(compare) => block_on(compare.run(&mut terminal)),
        Command::Report(report) => block_on(report.run(&mut terminal)),
        Command::Doctor(doctor) => block_on(doctor.run(&mut terminal)),
        Command::Invoke(invoke) => block_on(invoke.run(&mut terminal)),
        Command::Completions(completions) => completions.run(&Arguments::command(), &mut terminal),
        Command::Man(manual) => manual.run(Arguments::command(), &mut terminal),
    };
    ended.unwrap_or_else(|error| {
        terminal.error(chain(&error));
        if let Some(tip) = error.tip() {
            terminal.message("");
            terminal.message(format_args!("  tip: {tip}"));
        }
        error.exit()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(arguments: &[&str], width: usize) -> String {
        let arguments = arguments.iter().map(OsString::from);
        parse(arguments, Some(width)).unwrap_err().render().to_string().replace(UNBREAKABLE, " ")
    }

    #[test]
    fn help_fits_a_narrow_terminal_and_its_examples_stay_whole() {
        for command in shell::COMMANDS {
            let help = help(&["cloudtrail-all-regions", command, "-h"], 60);
            let (prose, examples) = help.split_once("Examples:\n").unwrap();
            // Usage is a command, too.
            let mut prose = prose.lines().filter(|line| !line.starts_with("Usage: "));
            assert!(prose.all(|line| line.chars().count() <= 60), "{help}");
            assert!(examples.lines().all(|line| line.starts_with("  ") && !line.starts_with("   ")), "{help}");
            assert!(self::help(&["cloudtrail-all-regions", command, "-h"], 0).ends_with(examples));
        }
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let arguments = Arguments::command();
        assert!(arguments.get_subcommands().map(clap::Command::get_name).eq(shell::COMMANDS));
    }
}
