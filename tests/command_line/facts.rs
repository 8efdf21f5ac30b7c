//! What the rule asked and what AWS answered is shown, whether a trail passes or not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cloudtrail_all_regions::{
    clock::Clock,
    report::{Report, format::Format, reports::Reports},
    rule::{
        evidence::Evidence,
        parameters::{InputParameters, RuleParameters},
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Ran, bare, example, read_json};

/// The formats that show the facts.
const FORMATS: [&str; 4] = ["table", "html", "json", "csv"];

fn folder(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn report(evidence: &Value, given: &Value) -> Report {
    let evidence = Evidence::parse(&evidence.to_string()).unwrap_or_else(|error| panic!("{error}: {evidence:#}"));
    let given: InputParameters = given.clone().into();
    let parameters = RuleParameters::parse(&given, &evidence.region).unwrap();
    Report::of(&evidence, &parameters, given)
}

fn shown(report: Report, format: &str) -> String {
    let mut out = Vec::new();
    let format = Format::ALL.iter().find(|known| known.name == format).unwrap();
    let accounts = [report];
    let reports = Reports { with_facts: true, ..accounts[..].into() };
    format.render(&reports, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn evidence_of_the_future_is_not_as_fresh_as_was_asked_for() {
    let home = TempDir::new().unwrap();
    let now = Clock::System.now();
    for (seconds, code, caveats) in
        [(86_400, 2, json!(["no-checksum", "of-the-future"])), (60, 0, json!(["no-checksum"]))]
    {
        let mut evidence = read_json(&example("compliant"));
        evidence["collectedAt"] = now.plus_seconds(seconds).to_string().into();
        fs::write(home.path().join("evidence.json"), evidence.to_string()).unwrap();
        let check = ["check", "--evidence", "evidence.json", "--format", "json"];
        let any_age = Ran::new(bare(home.path(), &check).output().unwrap());
        assert_eq!(any_age.code, Some(0), "{}", any_age.stderr);
        let ran = Ran::new(bare(home.path(), &[&check[..], &["--max-age", "1h"]].concat()).output().unwrap());
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        let report = &ran.json()["accounts"][0];
        assert_eq!((&report["complianceType"], &report["caveats"]), (&json!("COMPLIANT"), &caveats));
    }
}

#[test]
fn the_age_of_a_proof_counts_from_the_earlier_of_its_two_clocks() {
    let home = TempDir::new().unwrap();
    let now = Clock::System.now();
    let proof = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/proofs/every-region-delivers.json");
    for (collected, date, caveats) in [
        (0, "2026-11-25T01:03:52Z", json!(["no-checksum", "too-old"])),
        (-7200, "", json!(["no-checksum", "too-old"])),
        (86_400, "", json!(["no-checksum", "of-the-future"])),
        (-60, "", json!(["no-checksum"])),
    ] {
        let mut evidence = read_json(&proof);
        evidence["collectedAt"] = now.plus_seconds(collected).to_string().into();
        let date = if date.is_empty() { now.plus_seconds(collected + 5).to_string() } else { date.to_owned() };
        evidence["trails"][0]["delivery"]["date"] = date.into();
        fs::write(home.path().join("proof.json"), evidence.to_string()).unwrap();
        let arguments = ["prove", "--evidence", "proof.json", "--max-age", "1h", "--format", "json"];
        let ran = Ran::new(bare(home.path(), &arguments).output().unwrap());
        assert_eq!(ran.json()["accounts"][0]["caveats"], caveats, "{collected} {}", ran.stderr);
    }
}

/// A trail of which every answer is there.
fn full() -> Value {
    json!({
        "accountId": "123456789012", "region": "us-east-1", "collectedAt": "2026-11-01T12:00:00Z",
        "trails": [{
            "Name": "audit",
            "TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/audit",
            "HomeRegion": "us-east-1",
            "S3BucketName": "logs",
            "S3KeyPrefix": "prefix",
            "IsMultiRegionTrail": true,
            "IncludeGlobalServiceEvents": true,
            "IsOrganizationTrail": false,
            "HasCustomEventSelectors": true,
            "LogFileValidationEnabled": true,
            "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
            "SnsTopicARN": "arn:aws:sns:us-east-1:123456789012:topic",
            "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:group:*",
            "GetTrailStatus": {
                "IsLogging": true,
                "LatestDeliveryError": "NoSuchBucket",
                "LatestDeliveryTime": "2026-11-01T11:55:00Z",
                "LatestDigestDeliveryTime": "2026-11-01T11:30:00Z",
                "StartLoggingTime": "2026-10-31T08:00:00Z",
                "StopLoggingTime": "2026-10-24T08:00:00Z",
            },
            "GetEventSelectors": {
                "EventSelectors": [{
                    "ReadWriteType": "ReadOnly",
                    "IncludeManagementEvents": true,
                    "ExcludeManagementEventSources": ["kms.amazonaws.com"],
                    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::bucket/"]}],
                }],
                "AdvancedEventSelectors": [{"Name": "label", "FieldSelectors": [
                    {"Field": "eventCategory", "Equals": ["Management"]},
                    {"Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com"], "StartsWith": ["a"]},
                    {"Field": "eventName", "EndsWith": ["b"], "NotStartsWith": ["c"], "NotEndsWith": ["d"]},
                ]}],
            },
        }],
    })
}

/// What the decision does not look at: what else a selector takes, a label, and what `prove` alone reads.
const NOT_LOOKED_AT: [&str; 3] = ["DataResources", "Name", "delivery"];

/// Every value in a document, with its JSON pointer.
fn values(document: &Value, pointer: &str, found: &mut Vec<(String, Value)>) {
    match document {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| values(value, &format!("{pointer}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| values(value, &format!("{pointer}/{index}"), found));
        }
        value => found.push((pointer.to_owned(), value.clone())),
    }
}

fn another(value: &Value) -> Value {
    match value {
        Value::Bool(value) => json!(!value),
        Value::String(text) if text.starts_with("2026-") => json!(text.replacen("2026-", "2025-", 1)),
        Value::String(text) if text == "us-east-1" => json!("eu-west-1"),
        Value::String(text) => json!(format!("{text}2")),
        other => panic!("{other} has no other"),
    }
}

#[test]
fn every_answer_that_the_rule_looks_at_is_shown_in_table_page_json_and_csv() {
    let schema: Value = serde_json::from_str(include_str!("../../src/rule/evidence.schema.json")).unwrap();
    let mut looked_at = BTreeSet::new();
    let mut checked = 0;
    let mut found = Vec::new();
    values(&full()["trails"], "/trails", &mut found);
    for (pointer, value) in found {
        looked_at.extend(pointer.split('/').map(str::to_owned));
        let is_trails_name = pointer == "/trails/0/Name";
        if NOT_LOOKED_AT.iter().any(|name| pointer.split('/').any(|part| part == *name)) && !is_trails_name {
            continue;
        }
        let mut changed = full();
        *changed.pointer_mut(&pointer).unwrap() = another(&value);
        for format in FORMATS {
            let (before, after) = (report(&full(), &json!({})), report(&changed, &json!({})));
            assert_ne!(shown(before, format), shown(after, format), "{pointer} is not shown as {format}");
            checked += 1;
        }
    }
    for part in ["trail", "trailStatus", "eventSelectors", "eventSelector", "advancedEventSelector", "fieldSelector"] {
        for name in schema["$defs"][part]["properties"].as_object().unwrap().keys() {
            let is_known = looked_at.contains(name)
                || NOT_LOOKED_AT.contains(&name.as_str())
                || ["refused", "unanswered"].contains(&name.as_str());
            assert!(is_known, "{part}.{name} is in the evidence: is it shown?");
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn what_was_not_read_is_shown_with_its_call_and_its_error() {
    for (call, state) in [
        ("ListDiscoveredResources", "refused"),
        ("ListDiscoveredResources", "unanswered"),
        ("GetTrailStatus", "refused"),
        ("GetTrailStatus", "unanswered"),
        ("GetEventSelectors", "refused"),
        ("GetEventSelectors", "unanswered"),
    ] {
        let mut evidence = full();
        let refusal = json!({state: {"operation": call, "code": "SomeException"}});
        match call {
            "ListDiscoveredResources" => evidence["discoveredTrails"] = refusal,
            call => evidence["trails"][0][call] = refusal,
        }
        for format in FORMATS {
            let shown = shown(report(&evidence, &json!({})), format);
            assert!(shown.contains(&format!("{call} SomeException")), "{format}: {shown}");
        }
    }
}

/// The four facts of the audit, and four that an auditor asks for, too.
const ASKED_BY_AN_AUDITOR: [&str; 7] = [
    "Multi-Region",
    "Logging",
    "Management events",
    "Excluded event sources",
    "Latest delivery",
    "Log file validation",
    "KMS key",
];

#[test]
fn the_facts_of_the_audit_are_shown_for_every_example_account() {
    for path in folder("examples/accounts") {
        let evidence: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let report = report(&evidence, &json!({}));
        let trails = report.trails.len();
        for format in ["table", "html", "json"] {
            let shown = shown(report.clone(), format);
            for fact in ASKED_BY_AN_AUDITOR {
                assert!(shown.matches(fact).count() >= trails, "{}: {fact} as {format}", path.display());
            }
        }
    }
}

#[test]
fn the_facts_of_the_audit_are_columns_of_csv_for_every_example_account() {
    let mut told = BTreeSet::new();
    for path in folder("examples/accounts") {
        let evidence: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let report = report(&evidence, &json!({}));
        let document: Value = serde_json::from_str(&shown(report.clone(), "json")).unwrap();
        let text = shown(report, "csv");
        let rows: Vec<BTreeMap<String, String>> =
            csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.unwrap()).collect();
        for trail in document["accounts"][0]["trails"].as_array().unwrap() {
            let row = rows.iter().find(|row| trail["name"] == *row["Name"] && trail["trailArn"] == *row["TrailARN"]);
            let row = row.unwrap_or_else(|| panic!("{}: {trail:#}", path.display()));
            for (column, fact) in [
                ("IsMultiRegionTrail", "isMultiRegionTrail"),
                ("IsLogging", "isLogging"),
                ("IncludeManagementEvents", "includeManagementEvents"),
                ("ReadWriteType", "readWriteType"),
                ("ExcludedEventSources", "excludedEventSources"),
                ("LatestDeliveryTime", "latestDeliveryTime"),
                ("LatestDeliveryError", "latestDeliveryError"),
                ("LogFileValidationEnabled", "logFileValidationEnabled"),
                ("KmsKeyId", "kmsKeyId"),
            ] {
                let expected = match &trail[fact] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    Value::Array(texts) => {
                        texts.iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>().join("; ")
                    }
                    answer => answer.to_string(),
                };
                assert_eq!(row[column], expected, "{}: {column}", path.display());
                if !expected.is_empty() {
                    told.insert(column);
                }
            }
        }
    }
    assert_eq!(told.len(), 9, "{told:?}");
}

#[test]
fn a_trail_passes_exactly_where_every_fact_that_is_asked_is_met() {
    let mut seen = BTreeSet::new();
    for path in folder("tests/cases/cloudtrail_all_regions") {
        let case: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        if !case["Given"].is_object() || case["Expect"]["Trails"].is_null() {
            continue;
        }
        let is_trusting = case["RuleParameters"].to_string().contains("trustOrganizationTrail");
        for trail in report(&case["Given"], &case["RuleParameters"]).trails {
            let asked = || trail.facts.all.iter().filter(|fact| fact.asked.is_some());
            let is_failing = asked().any(|fact| fact.met == Some(false));
            let is_met = asked().all(|fact| fact.met == Some(true));
            let result = format!("{:?}", trail.result);
            assert_eq!(is_failing, result == "Fail", "{}: {:#?}", path.display(), trail.facts.all);
            if !is_trusting {
                assert_eq!(is_met, result == "Pass", "{}: {:#?}", path.display(), trail.facts.all);
            }
            seen.insert(result);
        }
    }
    assert_eq!(seen.len(), 4);
}

fn table(evidence: &Value) -> String {
    let mut out = Vec::new();
    Format::TABLE.render(&(&[report(evidence, &json!({}))][..]).into(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_stop_that_is_over_is_told_though_the_trail_passes() {
    let mut evidence = full();
    evidence["trails"][0]["GetEventSelectors"] = json!({"EventSelectors": [{"ReadWriteType": "All"}]});
    evidence["trails"][0]["GetTrailStatus"]["LatestDeliveryError"] = Value::Null;
    let table = table(&evidence);
    assert!(table.contains("COMPLIANT"), "{table}");
    let gap = "It was stopped from 2026-10-24 08:00:00 UTC to 2026-10-31 08:00:00 UTC: nothing recorded for 7 days.";
    assert!(table.contains(gap), "{table}");
}

#[test]
fn a_second_trail_that_takes_management_events_is_named_with_what_it_costs() {
    let mut evidence: Value =
        serde_json::from_str(&fs::read_to_string("examples/accounts/compliant.json").unwrap()).unwrap();
    let mut second = evidence["trails"][0].clone();
    second["Name"] = json!("second");
    second["TrailARN"] = json!("arn:aws:cloudtrail:us-east-1:123456789012:trail/second");
    second["GetEventSelectors"]["TrailARN"] = second["TrailARN"].clone();
    evidence["trails"].as_array_mut().unwrap().push(second.clone());
    let both = report(&evidence, &json!({}));
    let notes: Vec<(&str, usize)> = both.trails.iter().map(|trail| (trail.name.as_str(), trail.notes.len())).collect();
    assert_eq!(notes, [("management-events", 0), ("second", 1)]);
    assert!(both.trails[1].notes[0].contains("2.00 USD per 100,000 events"));

    evidence["trails"][1]["GetTrailStatus"]["IsLogging"] = json!(false);
    assert!(report(&evidence, &json!({})).trails[1].notes.is_empty(), "what is stopped costs nothing");
}

#[test]
fn in_a_compliant_account_the_passing_trail_stands_first_and_nothing_is_to_be_done() {
    let evidence: Value =
        serde_json::from_str(&fs::read_to_string("examples/accounts/several-trails.json").unwrap()).unwrap();
    let table = table(&evidence);
    let place = |words: &str| table.find(words).unwrap();
    assert!(place("PASS") < place("FAIL"), "{table}");
    assert!(!table.contains("$ aws") && !table.contains("Nothing needs to be done"), "{table}");
}
