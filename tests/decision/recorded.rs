//! What others recorded of the real services, where it is at hand: the environment variable `RECORDED_DIR` names a folder
//! with AWS Config's events in `events`, a file each, and CloudTrail's answers in `accounts`: a folder an account, a file
//! an API call (`cloudtrail.GetTrailStatus_1.json`), as the recorder `placebo` writes them.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use cloudtrail_all_regions::rule::{evidence::Evidence, judge, parameters::RuleParameters, reasons::Code};
use serde_json::{Value, json};

use crate::invocation::{Expect, check, json_files};

fn recorded(folder: &str) -> PathBuf {
    PathBuf::from(env::var_os("RECORDED_DIR").expect("RECORDED_DIR names no folder")).join(folder)
}

/// An answer with the recorder's date objects as ISO 8601.
fn answer(folder: &Path, call: &str) -> Option<Value> {
    let text = fs::read_to_string(folder.join(format!("cloudtrail.{call}.json"))).ok()?;
    let mut answer = serde_json::from_str::<Value>(&text).unwrap()["data"].take();
    for value in answer.as_object_mut().unwrap().values_mut() {
        if value["__class__"] == "datetime" {
            let part = |name: &str| value[name].as_u64().unwrap();
            let date = format!("{:04}-{:02}-{:02}", part("year"), part("month"), part("day"));
            let time = format!("{:02}:{:02}:{:02}", part("hour"), part("minute"), part("second"));
            *value = json!(format!("{date}T{time}.{:06}Z", part("microsecond")));
        }
    }
    Some(answer)
}

/// The n-th trail gets the n-th recorded answers; where a status was not recorded it is logging, and where selectors
/// were not, they are the default ones.
fn evidence(folder: &Path, account_id: &str) -> Evidence {
    let mut trails = answer(folder, "DescribeTrails_1").unwrap()["trailList"].take();
    for (number, trail) in (1..).zip(trails.as_array_mut().unwrap()) {
        let status = answer(folder, &format!("GetTrailStatus_{number}"));
        trail["GetTrailStatus"] = status.unwrap_or_else(|| json!({"IsLogging": true}));
        if let Some(selectors) = answer(folder, &format!("GetEventSelectors_{number}")) {
            trail["GetEventSelectors"] = selectors;
        } else {
            trail["HasCustomEventSelectors"] = json!(false);
            trail["GetEventSelectors"] = json!({});
        }
    }
    let evidence = json!({
        "accountId": account_id,
        "region": "us-east-1",
        "collectedAt": "2026-11-01T12:00:00Z",
        "trails": trails,
    });
    Evidence::parse(&evidence.to_string()).unwrap()
}

#[test]
#[ignore = "needs RECORDED_DIR"]
fn recorded_accounts_get_their_verdicts() {
    let folder = recorded("accounts");
    let excludes_rds = "test_cloudtrail_success_management_advanced_events_included";
    let allowing_rds = json!({"allowedExcludedEventSources": "rdsdata.amazonaws.com"});
    let allowing_kms = json!({"allowedExcludedEventSources": "kms.amazonaws.com"});
    let delivered_lately = json!({"maxDeliveryAgeHours": 168});
    let none = json!({});
    let four: &[&[&str]] = &[&[], &[], &[], &["single-region", "no-global-service-events"]];
    for (name, account, parameters, compliance_type, reasons) in [
        ("test_account_trail", "644160558196", &none, "COMPLIANT", &[&[][..]][..]),
        ("test_account_trail", "644160558196", &delivered_lately, "NON_COMPLIANT", &[&["delivery-stale"]]),
        ("test_account_trail_different_region", "644160558196", &none, "NON_COMPLIANT", &[&["single-region"]]),
        ("test_cloudtrail_event_selectors", "123456789012", &none, "COMPLIANT", four),
        (excludes_rds, "644160558196", &none, "NON_COMPLIANT", &[&["excluded-event-sources"]]),
        (excludes_rds, "644160558196", &allowing_kms, "NON_COMPLIANT", &[&["excluded-event-sources"]]),
        (excludes_rds, "644160558196", &allowing_rds, "COMPLIANT", &[&[]]),
    ] {
        let evidence = evidence(&folder.join(name), account);
        let parameters = RuleParameters::parse(&parameters.clone().into(), "us-east-1").unwrap();
        let verdict = judge(&evidence, &parameters);
        let codes: Vec<Vec<&str>> =
            verdict.trails.iter().map(|judged| judged.codes().map(Code::as_str).collect()).collect();
        assert_eq!(codes, reasons, "{name}");
        assert_eq!(verdict.evaluations.unwrap()[0].compliance_type.as_str(), compliance_type, "{name}");
    }
}

#[test]
#[ignore = "needs RECORDED_DIR"]
fn recorded_events_end_as_specified() {
    let thirteen_digits =
        || Expect::InvalidInvocation(vec!["`accountId` is `0123456789012`; valid are 12 digits".into()]);
    let instance = |id: &str| json!({"NotApplicable": {"ResourceType": "AWS::EC2::Instance", "ResourceId": id, "Reason": "ResourceType"}});
    let trail = |id: &str| json!({"Account": {"Withdraw": false, "Trail": {"ResourceId": id, "IsGone": false}}});
    let scheduled = || json!({"Account": {"Withdraw": true, "Trail": null}});
    let taken = |subject: Value, message_type: &str, time: &str, region: &str, parameters: Value| {
        let Value::Object(expected) = json!({
            "Subject": subject, "MessageType": message_type, "OrderingTimestamp": time, "Region": region,
            "RuleParameters": parameters, "Partition": "aws", "EvaluationMode": "DETECTIVE", "Warnings": [],
        }) else {
            unreachable!()
        };
        Expect::Invocation(expected)
    };
    let changed = |subject| {
        let parameters = json!({"desiredInstanceType": "t2.micro"});
        taken(subject, "ConfigurationItemChangeNotification", "2023-04-27T15:03:13.332Z", "us-east-1", parameters)
    };
    let oversized = |subject| {
        let parameters = json!({"myParameterKey": "myParameterValue"});
        let message_type = "OversizedConfigurationItemChangeNotification";
        taken(subject, message_type, "2016-10-06T16:46:16.261Z", "us-east-2", parameters)
    };
    let on_schedule = || {
        let parameters = json!({"test": "x"});
        taken(scheduled(), "ScheduledNotification", "2023-04-27T13:26:17.741Z", "us-east-1", parameters)
    };
    let without_parameters = |subject| {
        let message_type = "ConfigurationItemChangeNotification";
        taken(subject, message_type, "2016-08-27T12:04:09.078Z", "us-east-1", json!({}))
    };
    // As recorded; with the account repaired to 12 digits; and with a trail in place of the instance.
    let mut expected = BTreeMap::from([
        (
            "ConfigurationChanged.json",
            [thirteen_digits(), changed(instance("i-042dd005362091826")), changed(trail("i-042dd005362091826"))],
        ),
        (
            "OversizedConfiguration.json",
            [oversized(instance("i-00000000")), oversized(instance("i-00000000")), oversized(trail("i-00000000"))],
        ),
        ("Scheduled.json", [thirteen_digits(), on_schedule(), on_schedule()]),
        (
            "instance-without-rule-parameters.json",
            [
                without_parameters(instance("i-094bc87c84d56c589")),
                without_parameters(instance("i-094bc87c84d56c589")),
                without_parameters(trail("i-094bc87c84d56c589")),
            ],
        ),
    ]);
    for (name, recorded) in json_files(&recorded("events")) {
        let expected = expected.remove(name.as_str()).unwrap_or_else(|| panic!("{name}: nothing is expected of it"));
        let repaired = recorded.replace("0123456789012", "123456789012");
        let of_a_trail = repaired.replace("AWS::EC2::Instance\\\"", "AWS::CloudTrail::Trail\\\"");
        for (event, expect) in [recorded, repaired, of_a_trail].iter().zip(&expected) {
            check(&name, &serde_json::from_str(event).unwrap(), expect);
        }
    }
    assert_eq!(expected.into_keys().collect::<Vec<_>>(), Vec::<&str>::new());
}
