//! An event that comes twice, late, again after half a report, or while another runs: Config's rows end as they should.

use std::{collections::BTreeSet, time::Duration};

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour, Row};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::harness::{
    ACCOUNT, PATIENT, REGION, RULE, TIME, Wire, account, account_row, compliance_type, compliant, earlier_row, failed,
    item, stopped, timestamp, trail, trail_row, warns,
};

const BEFORE: &str = "2026-11-01T11:00:00.000Z";
const LATER: &str = "2026-11-01T13:00:00.000Z";
const LATEST: &str = "2026-11-01T14:00:00.000Z";

/// All that Config keeps of a row but when it was recorded.
fn kept(wire: &Wire) -> Vec<(String, String, String, Option<String>, i64)> {
    let kept = |row: Row| {
        let time = row.ordering_timestamp.epoch_milliseconds();
        (row.resource_type, row.resource_id, row.compliance_type, row.annotation, time)
    };
    wire.stand_in.rows(&wire.rule).into_iter().map(kept).collect()
}

fn stored_at(wire: &Wire, time: &str) -> bool {
    wire.stand_in.rows(&wire.rule).iter().all(|row| row.ordering_timestamp == timestamp(time))
}

/// A hundred trails that fail: with the account's own, one row more than a call takes.
fn of_a_hundred_trails() -> Value {
    let trails: Vec<Value> = (0..100)
        .map(|number| {
            let mut trail = trail(&format!("single-region-{number:02}"));
            trail["IsMultiRegionTrail"] = false.into();
            trail
        })
        .collect();
    account(&trails)
}

#[tokio::test]
async fn an_event_that_comes_twice_leaves_what_it_left_once() {
    for evidence in [compliant(), stopped(), of_a_hundred_trails()] {
        let wire = Wire::new(&evidence).await;
        let old = earlier_row(trail_row("old", "NON_COMPLIANT"), BEFORE);
        wire.stand_in.world().put_row(&wire.rule, old);
        let event = wire.event_with_trail_results().scheduled(TIME);
        wire.invoke(event.clone()).await.result.unwrap();
        let once = kept(&wire);
        wire.invoke(event).await.result.unwrap();
        assert_eq!(kept(&wire), once);
        assert!(stored_at(&wire, TIME));
    }
}

#[tokio::test]
async fn an_older_event_that_comes_later_replaces_nothing() {
    let wire = Wire::new(&compliant()).await;
    let at = |time| wire.event_with_trail_results().scheduled(time);
    wire.invoke(at(LATER)).await.result.unwrap();
    assert!(wire.stand_in.world().stop_logging(ACCOUNT, "management-events"));

    let change = wire.event_with_trail_results().configuration_item_change(&item("management-events", "OK"), BEFORE);
    for older in [at(TIME), change] {
        assert_eq!(compliance_type(&wire.invoke(older).await), "NON_COMPLIANT");
        assert_eq!(wire.rows(), [account_row("COMPLIANT"), trail_row("management-events", "COMPLIANT")]);
        assert!(stored_at(&wire, LATER));
    }

    wire.invoke(at(LATEST)).await.result.unwrap();
    assert_eq!(wire.rows(), [account_row("NON_COMPLIANT"), trail_row("management-events", "NON_COMPLIANT")]);
    assert!(stored_at(&wire, LATEST));
}

#[tokio::test]
async fn an_older_schedule_that_comes_later_withdraws_nothing_newer() {
    let wire = Wire::new(&compliant()).await;
    wire.invoke(wire.event_with_trail_results().scheduled(LATER)).await.result.unwrap();
    let older = wire.invoke(wire.event().scheduled(TIME)).await;
    assert_eq!(older.record.rows_sent, 1);
    assert_eq!(wire.rows(), [account_row("COMPLIANT"), trail_row("management-events", "COMPLIANT")]);
}

#[tokio::test]
async fn a_trail_that_is_gone_stays_gone_when_an_older_event_comes_later() {
    let wire = Wire::new(&compliant()).await;
    let older = wire.event_with_trail_results().configuration_item_change(&item("management-events", "OK"), TIME);
    let deleted =
        wire.event_with_trail_results().configuration_item_change(&item("management-events", "ResourceDeleted"), LATER);
    assert!(wire.stand_in.world().delete_trail(ACCOUNT, "management-events"));
    for event in [deleted, older] {
        assert_eq!(compliance_type(&wire.invoke(event).await), "NON_COMPLIANT");
        assert_eq!(wire.rows(), [account_row("NON_COMPLIANT")]);
        assert!(stored_at(&wire, LATER));
    }
}

#[tokio::test]
async fn a_retry_after_half_a_report_ends_with_all_rows() {
    for (what, stored) in [
        (Misbehaviour::Throttle, 100),
        (Misbehaviour::Deny, 100),
        (Misbehaviour::ResetBeforeAnswer, 100),
        (Misbehaviour::ResetInBody, 101),
    ] {
        let wire = Wire::new(&of_a_hundred_trails()).await;
        let event = wire.event_with_trail_results().scheduled(TIME);
        wire.fault(Fault::on("PutEvaluations", what.clone()).calls(2..=u64::MAX));
        assert_eq!(failed(&wire.invoke(event.clone()).await).0, "ReportFailed", "{what:?}");
        assert_eq!(wire.rows().len(), stored, "{what:?}");

        wire.stand_in.world().clear_faults();
        assert_eq!(compliance_type(&wire.invoke(event).await), "NON_COMPLIANT", "{what:?}");
        let rows = wire.rows();
        assert_eq!(rows.len(), 101, "{what:?}");
        assert!(rows.iter().all(|[_, _, compliance_type]| compliance_type == "NON_COMPLIANT"), "{what:?}");
        assert!(stored_at(&wire, TIME), "{what:?}");
    }
}

#[tokio::test]
async fn a_retry_reports_the_account_as_it_is_by_then() {
    let wire = Wire::new(&of_a_hundred_trails()).await;
    let event = wire.event_with_trail_results().scheduled(TIME);
    wire.fault(Fault::on("PutEvaluations", Misbehaviour::Throttle).calls(2..=u64::MAX));
    assert_eq!(failed(&wire.invoke(event.clone()).await).0, "ReportFailed");

    wire.stand_in.world().clear_faults();
    let mut evidence = of_a_hundred_trails();
    evidence["trails"].as_array_mut().unwrap().push(trail("repaired"));
    wire.stand_in.world().put_account(&evidence).unwrap();
    assert_eq!(compliance_type(&wire.invoke(event).await), "COMPLIANT");
    // Trails that fail in an account that passes have no row.
    assert_eq!(wire.rows(), [account_row("COMPLIANT")]);
}

#[tokio::test]
async fn half_a_withdrawal_is_made_up_for_by_the_next_run() {
    let wire = Wire::new(&compliant()).await;
    for number in 0..101 {
        let old = trail_row(&format!("old-{number:03}"), "NON_COMPLIANT");
        wire.stand_in.world().put_row(&wire.rule, earlier_row(old, BEFORE));
    }
    wire.fault(Fault::on("PutEvaluations", Misbehaviour::Deny).calls(3..=u64::MAX));
    let outcome = wire.scheduled().await;
    assert!(warns(&outcome, "not withdrawn"), "{:?}", outcome.record.warnings);
    assert_eq!(wire.rows(), [account_row("COMPLIANT"), trail_row("old-100", "NON_COMPLIANT")]);

    wire.stand_in.world().clear_faults();
    wire.invoke(wire.event().scheduled(LATER)).await.result.unwrap();
    assert_eq!(wire.rows(), [account_row("COMPLIANT")]);
}

/// Runs one event while another, which arrived before it, waits for its first answer. The trail stops in between.
async fn overtaken(slow: &str, fast: &str) -> Wire {
    let wire = Wire::paused(ACCOUNT, &compliant());
    wire.fault(Fault::on("DescribeTrails", Misbehaviour::Delay(Duration::from_secs(3))).calls(1..=1));
    let [slow, fast] = [slow, fast].map(|time| wire.event_with_trail_results().scheduled(time));
    let overtaking = async {
        while wire.count("DescribeTrails") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(compliance_type(&wire.invoke(fast).await), "COMPLIANT");
        assert!(wire.stand_in.world().stop_logging(ACCOUNT, "management-events"));
        assert_eq!(wire.calls_of("DescribeTrails")[0].answered, None, "the slow event was not slow enough");
    };
    let (slow, ()) = join(wire.invoke(slow), overtaking).await;
    assert_eq!(compliance_type(&slow), "NON_COMPLIANT");
    wire
}

#[tokio::test(start_paused = true)]
async fn the_newer_of_two_events_at_once_stands_whichever_ends_last() {
    let (older_ends_last, newer_ends_last) = join(overtaken(TIME, LATER), overtaken(LATER, TIME)).await;
    assert_eq!(older_ends_last.rows(), [account_row("COMPLIANT"), trail_row("management-events", "COMPLIANT")]);
    let stopped = [account_row("NON_COMPLIANT"), trail_row("management-events", "NON_COMPLIANT")];
    assert_eq!(newer_ends_last.rows(), stopped);
    for wire in [older_ends_last, newer_ends_last] {
        assert!(stored_at(&wire, LATER));
    }
}

#[tokio::test]
async fn many_events_at_once_each_report_their_own_account() {
    const FUNCTION_ACCOUNT: &str = "999900001111";
    let mut wire = Wire::of_function_in(FUNCTION_ACCOUNT, &compliant(), PATIENT).await;
    wire.function.member_role_name = Some("ConfigRule".to_owned());
    let mut rules = Vec::new();
    for number in 0..6 {
        let account_id = format!("{:012}", 200_000_000_000_u64 + number);
        let evidence = if number % 2 == 0 { compliant() } else { stopped() };
        let evidence: Value = serde_json::from_str(&evidence.to_string().replace(ACCOUNT, &account_id)).unwrap();
        let mut world = wire.stand_in.world();
        world.put_account(&evidence).unwrap();
        world.put_role(&account_id, "ConfigRule", FUNCTION_ACCOUNT);
        rules.push(world.config_rule(&account_id, REGION, RULE));
    }
    let times = [LATER, BEFORE, LATEST, TIME];
    let events: Vec<Value> =
        times.iter().flat_map(|time| rules.iter().map(|rule| wire.event_of(rule).scheduled(time))).collect();
    let outcomes = join_all(events.into_iter().map(|event| wire.invoke(event))).await;

    for (index, outcome) in outcomes.iter().enumerate() {
        let expected = if index % 2 == 0 { "COMPLIANT" } else { "NON_COMPLIANT" };
        assert_eq!(compliance_type(outcome), expected);
    }
    for (number, rule) in rules.iter().enumerate() {
        let [row] = &wire.stand_in.rows(rule)[..] else { panic!("{:?}", wire.stand_in.rows(rule)) };
        let expected = if number % 2 == 0 { "COMPLIANT" } else { "NON_COMPLIANT" };
        assert_eq!((row.resource_id.as_str(), row.compliance_type.as_str()), (rule.account_id.as_str(), expected));
        assert_eq!(row.ordering_timestamp, timestamp(LATEST));
    }
    let puts = wire.calls_of("PutEvaluations");
    assert_eq!(puts.len(), times.len() * rules.len());
    for put in &puts {
        assert_eq!(put.request["Evaluations"][0]["ComplianceResourceId"], json!(put.account));
    }
    let accounts: BTreeSet<_> = puts.into_iter().map(|put| put.account).collect();
    assert_eq!(accounts.len(), rules.len());
}
