//! The decision: what a rule is, what it rests on, and what it says. Pure: no SDK, no I/O, no clock, no environment.

pub mod arn;
pub mod cloudtrail_all_regions;
pub mod evaluation;
pub mod evidence;
pub mod management_events;
mod objects;
pub mod parameters;
pub mod provenance;
pub mod region;
pub mod spelling;
pub mod timestamp;
pub mod withdrawal;

use serde_json::{Value, json};

use cloudtrail_all_regions::{Indeterminate, JudgedTrail};
use evaluation::{Annotation, ComplianceType, EvaluatedResource, Evaluation};
use evidence::Evidence;
use parameters::{Misconfigured, Parameter, RuleParameters};

/// An AWS Config rule: its identity, declared once, and its decision.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The name it is deployed under. It is all that a reader of a Security Hub finding sees of the rule.
    pub default_name: &'static str,
    /// At most 256 characters.
    pub description: &'static str,
    /// The resource type whose changes wake the rule.
    pub resource_type: &'static str,
    /// What it decides, in the numbering of each benchmark version.
    pub recommendations: &'static [Recommendation],
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Decides. Trails come multi-Region first, then by ARN; the account's evaluation comes first.
    pub evaluate: for<'e> fn(&'e Evidence, &RuleParameters) -> Verdict<'e>,
}

/// A recommendation of a benchmark.
#[derive(Debug, Clone, Copy)]
pub struct Recommendation {
    /// The benchmark and its version.
    pub benchmark: &'static str,
    /// The number there.
    pub number: &'static str,
}

/// What a rule decided.
#[derive(Debug)]
pub struct Verdict<'e> {
    /// Every trail, and what became of it.
    pub trails: Vec<JudgedTrail<'e>>,
    /// What to report, or why nothing may be reported.
    pub evaluations: Result<Vec<Evaluation>, Indeterminate>,
}

/// What the parameters alone decide: nothing needs to be read.
#[must_use]
pub fn decided_by_parameters(
    parameters: &Result<RuleParameters, Misconfigured>,
    account_id: &str,
    region: &str,
    deleted_trail: Option<&str>,
) -> Option<Vec<Evaluation>> {
    let valid: &RuleParameters = match parameters {
        Ok(valid) => valid,
        Err(misconfigured) => &misconfigured.valid,
    };
    let (compliance_type, annotation) = match (&valid.reporting_region, parameters) {
        (Some(reporting_region), _) if valid.reports_elsewhere(region) => (
            ComplianceType::NotApplicable,
            format!("This account is judged in {reporting_region} (parameter reportingRegion), not in {region}"),
        ),
        (_, Err(misconfigured)) => (ComplianceType::NonCompliant, misconfigured.to_string()),
        (_, Ok(_)) => return None,
    };
    let account = Evaluation {
        resource: EvaluatedResource::account(account_id),
        compliance_type,
        annotation: Annotation::new(&annotation),
    };
    let deleted = deleted_trail.filter(|_| valid.trail_results && compliance_type == ComplianceType::NotApplicable);
    Some(std::iter::once(account).chain(deleted.map(cloudtrail_all_regions::deleted_trail_row)).collect())
}

impl Rule {
    /// The rule definition for `aws configservice put-config-rule --config-rule`, with parameters unset.
    #[must_use]
    pub fn definition(&self, function_arn: &str) -> Value {
        let on = |message_type: &str| json!({"EventSource": "aws.config", "MessageType": message_type});
        let mut scheduled = on("ScheduledNotification");
        scheduled["MaximumExecutionFrequency"] = json!("TwentyFour_Hours");
        json!({
            "ConfigRuleName": self.default_name,
            "Description": self.description,
            "Scope": {"ComplianceResourceTypes": [self.resource_type]},
            "Source": {
                "Owner": "CUSTOM_LAMBDA",
                "SourceIdentifier": function_arn,
                "SourceDetails": [
                    on("ConfigurationItemChangeNotification"),
                    on("OversizedConfigurationItemChangeNotification"),
                    scheduled,
                ],
            },
            "InputParameters": self.default_input_parameters(),
            "EvaluationModes": [{"Mode": "DETECTIVE"}],
        })
    }

    /// The parameters that have a default, as the JSON text that `InputParameters` holds.
    fn default_input_parameters(&self) -> String {
        let defaults = self.parameters.iter().filter_map(|parameter| Some((parameter.name, parameter.default?)));
        Value::Object(defaults.map(|(name, value)| (name.to_owned(), json!(value))).collect()).to_string()
    }
}
