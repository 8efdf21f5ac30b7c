//! Status and selectors are asked by ARN in a trail's home Region, and in the rule's where that is of no use.

use cloudtrail_all_regions::{
    rule::reasons::Code,
    stand_in::{Fault, Misbehaviour},
};
use serde_json::{Value, json};

use crate::harness::{
    ACCOUNT, REGION, Wire, account, account_row, arn_in, compliance_type, error, failed, stopped_trail, trail,
    trail_at_home_in,
};

const HOME: &str = "us-east-1";
const LIVE_CALLS: [&str; 2] = ["GetTrailStatus", "GetEventSelectors"];

fn elsewhere() -> Value {
    account(&[trail_at_home_in(HOME, "management-events")])
}

/// Answers by ARN in every Region.
async fn wire(evidence: &Value) -> Wire {
    everywhere(Wire::new(evidence).await)
}

fn everywhere(wire: Wire) -> Wire {
    wire.stand_in.world().event_selectors_in_every_region = true;
    wire
}

fn regions(wire: &Wire, operation: &str) -> Vec<String> {
    wire.calls_of(operation).into_iter().map(|call| call.region.unwrap()).collect()
}

#[tokio::test]
async fn the_home_region_is_asked_by_arn() {
    let wire = wire(&elsewhere()).await;
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    for operation in LIVE_CALLS {
        assert_eq!(regions(&wire, operation), [HOME]);
        assert_eq!(wire.calls_of(operation)[0].trail, Some(arn_in(HOME, ACCOUNT, "management-events")));
    }
    assert_eq!(regions(&wire, "DescribeTrails"), [REGION]);
    assert_eq!(wire.calls_of("DescribeTrails")[0].request, json!({"includeShadowTrails": true}));
    assert_eq!(regions(&wire, "PutEvaluations"), [REGION]);
}

#[tokio::test]
async fn without_home_region_the_arns_region_is_asked() {
    let mut evidence = elsewhere();
    evidence["trails"][0].as_object_mut().unwrap().remove("HomeRegion");
    let wire = wire(&evidence).await;
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    assert_eq!([regions(&wire, LIVE_CALLS[0]), regions(&wire, LIVE_CALLS[1])].concat(), [HOME, HOME]);
}

#[tokio::test]
async fn on_a_permanent_refusal_the_rules_region_is_asked_once_more() {
    for code in
        ["AccessDeniedException", "UnsupportedOperationException", "CloudTrailARNInvalidException", "SomethingNew"]
    {
        for operation in LIVE_CALLS {
            let wire = wire(&elsewhere()).await;
            wire.fault(Fault::on(operation, error(400, code)).region(HOME));
            assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT", "{operation} {code}");
            assert_eq!(regions(&wire, operation), [HOME, REGION], "{operation} {code}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_home_region_cannot_be_reached_the_rules_region_is_asked() {
    for what in [Misbehaviour::ResetBeforeAnswer, Misbehaviour::Hang] {
        let wire = everywhere(Wire::paused(ACCOUNT, &elsewhere()));
        wire.fault(Fault::always(what.clone()).region(HOME));
        assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT", "{what:?}");
        for operation in LIVE_CALLS {
            assert_eq!(regions(&wire, operation), [HOME, HOME, HOME, REGION], "{operation} {what:?}");
        }
    }
}

#[tokio::test]
async fn when_the_home_region_throttles_the_rules_region_is_not_asked() {
    for what in [Misbehaviour::Throttle, error(503, "ServiceUnavailable"), Misbehaviour::Garbage] {
        for operation in LIVE_CALLS {
            let wire = wire(&elsewhere()).await;
            wire.fault(Fault::on(operation, what.clone()).region(HOME));
            assert_eq!(failed(&wire.scheduled().await).0, "Indeterminate", "{operation} {what:?}");
            assert_eq!(regions(&wire, operation), [HOME, HOME, HOME], "{operation} {what:?}");
        }
    }
}

#[tokio::test]
async fn the_rules_own_region_is_not_asked_twice() {
    for operation in LIVE_CALLS {
        let wire = wire(&account(&[trail("management-events")])).await;
        wire.fault(Fault::on(operation, Misbehaviour::Deny));
        assert_eq!(compliance_type(&wire.scheduled().await), "NON_COMPLIANT", "{operation}");
        assert_eq!(regions(&wire, operation), [REGION], "{operation}");
    }
}

#[tokio::test]
async fn the_second_outcome_decides_and_the_annotation_names_both_codes() {
    for operation in LIVE_CALLS {
        let wire = wire(&elsewhere()).await;
        wire.fault(Fault::on(operation, Misbehaviour::Deny).region(HOME));
        wire.fault(Fault::on(operation, error(400, "OperationNotPermittedException")).region(REGION));
        assert_eq!(compliance_type(&wire.scheduled().await), "NON_COMPLIANT");
        for part in [operation, "AccessDeniedException", "OperationNotPermittedException"] {
            assert!(wire.annotation().contains(part), "{}", wire.annotation());
        }
        assert!(wire.annotation().to_lowercase().contains("could not verify"), "{}", wire.annotation());
    }
}

#[tokio::test]
async fn a_second_outcome_that_is_transient_reports_nothing() {
    for operation in LIVE_CALLS {
        let wire = wire(&elsewhere()).await;
        wire.fault(Fault::on(operation, Misbehaviour::Deny).region(HOME));
        wire.fault(Fault::on(operation, Misbehaviour::Throttle).region(REGION));
        let (error_type, error) = failed(&wire.scheduled().await);
        assert_eq!(error_type, "Indeterminate");
        assert!(error.contains("AccessDeniedException") && error.contains("ThrottlingException"), "{error}");
        assert_eq!(wire.count("PutEvaluations"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_the_rules_region_settles_nothing_where_the_home_region_is_out_of_reach() {
    for (out_of_reach, code) in
        [(Misbehaviour::ResetBeforeAnswer, "ConnectionFailed"), (Misbehaviour::Hang, "TimedOut")]
    {
        for operation in LIVE_CALLS {
            let mut evidence = elsewhere();
            // With default selectors, a refusal alone would be fine.
            evidence["trails"][0]["HasCustomEventSelectors"] = false.into();
            let wire = everywhere(Wire::paused(ACCOUNT, &evidence));
            wire.fault(Fault::on(operation, out_of_reach.clone()).region(HOME));
            wire.fault(Fault::on(operation, Misbehaviour::Deny).region(REGION));
            let (error_type, error) = failed(&wire.scheduled().await);
            assert_eq!(error_type, "Indeterminate", "{operation} {code}");
            assert!(error.contains("AccessDeniedException") && error.contains(code), "{error}");
            assert_eq!(wire.count("PutEvaluations"), 0, "{operation} {code}");
        }
    }
}

#[tokio::test]
async fn an_own_trail_that_its_home_region_does_not_know_is_deleted() {
    for operation in LIVE_CALLS {
        let wire = wire(&elsewhere()).await;
        wire.fault(Fault::on(operation, error(400, "TrailNotFoundException")).region(HOME));
        let outcome = wire.scheduled().await;
        assert_eq!(compliance_type(&outcome), "NON_COMPLIANT");
        assert_eq!(outcome.record.trails[0].reasons, [Code::Deleted]);
        assert_eq!(regions(&wire, operation), [HOME]);
        assert_eq!(wire.puts(), [[account_row("NON_COMPLIANT")]]);
    }
}

#[tokio::test]
async fn a_trail_of_another_account_that_its_home_region_does_not_know_is_asked_for_in_the_rules() {
    let mut trail = trail_at_home_in(HOME, "organization");
    trail["TrailARN"] = arn_in(HOME, "444455556666", "organization").into();
    trail["IsOrganizationTrail"] = true.into();
    let wire = wire(&account(&[trail])).await;
    wire.fault(Fault::always(error(400, "TrailNotFoundException")).region(HOME));
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    for operation in LIVE_CALLS {
        assert_eq!(regions(&wire, operation), [HOME, REGION]);
    }
}

#[tokio::test]
async fn a_home_region_that_is_not_enabled_falls_back() {
    let wire = wire(&account(&[trail_at_home_in("me-south-1", "management-events")])).await;
    wire.stand_in.world().enable_regions_only(ACCOUNT, &[REGION, HOME]);
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    for call in LIVE_CALLS.map(|operation| wire.calls_of(operation)) {
        assert_eq!(call[0].error_code.as_deref(), Some("UnrecognizedClientException"));
        assert_eq!(call[1].region.as_deref(), Some(REGION));
    }
}

#[tokio::test]
async fn the_rules_region_not_knowing_the_client_is_our_own_fault() {
    let wire = wire(&elsewhere()).await;
    wire.fault(Fault::on("GetTrailStatus", Misbehaviour::Deny).region(HOME));
    wire.fault(Fault::on("GetTrailStatus", error(400, "UnrecognizedClientException")).region(REGION));
    assert_eq!(failed(&wire.scheduled().await).0, "CollectFailed");
    assert_eq!(wire.count("PutEvaluations"), 0);
}

#[tokio::test]
async fn no_live_call_is_made_for_a_trail_of_a_single_region() {
    let mut single = stopped_trail("single");
    single["IsMultiRegionTrail"] = false.into();
    let wire = wire(&account(&[single])).await;
    assert_eq!(compliance_type(&wire.scheduled().await), "NON_COMPLIANT");
    assert_eq!(wire.count("GetTrailStatus") + wire.count("GetEventSelectors"), 0);
}

#[tokio::test]
async fn a_refused_organization_trail_of_another_account_is_trusted_only_by_the_parameter() {
    let mut trail = trail_at_home_in(HOME, "organization");
    trail["TrailARN"] = arn_in(HOME, "444455556666", "organization").into();
    trail["IsOrganizationTrail"] = true.into();
    let wire = wire(&account(&[trail])).await;
    wire.fault(Fault::on("GetEventSelectors", Misbehaviour::Deny));
    assert_eq!(compliance_type(&wire.scheduled().await), "NON_COMPLIANT");
    assert!(wire.annotation().contains("trustOrganizationTrail"), "{}", wire.annotation());

    let event = wire.event().rule_parameters(&json!({"trustOrganizationTrail": "true"}));
    wire.stand_in.clear_calls();
    assert_eq!(compliance_type(&wire.invoke(event.scheduled(crate::harness::TIME)).await), "COMPLIANT");
    assert!(wire.annotation().starts_with("Trusted, not read:"), "{}", wire.annotation());
    assert!(wire.annotation().contains("GetEventSelectors AccessDeniedException"), "{}", wire.annotation());
}
