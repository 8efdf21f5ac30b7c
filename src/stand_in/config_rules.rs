//! Config: `DescribeConfigRules`, `DescribeConfigRuleEvaluationStatus` and `DescribeConfigurationRecorderStatus`.

use serde_json::{Map, Value, json};

use super::{
    identity::Caller,
    pages::Page,
    results::{ConfigRule, RuleResults, no_such_rule, place},
    wire::{ErrorAnswer, seconds},
    world::World,
};

impl World {
    /// Changes what `DescribeConfigRules` says of a rule, beside its name, ARN and id: `Source`, `InputParameters`,
    /// `CreatedBy` and so on. A new rule is one of a Lambda function, without parameters. Returns whether there is such
    /// a rule.
    pub fn change_config_rule(&mut self, rule: &ConfigRule, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        self.rules.get_mut(&place(rule)).map(|results| change(&mut results.settings)).is_some()
    }

    /// Changes what `DescribeConfigRuleEvaluationStatus` says of a rule beside what its results show; times are seconds
    /// since 1970. Returns whether there is such a rule.
    pub fn change_evaluation_status(
        &mut self,
        rule: &ConfigRule,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> bool {
        self.rules.get_mut(&place(rule)).map(|results| change(&mut results.status)).is_some()
    }
}

pub(super) fn describe_config_rules(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let described = asked_rules(world, caller, input)?.into_iter().map(|results| {
        let mut described = identity(results);
        described.extend(results.settings.clone());
        Value::Object(described)
    });
    // There is no limit to ask for.
    let page = Page { asked: ("", 25), token: "NextToken", list: "ConfigRules", subject: "" };
    page.of(&described.collect::<Vec<_>>(), Value::clone, world, caller, input)
}

pub(super) fn describe_evaluation_status(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let statuses = asked_rules(world, caller, input)?.into_iter().map(|results| {
        let mut status = identity(results);
        let rows = || results.rows.values();
        status.insert("FirstEvaluationStarted".to_owned(), (!results.rows.is_empty()).into());
        if let Some(time) = rows().map(|row| row.config_rule_invoked_time).max() {
            status.insert("LastSuccessfulInvocationTime".to_owned(), seconds(time));
        }
        if let Some(time) = rows().map(|row| row.result_recorded_time).max() {
            status.insert("LastSuccessfulEvaluationTime".to_owned(), seconds(time));
        }
        status.extend(results.status.clone());
        Value::Object(status)
    });
    let page = Page { asked: ("Limit", 50), token: "NextToken", list: "ConfigRulesEvaluationStatus", subject: "" };
    page.of(&statuses.collect::<Vec<_>>(), Value::clone, world, caller, input)
}

pub(super) fn describe_recorder_status(world: &World, caller: &Caller) -> Value {
    let account = world.accounts.get(&caller.account);
    if account.is_some_and(|account| account.regions_without_recorder.contains(&caller.region)) {
        return json!({ "ConfigurationRecordersStatus": [] });
    }
    let mut status = Map::from_iter([
        ("name".to_owned(), "default".into()),
        ("recording".to_owned(), true.into()),
        ("lastStatus".to_owned(), "SUCCESS".into()),
    ]);
    status
        .extend(account.and_then(|account| account.recorder_statuses.get(&caller.region)).cloned().unwrap_or_default());
    json!({ "ConfigurationRecordersStatus": [status] })
}

fn identity(results: &RuleResults) -> Map<String, Value> {
    let ConfigRule { name, arn, id, .. } = &results.rule;
    [("ConfigRuleName", name), ("ConfigRuleArn", arn), ("ConfigRuleId", id)]
        .into_iter()
        .map(|(member, value)| (member.to_owned(), value.as_str().into()))
        .collect()
}

/// The rules that are named, or all of the caller's Region.
fn asked_rules<'w>(
    world: &'w World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Vec<&'w RuleResults>, ErrorAnswer> {
    let names = input.get("ConfigRuleNames").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_caller = || {
        world
            .rules
            .values()
            .filter(|results| results.rule.account_id == caller.account && results.rule.region == caller.region)
    };
    for name in names {
        if !of_caller().any(|results| *name == results.rule.name) {
            return Err(no_such_rule(name.as_str().unwrap_or_default()));
        }
    }
    let is_asked = |results: &&RuleResults| names.is_empty() || names.iter().any(|name| *name == results.rule.name);
    Ok(of_caller().filter(is_asked).collect())
}
