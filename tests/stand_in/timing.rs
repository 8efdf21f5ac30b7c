use std::time::Duration;

use cloudtrail_all_regions::stand_in::round_trips;
use serde_json::json;

use super::client::*;

async fn at_once(signer: &Signer, count: usize) {
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let signer = signer.clone();
            tokio::spawn(async move { signer.call("DescribeTrails", json!({})).await.status })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn waves_hold_answers_until_all_calls_of_a_wave_are_there() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    served.0.hold_waves(&[3, 10, 1]);
    for count in [3, 10, 1] {
        at_once(&us, count).await;
    }
    let calls = served.0.calls();
    assert_eq!(round_trips(&calls), 3);
    let waves: Vec<_> = calls.iter().filter_map(|call| call.wave).collect();
    assert_eq!(waves, [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
    at_once(&us, 2).await;
    assert_eq!(served.0.calls().last().unwrap().wave, None);
}

#[tokio::test]
async fn a_call_whose_client_has_left_does_not_count_for_its_wave() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    served.0.hold_waves(&[2]);
    let address = served.0.endpoint().trim_start_matches("http://").to_owned();
    let left = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{}\r\n\r\n{{}}",
        json_headers("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails", "X-A: b")
    );
    left.writable().await.unwrap();
    assert_eq!(left.try_write(request.as_bytes()).unwrap(), request.len());
    until(|| !served.0.calls().is_empty()).await;
    drop(left);
    until(|| served.0.calls()[0].answered.is_some()).await;
    let first = tokio::spawn({
        let us = us.clone();
        async move { us.call("DescribeTrails", json!({})).await.status }
    });
    until(|| served.0.calls().len() == 2).await;
    assert_eq!(us.call("DescribeTrails", json!({})).await.status, 200);
    assert_eq!(first.await.unwrap(), 200);
    assert!(served.0.calls()[1].answered > Some(served.0.calls()[2].arrived));
}

#[tokio::test]
async fn new_waves_let_held_calls_go() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    served.0.hold_waves(&[2]);
    let held = tokio::spawn(async move { us.call("DescribeTrails", json!({})).await.status });
    until(|| !served.0.calls().is_empty()).await;
    served.0.hold_waves(&[]);
    assert_eq!(held.await.unwrap(), 200);
}

#[tokio::test]
async fn calls_one_after_another_are_as_many_round_trips() {
    let served = serve(|world| world.latency = Duration::from_millis(1)).await;
    let us = served.signer(ACCOUNT, REGION);
    for _ in 0..4 {
        at_once(&us, 1).await;
    }
    assert_eq!(round_trips(&served.0.calls()), 4);
    served.0.clear_calls();
    assert!(served.0.calls().is_empty() && served.0.exchanges().is_empty());
    assert_eq!(round_trips(&[]), 0);
}

#[tokio::test]
async fn a_call_says_who_asked_what_and_what_was_answered() {
    let served = serve(|_| {}).await;
    let us = served.signer(ACCOUNT, REGION);
    us.call("GetTrailStatus", json!({ "Name": "unknown" })).await;
    let call = served.0.calls().remove(0);
    assert_eq!((call.service, call.operation.as_str()), (Some("cloudtrail"), "GetTrailStatus"));
    assert_eq!((call.account.as_deref(), call.region.as_deref()), (Some(ACCOUNT), Some(REGION)));
    assert_eq!(call.access_key_id, Some(us.credentials.access_key_id));
    assert_eq!((call.trail.as_deref(), call.request), (Some("unknown"), json!({ "Name": "unknown" })));
    assert_eq!((call.status, call.error_code.as_deref()), (Some(400), Some("TrailNotFoundException")));
    assert_eq!((call.arrived, call.answered), (1, Some(2)));
}
