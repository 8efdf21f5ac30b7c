//! Rules, and the results that Config keeps for them.

use std::{collections::BTreeMap, time::SystemTime};

use serde_json::{Map, Value, json};

use super::{identity::partition, wire::ErrorAnswer};
use crate::rule::timestamp::Timestamp;

/// A rule that is registered with Config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigRule {
    /// The account that owns the rule.
    pub account_id: String,
    /// The rule's Region.
    pub region: String,
    /// `ConfigRuleName`, 1 to 128 characters.
    pub name: String,
    /// `arn:PARTITION:config:REGION:ACCOUNT:config-rule/config-rule-…`.
    pub arn: String,
    /// `config-rule-` and six characters.
    pub id: String,
}

/// A result that Config keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Such as `AWS::::Account`.
    pub resource_type: String,
    /// 1 to 768 characters.
    pub resource_id: String,
    /// `COMPLIANT` or `NON_COMPLIANT`: rows that are `NOT_APPLICABLE` are not kept.
    pub compliance_type: String,
    /// 1 to 256 characters.
    pub annotation: Option<String>,
    /// As it was put.
    pub ordering_timestamp: Timestamp,
    /// When the result token was issued.
    pub config_rule_invoked_time: SystemTime,
    /// When it was put.
    pub result_recorded_time: SystemTime,
}

/// A rule and its results, by resource type and id. A row that was removed is remembered, for its timestamp.
pub(super) struct RuleResults {
    pub(super) rule: ConfigRule,
    pub(super) rows: BTreeMap<(String, String), Row>,
    /// The members of `ConfigRule` beside its identity.
    pub(super) settings: Map<String, Value>,
    /// The members of `ConfigRuleEvaluationStatus` that its rows do not show.
    pub(super) status: Map<String, Value>,
}

/// What a result token stands for.
pub(super) struct IssuedToken {
    pub(super) place: (String, String, String),
    pub(super) issued_at: SystemTime,
}

const NOT_APPLICABLE: &str = "NOT_APPLICABLE";

impl RuleResults {
    pub(super) fn new(rule: ConfigRule) -> Self {
        let settings = new_settings(&rule.account_id, &rule.region);
        Self { rule, rows: BTreeMap::new(), settings, status: Map::new() }
    }

    pub(super) fn put(&mut self, row: Row) {
        let key = (row.resource_type.clone(), row.resource_id.clone());
        if self.rows.get(&key).is_none_or(|kept| kept.ordering_timestamp <= row.ordering_timestamp) {
            self.rows.insert(key, row);
        }
    }
}

/// What a new rule is.
fn new_settings(account: &str, region: &str) -> Map<String, Value> {
    let function = format!("arn:{}:lambda:{region}:{account}:function:cloudtrail-all-regions", partition(region));
    let settings = json!({
        "Source": {
            "Owner": "CUSTOM_LAMBDA",
            "SourceIdentifier": function,
            "SourceDetails": [{
                "EventSource": "aws.config",
                "MessageType": "ScheduledNotification",
                "MaximumExecutionFrequency": "TwentyFour_Hours",
            }],
        },
        "ConfigRuleState": "ACTIVE",
        "EvaluationModes": [{ "Mode": "DETECTIVE" }],
    });
    settings.as_object().cloned().unwrap_or_default()
}

pub(super) fn place(rule: &ConfigRule) -> (String, String, String) {
    (rule.account_id.clone(), rule.region.clone(), rule.name.clone())
}

/// Whether Config shows the row.
pub(super) fn is_shown(row: &Row) -> bool {
    row.compliance_type != NOT_APPLICABLE
}

pub(super) fn no_such_rule(name: &str) -> ErrorAnswer {
    let message =
        format!("The ConfigRule '{name}' provided in the request is invalid. Please check the configRule name");
    ErrorAnswer::new("NoSuchConfigRuleException", message)
}
