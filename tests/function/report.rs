//! Every way in which `PutEvaluations` can go wrong.

use cloudtrail_all_regions::{
    handler::Outcome,
    stand_in::{Fault, Misbehaviour},
};
use serde_json::{Value, json};

use crate::harness::{
    Wire, account_row, compliance_type, compliant, error, error_saying, failed, lines, stopped, trail_row, warns,
};

const PUT: &str = "PutEvaluations";

fn on_put(what: Misbehaviour) -> Fault {
    Fault::on(PUT, what)
}

fn failing(resource_type: &str) -> Misbehaviour {
    Misbehaviour::FailedEvaluations {
        resource_type: Some(resource_type.to_owned()),
        resource_id: None,
        renames_first: false,
    }
}

fn refused_rows(outcome: &Outcome) -> Value {
    lines(outcome).last().unwrap()["RefusedRows"].clone()
}

/// An account that passes, with the one live trail and 99 more that Config has discovered: 101 rows.
fn of_101_rows() -> Value {
    let mut evidence = compliant();
    let ids: Vec<String> = (0..99).map(|number| format!("gone-{number:02}")).collect();
    evidence["discoveredTrails"] = json!([&["management-events".to_owned()], &ids[..]].concat());
    evidence
}

#[tokio::test]
async fn a_permanent_error_fails_the_invocation_at_once() {
    for code in [
        "InvalidResultTokenException",
        "AccessDeniedException",
        "ValidationException",
        "InvalidParameterValueException",
        "SomethingNewException",
    ] {
        let wire = Wire::new(&compliant()).await;
        wire.fault(on_put(error(400, code)));
        let (error_type, error) = failed(&wire.scheduled().await);
        assert_eq!(error_type, "ReportFailed", "{code}");
        assert!(error.contains(PUT) && error.contains(code), "{error}");
        assert_eq!(wire.count(PUT), 1, "{code}");
        assert!(wire.rows().is_empty(), "{code}");
    }
}

#[tokio::test]
async fn a_token_that_config_does_not_know_fails_the_invocation() {
    let wire = Wire::new(&compliant()).await;
    let mut event = wire.event().scheduled(crate::harness::TIME);
    event["resultToken"] = "bm90IGFuIGlzc3VlZCB0b2tlbg==".into();
    let (error_type, error) = failed(&wire.invoke(event).await);
    assert_eq!(error_type, "ReportFailed");
    assert!(error.contains("InvalidResultTokenException"), "{error}");
}

#[tokio::test]
async fn a_transient_error_for_good_fails_the_invocation_after_three_attempts() {
    for what in [
        Misbehaviour::Throttle,
        error(500, "InternalFailure"),
        error(503, "ServiceUnavailable"),
        Misbehaviour::Status { status: 500, retry_after: None },
        Misbehaviour::ResetBeforeAnswer,
        Misbehaviour::Garbage,
    ] {
        let wire = Wire::new(&compliant()).await;
        wire.fault(on_put(what.clone()));
        assert_eq!(failed(&wire.scheduled().await).0, "ReportFailed", "{what:?}");
        assert_eq!(wire.count(PUT), 3, "{what:?}");
    }
}

#[tokio::test]
async fn a_transient_error_that_passes_costs_nothing() {
    for what in [Misbehaviour::Throttle, error(500, "InternalFailure"), Misbehaviour::ResetInBody] {
        let wire = Wire::new(&stopped()).await;
        wire.fault(on_put(what.clone()).calls(1..=2));
        assert_eq!(compliance_type(&wire.scheduled().await), "NON_COMPLIANT", "{what:?}");
        assert_eq!(wire.rows(), [account_row("NON_COMPLIANT")], "{what:?}");
    }
}

#[tokio::test]
async fn a_rule_that_was_deleted_meanwhile_is_a_warning_and_success() {
    let wire = Wire::new(&compliant()).await;
    let event = wire.event_with_trail_results().scheduled(crate::harness::TIME);
    wire.stand_in.world().delete_config_rule(&wire.rule);
    let outcome = wire.invoke(event).await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert!(warns(&outcome, "NoSuchConfigRuleException"), "{:?}", outcome.record.warnings);
    assert_eq!(outcome.record.rows_sent, 0);
    assert_eq!(wire.count(PUT), 1);
}

#[tokio::test]
async fn the_account_row_survives_a_refused_trail_row() {
    for code in ["ValidationException", "InvalidParameterValueException"] {
        let wire = Wire::new(&compliant()).await;
        wire.fault(on_put(error(400, code)).calls(1..=1));
        let outcome = wire.scheduled_with_trail_results().await;
        assert_eq!(compliance_type(&outcome), "COMPLIANT", "{code}");
        let both = vec![account_row("COMPLIANT"), trail_row("management-events", "COMPLIANT")];
        assert_eq!(wire.puts(), [both, vec![account_row("COMPLIANT")]], "{code}");
        assert_eq!(wire.rows(), [account_row("COMPLIANT")], "{code}");
        assert!(warns(&outcome, code), "{:?}", outcome.record.warnings);
        assert_eq!(refused_rows(&outcome), 1, "{code}");
    }
}

#[tokio::test]
async fn an_account_row_that_is_refused_alone_too_fails_the_invocation() {
    let wire = Wire::new(&compliant()).await;
    wire.fault(on_put(error(400, "ValidationException")));
    assert_eq!(failed(&wire.scheduled_with_trail_results().await).0, "ReportFailed");
    assert_eq!(wire.count(PUT), 2);
}

#[tokio::test]
async fn a_failed_account_row_is_retried_alone() {
    for failures in 1..=2 {
        let wire = Wire::new(&compliant()).await;
        wire.fault(on_put(failing("AWS::::Account")).calls(1..=failures));
        assert_eq!(compliance_type(&wire.scheduled_with_trail_results().await), "COMPLIANT");
        let mut expected = vec![vec![account_row("COMPLIANT"), trail_row("management-events", "COMPLIANT")]];
        expected.extend((0..failures).map(|_| vec![account_row("COMPLIANT")]));
        assert_eq!(wire.puts(), expected);
        assert_eq!(wire.rows().len(), 2);
    }
}

#[tokio::test]
async fn where_a_row_comes_back_that_was_not_sent_every_row_of_the_call_is_sent_again() {
    let both =
        |renames_first| Misbehaviour::FailedEvaluations { resource_type: None, resource_id: None, renames_first };
    let wire = Wire::new(&compliant()).await;
    wire.fault(on_put(both(true)).calls(1..=1));
    assert_eq!(compliance_type(&wire.scheduled_with_trail_results().await), "COMPLIANT");
    let rows = vec![account_row("COMPLIANT"), trail_row("management-events", "COMPLIANT")];
    assert_eq!(wire.puts(), [rows.clone(), rows.clone()]);
    assert_eq!(wire.rows(), rows);

    let wire = Wire::new(&compliant()).await;
    wire.fault(on_put(both(true)));
    assert_eq!(failed(&wire.scheduled_with_trail_results().await).0, "ReportFailed");
    assert_eq!(wire.count(PUT), 3);
}

#[tokio::test]
async fn an_account_row_that_fails_for_good_fails_the_invocation_after_two_retries() {
    let wire = Wire::new(&compliant()).await;
    wire.fault(on_put(failing("AWS::::Account")));
    let (error_type, error) = failed(&wire.scheduled_with_trail_results().await);
    assert_eq!(error_type, "ReportFailed");
    assert!(error.contains("FailedEvaluations"), "{error}");
    assert_eq!(wire.count(PUT), 3);
}

#[tokio::test]
async fn a_failed_trail_row_is_retried_alone() {
    let wire = Wire::new(&compliant()).await;
    wire.fault(on_put(failing("AWS::CloudTrail::Trail")).calls(1..=1));
    let outcome = wire.scheduled_with_trail_results().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    let trail = trail_row("management-events", "COMPLIANT");
    assert_eq!(wire.puts(), [vec![account_row("COMPLIANT"), trail.clone()], vec![trail.clone()]]);
    assert_eq!(wire.rows(), [account_row("COMPLIANT"), trail]);
    assert_eq!(refused_rows(&outcome), 0);
}

#[tokio::test]
async fn a_trail_row_that_fails_for_good_is_a_warning_and_a_count() {
    let wire = Wire::new(&compliant()).await;
    wire.fault(on_put(failing("AWS::CloudTrail::Trail")));
    let outcome = wire.scheduled_with_trail_results().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert_eq!(wire.count(PUT), 3);
    assert_eq!(wire.rows(), [account_row("COMPLIANT")]);
    assert!(warns(&outcome, "FailedEvaluations"), "{:?}", outcome.record.warnings);
    assert_eq!(refused_rows(&outcome), 1);
}

#[tokio::test]
async fn a_hundred_and_one_rows_go_in_two_calls() {
    let wire = Wire::new(&of_101_rows()).await;
    let outcome = wire.scheduled_with_trail_results().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    let puts = wire.puts();
    assert_eq!(puts.iter().map(Vec::len).collect::<Vec<_>>(), [100, 1]);
    assert_eq!(puts[0][0], account_row("COMPLIANT"));
    assert_eq!(puts.concat().iter().filter(|row| row[2] == "NOT_APPLICABLE").count(), 99);
    assert_eq!(outcome.record.rows_sent, 101);
    assert_eq!(wire.rows().len(), 2);
}

#[tokio::test]
async fn pages_of_discovered_trails_are_read_to_the_end() {
    let wire = Wire::new(&of_101_rows()).await;
    wire.stand_in.world().page_size = Some(30);
    wire.stand_in.world().empty_pages = true;
    assert_eq!(wire.scheduled_with_trail_results().await.record.rows_sent, 101);
}

#[tokio::test]
async fn a_refused_second_batch_does_not_cost_the_account() {
    let wire = Wire::new(&of_101_rows()).await;
    wire.fault(on_put(error(400, "ValidationException")).calls(2..=2));
    let outcome = wire.scheduled_with_trail_results().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert_eq!(wire.count(PUT), 2);
    assert_eq!(refused_rows(&outcome), 1);
    assert!(wire.rows().contains(&account_row("COMPLIANT")));
}

#[tokio::test]
async fn a_listing_that_fails_costs_the_trail_rows_and_never_the_account_row() {
    for what in [Misbehaviour::Deny, Misbehaviour::Throttle, Misbehaviour::Garbage, error(403, "RequestExpired")] {
        let wire = Wire::new(&compliant()).await;
        wire.fault(Fault::on("ListDiscoveredResources", what.clone()));
        let outcome = wire.scheduled_with_trail_results().await;
        assert_eq!(compliance_type(&outcome), "COMPLIANT", "{what:?}");
        assert_eq!(wire.puts(), [[account_row("COMPLIANT")]], "{what:?}");
        assert!(warns(&outcome, "ListDiscoveredResources"), "{what:?}: {:?}", outcome.record.warnings);
    }
}

#[tokio::test]
async fn a_missing_recorder_is_no_warning() {
    let wire = Wire::new(&compliant()).await;
    wire.stand_in.world().remove_recorder(crate::harness::ACCOUNT, crate::harness::REGION);
    let outcome = wire.scheduled_with_trail_results().await;
    assert_eq!(wire.puts(), [[account_row("COMPLIANT")]]);
    assert!(outcome.record.warnings.is_empty(), "{:?}", outcome.record.warnings);
}

#[tokio::test]
async fn a_message_that_quotes_the_result_token_is_not_repeated_whole() {
    let wire = Wire::new(&compliant()).await;
    let event = wire.event().scheduled(crate::harness::TIME);
    let token = event["resultToken"].as_str().unwrap();
    let message = format!("1 validation error detected: Value '{token}' at 'resultToken' is odd");
    wire.fault(on_put(error_saying(400, "ValidationException", &message)));
    let (error_type, error) = failed(&wire.invoke(event).await);
    assert_eq!(error_type, "ReportFailed");
    assert!(error.contains("is odd"), "{error}");
}
