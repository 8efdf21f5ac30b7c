//! How a command ends: with an exit code, or with an error, which has one too.

use std::{borrow::Cow, error::Error, io};

use crate::{
    aws::fault::CallError,
    handler::HandlerError,
    report::{Report, Standing},
};

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// The account is compliant or excepted, or the rule does not apply.
    Compliant = 0,
    /// The account is not compliant.
    NonCompliant = 1,
    /// There is no verdict, or it could not be verified.
    NotEvaluated = 2,
    /// The arguments are wrong (`EX_USAGE` of sysexits.h).
    Usage = 64,
    /// The user has interrupted it (128 and the number of SIGINT).
    Interrupted = 130,
}

impl Exit {
    /// The weightiest of the reports': that one account could not be evaluated outranks that another fails.
    pub(super) fn of(reports: &[Report]) -> Self {
        let exit = |report: &Report| match report.standing() {
            _ if !report.is_fresh() => Self::NotEvaluated,
            _ if !report.exceptions.is_empty() => Self::Compliant,
            Standing::Compliant | Standing::NotApplicable | Standing::NotChecked => Self::Compliant,
            Standing::NonCompliant => Self::NonCompliant,
            Standing::NotVerified | Standing::NoVerdict => Self::NotEvaluated,
        };
        reports.iter().map(exit).max().unwrap_or(Self::Compliant)
    }
}

/// Why a command came to no verdict.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A file or an argument cannot be used.
    #[error("{what}")]
    Input {
        /// What is wrong, and what is valid.
        what: String,
        /// Why.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// What should be a file is the name of a format.
    #[error("--output names a file, and {given} is a format")]
    IsFormat {
        /// As it was given.
        given: String,
        /// The format's name.
        format: &'static str,
    },
    /// The machine cannot do it.
    #[error("{what}")]
    Machine {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// AWS does not answer, or not to these credentials.
    #[error("cannot read the account")]
    Aws(#[source] CallError),
    /// AWS Config has no such rule.
    #[error("{0}")]
    NoSuchRule(String),
    /// Something that was asked for is not there.
    #[error("{0}")]
    NotEvaluated(String),
    /// The handler ended with an error.
    #[error("{}", .0.error_type())]
    Handler(#[source] HandlerError),
}

impl CliError {
    /// Wrong usage, of which no other error says more.
    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::Input { what: what.into(), source: None }
    }

    pub(super) fn input(what: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Input { what: what.into(), source: Some(Box::new(source)) }
    }

    pub(super) fn machine(what: impl Into<String>, source: io::Error) -> Self {
        Self::Machine { what: what.into(), source }
    }

    /// The error, said of a file that was read.
    pub(super) fn about(self, name: &str) -> Self {
        match self {
            Self::Input { what, source } => Self::Input { what: format!("{name}: {what}"), source },
            other => other,
        }
    }

    /// What to do about it, where that is not plain from the error.
    pub(super) fn tip(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Aws(error) => tip(&error.code).map(Cow::Borrowed),
            Self::IsFormat { format, .. } => Some(format!("--format {format}").into()),
            Self::Input { .. }
            | Self::Machine { .. }
            | Self::NoSuchRule(_)
            | Self::NotEvaluated(_)
            | Self::Handler(_) => None,
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Input { .. } | Self::IsFormat { .. } => Exit::Usage,
            Self::Machine { .. } | Self::Aws(_) | Self::NoSuchRule(_) | Self::NotEvaluated(_) | Self::Handler(_) => {
                Exit::NotEvaluated
            }
        }
    }
}

/// What to do about an error code of AWS, or of the way to it.
fn tip(code: &str) -> Option<&'static str> {
    match code {
        "NoCredentials" => Some("sign in with `aws sso login` or `aws configure`, or choose a profile with --profile"),
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            Some("the credentials have expired: sign in again, such as with `aws sso login`")
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" => {
            Some("AWS does not know the access key, or the Region is not enabled in its account")
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            Some("the secret access key is wrong, or this machine's clock")
        }
        code if code == "UnparsableAnswer" || code.starts_with("Http") => {
            Some("something between here and AWS answered, such as a proxy or the sign-in page of a network")
        }
        "ConnectionFailed" | "TimedOut" => Some("is the network up, and does a proxy or firewall let AWS through?"),
        "NoSuchConfigRuleException" => Some("`aws configservice describe-config-rules` lists the rules of the Region"),
        _ => None,
    }
}
