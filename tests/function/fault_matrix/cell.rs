//! One cell: the fault, and then an invocation without it.

use std::time::Duration;

use cloudtrail_all_regions::{
    handler::Outcome,
    rule::evidence::Evidence,
    stand_in::{Fault, Misbehaviour},
};
use futures_util::future::{OptionFuture, join};
use serde_json::Value;

use super::outcomes::{Cell, End, MATRIX};
use crate::harness::{
    ACCOUNT, PATIENT, REGION, TIME, Wire, account, account_row, earlier_row, error_of, lines, trail_at_home_in,
    trail_row,
};

const FUNCTION_ACCOUNT: &str = "999900001111";
const ROLE: &str = "ConfigRule";
const EARLIER: &str = "2026-10-31T12:00:00Z";
const LATER: &str = "2026-11-01T13:00:00Z";
const TRAIL: &str = "management-events";
const OLD_TRAIL: &str = "old-trail";
const DELETED_MEANWHILE: &str = "trail deleted meanwhile";

/// The trail's home Region, where the fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    RulesRegion,
    Elsewhere,
    ElsewhereAndRefusedHere,
}

impl Home {
    fn region(self) -> &'static str {
        if self == Self::RulesRegion { REGION } else { "us-east-1" }
    }
}

/// AWS's name of each call's operation; the report of the verdict is the first `PutEvaluations` of an invocation.
pub(super) const CALLS: [(&str, &str, Home); 12] = [
    ("DescribeTrails", "DescribeTrails", Home::RulesRegion),
    ("GetTrailStatus", "GetTrailStatus", Home::RulesRegion),
    ("GetTrailStatus, at home elsewhere", "GetTrailStatus", Home::Elsewhere),
    ("GetTrailStatus, at home elsewhere, refused here", "GetTrailStatus", Home::ElsewhereAndRefusedHere),
    ("GetEventSelectors", "GetEventSelectors", Home::RulesRegion),
    ("GetEventSelectors, at home elsewhere", "GetEventSelectors", Home::Elsewhere),
    ("GetEventSelectors, at home elsewhere, refused here", "GetEventSelectors", Home::ElsewhereAndRefusedHere),
    ("ListDiscoveredResources", "ListDiscoveredResources", Home::RulesRegion),
    ("GetComplianceDetailsByConfigRule", "GetComplianceDetailsByConfigRule", Home::RulesRegion),
    ("PutEvaluations of the verdict", "PutEvaluations", Home::RulesRegion),
    (WITHDRAWAL, "PutEvaluations", Home::RulesRegion),
    ("AssumeRole", "AssumeRole", Home::RulesRegion),
];
const WITHDRAWAL: &str = "PutEvaluations of the withdrawal";

/// What happens to a call, by the name of the fault.
pub(super) fn faults() -> [(&'static str, Misbehaviour); 17] {
    let status = |status, retry_after: Option<&str>| Misbehaviour::Status {
        status,
        retry_after: retry_after.map(str::to_owned),
    };
    [
        ("throttled once", Misbehaviour::Throttle),
        ("throttled for good", Misbehaviour::Throttle),
        ("denied", Misbehaviour::Deny),
        ("HTTP 500", status(500, None)),
        ("HTTP 503 with Retry-After", status(503, Some("1"))),
        ("reset before the answer", Misbehaviour::ResetBeforeAnswer),
        ("reset in the answer", Misbehaviour::ResetInBody),
        ("hangs", Misbehaviour::Hang),
        ("hangs until the deadline", Misbehaviour::Hang),
        ("trickles", Misbehaviour::Trickle(Duration::from_millis(500))),
        ("truncated JSON", Misbehaviour::TruncatedJson),
        ("wrong types", Misbehaviour::WrongTypes),
        ("empty object", Misbehaviour::EmptyObject),
        ("HTML page", Misbehaviour::HtmlPage(200)),
        ("10 MB", Misbehaviour::Huge),
        ("duplicates", Misbehaviour::Duplicates),
        (DELETED_MEANWHILE, Misbehaviour::Delay(Duration::from_secs(3))),
    ]
}

/// Whether a cell of this fault passes most of its time waiting: it is run with the clock paused.
pub(super) fn is_waiting(fault: &str) -> bool {
    let retry_after = fault.contains("Retry-After");
    retry_after || ["hangs", "hangs until the deadline", "trickles", DELETED_MEANWHILE].contains(&fault)
}

/// What became of a cell.
pub(super) struct Ran {
    pub(super) cell: Cell,
    /// What the invocation with the fault decided on, if it came so far.
    pub(super) evidence: Option<Evidence>,
    /// How it ended, if otherwise than is written.
    pub(super) red: Option<String>,
}

pub(super) async fn run(cell: Cell) -> Ran {
    let (evidence, ends_as_written) = ends(&cell).await;
    Ran { cell, evidence, red: ends_as_written.err() }
}

async fn ends(cell: &Cell) -> (Option<Evidence>, Result<(), String>) {
    let (_, operation, home) = call_of(cell);
    let mut trail = trail_at_home_in(home.region(), TRAIL);
    trail["GetTrailStatus"]["IsLogging"] = cell.is_passing.into();
    let evidence = account(&[trail]);
    let (own, opposite) = if cell.is_passing { ("COMPLIANT", "NON_COMPLIANT") } else { ("NON_COMPLIANT", "COMPLIANT") };
    let mut wire = if is_waiting(cell.fault) {
        Wire::paused(FUNCTION_ACCOUNT, &evidence)
    } else {
        Wire::of_function_in(FUNCTION_ACCOUNT, &evidence, PATIENT).await
    };
    wire.function.member_role_name = Some(ROLE.to_owned());
    wire.stand_in.world().put_role(ACCOUNT, ROLE, FUNCTION_ACCOUNT);
    for row in [account_row(opposite), trail_row(OLD_TRAIL, "NON_COMPLIANT")] {
        wire.stand_in.world().put_row(&wire.rule, earlier_row(row, EARLIER));
    }
    wire.fault(fault(cell));
    if home != Home::RulesRegion {
        wire.stand_in.world().event_selectors_in_every_region = true;
    }
    if home == Home::ElsewhereAndRefusedHere {
        wire.fault(Fault::on(operation, Misbehaviour::Deny).region(REGION));
    }
    if cell.fault == "hangs until the deadline" {
        wire.end_within(Duration::from_secs(3));
    }

    let deletion = (cell.fault == DELETED_MEANWHILE).then(|| delete_trail(&wire, operation));
    let scheduled = wire.event_with_trail_results().scheduled(TIME);
    let (outcome, _) = join(wire.invoke(scheduled), OptionFuture::from(deletion)).await;
    let end = end(&wire, &outcome);
    let ends_as_written = if end == cell.outcome.end {
        explains(&wire, &outcome, cell)
    } else {
        Err(MATRIX.told_by(&end).map_or_else(|| format!("{end:?}"), |outcome| format!("`{}`", outcome.name)))
    };

    // The process lives: without the fault the same function gives the account's own verdict.
    wire.stand_in.world().clear_faults();
    wire.stand_in.world().put_account(&evidence).unwrap();
    wire.end_within(Duration::from_secs(50));
    let later = wire.invoke(wire.event_with_trail_results().scheduled(LATER)).await;
    let lives = (later.record.warnings.is_empty() && wire.rows() == [account_row(own), trail_row(TRAIL, own)])
        .then_some(())
        .ok_or_else(|| format!("{:?} without the fault, with rows {:?}", later.result, wire.rows()));

    let ends_as_written = ends_as_written.and(lives).map_err(|actual| {
        let account = if cell.is_passing { "passing" } else { "failing" };
        format!("RED: {} x {} x {account}: `{}` is written, but {actual}", cell.call, cell.fault, cell.outcome.name)
    });
    (outcome.record.evidence, ends_as_written)
}

fn call_of(cell: &Cell) -> (&'static str, &'static str, Home) {
    CALLS.into_iter().find(|(name, ..)| *name == cell.call).unwrap()
}

fn fault(cell: &Cell) -> Fault {
    let (_, what) = faults().into_iter().find(|(name, _)| *name == cell.fault).unwrap();
    let first = if cell.call == WITHDRAWAL { 2 } else { 1 };
    let last = if cell.fault == "throttled once" { first } else { u64::MAX };
    let (_, operation, home) = call_of(cell);
    let fault = Fault::on(operation, what).calls(first..=last);
    if home == Home::RulesRegion { fault } else { fault.region(home.region()) }
}

/// Deletes the trail once the call has arrived and those that run beside it are answered.
async fn delete_trail(wire: &Wire, operation: &str) {
    let beside: &[&str] = match operation {
        "ListDiscoveredResources" => &["GetTrailStatus", "GetEventSelectors"],
        "GetComplianceDetailsByConfigRule" => &["PutEvaluations"],
        _ => &[],
    };
    let is_answered = |operation: &&str| wire.calls_of(operation).iter().any(|call| call.answered.is_some());
    let turn = async {
        while wire.count(operation) == 0 || !beside.iter().all(is_answered) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), turn).await.unwrap();
    assert!(wire.stand_in.world().delete_trail(ACCOUNT, TRAIL));
}

/// What the invocation came to, and what Config shows after it.
fn end(wire: &Wire, outcome: &Outcome) -> End {
    let rows = wire.stand_in.rows(&wire.rule);
    let row = |resource_id: &str| {
        let row = rows.iter().find(|row| row.resource_id == resource_id)?;
        let is_earlier = row.annotation.as_deref() == Some("earlier");
        Some(if is_earlier { "earlier".to_owned() } else { row.compliance_type.clone() })
    };
    let could_not_verify = |row: &str| row.starts_with("Could not verify");
    let ends = match &outcome.result {
        Ok(summary) => summary.compliance_type.unwrap().as_str(),
        Err(error) => error.error_type(),
    };
    End {
        ends: ends.to_owned(),
        account: row(ACCOUNT),
        trail: row(TRAIL),
        old_trail: row(OLD_TRAIL),
        warning: outcome.result.is_ok() && !outcome.record.warnings.is_empty(),
        could_not_verify: rows.iter().filter_map(|row| row.annotation.as_deref()).any(could_not_verify),
    }
}

/// Whether the log and the annotation name what went wrong, and nothing was put that should not have been.
fn explains(wire: &Wire, outcome: &Outcome, cell: &Cell) -> Result<(), String> {
    let (_, operation, _) = call_of(cell);
    let end = &cell.outcome.end;
    if error_of(outcome).is_some_and(|error| !error.contains(operation)) {
        return Err(format!("the error does not name {operation}: {:?}", error_of(outcome)));
    }
    let warnings: Vec<String> = lines(outcome)
        .iter()
        .filter(|line| line["level"] == "WARN")
        .filter_map(|line| line["message"].as_str().map(str::to_owned))
        .collect();
    let says = |warning: &String| warning.contains(operation) || warning.contains("rows of earlier runs not withdrawn");
    if end.warning && !warnings.iter().any(says) {
        return Err(format!("the log does not name {operation}: {warnings:?}"));
    }
    if end.could_not_verify {
        let code = if end.warning { "AccessDeniedException" } else { "" };
        let annotation = wire.annotation();
        if !annotation.contains(operation) || !annotation.contains(code) {
            return Err(format!("the annotation does not name {operation} {code}: {annotation}"));
        }
    }
    if ["Indeterminate", "AssumeRoleFailed"].contains(&end.ends.as_str()) && wire.count("PutEvaluations") > 0 {
        return Err(format!("{:?} was put", wire.puts()));
    }
    for mut rows in wire.puts() {
        let count = rows.len();
        rows.sort();
        rows.dedup_by_key(|[resource_type, resource_id, _]| (resource_type.clone(), resource_id.clone()));
        if rows.len() < count {
            return Err(format!("a resource has two rows in one call: {:?}", wire.puts()));
        }
    }
    let is_tied = |call: &Value| call["ResultToken"] == "REDACTED";
    if wire.bodies().iter().all(is_tied) { Ok(()) } else { Err("a report has no result token".to_owned()) }
}
