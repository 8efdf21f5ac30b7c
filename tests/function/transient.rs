//! A transient error reports nothing, unless some trail was seen to pass.

use cloudtrail_all_regions::{
    rule::reasons::TrailResult,
    stand_in::{Fault, Misbehaviour},
};

use crate::harness::{
    Wire, account, account_row, arn, compliance_type, compliant, error, failed, stopped_trail, trail,
};

fn transient() -> Vec<Misbehaviour> {
    vec![
        Misbehaviour::Throttle,
        Misbehaviour::ResetBeforeAnswer,
        Misbehaviour::Status { status: 408, retry_after: None },
        Misbehaviour::Status { status: 429, retry_after: None },
        Misbehaviour::Status { status: 500, retry_after: None },
        Misbehaviour::Status { status: 403, retry_after: None },
        error(503, "ServiceUnavailable"),
        error(500, "InternalFailure"),
        error(400, "RequestLimitExceeded"),
    ]
}

#[tokio::test]
async fn after_three_attempts_nothing_is_put() {
    for operation in ["DescribeTrails", "GetTrailStatus", "GetEventSelectors"] {
        for what in transient() {
            let wire = Wire::new(&compliant()).await;
            wire.fault(Fault::on(operation, what.clone()));
            let outcome = wire.scheduled().await;
            let (error_type, error) = failed(&outcome);
            assert_eq!(error_type, "Indeterminate", "{operation} {what:?}: {error}");
            assert!(error.contains(operation), "{what:?}: {error}");
            assert_eq!(wire.count(operation), 3, "{what:?}");
            assert_eq!(wire.count("PutEvaluations"), 0, "{operation} {what:?}");
        }
    }
}

#[tokio::test]
async fn a_list_of_trails_that_is_absent_is_asked_for_again() {
    let wire = Wire::new(&compliant()).await;
    wire.fault(Fault::on("DescribeTrails", Misbehaviour::EmptyObject).calls(1..=2));
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    assert_eq!(wire.count("DescribeTrails"), 3);
}

#[tokio::test]
async fn on_indeterminate_does_not_apply_to_transient_errors() {
    let wire = Wire::new(&compliant()).await;
    wire.fault(Fault::on("GetTrailStatus", Misbehaviour::Throttle));
    let event = wire.event().rule_parameters(&serde_json::json!({"onIndeterminate": "NON_COMPLIANT"}));
    let outcome = wire.invoke(event.scheduled(crate::harness::TIME)).await;
    assert_eq!(failed(&outcome).0, "Indeterminate");
    assert_eq!(wire.count("PutEvaluations"), 0);
}

#[tokio::test]
async fn two_transient_errors_in_a_row_cost_nothing() {
    for operation in ["DescribeTrails", "GetTrailStatus", "GetEventSelectors"] {
        for what in transient() {
            let wire = Wire::new(&compliant()).await;
            wire.fault(Fault::on(operation, what.clone()).calls(1..=2));
            assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT", "{operation} {what:?}");
            assert_eq!(wire.count(operation), 3, "{what:?}");
        }
    }
}

#[tokio::test]
async fn the_verdict_is_put_when_another_trail_passes() {
    for operation in ["GetTrailStatus", "GetEventSelectors"] {
        let wire = Wire::new(&account(&[trail("hidden"), trail("passing")])).await;
        wire.fault(Fault::on(operation, Misbehaviour::Throttle).trail(&arn("hidden")));
        assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT", "{operation}");
        assert_eq!(wire.puts(), [[account_row("COMPLIANT")]]);
        assert!(wire.annotation().starts_with("passing "), "{}", wire.annotation());
    }
}

#[tokio::test]
async fn a_hidden_trail_outweighs_failing_and_unknown_ones() {
    let wire = Wire::new(&account(&[trail("hidden"), stopped_trail("stopped"), trail("unknown")])).await;
    wire.fault(Fault::on("GetEventSelectors", Misbehaviour::Throttle).trail(&arn("hidden")));
    wire.fault(Fault::on("GetEventSelectors", Misbehaviour::Deny).trail(&arn("unknown")));
    let (error_type, error) = failed(&wire.scheduled().await);
    assert_eq!(error_type, "Indeterminate");
    assert!(error.contains("hidden") && error.contains("ThrottlingException"), "{error}");
    assert_eq!(wire.count("PutEvaluations"), 0);
}

#[tokio::test]
async fn a_trail_that_definitely_fails_ignores_its_other_errors() {
    let wire = Wire::new(&account(&[stopped_trail("stopped")])).await;
    wire.fault(Fault::on("GetEventSelectors", Misbehaviour::Throttle));
    assert_eq!(compliance_type(&wire.scheduled().await), "NON_COMPLIANT");
    assert_eq!(wire.puts(), [[account_row("NON_COMPLIANT")]]);
}

#[tokio::test]
async fn no_call_goes_without_its_retries_because_others_needed_theirs() {
    let names: Vec<String> = (0..40).map(|number| format!("trail-{number}")).collect();
    let wire = Wire::new(&account(&names.iter().map(|name| trail(name)).collect::<Vec<_>>())).await;
    for name in &names {
        for operation in ["GetTrailStatus", "GetEventSelectors"] {
            wire.fault(Fault::on(operation, Misbehaviour::Throttle).trail(&arn(name)).calls(1..=2));
        }
    }
    let outcome = wire.scheduled().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert!(outcome.record.trails.iter().all(|trail| trail.result == TrailResult::Pass));
    assert_eq!((wire.count("GetTrailStatus"), wire.count("GetEventSelectors")), (120, 120));
}
