//! Our own faults fail the invocation, and never speak about the account.

use cloudtrail_all_regions::stand_in::Fault;

use crate::harness::{REGION, Wire, account, arn, compliant, error, error_saying, failed, trail, trail_at_home_in};

const OWN_FAULTS: [&str; 9] = [
    "ExpiredTokenException",
    "ExpiredToken",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "UnrecognizedClientException",
];

#[tokio::test]
async fn of_each_read_nothing_is_put() {
    for operation in ["DescribeTrails", "GetTrailStatus", "GetEventSelectors"] {
        for code in OWN_FAULTS {
            let wire = Wire::new(&compliant()).await;
            wire.fault(Fault::on(operation, error(403, code)));
            let (error_type, error) = failed(&wire.scheduled().await);
            assert_eq!(error_type, "CollectFailed", "{operation} {code}: {error}");
            assert!(error.contains(operation) && error.contains(code), "{error}");
            assert_eq!(wire.count("PutEvaluations"), 0, "{operation} {code}");
        }
    }
}

#[tokio::test]
async fn in_a_trails_home_region_they_are_no_reason_to_ask_elsewhere() {
    for code in OWN_FAULTS.into_iter().filter(|code| *code != "UnrecognizedClientException") {
        let wire = Wire::new(&account(&[trail_at_home_in("us-east-1", "management-events")])).await;
        wire.fault(Fault::on("GetTrailStatus", error(403, code)).region("us-east-1"));
        assert_eq!(failed(&wire.scheduled().await).0, "CollectFailed", "{code}");
        assert!(wire.calls_of("GetTrailStatus").iter().all(|call| call.region.as_deref() != Some(REGION)), "{code}");
        assert_eq!(wire.count("PutEvaluations"), 0, "{code}");
    }
}

#[tokio::test]
async fn of_one_trail_they_fail_the_invocation_though_another_passes() {
    let wire = Wire::new(&account(&[trail("asked"), trail("passing")])).await;
    wire.fault(Fault::on("GetTrailStatus", error(403, "RequestExpired")).trail(&arn("asked")));
    assert_eq!(failed(&wire.scheduled().await).0, "CollectFailed");
    assert_eq!(wire.count("PutEvaluations"), 0);
}

#[tokio::test]
async fn what_aws_quotes_of_a_bad_signature_is_not_repeated() {
    let wire = Wire::new(&compliant()).await;
    let quoted = "The canonical string should have been x-amz-security-token:stand-in-session-token-9";
    wire.fault(Fault::on("DescribeTrails", error_saying(403, "SignatureDoesNotMatch", quoted)));
    assert_eq!(failed(&wire.scheduled().await).0, "CollectFailed");
}
