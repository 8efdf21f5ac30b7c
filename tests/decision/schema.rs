//! The JSON Schema of Evidence says the same as the program that reads it.

use cloudtrail_all_regions::rule::evidence::Evidence;
use serde_json::{Value, json};

use crate::evidence_schema::against_evidence_schema;

fn evidence() -> Value {
    json!({
        "accountId": "123456789012",
        "region": "us-east-1",
        "collectedAt": "2026-11-01T12:00:00Z",
        "trails": [{
            "IsMultiRegionTrail": true,
            "GetTrailStatus": {"IsLogging": true, "LatestDeliveryTime": 1_793_534_400.5},
            "GetEventSelectors": {"AdvancedEventSelectors": [
                {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
            ]},
        }],
        "discoveredTrails": ["management-events"],
        "deletedTrail": "gone",
    })
}

fn provenance() -> Value {
    json!({
        "collectedBy": "cloudtrail-all-regions 0.1.0",
        "ruleParameters": {"checkDelivery": "true"},
        "calls": [{
            "operation": "DescribeTrails",
            "region": "us-east-1",
            "at": "2026-11-01T12:00:00Z",
            "requestId": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "errorCode": null,
        }],
        "verdict": {"complianceType": "COMPLIANT", "annotation": "audit records"},
        "sha256": "00",
    })
}

fn refusal() -> Value {
    json!({"operation": "GetTrailStatus", "code": "AccessDeniedException", "homeRegionCode": "TimedOut"})
}

fn with_provenance(pointer: &str, value: Value) -> Value {
    let mut document = evidence();
    document["provenance"] = provenance();
    change(document, &format!("/provenance{pointer}"), value)
}

fn changed(pointer: &str, value: Value) -> Value {
    change(evidence(), pointer, value)
}

fn change(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        object => object[name] = value,
    }
    document
}

#[test]
fn a_document_of_the_format_is_valid_for_both() {
    let status = "/trails/0/GetTrailStatus";
    for document in [
        evidence(),
        changed("/trails", json!([])),
        changed("/trails", json!({"refused": refusal()})),
        changed("/trails", json!({"unanswered": refusal()})),
        changed("/discoveredTrails", json!({"unanswered": refusal()})),
        changed("/discoveredTrails", Value::Null),
        changed("/deletedTrail", Value::Null),
        changed("/provenance", Value::Null),
        changed("/provenance", provenance()),
        with_provenance("/verdict/complianceType", Value::Null),
        with_provenance("/calls", json!([])),
        changed("/collectedAt", json!(1_793_534_400)),
        changed("/collectedAt", json!("2026-11-01T14:00:00.123456+02:00")),
        changed(status, json!({})),
        changed(status, Value::Null),
        changed(status, json!({"refused": refusal()})),
        changed(
            status,
            json!({"IsLogging": null, "LatestDeliveryTime": null, "ResponseMetadata": {"RetryAttempts": 0}}),
        ),
        changed("/trails/0/S3KeyPrefix", json!("prefix")),
        changed("/trails/0/GetEventSelectors", json!({"EventSelectors": null, "TrailARN": "x"})),
        changed("/trails/0/GetEventSelectors", json!({"EventSelectors": [{"DataResources": []}]})),
    ] {
        assert_eq!(against_evidence_schema(&document), Vec::<String>::new(), "{document}");
        assert!(Evidence::parse(&document.to_string()).is_ok(), "{document}");
    }
}

#[test]
fn what_the_shipped_script_writes_is_valid() {
    let text = include_str!("../outside/evidence/evidence.json");
    assert_eq!(against_evidence_schema(&serde_json::from_str(text).unwrap()), Vec::<String>::new());
    let evidence = Evidence::parse(text).unwrap();
    assert_eq!(evidence.trails.known().map(Vec::len), Some(5));
}

#[test]
fn a_broken_document_is_refused_by_both() {
    let status = "/trails/0/GetTrailStatus";
    let fields = "/trails/0/GetEventSelectors/AdvancedEventSelectors/0/FieldSelectors";
    for document in [
        json!(null),
        json!([]),
        json!({}),
        changed("/accountId", json!("12345678901")),
        changed("/accountId", json!(123_456_789_012_u64)),
        changed("/region", json!("us-east-1.example.com")),
        changed("/region", json!("")),
        changed("/collectedAt", json!("yesterday")),
        changed("/collectedAt", json!("1793534400.25")),
        changed("/formatVersion", json!(2)),
        changed("/formatVersion", json!("1")),
        changed("/collectedAt", json!("2026-11-01")),
        changed("/collectedAt", json!("1793534400.25")),
        changed("/collectedAt", Value::Null),
        changed("/trails", Value::Null),
        changed("/trails", json!({})),
        changed("/trails", json!({"refused": {"operation": "DescribeTrails"}})),
        changed("/trails", json!({"refused": {"code": "AccessDeniedException"}})),
        changed("/trails", json!({"refused": "AccessDeniedException"})),
        changed("/trails", json!({"refused": refusal(), "unanswered": refusal()})),
        changed("/trails/0", json!("management-events")),
        changed("/trails/0", json!([])),
        changed("/trails/0", json!([true, "arn:aws:cloudtrail:us-east-1:123456789012:trail/in-order"])),
        changed("/trails", json!({"refused": ["DescribeTrails", "AccessDeniedException"]})),
        changed(status, json!({"unanswered": ["GetTrailStatus", "TimedOut", null]})),
        changed("/trails/0/GetEventSelectors", json!({"EventSelectors": [["All"]]})),
        changed("/trails/0/GetEventSelectors", json!({"AdvancedEventSelectors": [[[]]]})),
        json!(["123456789012", "us-east-1", "2026-11-01T12:00:00Z", [], null, null]),
        changed("/trailz", json!([])),
        changed("/discoveredTrails", json!([1])),
        changed("/discoveredTrails", json!("management-events")),
        changed("/deletedTrail", json!(["gone"])),
        changed("/provenance", json!({})),
        changed("/provenance", json!(["x", {}, [], {"annotation": ""}, ""])),
        with_provenance("/signature", json!("")),
        with_provenance("/sha256", Value::Null),
        with_provenance("/ruleParameters", json!([])),
        with_provenance("/calls", Value::Null),
        with_provenance("/calls/0", json!(["DescribeTrails", "us-east-1", "2026-11-01T12:00:00Z", null, null])),
        with_provenance("/calls/0/at", json!("today")),
        with_provenance("/verdict", json!(["COMPLIANT", "audit records"])),
        with_provenance("/verdict/complianceType", json!("INSUFFICIENT_DATA")),
        with_provenance("/verdict/annotation", Value::Null),
        changed("/trails/0/IsMultiRegionTrail", json!("true")),
        changed("/trails/0/TrailARN", json!(1)),
        changed(status, json!([])),
        changed(status, json!(true)),
        changed(status, json!({"IsLogging": "true"})),
        changed(status, json!({"LatestDeliveryError": 403})),
        changed(status, json!({"StartLoggingTime": ""})),
        changed(status, json!({"refused": refusal(), "IsLogging": true})),
        changed(status, json!({"IsLogging": true, "unanswered": refusal()})),
        changed(status, json!({"refused": {"operation": "GetTrailStatus", "code": "X", "message": "no"}})),
        changed("/trails/0/GetEventSelectors", json!([])),
        changed("/trails/0/GetEventSelectors", json!({"EventSelectors": {}})),
        changed("/trails/0/GetEventSelectors", json!({"EventSelectors": [{"IncludeManagementEvents": "true"}]})),
        changed(fields, json!({"Field": "eventCategory"})),
        changed(fields, json!([{"Field": 1}])),
        changed(fields, json!([["eventCategory", ["Management"]]])),
        changed(fields, json!([{"Field": "eventCategory", "Equals": "Management"}])),
        changed(fields, json!([{"Field": "eventCategory", "NotEndsWith": [1]}])),
    ] {
        assert!(!against_evidence_schema(&document).is_empty(), "{document}");
        assert!(Evidence::parse(&document.to_string()).is_err(), "{document}");
    }
}

#[test]
fn every_property_of_the_schema_has_a_title() {
    fn visit(path: &str, value: &Value, untitled: &mut Vec<String>) {
        for (name, schema) in value["properties"].as_object().into_iter().flatten() {
            let is_described = schema["title"].is_string() || schema["$ref"].is_string() || schema == false;
            if !is_described {
                untitled.push(format!("{path}/{name}"));
            }
        }
        for (name, schema) in value["$defs"].as_object().into_iter().flatten() {
            visit(name, schema, untitled);
        }
    }
    let mut untitled = Vec::new();
    let schema = serde_json::from_str(include_str!("../../src/rule/evidence.schema.json")).unwrap();
    visit("", &schema, &mut untitled);
    assert!(untitled.is_empty(), "{untitled:?}");
}
