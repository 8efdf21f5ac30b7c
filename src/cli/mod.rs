//! The command line `cloudtrail-all-regions`.
//!
//! Standard output carries the result and nothing else; exit codes are those of [`Exit`].

pub mod account;
pub mod check;
pub mod compare;
pub mod definition;
pub mod explain;
pub mod files;
pub mod invoke;
pub mod output;
pub mod parameters;
mod progress;
pub mod shell;

use std::{
    error::Error,
    ffi::OsString,
    io::{IsTerminal as _, Write},
    path::Path,
};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, error::ErrorKind};

use crate::{
    aws::fault::CallError,
    error::chain,
    handler::HandlerError,
    report::{Report, text::Plain},
    rule::evaluation::ComplianceType,
};

/// Is every management event of this AWS account, in every Region, really being recorded right now? (CIS AWS Foundations
/// v3.0.0, 3.1)
#[derive(Debug, Parser)]
#[command(name = "cloudtrail-all-regions", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 compliant or not applicable, 1 non-compliant, 2 could not evaluate, 64 wrong usage, 130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    Check(Box<check::Check>),
    Compare(Box<compare::Compare>),
    Explain(explain::Explain),
    Definition(definition::Definition),
    Invoke(Box<invoke::Invoke>),
    Completions(shell::Completions),
    Man(shell::Manual),
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// The account is compliant, or the rule does not apply.
    Compliant = 0,
    /// The account is not compliant.
    NonCompliant = 1,
    /// There is no verdict.
    NotEvaluated = 2,
    /// The arguments are wrong (`EX_USAGE` of sysexits.h).
    Usage = 64,
}

impl Exit {
    /// The weightiest of the reports': that one account could not be evaluated outranks that another fails.
    fn of(reports: &[Report]) -> Self {
        let exit = |report: &Report| match report.compliance_type {
            Some(ComplianceType::Compliant | ComplianceType::NotApplicable) => Self::Compliant,
            Some(ComplianceType::NonCompliant) => Self::NonCompliant,
            None => Self::NotEvaluated,
        };
        reports.iter().map(exit).max().unwrap_or(Self::Compliant)
    }
}

/// Why a command came to no verdict.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A file or an argument cannot be used.
    #[error("{what}")]
    Input {
        /// What is wrong, and what is valid.
        what: String,
        /// Why.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The machine cannot do it.
    #[error("{what}")]
    Machine {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// AWS does not answer, or not to these credentials.
    #[error("cannot read the account")]
    Aws(#[source] CallError),
    /// AWS Config has no such rule.
    #[error("{0}")]
    NoSuchRule(String),
    /// The handler ended with an error.
    #[error("{}", .0.error_type())]
    Handler(#[source] HandlerError),
}

impl CliError {
    fn input(what: String, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Input { what, source: Some(Box::new(source)) }
    }

    /// The error, said of a file.
    fn about(self, path: &Path) -> Self {
        match self {
            Self::Input { what, source } => Self::Input { what: format!("{}: {what}", path.display()), source },
            other => other,
        }
    }

    /// What to do about it, where that is not plain from the error.
    fn tip(&self) -> Option<&'static str> {
        let Self::Aws(error) = self else { return None };
        match error.code.as_str() {
            "NoCredentials" => {
                Some("sign in with `aws sso login` or `aws configure`, or choose a profile with --profile")
            }
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                Some("the credentials have expired: sign in again, such as with `aws sso login`")
            }
            "InvalidClientTokenId" | "UnrecognizedClientException" => {
                Some("AWS does not know the access key, or the Region is not enabled in its account")
            }
            "SignatureDoesNotMatch" | "InvalidSignatureException" => {
                Some("the secret access key is wrong, or this machine's clock")
            }
            "ConnectionFailed" | "TimedOut" => Some("is the network up, and does a proxy or firewall let AWS through?"),
            "NoSuchConfigRuleException" => {
                Some("`aws configservice describe-config-rules` lists the rules of the Region")
            }
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Input { .. } => Exit::Usage,
            Self::Machine { .. } | Self::Aws(_) | Self::NoSuchRule(_) | Self::Handler(_) => Exit::NotEvaluated,
        }
    }
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

/// Runs a command with the arguments of a process, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Exit {
    let arguments = match parse(arguments, (!std::io::stdout().is_terminal()).then_some(0)) {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // An output that nobody reads is no reason to fail.
            let _ = if is_help {
                write!(stdout, "{}", error.render().ansi().to_string().replace(UNBREAKABLE, " "))
            } else {
                write!(stderr, "{}", error.render().ansi())
            };
            return if is_help { Exit::Compliant } else { Exit::Usage };
        }
    };
    let ended = match &arguments.command {
        Command::Check(check) => check.run(stdout, stderr),
        Command::Explain(explain) => explain.run(stdout),
        Command::Definition(definition) => definition.run(stdout),
        Command::Compare(compare) => compare.run(stdout, stderr),
        Command::Invoke(invoke) => invoke.run(stdout, stderr),
        Command::Completions(completions) => completions.run(Arguments::command(), stdout),
        Command::Man(manual) => manual.run(Arguments::command(), stdout),
    };
    ended.unwrap_or_else(|error| {
        let _ = writeln!(stderr, "error: {}", Plain(&chain(&error)));
        if let Some(tip) = error.tip() {
            let _ = writeln!(stderr, "\n  tip: {tip}");
        }
        error.exit()
    })
}

/// Runs what waits for the network.
fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| CliError::Machine { what: "cannot start".to_owned(), source })?
        .block_on(work)
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
