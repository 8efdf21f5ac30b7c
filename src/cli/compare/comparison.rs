//! A comparison as data, which is its JSON too.

use serde::Serialize;

use super::{
    super::words,
    age::seconds_between,
    deployed::{DeployedRule, Recorded},
    here::Here,
    managed::ManagedRule,
};
use crate::{
    aws::fault::CallError,
    error::chain,
    rule::{
        evaluation::{ComplianceType, EvaluatedResource, EvaluationStatus},
        parameters::InputParameters,
        reasons::{Code, TrailResult},
        timestamp::Timestamp,
    },
};

/// A comparison. `comparison.schema.json` describes it as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comparison {
    account_id: String,
    pub(super) region: String,
    collected_at: Timestamp,
    rule_parameters: InputParameters,
    compliance_type: Option<ComplianceType>,
    verified: Option<bool>,
    annotation: String,
    trails: Vec<ComparedTrail>,
    pub(super) rules: Vec<ComparedRule>,
    /// The identifiers of the managed rules that are not deployed in the Region; and the name of this rule.
    pub(super) not_deployed: Vec<String>,
    pub(super) not_read: Vec<NotRead>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ComparedTrail {
    name: String,
    trail_arn: Option<String>,
    result: TrailResult,
    reason_codes: Vec<Code>,
}

/// What AWS Config has recorded under a rule for the account.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RecordedCompliance {
    /// There is no result for the account.
    InsufficientData,
    #[serde(untagged)]
    Result(ComplianceType),
}

/// A rule, and what AWS Config has recorded under it for the account.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ComparedRule {
    pub(super) config_rule_name: String,
    pub(super) config_rule_arn: Option<String>,
    /// The identifier of AWS's managed rule; none for this rule.
    pub(super) managed_rule_identifier: Option<&'static str>,
    #[serde(skip)]
    pub(super) managed: Option<ManagedRule>,
    pub(super) created_by: Option<String>,
    /// None if it is not known.
    pub(super) input_parameters: Option<InputParameters>,
    /// None if it was not read.
    pub(super) compliance_type: Option<RecordedCompliance>,
    pub(super) annotation: Option<String>,
    pub(super) result_recorded_time: Option<Timestamp>,
    /// From then to `collectedAt`.
    pub(super) result_age_seconds: Option<i64>,
    pub(super) evaluation_status: Option<EvaluationStatus>,
    #[serde(skip)]
    pub(super) hides_results: bool,
    /// How many results it has for other resources; none if that was not read.
    #[serde(skip)]
    pub(super) other_resources: Option<usize>,
    /// Whether it says the same as the verdict here; none if either says nothing.
    pub(super) agrees: Option<bool>,
    pub(super) why: Vec<String>,
}

/// A call that failed, and what is not known for that.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NotRead {
    /// The action that IAM would have to allow.
    pub(super) action: String,
    error_code: String,
    pub(super) error: String,
    /// The rules it was about; none if it was about all.
    pub(super) rules: Vec<String>,
}

impl Comparison {
    /// The verdict beside the rules, each of which has yet to be told why it differs.
    pub(super) fn of(
        here: &Here,
        wanted: &str,
        rules: impl Iterator<Item = (DeployedRule, Recorded)>,
        mut not_read: Vec<NotRead>,
    ) -> Self {
        let Here { report, subject, .. } = here;
        let rules: Vec<ComparedRule> = rules
            .filter_map(|(deployed, recorded)| ComparedRule::of(deployed, recorded, here, &mut not_read))
            .collect();
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
        Self {
            account_id: subject.account_id.clone(),
            region: subject.region.clone(),
            collected_at: subject.collected_at,
            rule_parameters: report.rule_parameters.clone(),
            compliance_type: report.compliance_type,
            verified: report.verified,
            annotation: report.annotation.clone(),
            trails: trails.collect(),
            not_deployed,
            rules,
            not_read,
        }
    }
}

impl ComparedRule {
    /// What is recorded, in a word.
    pub(super) fn recorded(&self) -> &'static str {
        match self.compliance_type {
            Some(RecordedCompliance::Result(compliance_type)) => compliance_type.as_str(),
            Some(RecordedCompliance::InsufficientData) => words::INSUFFICIENT_DATA,
            None => words::NOT_READ,
        }
    }

    /// A rule beside the verdict here; none if it was deleted meanwhile, or was never there.
    fn of(deployed: DeployedRule, recorded: Recorded, here: &Here, not_read: &mut Vec<NotRead>) -> Option<Self> {
        let Here { report, subject, .. } = here;
        let DeployedRule { rule, managed, is_listed } = deployed;
        let input_parameters = is_listed.then(|| InputParameters::from_text(&rule.input_parameters));
        let mut compared = Self {
            managed_rule_identifier: managed.map(ManagedRule::identifier),
            managed,
            input_parameters,
            hides_results: rule.hides_results,
            ..Self::default()
        };
        match recorded.results {
            None => {}
            Some(Ok(results)) => {
                let account = EvaluatedResource::account(&subject.account_id);
                let count = results.len();
                let of_account = results.into_iter().find(|result| result.resource == account);
                compared.other_resources = Some(count - usize::from(of_account.is_some()));
                compared.compliance_type = Some(RecordedCompliance::InsufficientData);
                if let Some(result) = of_account {
                    let time = result.result_recorded_time;
                    compared.compliance_type = Some(RecordedCompliance::Result(result.compliance_type));
                    compared.annotation = result.annotation;
                    compared.result_recorded_time = time;
                    compared.result_age_seconds = time.map(|time| seconds_between(time, subject.collected_at));
                }
            }
            Some(Err(error)) if error.code == "NoSuchConfigRuleException" => return None,
            Some(Err(error)) => NotRead::add(not_read, &error, &rule.name),
        }
        match recorded.status {
            Ok(status) => compared.evaluation_status = status,
            Err(error) => NotRead::add(not_read, &error, &rule.name),
        }
        compared.config_rule_name = rule.name;
        compared.config_rule_arn = rule.arn;
        compared.created_by = rule.created_by;
        compared.agrees = compared.result().zip(report.compliance_type).map(|(recorded, verdict)| recorded == verdict);
        Some(compared)
    }

    /// The recorded result, if it is known and there is one.
    pub(super) fn result(&self) -> Option<ComplianceType> {
        match self.compliance_type {
            Some(RecordedCompliance::Result(compliance_type)) => Some(compliance_type),
            Some(RecordedCompliance::InsufficientData) | None => None,
        }
    }

    /// When the result was last found to hold.
    pub(super) fn last_evaluated(&self) -> Option<Timestamp> {
        let evaluated = self.evaluation_status.as_ref().and_then(|status| status.last_successful_evaluation_time);
        self.result_recorded_time.max(evaluated)
    }
}

impl NotRead {
    pub(super) fn new(error: &CallError, rule: Option<&str>) -> Self {
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
