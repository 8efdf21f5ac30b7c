//! The decision's cases once more, with the answers on the wire.

use std::{fs, path::Path};

use cloudtrail_all_regions::rule::{
    Question, ask,
    evidence::{Evidence, Observed, Trail, list_each_trail_once},
};
use serde_json::Value;

use crate::harness::{PATIENT, TIME, Wire, compliance_type};

/// The cases, by their files' names.
fn cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cloudtrail_all_regions");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: &Path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(&path))).collect()
}

/// Whether the evidence has what is asked about the trail and no more, as AWS answers it: which has no name of less
/// than 3 characters, and shows trails of one Region nowhere else.
fn is_answered(trail: &Trail, region: &str) -> bool {
    let is_here = trail.home_region() == Some(region);
    if !trail.is_multi_region() {
        let is_asked = trail.get_trail_status.is_some() || trail.get_event_selectors.is_some();
        return trail.is_multi_region_trail.is_some() && is_here && !is_asked;
    }
    let is_named = trail.known_arn().is_some_and(|arn| arn.rsplit('/').next().is_some_and(|name| name.len() >= 3))
        && trail.owner_account_id().is_some();
    is_named
        && trail.home_region().is_some()
        && is_told(trail.get_trail_status.as_ref(), is_here)
        && is_told(trail.get_event_selectors.as_ref(), is_here)
}

/// A trail whose home Region refuses is asked about once more, if that is not the rule's.
fn is_told<T>(answer: Option<&Observed<T>>, is_here: bool) -> bool {
    match answer {
        Some(Observed::Known(_)) => true,
        Some(Observed::Refused { .. }) => is_here,
        Some(Observed::Unanswered { .. }) | None => false,
    }
}

#[tokio::test]
async fn what_is_answered_on_the_wire_is_judged_as_in_evidence() {
    let mut served = 0;
    for (name, case) in cases().into_iter().filter(|(_, case)| case["Given"].is_object()) {
        let (given, parameters, expect) = (&case["Given"], &case["RuleParameters"], &case["Expect"]);
        let mut evidence = Evidence::parse(&given.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let decided = ask(&parameters.clone().into(), &evidence.account_id, &evidence.region, None);
        let (Question::Read(_), Observed::Known(trails)) = (decided, &mut evidence.trails) else { continue };
        let listed = trails.len();
        list_each_trail_once(trails);
        // A trail that is listed twice is asked about once, and has one answer.
        if trails.len() < listed || !trails.iter().all(|trail| is_answered(trail, &evidence.region)) {
            continue;
        }
        let wire = Wire::with(given, PATIENT).await;
        let mut event = wire.event().scheduled(TIME);
        event["ruleParameters"] = parameters.clone();
        let outcome = wire.invoke(event).await;
        assert_eq!(outcome.record.evidence.as_ref().map(|read| &read.trails), Some(&evidence.trails), "{name}");
        if expect["Indeterminate"] == true {
            assert!(outcome.result.is_err(), "{name}");
        } else {
            assert_eq!(compliance_type(&outcome), expect["ComplianceType"], "{name}");
            let annotation = wire.annotation();
            assert!(
                annotation.starts_with(expect["AnnotationStartsWith"].as_str().unwrap_or("")),
                "{name}: {annotation}"
            );
            let pieces = expect["AnnotationContains"].as_array().into_iter().flatten();
            for piece in pieces.filter_map(Value::as_str) {
                assert!(annotation.contains(piece), "{name}: `{piece}` is not in {annotation}");
            }
        }
        served += 1;
    }
    assert!(served > 200, "{served}");
}
