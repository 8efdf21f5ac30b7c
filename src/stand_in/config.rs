//! Config: rules and their results, `PutEvaluations`, `GetComplianceDetailsByConfigRule`, `ListDiscoveredResources`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    evidence::failure,
    faults::FailingRows,
    identity::{Caller, partition},
    pages::Page,
    results::{ConfigRule, IssuedToken, Row, RuleResults, is_shown, no_such_rule, place},
    wire::{ErrorAnswer, epoch_seconds, seconds},
    world::World,
};

const TRAIL: &str = "AWS::CloudTrail::Trail";

impl World {
    /// Registers a rule, unless it is there already.
    pub fn config_rule(&mut self, account: &str, region: &str, name: &str) -> ConfigRule {
        let place = (account.to_owned(), region.to_owned(), name.to_owned());
        if let Some(results) = self.rules.get(&place) {
            return results.rule.clone();
        }
        let id = format!("config-rule-{:06}", self.next_number());
        let arn = format!("arn:{}:config:{region}:{account}:config-rule/{id}", partition(region));
        let (account_id, region, name) = place.clone();
        let rule = ConfigRule { account_id, region, name, arn, id };
        self.rules.insert(place, RuleResults::new(rule.clone()));
        rule
    }

    /// Deletes a rule and its results; tokens that were issued for it now give `NoSuchConfigRuleException`.
    pub fn delete_config_rule(&mut self, rule: &ConfigRule) {
        self.rules.remove(&place(rule));
    }

    /// Issues a result token for an invocation of the rule. In form it is like Config's: base64 of an encrypted record.
    pub fn result_token(&mut self, rule: &ConfigRule) -> String {
        let number = self.next_number();
        let noise = |count: u64, salt: u64| -> Vec<i64> {
            (1..=count).map(|i| ((number * 7919 + i * i * 31 + salt) % 256).cast_signed() - 128).collect()
        };
        let mut encrypted = noise(600, 1);
        encrypted.extend(number.to_be_bytes().map(|byte| i64::from(byte.cast_signed())));
        let record = json!({
            "encryptedData": encrypted,
            "materialSetSerialNumber": 1,
            "ivParameterSpec": { "iv": noise(16, 5) },
        });
        let token = STANDARD.encode(record.to_string());
        self.tokens.insert(token.clone(), IssuedToken { place: place(rule), issued_at: self.clock.time() });
        token
    }

    /// The results that Config shows for a rule, by resource type and id.
    #[must_use]
    pub fn rows(&self, rule: &ConfigRule) -> Vec<Row> {
        let results = self.rules.get(&place(rule));
        results.into_iter().flat_map(|results| results.rows.values()).filter(|row| is_shown(row)).cloned().collect()
    }

    /// Puts a result as if an earlier invocation had sent it. Without effect if the rule is not registered.
    pub fn put_row(&mut self, rule: &ConfigRule, row: Row) {
        if let Some(results) = self.rules.get_mut(&place(rule)) {
            results.put(row);
        }
    }
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}

fn invalid_parameter(message: impl Into<String>) -> ErrorAnswer {
    ErrorAnswer::new("InvalidParameterValueException", message)
}

pub(super) fn put_evaluations(
    world: &mut World,
    caller: &Caller,
    input: &Map<String, Value>,
    failing: Option<&FailingRows>,
) -> Result<Value, ErrorAnswer> {
    let evaluations = input.get("Evaluations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut rows = Vec::new();
    for evaluation in evaluations {
        let resource_type = text(evaluation, "ComplianceResourceType");
        if !is_resource_type(resource_type) {
            return Err(invalid_parameter(format!("The resource type {resource_type} is invalid.")));
        }
        if text(evaluation, "ComplianceType") == "INSUFFICIENT_DATA" {
            return Err(invalid_parameter("INSUFFICIENT_DATA is not a valid compliance type for PutEvaluations."));
        }
        let timestamp = serde_json::from_value(evaluation["OrderingTimestamp"].clone());
        let ordering_timestamp = timestamp.map_err(|_| invalid_parameter("The OrderingTimestamp is out of range."))?;
        rows.push((evaluation, ordering_timestamp));
    }
    let invalid_token = || ErrorAnswer::new("InvalidResultTokenException", "Result Token provided is invalid");
    let token = input.get("ResultToken").and_then(Value::as_str).unwrap_or_default();
    if token.is_empty() {
        return Err(invalid_token());
    }
    if input.get("TestMode") == Some(&Value::Bool(true)) {
        return Ok(json!({ "FailedEvaluations": [] }));
    }
    let issued = world.tokens.get(token).ok_or_else(invalid_token)?;
    let (account, region, name) = &issued.place;
    if *account != caller.account || *region != caller.region {
        return Err(invalid_token());
    }
    let now = world.clock.time();
    let Some(results) = world.rules.get_mut(&issued.place) else { return Err(no_such_rule(name)) };
    let mut failed = Vec::new();
    for (evaluation, ordering_timestamp) in rows {
        let row = Row {
            resource_type: text(evaluation, "ComplianceResourceType").to_owned(),
            resource_id: text(evaluation, "ComplianceResourceId").to_owned(),
            compliance_type: text(evaluation, "ComplianceType").to_owned(),
            annotation: evaluation["Annotation"].as_str().map(str::to_owned),
            ordering_timestamp,
            config_rule_invoked_time: issued.issued_at,
            result_recorded_time: now,
        };
        if failing.is_some_and(|failing| failing.includes(&row)) {
            failed.push(evaluation.clone());
        } else {
            results.put(row);
        }
    }
    if let Some(first) = failed.first_mut().filter(|_| failing.is_some_and(|failing| failing.renames_first)) {
        first["ComplianceResourceId"] = "another".into();
    }
    Ok(json!({ "FailedEvaluations": failed }))
}

/// `AWS::::Account`, or `AWS::Service::Type` (AWS permits a list of them; none has another form).
fn is_resource_type(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let parts: Vec<&str> = text.split("::").collect();
    text == "AWS::::Account" || matches!(parts.as_slice(), &["AWS", a, b] if is_word(a) && is_word(b))
}

pub(super) fn get_compliance_details(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let name = input.get("ConfigRuleName").and_then(Value::as_str).unwrap_or_default();
    let types = input.get("ComplianceTypes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if types.iter().any(|value| value == "INSUFFICIENT_DATA") {
        return Err(invalid_parameter("INSUFFICIENT_DATA cannot be used to filter results."));
    }
    let place = (caller.account.clone(), caller.region.clone(), name.to_owned());
    let results = world.rules.get(&place).ok_or_else(|| no_such_rule(name))?;
    let is_wanted = |row: &&Row| types.is_empty() || types.contains(&Value::from(row.compliance_type.as_str()));
    let found: Vec<Value> = results
        .rows
        .values()
        .filter(|row| is_shown(row))
        .filter(is_wanted)
        .map(|row| evaluation_result(name, row))
        .collect();
    let page = Page { asked: ("Limit", 10), token: "NextToken", list: "EvaluationResults", subject: name };
    page.of(&found, Value::clone, world, caller, input)
}

pub(super) fn evaluation_result(rule_name: &str, row: &Row) -> Value {
    let mut result = json!({
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": rule_name,
                "ResourceType": row.resource_type,
                "ResourceId": row.resource_id,
                "EvaluationMode": "DETECTIVE",
            },
            "OrderingTimestamp": epoch_seconds(row.ordering_timestamp),
        },
        "ComplianceType": row.compliance_type,
        "ResultRecordedTime": seconds(row.result_recorded_time),
        "ConfigRuleInvokedTime": seconds(row.config_rule_invoked_time),
    });
    if let Some(annotation) = &row.annotation {
        result["Annotation"] = annotation.as_str().into();
    }
    result
}

pub(super) fn list_discovered_resources(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let resource_type = input.get("resourceType").and_then(Value::as_str).unwrap_or_default();
    if !is_resource_type(resource_type) {
        let message = "1 validation error detected: Value at 'resourceType' failed to satisfy constraint: Member must \
                       satisfy enum value set";
        return Err(ErrorAnswer::new("ValidationException", message));
    }
    let ids = input.get("resourceIds").and_then(Value::as_array);
    if ids.is_some() && input.get("resourceName").is_some_and(Value::is_string) {
        let message = "You cannot specify both resource IDs and a resource name.";
        return Err(ErrorAnswer::new("ValidationException", message));
    }
    let account = world.accounts.get(&caller.account);
    if account.is_some_and(|account| account.regions_without_recorder.contains(&caller.region)) {
        let message = "There is no configuration recorder available to record your resources.";
        return Err(ErrorAnswer::new("NoAvailableConfigurationRecorderException", message));
    }
    let discovered = account.and_then(|account| account.discovered_trails.get(&caller.region)).unwrap_or(&Value::Null);
    if let Some(error) = failure(discovered, true) {
        return Err(error);
    }
    // Trails have no resource name, so no name finds one.
    let is_wanted = |id: &&Value| {
        resource_type == TRAIL
            && input.get("resourceName").is_none_or(Value::is_null)
            && ids.is_none_or(|ids| ids.contains(id))
    };
    let found = discovered.as_array().into_iter().flatten().filter(is_wanted);
    let found: Vec<Value> = found.map(|id| json!({ "resourceType": resource_type, "resourceId": id })).collect();
    let page = Page { asked: ("limit", 100), token: "nextToken", list: "resourceIdentifiers", subject: resource_type };
    page.of(&found, Value::clone, world, caller, input)
}
