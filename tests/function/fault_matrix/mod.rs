//! Every call that the handler makes, with every fault, in an account that passes and in one that fails: each cell has
//! one outcome, written by hand from the specification in `outcomes.json`. `docs/faults.md` is that file for readers.

mod cell;
mod document;
mod outcomes;
mod teeth;

use std::collections::BTreeSet;

use cell::{CALLS, Ran, run};
use outcomes::{Cell, MATRIX};
use teeth::Lie;

/// Runs the cells of a call: those that wait with the clock paused.
async fn all_end_as_written(call: &str) -> Vec<Ran> {
    let cells = MATRIX.cells().filter(|cell| cell.call == call);
    let (waiting, computing): (Vec<Cell>, Vec<Cell>) = cells.partition(|cell| cell::is_waiting(cell.fault));
    let mut ran = Vec::new();
    tokio::time::pause();
    for cell in waiting {
        ran.push(run(cell).await);
    }
    tokio::time::resume();
    for cell in computing {
        ran.push(run(cell).await);
    }
    let red: Vec<&str> = ran.iter().filter_map(|ran| ran.red.as_deref()).collect();
    assert!(red.is_empty(), "{} of {} cells end otherwise:\n{}", red.len(), ran.len(), red.join("\n"));
    ran
}

#[tokio::test]
async fn describe_trails() {
    let ran = all_end_as_written("DescribeTrails").await;
    teeth::turn_red(&[Lie::RefusedIsDefault, Lie::UnansweredIsDefault], &ran);
}

#[tokio::test]
async fn get_trail_status() {
    let ran = all_end_as_written("GetTrailStatus").await;
    teeth::turn_red(&[Lie::UnansweredIsDefault, Lie::UnreadStatusIsLogging], &ran);
}

#[tokio::test]
async fn get_trail_status_at_home_elsewhere() {
    let ran = all_end_as_written("GetTrailStatus, at home elsewhere").await;
    teeth::turn_red(&[Lie::UnansweredIsDefault, Lie::UnreadStatusIsLogging], &ran);
}

#[tokio::test]
async fn get_trail_status_at_home_elsewhere_refused_here() {
    let ran = all_end_as_written("GetTrailStatus, at home elsewhere, refused here").await;
    teeth::turn_red(&[Lie::UnansweredIsDefault, Lie::UnreadStatusIsLogging, Lie::OutageAtHomeIsForgotten], &ran);
}

#[tokio::test]
async fn get_event_selectors() {
    let ran = all_end_as_written("GetEventSelectors").await;
    teeth::turn_red(&[Lie::RefusedIsDefault, Lie::UnansweredIsDefault], &ran);
}

#[tokio::test]
async fn get_event_selectors_at_home_elsewhere() {
    let ran = all_end_as_written("GetEventSelectors, at home elsewhere").await;
    teeth::turn_red(&[Lie::UnansweredIsDefault], &ran);
}

#[tokio::test]
async fn get_event_selectors_at_home_elsewhere_refused_here() {
    let ran = all_end_as_written("GetEventSelectors, at home elsewhere, refused here").await;
    teeth::turn_red(&[Lie::RefusedIsDefault, Lie::UnansweredIsDefault, Lie::OutageAtHomeIsForgotten], &ran);
}

#[tokio::test]
async fn list_discovered_resources() {
    all_end_as_written("ListDiscoveredResources").await;
}

#[tokio::test]
async fn get_compliance_details_by_config_rule() {
    all_end_as_written("GetComplianceDetailsByConfigRule").await;
}

#[tokio::test]
async fn put_evaluations_of_the_verdict() {
    all_end_as_written("PutEvaluations of the verdict").await;
}

#[tokio::test]
async fn put_evaluations_of_the_withdrawal() {
    all_end_as_written("PutEvaluations of the withdrawal").await;
}

#[tokio::test]
async fn assume_role() {
    all_end_as_written("AssumeRole").await;
}

#[test]
fn every_call_has_every_fault_once() {
    let faults: Vec<&str> = MATRIX.faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(faults, cell::faults().map(|(name, _)| name));
    let written: Vec<&str> = MATRIX.calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(written, CALLS.map(|(name, ..)| name));
    for call in &MATRIX.calls {
        let befalling: Vec<&str> = call.cells.iter().map(|(fault, ..)| fault.as_str()).collect();
        assert_eq!(befalling, faults, "{}", call.name);
    }
}

#[test]
fn every_outcome_is_told_from_the_others_and_used() {
    let names: BTreeSet<&str> = MATRIX.outcomes.iter().map(|outcome| outcome.name.as_str()).collect();
    let ends: BTreeSet<_> = MATRIX.outcomes.iter().map(|outcome| &outcome.end).collect();
    assert_eq!((names.len(), ends.len()), (MATRIX.outcomes.len(), MATRIX.outcomes.len()));
    let used: BTreeSet<&str> = MATRIX.cells().map(|cell| cell.outcome.name.as_str()).collect();
    assert_eq!(used, names);
}
