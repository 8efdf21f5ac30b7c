//! What an invocation leaves in the log, and what it answers.

use cloudtrail_all_regions::{
    handler::Outcome,
    stand_in::{Fault, Misbehaviour},
    telemetry::Metrics,
};
use serde_json::{Map, Value, json};

use crate::harness::{
    ACCOUNT, REGION, RULE, TIME, Wire, account, account_row, arn, compliant, item, lines, stopped, stopped_trail, trail,
};

fn summary(outcome: &Outcome) -> Map<String, Value> {
    lines(outcome).pop().unwrap().as_object().unwrap().clone()
}

/// The metrics of a line, each with its dimensions and unit. Every name that `_aws` has must be a key of the line.
fn metrics(line: &Map<String, Value>) -> Vec<(String, Vec<String>, String)> {
    assert!(line["_aws"]["Timestamp"].is_i64());
    let mut metrics = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], "CloudTrailAllRegions");
        for dimensions in directive["Dimensions"].as_array().unwrap() {
            let dimensions: Vec<String> = serde_json::from_value(dimensions.clone()).unwrap();
            assert!(dimensions.iter().all(|name| line[name].is_string()), "{dimensions:?} in {line:?}");
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = metric["Name"].as_str().unwrap();
                assert!(line[name].is_number(), "{name} in {line:?}");
                let unit = metric["Unit"].as_str().unwrap();
                metrics.push((name.to_owned(), dimensions.clone(), unit.to_owned()));
            }
        }
    }
    metrics.sort();
    metrics
}

fn metric(name: &str, dimensions: &[&str], unit: &str) -> (String, Vec<String>, String) {
    (name.to_owned(), dimensions.iter().map(ToString::to_string).collect(), unit.to_owned())
}

#[tokio::test]
pub(super) async fn without_metrics_the_summary_line_has_their_values_all_the_same() {
    let outcome = Wire::new(&compliant()).await.scheduled().await;
    let (mut with, without) = (summary(&outcome), outcome.record.lines("wire", Metrics::LeftOut).pop().unwrap());
    assert!(with.remove("_aws").is_some());
    assert_eq!(Value::Object(with), without);
}

#[test]
fn metrics_are_left_out_where_the_setting_says_so_and_a_setting_that_says_neither_is_named() {
    for setting in [None, Some(""), Some(" "), Some("true"), Some("True ")] {
        assert_eq!(Metrics::from_setting(setting), Ok(Metrics::Emitted), "{setting:?}");
    }
    for setting in ["false", " FALSE"] {
        assert_eq!(Metrics::from_setting(Some(setting)), Ok(Metrics::LeftOut), "{setting:?}");
    }
    let error = Metrics::from_setting(Some("off")).unwrap_err();
    assert_eq!(error.to_string(), "EMIT_METRICS is `off`: valid are true and false; metrics are emitted");
}

#[tokio::test]
pub(super) async fn the_summary_line_of_a_verdict() {
    let wire = Wire::new(&account(&[stopped_trail("stopped"), trail("passing")])).await;
    let line = summary(&wire.scheduled().await);
    for (key, expected) in [
        ("level", json!("INFO")),
        ("requestId", json!("wire")),
        ("accountId", json!(ACCOUNT)),
        ("region", json!(REGION)),
        ("configRuleName", json!(RULE)),
        ("messageType", json!("ScheduledNotification")),
        ("evaluationMode", json!("DETECTIVE")),
        ("ComplianceType", json!("COMPLIANT")),
        ("Evaluations", json!(1)),
        ("TrailsSeen", json!(2)),
        ("RefusedRows", json!(0)),
        ("Misconfigured", json!(0)),
        ("annotation", json!("passing records all management events in all Regions to bucket log-bucket")),
        (
            "trails",
            json!([
                {"trail": arn("passing"), "result": "Pass", "reasons": [], "details": []},
                {
                    "trail": arn("stopped"),
                    "result": "Fail",
                    "reasons": ["not-logging"],
                    "details": ["logging is off"],
                },
            ]),
        ),
        (
            "calls",
            json!({
                "DescribeTrails": 1,
                "GetComplianceDetailsByConfigRule": 1,
                "GetEventSelectors": 2,
                "GetTrailStatus": 2,
                "PutEvaluations": 1,
            }),
        ),
        ("rowsSent", json!(1)),
    ] {
        assert_eq!(line[key], expected, "{key}");
    }
    assert!(line["Duration"].is_u64());
}

#[tokio::test]
pub(super) async fn the_metrics_of_a_verdict() {
    let wire = Wire::new(&compliant()).await;
    let expected = [
        metric("Duration", &[], "Milliseconds"),
        metric("Evaluations", &["ComplianceType"], "Count"),
        metric("Misconfigured", &[], "Count"),
        metric("RefusedRows", &[], "Count"),
        metric("TrailsSeen", &[], "Count"),
    ];
    assert_eq!(metrics(&summary(&wire.scheduled().await)), expected);
}

#[tokio::test]
pub(super) async fn the_metrics_of_an_error() {
    let wire = Wire::new(&compliant()).await;
    wire.fault(Fault::on("DescribeTrails", Misbehaviour::Throttle));
    let line = summary(&wire.scheduled().await);
    assert_eq!(line["level"], "ERROR");
    assert_eq!((&line["errorType"], &line["InvocationErrors"]), (&json!("Indeterminate"), &json!(1)));
    assert!(line["message"].as_str().unwrap().contains("DescribeTrails ThrottlingException"), "{line:?}");
    assert!(metrics(&line).contains(&metric("InvocationErrors", &["errorType"], "Count")));
    assert!(!line.contains_key("Evaluations"));
}

#[tokio::test]
pub(super) async fn an_event_that_cannot_be_read_is_counted_too() {
    let wire = Wire::new(&compliant()).await;
    let line = summary(&wire.invoke(json!({"resultToken": "a token", "accountId": 1})).await);
    assert_eq!(line["errorType"], "InvalidInvocation");
    assert!(metrics(&line).contains(&metric("InvocationErrors", &["errorType"], "Count")));
}

#[tokio::test]
pub(super) async fn a_misconfigured_rule_is_logged_and_counted() {
    let wire = Wire::new(&compliant()).await;
    let event = wire.event().rule_parameters(&json!({"chekDelivery": "true"})).scheduled(TIME);
    let outcome = wire.invoke(event).await;
    let lines = lines(&outcome);
    assert_eq!(summary(&outcome)["Misconfigured"], 1);
    assert_eq!(lines[0]["level"], "ERROR");
    let message = lines[0]["message"].as_str().unwrap();
    assert!(message.contains("chekDelivery") && message.contains("checkDelivery"), "{message}");
    assert_eq!(wire.puts(), [[account_row("NON_COMPLIANT")]]);
}

#[tokio::test]
async fn each_error_met_is_a_warning_line_with_aws_message() {
    let wire = Wire::new(&account(&[trail("hidden"), trail("passing")])).await;
    wire.fault(Fault::on("GetTrailStatus", Misbehaviour::Deny).trail(&arn("hidden")));
    let lines = lines(&wire.scheduled().await);
    assert_eq!(lines[0]["level"], "WARN");
    let message = lines[0]["message"].as_str().unwrap();
    assert!(message.contains("GetTrailStatus AccessDeniedException: User is not authorized"), "{message}");
}

#[tokio::test]
pub(super) async fn the_line_names_what_the_event_was() {
    let wire = Wire::new(&stopped()).await;
    let changed = item("management-events", "OK");
    let line = summary(&wire.invoke(wire.event().oversized_configuration_item_change(&changed, TIME)).await);
    assert_eq!(line["messageType"], "OversizedConfigurationItemChangeNotification");
    assert_eq!(line["ComplianceType"], "NON_COMPLIANT");
    let proactive = wire.event().evaluation_mode("PROACTIVE").configuration_item_change(&changed, TIME);
    let line = summary(&wire.invoke(proactive).await);
    assert_eq!((&line["evaluationMode"], &line["ComplianceType"]), (&json!("PROACTIVE"), &json!("NOT_APPLICABLE")));
}

#[tokio::test]
pub(super) async fn success_answers_a_small_summary() {
    let wire = Wire::new(&compliant()).await;
    let answered = serde_json::to_value(wire.scheduled_with_trail_results().await.result.unwrap()).unwrap();
    let expected = json!({
        "accountId": ACCOUNT,
        "complianceType": "COMPLIANT",
        "annotation": "management-events records all management events in all Regions to bucket log-bucket",
        "rowsSent": 2,
    });
    assert_eq!(answered, expected);
}

#[tokio::test]
async fn a_verdict_that_was_not_stored_counts_as_an_error_only() {
    let wire = Wire::new(&compliant()).await;
    wire.fault(Fault::on("PutEvaluations", Misbehaviour::Deny));
    let line = summary(&wire.scheduled().await);
    assert_eq!(line["errorType"], "ReportFailed");
    let names: Vec<String> = metrics(&line).into_iter().map(|(name, ..)| name).collect();
    assert!(names.contains(&"InvocationErrors".to_owned()), "{names:?}");
    assert!(!names.contains(&"Evaluations".to_owned()), "{names:?}");
}
