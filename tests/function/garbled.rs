//! A refused or garbled answer about the only passing trail never ends in COMPLIANT.

use std::time::Duration;

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};

use crate::harness::{ACCOUNT, Wire, account, compliance_type, error, failed, trail};

/// What must come of a misbehaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The real answer came through.
    Compliant,
    /// A permanent refusal, or a fact that is not there.
    NonCompliant,
    /// Nothing is reported.
    Indeterminate,
    /// Our own fault: nothing is reported.
    CollectFailed,
}
use Expected::{CollectFailed, Compliant, Indeterminate, NonCompliant};

fn misbehaviours() -> Vec<(Misbehaviour, Expected)> {
    let status = |status| Misbehaviour::Status { status, retry_after: None };
    vec![
        (Misbehaviour::Deny, NonCompliant),
        (error(400, "UnsupportedOperationException"), NonCompliant),
        (error(403, "AccessDenied"), NonCompliant),
        (error(404, "SomethingNew"), NonCompliant),
        (Misbehaviour::Throttle, Indeterminate),
        (error(500, "AccessDeniedException"), Indeterminate),
        (error(403, "SignatureDoesNotMatch"), CollectFailed),
        (status(400), Indeterminate),
        (status(403), Indeterminate),
        (status(408), Indeterminate),
        (status(500), Indeterminate),
        (status(302), Indeterminate),
        (Misbehaviour::Status { status: 503, retry_after: Some("1".to_owned()) }, Indeterminate),
        (Misbehaviour::ResetBeforeAnswer, Indeterminate),
        (Misbehaviour::ResetInBody, Indeterminate),
        (Misbehaviour::Hang, Indeterminate),
        (Misbehaviour::Delay(Duration::from_secs(30)), Indeterminate),
        (Misbehaviour::Delay(Duration::from_millis(20)), Compliant),
        (Misbehaviour::Trickle(Duration::from_millis(500)), Indeterminate),
        (Misbehaviour::TruncatedJson, Indeterminate),
        (Misbehaviour::Garbage, Indeterminate),
        (Misbehaviour::HtmlPage(200), Indeterminate),
        (Misbehaviour::HtmlPage(403), Indeterminate),
        (Misbehaviour::HtmlPage(502), Indeterminate),
        // No body at all, which is no answer.
        (Misbehaviour::Status { status: 200, retry_after: None }, Indeterminate),
        (Misbehaviour::WrongTypes, Indeterminate),
        (Misbehaviour::Twice, Indeterminate),
        (Misbehaviour::Huge, Compliant),
    ]
}

fn is_endless((what, expected): &(Misbehaviour, Expected)) -> bool {
    let is_slow = matches!(what, Misbehaviour::Hang | Misbehaviour::Delay(_) | Misbehaviour::Trickle(_));
    is_slow && *expected == Indeterminate
}

async fn ends(operation: &str, what: &Misbehaviour, expected: Expected, has_custom_selectors: bool) {
    let mut trail = trail("management-events");
    trail["HasCustomEventSelectors"] = has_custom_selectors.into();
    let evidence = account(&[trail]);
    let is_endless = is_endless(&(what.clone(), expected));
    let wire = if is_endless { Wire::paused(ACCOUNT, &evidence) } else { Wire::new(&evidence).await };
    wire.fault(Fault::on(operation, what.clone()));
    let outcome = wire.scheduled().await;
    let context = format!("{operation} {what:?}, custom selectors {has_custom_selectors}: {:?}", outcome.result);
    let (verdict, puts) = match &outcome.result {
        Ok(_) if compliance_type(&outcome) == "COMPLIANT" => (Compliant, 1),
        Ok(_) if compliance_type(&outcome) == "NON_COMPLIANT" => (NonCompliant, 1),
        Ok(_) => panic!("{context}"),
        Err(_) => match failed(&outcome).0 {
            "Indeterminate" => (Indeterminate, 0),
            "CollectFailed" => (CollectFailed, 0),
            _ => panic!("{context}"),
        },
    };
    assert_eq!(verdict, expected, "{context}");
    assert_eq!(wire.count("PutEvaluations"), puts, "{context}");
}

async fn all_end(operation: &str, has_custom_selectors: bool, in_place_of: impl Fn(Expected) -> Expected) {
    let (endless, others): (Vec<_>, Vec<_>) = misbehaviours().into_iter().partition(is_endless);
    for (what, expected) in others {
        ends(operation, &what, in_place_of(expected), has_custom_selectors).await;
    }
    tokio::time::pause();
    for (what, expected) in endless {
        ends(operation, &what, in_place_of(expected), has_custom_selectors).await;
    }
    tokio::time::resume();
}

#[tokio::test]
async fn of_describe_trails() {
    all_end("DescribeTrails", true, |expected| expected).await;
    ends("DescribeTrails", &Misbehaviour::EmptyObject, Indeterminate, true).await;
}

#[tokio::test]
async fn of_get_trail_status() {
    for has_custom_selectors in [true, false] {
        all_end("GetTrailStatus", has_custom_selectors, |expected| expected).await;
        ends("GetTrailStatus", &Misbehaviour::EmptyObject, NonCompliant, has_custom_selectors).await;
    }
}

#[tokio::test]
async fn of_get_event_selectors() {
    all_end("GetEventSelectors", true, |expected| expected).await;
    ends("GetEventSelectors", &Misbehaviour::EmptyObject, NonCompliant, true).await;
}

#[tokio::test]
async fn selectors_that_are_refused_or_absent_are_the_default_ones_where_none_were_set() {
    let or_default = |expected| if expected == NonCompliant { Compliant } else { expected };
    all_end("GetEventSelectors", false, or_default).await;
    ends("GetEventSelectors", &Misbehaviour::EmptyObject, Compliant, false).await;
}
