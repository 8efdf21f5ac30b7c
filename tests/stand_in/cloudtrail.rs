use serde_json::{Value, json};

use super::client::*;

fn names(answer: &Answer) -> Vec<String> {
    let trails = answer.json()["trailList"].as_array().unwrap().clone();
    trails.iter().map(|trail| trail["Name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_region_lists_its_own_trails_and_the_shadows_of_multi_region_and_organization_trails() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION).call("DescribeTrails", json!({})).await;
    assert_eq!(us.status, 200);
    assert_eq!(us.header("content-type").as_deref(), Some("application/x-amz-json-1.1"));
    assert!(us.header("x-amzn-requestid").is_some());
    assert_eq!(names(&us), ["own", "shadow", "organization"]);
    let eu = served.signer(ACCOUNT, HOME).call("DescribeTrails", json!({})).await;
    assert_eq!(names(&eu), ["own", "shadow", "elsewhere", "organization"]);
}

#[tokio::test]
async fn without_shadow_trails_only_own_trails_at_home_are_listed() {
    let served = serve(|_| {}).await;
    let answer = served.signer(ACCOUNT, REGION).call("DescribeTrails", json!({ "includeShadowTrails": false })).await;
    assert_eq!(names(&answer), ["own"]);
}

#[tokio::test]
async fn a_name_list_finds_own_trails_by_name_and_shadows_by_arn() {
    let served = serve(|_| {}).await;
    let asked = json!({ "trailNameList": ["own", "shadow", ORGANIZATION_ARN] });
    let answer = served.signer(ACCOUNT, REGION).call("DescribeTrails", asked).await;
    assert_eq!(names(&answer), ["own", "organization"]);
}

#[tokio::test]
async fn only_members_of_a_trail_go_out_and_none_is_null() {
    let served = serve(|_| {}).await;
    let answer = served.signer(ACCOUNT, REGION).call("DescribeTrails", json!({})).await.json();
    let members: Vec<&String> = answer["trailList"][0].as_object().unwrap().keys().collect();
    let expected = ["HomeRegion", "IsMultiRegionTrail", "IsOrganizationTrail", "Name", "S3BucketName", "TrailARN"];
    assert_eq!(members, expected);
}

#[tokio::test]
async fn a_trail_whose_region_cannot_be_told_is_listed_everywhere() {
    let served = serve(|world| {
        let mut evidence = evidence();
        evidence["trails"] = json!([{ "Name": "placeless" }]);
        world.put_account(&evidence).unwrap();
    })
    .await;
    for region in [REGION, HOME] {
        assert_eq!(names(&served.signer(ACCOUNT, region).call("DescribeTrails", json!({})).await), ["placeless"]);
    }
}

#[tokio::test]
async fn the_status_is_found_by_name_at_home_and_by_arn_wherever_the_trail_is_seen() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    for (name, code) in [
        ("own", ""),
        (OWN_ARN, ""),
        (SHADOW_ARN, ""),
        (ORGANIZATION_ARN, ""),
        ("shadow", "TrailNotFoundException"),
        ("organization", "TrailNotFoundException"),
        ("arn:aws:cloudtrail:eu-west-1:111122223333:trail/elsewhere", "TrailNotFoundException"),
        ("arn:aws:cloudtrail:us-east-1:111122223333:trail/nothing", "TrailNotFoundException"),
    ] {
        let answer = us.call("GetTrailStatus", json!({ "Name": name })).await;
        assert_eq!(answer.code(), code, "{name}");
        assert_eq!(answer.status, if code.is_empty() { 200 } else { 400 }, "{name}");
    }
}

#[tokio::test]
async fn times_go_out_as_seconds_since_1970() {
    let served = serve(|_| {}).await;
    let answer = served.signer(ACCOUNT, REGION).call("GetTrailStatus", json!({ "Name": OWN_ARN })).await;
    assert_eq!(answer.json(), json!({ "IsLogging": true, "LatestDeliveryTime": 1_793_534_400.25 }));
}

#[tokio::test]
async fn selectors_are_answered_only_in_the_home_region() {
    let served = serve(|_| {}).await;
    let asked = json!({ "TrailName": SHADOW_ARN });
    let away = served.signer(ACCOUNT, REGION).call("GetEventSelectors", asked.clone()).await;
    assert_eq!(away.code(), "TrailNotFoundException");
    let home = served.signer(ACCOUNT, HOME).call("GetEventSelectors", asked.clone()).await.json();
    assert_eq!(home["TrailARN"], SHADOW_ARN);
    assert_eq!(home["EventSelectors"][0]["ReadWriteType"], "All");

    served.0.world().event_selectors_in_every_region = true;
    assert_eq!(served.signer(ACCOUNT, REGION).call("GetEventSelectors", asked).await.status, 200);
}

#[tokio::test]
async fn malformed_names_and_arns_are_told_apart_from_unknown_ones() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    for (name, code) in [
        ("arn:aws:cloudtrail:us-east-1:111122223333", "CloudTrailARNInvalidException"),
        ("arn:aws:cloudtrail:us-east-1:1111:trail/own", "CloudTrailARNInvalidException"),
        ("arn:aws:s3:us-east-1:111122223333:trail/own", "CloudTrailARNInvalidException"),
        ("ab", "InvalidTrailNameException"),
        ("", "InvalidTrailNameException"),
        ("my--trail", "InvalidTrailNameException"),
        ("trail-", "InvalidTrailNameException"),
        ("192.168.5.4", "InvalidTrailNameException"),
        ("a trail", "InvalidTrailNameException"),
        ("unknown", "TrailNotFoundException"),
    ] {
        assert_eq!(us.call("GetTrailStatus", json!({ "Name": name })).await.code(), code, "{name}");
        assert_eq!(us.call("GetEventSelectors", json!({ "TrailName": name })).await.code(), code, "{name}");
    }
    let missing = us.call("GetTrailStatus", json!({})).await;
    assert_eq!(missing.code(), "ValidationException");
    assert_eq!(us.call("GetTrailStatus", json!({ "Name": 7 })).await.code(), "SerializationException");
}

fn with_status(status: Value) -> Value {
    let mut evidence = evidence();
    evidence["trails"][1]["GetTrailStatus"] = status;
    evidence
}

#[tokio::test]
async fn a_refusal_in_evidence_is_answered_as_such_by_region() {
    let refused = json!({ "refused": {
        "operation": "GetTrailStatus", "code": "UnsupportedOperationException",
        "homeRegionCode": "AccessDeniedException",
    }});
    let served = serve(|world| world.put_account(&with_status(refused)).unwrap()).await;
    for (region, code) in [(HOME, "AccessDeniedException"), (REGION, "UnsupportedOperationException")] {
        let answer = served.signer(ACCOUNT, region).call("GetTrailStatus", json!({ "Name": SHADOW_ARN })).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code));
    }
}

#[tokio::test]
async fn what_evidence_has_as_unanswered_is_a_transient_error() {
    for (code, status, answered) in [
        ("ThrottlingException", 400, "ThrottlingException"),
        ("InternalFailure", 503, "InternalFailure"),
        ("TimedOut", 503, "ServiceUnavailable"),
        ("ConnectionFailed", 503, "ServiceUnavailable"),
    ] {
        let status_answer = json!({ "unanswered": { "operation": "GetTrailStatus", "code": code } });
        let served = serve(|world| world.put_account(&with_status(status_answer)).unwrap()).await;
        let answer = served.signer(ACCOUNT, HOME).call("GetTrailStatus", json!({ "Name": SHADOW_ARN })).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, answered), "{code}");
    }
}

#[tokio::test]
async fn a_refused_describe_trails_is_answered_as_such() {
    let mut refused = evidence();
    refused["trails"] = json!({ "refused": { "operation": "DescribeTrails", "code": "AccessDeniedException" } });
    let served = serve(|world| world.put_account(&refused).unwrap()).await;
    let answer = served.signer(ACCOUNT, REGION).call("DescribeTrails", json!({})).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "AccessDeniedException"));
}

#[tokio::test]
async fn an_answer_that_the_evidence_lacks_is_an_internal_failure() {
    let mut lacking = evidence();
    lacking["trails"][0].as_object_mut().unwrap().remove("GetEventSelectors");
    let served = serve(|world| world.put_account(&lacking).unwrap()).await;
    let answer = served.signer(ACCOUNT, REGION).call("GetEventSelectors", json!({ "TrailName": OWN_ARN })).await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "InternalFailure"));
}

#[tokio::test]
async fn a_trail_that_was_gone_for_one_call_is_gone_for_the_other() {
    let mut gone = evidence();
    let refused = json!({ "refused": { "operation": "GetTrailStatus", "code": "TrailNotFoundException" } });
    gone["trails"][0]["GetTrailStatus"] = refused;
    gone["trails"][0].as_object_mut().unwrap().remove("GetEventSelectors");
    let served = serve(|world| world.put_account(&gone).unwrap()).await;
    let answer = served.signer(ACCOUNT, REGION).call("GetEventSelectors", json!({ "TrailName": OWN_ARN })).await;
    assert_eq!(answer.code(), "TrailNotFoundException");
}

#[tokio::test]
async fn trails_can_be_stopped_and_deleted_while_it_runs() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    assert!(served.0.world().stop_logging(ACCOUNT, "own"));
    let stopped = us.call("GetTrailStatus", json!({ "Name": OWN_ARN })).await;
    assert_eq!(stopped.json()["IsLogging"], false);
    assert!(served.0.world().delete_trail(ACCOUNT, OWN_ARN));
    assert!(!served.0.world().delete_trail(ACCOUNT, OWN_ARN));
    assert_eq!(us.call("GetTrailStatus", json!({ "Name": OWN_ARN })).await.code(), "TrailNotFoundException");
    assert_eq!(names(&us.call("DescribeTrails", json!({})).await), ["shadow", "organization"]);
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let served = serve(|world| {
        world.put_account(&json!({ "accountId": MEMBER, "region": REGION, "trails": [] })).unwrap();
    })
    .await;
    let member = served.signer(MEMBER, REGION);
    assert_eq!(member.call("DescribeTrails", json!({})).await.json(), json!({ "trailList": [] }));
    assert_eq!(member.call("GetTrailStatus", json!({ "Name": OWN_ARN })).await.code(), "TrailNotFoundException");
}

#[test]
fn evidence_of_another_form_is_refused_by_the_name_of_the_key() {
    let mut bad_time = evidence();
    bad_time["trails"][0]["GetTrailStatus"]["LatestDeliveryTime"] = json!("yesterday");
    for (evidence, key) in [
        (json!({ "region": REGION, "trails": [] }), "accountId"),
        (json!({ "accountId": ACCOUNT, "trails": [] }), "region"),
        (json!({ "accountId": ACCOUNT, "region": REGION }), "trails"),
        (json!({ "accountId": ACCOUNT, "region": REGION, "trails": [7] }), "trails"),
        (json!({ "accountId": ACCOUNT, "region": REGION, "trails": [], "discoveredTrails": 7 }), "discoveredTrails"),
        (bad_time, "LatestDeliveryTime"),
    ] {
        let error = cloudtrail_all_regions::stand_in::World::default().put_account(&evidence).unwrap_err();
        assert!(error.to_string().contains(&format!("`{key}`")), "{error}");
    }
}

#[tokio::test]
async fn cloudtrail_reads_beyond_the_rate_are_throttled_by_account_and_region() {
    let served = serve(|world| world.rate_limit = Some(2)).await;
    let us = served.signer(ACCOUNT, REGION);
    let mut codes = Vec::new();
    for _ in 0..20 {
        codes.push(us.call("DescribeTrails", json!({})).await.code());
    }
    assert_eq!(&codes[..2], ["", ""]);
    assert!(codes.contains(&"ThrottlingException".to_owned()));
    assert_eq!(served.signer(ACCOUNT, HOME).call("DescribeTrails", json!({})).await.status, 200);
}
