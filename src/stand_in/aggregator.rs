//! Config: an aggregator, which here knows the rules of every account and Region at once.

use serde_json::{Map, Value, json};

use super::{
    config::evaluation_result,
    identity::Caller,
    pages::Page,
    results::{RuleResults, is_shown},
    wire::ErrorAnswer,
    world::World,
};

impl World {
    /// Makes an aggregator in an account and Region; `failing` are its sources that are `FAILED` or `OUTDATED`, as
    /// `DescribeConfigurationAggregatorSourcesStatus` lists them.
    pub fn aggregate(&mut self, account: &str, region: &str, name: &str, failing: Vec<Value>) {
        self.aggregators.insert((account.to_owned(), region.to_owned(), name.to_owned()), failing);
    }
}

fn text<'i>(input: &'i Map<String, Value>, name: &str) -> &'i str {
    input.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn asked<'w>(world: &'w World, caller: &Caller, input: &Map<String, Value>) -> Result<&'w [Value], ErrorAnswer> {
    let name = text(input, "ConfigurationAggregatorName");
    let place = (caller.account.clone(), caller.region.clone(), name.to_owned());
    world
        .aggregators
        .get(&place)
        .map(Vec::as_slice)
        .ok_or_else(|| ErrorAnswer::new("NoSuchConfigurationAggregatorException", format!("{name} does not exist.")))
}

pub(super) fn describe(world: &World, caller: &Caller, input: &Map<String, Value>) -> Result<Value, ErrorAnswer> {
    let own =
        world.aggregators.keys().filter(|(account, region, _)| (account, region) == (&caller.account, &caller.region));
    let item = |(_, _, name): &&(String, String, String)| json!({ "ConfigurationAggregatorName": name });
    let page = Page { asked: ("Limit", 100), token: "NextToken", list: "ConfigurationAggregators", subject: "" };
    page.of(&own.collect::<Vec<_>>(), item, world, caller, input)
}

pub(super) fn sources(world: &World, caller: &Caller, input: &Map<String, Value>) -> Result<Value, ErrorAnswer> {
    let failing = asked(world, caller, input)?;
    let page = Page { asked: ("Limit", 100), token: "NextToken", list: "AggregatedSourceStatusList", subject: "" };
    page.of(failing, Value::clone, world, caller, input)
}

pub(super) fn compliance(world: &World, caller: &Caller, input: &Map<String, Value>) -> Result<Value, ErrorAnswer> {
    asked(world, caller, input)?;
    let wanted = input.get("Filters").map_or("", |filters| filters["ConfigRuleName"].as_str().unwrap_or_default());
    let of_name = world.rules.values().filter(|results| wanted.is_empty() || results.rule.name == wanted);
    let found = of_name.filter_map(|results| {
        let rule = &results.rule;
        Some(json!({
            "ConfigRuleName": rule.name,
            "Compliance": { "ComplianceType": worst(results)? },
            "AccountId": rule.account_id,
            "AwsRegion": rule.region,
        }))
    });
    let list = "AggregateComplianceByConfigRules";
    let page = Page { asked: ("Limit", 1000), token: "NextToken", list, subject: wanted };
    page.of(&found.collect::<Vec<_>>(), Value::clone, world, caller, input)
}

/// A rule without results has no row.
fn worst(results: &RuleResults) -> Option<&str> {
    let of_rows = || results.rows.values().filter(|row| is_shown(row)).map(|row| row.compliance_type.as_str());
    of_rows().find(|of_row| *of_row == "NON_COMPLIANT").or_else(|| of_rows().next())
}

pub(super) fn details(world: &World, caller: &Caller, input: &Map<String, Value>) -> Result<Value, ErrorAnswer> {
    asked(world, caller, input)?;
    let [account, region, name] = ["AccountId", "AwsRegion", "ConfigRuleName"].map(|member| text(input, member));
    let place = (account.to_owned(), region.to_owned(), name.to_owned());
    let rows =
        world.rules.get(&place).into_iter().flat_map(|results| results.rows.values()).filter(|row| is_shown(row));
    let found = rows.map(|row| {
        let mut result = evaluation_result(name, row);
        result["AccountId"] = account.into();
        result["AwsRegion"] = region.into();
        result
    });
    let list = "AggregateEvaluationResults";
    let page = Page { asked: ("Limit", 50), token: "NextToken", list, subject: account };
    page.of(&found.collect::<Vec<_>>(), Value::clone, world, caller, input)
}
