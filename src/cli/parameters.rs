//! Rule parameters as arguments.

use std::collections::BTreeSet;

use clap::Args;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::{error::CliError, shell::candidates};
use crate::rule::parameters::{InputParameters, PARAMETERS, RuleParameters};

/// Rule parameters as arguments.
#[derive(Debug, Args)]
pub(super) struct ParameterArguments {
    /// A rule parameter; may be given again for others
    #[arg(long = "parameter", short, value_name = "NAME=VALUE", value_parser = pair, add = ArgValueCandidates::new(names))]
    pub parameters: Vec<(String, String)>,
}

/// What a shell offers.
fn names() -> Vec<CompletionCandidate> {
    candidates(PARAMETERS.iter().map(|parameter| (format!("{}=", parameter.name), parameter.meaning)))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=').map(|(name, value)| (name.trim(), value)) {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("valid: NAME=VALUE, such as checkDelivery=false".to_owned()),
    }
}

impl ParameterArguments {
    /// The parameters as they are given.
    ///
    /// # Errors
    /// A parameter is given twice.
    pub(super) fn given(&self) -> Result<InputParameters, CliError> {
        let mut names = BTreeSet::new();
        match self.parameters.iter().find(|(name, _)| !names.insert(name)) {
            Some((name, _)) => Err(CliError::usage(format!("--parameter {name} is given twice"))),
            None => Ok(self.parameters.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()),
        }
    }
}

/// Makes sure that parameters fit a rule of `region`.
///
/// # Errors
/// A name or value is not valid.
pub(super) fn check(given: &InputParameters, region: &str) -> Result<(), CliError> {
    let parsed = RuleParameters::parse(given, region);
    parsed.map(|_| ()).map_err(|misconfigured| CliError::usage(misconfigured.problems.join("; ")))
}
