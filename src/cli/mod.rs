//! The command line `cloudtrail-all-regions`.
//!
//! Standard output carries the result and nothing else; exit codes are those of [`Exit`].

pub mod invoke;

use std::{ffi::OsString, io::Write};

use clap::{Parser, Subcommand, error::ErrorKind};

use crate::{aws::fault::chain, rule::evaluation::ComplianceType};

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
    Invoke(invoke::Invoke),
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl From<Option<ComplianceType>> for Exit {
    fn from(compliance_type: Option<ComplianceType>) -> Self {
        match compliance_type {
            Some(ComplianceType::NonCompliant) => Self::NonCompliant,
            Some(ComplianceType::Compliant | ComplianceType::NotApplicable) | None => Self::Compliant,
        }
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
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The machine cannot do it.
    #[error("{what}")]
    Machine {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The handler ended with an error.
    #[error(transparent)]
    Handler(#[from] crate::handler::HandlerError),
}

/// Runs a command with the arguments of a process, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // An output that nobody reads is no reason to fail.
            let _ = if is_help {
                write!(stdout, "{}", error.render().ansi())
            } else {
                write!(stderr, "{}", error.render().ansi())
            };
            return if is_help { Exit::Compliant } else { Exit::Usage };
        }
    };
    let ended = match &arguments.command {
        Command::Invoke(invoke) => invoke.run(stdout, stderr),
    };
    ended.unwrap_or_else(|error| {
        let _ = writeln!(stderr, "error: {}", chain(&error));
        if matches!(error, CliError::Input { .. }) { Exit::Usage } else { Exit::NotEvaluated }
    })
}
