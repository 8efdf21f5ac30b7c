//! `compare`.

use std::{sync::LazyLock, time::Duration};

use super::harness::{Live, Ran, example, read_json};
use cloudtrail_all_regions::{
    clock::Clock,
    rule::timestamp::Timestamp,
    stand_in::{Fault, Misbehaviour, Row, World},
};
use serde_json::{Value, json};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const OWN: &str = "cis-3-1-cloudtrail-all-regions";
const MULTI_REGION: &str = "MULTI_REGION_CLOUD_TRAIL_ENABLED";
const ENABLED: &str = "CLOUD_TRAIL_ENABLED";
const SECURITY: &str = "CLOUDTRAIL_SECURITY_TRAIL_ENABLED";
const ALREADY_OFF: &str = "trail trail was already off at that result, since 2025-01-02 03:04:05 UTC";
const HOUR: Duration = Duration::from_hours(1);

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(include_str!("../../src/cli/compare/comparison.schema.json")).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
});

/// Deploys a rule; with a compliance type, its result for the account is three hours and a half old.
fn deploy(world: &mut World, name: &str, identifier: Option<&str>, parameters: &Value, recorded: Option<&str>) {
    let rule = world.config_rule(ACCOUNT, REGION, name);
    world.change_config_rule(&rule, |settings| {
        if let Some(identifier) = identifier {
            settings.insert("Source".to_owned(), json!({"Owner": "AWS", "SourceIdentifier": identifier}));
        }
        if *parameters != json!({}) {
            settings.insert("InputParameters".to_owned(), parameters.to_string().into());
        }
    });
    if let Some(compliance_type) = recorded {
        world.put_row(&rule, row(ACCOUNT, compliance_type));
    }
}

fn row(resource_id: &str, compliance_type: &str) -> Row {
    let time = Clock::System.time() - HOUR * 7 / 2;
    Row {
        resource_type: "AWS::::Account".to_owned(),
        resource_id: resource_id.to_owned(),
        compliance_type: compliance_type.to_owned(),
        annotation: Some("as it was then".to_owned()),
        ordering_timestamp: Timestamp::from(time),
        config_rule_invoked_time: time,
        result_recorded_time: time,
    }
}

/// The comparison as JSON, which is what the schema says.
async fn compare(live: &Live, arguments: &[&str]) -> (Ran, Value) {
    let ran = live.run(&[&["compare", "--format", "json"], arguments].concat()).await;
    let comparison = ran.json();
    let problems: Vec<String> =
        SCHEMA.iter_errors(&comparison).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(problems, Vec::<String>::new(), "{comparison:#}");
    let reads = [
        "DescribeConfigRuleEvaluationStatus",
        "DescribeConfigRules",
        "DescribeTrails",
        "GetCallerIdentity",
        "GetComplianceDetailsByConfigRule",
        "GetEventSelectors",
        "GetTrailStatus",
    ];
    assert!(live.operations().iter().all(|operation| reads.contains(&operation.as_str())), "{:?}", live.operations());
    (ran, comparison)
}

#[tokio::test]
async fn the_schema_refuses_what_is_no_comparison() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        deploy(world, "a", Some(ENABLED), &json!({}), Some("COMPLIANT"));
    })
    .await;
    let (_, comparison) = compare(&live, &[]).await;
    for (pointer, value) in [
        ("/complianceType", json!("INSUFFICIENT_DATA")),
        ("/collectedAt", json!("yesterday")),
        ("/accountId", json!("12345")),
        ("/trails/0/result", json!("Passed")),
        ("/rules/0/complianceType", json!("GOOD")),
        ("/rules/0/managedRuleIdentifier", json!("IAM_PASSWORD_POLICY")),
        ("/rules/0/resultRecordedTime", json!(1_793_534_400)),
        ("/rules/0/resultAgeSeconds", json!(-1)),
        ("/rules/0/evaluationStatus", json!({})),
        ("/rules/0/why", json!([""])),
        ("/notRead", json!([{"action": "DescribeConfigRules"}])),
    ] {
        let mut broken = comparison.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert!(!SCHEMA.is_valid(&broken), "{pointer}");
    }
    for member in comparison.as_object().unwrap().keys() {
        let mut without = comparison.clone();
        without.as_object_mut().unwrap().remove(member);
        assert!(!SCHEMA.is_valid(&without), "{member}");
    }
    let mut with_more = comparison;
    with_more["rules"][0]["colour"] = json!("red");
    assert!(!SCHEMA.is_valid(&with_more));
}

/// What is said about a rule of this name.
#[track_caller]
fn about<'c>(comparison: &'c Value, name: &str) -> &'c Value {
    let rules = comparison["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["configRuleName"] == name).unwrap_or_else(|| panic!("no {name} in {comparison:#}"))
}

/// The lines that say why, but for the age of the result, which must be one of them.
#[track_caller]
fn why(comparison: &Value, name: &str) -> Vec<String> {
    let rule = about(comparison, name);
    assert_eq!(rule["agrees"], false, "{rule:#}");
    let lines = rule["why"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
    let (age, others): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("what was read here is "));
    assert_eq!(age, ["what was read here is 3 h 30 min newer; a change since then shows here first"]);
    others
}

fn is_not_said(trail: &str, code: &str, rule: &str) -> String {
    format!("trail {trail}, {code}: AWS's documentation does not say that {rule} takes this as a fault")
}

/// An example account whose only trail is named `trail`.
fn account(name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut account = read_json(&example(name));
    assert_eq!(account["trails"].as_array().unwrap().len(), 1);
    account["trails"][0]["Name"] = "trail".into();
    change(&mut account["trails"][0]);
    account
}

fn long_stopped() -> Value {
    account("stopped", |trail| {
        trail["GetTrailStatus"] = json!({"IsLogging": false, "StopLoggingTime": "2025-01-02T03:04:05Z"});
    })
}

#[tokio::test]
async fn results_that_say_the_same_need_no_explanation() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        deploy(world, OWN, None, &json!({}), Some("COMPLIANT"));
        deploy(world, "a", Some(MULTI_REGION), &json!({"readWriteType": "ALL"}), Some("COMPLIANT"));
        deploy(world, "b", Some(ENABLED), &json!({}), Some("COMPLIANT"));
        deploy(world, "unrelated", Some("IAM_PASSWORD_POLICY"), &json!({}), Some("NON_COMPLIANT"));
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(comparison["complianceType"], "COMPLIANT");
    assert_eq!(comparison["notDeployed"], json!([SECURITY]));
    assert_eq!(comparison["notRead"], json!([]));
    assert_eq!(comparison["rules"].as_array().unwrap().len(), 3);
    for (name, identifier) in [(OWN, Value::Null), ("a", json!(MULTI_REGION)), ("b", json!(ENABLED))] {
        let rule = about(&comparison, name);
        assert_eq!(rule["managedRuleIdentifier"], identifier);
        assert_eq!(rule["complianceType"], "COMPLIANT");
        assert_eq!(rule["annotation"], "as it was then");
        let age = rule["resultAgeSeconds"].as_i64().unwrap();
        assert!((12_600..12_700).contains(&age), "{age}");
        assert_eq!((&rule["agrees"], &rule["why"]), (&json!(true), &json!([])));
    }
    assert_eq!(about(&comparison, "a")["inputParameters"], json!({"readWriteType": "ALL"}));
}

#[tokio::test]
async fn what_no_documentation_names_explains_a_green_managed_rule() {
    let stopped = long_stopped();
    let live = Live::serve(&stopped, |world| {
        for (name, identifier) in [("a", MULTI_REGION), ("b", ENABLED), ("c", SECURITY)] {
            deploy(world, name, Some(identifier), &json!({}), Some("COMPLIANT"));
        }
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!(ran.code, Some(1));
    for (name, rule) in [
        ("a", "multi-region-cloudtrail-enabled"),
        ("b", "cloudtrail-enabled"),
        ("c", "cloudtrail-security-trail-enabled"),
    ] {
        assert_eq!(why(&comparison, name), [&is_not_said("trail", "not-logging", rule), ALREADY_OFF]);
    }
    assert_eq!(comparison["notDeployed"], json!([OWN]));
}

#[tokio::test]
async fn what_happened_after_the_result_is_told() {
    let an_hour_ago = Timestamp::from(Clock::System.time() - HOUR).to_string();
    let stopped = account("stopped", |trail| {
        trail["GetTrailStatus"] = json!({"IsLogging": false, "StopLoggingTime": an_hour_ago});
    });
    let started = account("compliant", |trail| {
        trail["GetTrailStatus"] = json!({"IsLogging": true, "StartLoggingTime": an_hour_ago});
    });
    for (account, recorded, did) in [(stopped, "COMPLIANT", "stopped"), (started, "NON_COMPLIANT", "started")] {
        let live = Live::serve(&account, |world| deploy(world, OWN, None, &json!({}), Some(recorded))).await;
        let (_, comparison) = compare(&live, &[]).await;
        let lines = why(&comparison, OWN);
        assert_eq!(lines[1], format!("trail trail was {did} at {}, after that result", for_people(&an_hour_ago)));
        assert!(lines[0].starts_with("the parameters are the same: the account has changed, or "), "{lines:?}");
    }
}

#[tokio::test]
async fn what_was_so_already_at_the_result_is_no_change() {
    let off = long_stopped();
    let mut off_and_failing = off.clone();
    off_and_failing["trails"].as_array_mut().unwrap().push(
        account("write-only", |trail| {
            trail["Name"] = "other".into();
            trail["TrailARN"] = "arn:aws:cloudtrail:us-east-1:123456789012:trail/other".into();
            trail["GetEventSelectors"]["TrailARN"] = trail["TrailARN"].clone();
        })["trails"][0]
            .take(),
    );
    for (account, change) in [(off, "a trail has been deleted since"), (off_and_failing, "the account has changed")] {
        let live = Live::serve(&account, |world| deploy(world, OWN, None, &json!({}), Some("COMPLIANT"))).await;
        let (_, comparison) = compare(&live, &[]).await;
        let same = format!(
            "the parameters are the same: {change}, or the deployed function is another version or may read other things"
        );
        assert_eq!(why(&comparison, OWN), [same.as_str(), ALREADY_OFF]);
    }

    let mut one_off = read_json(&example("compliant"));
    let mut stopped = long_stopped()["trails"][0].take();
    stopped["TrailARN"] = "arn:aws:cloudtrail:us-east-1:123456789012:trail/other".into();
    stopped["GetEventSelectors"]["TrailARN"] = stopped["TrailARN"].clone();
    one_off["trails"].as_array_mut().unwrap().push(stopped);
    let live = Live::serve(&one_off, |world| deploy(world, OWN, None, &json!({}), Some("NON_COMPLIANT"))).await;
    let (_, comparison) = compare(&live, &[]).await;
    assert_eq!(why(&comparison, OWN).len(), 1, "a trail that was off does not explain an earlier red");
}

#[tokio::test]
async fn a_filter_of_management_events_is_held_against_what_each_page_says() {
    let filtered = account("compliant", |trail| {
        trail["GetEventSelectors"] = json!({"AdvancedEventSelectors": [{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"]},
            {"Field": "eventName", "NotEquals": ["ConsoleLogin"]},
        ]}]});
    });
    let live = Live::serve(&filtered, |world| {
        for (name, identifier) in [("a", MULTI_REGION), ("b", ENABLED), ("c", SECURITY)] {
            deploy(world, name, Some(identifier), &json!({}), Some("COMPLIANT"));
        }
    })
    .await;
    let (_, comparison) = compare(&live, &[]).await;
    let near = "trail trail, filtered-management-events: AWS's documentation of multi-region-cloudtrail-enabled says that \
                it asks for trails that do not exclude management events such as KMS or RDS Data API events; not \
                whether it sees this filter";
    assert_eq!(why(&comparison, "a"), [near]);
    assert_eq!(why(&comparison, "b"), [is_not_said("trail", "filtered-management-events", "cloudtrail-enabled")]);
    let none = "no trail that is here now meets what AWS's documentation of cloudtrail-security-trail-enabled names";
    assert_eq!(why(&comparison, "c"), [none]);
}

#[tokio::test]
async fn the_age_counts_from_the_last_evaluation_that_found_the_same() {
    let now = Clock::System.time();
    for (evaluated, line) in [
        (now - HOUR * 2, Some("what was read here is 2 h 0 min newer; a change since then shows here first")),
        // Another machine's clock.
        (now + HOUR, None),
    ] {
        let live = Live::serve(&long_stopped(), |world| {
            deploy(world, "a", Some(ENABLED), &json!({}), Some("COMPLIANT"));
            let rule = world.config_rule(ACCOUNT, REGION, "a");
            let seconds = evaluated.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
            world.change_evaluation_status(&rule, |status| {
                status.insert("LastSuccessfulEvaluationTime".to_owned(), seconds.into());
            });
        })
        .await;
        let (_, comparison) = compare(&live, &[]).await;
        let rule = about(&comparison, "a");
        let lines: Vec<&str> = rule["why"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let not_said = is_not_said("trail", "not-logging", "cloudtrail-enabled");
        assert_eq!(lines, [not_said.as_str(), ALREADY_OFF].into_iter().chain(line).collect::<Vec<_>>());
        assert!(live.run(&["compare"]).await.stdout.contains("; evaluated again at 20"));
    }
}

#[tokio::test]
async fn a_managed_rule_that_is_deployed_twice_is_compared_by_its_parameters() {
    let live = Live::serve(&account("write-only", |_| {}), |world| {
        deploy(world, "lax", Some(MULTI_REGION), &json!({}), Some("COMPLIANT"));
        deploy(world, "strict", Some(MULTI_REGION), &json!({"readWriteType": "ALL"}), Some("NON_COMPLIANT"));
        deploy(world, "stale", Some(MULTI_REGION), &json!({"readWriteType": "ALL"}), Some("COMPLIANT"));
    })
    .await;
    let (_, comparison) = compare(&live, &[]).await;
    assert_eq!(about(&comparison, "strict")["agrees"], true);
    let not_asked = "trail trail, write-only: multi-region-cloudtrail-enabled does not take this as a fault: its parameter \
                     readWriteType is not set";
    assert_eq!(why(&comparison, "lax"), [not_asked]);
    let none = "no trail that is here now meets what AWS's documentation of multi-region-cloudtrail-enabled names";
    assert_eq!(why(&comparison, "stale"), [none]);
}

#[tokio::test]
async fn what_a_managed_rule_asks_beyond_this_one_explains_its_red() {
    let log_group = "arn:aws:logs:us-east-1:123456789012:log-group:trails";
    let plain = account("compliant", |trail| {
        trail["KmsKeyId"] = Value::Null;
        trail["LogFileValidationEnabled"] = false.into();
        trail["S3BucketName"] = "here".into();
        trail["SnsTopicARN"] = "arn:aws:sns:us-east-1:123456789012:topic".into();
        trail["CloudWatchLogsLogGroupArn"] = format!("{log_group}:*").into();
    });
    let topic = json!({"snsTopicArn": "arn:aws:sns:us-east-1:123456789012:another"});
    let same_group = json!({"cloudWatchLogsLogGroupArn": format!("{log_group}:*")});
    let live = Live::serve(&plain, |world| {
        deploy(world, "bucket", Some(ENABLED), &json!({"s3BucketName": "elsewhere"}), Some("NON_COMPLIANT"));
        deploy(world, "topic", Some(MULTI_REGION), &topic, Some("NON_COMPLIANT"));
        deploy(world, "log-group", Some(ENABLED), &same_group, Some("NON_COMPLIANT"));
        deploy(world, "security", Some(SECURITY), &json!({}), Some("NON_COMPLIANT"));
        deploy(world, "inexplicable", Some(MULTI_REGION), &json!({}), Some("NON_COMPLIANT"));
    })
    .await;
    let (_, comparison) = compare(&live, &[]).await;
    let other = "trail trail, other-bucket (uses another bucket (here)): cloudtrail-enabled is documented to take this as a fault, and here it is none";
    assert_eq!(why(&comparison, "bucket"), [other]);
    let no_key = "trail trail, no-kms-encryption (no KMS key encrypts its log files): cloudtrail-security-trail-enabled is documented to take this as a fault, and here it is none";
    let not_validated = "trail trail, no-log-file-validation (log file validation is off): \
                         cloudtrail-security-trail-enabled is documented to take this as a fault, and here it is none";
    assert_eq!(why(&comparison, "security"), [not_validated, no_key]);
    let other = "trail trail, other-topic (uses another SNS topic (arn:aws:sns:us-east-1:123456789012:topic)): \
                 multi-region-cloudtrail-enabled is documented to take this as a fault, and here it is none";
    assert_eq!(why(&comparison, "topic"), [other]);
    let nothing = "trail trail meets all that AWS's documentation of cloudtrail-enabled names";
    assert_eq!(why(&comparison, "log-group"), [nothing]);
    let nothing = "trail trail meets all that AWS's documentation of multi-region-cloudtrail-enabled names";
    assert_eq!(why(&comparison, "inexplicable"), [nothing]);
}

#[tokio::test]
async fn a_managed_rule_that_asks_for_another_bucket_is_met_by_it() {
    let live = Live::serve(&account("compliant", |trail| trail["S3BucketName"] = "there".into()), |world| {
        deploy(world, OWN, None, &json!({"s3BucketName": "here"}), Some("NON_COMPLIANT"));
        deploy(world, "met", Some(ENABLED), &json!({"s3BucketName": "there"}), Some("COMPLIANT"));
        deploy(world, "unset", Some(ENABLED), &json!({}), Some("COMPLIANT"));
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!(ran.code, Some(1));
    let met = "trail trail, other-bucket: cloudtrail-enabled has another parameter there, and it is met";
    assert_eq!(why(&comparison, "met"), [met]);
    let unset = "trail trail, other-bucket: cloudtrail-enabled does not take this as a fault: its parameter s3BucketName \
                 is not set";
    assert_eq!(why(&comparison, "unset"), [unset]);
}

#[tokio::test]
async fn an_exclusion_that_is_allowed_here_explains_a_red_managed_rule() {
    let live = Live::serve(&account("kms-events-excluded", |_| {}), |world| {
        deploy(world, OWN, None, &json!({"allowedExcludedEventSources": "kms.amazonaws.com"}), Some("COMPLIANT"));
        deploy(world, "a", Some(MULTI_REGION), &json!({}), Some("NON_COMPLIANT"));
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!(ran.code, Some(0), "the deployed parameters are taken");
    assert_eq!(comparison["ruleParameters"], json!({"allowedExcludedEventSources": "kms.amazonaws.com"}));
    let excluded = "trail trail, excluded-event-sources (leaves out events of kms.amazonaws.com): multi-region-cloudtrail-enabled is documented to take this as a fault, and here it is none";
    assert_eq!(why(&comparison, "a"), [excluded]);
}

#[tokio::test]
async fn other_parameters_explain_another_result_of_this_rule() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        deploy(world, OWN, None, &json!({"checkDelivery": "false"}), Some("NON_COMPLIANT"));
        let pack = format!("{OWN}-conformance-pack-abcd1234");
        deploy(world, &pack, None, &json!({"requireOrganizationTrail": "true"}), Some("NON_COMPLIANT"));
        deploy(world, &format!("OrgConfigRule-{OWN}-ef56"), None, &json!({}), Some("COMPLIANT"));
        deploy(world, "another-function", None, &json!({}), Some("NON_COMPLIANT"));
    })
    .await;
    let (ran, comparison) =
        compare(&live, &["--parameter", "maxDeliveryAgeHours=168", "-p", "checkDelivery=true"]).await;
    assert_eq!(comparison["rules"].as_array().unwrap().len(), 3, "{comparison:#}");
    // The example's last delivery is long ago.
    assert_eq!(ran.code, Some(1));
    let (_, comparison) = compare(&live, &[]).await;
    assert_eq!(comparison["ruleParameters"], json!({"checkDelivery": "false"}), "those of the rule of the very name");
    assert_eq!(comparison["rules"][0]["configRuleName"], OWN);
    let (ran, comparison) = compare(&live, &["-p", "checkDelivery=true"]).await;
    assert_eq!(ran.code, Some(0));
    assert_eq!(why(&comparison, OWN), ["its parameter checkDelivery is false, and here true"]);
    assert_eq!(
        why(&comparison, &format!("{OWN}-conformance-pack-abcd1234")),
        ["its parameter requireOrganizationTrail is true, and here false"]
    );
    assert_eq!(about(&comparison, &format!("OrgConfigRule-{OWN}-ef56"))["agrees"], true);
}

#[tokio::test]
async fn an_organizations_trail_is_not_said_to_count() {
    let account = account("organization-member-unreadable", |_| {});
    let live = Live::serve(&account, |world| {
        deploy(world, OWN, None, &json!({"trustOrganizationTrail": "true"}), Some("COMPLIANT"));
        deploy(world, "a", Some(ENABLED), &json!({}), Some("NON_COMPLIANT"));
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines = why(&comparison, "a");
    assert_eq!(
        lines[0],
        "trail trail is trusted here and was not read (trustOrganizationTrail): AWS's documentation does not say whether \
         cloudtrail-enabled counts it"
    );
}

#[tokio::test]
async fn why_there_is_no_result_is_told() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        for name in ["failed", "new", "hidden", "others"] {
            deploy(world, name, Some(ENABLED), &json!({}), None);
        }
        for name in [OWN, "OrgConfigRule-cis-3-1-cloudtrail-all-regions-x"] {
            deploy(world, name, None, &json!({}), None);
        }
        let mut rule = |name| world.config_rule(ACCOUNT, REGION, name);
        let (failed, hidden, others, own) = (rule("failed"), rule("hidden"), rule("others"), rule(OWN));
        let of_organization = rule("OrgConfigRule-cis-3-1-cloudtrail-all-regions-x");
        world.change_evaluation_status(&failed, |status| {
            status.insert("LastFailedEvaluationTime".to_owned(), json!(1_793_534_400.5));
            status.insert("LastErrorCode".to_owned(), "InsufficientPermissions".into());
            status.insert("LastErrorMessage".to_owned(), "The role may not read trails".into());
        });
        world.change_evaluation_status(&own, |status| {
            status.insert("LastSuccessfulInvocationTime".to_owned(), json!(1_793_534_400.5));
        });
        world.change_config_rule(&hidden, |rule| {
            rule.insert("RuleEvaluationVisibility".to_owned(), "INTERNAL".into());
            rule.insert("CreatedBy".to_owned(), "securityhub.amazonaws.com".into());
        });
        world.put_row(&others, row("999999999999", "COMPLIANT"));
        world.put_row(&of_organization, row("888888888888", "COMPLIANT"));
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!(ran.code, Some(0));
    let not_yet = "AWS Config has not evaluated it yet";
    for (name, recorded, lines) in [
        (
            "failed",
            json!("INSUFFICIENT_DATA"),
            &["its last evaluation failed with InsufficientPermissions: The role may not read trails", not_yet][..],
        ),
        ("new", json!("INSUFFICIENT_DATA"), &[not_yet]),
        ("hidden", Value::Null, &["AWS shows nobody the results of this rule (RuleEvaluationVisibility is INTERNAL)"]),
        ("others", json!("INSUFFICIENT_DATA"), &["it has no result for the account, and 1 for other resources"]),
        (
            "OrgConfigRule-cis-3-1-cloudtrail-all-regions-x",
            json!("INSUFFICIENT_DATA"),
            &["it has no result for the account, and 1 for other resources"],
        ),
        (
            OWN,
            json!("INSUFFICIENT_DATA"),
            &["it was invoked and keeps no result: NOT_APPLICABLE was reported, or nothing"],
        ),
    ] {
        let rule = about(&comparison, name);
        assert_eq!(rule["complianceType"], recorded, "{name}");
        assert_eq!(rule["agrees"], Value::Null, "{name}");
        assert_eq!(rule["why"], json!(lines), "{name}");
    }
    assert_eq!(about(&comparison, "hidden")["createdBy"], "securityhub.amazonaws.com");
    let asked_about = |name: &str| {
        let asks = |call: &cloudtrail_all_regions::stand_in::Call| {
            call.operation == "GetComplianceDetailsByConfigRule" && call.request["ConfigRuleName"] == name
        };
        live.stand_in.calls().iter().any(asks)
    };
    assert!(asked_about("new") && !asked_about("hidden"));
}

#[tokio::test]
async fn a_permission_that_is_missing_costs_only_what_it_is_for() {
    for operation in ["DescribeConfigRules", "GetComplianceDetailsByConfigRule", "DescribeConfigRuleEvaluationStatus"] {
        let live = Live::serve(&read_json(&example("stopped")), |world| {
            deploy(world, OWN, None, &json!({}), Some("NON_COMPLIANT"));
            deploy(world, "a", Some(ENABLED), &json!({}), Some("NON_COMPLIANT"));
            world.add_fault(Fault::on(operation, Misbehaviour::Deny));
        })
        .await;
        let (ran, comparison) = compare(&live, &[]).await;
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let not_read = comparison["notRead"].as_array().unwrap();
        assert_eq!(not_read.len(), 1, "{not_read:?}");
        assert_eq!(not_read[0]["action"], format!("config:{operation}"));
        assert_eq!(not_read[0]["errorCode"], "AccessDeniedException");
        let is_about_all = operation == "DescribeConfigRules";
        assert_eq!(not_read[0]["rules"], if is_about_all { json!([]) } else { json!([OWN, "a"]) });
        let own = about(&comparison, OWN);
        let is_known = operation != "GetComplianceDetailsByConfigRule";
        assert_eq!(own["complianceType"], if is_known { json!("NON_COMPLIANT") } else { Value::Null });
        assert_eq!(own["inputParameters"], if is_about_all { Value::Null } else { json!({}) });
        // Without the list nothing is said to be missing.
        assert_eq!(comparison["notDeployed"], if is_about_all { json!([]) } else { json!([MULTI_REGION, SECURITY]) });

        let table = live.run(&["compare"]).await;
        assert_eq!(table.code, Some(1));
        assert_eq!(table.stdout.matches("Not read").count(), 1, "{}", table.stdout);
        assert!(table.stdout.contains(&format!("Not read, as config:{operation} failed")), "{}", table.stdout);
    }
}

#[tokio::test]
async fn every_permission_that_is_missing_is_named() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        // A function's ARN cannot be this; the owner tells.
        deploy(world, "not-aws", Some(ENABLED), &json!({}), Some("NON_COMPLIANT"));
        let rule = world.config_rule(ACCOUNT, REGION, "not-aws");
        world.change_config_rule(&rule, |rule| rule["Source"]["Owner"] = "CUSTOM_LAMBDA".into());
        deploy(world, "a", Some(ENABLED), &json!({}), Some("COMPLIANT"));
        world.add_fault(Fault::on("GetComplianceDetailsByConfigRule", Misbehaviour::Deny));
        world.add_fault(Fault::on("DescribeConfigRuleEvaluationStatus", Misbehaviour::Deny));
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!(ran.code, Some(0));
    let actions: Vec<&Value> = comparison["notRead"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["config:GetComplianceDetailsByConfigRule", "config:DescribeConfigRuleEvaluationStatus"]);
    assert_eq!(comparison["rules"].as_array().unwrap().len(), 1);

    live.stand_in.world().clear_faults();
    live.stand_in.world().add_fault(Fault::on("DescribeConfigRules", Misbehaviour::Deny));
    let (_, comparison) = compare(&live, &[]).await;
    assert_eq!((&comparison["rules"], &comparison["notDeployed"]), (&json!([]), &json!([OWN])));
    assert_eq!(comparison["notRead"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn trails_that_may_not_be_listed_explain_nothing() {
    let mut refused = read_json(&example("compliant"));
    refused["trails"] = json!({"refused": {"operation": "DescribeTrails", "code": "AccessDeniedException"}});
    let live = Live::serve(&refused, |world| deploy(world, "a", Some(ENABLED), &json!({}), Some("COMPLIANT"))).await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!((ran.code, &comparison["verified"]), (Some(2), &json!(false)));
    assert_eq!(comparison["rules"][0]["agrees"], json!(false));
    let nothing = "here DescribeTrails was refused, so that nothing can be held against its result";
    assert_eq!(why(&comparison, "a"), [nothing]);
}

#[tokio::test]
async fn rules_are_found_on_every_page_and_by_any_name() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        for number in 0..60 {
            deploy(world, &format!("a-{number:02}"), Some("IAM_PASSWORD_POLICY"), &json!({}), None);
        }
        deploy(world, "zz-custom-name", Some(MULTI_REGION), &json!({}), Some("COMPLIANT"));
        deploy(world, "my-name", None, &json!({}), Some("COMPLIANT"));
        world.page_size = Some(7);
        world.empty_pages = true;
    })
    .await;
    let (_, comparison) = compare(&live, &["--rule", "my-name"]).await;
    assert_eq!(about(&comparison, "zz-custom-name")["agrees"], true);
    assert_eq!(about(&comparison, "my-name")["agrees"], true);
    let calls = live.stand_in.calls();
    assert!(calls.iter().filter(|call| call.operation == "DescribeConfigRules").count() > 9);

    let ran = live.run(&["compare", "--rule", "my-nmae"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    let says = "error: there is no rule `my-nmae` of a Lambda function in us-east-1; the nearest is my-name\n";
    assert_eq!(ran.stderr, says);
}

#[tokio::test]
async fn without_a_verdict_the_records_are_shown_all_the_same() {
    let live = Live::serve(&read_json(&example("throttled")), |world| {
        deploy(world, OWN, None, &json!({}), Some("COMPLIANT"));
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("\nerror: account 123456789012: no verdict: "), "{}", ran.stderr);
    assert_eq!(comparison["complianceType"], Value::Null);
    let own = about(&comparison, OWN);
    assert_eq!((&own["complianceType"], &own["agrees"]), (&json!("COMPLIANT"), &Value::Null));
    assert!(own["why"][0].as_str().unwrap().starts_with("there is no verdict here to compare with: no verdict: "));
}

#[tokio::test]
async fn a_misconfigured_rule_is_compared_without_reading_trails() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        deploy(world, OWN, None, &json!({"checkDelivry": "true"}), Some("NON_COMPLIANT"));
        deploy(world, "a", Some(MULTI_REGION), &json!({}), Some("COMPLIANT"));
    })
    .await;
    let (ran, comparison) = compare(&live, &[]).await;
    assert_eq!(ran.code, Some(1));
    assert_eq!(about(&comparison, OWN)["agrees"], true);
    let decided =
        "here the parameters decide: Rule misconfigured: `checkDelivry` is no parameter; the nearest is checkDelivery";
    assert_eq!(why(&comparison, "a"), [decided]);
    assert!(!live.operations().contains(&"DescribeTrails".to_owned()));
}

#[tokio::test]
async fn broken_parameters_of_this_rule_are_shown_as_they_are() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        deploy(world, OWN, None, &json!("{checkDelivery"), Some("NON_COMPLIANT"));
    })
    .await;
    let (_, comparison) = compare(&live, &[]).await;
    assert_eq!(comparison["ruleParameters"], "\"{checkDelivery\"");
    assert_eq!(about(&comparison, OWN)["inputParameters"], "\"{checkDelivery\"");
}

#[tokio::test]
async fn the_table_shows_each_rule_its_age_and_why() {
    let live = Live::serve(&account("stopped", |_| {}), |world| {
        deploy(world, OWN, None, &json!({}), Some("NON_COMPLIANT"));
        deploy(world, "a", Some(MULTI_REGION), &json!({"readWriteType": "ALL"}), Some("COMPLIANT"));
    })
    .await;
    let file = live.path("comparison.txt");
    let ran = live.run(&["compare", "--output", file.to_str().unwrap()]).await;
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(1), "", ""));
    let table = std::fs::read_to_string(file).unwrap();
    for line in [
        "AWS Config in us-east-1 has recorded:",
        "  NON_COMPLIANT  cis-3-1-cloudtrail-all-regions  this rule",
        "    Says the same.",
        "  COMPLIANT  a  MULTI_REGION_CLOUD_TRAIL_ENABLED",
        "    Parameters: readWriteType=ALL",
        "    Differs:",
        "Not deployed in us-east-1: CLOUD_TRAIL_ENABLED, CLOUDTRAIL_SECURITY_TRAIL_ENABLED",
    ] {
        assert!(table.lines().any(|shown| shown == line), "`{line}` is not in\n{table}");
    }
    assert_eq!(table.matches(", 3 h 30 min ago\n").count(), 2, "{table}");
    assert!(
        table.contains(&format!("    - {}", is_not_said("trail", "not-logging", "multi-region-cloudtrail-enabled")))
    );
    assert!(!table.contains('\x1b'));
}

#[tokio::test]
async fn the_summary_of_a_ci_job_shows_each_rule_and_why() {
    let live = Live::serve(&account("stopped", |_| {}), |world| {
        deploy(world, OWN, None, &json!({}), Some("NON_COMPLIANT"));
        deploy(world, "a|b", Some(MULTI_REGION), &json!({}), Some("COMPLIANT"));
    })
    .await;
    let file = live.path("comparison.md");
    let ran = live.run(&["compare", "--output", file.to_str().unwrap()]).await;
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(1), "", ""));
    let summary = std::fs::read_to_string(file).unwrap();
    assert!(summary.starts_with("# CIS AWS Foundations v3.0.0, 3.1\n"), "{summary}");
    let is_row = |line: &str| {
        line.starts_with("| a\\|b | MULTI\\_REGION\\_CLOUD\\_TRAIL\\_ENABLED | COMPLIANT | 20")
            && line.ends_with(" UTC, 3 h 30 min ago | no |")
    };
    assert!(summary.lines().any(is_row), "{summary}");
    assert!(summary.contains("| cis-3-1-cloudtrail-all-regions | this rule | NON\\_COMPLIANT |"), "{summary}");
    assert!(summary.contains("\nNot deployed in us-east-1: CLOUD\\_TRAIL\\_ENABLED"), "{summary}");
    let shown = live.run(&["compare", "--format", "MARKDOWN"]).await;
    assert_eq!(shown.stdout.lines().count(), summary.lines().count());
    let mistaken = live.run(&["compare", "--output", "json"]).await;
    assert_eq!((mistaken.code, mistaken.stderr.contains("tip: --format json")), (Some(64), true));
}

#[tokio::test]
async fn where_nothing_is_recorded_no_heading_stands_over_it() {
    let live = Live::example("compliant").await;
    let ran = live.run(&["compare"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(!ran.stdout.contains("has recorded"), "{}", ran.stdout);
    let not_deployed =
        format!("Not deployed in us-east-1: {OWN}, {MULTI_REGION}, {ENABLED}, {SECURITY} (--rule takes another name)");
    assert!(ran.stdout.contains(&format!("\n\n{not_deployed}\n")), "{}", ran.stdout);
}

#[tokio::test]
async fn what_others_wrote_sends_a_terminal_no_escape_sequences() {
    const HOSTILE: &str = "\u{1b}[2J\u{202e}\u{9b}1m";
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        deploy(world, "a", Some(ENABLED), &json!({HOSTILE: HOSTILE}), None);
        deploy(world, "b", Some(ENABLED), &json!({}), None);
        let (a, b) = (world.config_rule(ACCOUNT, REGION, "a"), world.config_rule(ACCOUNT, REGION, "b"));
        world.put_row(&a, Row { annotation: Some(format!("annotation{HOSTILE}")), ..row(ACCOUNT, "COMPLIANT") });
        world.change_config_rule(&a, |rule| {
            rule.insert("CreatedBy".to_owned(), format!("by{HOSTILE}").into());
        });
        world.change_evaluation_status(&b, |status| {
            status.insert("LastErrorCode".to_owned(), format!("code{HOSTILE}").into());
            status.insert("LastErrorMessage".to_owned(), format!("message{HOSTILE}").into());
        });
    })
    .await;
    let ran = live.run(&["compare"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for part in ["annotation", "by", "code", "message", "="] {
        assert!(ran.stdout.contains(&format!("{part}?[2J??1m")), "{part} is not in\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{:?}", ran.stdout);
}

fn for_people(time: &str) -> String {
    Timestamp::parse(time).unwrap().for_people().to_string()
}
