use std::time::Duration;

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};
use serde_json::{Value, json};

use super::client::*;

const STATUS: &str = "GetTrailStatus";

async fn serve_fault(what: Misbehaviour) -> (Served, Signer) {
    let served = serve(|world| world.add_fault(Fault::on(STATUS, what))).await;
    let signer = served.signer(ACCOUNT, REGION);
    (served, signer)
}

fn own() -> Value {
    json!({ "Name": OWN_ARN })
}

#[tokio::test]
async fn errors_are_made_up_as_told() {
    let error = |status, code: &str| Misbehaviour::Error { status, code: code.to_owned(), message: "told".to_owned() };
    for (what, status, code) in [
        (Misbehaviour::Throttle, 400, "ThrottlingException"),
        (Misbehaviour::Deny, 400, "AccessDeniedException"),
        (error(500, "InternalFailure"), 500, "InternalFailure"),
        (error(400, "OperationNotPermittedException"), 400, "OperationNotPermittedException"),
    ] {
        let (served, us) = serve_fault(what).await;
        let answer = us.call(STATUS, own()).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        let call = &served.0.calls()[0];
        assert_eq!((call.status, call.error_code.as_deref()), (Some(status), Some(code)));
    }
}

#[tokio::test]
async fn sts_words_faults_in_its_own_way() {
    for (what, status, code) in [(Misbehaviour::Throttle, 400, "Throttling"), (Misbehaviour::Deny, 403, "AccessDenied")]
    {
        let served = serve(|world| world.add_fault(Fault::always(what))).await;
        let answer = served.signer(ACCOUNT, REGION).sts("Action=GetCallerIdentity&Version=2011-06-15").await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    }
}

#[tokio::test]
async fn a_bare_status_has_an_empty_body_and_may_say_when_to_come_back() {
    let what = Misbehaviour::Status { status: 503, retry_after: Some("1".to_owned()) };
    let (_served, us) = serve_fault(what).await;
    let answer = us.call(STATUS, own()).await;
    assert_eq!((answer.status, answer.body.len(), answer.header("retry-after").as_deref()), (503, 0, Some("1")));
}

#[tokio::test]
async fn a_connection_can_end_before_the_answer_or_in_it() {
    let (served, us) = serve_fault(Misbehaviour::ResetBeforeAnswer).await;
    assert!(us.try_call(STATUS, own()).await.is_none());
    let calls = served.0.calls();
    assert_eq!(calls[0].status, None);
    assert!(calls[0].answered.is_some());

    let (_served, us) = serve_fault(Misbehaviour::ResetInBody).await;
    let answer = us.call(STATUS, own()).await;
    assert_eq!(answer.body.len(), answer.content_length() / 2);
    assert!(!answer.body.is_empty());
}

#[tokio::test]
async fn a_hanging_call_has_no_answer_and_others_go_on() {
    let (served, us) = serve_fault(Misbehaviour::Hang).await;
    let hanging = tokio::spawn({
        let us = us.clone();
        async move { us.try_call(STATUS, own()).await.is_none() }
    });
    until(|| !served.0.calls().is_empty()).await;
    assert_eq!(us.call("DescribeTrails", json!({})).await.status, 200);
    assert_eq!(served.0.calls()[0].answered, None);
    drop(served);
    assert!(hanging.await.unwrap());
}

#[tokio::test]
async fn a_delayed_or_trickling_answer_is_the_real_one() {
    for what in [Misbehaviour::Delay(Duration::from_millis(5)), Misbehaviour::Trickle(Duration::from_millis(1))] {
        let (_served, us) = serve_fault(what).await;
        assert_eq!(us.call(STATUS, own()).await.json()["IsLogging"], true);
    }
}

#[tokio::test]
async fn answers_can_be_malformed_in_many_ways() {
    let answer = async |what| {
        let (_served, us) = serve_fault(what).await;
        us.call(STATUS, own()).await
    };
    let truncated = answer(Misbehaviour::TruncatedJson).await;
    assert_eq!(truncated.body.len(), truncated.content_length());
    assert!(truncated.text().starts_with('{') && serde_json::from_slice::<Value>(&truncated.body).is_err());
    let garbage = answer(Misbehaviour::Garbage).await;
    assert!(garbage.status == 200 && std::str::from_utf8(&garbage.body).is_err());
    let page = answer(Misbehaviour::HtmlPage(502)).await;
    assert_eq!((page.status, page.header("content-type").as_deref()), (502, Some("text/html")));
    assert_eq!(answer(Misbehaviour::EmptyObject).await.text(), "{}");
    let wrong = answer(Misbehaviour::WrongTypes).await.json();
    assert!(wrong["IsLogging"].is_object() && wrong["LatestDeliveryTime"].is_object());
    let huge = answer(Misbehaviour::Huge).await;
    assert!(huge.body.len() > 10_000_000);
    assert_eq!(huge.json()["IsLogging"], true);
}

#[tokio::test]
async fn duplicates_are_of_the_items_of_lists() {
    let served =
        serve(|world| world.add_fault(Fault::on("DescribeTrails", Misbehaviour::Duplicates).calls(2..=2))).await;
    let us = served.signer(ACCOUNT, REGION);
    let once = us.call("DescribeTrails", json!({})).await.json()["trailList"].as_array().unwrap().clone();
    let twice = us.call("DescribeTrails", json!({})).await.json();
    assert_eq!(twice["trailList"], Value::from([&once[..], &once[..]].concat()));
}

#[tokio::test]
async fn an_empty_answer_comes_after_the_effect() {
    let served = serve(|world| world.add_fault(Fault::on("PutEvaluations", Misbehaviour::EmptyObject))).await;
    let rule = served.0.world().config_rule(ACCOUNT, REGION, "rule");
    let token = served.0.world().result_token(&rule);
    let row = json!({
        "ComplianceResourceType": "AWS::::Account",
        "ComplianceResourceId": ACCOUNT,
        "ComplianceType": "COMPLIANT",
        "OrderingTimestamp": 5,
    });
    let request = json!({ "ResultToken": token, "Evaluations": [row] });
    assert_eq!(served.signer(ACCOUNT, REGION).call("PutEvaluations", request).await.text(), "{}");
    assert_eq!(served.0.rows(&rule).len(), 1);
}

#[tokio::test]
async fn a_fault_befalls_only_the_calls_that_fit() {
    let served = serve(|world| {
        let fault = |what| Fault::on(STATUS, what);
        world.add_fault(fault(Misbehaviour::Throttle).trail(OWN_ARN).region(REGION).account(ACCOUNT).calls(2..=3));
        world.add_fault(fault(Misbehaviour::Deny).trail(SHADOW_ARN).region(HOME));
    })
    .await;
    let us = served.signer(ACCOUNT, REGION);
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(us.call(STATUS, own()).await.code());
        assert_eq!(served.signer(ACCOUNT, HOME).call(STATUS, own()).await.status, 200);
    }
    assert_eq!(codes, ["", "ThrottlingException", "ThrottlingException", ""]);
    assert_eq!(us.call(STATUS, json!({ "Name": SHADOW_ARN })).await.status, 200);
    let home = served.signer(ACCOUNT, HOME);
    assert_eq!(home.call(STATUS, json!({ "Name": SHADOW_ARN })).await.code(), "AccessDeniedException");
    served.0.world().clear_faults();
    assert_eq!(home.call(STATUS, json!({ "Name": SHADOW_ARN })).await.status, 200);
}

#[tokio::test]
async fn evaluations_that_fail_come_back_with_http_200_and_are_not_kept() {
    let served = serve(|world| {
        let what = Misbehaviour::FailedEvaluations {
            resource_type: None,
            resource_id: Some("b".to_owned()),
            renames_first: false,
        };
        world.add_fault(Fault::on("PutEvaluations", what).calls(1..=1));
    })
    .await;
    let rule = served.0.world().config_rule(ACCOUNT, REGION, "rule");
    let token = served.0.world().result_token(&rule);
    let row = |id: &str| {
        json!({
            "ComplianceResourceType": "AWS::::Account", "ComplianceResourceId": id, "ComplianceType": "COMPLIANT",
            "OrderingTimestamp": 1.5,
        })
    };
    let request = json!({ "ResultToken": token, "Evaluations": [row("a"), row("b")] });
    let us = served.signer(ACCOUNT, REGION);
    let first = us.call("PutEvaluations", request.clone()).await;
    assert_eq!((first.status, first.json()), (200, json!({ "FailedEvaluations": [row("b")] })));
    assert_eq!(served.0.rows(&rule).len(), 1);
    assert_eq!(us.call("PutEvaluations", request).await.json(), json!({ "FailedEvaluations": [] }));
    assert_eq!(served.0.rows(&rule).len(), 2);
}

#[tokio::test]
async fn an_exchange_keeps_no_answer_that_a_fault_has_touched() {
    let served = serve(|world| world.add_fault(Fault::on(STATUS, Misbehaviour::Throttle).calls(1..=1))).await;
    let us = served.signer(ACCOUNT, REGION);
    us.call(STATUS, own()).await;
    us.call(STATUS, own()).await;
    let lines: Vec<Value> =
        served.0.exchanges().iter().map(|exchange| serde_json::from_str(&exchange.to_json_line()).unwrap()).collect();
    assert_eq!(lines[0]["answer"], Value::Null);
    assert_eq!(lines[0]["request"]["body"], own().to_string());
    assert_eq!(lines[1]["answer"]["status"], 200);
    assert_eq!((&lines[1]["service"], &lines[1]["operation"]), (&json!("cloudtrail"), &json!(STATUS)));
}
