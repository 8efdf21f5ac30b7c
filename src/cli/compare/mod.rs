//! `compare`: the verdict here beside what AWS Config has recorded for the account, and why they differ.

mod age;
mod comparison;
mod deployed;
mod here;
mod managed;
mod markdown;
mod table;
mod why;

use clap::{Args, ValueEnum};
use futures_util::future::{join, join_all};

use super::{
    account::Account,
    error::{CliError, Exit},
    output::Destination,
    parameters::{self, ParameterArguments},
    terminal::Terminal,
};
use crate::{
    clock::Clock,
    report::{Report, json},
    rule::{self, parameters::InputParameters},
};
use comparison::{Comparison, NotRead};
use here::Here;

/// Compare the verdict with what AWS Config has recorded under this rule and under AWS's managed rules
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions compare
  cloudtrail-all-regions compare --profile audit --region eu-west-1
  cloudtrail-all-regions compare --rule my-name-for-it --format json --output comparison.json
  cloudtrail-all-regions compare --parameter maxDeliveryAgeHours=24")]
pub(super) struct Compare {
    #[command(flatten)]
    account: Account,
    /// The name under which this rule is deployed [default: cis-3-1-cloudtrail-all-regions]
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    #[command(flatten)]
    parameters: ParameterArguments,
    /// How the result looks [default: as --output ends, else table]
    #[arg(long, short, value_enum, ignore_case = true, value_name = "FORMAT")]
    format: Option<CompareFormat>,
    #[command(flatten)]
    destination: Destination,
}

/// An output format of `compare`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareFormat {
    /// For people.
    Table,
    /// For programs; comparison.schema.json describes it.
    Json,
    /// For the summary of a CI job.
    Markdown,
}

impl Compare {
    pub(super) async fn run(&self, terminal: &mut Terminal<'_>) -> Result<Exit, CliError> {
        let format = self.destination.format(self.format, CompareFormat::Table)?;
        let (report, comparison) = self.live(terminal).await?;
        match format {
            CompareFormat::Table => {
                self.destination.show(terminal, |screen| table::render(&report, &comparison, screen))?;
            }
            CompareFormat::Json => self.destination.write(terminal, |out| json::pretty(&comparison, out))?,
            CompareFormat::Markdown => {
                self.destination.write(terminal, |out| markdown::render(&report, &comparison, out))?;
            }
        }
        if report.compliance_type.is_none() {
            terminal.error(format_args!("{}: {}", report.whose(), report.annotation));
        }
        Ok(Exit::of(&[report]))
    }

    async fn live(&self, terminal: &mut Terminal<'_>) -> Result<(Report, Comparison), CliError> {
        let given = self.parameters.given()?;
        let connected = self.account.connect(terminal).await?;
        parameters::check(&given, &connected.region)?;
        let progress = terminal.progress("asking who the credentials belong to");
        let (session, caller) = connected.session(terminal).await?;
        let collected_at = Clock::System.now();
        progress.say(format_args!("reading the rules of account {} in {}", session.account_id, session.region));
        let wanted = self.rule.as_deref().unwrap_or(rule::DEFAULT_NAME);
        let (rules, not_listed) = deployed::list(&session, wanted, self.rule.is_some()).await?;

        let own = rules.iter().find(|deployed| deployed.managed.is_none() && deployed.is_listed);
        let given = match own {
            Some(own) if given.is_empty() => InputParameters::from_text(&own.rule.input_parameters),
            _ => given,
        };
        progress.say(format_args!("reading the trails of account {} from {}", session.account_id, session.region));
        let (recorded, here) = join(
            join_all(rules.iter().map(|deployed| deployed::recorded(&session, &deployed.rule))),
            Here::judge(&session, collected_at, given),
        )
        .await;
        drop(progress);
        let mut here = here?;
        here.report.collected_as = caller;
        for warning in &here.warnings {
            terminal.warning(warning);
        }
        let not_read = not_listed.iter().map(|error| NotRead::new(error, None)).collect();
        let mut comparison = Comparison::of(&here, wanted, rules.into_iter().zip(recorded), not_read);
        for rule in &mut comparison.rules {
            rule.why = here.why(rule);
        }
        Ok((here.report, comparison))
    }
}
