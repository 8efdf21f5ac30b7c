//! Rule parameters as arguments.

use clap::{Args, ValueHint};
use serde_json::{Map, Value};

use super::error::CliError;
use crate::rule::parameters::RuleParameters;

/// Rule parameters as arguments.
#[derive(Debug, Args)]
pub(super) struct ParameterArguments {
    /// A rule parameter; may be given again for others
    #[arg(long = "parameter", short, value_name = "NAME=VALUE", value_parser = pair, value_hint = ValueHint::Other)]
    pub parameters: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=').map(|(name, value)| (name.trim(), value)) {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("valid: NAME=VALUE, such as checkDelivery=false".to_owned()),
    }
}

impl ParameterArguments {
    /// The parameters, by name.
    ///
    /// # Errors
    /// A parameter is given twice.
    pub(super) fn by_name(&self) -> Result<Map<String, Value>, CliError> {
        let mut by_name = Map::new();
        for (name, value) in &self.parameters {
            if by_name.insert(name.clone(), value.clone().into()).is_some() {
                return Err(CliError::usage(format!("--parameter {name} is given twice")));
            }
        }
        Ok(by_name)
    }
}

/// Reads parameters for a rule of `region`.
///
/// # Errors
/// A name or value is not valid.
pub(super) fn valid(by_name: &Map<String, Value>, region: &str) -> Result<RuleParameters, CliError> {
    RuleParameters::parse(Some(&Value::Object(by_name.clone())), region)
        .map_err(|misconfigured| CliError::usage(misconfigured.problems.join("; ")))
}
