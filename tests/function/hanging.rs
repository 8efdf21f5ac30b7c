//! An endpoint that never answers ends in an error before Lambda's deadline, never in silence.

use std::time::Duration;

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};
use serde_json::json;

use crate::harness::{
    ACCOUNT, BRISK, TIME, Wire, account_row, compliance_type, compliant, failed, item, trail_row, warns,
};

const FUNCTION_ACCOUNT: &str = "999900001111";

#[tokio::test(start_paused = true)]
pub(super) async fn each_call_of_the_verdict_ends_with_its_own_error_when_there_is_time() {
    for (operation, expected) in [
        ("DescribeTrails", "Indeterminate"),
        ("GetTrailStatus", "Indeterminate"),
        ("GetEventSelectors", "Indeterminate"),
        ("PutEvaluations", "ReportFailed"),
    ] {
        let wire = Wire::paused(ACCOUNT, &compliant());
        wire.fault(Fault::on(operation, Misbehaviour::Hang));
        let (error_type, error) = failed(&wire.scheduled().await);
        assert_eq!(error_type, expected, "{operation}");
        assert!(error.contains(operation) && error.contains("TimedOut"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn each_call_of_the_verdict_ends_with_the_deadline_and_is_named() {
    for operation in ["DescribeTrails", "GetTrailStatus", "GetEventSelectors", "PutEvaluations"] {
        let mut wire = Wire::paused(ACCOUNT, &compliant());
        wire.fault(Fault::on(operation, Misbehaviour::Hang));
        wire.end_within(Duration::from_millis(700));
        let (error_type, error) = failed(&wire.scheduled().await);
        assert_eq!(error_type, "DeadlineExceeded", "{operation}: {error}");
        assert!(error.contains("waiting for") && error.contains(operation), "{error}");
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn a_role_that_is_never_assumed_ends_likewise() {
    for is_timely in [true, false] {
        let mut wire = Wire::paused(FUNCTION_ACCOUNT, &compliant());
        wire.function.member_role_name = Some("ConfigRule".to_owned());
        wire.stand_in.world().put_role(ACCOUNT, "ConfigRule", FUNCTION_ACCOUNT);
        wire.fault(Fault::on("AssumeRole", Misbehaviour::Hang));
        wire.end_within(Duration::from_millis(if is_timely { 20_000 } else { 700 }));
        let (error_type, error) = failed(&wire.scheduled().await);
        assert_eq!(error_type, if is_timely { "AssumeRoleFailed" } else { "DeadlineExceeded" });
        assert!(error.contains(if is_timely { "TimedOut" } else { "AssumeRole (arn:aws:iam::" }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_of_discovered_trails_that_hangs_costs_their_rows_only() {
    let wire = Wire::paused(ACCOUNT, &compliant());
    wire.fault(Fault::on("ListDiscoveredResources", Misbehaviour::Hang));
    let outcome = wire.scheduled_with_trail_results().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert_eq!(wire.puts(), [[account_row("COMPLIANT")]]);
    assert!(warns(&outcome, "ListDiscoveredResources"), "{:?}", outcome.record.warnings);
}

#[tokio::test(start_paused = true)]
async fn a_listing_of_many_slow_pages_costs_the_rows_of_trails_only() {
    let mut account = compliant();
    account["discoveredTrails"] = (0..100).map(|number| json!(format!("trail-{number}"))).collect();
    let wire = Wire::paused(ACCOUNT, &account);
    wire.stand_in.world().page_size = Some(1);
    wire.fault(Fault::on("ListDiscoveredResources", Misbehaviour::Delay(Duration::from_millis(300))));
    let outcome = wire.scheduled_with_trail_results().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert_eq!(wire.puts(), [[account_row("COMPLIANT")]]);
    assert!(warns(&outcome, "ListDiscoveredResources TimedOut"), "{:?}", outcome.record.warnings);
}

#[tokio::test(start_paused = true)]
async fn earlier_rows_that_hang_do_not_hold_up_the_verdict() {
    const READ: &str = "GetComplianceDetailsByConfigRule";
    let mut wire = Wire::paused(ACCOUNT, &compliant());
    wire.fault(Fault::on(READ, Misbehaviour::Hang));
    wire.end_within(Duration::from_secs(3));
    let outcome = wire.scheduled().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert_eq!(wire.rows(), [account_row("COMPLIANT")]);
    assert_eq!(outcome.record.warnings.len(), 1, "{:?}", outcome.record.warnings);
    let ended = |operation| wire.calls_of(operation)[0].answered.unwrap();
    assert!(ended("PutEvaluations") < ended(READ));
}

#[tokio::test(start_paused = true)]
async fn withdrawing_that_hangs_until_the_deadline_is_a_warning() {
    let mut wire = Wire::paused(ACCOUNT, &compliant());
    let old = crate::harness::earlier_row(trail_row("old", "NON_COMPLIANT"), "2026-10-31T12:00:00Z");
    wire.stand_in.world().put_row(&wire.rule, old);
    wire.fault(Fault::on("PutEvaluations", Misbehaviour::Hang).calls(2..=9));
    wire.end_within(Duration::from_secs(3));
    let outcome = wire.scheduled().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert!(warns(&outcome, "not withdrawn"), "{:?}", outcome.record.warnings);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_reports_nothing() {
    let mut wire = Wire::paused(ACCOUNT, &compliant());
    wire.context.deadline = wire.function.clock.time();
    assert_eq!(failed(&wire.scheduled().await).0, "DeadlineExceeded");
    assert_eq!(wire.count("PutEvaluations"), 0);
}

#[tokio::test]
async fn an_endpoint_that_does_not_exist_ends_in_an_error() {
    let wire = Wire::with(&compliant(), BRISK).await;
    // Bound, so that nothing else takes the port, but not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((std::net::Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let nowhere = format!("http://{}", socket.local_addr().unwrap());
    let credentials = aws_credential_types::Credentials::new("AKIA", "secret", None, None, "wire tests");
    let function = cloudtrail_all_regions::handler::Function {
        connections: cloudtrail_all_regions::aws::Connections::to_endpoint(&nowhere, credentials, BRISK),
        member_role_name: None,
        clock: wire.function.clock,
    };
    for event in [
        wire.event().scheduled(TIME),
        wire.event_with_trail_results().configuration_item_change(&item("management-events", "OK"), TIME),
        wire.event().rule_parameters(&json!({"reportingRegion": "us-east-1"})).scheduled(TIME),
    ] {
        let result = function.handle(event, &wire.context).await.result;
        assert!(["Indeterminate", "ReportFailed"].contains(&result.unwrap_err().error_type()));
    }
}
