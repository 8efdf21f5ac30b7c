//! `invoke`: the main job without an AWS account. The real handler and the real SDK speak to a stand-in of AWS on this
//! machine.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use anstyle::Style;
use clap::Args;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::{
    error::{CliError, Exit},
    evidence, files,
    output::{Output, write_reports},
    parameters::ParameterArguments,
    terminal::Terminal,
};
use crate::{
    aws::{
        Credentials,
        connections::{Connections, Timing},
    },
    clock::Clock,
    error::chain,
    handler::{Context, Function, HandlerError, Outcome},
    report::{Report, Subject, format::Format, json::pretty, table::verdict_style, text::Screen},
    rule::{
        self,
        arn::Arn,
        evaluation::{ComplianceType, EvaluatedResource, Evaluation},
        evidence::Evidence,
        json,
        parameters::{InputParameters, RuleParameters},
        timestamp::Timestamp,
    },
    stand_in::{Call, ConfigRule, Exchange, Row, StandIn, World, events::Event, round_trips},
    telemetry::Metrics,
};

const PLAIN: Style = Style::new();
const COMPLIANT_ACCOUNT: &str = include_str!("../../examples/accounts/compliant.json");
/// So long that calls made at once are seen to be.
const LATENCY: Duration = Duration::from_millis(20);
const ABOUT_NO_TRAIL: &str = "the event is about no trail of this account";
/// Lambda's time-out in the shipped template.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Invoke the rule as AWS Config does, against a stand-in of AWS on this machine
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions invoke
  cloudtrail-all-regions invoke --account examples/accounts/stopped.json
  cloudtrail-all-regions invoke --parameter trailResults=true --format json")]
pub(super) struct Invoke {
    /// The account, as an evidence file [default: a compliant account]
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// The event that AWS Config sends [default: a scheduled notification]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "parameters"])]
    event: Option<PathBuf>,
    /// The rule's parameters, as AWS Config keeps them
    #[arg(long = "parameters", value_name = "JSON", conflicts_with = "parameters")]
    json: Option<String>,
    #[command(flatten)]
    parameters: ParameterArguments,
    /// Show the invocation's log lines on standard error
    #[arg(long)]
    log: bool,
    #[command(flatten)]
    output: Output,
}

/// What an invocation against the stand-in left behind.
struct Invoked {
    outcome: Outcome,
    rule_parameters: InputParameters,
    rule: ConfigRule,
    rows: Vec<Row>,
    calls: Vec<Call>,
    exchanges: Vec<Exchange>,
}

impl Invoke {
    pub(super) async fn run(&self, terminal: &mut Terminal<'_>) -> Result<Exit, CliError> {
        let renderings = self.output.renderings(self.account.iter().chain(&self.event))?;
        let (evidence, account) = match &self.account {
            Some(path) => evidence::read(path)?,
            None => evidence::parse(COMPLIANT_ACCOUNT, Path::new("the default account"))?,
        };
        let event = self.event.as_deref().map(|path| read_event(path, &evidence)).transpose()?;
        let invoked = self.invoke(&evidence, &account, event).await?;

        if self.log {
            invoked.outcome.record.lines("invoke", Metrics::Emitted).iter().for_each(|line| terminal.message(line));
        }
        for Call { operation, region, error_code, .. } in &invoked.calls {
            let region = region.as_deref().unwrap_or("no Region");
            terminal.detail(format_args!("{operation} in {region}: {}", error_code.as_deref().unwrap_or("answered")));
        }
        let reports = [invoked.report(&evidence)];
        for rendering in renderings {
            if rendering.format == Format::TABLE {
                rendering.destination.show(terminal, |screen| invoked.show(screen))?;
            } else if rendering.format == Format::EVALUATIONS {
                let received = json!({"Evaluations": invoked.received()});
                rendering.destination.write(terminal, |out| pretty(&received, out))?;
            } else {
                write_reports(&[rendering], &reports[..].into(), terminal)?;
            }
        }
        for warning in &invoked.outcome.record.warnings {
            terminal.warning(warning);
        }
        let of_account = Exit::of(&reports);
        let summary = invoked.outcome.result.map_err(CliError::Handler)?;
        Ok(match summary.compliance_type {
            Some(ComplianceType::NonCompliant) => of_account,
            Some(ComplianceType::Compliant | ComplianceType::NotApplicable) | None => Exit::Compliant,
        })
    }

    async fn invoke(&self, evidence: &Evidence, account: &Value, event: Option<Value>) -> Result<Invoked, CliError> {
        let mut world = World::default();
        world.latency = LATENCY;
        world.put_account(account).map_err(|error| CliError::input("the account cannot be served", error))?;
        let credentials = world.credentials(&evidence.account_id);
        let (rule, event) = if let Some(event) = event {
            addressed_to_stand_in(&mut world, event, evidence)
        } else {
            let rule = world.config_rule(&evidence.account_id, &evidence.region, rule::DEFAULT_NAME);
            let mut event = Event::new(&rule, &world.result_token(&rule));
            let saved = evidence.provenance.as_ref().map(|saved| saved.rule_parameters.clone());
            let given = saved.unwrap_or_default().overridden_by(self.parameters.given()?);
            if let Some(text) = &self.json {
                event = event.rule_parameters_as_text(text);
            } else if !given.is_empty() {
                event = event.rule_parameters_as_text(&given.to_string());
            }
            let event = event.scheduled(&evidence.collected_at.to_string());
            (rule, event)
        };
        let stand_in = StandIn::start(world)
            .await
            .map_err(|source| CliError::machine("cannot open a port on 127.0.0.1", source))?;
        let function = Function {
            connections: Connections::to_endpoint(
                &stand_in.endpoint(),
                Credentials::new(credentials.access_key_id, credentials.secret_access_key, None, None, "StandIn"),
                Timing::default(),
            ),
            member_role_name: None,
            clock: Clock::Fixed(evidence.collected_at),
        };
        let context = Context {
            request_id: "invoke".to_owned(),
            invoked_function_arn: format!(
                "arn:aws:lambda:{}:{}:function:cloudtrail-all-regions",
                evidence.region, evidence.account_id
            ),
            deadline: function.clock.time() + TIMEOUT,
        };
        let rule_parameters = event.get("ruleParameters").cloned().unwrap_or_default().into();
        let outcome = function.handle(event, &context).await;
        let (rows, calls, exchanges) = (stand_in.rows(&rule), stand_in.calls(), stand_in.exchanges());
        Ok(Invoked { outcome, rule_parameters, rule, rows, calls, exchanges })
    }
}

/// Registers the rule that the event names, and puts a result token in place of the event's that the stand-in knows.
fn addressed_to_stand_in(world: &mut World, mut event: Value, evidence: &Evidence) -> (ConfigRule, Value) {
    let text = |key: &str| event.get(key).and_then(Value::as_str);
    let account_id = text("accountId").unwrap_or(&evidence.account_id);
    let region = text("configRuleArn").map(|arn| Arn::split(arn).region);
    let region = region.filter(|region| !region.is_empty()).unwrap_or(&evidence.region);
    let rule = world.config_rule(account_id, region, text("configRuleName").unwrap_or(rule::DEFAULT_NAME));
    let is_replaceable = text("resultToken").is_some_and(|token| !token.trim().is_empty() && token != "TESTMODE");
    if is_replaceable {
        event["resultToken"] = world.result_token(&rule).into();
    }
    (rule, event)
}

impl Invoked {
    /// The invocation as the other formats show it.
    fn report(&self, account: &Evidence) -> Report {
        let parameters = RuleParameters::parse(&self.rule_parameters, &account.region);
        let given = self.rule_parameters.clone();
        let record = &self.outcome.record;
        let no_verdict = match &self.outcome.result {
            Ok(_) => record.evaluations.first().map_or(format!("nothing is reported: {ABOUT_NO_TRAIL}"), |row| {
                let EvaluatedResource { resource_type, resource_id } = &row.resource;
                format!("the account is not evaluated: the event is about {resource_type} {resource_id}")
            }),
            Err(error) => chain(error),
        };
        let is_decided = matches!(self.outcome.result, Ok(_) | Err(HandlerError::Indeterminate(_)));
        match (&record.evidence, &parameters) {
            (Some(evidence), Ok(parameters)) if is_decided => Report::of(evidence, parameters, given),
            _ => {
                let subject = Subject::of(account, given);
                Report::without_evidence(subject, record.evaluations.clone()).unless_decided(no_verdict)
            }
        }
    }

    /// The rows that `PutEvaluations` received, times as ISO 8601.
    fn received(&self) -> Vec<Value> {
        let requests = self.exchanges.iter().filter_map(|exchange| exchange.request("PutEvaluations"));
        let rows = requests.flat_map(|mut request| match request["Evaluations"].take() {
            Value::Array(rows) => rows,
            _ => Vec::new(),
        });
        let with_iso_time = |mut row: Value| {
            if let Ok(time) = Timestamp::deserialize(&row["OrderingTimestamp"]) {
                row["OrderingTimestamp"] = json!(time);
            }
            row
        };
        rows.map(with_iso_time).collect()
    }

    /// Why AWS Config shows no result, if it is not an error.
    fn why_no_rows(&self) -> Option<&'static str> {
        let received = self.received();
        match &self.outcome.result {
            Err(_) => None,
            Ok(_) if received.is_empty() => Some(ABOUT_NO_TRAIL),
            Ok(_) if received.iter().all(|row| row["ComplianceType"] == ComplianceType::NotApplicable.as_str()) => None,
            Ok(_) => Some("the result token is TESTMODE: AWS Config checks the rows and keeps none"),
        }
    }

    fn show(&self, screen: &mut Screen) -> io::Result<()> {
        let ConfigRule { name, region, .. } = &self.rule;
        screen.line(format_args!("AWS Config's results for the rule {name} in {region}:"))?;
        screen.empty_line()?;
        let width = self.rows.iter().map(|row| row.resource_type.len()).max().unwrap_or_default();
        for Row { compliance_type, resource_type, resource_id, annotation, .. } in &self.rows {
            let is_compliant = compliance_type == ComplianceType::Compliant.as_str();
            let style = verdict_style(Some(if is_compliant {
                ComplianceType::Compliant
            } else {
                ComplianceType::NonCompliant
            }));
            screen.styled_line(&[
                (PLAIN, &"  "),
                (style, &format_args!("{compliance_type:<13}")),
                (PLAIN, &format_args!("  {resource_type:<width$}  {resource_id}")),
            ])?;
            screen.line(format_args!("  {:<13}  {}", "", annotation.as_deref().unwrap_or_default()))?;
        }
        if self.rows.is_empty() {
            let why = self.why_no_rows().map_or(String::new(), |why| format!(": {why}"));
            screen.line(format_args!("  (none{why})"))?;
        }
        let is_not_applicable = |row: &&Evaluation| row.compliance_type == ComplianceType::NotApplicable;
        let mut not_applicable = self.outcome.record.evaluations.iter().filter(is_not_applicable).peekable();
        if not_applicable.peek().is_some() {
            screen.empty_line()?;
            screen.line("Reported as NOT_APPLICABLE, so that no result stands:")?;
            screen.empty_line()?;
        }
        for Evaluation { resource, annotation, .. } in not_applicable {
            screen.line(format_args!("  {}  {}", resource.resource_type, resource.resource_id))?;
            screen.line(format_args!("      {annotation}"))?;
        }
        screen.empty_line()?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for call in &self.calls {
            *counts.entry(&call.operation).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(operation, count)| format!("{operation} {count}")).collect();
        screen
            .line(format_args!("Calls: {}", if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }))?;
        screen.line(format_args!("Round trips: {}", round_trips(&self.calls)))
    }
}

/// The event, which must be about the account: the stand-in serves no other.
fn read_event(path: &Path, evidence: &Evidence) -> Result<Value, CliError> {
    let name = files::input_name(path);
    let event: Map<String, Value> =
        json::read(&files::read(path)?).map_err(|error| CliError::input(format!("{name}: no valid event"), error))?;
    match event.get("accountId").and_then(Value::as_str) {
        Some(account_id) if account_id != evidence.account_id => {
            let served = &evidence.account_id;
            Err(CliError::usage(format!(
                "{name}: the event is of account {account_id}, but --account describes {served}"
            )))
        }
        _ => Ok(Value::Object(event)),
    }
}
