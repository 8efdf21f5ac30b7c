//! The same event with the same Evidence sends the same bytes.

use serde_json::{Value, json};

use crate::harness::{TIME, Wire, account, stopped_trail, trail, trail_at_home_in};

/// The bodies of `PutEvaluations` as they went over the wire, but for the result token.
fn bytes(wire: &Wire) -> Vec<String> {
    let lines = wire.stand_in.exchanges().into_iter().map(|exchange| exchange.to_json_line());
    lines
        .map(|line| serde_json::from_str::<Value>(&line).unwrap())
        .filter(|exchange| exchange["operation"] == "PutEvaluations")
        .map(|exchange| exchange["request"]["body"].as_str().unwrap().to_owned())
        .collect()
}

fn trails() -> Vec<Value> {
    let mut single = trail("single-region");
    single["IsMultiRegionTrail"] = false.into();
    vec![stopped_trail("b"), trail_at_home_in("us-east-1", "b"), stopped_trail("a"), single, stopped_trail("c")]
}

#[tokio::test]
async fn of_an_event_that_is_delivered_twice() {
    for evidence in [account(&trails()), account(&[stopped_trail("a"), stopped_trail("b")])] {
        let wire = Wire::new(&evidence).await;
        let event = wire.event_with_trail_results().scheduled(TIME);
        wire.invoke(event.clone()).await.result.unwrap();
        wire.invoke(event).await.result.unwrap();
        let [first, second] = &bytes(&wire)[..] else { panic!("{:?}", bytes(&wire)) };
        assert_eq!(first, second);
    }
}

#[tokio::test]
async fn whatever_the_order_of_the_trails() {
    for is_passing in [false, true] {
        let mut trails = trails();
        if !is_passing {
            trails[1]["GetTrailStatus"]["IsLogging"] = json!(false);
        }
        let mut seen = Vec::new();
        for turn in 0..trails.len() {
            trails.rotate_left(1);
            if turn % 2 == 0 {
                trails.swap(0, 2);
            }
            let wire = Wire::new(&account(&trails)).await;
            wire.scheduled_with_trail_results().await.result.unwrap();
            seen.push(bytes(&wire));
        }
        assert_eq!(seen[0].len(), 1);
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:?}");
    }
}

#[tokio::test]
async fn though_a_trail_is_listed_twice() {
    let once = Wire::new(&account(&[stopped_trail("a")])).await;
    once.scheduled_with_trail_results().await.result.unwrap();
    let twice = Wire::new(&account(&[stopped_trail("a"), stopped_trail("a")])).await;
    twice.scheduled_with_trail_results().await.result.unwrap();
    assert_eq!(bytes(&once), bytes(&twice));
    assert_eq!(twice.count("GetTrailStatus"), 1);
}
