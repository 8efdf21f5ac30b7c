//! `doctor`: what is wrong with a rule that is deployed, and what to do.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use cloudtrail_all_regions::{
    clock::Clock,
    report::doctor::{Seen, diagnose},
    rule::timestamp::Timestamp,
    stand_in::{ConfigRule, Fault, Misbehaviour, Row, World},
};
use serde_json::{Value, json};

use crate::harness::{Live, Ran, example, read_json};

const RULE: &str = "cis-3-1-cloudtrail-all-regions";

#[test]
fn every_case_comes_to_the_lines_that_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/doctor");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case = read_json(&path);
        let given: Seen = serde_json::from_value(case["Given"].clone()).unwrap();
        let again: Seen = serde_json::from_value(serde_json::to_value(&given).unwrap()).unwrap();
        assert_eq!(again, given, "{}", path.display());
        let diagnosis = diagnose(&given);
        let line = |line: &Value| {
            let mut shown = json!({"Subject": line["subject"], "Health": line["health"], "Text": line["text"]});
            if line["advice"].is_string() {
                shown["Advice"] = line["advice"].clone();
            }
            if line["health"] == "problem" {
                shown["Commands"] = line["commands"].clone();
            }
            shown
        };
        let lines = serde_json::to_value(&diagnosis.lines).unwrap();
        let lines: Vec<Value> = lines.as_array().unwrap().iter().map(line).collect();
        let expected = case["Expect"]["Lines"].as_array().unwrap();
        assert_eq!(&lines, expected, "{}", path.display());
        assert_eq!(diagnosis.health().as_str(), case["Expect"]["Health"], "{}", path.display());
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

/// A rule that is well: invoked just now, with a result.
fn deploy(world: &mut World) -> ConfigRule {
    let rule = world.config_rule("123456789012", "us-east-1", RULE);
    let now = Clock::System.time();
    world.put_row(&rule, row(now));
    rule
}

fn row(recorded: SystemTime) -> Row {
    Row {
        resource_type: "AWS::::Account".to_owned(),
        resource_id: "123456789012".to_owned(),
        compliance_type: "COMPLIANT".to_owned(),
        annotation: Some("a trail passes".to_owned()),
        ordering_timestamp: Timestamp::UNIX_EPOCH,
        config_rule_invoked_time: recorded,
        result_recorded_time: recorded,
    }
}

async fn doctor(set_up: impl FnOnce(&mut World, &ConfigRule), arguments: &[&str]) -> Ran {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        let rule = deploy(world);
        set_up(world, &rule);
    })
    .await;
    let ran = live.run(&[&["doctor"], arguments].concat()).await;
    assert!(!live.operations().contains(&"PutEvaluations".to_owned()));
    ran
}

/// The last line of the diagnosis.
fn last(ran: &Ran) -> Value {
    ran.json()["lines"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn a_rule_that_is_well_has_four_lines_and_ends_with_zero() {
    let ran = doctor(|_, _| {}, &[]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{}", ran.stdout);
    assert!(lines[0].starts_with("account 123456789012  rule cis-3-1-cloudtrail-all-regions in us-east-1, seen at "));
    assert_eq!(lines[1], "  ok       recorder    AWS Config records");
    assert!(lines[3].starts_with("  ok       evaluation  AWS Config last invoked the rule at "), "{}", ran.stdout);
    assert_eq!(lines[4], "  ok       result      COMPLIANT: a trail passes");
}

#[tokio::test]
async fn each_problem_of_the_stand_in_is_found_and_ends_with_one() {
    type SetUp = fn(&mut World, &ConfigRule);
    let of: [(SetUp, &str, &str); 7] = [
        (|world, _| world.remove_recorder("123456789012", "us-east-1"), "recorder", "no recorder"),
        (
            |world, _| {
                world.change_recorder_status("123456789012", "us-east-1", |status| {
                    status.insert("recording".to_owned(), false.into());
                });
            },
            "recorder",
            "is off",
        ),
        (
            |world, _| {
                world.change_recorder_status("123456789012", "us-east-1", |status| {
                    status.insert("lastStatus".to_owned(), "FAILURE".into());
                    status.insert("lastErrorCode".to_owned(), "AccessDenied".into());
                });
            },
            "recorder",
            "fails (AccessDenied)",
        ),
        (|world, rule| world.delete_config_rule(rule), "rule", "there is no rule"),
        (
            |world, rule| {
                world.change_config_rule(rule, |rule| {
                    rule.insert("ConfigRuleState".to_owned(), "DELETING".into());
                });
            },
            "rule",
            "is being deleted (DELETING)",
        ),
        (
            |world, rule| {
                world.change_evaluation_status(rule, |status| {
                    status.insert("LastFailedInvocationTime".to_owned(), 4_000_000_000_u64.into());
                    status.insert("LastErrorCode".to_owned(), "LambdaInvocationFailure".into());
                });
            },
            "evaluation",
            "(LambdaInvocationFailure)",
        ),
        (
            |world, rule| world.put_row(rule, row(Clock::System.time() - Duration::from_hours(50))),
            "result",
            "more than 49 h old",
        ),
    ];
    for (set_up, subject, text) in of {
        let ran = doctor(set_up, &["--format", "json"]).await;
        assert_eq!(ran.code, Some(1), "{text}: {ran:?}");
        let line = last(&ran);
        assert_eq!((&line["health"], &line["subject"]), (&json!("problem"), &json!(subject)), "{line}");
        assert!(line["text"].as_str().unwrap().contains(text) && line["advice"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn what_may_not_be_read_is_unknown_and_does_not_hide_the_rest() {
    for operation in [
        "DescribeConfigurationRecorderStatus",
        "DescribeConfigRules",
        "DescribeConfigRuleEvaluationStatus",
        "GetComplianceDetailsByConfigRule",
    ] {
        let ran = doctor(|world, _| world.add_fault(Fault::on(operation, Misbehaviour::Deny)), &[]).await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stdout.contains(&format!("  you may not config:{operation}\n")), "{}", ran.stdout);
        assert_eq!(ran.stdout.matches("\n  ok ").count(), 3, "{}", ran.stdout);
    }
    let expired = |world: &mut World, _: &ConfigRule| {
        let expired =
            Misbehaviour::Error { status: 400, code: "ExpiredTokenException".to_owned(), message: String::new() };
        world.add_fault(Fault::on("DescribeConfigRules", expired));
    };
    let ran = doctor(expired, &[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "own credentials say nothing of the account");
    assert!(ran.stderr.contains("DescribeConfigRules ExpiredTokenException"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_function_that_is_wanted_is_held_against_the_rules() {
    let function = "arn:aws:lambda:us-east-1:999900001111:function:central";
    let ran = doctor(|_, _| {}, &["--function", function]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains(&format!("Let it invoke {function}: deploy the rule again.")), "{}", ran.stdout);
}
