//! `compare`: the verdict here beside what AWS Config has recorded for the account, and why they differ.

mod managed;
mod table;
mod why;

use std::{io::Write, time::SystemTime};

use clap::{Args, ValueEnum};
use futures_util::future::{join, join_all};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    account::Account,
    error::{CliError, Exit},
    output::Destination,
    parameters::{self, ParameterArguments},
    progress::Progress,
};
use crate::{
    aws::{
        Session, collect_evidence,
        config_rules::{
            ConfigRule, EvaluationStatus, RecordedResult, config_rules, evaluation_status, recorded_results,
        },
        fault::CallError,
    },
    error::chain,
    report::{Report, json},
    rule::{
        cloudtrail_all_regions::{RULE, TrailResult},
        decided_by_parameters,
        evaluation::{ComplianceType, EvaluatedResource},
        evidence::Evidence,
        parameters::RuleParameters,
        spelling::nearest,
        timestamp::Timestamp,
    },
};
use managed::ManagedRule;
use why::{Here, seconds_between};

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
    /// How the result looks
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t = CompareFormat::Table)]
    format: CompareFormat,
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
}

/// A comparison. `comparison.schema.json` describes it as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Comparison {
    account_id: String,
    region: String,
    collected_at: Timestamp,
    rule_parameters: Map<String, Value>,
    compliance_type: Option<ComplianceType>,
    annotation: String,
    trails: Vec<ComparedTrail>,
    rules: Vec<ComparedRule>,
    /// The identifiers of the managed rules that are not deployed in the Region; and the name of this rule.
    not_deployed: Vec<String>,
    not_read: Vec<NotRead>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ComparedTrail {
    name: String,
    trail_arn: Option<String>,
    result: TrailResult,
    reason_codes: Vec<&'static str>,
}

/// What AWS Config has recorded under a rule for the account.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Recorded {
    /// There is no result for the account.
    InsufficientData,
    #[serde(untagged)]
    Result(ComplianceType),
}

/// A rule, and what AWS Config has recorded under it for the account.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ComparedRule {
    config_rule_name: String,
    config_rule_arn: Option<String>,
    /// The identifier of AWS's managed rule; none for this rule.
    managed_rule_identifier: Option<&'static str>,
    #[serde(skip)]
    managed: Option<ManagedRule>,
    created_by: Option<String>,
    /// None if it is not known.
    input_parameters: Option<Value>,
    /// None if it was not read.
    compliance_type: Option<Recorded>,
    annotation: Option<String>,
    result_recorded_time: Option<Timestamp>,
    /// From then to `collectedAt`.
    result_age_seconds: Option<i64>,
    evaluation_status: Option<EvaluationStatus>,
    #[serde(skip)]
    hides_results: bool,
    /// How many results it has for other resources; none if that was not read.
    #[serde(skip)]
    other_resources: Option<usize>,
    /// Whether it says the same as the verdict here; none if either says nothing.
    agrees: Option<bool>,
    why: Vec<String>,
}

/// A call that failed, and what is not known for that.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NotRead {
    /// The action that IAM would have to allow.
    action: String,
    error_code: String,
    error: String,
    /// The rules it was about; none if it was about all.
    rules: Vec<String>,
}

impl ComparedRule {
    /// The recorded result, if it is known and there is one.
    fn result(&self) -> Option<ComplianceType> {
        match self.compliance_type {
            Some(Recorded::Result(compliance_type)) => Some(compliance_type),
            Some(Recorded::InsufficientData) | None => None,
        }
    }

    fn parameters(&self) -> Map<String, Value> {
        match &self.input_parameters {
            Some(Value::Object(parameters)) => parameters.clone(),
            _ => Map::new(),
        }
    }

    /// When the result was last found to hold.
    fn last_evaluated(&self) -> Option<Timestamp> {
        let evaluated = self.evaluation_status.as_ref().and_then(|status| status.last_successful_evaluation_time);
        self.result_recorded_time.max(evaluated)
    }
}

/// A rule that is to be compared, and what was read about it.
struct Found {
    rule: ConfigRule,
    managed: Option<ManagedRule>,
    /// Whether AWS Config listed it, so that its parameters are known.
    is_listed: bool,
}

type Read = (Option<Result<Vec<RecordedResult>, CallError>>, Result<Option<EvaluationStatus>, CallError>);

impl Compare {
    pub(super) async fn run(&self, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Result<Exit, CliError> {
        let (report, comparison) = self.live(stderr).await?;
        self.destination.write(stdout, |out| match self.format {
            CompareFormat::Table => table::render(&report, &comparison, out),
            CompareFormat::Json => json::pretty(&comparison, out),
        })?;
        if report.compliance_type.is_none() {
            let _ = writeln!(stderr, "error: account {}: {}", report.account_id, report.annotation);
        }
        Ok(Exit::of(&[report]))
    }

    async fn live(&self, stderr: &mut dyn Write) -> Result<(Report, Comparison), CliError> {
        let given = self.parameters.by_name()?;
        let connected = self.account.connect().await?;
        parameters::valid(&given, &connected.region)?;
        let progress = Progress::new("asking who the credentials belong to");
        let session = connected.session().await?;
        let collected_at = Timestamp::from(SystemTime::now());
        progress.say(format!("reading the rules of account {} in {}", session.account_id, session.region));
        let mut not_read = Vec::new();
        let found = self.find(&session, &mut not_read).await?;

        let deployed = found.iter().find(|found| found.managed.is_none() && found.is_listed);
        let rule_parameters = match deployed {
            Some(deployed) if given.is_empty() => Value::String(deployed.rule.input_parameters.clone()),
            _ => Value::Object(given),
        };
        progress.say(format!("reading the trails of account {} from {}", session.account_id, session.region));
        let (read, judged) = join(
            join_all(found.iter().map(|found| read(&session, &found.rule))),
            judge(&session, collected_at, &rule_parameters),
        )
        .await;
        drop(progress);
        let Judged { report, evidence, valid, warnings } = judged?;
        for warning in warnings {
            let _ = writeln!(stderr, "warning: {warning}");
        }
        let here = Here { report: &report, judged: evidence.as_ref().zip(valid.as_ref()) };
        let rules: Vec<ComparedRule> = found
            .into_iter()
            .zip(read)
            .filter_map(|(found, read)| compare_with(&here, found, read, &mut not_read))
            .collect();
        let comparison = comparison(&report, rules, not_read, self.wanted());
        Ok((report, comparison))
    }

    fn wanted(&self) -> &str {
        self.rule.as_deref().unwrap_or(RULE.default_name)
    }

    /// The rules of the Region to compare with: this rule first, then AWS's.
    async fn find(&self, session: &Session<'_>, not_read: &mut Vec<NotRead>) -> Result<Vec<Found>, CliError> {
        let wanted = self.wanted();
        let listed = match config_rules(session).await {
            Ok(listed) => listed,
            Err(error) => {
                not_read.push(NotRead::new(&error, None));
                // Its results can be read by name all the same.
                let rule = ConfigRule { name: wanted.to_owned(), ..ConfigRule::default() };
                return Ok(vec![Found { rule, managed: None, is_listed: false }]);
            }
        };
        let functions: Vec<&ConfigRule> = listed.iter().filter(|rule| rule.source_owner == "CUSTOM_LAMBDA").collect();
        let mut ours: Vec<&ConfigRule> =
            functions.iter().copied().filter(|rule| is_deployed_as(&rule.name, wanted)).collect();
        ours.sort_by_key(|rule| (rule.name != wanted, &rule.name));
        if ours.is_empty() && self.rule.is_some() {
            let nearest = nearest(wanted, functions.iter().map(|rule| rule.name.as_str()));
            let valid = nearest.map_or("there is none".to_owned(), |name| format!("the nearest is {name}"));
            return Err(CliError::NoSuchRule(format!(
                "there is no rule `{wanted}` of a Lambda function in {}; {valid}",
                session.region
            )));
        }
        let ours = ours.into_iter().map(|rule| Found { rule: rule.clone(), managed: None, is_listed: true });
        let managed = ManagedRule::ALL.into_iter().flat_map(|managed| {
            let is_it = move |rule: &&ConfigRule| {
                rule.source_owner == "AWS" && rule.source_identifier.as_deref() == Some(managed.identifier())
            };
            let deployed = listed.iter().filter(is_it);
            deployed.map(move |rule| Found { rule: rule.clone(), managed: Some(managed), is_listed: true })
        });
        Ok(ours.chain(managed).collect())
    }
}

/// Whether a rule of this name is `wanted`, as it is or as an organization or a conformance pack deploys it.
fn is_deployed_as(name: &str, wanted: &str) -> bool {
    let by_organization = name.strip_prefix("OrgConfigRule-").unwrap_or(name);
    match by_organization.strip_prefix(wanted) {
        Some("") => true,
        Some(suffix) if by_organization.len() < name.len() => suffix.starts_with('-'),
        Some(suffix) => suffix.starts_with("-conformance-pack-"),
        None => false,
    }
}

async fn read(session: &Session<'_>, rule: &ConfigRule) -> Read {
    let results = async {
        // AWS refuses the results of such a rule.
        if rule.hides_results { None } else { Some(recorded_results(session, &rule.name).await) }
    };
    join(results, evaluation_status(session, &rule.name)).await
}

/// The verdict here, and what it rests on, unless the parameters alone decide.
struct Judged {
    report: Report,
    evidence: Option<Evidence>,
    valid: Option<RuleParameters>,
    warnings: Vec<String>,
}

async fn judge(session: &Session<'_>, collected_at: Timestamp, parameters: &Value) -> Result<Judged, CliError> {
    let by_name = match parameters {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        Value::Object(by_name) => by_name.clone(),
        _ => Map::new(),
    };
    let parsed = RuleParameters::parse(Some(parameters), &session.region);
    let decided = decided_by_parameters(&parsed, &session.account_id, &session.region, None);
    let valid = match (decided, parsed) {
        (None, Ok(valid)) => valid,
        (decided, _) => {
            let (account_id, region, rows) = (&session.account_id, &session.region, decided.unwrap_or_default());
            let report = Report::without_evidence(account_id, region, collected_at, by_name, rows, "");
            return Ok(Judged { report, evidence: None, valid: None, warnings: Vec::new() });
        }
    };
    let (evidence, warnings) = collect_evidence(session, collected_at, false).await.map_err(CliError::Aws)?;
    let report = Report::of(&evidence, &valid, by_name);
    Ok(Judged { report, evidence: Some(evidence), valid: Some(valid), warnings })
}

/// A rule beside the verdict here; none if it was deleted meanwhile, or was never there.
fn compare_with(here: &Here, found: Found, read: Read, not_read: &mut Vec<NotRead>) -> Option<ComparedRule> {
    let Found { rule, managed, is_listed } = found;
    let input_parameters =
        is_listed.then(|| match serde_json::from_str::<Map<String, Value>>(&rule.input_parameters) {
            Ok(by_name) => Value::Object(by_name),
            Err(_) if rule.input_parameters.trim().is_empty() => Value::Object(Map::new()),
            Err(_) => Value::String(rule.input_parameters.clone()),
        });
    let mut compared = ComparedRule {
        managed_rule_identifier: managed.map(ManagedRule::identifier),
        managed,
        input_parameters,
        hides_results: rule.hides_results,
        ..ComparedRule::default()
    };
    let (results, status) = read;
    match results {
        None => {}
        Some(Ok(results)) => {
            let account = EvaluatedResource::account(&here.report.account_id);
            let count = results.len();
            let of_account = results.into_iter().find(|result| result.resource == account);
            compared.other_resources = Some(count - usize::from(of_account.is_some()));
            compared.compliance_type = Some(Recorded::InsufficientData);
            if let Some(result) = of_account {
                let recorded = result.result_recorded_time;
                compared.compliance_type = Some(Recorded::Result(result.compliance_type));
                compared.annotation = result.annotation;
                compared.result_recorded_time = recorded;
                compared.result_age_seconds = recorded.map(|time| seconds_between(time, here.report.collected_at));
            }
        }
        Some(Err(error)) if error.code == "NoSuchConfigRuleException" => return None,
        Some(Err(error)) => NotRead::add(not_read, &error, &rule.name),
    }
    match status {
        Ok(status) => compared.evaluation_status = status,
        Err(error) => NotRead::add(not_read, &error, &rule.name),
    }
    compared.config_rule_name = rule.name;
    compared.config_rule_arn = rule.arn;
    compared.created_by = rule.created_by;
    compared.agrees = compared.result().zip(here.report.compliance_type).map(|(recorded, verdict)| recorded == verdict);
    compared.why = here.why(&compared);
    Some(compared)
}

impl NotRead {
    fn new(error: &CallError, rule: Option<&str>) -> Self {
        Self {
            action: format!("config:{}", error.operation),
            error_code: error.code.clone(),
            error: chain(error),
            rules: rule.map(str::to_owned).into_iter().collect(),
        }
    }

    /// One entry for all rules that an action fails for in the same way.
    fn add(not_read: &mut Vec<Self>, error: &CallError, rule: &str) {
        let new = Self::new(error, Some(rule));
        match not_read.iter_mut().find(|known| known.action == new.action && known.error_code == new.error_code) {
            Some(known) => known.rules.extend(new.rules),
            None => not_read.push(new),
        }
    }
}

fn comparison(report: &Report, rules: Vec<ComparedRule>, not_read: Vec<NotRead>, wanted: &str) -> Comparison {
    let is_listed = !not_read.iter().any(|not_read| not_read.rules.is_empty());
    let has = |managed: Option<ManagedRule>| rules.iter().any(|rule| rule.managed == managed);
    let own = (!has(None)).then(|| wanted.to_owned());
    let managed = ManagedRule::ALL.into_iter().filter(|managed| is_listed && !has(Some(*managed)));
    let not_deployed = own.into_iter().chain(managed.map(|managed| managed.identifier().to_owned())).collect();
    let trails = report.trails.iter().map(|trail| ComparedTrail {
        name: trail.name.clone(),
        trail_arn: trail.trail_arn.clone(),
        result: trail.result,
        reason_codes: trail.reasons.iter().map(|reason| reason.code).collect(),
    });
    Comparison {
        account_id: report.account_id.clone(),
        region: report.region.clone(),
        collected_at: report.collected_at,
        rule_parameters: report.rule_parameters.clone(),
        compliance_type: report.compliance_type,
        annotation: report.annotation.clone(),
        trails: trails.collect(),
        not_deployed,
        rules,
        not_read,
    }
}

#[cfg(test)]
mod tests {
    use super::is_deployed_as;

    #[test]
    fn a_rule_is_found_as_organizations_and_conformance_packs_name_it() {
        for (name, is_it) in [
            ("cis-3-1", true),
            ("cis-3-1-conformance-pack-abc123", true),
            ("OrgConfigRule-cis-3-1-abc123", true),
            ("OrgConfigRule-cis-3-1", true),
            ("cis-3-1-other", false),
            ("OrgConfigRule-cis-3-10", false),
            ("my-cis-3-1", false),
            ("cis-3-10", false),
            ("", false),
        ] {
            assert_eq!(is_deployed_as(name, "cis-3-1"), is_it, "{name}");
        }
    }
}
