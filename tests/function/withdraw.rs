//! On scheduled runs, rows of earlier runs that this run did not produce are withdrawn.

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};
use serde_json::json;

use crate::harness::{
    ACCOUNT, TIME, Wire, account_row, compliance_type, compliant, earlier_row, error, item, row, stopped, trail_row,
    warns,
};

const EARLIER: &str = "2026-10-31T12:00:00.000Z";
const READ: &str = "GetComplianceDetailsByConfigRule";

fn wire_with(evidence: &serde_json::Value, rows: &[[String; 3]]) -> Wire {
    let wire = Wire::paused(ACCOUNT, evidence);
    for row in rows {
        wire.stand_in.world().put_row(&wire.rule, earlier_row(row.clone(), EARLIER));
    }
    wire
}

#[tokio::test(start_paused = true)]
async fn they_are_withdrawn_by_type_and_id_in_a_call_after_the_verdicts() {
    let old = [
        trail_row("old", "COMPLIANT"),
        trail_row("older", "NON_COMPLIANT"),
        // The account's id, under another type: not the row that this run produces.
        row("AWS::CloudTrail::Trail", ACCOUNT, "NON_COMPLIANT"),
        account_row("NON_COMPLIANT"),
    ];
    let wire = wire_with(&compliant(), &old);
    let outcome = wire.scheduled().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    let withdrawn = vec![
        trail_row(ACCOUNT, "NOT_APPLICABLE"),
        trail_row("old", "NOT_APPLICABLE"),
        trail_row("older", "NOT_APPLICABLE"),
    ];
    assert_eq!(wire.puts(), [vec![account_row("COMPLIANT")], withdrawn]);
    assert_eq!(wire.rows(), [account_row("COMPLIANT")]);
    assert_eq!(outcome.record.rows_sent, 4);
    let asked = json!({
        "ConfigRuleName": wire.rule.name,
        "ComplianceTypes": ["COMPLIANT", "NON_COMPLIANT"],
        "Limit": 100,
    });
    assert_eq!(wire.calls_of(READ)[0].request, asked);
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_empty_ones_included_and_a_hundred_rows_go_in_a_call() {
    let old: Vec<_> = (0..101).map(|number| trail_row(&format!("old-{number:03}"), "NON_COMPLIANT")).collect();
    for empty_pages in [false, true] {
        let wire = wire_with(&compliant(), &old);
        wire.stand_in.world().page_size = Some(7);
        wire.stand_in.world().empty_pages = empty_pages;
        wire.scheduled().await;
        assert_eq!(wire.puts().iter().map(Vec::len).collect::<Vec<_>>(), [1, 100, 1], "{empty_pages}");
        assert_eq!(wire.rows(), [account_row("COMPLIANT")]);
    }
}

#[tokio::test(start_paused = true)]
async fn not_those_that_were_stored_with_a_later_ordering_timestamp() {
    let wire = wire_with(&compliant(), &[]);
    for (id, stored) in [("same", TIME), ("later", "2026-11-01T12:00:00.251Z")] {
        let row = earlier_row(trail_row(id, "NON_COMPLIANT"), stored);
        wire.stand_in.world().put_row(&wire.rule, row);
    }
    wire.scheduled().await;
    assert_eq!(wire.puts()[1..], [[trail_row("same", "NOT_APPLICABLE")]]);
    assert_eq!(wire.rows(), [account_row("COMPLIANT"), trail_row("later", "NON_COMPLIANT")]);
}

#[tokio::test(start_paused = true)]
async fn not_those_of_trails_when_listing_failed_and_the_account_fails() {
    let other = row("AWS::S3::Bucket", "bucket", "NON_COMPLIANT");
    let old = [trail_row("old", "NON_COMPLIANT"), other];
    let wire = wire_with(&stopped(), &old);
    wire.fault(Fault::on("ListDiscoveredResources", Misbehaviour::Deny));
    assert_eq!(compliance_type(&wire.scheduled_with_trail_results().await), "NON_COMPLIANT");
    let withdrawn = row("AWS::S3::Bucket", "bucket", "NOT_APPLICABLE");
    assert_eq!(wire.puts(), [[account_row("NON_COMPLIANT")], [withdrawn]]);

    let wire = wire_with(&compliant(), &old[..1]);
    wire.fault(Fault::on("ListDiscoveredResources", Misbehaviour::Deny));
    assert_eq!(compliance_type(&wire.scheduled_with_trail_results().await), "COMPLIANT");
    assert_eq!(wire.puts(), [[account_row("COMPLIANT")], [trail_row("old", "NOT_APPLICABLE")]]);
}

#[tokio::test(start_paused = true)]
async fn those_of_trails_too_when_nothing_was_to_be_listed() {
    let wire = wire_with(&stopped(), &[trail_row("management-events", "NON_COMPLIANT")]);
    wire.scheduled().await;
    assert_eq!(wire.puts(), [[account_row("NON_COMPLIANT")], [trail_row("management-events", "NOT_APPLICABLE")]]);
}

#[tokio::test(start_paused = true)]
async fn failing_to_read_them_is_a_warning() {
    for what in [
        Misbehaviour::Deny,
        Misbehaviour::Throttle,
        Misbehaviour::Garbage,
        Misbehaviour::Hang,
        error(400, "NoSuchConfigRuleException"),
        error(403, "ExpiredTokenException"),
    ] {
        let wire = wire_with(&compliant(), &[trail_row("old", "NON_COMPLIANT")]);
        wire.fault(Fault::on(READ, what.clone()));
        let outcome = wire.scheduled().await;
        assert_eq!(compliance_type(&outcome), "COMPLIANT", "{what:?}");
        assert!(warns(&outcome, READ), "{what:?}: {:?}", outcome.record.warnings);
        assert_eq!(wire.puts(), [[account_row("COMPLIANT")]], "{what:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn failing_to_withdraw_them_is_a_warning() {
    for what in [
        Misbehaviour::Deny,
        Misbehaviour::Throttle,
        Misbehaviour::Hang,
        error(400, "ValidationException"),
        Misbehaviour::FailedEvaluations { resource_type: None, resource_id: None, renames_first: false },
    ] {
        let old = [trail_row("old", "NON_COMPLIANT"), row("AWS::S3::Bucket", "bucket", "NON_COMPLIANT")];
        let wire = wire_with(&compliant(), &old);
        wire.fault(Fault::on("PutEvaluations", what.clone()).calls(2..=9));
        let outcome = wire.scheduled().await;
        assert_eq!(compliance_type(&outcome), "COMPLIANT", "{what:?}");
        assert!(!outcome.record.warnings.is_empty(), "{what:?}");
        assert!(wire.rows().contains(&account_row("COMPLIANT")), "{what:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_never_ends_does_not_cost_the_verdict() {
    let old: Vec<_> = (0..101).map(|number| trail_row(&format!("old-{number:03}"), "NON_COMPLIANT")).collect();
    let wire = wire_with(&compliant(), &old);
    wire.stand_in.world().page_size = Some(1);
    let outcome = wire.scheduled().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert!(warns(&outcome, "the pages do not end"), "{:?}", outcome.record.warnings);
    assert_eq!(wire.puts(), [[account_row("COMPLIANT")]]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_withdrawn_when_nothing_was_reported() {
    let wire = wire_with(&compliant(), &[trail_row("old", "NON_COMPLIANT")]);
    wire.fault(Fault::on("DescribeTrails", Misbehaviour::Throttle));
    assert!(wire.scheduled().await.result.is_err());
    assert_eq!(wire.count("PutEvaluations"), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_withdrawn_from_a_rule_that_was_deleted_meanwhile() {
    let wire = wire_with(&compliant(), &[trail_row("old", "NON_COMPLIANT")]);
    wire.fault(Fault::on("PutEvaluations", error(400, "NoSuchConfigRuleException")));
    let outcome = wire.scheduled().await;
    assert_eq!(compliance_type(&outcome), "COMPLIANT");
    assert_eq!(wire.puts(), [[account_row("COMPLIANT")]]);
    assert_eq!(outcome.record.warnings.len(), 1, "{:?}", outcome.record.warnings);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_withdrawn_on_a_change_nor_when_proactive() {
    let old = trail_row("old", "NON_COMPLIANT");
    let wire = wire_with(&compliant(), std::slice::from_ref(&old));
    wire.changed().await;
    wire.invoke(wire.event().oversized_configuration_item_change(&item("management-events", "OK"), TIME)).await;
    let proactive = wire.event().evaluation_mode("PROACTIVE");
    wire.invoke(proactive.configuration_item_change(&item("management-events", "OK"), TIME)).await;
    assert_eq!(wire.count(READ), 0);
    assert_eq!(wire.count("PutEvaluations"), 3);
    assert!(wire.rows().contains(&old));
}
