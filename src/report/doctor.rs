//! Why an account has no verdict in AWS Config, or an old one: what is wrong, in the order in which one thing explains the
//! next, and what to do.
//!
//! 1. The recorder is off or fails.
//! 2. The rule is absent, is another's, or is being deleted.
//! 3. AWS Config has never invoked it, or failed the last time.
//! 4. There is no result, an old one, or one that says "could not verify".

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use super::command::Command;
use crate::rule::{
    evaluation::{ComplianceType, EvaluationStatus},
    evidence::{Observed, Refusal},
    observed::Answer,
    timestamp::Timestamp,
};

/// What was read about a rule in one account and Region: all that the diagnosis rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seen {
    /// The account.
    pub account_id: String,
    /// The rule's Region.
    pub region: String,
    /// `ConfigRuleName`.
    pub config_rule_name: String,
    /// The function that the rule should invoke, if that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_arn: Option<String>,
    /// When it was read.
    pub read_at: Timestamp,
    /// `DescribeConfigurationRecorderStatus`.
    pub recorders: Observed<Vec<Recorder>>,
    /// `DescribeConfigRules`, of this rule; none if there is no such rule.
    pub rules: Observed<Vec<DescribedRule>>,
    /// `DescribeConfigRuleEvaluationStatus`, of this rule; none if AWS Config does not tell.
    pub evaluation_statuses: Observed<Vec<EvaluationStatus>>,
    /// `GetComplianceDetailsByConfigRule`, of the account and not of its trails.
    pub results: Observed<Vec<Recorded>>,
}

/// A configuration recorder: AWS's `ConfigurationRecorderStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recorder {
    /// Its name.
    pub name: String,
    /// Whether it is on.
    pub recording: bool,
    /// `SUCCESS`, `PENDING`, `FAILURE` or `NOT_APPLICABLE`.
    #[serde(default)]
    pub last_status: Option<String>,
    /// AWS's code of the last failure.
    #[serde(default)]
    pub last_error_code: Option<String>,
}

/// The rule as it is deployed: AWS's `ConfigRule`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DescribedRule {
    /// `ACTIVE`, `EVALUATING`, `DELETING` or `DELETING_RESULTS`.
    #[serde(default)]
    pub config_rule_state: Option<String>,
    /// `AWS`, `CUSTOM_LAMBDA` or `CUSTOM_POLICY`.
    pub owner: String,
    /// The ARN of the function, if it is one of a function.
    #[serde(default)]
    pub source_identifier: Option<String>,
    /// How often it is invoked, such as `TwentyFour_Hours`.
    #[serde(default)]
    pub maximum_execution_frequency: Option<String>,
}

/// The account's result, as AWS Config keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recorded {
    /// The verdict.
    pub compliance_type: ComplianceType,
    /// When AWS Config recorded it.
    #[serde(default)]
    pub result_recorded_time: Option<Timestamp>,
    /// Why.
    #[serde(default)]
    pub annotation: Option<String>,
}

macro_rules! answers {
    ($($item:ty)*) => {$(
        impl Answer for Vec<$item> {
            const IS_LIST: bool = true;
        }
    )*};
}

answers! { Recorder DescribedRule EvaluationStatus Recorded }

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Subject {
    /// The configuration recorder.
    Recorder,
    /// The rule.
    Rule,
    /// How AWS Config's invocations end.
    Evaluation,
    /// The result that AWS Config keeps.
    Result,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Problem,
    /// It could not be seen.
    Unknown,
}

impl Subject {
    /// Every subject.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// In one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Health {
    /// Every health.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// `ok`, `problem` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What was found, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What it is about.
    pub subject: Subject,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub text: String,
    /// What to do; none where nothing is to be done.
    pub advice: Option<String>,
    /// As commands, in order.
    pub commands: Vec<Command>,
}

/// The lines of one account, down to the first problem: it explains what stands below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// The account.
    pub account_id: String,
    /// The rule's Region.
    pub region: String,
    /// `ConfigRuleName`.
    pub config_rule_name: String,
    /// When it was read.
    pub read_at: Timestamp,
    /// In the order in which one explains the next.
    pub lines: Vec<Line>,
}

impl Diagnosis {
    /// The weightiest of its lines: a problem is certain, so that it outranks what is unknown.
    #[must_use]
    pub fn health(&self) -> Health {
        let is = |health| self.lines.iter().any(|line| line.health == health);
        match (is(Health::Problem), is(Health::Unknown)) {
            (true, _) => Health::Problem,
            (false, true) => Health::Unknown,
            (false, false) => Health::Ok,
        }
    }
}

/// Decides.
#[must_use]
pub fn diagnose(seen: &Seen) -> Diagnosis {
    let mut lines = Vec::new();
    for look in [recorder, rule, evaluation, result] {
        let line = look(seen);
        let is_problem = line.health == Health::Problem;
        lines.push(line);
        if is_problem {
            break;
        }
    }
    let Seen { account_id, region, config_rule_name, read_at, .. } = seen.clone();
    Diagnosis { account_id, region, config_rule_name, read_at, lines }
}

fn ok(subject: Subject, text: impl Into<String>) -> Line {
    Line { subject, health: Health::Ok, text: text.into(), advice: None, commands: Vec::new() }
}

fn problem(subject: Subject, text: impl Into<String>, advice: impl Into<String>, commands: Vec<Command>) -> Line {
    Line { subject, health: Health::Problem, text: text.into(), advice: Some(advice.into()), commands }
}

fn unknown(subject: Subject, text: impl Into<String>, advice: Option<&str>) -> Line {
    let advice = advice.map(str::to_owned);
    Line { subject, health: Health::Unknown, text: text.into(), advice, commands: Vec::new() }
}

/// The answer to a read, or the line that says why there is none.
fn known<T>(subject: Subject, observed: &Observed<T>) -> Result<&T, Line> {
    match observed {
        Observed::Known(answer) => Ok(answer),
        Observed::Refused { refused: Refusal { operation, code, .. } } if code.starts_with("AccessDenied") => {
            let advice = "Use credentials that may; the other lines do not need it.";
            Err(unknown(subject, format!("you may not config:{operation}"), Some(advice)))
        }
        Observed::Refused { refused } => Err(unknown(subject, format!("AWS refused {refused}"), None)),
        Observed::Unanswered { unanswered } => {
            Err(unknown(subject, format!("AWS did not answer {unanswered}"), Some("Run it again.")))
        }
    }
}

fn aws<const N: usize>(seen: &Seen, words: [&str; N]) -> Vec<Command> {
    let words = std::iter::once("aws").chain(words).chain(["--region", &seen.region]);
    vec![Command::new(words)]
}

fn recorder(seen: &Seen) -> Line {
    const SUBJECT: Subject = Subject::Recorder;
    let recorders = match known(SUBJECT, &seen.recorders) {
        Ok(recorders) => recorders,
        Err(line) => return line,
    };
    if recorders.is_empty() {
        let advice = "Turn AWS Config on in this Region, or judge the account with `check`, which does not need it.";
        return problem(SUBJECT, format!("AWS Config has no recorder in {}", seen.region), advice, Vec::new());
    }
    if let Some(off) = recorders.iter().find(|recorder| !recorder.recording) {
        let commands =
            aws(seen, ["configservice", "start-configuration-recorder", "--configuration-recorder-name", &off.name]);
        let advice = "Start it; AWS charges what it records.";
        return problem(SUBJECT, format!("the recorder {} is off", off.name), advice, commands);
    }
    if let Some(failing) = recorders.iter().find(|recorder| recorder.last_status.as_deref() == Some("FAILURE")) {
        let code = failing.last_error_code.as_deref().unwrap_or("no code");
        let text = format!("the recorder {} fails ({code})", failing.name);
        let advice = "Look at its role, and at the bucket and the topic of the delivery channel.";
        return problem(SUBJECT, text, advice, aws(seen, ["configservice", "describe-delivery-channel-status"]));
    }
    ok(SUBJECT, "AWS Config records")
}

fn rule(seen: &Seen) -> Line {
    const SUBJECT: Subject = Subject::Rule;
    let name = &seen.config_rule_name;
    let rule = match known(SUBJECT, &seen.rules) {
        Ok(rules) => rules.first(),
        Err(line) => return line,
    };
    let Some(rule) = rule else {
        let advice = "Deploy it, or give its name with --rule; names differ where an organization's rule made it.";
        let text = format!("there is no rule {name} in {}", seen.region);
        return problem(SUBJECT, text, advice, aws(seen, ["configservice", "describe-config-rules"]));
    };
    if let Some(state @ ("DELETING" | "DELETING_RESULTS")) = rule.config_rule_state.as_deref() {
        let advice = "Wait until it is gone, and deploy it again.";
        return problem(SUBJECT, format!("the rule is being deleted ({state})"), advice, Vec::new());
    }
    let function = rule.source_identifier.as_deref().unwrap_or_default();
    if rule.owner != "CUSTOM_LAMBDA" {
        let text = format!("the rule invokes no function: it is {} {function}", rule.owner);
        return problem(SUBJECT, text, "Give the name of this rule with --rule.", Vec::new());
    }
    if let Some(wanted) = seen.function_arn.as_deref().filter(|wanted| *wanted != function) {
        let text = format!("the rule invokes another function: {function}");
        return problem(SUBJECT, text, format!("Let it invoke {wanted}: deploy the rule again."), Vec::new());
    }
    ok(SUBJECT, format!("the rule invokes {function}"))
}

/// The function that the rule invokes, as far as that was seen.
fn function(seen: &Seen) -> Option<&str> {
    seen.rules.known()?.first()?.source_identifier.as_deref()
}

fn evaluation(seen: &Seen) -> Line {
    const SUBJECT: Subject = Subject::Evaluation;
    let status = match known(SUBJECT, &seen.evaluation_statuses) {
        Ok(statuses) => statuses.first(),
        Err(line) => return line,
    };
    let Some(status) = status else {
        return unknown(SUBJECT, "AWS Config does not tell how its evaluations end", None);
    };
    let policy = function(seen).map(|arn| aws(seen, ["lambda", "get-policy", "--function-name", arn]));
    let failed = status.last_failed_invocation_time.max(status.last_failed_evaluation_time);
    let succeeded = status.last_successful_invocation_time.max(status.last_successful_evaluation_time);
    if let Some(at) = failed.filter(|failed| Some(*failed) > succeeded) {
        let code = status.last_error_code.as_deref().unwrap_or("no code");
        let message = status.last_error_message.as_deref().map_or(String::new(), |message| format!(": {message}"));
        let advice = "Look at the function's policy, which must let config.amazonaws.com invoke it for this account, and \
                      at its log.";
        return problem(
            SUBJECT,
            format!("the last evaluation failed at {} ({code}){message}", at.for_people()),
            advice,
            policy.unwrap_or_default(),
        );
    }
    match succeeded {
        Some(at) => ok(SUBJECT, format!("AWS Config last invoked the rule at {}", at.for_people())),
        None if status.first_evaluation_started => ok(SUBJECT, "AWS Config has invoked the rule"),
        None => {
            let advice = "Start an evaluation; if it stays so, look at the function's policy, which must let \
                          config.amazonaws.com invoke it for this account.";
            let mut commands = aws(
                seen,
                ["configservice", "start-config-rules-evaluation", "--config-rule-names", &seen.config_rule_name],
            );
            commands.extend(policy.unwrap_or_default());
            problem(SUBJECT, "AWS Config has never invoked the rule", advice, commands)
        }
    }
}

/// Hours between two periodic evaluations (AWS Config API, `MaximumExecutionFrequency`).
fn hours(frequency: Option<&str>) -> u32 {
    match frequency {
        Some("One_Hour") => 1,
        Some("Three_Hours") => 3,
        Some("Six_Hours") => 6,
        Some("Twelve_Hours") => 12,
        _ => 24,
    }
}

fn result(seen: &Seen) -> Line {
    const SUBJECT: Subject = Subject::Result;
    let results = match known(SUBJECT, &seen.results) {
        Ok(results) => results,
        Err(line) => return line,
    };
    let log = match function(seen).and_then(|arn| arn.rsplit(':').next()) {
        Some(name) => aws(seen, ["logs", "tail", &format!("/aws/lambda/{name}"), "--since", "2d"]),
        None => Vec::new(),
    };
    let Some(Recorded { compliance_type, result_recorded_time, annotation }) = results.first() else {
        let advice =
            "Look at the function's log; a rule that does not apply here (parameter reportingRegion) has none.";
        return problem(SUBJECT, "AWS Config keeps no result for the account", advice, log);
    };
    let rule = seen.rules.known().and_then(|rules| rules.first());
    let limit = 2 * hours(rule.and_then(|rule| rule.maximum_execution_frequency.as_deref())) + 1;
    match result_recorded_time {
        Some(at) if at.is_older_than_hours(limit, seen.read_at) => {
            let text = format!(
                "the result is of {}, more than {limit} h old: twice the rule's frequency and an hour",
                at.for_people()
            );
            return problem(SUBJECT, text, "Look at the function's log, its errors and its queue.", log);
        }
        Some(_) => {}
        None => return unknown(SUBJECT, "AWS Config does not tell when it recorded the result", None),
    }
    let annotation = annotation.as_deref().unwrap_or_default();
    if *compliance_type == ComplianceType::NonCompliant && annotation.starts_with("Could not verify") {
        let advice =
            "Allow the call that is named; AWS's own message in the function's log says which policy denies it.";
        return problem(SUBJECT, format!("{compliance_type}: {annotation}"), advice, log);
    }
    ok(SUBJECT, format!("{compliance_type}: {annotation}"))
}
