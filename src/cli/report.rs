//! `report`: what the rule has reported in many accounts, read back from an aggregator of AWS Config.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use clap::{Args, ValueHint};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    account::Account,
    accounts_from,
    check::max_age,
    error::{CliError, Exit},
    exceptions::ExceptionsFile,
    output::{Output, write_reports},
    since::Since,
    terminal::Terminal,
};
use crate::{
    aws::{
        Session,
        aggregator::{aggregators, annotated, failing_sources, rows},
        fault::Fault,
    },
    clock::Clock,
    error::chain,
    report::{
        Report as AccountReport,
        account::Account as Listed,
        aggregate::{Row, Source, missing, report},
        reports::Reports,
    },
    rule::{self, evaluation::ComplianceType, timestamp::Timestamp},
};

/// How many details are asked for at the same time: AWS publishes no rate for them.
const READ_AT_ONCE: usize = 8;

/// Read back from an aggregator of AWS Config what the rule has reported in many accounts
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions report --accounts-from accounts.json
  cloudtrail-all-regions report --aggregator organization --max-age 26h --accounts-from accounts.json
  cloudtrail-all-regions report --since yesterday.json --output today.json --output today.html
  cloudtrail-all-regions report --rule cis-3-1 --rule OrgConfigRule-cis-3-1-abcdefgh --format html --output report.html")]
pub(super) struct Report {
    #[command(flatten)]
    account: Account,
    /// The aggregator [default: the only one of the account and Region]
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    aggregator: Option<String>,
    /// The name under which the rule is deployed; may be given again where names differ
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other, default_value = rule::DEFAULT_NAME)]
    rule: Vec<String>,
    /// Every account that should have a result: ids, one a line, or what `aws organizations list-accounts` prints
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    accounts_from: Option<PathBuf>,
    /// A result that is older is marked, and makes exit code 2: such as 26h or 7d
    #[arg(long, value_name = "DURATION", value_parser = max_age, value_hint = ValueHint::Other)]
    max_age: Option<u32>,
    #[command(flatten)]
    exceptions: ExceptionsFile,
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    output: Output,
}

impl Report {
    pub(super) async fn run(&self, terminal: &mut Terminal<'_>) -> Result<Exit, CliError> {
        let read = self.accounts_from.iter().chain(self.exceptions.path()).chain(self.since.path());
        let renderings = self.output.renderings(read)?;
        let exceptions = self.exceptions.read()?;
        let earlier = self.since.read()?;
        let accounts = self.accounts()?;
        let connected = self.account.connect(terminal).await?;
        let progress = terminal.progress("asking who the credentials belong to");
        let (session, _) = connected.session(terminal).await?;
        let aggregator = self.aggregator(&session).await?;
        progress.say(format_args!("reading the aggregator {aggregator}"));
        let mut found: Vec<Row> = Vec::new();
        for rule in self.rule.iter().collect::<BTreeSet<_>>() {
            found.extend(rows(&session, &aggregator, rule).await.map_err(CliError::Aws)?);
        }
        let now = Clock::System.now();
        let reading = stream::iter(&found).map(|row| self.read(&session, &aggregator, row, now));
        let mut reports: Vec<AccountReport> = reading.buffered(READ_AT_ONCE).try_collect().await?;
        drop(progress);
        let named: Vec<String> = accounts.iter().flat_map(BTreeMap::keys).cloned().collect();
        reports.extend(missing(&named, &found));
        reports.sort_by(|one, other| (&one.account_id, &one.region).cmp(&(&other.account_id, &other.region)));
        let listed = |id: &str| accounts.as_ref()?.get(id);
        for report in &mut reports {
            report.account_name = report.account_id.as_deref().and_then(listed).and_then(|of| of.name.clone());
        }
        let units = |id: &str| listed(id).map(|of| of.path.as_slice()).filter(|path| !path.is_empty());
        let notes = exceptions.apply(&mut reports, units, now);
        self.exceptions.say(&notes, terminal);
        let changes = self.since.changes(earlier.as_ref(), &reports);
        let shown = Reports { changes: changes.as_ref(), ..Reports::from(&reports[..]) };
        write_reports(&renderings, &shown, terminal)?;
        match failing_sources(&session, &aggregator).await {
            Ok(sources) => sources.iter().for_each(|source| terminal.warning(in_words(source))),
            Err(error) => terminal.warning(format_args!("which sources fail is not known: {}", chain(&error))),
        }
        let exit = Exit::of(&reports);
        if accounts.is_none() {
            terminal.error("accounts without a row in the aggregator are not seen; name all with --accounts-from");
            return Ok(exit.max(Exit::NotEvaluated));
        }
        Ok(exit)
    }

    /// Reads why, where that is asked, and reports.
    async fn read(
        &self,
        session: &Session<'_>,
        aggregator: &str,
        row: &Row,
        now: Timestamp,
    ) -> Result<AccountReport, CliError> {
        let is_asked = row.compliance_type == Some(ComplianceType::NonCompliant) || self.max_age.is_some();
        let annotated = if is_asked { Some(annotated(session, aggregator, row).await) } else { None };
        let annotated = match annotated {
            Some(Err(error)) if error.fault == Fault::Own => return Err(CliError::Aws(error)),
            other => other.map(|annotated| annotated.map_err(|error| error.to_string())),
        };
        Ok(report(row, annotated.as_ref(), self.max_age, now))
    }

    async fn aggregator(&self, session: &Session<'_>) -> Result<String, CliError> {
        if let Some(name) = &self.aggregator {
            return Ok(name.clone());
        }
        let mut names = aggregators(session).await.map_err(CliError::Aws)?;
        names.sort();
        match &names[..] {
            [name] => Ok(name.clone()),
            [] => Err(CliError::usage(format!(
                "account {} has no aggregator in {}; valid are the account and Region of one",
                session.account_id, session.region
            ))),
            _ => Err(CliError::usage(format!("which aggregator? --aggregator takes one of {}", names.join(", ")))),
        }
    }

    /// The accounts that should have a result, by their ids; none if they are not named.
    fn accounts(&self) -> Result<Option<BTreeMap<String, Listed>>, CliError> {
        let Some(path) = &self.accounts_from else { return Ok(None) };
        let mut accounts = accounts_from::read(path)?;
        accounts.retain(|_, account| !account.status.is_not_checked());
        Ok(Some(accounts))
    }
}

fn in_words(source: &Source) -> String {
    let Source { id, region, status, error_code } = source;
    let region = region.as_deref().map_or(String::new(), |region| format!(" in {region}"));
    let code = error_code.as_deref().map_or(String::new(), |code| format!(" ({code})"));
    format!("the aggregator's source {id}{region} is {status}{code}")
}
