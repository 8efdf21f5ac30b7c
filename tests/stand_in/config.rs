use cloudtrail_all_regions::stand_in::ConfigRule;
use serde_json::{Value, json};

use super::client::*;

async fn serve_rule() -> (Served, ConfigRule, String) {
    let served = serve(|_| {}).await;
    let rule = served.0.world().config_rule(ACCOUNT, REGION, "rule");
    let token = served.0.world().result_token(&rule);
    (served, rule, token)
}

fn evaluation(id: &str, compliance_type: &str, ordering_timestamp: f64) -> Value {
    json!({
        "ComplianceResourceType": "AWS::::Account",
        "ComplianceResourceId": id,
        "ComplianceType": compliance_type,
        "OrderingTimestamp": ordering_timestamp,
        "Annotation": format!("{id} is {compliance_type}"),
    })
}

fn put(token: &str, evaluations: &[Value]) -> Value {
    json!({ "ResultToken": token, "Evaluations": evaluations })
}

#[tokio::test]
async fn results_are_kept_by_resource_type_and_id() {
    let (served, rule, token) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    let mut of_trail = evaluation("a", "COMPLIANT", 5.0);
    of_trail["ComplianceResourceType"] = json!("AWS::CloudTrail::Trail");
    let rows = [evaluation("a", "NON_COMPLIANT", 5.25), of_trail];
    let answer = us.call("PutEvaluations", put(&token, &rows)).await;
    assert_eq!(answer.json(), json!({ "FailedEvaluations": [] }));
    let rows = served.0.rows(&rule);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].resource_type, "AWS::::Account");
    assert_eq!(rows[0].annotation.as_deref(), Some("a is NON_COMPLIANT"));
    assert_eq!(rows[0].ordering_timestamp.epoch_milliseconds(), 5250);
    assert!(rows[0].config_rule_invoked_time <= rows[0].result_recorded_time);
    assert_eq!(rows[1].compliance_type, "COMPLIANT");
}

#[tokio::test]
async fn not_applicable_removes_a_row_and_an_older_timestamp_replaces_nothing() {
    let (served, rule, token) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    let types = async |evaluation: Value| {
        assert_eq!(us.call("PutEvaluations", put(&token, &[evaluation])).await.status, 200);
        served.0.rows(&rule).into_iter().map(|row| row.compliance_type).collect::<Vec<_>>()
    };
    assert_eq!(types(evaluation("a", "COMPLIANT", 10.0)).await, ["COMPLIANT"]);
    assert_eq!(types(evaluation("a", "NON_COMPLIANT", 9.0)).await, ["COMPLIANT"]);
    assert_eq!(types(evaluation("a", "NON_COMPLIANT", 10.0)).await, ["NON_COMPLIANT"]);
    assert!(types(evaluation("a", "NOT_APPLICABLE", 11.0)).await.is_empty());
    assert!(types(evaluation("a", "COMPLIANT", 10.5)).await.is_empty());
    assert_eq!(types(evaluation("a", "COMPLIANT", 12.0)).await, ["COMPLIANT"]);
}

#[tokio::test]
async fn evaluations_that_break_the_model_are_refused_whole_and_by_path() {
    let (served, rule, token) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    let good = evaluation("good", "COMPLIANT", 1.0);
    for (member, value, path) in [
        ("Annotation", json!(""), "evaluations.2.member.annotation"),
        ("Annotation", json!("x".repeat(257)), "evaluations.2.member.annotation"),
        ("ComplianceResourceId", json!("x".repeat(769)), "evaluations.2.member.complianceResourceId"),
        ("ComplianceResourceId", json!(""), "evaluations.2.member.complianceResourceId"),
        ("ComplianceResourceType", json!("x".repeat(257)), "evaluations.2.member.complianceResourceType"),
        ("ComplianceType", json!("GOOD"), "evaluations.2.member.complianceType"),
        ("ComplianceType", Value::Null, "evaluations.2.member.complianceType"),
        ("OrderingTimestamp", Value::Null, "evaluations.2.member.orderingTimestamp"),
    ] {
        let mut bad = evaluation("bad", "COMPLIANT", 1.0);
        bad[member] = value;
        let answer = us.call("PutEvaluations", put(&token, &[good.clone(), bad])).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationException"), "{member}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("1 validation error detected: Value "), "{message}");
        assert!(message.contains(&format!("at '{path}' failed to satisfy constraint: Member must")), "{message}");
    }
    let too_many = vec![good.clone(); 101];
    assert_eq!(us.call("PutEvaluations", put(&token, &too_many)).await.code(), "ValidationException");
    let no_token = us.call("PutEvaluations", json!({ "Evaluations": [good] })).await;
    assert_eq!(no_token.code(), "ValidationException");
    let mut text_time = evaluation("a", "COMPLIANT", 1.0);
    text_time["OrderingTimestamp"] = json!("2026-11-01T12:00:00Z");
    let answer = us.call("PutEvaluations", put(&token, &[text_time])).await;
    assert_eq!(answer.code(), "SerializationException");
    assert!(served.0.rows(&rule).is_empty());
}

#[tokio::test]
async fn an_annotation_of_256_characters_and_100_rows_are_taken() {
    let (served, rule, token) = serve_rule().await;
    let rows: Vec<Value> = (0..100)
        .map(|number| {
            let mut row = evaluation(&format!("id-{number}"), "COMPLIANT", 1.0);
            row["Annotation"] = json!("x".repeat(256));
            row
        })
        .collect();
    let answer = served.signer(ACCOUNT, REGION).call("PutEvaluations", put(&token, &rows)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(served.0.rows(&rule).len(), 100);
}

#[tokio::test]
async fn resource_types_that_aws_does_not_permit_and_insufficient_data_are_refused() {
    let (served, rule, token) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    for resource_type in ["AWS::Account", "AWS::::Trail", "Trail", "AWS::CloudTrail::Trail::X"] {
        let mut row = evaluation("a", "COMPLIANT", 1.0);
        row["ComplianceResourceType"] = json!(resource_type);
        let answer = us.call("PutEvaluations", put(&token, &[row])).await;
        assert_eq!(answer.code(), "InvalidParameterValueException", "{resource_type}");
    }
    let answer = us.call("PutEvaluations", put(&token, &[evaluation("a", "INSUFFICIENT_DATA", 1.0)])).await;
    assert_eq!(answer.code(), "InvalidParameterValueException");
    assert!(served.0.rows(&rule).is_empty());
}

#[tokio::test]
async fn a_result_token_is_good_only_for_its_account_and_region() {
    let (served, rule, token) = serve_rule().await;
    let rows = [evaluation("a", "COMPLIANT", 1.0)];
    for (account, region, token) in
        [(ACCOUNT, REGION, ""), (ACCOUNT, REGION, "made up"), (ACCOUNT, HOME, &token), (MEMBER, REGION, &token)]
    {
        let answer = served.signer(account, region).call("PutEvaluations", put(token, &rows)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidResultTokenException"));
    }
    assert!(served.0.rows(&rule).is_empty());
    assert_ne!(served.0.world().result_token(&rule), token);
}

#[tokio::test]
async fn a_rule_that_was_deleted_meanwhile_is_unknown() {
    let (served, rule, token) = serve_rule().await;
    served.0.world().delete_config_rule(&rule);
    let us = served.signer(ACCOUNT, REGION);
    let answer = us.call("PutEvaluations", put(&token, &[evaluation("a", "COMPLIANT", 1.0)])).await;
    assert_eq!(answer.code(), "NoSuchConfigRuleException");
    let details = us.call("GetComplianceDetailsByConfigRule", json!({ "ConfigRuleName": "rule" })).await;
    assert_eq!(details.code(), "NoSuchConfigRuleException");
}

#[tokio::test]
async fn test_mode_takes_any_token_and_keeps_nothing() {
    let (served, rule, token) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    for (token, code) in [(token.as_str(), ""), ("TESTMODE", ""), ("", "InvalidResultTokenException")] {
        let mut request = put(token, &[evaluation("a", "COMPLIANT", 1.0)]);
        request["TestMode"] = json!(true);
        assert_eq!(us.call("PutEvaluations", request).await.code(), code);
    }
    assert!(served.0.rows(&rule).is_empty());
}

/// All pages of an operation: each page's items, by `list`.
async fn pages(signer: &Signer, operation: &str, request: Value, token: &str, list: &str) -> Vec<Vec<Value>> {
    let (mut request, mut pages) = (request, Vec::new());
    for _ in 0..50 {
        let answer = signer.call(operation, request.clone()).await.json();
        pages.push(answer[list].as_array().unwrap().clone());
        if answer[token].is_null() {
            return pages;
        }
        request[token] = answer[token].clone();
    }
    panic!("pages without end")
}

#[tokio::test]
async fn details_come_in_pages_of_ten_or_as_asked_and_by_compliance_type() {
    let (served, _, token) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    let mut rows: Vec<Value> = (0..23).map(|i| evaluation(&format!("id-{i:02}"), "COMPLIANT", 7.5)).collect();
    rows.push(evaluation("other", "NON_COMPLIANT", 7.5));
    us.call("PutEvaluations", put(&token, &rows)).await;
    let sizes = async |request: Value| {
        let pages = pages(&us, "GetComplianceDetailsByConfigRule", request, "NextToken", "EvaluationResults").await;
        pages.iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!(sizes(json!({ "ConfigRuleName": "rule" })).await, [10, 10, 4]);
    assert_eq!(sizes(json!({ "ConfigRuleName": "rule", "Limit": 100 })).await, [24]);
    assert_eq!(sizes(json!({ "ConfigRuleName": "rule", "Limit": 12 })).await, [12, 12]);
    let filtered = json!({ "ConfigRuleName": "rule", "ComplianceTypes": ["NON_COMPLIANT"] });
    assert_eq!(sizes(filtered).await, [1]);
    served.0.world().page_size = Some(7);
    assert_eq!(sizes(json!({ "ConfigRuleName": "rule", "Limit": 100 })).await, [7, 7, 7, 3]);
    served.0.world().empty_pages = true;
    assert_eq!(sizes(json!({ "ConfigRuleName": "rule" })).await, [0, 7, 0, 7, 0, 7, 0, 3]);
}

#[tokio::test]
async fn a_result_is_described_as_config_does() {
    let (served, _, token) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    us.call("PutEvaluations", put(&token, &[evaluation("a", "COMPLIANT", 7.5)])).await;
    let answer = us.call("GetComplianceDetailsByConfigRule", json!({ "ConfigRuleName": "rule" })).await.json();
    let result = &answer["EvaluationResults"][0];
    let expected = json!({
        "EvaluationResultQualifier": {
            "ConfigRuleName": "rule", "ResourceType": "AWS::::Account", "ResourceId": "a",
            "EvaluationMode": "DETECTIVE",
        },
        "OrderingTimestamp": 7.5,
    });
    assert_eq!(result["EvaluationResultIdentifier"], expected);
    assert_eq!(result["Annotation"], "a is COMPLIANT");
    assert!(result["ResultRecordedTime"].as_f64() >= result["ConfigRuleInvokedTime"].as_f64());
}

#[tokio::test]
async fn what_is_wrong_in_a_request_for_details_is_refused() {
    let (served, _, _) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    for (request, code) in [
        (json!({}), "ValidationException"),
        (json!({ "ConfigRuleName": "x".repeat(65) }), "ValidationException"),
        (json!({ "ConfigRuleName": "rule", "Limit": 101 }), "ValidationException"),
        (json!({ "ConfigRuleName": "rule", "ComplianceTypes": ["GOOD"] }), "ValidationException"),
        (json!({ "ConfigRuleName": "unknown" }), "NoSuchConfigRuleException"),
        (json!({ "ConfigRuleName": "rule", "NextToken": "made up" }), "InvalidNextTokenException"),
        (
            json!({ "ConfigRuleName": "rule", "ComplianceTypes": ["INSUFFICIENT_DATA"] }),
            "InvalidParameterValueException",
        ),
    ] {
        let answer = us.call("GetComplianceDetailsByConfigRule", request.clone()).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{request}");
    }
}

#[tokio::test]
async fn discovered_trails_come_in_pages_with_the_ids_that_the_evidence_has() {
    let served = serve(|world| world.page_size = Some(1)).await;
    let us = served.signer(ACCOUNT, REGION);
    let request = json!({ "resourceType": "AWS::CloudTrail::Trail" });
    let pages = pages(&us, "ListDiscoveredResources", request.clone(), "nextToken", "resourceIdentifiers").await;
    let trail = |id: &str| json!({ "resourceType": "AWS::CloudTrail::Trail", "resourceId": id });
    assert_eq!(pages, [[trail("own")], [trail(ORGANIZATION_ARN)]]);
    let elsewhere = served.signer(ACCOUNT, HOME).call("ListDiscoveredResources", request).await;
    assert_eq!(elsewhere.json(), json!({ "resourceIdentifiers": [] }));
    let of_another_type = us.call("ListDiscoveredResources", json!({ "resourceType": "AWS::S3::Bucket" })).await;
    assert_eq!(of_another_type.json(), json!({ "resourceIdentifiers": [] }));
}

#[tokio::test]
async fn what_is_wrong_in_a_request_for_discovered_resources_is_refused() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    let first = json!({ "resourceType": "AWS::CloudTrail::Trail", "limit": 1 });
    let token = us.call("ListDiscoveredResources", first).await.json()["nextToken"].clone();
    let of_another_list = json!({ "resourceType": "AWS::S3::Bucket", "nextToken": token });
    for (request, code) in [
        (json!({}), "ValidationException"),
        (json!({ "resourceType": "Trail" }), "ValidationException"),
        (json!({ "resourceType": "AWS::CloudTrail::Trail", "limit": 101 }), "ValidationException"),
        (of_another_list, "InvalidNextTokenException"),
    ] {
        assert_eq!(us.call("ListDiscoveredResources", request.clone()).await.code(), code, "{request}");
    }
}

#[tokio::test]
async fn without_a_recorder_nothing_is_discovered() {
    let served = serve(|world| world.remove_recorder(ACCOUNT, REGION)).await;
    let request = json!({ "resourceType": "AWS::CloudTrail::Trail" });
    let answer = served.signer(ACCOUNT, REGION).call("ListDiscoveredResources", request).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "NoAvailableConfigurationRecorderException"));
}

#[tokio::test]
async fn a_row_can_be_there_from_an_earlier_time() {
    let (served, rule, token) = serve_rule().await;
    let us = served.signer(ACCOUNT, REGION);
    us.call("PutEvaluations", put(&token, &[evaluation("a", "COMPLIANT", 1.0)])).await;
    let mut row = served.0.rows(&rule).remove(0);
    row.resource_id = "b".to_owned();
    served.0.world().put_row(&rule, row);
    let ids: Vec<String> = served.0.rows(&rule).into_iter().map(|row| row.resource_id).collect();
    assert_eq!(ids, ["a", "b"]);
}
