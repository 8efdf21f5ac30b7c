//! Three round trips, whatever the number of trails; and a verdict though CloudTrail throttles.

use std::collections::BTreeMap;

use cloudtrail_all_regions::aws::connections::Timing;
use serde_json::Value;

use crate::harness::{TIME, Wire, account, compliance_type, item, trail};

fn trails(count: usize) -> Value {
    account(&(0..count).map(|number| trail(&format!("trail-{number:02}"))).collect::<Vec<_>>())
}

/// The answers of a wave are held until all its calls are there: calls one by one would never be answered.
async fn takes_three_waves(is_scheduled: bool, with_trail_results: bool) {
    for count in [1, 25] {
        let wire = Wire::new(&trails(count)).await;
        let first = 1 + usize::from(is_scheduled) + usize::from(with_trail_results);
        let waves = [first, 2 * count, 1];
        wire.stand_in.hold_waves(&waves);
        let event = if with_trail_results { wire.event_with_trail_results() } else { wire.event() };
        let outcome = wire
            .invoke(if is_scheduled {
                event.scheduled(TIME)
            } else {
                event.configuration_item_change(&item("trail-00", "OK"), TIME)
            })
            .await;
        assert_eq!(compliance_type(&outcome), "COMPLIANT");
        let mut held: BTreeMap<Option<usize>, usize> = BTreeMap::new();
        for call in wire.calls() {
            *held.entry(call.wave).or_default() += 1;
        }
        assert_eq!(held, waves.into_iter().enumerate().map(|(wave, size)| (Some(wave), size)).collect());
        assert_eq!(wire.calls().last().unwrap().operation, "PutEvaluations");
    }
}

#[tokio::test]
async fn a_scheduled_run_takes_three() {
    takes_three_waves(true, false).await;
}

#[tokio::test]
async fn a_scheduled_run_with_trail_results_takes_three() {
    takes_three_waves(true, true).await;
}

#[tokio::test]
async fn a_change_takes_three() {
    takes_three_waves(false, false).await;
}

#[tokio::test]
async fn a_change_with_trail_results_takes_three() {
    takes_three_waves(false, true).await;
}

#[tokio::test]
async fn twenty_five_trails_reach_a_verdict_though_cloudtrail_admits_ten_reads_a_second() {
    let wire = Wire::with(&trails(25), Timing::default()).await;
    wire.stand_in.world().rate_limit = Some(10);
    let outcome = wire.scheduled().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert!(wire.calls().iter().any(|call| call.error_code.as_deref() == Some("ThrottlingException")));
}

#[tokio::test]
async fn nothing_is_asked_that_the_verdict_does_not_need() {
    let wire = Wire::new(&trails(2)).await;
    wire.changed().await;
    let expected = [("DescribeTrails", 1), ("GetEventSelectors", 2), ("GetTrailStatus", 2), ("PutEvaluations", 1)];
    assert_eq!(wire.counts(), expected.map(|(operation, count)| (operation.to_owned(), count)).into());
}
