//! Answers that others recorded from the real CloudTrail, where such recordings are at hand: a folder an account, a
//! file an API call (`cloudtrail.GetTrailStatus_1.json`), as the recorder `placebo` writes them. The folder is
//! `../shared/recorded/accounts`, or `accounts` in the folder that the environment variable `RECORDED_DIR` names; where
//! it is not there, nothing is tested.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use cloudtrail_all_regions::rule::{evidence::Evidence, judge, parameters::RuleParameters, reasons::Code};
use serde_json::{Value, json};

fn recorded() -> Option<PathBuf> {
    let folder = env::var_os("RECORDED_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recorded"), PathBuf::from);
    Some(folder.join("accounts")).filter(|folder| folder.is_dir())
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
fn recorded_accounts_get_their_verdicts() {
    let Some(folder) = recorded() else { return };
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
        let parameters = RuleParameters::parse(Some(parameters), "us-east-1").unwrap();
        let verdict = judge(&evidence, &parameters);
        let codes: Vec<Vec<&str>> =
            verdict.trails.iter().map(|judged| judged.codes().map(Code::as_str).collect()).collect();
        assert_eq!(codes, reasons, "{name}");
        assert_eq!(verdict.evaluations.unwrap()[0].compliance_type.as_str(), compliance_type, "{name}");
    }
}
