//! `definition`: the rule definition for `put-config-rule`.

use std::io::Write;

use clap::Args;
use serde_json::Value;

use super::{
    CliError, Exit,
    files::Destination,
    parameters::{self, ParameterArguments},
};
use crate::rule::cloudtrail_all_regions::RULE;

/// Print the rule definition for `aws configservice put-config-rule`, with a function's ARN filled in
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions definition --function-arn arn:aws:lambda:us-east-1:123456789012:function:cloudtrail-all-regions
  cloudtrail-all-regions definition --function-arn ARN --parameter trailResults=true --output rule.json
  aws configservice put-config-rule --config-rule file://rule.json")]
pub struct Definition {
    /// The Lambda function
    #[arg(long, value_name = "ARN", value_parser = function_arn)]
    function_arn: String,
    /// The rule's name
    #[arg(long, value_name = "NAME", default_value = RULE.default_name, value_parser = rule_name)]
    name: String,
    #[command(flatten)]
    parameters: ParameterArguments,
    #[command(flatten)]
    destination: Destination,
}

fn function_arn(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(7, ':').collect();
    let is_account = |part: &str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts[..] {
        ["arn", partition, "lambda", region, account, "function", name]
            if ![partition, region, name].contains(&"") && is_account(account) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("valid: arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME".to_owned()),
    }
}

/// AWS Config API, `ConfigRule`: 1 to 128 characters. `GetComplianceDetailsByConfigRule` takes no more than 64.
fn rule_name(text: &str) -> Result<String, String> {
    if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    {
        Ok(text.to_owned())
    } else {
        Err("valid: 1 to 64 letters, digits, - and _".to_owned())
    }
}

impl Definition {
    pub(super) fn run(&self, stdout: &mut dyn Write) -> Result<Exit, CliError> {
        let given = self.parameters.by_name()?;
        let region = self.function_arn.split(':').nth(3).unwrap_or_default();
        parameters::valid(&given, region)?;
        let mut definition = RULE.definition(&self.function_arn);
        definition["ConfigRuleName"] = self.name.clone().into();
        if !given.is_empty() {
            let defaults = definition["InputParameters"].as_str().unwrap_or_default();
            let mut all: serde_json::Map<String, Value> = serde_json::from_str(defaults).unwrap_or_default();
            all.extend(given);
            definition["InputParameters"] = Value::Object(all).to_string().into();
        }
        self.destination.write(stdout, |out| writeln!(out, "{definition:#}"))?;
        Ok(Exit::Compliant)
    }
}
