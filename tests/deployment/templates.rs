//! The templates say what the rule says, and keep their promises.

use std::{collections::BTreeSet, fs};

use cloudtrail_all_regions::rule::{
    self,
    parameters::{PARAMETERS, Parameter, RuleParameters},
    region,
};
use serde_json::{Map, Value, json};

use crate::cloudformation::{Stack, template};

const PACKAGE: [(&str, &str); 2] = [("ArtifactBucket", "packages"), ("ArtifactKey", "rule.zip")];
/// The templates that are meant to change a trail or to make what one needs.
const WRITERS: [&str; 2] = ["compliant-trail.yaml", "remediation.yaml"];

fn rule_definition() -> Value {
    serde_json::from_str(include_str!("../../rule-definition.json")).unwrap()
}

fn rule_with(parameters: &[(&str, &str)]) -> Value {
    let template = template("rule.yaml");
    let given: Vec<(&str, &str)> = PACKAGE.iter().chain(parameters).copied().collect();
    Stack::new(&template, &given).properties("Rule").unwrap()
}

/// `s3BucketName` is `S3BucketName` in the template: names of template parameters begin with a capital.
fn template_name(parameter: &Parameter) -> String {
    parameter.name[..1].to_ascii_uppercase() + &parameter.name[1..]
}

fn parse(input_parameters: &Value) -> Result<RuleParameters, String> {
    RuleParameters::parse(&input_parameters.clone().into(), "us-east-1")
        .map_err(|misconfigured| misconfigured.to_string())
}

/// Every template, by its file name.
fn templates() -> Vec<(String, Value)> {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/cloudformation")).unwrap();
    let paths = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    paths
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .map(|name| (name.clone(), template(&name)))
        .collect()
}

#[test]
fn the_rule_of_the_template_is_the_rule_definition() {
    let mut expected = rule_definition();
    let input_parameters: Value = serde_json::from_str(expected["InputParameters"].as_str().unwrap()).unwrap();
    expected["InputParameters"] = input_parameters;
    expected["Source"]["SourceIdentifier"] = json!("Function.Arn");
    assert_eq!(rule_with(&[]), expected);
}

#[test]
fn without_change_triggers_the_rule_is_scheduled_and_has_no_scope() {
    let rule = rule_with(&[("EvaluateOnChange", "false"), ("MaximumExecutionFrequency", "One_Hour")]);
    assert!(rule.get("Scope").is_none());
    let scheduled = json!([{
        "EventSource": "aws.config",
        "MessageType": "ScheduledNotification",
        "MaximumExecutionFrequency": "One_Hour",
    }]);
    assert_eq!(rule["Source"]["SourceDetails"], scheduled);
}

#[test]
fn the_permission_is_there_before_the_rule() {
    let depends_on = &template("rule.yaml")["Resources"]["Rule"]["DependsOn"];
    assert!(depends_on.as_array().unwrap().contains(&json!("InvokePermission")));
}

/// A policy of organization.yaml would take this permission away again.
#[test]
fn a_central_function_s_stack_makes_neither_the_rule_nor_its_permission() {
    let template = template("rule.yaml");
    let given: Vec<(&str, &str)> = PACKAGE.iter().copied().chain([("CreateRule", "false")]).collect();
    let stack = Stack::new(&template, &given);
    assert_eq!([stack.properties("Rule"), stack.properties("InvokePermission")], [None, None]);
    assert!(stack.properties("Function").is_some());
    for output in template["Outputs"].as_object().unwrap().values() {
        let is_of_the_rule = ["Rule", "Rule.Arn", "Rule.ConfigRuleId"]
            .map(|value| Some(json!(value)))
            .contains(&stack.resolve(&output["Value"]));
        assert_eq!(output["Condition"] == "CreatesRule", is_of_the_rule, "{output}");
    }
}

#[test]
fn the_templates_parameters_are_the_rules_own() {
    let template = template("rule.yaml");
    let input_parameters = &template["Resources"]["Rule"]["Properties"]["InputParameters"];
    let names: BTreeSet<&str> = input_parameters.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, PARAMETERS.iter().map(|parameter| parameter.name).collect());
    for parameter in PARAMETERS {
        let declared = &template["Parameters"][template_name(parameter)];
        assert_eq!(declared["Default"], parameter.default.unwrap_or_default(), "{}", parameter.name);
        let description = format!("{} Valid: {}.", parameter.meaning, parameter.valid);
        assert_eq!(declared["Description"], description, "{}", parameter.name);
        if parameter.valid == "true and false" {
            assert_eq!(declared["AllowedValues"], json!(["true", "false"]), "{}", parameter.name);
        }
    }
}

/// The values among the samples that the template admits for a parameter; its allowed values are samples, too.
fn admitted(declared: &Value, samples: &[String]) -> Vec<String> {
    if let Some(values) = declared["AllowedValues"].as_array() {
        return values.iter().map(|value| value.as_str().unwrap().to_owned()).collect();
    }
    let pattern = regex::Regex::new(declared["AllowedPattern"].as_str().unwrap()).unwrap();
    samples.iter().filter(|sample| pattern.is_match(sample)).cloned().collect()
}

#[test]
fn what_the_template_admits_the_rule_takes() {
    let template = template("rule.yaml");
    let samples: Vec<String> =
        ["", "01", "1.5", "log-bucket", "a bucket", "ab", "arn:aws:s3:::log-bucket", "us-east-1"]
            .map(str::to_owned)
            .into_iter()
            .chain([longest_topic_arn(), longest_log_group_arn(), longest_log_group_arn() + ":*", "b".repeat(63)])
            .chain((0..=200).map(|hours| hours.to_string()))
            .collect();
    for parameter in PARAMETERS {
        let admitted = admitted(&template["Parameters"][template_name(parameter)], &samples);
        assert!(admitted.iter().any(|value| !value.is_empty()), "{}", parameter.name);
        for value in &admitted {
            parse(&json!({ parameter.name: value })).unwrap();
        }
    }
}

#[test]
fn the_template_admits_each_age_and_region_that_the_rule_takes() {
    let template = template("rule.yaml");
    let hours: Vec<String> = (0..=200).map(|hours| hours.to_string()).collect();
    let expected: Vec<String> = (1..=168).map(|hours| hours.to_string()).collect();
    assert_eq!(admitted(&template["Parameters"]["MaxDeliveryAgeHours"], &hours), expected);
    // One of each partition; `parse` knows them all.
    let regions = ["ap-southeast-7", "cn-northwest-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-west-1"]
        .into_iter()
        .chain(["eu-isoe-west-1", "us-isof-south-1", "us-gov-west-1"])
        .map(str::to_owned)
        .collect::<Vec<String>>();
    assert!(regions.iter().all(|name| region::partition(name).is_some()));
    assert_eq!(admitted(&template["Parameters"]["ReportingRegion"], &regions), regions);
}

fn longest_topic_arn() -> String {
    let start = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:";
    start.to_owned() + &"t".repeat(180 - start.len())
}

fn longest_log_group_arn() -> String {
    let start = "arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:";
    start.to_owned() + &"l".repeat(250 - start.len())
}

/// AWS Config API: `InputParameters` has at most 1,024 characters.
#[test]
fn the_longest_input_parameters_fit() {
    let template = template("rule.yaml");
    let longest: Vec<(String, String)> = PARAMETERS
        .iter()
        .map(|parameter| {
            let declared = &template["Parameters"][template_name(parameter)];
            let value = match (parameter.name, declared["AllowedValues"].as_array()) {
                (_, Some(values)) => values
                    .iter()
                    .map(|value| value.as_str().unwrap())
                    .max_by_key(|value| value.len())
                    .unwrap()
                    .to_owned(),
                ("maxDeliveryAgeHours", None) => "168".to_owned(),
                ("s3BucketName", None) => "b".repeat(63),
                ("snsTopicArn", None) => longest_topic_arn(),
                ("cloudWatchLogsLogGroupArn", None) => longest_log_group_arn(),
                ("reportingRegion", None) => "ap-southeast-2".to_owned(),
                (name, None) => panic!("{name} has no longest value"),
            };
            if let Some(max_length) = declared["MaxLength"].as_u64() {
                assert!(u64::try_from(value.len()).unwrap() <= max_length, "{}", parameter.name);
                assert!(max_length - u64::try_from(value.len()).unwrap() <= 2, "{} may be longer", parameter.name);
            }
            (template_name(parameter), value)
        })
        .collect();
    let given: Vec<(&str, &str)> = longest.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let input_parameters = &rule_with(&given)["InputParameters"];
    assert_eq!(input_parameters.as_object().unwrap().len(), PARAMETERS.len());
    assert!(input_parameters.to_string().len() <= 1024, "{}", input_parameters.to_string().len());
    parse(input_parameters).unwrap();
}

#[test]
fn what_is_empty_is_left_out_of_the_input_parameters() {
    let defaults = rule_with(&[]);
    for parameter in PARAMETERS.iter().filter(|parameter| parameter.default.is_none()) {
        assert!(defaults["InputParameters"].get(parameter.name).is_none(), "{}", parameter.name);
    }
    assert_eq!(parse(&defaults["InputParameters"]), Ok(RuleParameters::default()));
    let set = rule_with(&[("MaxDeliveryAgeHours", "24"), ("ReportingRegion", "us-east-1")]);
    assert_eq!(parse(&set["InputParameters"]).unwrap().max_delivery_age_hours, Some(24));
}

/// The statements of the role's policies in a stack with these parameters, by the actions that they allow.
fn role_statements(parameters: &[(&str, &str)]) -> Vec<Value> {
    let template = template("rule.yaml");
    let given: Vec<(&str, &str)> = PACKAGE.iter().chain(parameters).copied().collect();
    let role = Stack::new(&template, &given).properties("Role").unwrap();
    let policies = role["Policies"].as_array().unwrap();
    policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap().clone()).collect()
}

fn statement_of(statements: &[Value], action: &str) -> Option<Value> {
    statements.iter().find(|statement| actions(statement).contains(&action)).cloned()
}

fn function_with(parameters: &[(&str, &str)]) -> Value {
    let template = template("rule.yaml");
    let given: Vec<(&str, &str)> = PACKAGE.iter().chain(parameters).copied().collect();
    Stack::new(&template, &given).properties("Function").unwrap()
}

#[test]
fn the_function_assumes_one_named_role_only_where_it_is_told_to() {
    assert_eq!(statement_of(&role_statements(&[]), "sts:AssumeRole"), None);
    assert_eq!(function_with(&[])["Environment"]["Variables"].get("MEMBER_ROLE_NAME"), None);

    let central = [("MemberRoleName", "security/rule"), ("OrganizationId", "o-exampleorgid")];
    assert_eq!(function_with(&central)["Environment"]["Variables"]["MEMBER_ROLE_NAME"], "security/rule");
    let expected = json!({
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "arn:aws:iam::*:role/security/rule",
        "Condition": {"StringEquals": {"aws:ResourceOrgID": "o-exampleorgid"}},
    });
    assert_eq!(statement_of(&role_statements(&central), "sts:AssumeRole"), Some(expected));
}

#[test]
fn a_central_function_enters_no_account_outside_of_an_organization() {
    let template = template("rule.yaml");
    let refusals = |parameters: &[(&str, &str)]| Stack::new(&template, parameters).refusals().len();
    let (role, organization) = (("MemberRoleName", "rule"), ("OrganizationId", "o-exampleorgid"));
    for parameters in [&[][..], &[organization], &[role, organization]] {
        assert_eq!(refusals(parameters), 0, "{parameters:?}");
    }
    assert_eq!(refusals(&[role]), 1);
}

/// IAM's ARN of a role has one slash before its path.
#[test]
fn a_member_role_s_name_begins_with_no_slash() {
    let declared = &template("rule.yaml")["Parameters"]["MemberRoleName"];
    let samples = ["", "rule", "security/rule", "/rule", "/security/rule", "a rule"].map(str::to_owned);
    assert_eq!(admitted(declared, &samples), ["", "rule", "security/rule"]);
}

#[test]
fn the_function_emits_metrics_unless_it_is_told_not_to() {
    assert_eq!(function_with(&[])["Environment"]["Variables"], json!({"EMIT_METRICS": "true"}));
    let setting = &function_with(&[("EmitMetrics", "false")])["Environment"]["Variables"]["EMIT_METRICS"];
    assert_eq!(setting, "false");
    assert_eq!(template("rule.yaml")["Parameters"]["EmitMetrics"]["AllowedValues"], json!(["true", "false"]));
}

/// docs/scale.md: without a reservation 10,000 accounts in the same instant exceed the quota of STS.
#[test]
fn a_central_function_runs_fifty_times_at_once_unless_told_otherwise() {
    let reserved = |parameters: &[(&str, &str)]| function_with(parameters).get("ReservedConcurrentExecutions").cloned();
    let member = ("MemberRoleName", "rule");
    assert_eq!(reserved(&[]), None);
    assert_eq!(reserved(&[member]), Some(json!(50)));
    assert_eq!(reserved(&[member, ("ReservedConcurrency", "none")]), None);
    for parameters in [&[("ReservedConcurrency", "7")][..], &[member, ("ReservedConcurrency", "7")]] {
        assert_eq!(reserved(parameters), Some(json!("7")));
    }
}

#[test]
fn the_role_uses_a_key_only_where_one_is_given() {
    assert_eq!(statement_of(&role_statements(&[]), "kms:Decrypt"), None);
    let key = "arn:aws:kms:us-east-1:123456789012:key/1234";
    let statement = statement_of(&role_statements(&[("KmsKeyArn", key)]), "kms:Decrypt").unwrap();
    assert_eq!(statement["Resource"], key);
}

/// CloudTrail, Service Authorization Reference: these two know trails; an organization's is another account's.
#[test]
fn trails_are_read_in_every_region_and_of_every_account() {
    let statement =
        statement_of(&role_statements(&[("AWS::Partition", "aws-cn")]), "cloudtrail:GetTrailStatus").unwrap();
    assert_eq!(statement["Resource"], "arn:aws-cn:cloudtrail:*:*:trail/*");
}

/// CloudWatch API, `PutMetricAlarm`: periods of an hour and more may add up to seven days, shorter ones to one day.
#[test]
fn thirty_hours_without_an_invocation_are_silence() {
    let template = template("rule.yaml");
    let alarm = &template["Resources"]["SilenceAlarm"]["Properties"];
    let (period, periods) = (alarm["Period"].as_u64().unwrap(), alarm["EvaluationPeriods"].as_u64().unwrap());
    assert_eq!(period * periods, 30 * 3600);
    // It comes after the rule: the first run comes with the rule, and with it the first data point.
    let name = &alarm["AlarmDescription"]["Fn::Sub"][1]["Name"]["Fn::If"];
    assert_eq!(name, &json!(["CreatesRule", {"Ref": "Rule"}, {"Ref": "RuleName"}]));
    assert!(period >= 3600 && alarm.get("DatapointsToAlarm").is_none());
    assert_eq!((&alarm["MetricName"], &alarm["TreatMissingData"]), (&json!("Invocations"), &json!("breaching")));
    assert_eq!((&alarm["ComparisonOperator"], &alarm["Threshold"]), (&json!("LessThanThreshold"), &json!(1)));
    let longest = ["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"];
    assert_eq!(template["Parameters"]["MaximumExecutionFrequency"]["AllowedValues"], json!(longest));
}

#[test]
fn alarms_are_made_where_somebody_is_told_or_where_they_are_asked_for() {
    let template = template("rule.yaml");
    let topic = "arn:aws:sns:us-east-1:123456789012:alarms";
    let (told, made, not_made) = (("AlarmTopicArn", topic), ("CreateAlarms", "true"), ("CreateAlarms", "false"));
    for (parameters, expected) in [
        (&[][..], None),
        (&[told], Some(json!([topic]))),
        (&[made], Some(Value::Null)),
        (&[told, not_made], None),
        (&[told, made], Some(json!([topic]))),
    ] {
        let given: Vec<(&str, &str)> = PACKAGE.iter().chain(parameters).copied().collect();
        let stack = Stack::new(&template, &given);
        for alarm in ["ErrorsAlarm", "OnFailureQueueAlarm", "SilenceAlarm"] {
            let actions = stack.properties(alarm).map(|alarm| alarm.get("AlarmActions").cloned().unwrap_or_default());
            assert_eq!(actions, expected, "{alarm} {parameters:?}");
        }
    }
}

#[test]
fn every_call_that_changes_what_a_trail_records_leads_to_an_evaluation() {
    let template = template("near-real-time.yaml");
    let here = Stack::new(&template, &[]);
    let calls = &here.properties("TrailCall").unwrap()["EventPattern"]["detail"]["eventName"];
    let expected = ["CreateTrail", "DeleteTrail", "PutEventSelectors", "StartLogging", "StopLogging", "UpdateTrail"];
    assert_eq!(calls, &json!(expected));
    let definition = &here.properties("Evaluation").unwrap()["Definition"];
    let task = &definition["States"]["StartConfigRulesEvaluation"];
    assert_eq!(task["Parameters"]["ConfigRuleNames"], json!([rule::DEFAULT_NAME]));
    // AWS Config API, StartConfigRulesEvaluation: once a minute.
    assert!(definition["States"]["WaitForTheLimit"]["Seconds"].as_u64().unwrap() > 60);
}

/// In the Region of the rule and in those that only hand their events on.
#[test]
fn an_event_that_cannot_be_handed_on_is_kept_and_sounds_an_alarm() {
    let template = template("near-real-time.yaml");
    for parameters in [&[][..], &[("RuleRegion", "eu-west-1")]] {
        let stack = Stack::new(&template, parameters);
        for (rule, alarm) in [("TrailCall", "TrailCallAlarm"), ("GuardDutyFinding", "GuardDutyFindingAlarm")] {
            let target = stack.properties(rule).unwrap()["Targets"][0].clone();
            assert_eq!(target["DeadLetterConfig"]["Arn"], "DeadLetterQueue.Arn");
            assert_eq!(target["RetryPolicy"], json!({"MaximumEventAgeInSeconds": 3600}));
            let alarm = stack.properties(alarm).unwrap();
            assert_eq!(
                (&alarm["Namespace"], &alarm["MetricName"]),
                (&json!("AWS/Events"), &json!("FailedInvocations"))
            );
            assert_eq!(alarm["Dimensions"], json!([{"Name": "RuleName", "Value": rule}]));
            assert_eq!((&alarm["Threshold"], &alarm["TreatMissingData"]), (&json!(1), &json!("notBreaching")));
        }
        let policy = stack.properties("DeadLetterQueuePolicy").unwrap();
        let expected = json!([{
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "DeadLetterQueue.Arn",
            "Condition": {"ArnEquals": {"aws:SourceArn": ["TrailCall.Arn", "GuardDutyFinding.Arn"]}},
        }]);
        assert_eq!(
            (&policy["Queues"], &policy["PolicyDocument"]["Statement"]),
            (&json!(["DeadLetterQueue"]), &expected)
        );
    }
}

#[test]
fn an_execution_that_fails_or_waits_for_too_long_sounds_an_alarm() {
    let template = template("near-real-time.yaml");
    let here = Stack::new(&template, &[("AlarmTopicArn", "arn:aws:sns:us-east-1:123456789012:alarms")]);
    for (alarm, metric) in
        [("ExecutionsFailedAlarm", "ExecutionsFailed"), ("ExecutionsTimedOutAlarm", "ExecutionsTimedOut")]
    {
        let alarm = here.properties(alarm).unwrap();
        assert_eq!((&alarm["MetricName"], &alarm["Threshold"]), (&json!(metric), &json!(1)));
        assert_eq!(alarm["AlarmActions"], json!(["arn:aws:sns:us-east-1:123456789012:alarms"]));
    }
    assert!(here.properties("Evaluation").unwrap()["Definition"]["TimeoutSeconds"].is_u64());
}

#[test]
fn a_stack_outside_of_the_rules_region_only_hands_its_events_on() {
    let template = template("near-real-time.yaml");
    let elsewhere = Stack::new(&template, &[("RuleRegion", "eu-west-1")]);
    let bus = "arn:aws:events:eu-west-1:123456789012:event-bus/default";
    for source in ["TrailCall", "GuardDutyFinding"] {
        assert_eq!(elsewhere.properties(source).unwrap()["Targets"][0]["Arn"], bus);
        let here = Stack::new(&template, &[("RuleRegion", "us-east-1")]);
        assert_eq!(here.properties(source).unwrap()["Targets"][0]["Arn"], "Evaluation.Arn");
    }
    let statement = &elsewhere.properties("EventRole").unwrap()["Policies"][0]["PolicyDocument"]["Statement"][0];
    assert_eq!((&statement["Action"], &statement["Resource"]), (&json!("events:PutEvents"), &json!(bus)));
    for resource in
        ["Evaluation", "EvaluationRole", "ListExecutionsPolicy", "ExecutionsFailedAlarm", "ExecutionsTimedOutAlarm"]
    {
        assert_eq!(elsewhere.properties(resource), None);
    }
}

/// A trail that nobody asked for costs money: only a person has it made.
#[test]
fn no_trail_is_made_automatically() {
    let template = template("remediation.yaml");
    let refusals = |parameters: &[(&str, &str)]| Stack::new(&template, parameters).refusals().len();
    let (automatic, bucket) = (("Automatic", "true"), ("BucketName", "trail-logs"));
    for parameters in [&[][..], &[automatic], &[bucket]] {
        assert_eq!(refusals(parameters), 0, "{parameters:?}");
    }
    assert_eq!(refusals(&[automatic, bucket]), 1);
}

#[test]
fn a_notification_carries_the_annotation_of_the_accounts_row() {
    let template = template("notifications.yaml");
    let rule = Stack::new(&template, &[]).properties("ComplianceChange").unwrap();
    let transformer = &rule["Targets"][0]["InputTransformer"];
    assert_eq!(transformer["InputPathsMap"]["annotation"], "$.detail.newEvaluationResult.annotation");
    let text = transformer["InputTemplate"].as_str().unwrap();
    for name in transformer["InputPathsMap"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("<{name}>")), "{name}");
    }
    assert_eq!(rule["EventPattern"]["detail"]["resourceType"], json!(["AWS::::Account"]));
    let only = Stack::new(&template, &[("OnlyNonCompliant", "true")]).properties("ComplianceChange").unwrap();
    let told = &only["EventPattern"]["detail"]["newEvaluationResult"]["complianceType"];
    assert_eq!(told, &json!(["NON_COMPLIANT"]));
}

#[test]
fn every_template_about_the_rule_has_its_default_name() {
    for (name, template) in templates() {
        if let Some(parameter) = template["Parameters"].get("RuleName") {
            assert_eq!(parameter["Default"], rule::DEFAULT_NAME, "{name}");
        }
    }
}

/// Actions that are neither reads nor changes of what an account holds: reporting, logging, messages, keys in use, and
/// the right to act as one named role, to invoke the function or to start a build.
const HARMLESS: [&str; 13] = [
    "codebuild:StartBuild",
    "config:PutEvaluations",
    "config:StartConfigRulesEvaluation",
    "events:PutEvents",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "lambda:InvokeFunction",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sns:Publish",
    "sqs:SendMessage",
    "states:StartExecution",
    "sts:AssumeRole",
];

/// Every object in a document, the document itself included.
fn objects(document: &Value) -> Vec<&Map<String, Value>> {
    match document {
        Value::Object(members) => std::iter::once(members).chain(members.values().flat_map(objects)).collect(),
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}

/// The actions of a policy statement.
fn actions(statement: &Value) -> Vec<&str> {
    match &statement["Action"] {
        Value::String(action) => vec![action],
        Value::Array(actions) => actions.iter().map(|action| action.as_str().unwrap()).collect(),
        _ => Vec::new(),
    }
}

/// The resources by their logical ids; what `Fn::ForEach` repeats is there once.
fn resources(template: &Value) -> Vec<(&String, &Value)> {
    let resources = template["Resources"].as_object().unwrap();
    let (repeated, single): (Vec<_>, Vec<_>) = resources.iter().partition(|(id, _)| id.starts_with("Fn::ForEach::"));
    repeated.into_iter().flat_map(|(_, each)| each[2].as_object().unwrap()).chain(single).collect()
}

/// Whether a statement names the accounts that it is for, where its principal alone says too little.
fn is_bound(statement: &Value, keys: &[&str]) -> bool {
    let equals = &statement["Condition"]["StringEquals"];
    keys.iter().any(|key| equals.get(*key).is_some())
}

/// Whether a statement is about objects of the template's own bucket only.
fn is_of_the_own_bucket(statement: &Value) -> bool {
    let resources = match &statement["Resource"] {
        Value::Array(resources) => resources.iter().collect(),
        resource => vec![resource],
    };
    let is_own = |resource: &&Value| resource["Fn::Sub"].as_str().is_some_and(|arn| arn.starts_with("${Bucket.Arn}/"));
    resources.iter().all(is_own)
}

/// Whether a log group of the template is meant.
fn is_own_log_group(template: &Value, log_group: &Value) -> bool {
    log_group["Ref"].as_str().is_some_and(|id| template["Resources"][id]["Type"] == "AWS::Logs::LogGroup")
}

/// What is promised of every template, and not kept by this one.
fn broken_promises(name: &str, template: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    for (logical_id, resource) in resources(template) {
        let mut promise = |is_kept: bool, what: &str| {
            if !is_kept {
                broken.push(format!("{name}, {logical_id}: {what}"));
            }
        };
        let (kind, properties) = (resource["Type"].as_str().unwrap(), &resource["Properties"]);
        match kind {
            "AWS::Lambda::Permission" => {
                promise(properties.get("SourceAccount").is_some(), "whoever owns a rule may invoke the function");
            }
            "AWS::Logs::LogGroup" => promise(properties.get("RetentionInDays").is_some(), "the log is kept for ever"),
            "AWS::Lambda::Function" => {
                let is_own = is_own_log_group(template, &properties["LoggingConfig"]["LogGroup"]);
                promise(is_own, "Lambda makes the log group, and keeps the log for ever");
            }
            "AWS::CodeBuild::Project" => {
                let is_own = is_own_log_group(template, &properties["LogsConfig"]["CloudWatchLogs"]["GroupName"]);
                promise(is_own, "CodeBuild makes the log group, and keeps the log for ever");
                promise(properties["Environment"].get("PrivilegedMode").is_none(), "the build is privileged");
                promise(properties["Source"]["Type"] == "NO_SOURCE", "others decide what the build does");
            }
            "AWS::S3::Bucket" => {
                promise(properties["VersioningConfiguration"]["Status"] == "Enabled", "what is overwritten is lost");
                promise(properties.get("BucketEncryption").is_some(), "nothing says how it is encrypted");
                let blocks = properties["PublicAccessBlockConfiguration"].as_object();
                let is_private = blocks.is_some_and(|blocks| blocks.len() == 4 && blocks.values().all(|it| it == true));
                promise(is_private, "it may be made public");
            }
            "AWS::Config::RemediationConfiguration" => {
                let automatic = match properties.get("Automatic") {
                    Some(Value::Object(reference)) => {
                        &template["Parameters"][reference["Ref"].as_str().unwrap()]["Default"]
                    }
                    given => given.unwrap_or(&Value::Null),
                };
                promise([json!(false), json!("false"), Value::Null].contains(automatic), "it remedies unasked");
            }
            _ => {}
        }
        for statement in objects(resource).into_iter().filter(|object| object.get("Effect") == Some(&json!("Allow"))) {
            let statement = Value::Object(statement.clone());
            promise(statement.get("NotAction").is_none(), "all actions but some are allowed");
            if kind == "AWS::Lambda::ResourcePolicy" {
                let is_bound = is_bound(&statement, &["aws:SourceAccount", "aws:SourceOrgID"]);
                promise(is_bound, "whoever owns a rule may invoke the function");
            }
            if kind == "AWS::IAM::Role" && statement["Principal"].get("AWS").is_some() {
                promise(is_bound(&statement, &["aws:PrincipalOrgID"]), "another organization may assume the role");
                let principals = ["ArnEquals", "ArnLike"].map(|operator| &statement["Condition"][operator]);
                let is_named = principals.iter().any(|condition| condition.get("aws:PrincipalArn").is_some());
                promise(is_named, "whoever is in the account may assume the role");
            }
            if statement["Principal"] == "*" {
                promise(is_bound(&statement, &["aws:PrincipalOrgID"]), "everybody is allowed");
            }
            let is_key_for_its_account = kind == "AWS::KMS::Key" && statement["Principal"].get("AWS").is_some();
            for action in actions(&statement) {
                let has_wildcard = if kind == "AWS::KMS::Key" { action.ends_with(":*") } else { action.contains('*') };
                promise(action != "*" && (!has_wildcard || is_key_for_its_account), &format!("{action} is allowed"));
                let operation = action.split(':').next_back().unwrap();
                let is_read = ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb));
                let is_kept = action == "s3:PutObject" && is_of_the_own_bucket(&statement);
                let is_harmless = is_read || is_kept || HARMLESS.contains(&action) || WRITERS.contains(&name);
                promise(is_harmless, &format!("{action} is a write action"));
            }
        }
    }
    broken
}

#[test]
fn every_template_keeps_its_promises() {
    let templates = templates();
    assert!(templates.len() >= 4);
    let broken: Vec<String> = templates.iter().flat_map(|(name, template)| broken_promises(name, template)).collect();
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn each_broken_promise_is_found() {
    let remediation = |automatic: Value| {
        json!({
            "Parameters": {"Automatic": {"Default": "true"}},
            "Resources": {
                "Remediation": {
                    "Type": "AWS::Config::RemediationConfiguration",
                    "Properties": {"Automatic": automatic},
                },
            },
        })
    };
    assert_eq!(broken_promises("rule.yaml", &remediation(json!(false))), Vec::<String>::new());
    for automatic in [json!(true), json!("true"), json!({"Ref": "Automatic"})] {
        assert_eq!(
            broken_promises("rule.yaml", &remediation(automatic)),
            ["rule.yaml, Remediation: it remedies unasked"]
        );
    }

    let statement = "/Resources/Role/Properties/Policies/0/PolicyDocument/Statement/0";
    let trust = "/Resources/FunctionRole/Properties/AssumeRolePolicyDocument/Statement/0/Condition";
    let invoke = "/Resources/InvokePolicy/Properties/PolicyDocument/Statement";
    let permission = "/Resources/Fn::ForEach::Permissions/2/Permission${Account}/Properties/SourceAccount";
    let reads = "/Resources/BucketPolicy/Properties/PolicyDocument/Statement/1/Fn::If/1/Condition";
    let bucket = "/Resources/Bucket/Properties";
    let writes = "/Resources/BuildRole/Properties/Policies/1/PolicyDocument/Statement/3";
    for (name, place, found) in [
        ("member-role.yaml", format!("{trust}/StringEquals"), "another organization may assume"),
        ("member-role.yaml", format!("{trust}/ArnEquals"), "whoever is in the account may assume"),
        ("organization.yaml", format!("{invoke}/0/Condition"), "whoever owns a rule"),
        ("organization.yaml", format!("{invoke}/1/Fn::If/1/Condition"), "whoever owns a rule"),
        ("organization-permissions.yaml", permission.to_owned(), "whoever owns a rule"),
        ("artifact-bucket.yaml", reads.to_owned(), "everybody is allowed"),
        ("fleet-report.yaml", format!("{bucket}/VersioningConfiguration"), "what is overwritten is lost"),
        ("fleet-report.yaml", format!("{bucket}/BucketEncryption"), "nothing says how"),
        ("fleet-report.yaml", format!("{bucket}/PublicAccessBlockConfiguration/BlockPublicPolicy"), "made public"),
        ("fleet-report.yaml", format!("{writes}/Resource"), "s3:PutObject is a write action"),
        ("fleet-report.yaml", "/Resources/Build/Properties/LogsConfig".to_owned(), "CodeBuild makes the log group"),
        ("fleet-report.yaml", "/Resources/Build/Properties/Source/Type".to_owned(), "others decide"),
    ] {
        let mut template = template(name);
        let (parent, key) = place.rsplit_once('/').unwrap();
        let parent = template.pointer_mut(parent).unwrap();
        assert!(parent.as_object_mut().unwrap().remove(key).is_some(), "{place}");
        let broken = broken_promises(name, &template);
        assert!(broken.iter().any(|promise| promise.contains(found)), "{place}: {broken:?}");
    }
    for (place, value, found) in [
        ("/Resources/InvokePermission/Properties/SourceAccount", None, "whoever owns a rule"),
        ("/Resources/LogGroup/Properties/RetentionInDays", None, "kept for ever"),
        ("/Resources/Function/Properties/LoggingConfig", None, "Lambda makes the log group"),
        (
            "/Resources/Function/Properties/LoggingConfig/LogGroup",
            Some(json!("/aws/lambda/rule")),
            "Lambda makes the log group",
        ),
        (&format!("{statement}/Action"), Some(json!("*")), "* is allowed"),
        (&format!("{statement}/Action"), Some(json!("cloudtrail:Get*")), "cloudtrail:Get* is allowed"),
        (&format!("{statement}/Action/1"), Some(json!("cloudtrail:*")), "cloudtrail:* is allowed"),
        (&format!("{statement}/Action/0"), Some(json!("cloudtrail:StartLogging")), "is a write action"),
        (&format!("{statement}/NotAction"), Some(json!("iam:*")), "all actions but some"),
    ] {
        let mut template = template("rule.yaml");
        let (parent, key) = place.rsplit_once('/').unwrap();
        let parent = template.pointer_mut(parent).unwrap();
        match value {
            Some(value) => match key.parse::<usize>() {
                Ok(index) => parent[index] = value,
                Err(_) => parent[key] = value,
            },
            None => assert!(parent.as_object_mut().unwrap().remove(key).is_some()),
        }
        let broken = broken_promises("rule.yaml", &template);
        assert!(broken.iter().any(|promise| promise.contains(found)), "{place}: {broken:?}");
    }
}
