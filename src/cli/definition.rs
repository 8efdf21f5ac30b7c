//! `definition`: the rule definition for `put-config-rule`.

use clap::{Args, ValueHint};

use super::{
    account::unknown_region,
    error::{CliError, Exit},
    output::Destination,
    parameters::{self, ParameterArguments},
    terminal::Terminal,
};
use crate::{
    report::json,
    rule::{
        self,
        arn::{Arn, is_account_id},
        region,
    },
};

/// Print the rule definition for `aws configservice put-config-rule`, with a function's ARN filled in
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions definition --function-arn arn:aws:lambda:us-east-1:123456789012:function:cloudtrail-all-regions
  cloudtrail-all-regions definition --function-arn ARN --parameter trailResults=true --output rule.json
  aws configservice put-config-rule --config-rule file://rule.json")]
pub(super) struct Definition {
    /// The Lambda function
    #[arg(long, value_name = "ARN", value_parser = function_arn, value_hint = ValueHint::Other)]
    function_arn: String,
    /// The rule's name
    #[arg(long, value_name = "NAME", default_value = rule::DEFAULT_NAME, value_parser = rule_name, value_hint = ValueHint::Other)]
    name: String,
    #[command(flatten)]
    parameters: ParameterArguments,
    #[command(flatten)]
    destination: Destination,
}

/// Lambda API, `FunctionName`, as an ARN: a name, and a version or alias if wanted.
fn function_arn(text: &str) -> Result<String, String> {
    let is_name = |name: &str| {
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_version = |version: &str| {
        (1..=128).contains(&version.len())
            && (version == "$LATEST"
                || version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)))
    };
    let Arn { partition, service, region, account_id, resource } = Arn::split(text);
    let resource: Vec<&str> = resource.split(':').collect();
    let (true, "lambda", ["function", name, version @ ..]) = (text.starts_with("arn:"), service, &resource[..]) else {
        return Err("valid: arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME".to_owned());
    };
    unknown_region(region)?;
    if let Some(its_partition) = region::partition(region).filter(|its_partition| *its_partition != partition) {
        return Err(format!("{region} is in the partition {its_partition}"));
    }
    if !is_account_id(account_id) {
        return Err("an account has 12 digits".to_owned());
    }
    if !is_name(name) || version.len() > 1 || !version.iter().all(|version| is_version(version)) {
        return Err("a function's name has 1 to 64 letters, digits, - and _; a version or alias may follow".to_owned());
    }
    Ok(text.to_owned())
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
    pub(super) fn run(&self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let given = self.parameters.given()?;
        let region = Arn::split(&self.function_arn).region;
        if let Some(warning) = unknown_region(region).map_err(CliError::usage)? {
            terminal.warning(warning);
        }
        parameters::check(&given, region)?;
        let definition = rule::definition(&self.name, &self.function_arn, given);
        self.destination.write(terminal, |out| json::pretty(&definition, out))?;
        Ok(Exit::Compliant)
    }
}
