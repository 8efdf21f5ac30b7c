//! The central function: the event is another account's, so a role there is assumed.

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};
use serde_json::{Value, json};

use crate::harness::{
    ACCOUNT, PATIENT, REGION, RULE, TIME, Wire, account_row, compliance_type, compliant, error, failed, trail_row,
};

const FUNCTION_ACCOUNT: &str = "999900001111";

async fn central(evidence: &Value, role: &str) -> Wire {
    let mut wire = Wire::of_function_in(FUNCTION_ACCOUNT, evidence, PATIENT).await;
    wire.function.member_role_name = Some(role.to_owned());
    let account = evidence["accountId"].as_str().unwrap();
    wire.stand_in.world().put_role(account, role, FUNCTION_ACCOUNT);
    wire
}

/// Every call after `AssumeRole` is made with temporary credentials of this account.
fn assert_made_as_member(wire: &Wire, account: &str) {
    for call in wire.calls() {
        if call.operation == "AssumeRole" {
            assert_eq!(call.account.as_deref(), Some(FUNCTION_ACCOUNT));
        } else {
            assert_eq!(call.account.as_deref(), Some(account), "{}", call.operation);
            assert!(call.access_key_id.unwrap().starts_with("ASIA"), "{}", call.operation);
        }
    }
}

#[tokio::test]
pub(super) async fn every_call_after_assuming_the_role_is_the_members() {
    for role in ["ConfigRule", "audit/rules/ConfigRule"] {
        let wire = central(&compliant(), role).await;
        assert_eq!(compliance_type(&wire.scheduled_with_trail_results().await), "COMPLIANT");
        assert_eq!(wire.calls()[0].operation, "AssumeRole");
        assert_eq!(wire.calls()[0].request["RoleArn"], format!("arn:aws:iam::{ACCOUNT}:role/{role}"));
        assert_eq!(wire.count("AssumeRole"), 1);
        assert_eq!(wire.count("PutEvaluations"), 1);
        assert_made_as_member(&wire, ACCOUNT);
        assert_eq!(wire.rows(), [account_row("COMPLIANT"), trail_row("management-events", "COMPLIANT")]);
    }
}

#[tokio::test]
async fn a_path_may_begin_with_a_slash() {
    let mut wire = central(&compliant(), "audit/ConfigRule").await;
    wire.function.member_role_name = Some("/audit/ConfigRule".to_owned());
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
}

/// Whoever may invoke a central function needs no event of AWS Config for a trial.
#[tokio::test]
pub(super) async fn a_trial_tells_its_invoker_nothing_of_a_member_account() {
    let trial = |wire: &Wire| {
        let mut event = wire.event().scheduled(TIME);
        event["resultToken"] = "TESTMODE".into();
        event
    };
    let of_member = central(&compliant(), "ConfigRule").await;
    let outcome = of_member.invoke(trial(&of_member)).await;
    let answer = serde_json::to_value(outcome.result.as_ref().unwrap()).unwrap();
    assert_eq!(answer, json!({"accountId": ACCOUNT, "complianceType": null, "annotation": null, "rowsSent": 1}));
    assert_eq!(outcome.record.compliance_type.unwrap().as_str(), "COMPLIANT");

    let own = Wire::new(&compliant()).await;
    let summary = own.invoke(trial(&own)).await.result.unwrap();
    assert_eq!(summary.compliance_type.unwrap().as_str(), "COMPLIANT");
    assert!(summary.annotation.is_some());
}

#[tokio::test]
pub(super) async fn all_reads_are_in_the_rules_region_and_partition() {
    let mut evidence = compliant();
    evidence["region"] = "cn-north-1".into();
    evidence["trails"][0]["HomeRegion"] = "cn-north-1".into();
    evidence["trails"][0]["TrailARN"] =
        format!("arn:aws-cn:cloudtrail:cn-north-1:{ACCOUNT}:trail/management-events").into();
    let wire = central(&evidence, "ConfigRule").await;
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    assert_eq!(wire.calls()[0].request["RoleArn"], format!("arn:aws-cn:iam::{ACCOUNT}:role/ConfigRule"));
    assert!(wire.calls().iter().all(|call| call.region.as_deref() == Some("cn-north-1")));
}

#[tokio::test]
pub(super) async fn without_a_role_name_the_message_says_so() {
    let wire = Wire::of_function_in(FUNCTION_ACCOUNT, &compliant(), PATIENT).await;
    let (error_type, error) = failed(&wire.scheduled().await);
    assert_eq!(error_type, "AssumeRoleFailed");
    assert!(error.contains("MEMBER_ROLE_NAME") && error.contains(ACCOUNT), "{error}");
    assert!(wire.calls().is_empty());
}

#[tokio::test]
pub(super) async fn the_role_is_never_taken_from_the_event_nor_from_a_parameter() {
    let wire = Wire::of_function_in(FUNCTION_ACCOUNT, &compliant(), PATIENT).await;
    wire.stand_in.world().put_role(ACCOUNT, "ConfigRule", FUNCTION_ACCOUNT);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/ConfigRule");
    let mut event = wire.event().rule_parameters(&json!({"ExecutionRoleName": "ConfigRule"})).scheduled(TIME);
    event["executionRoleArn"] = role.into();
    assert_eq!(failed(&wire.invoke(event).await).0, "AssumeRoleFailed");
    assert!(wire.calls().is_empty());
}

#[tokio::test]
pub(super) async fn an_arn_is_no_role_name() {
    let mut wire = central(&compliant(), "ConfigRule").await;
    wire.function.member_role_name = Some(format!("arn:aws:iam::{ACCOUNT}:role/ConfigRule"));
    let (error_type, error) = failed(&wire.scheduled().await);
    assert_eq!(error_type, "AssumeRoleFailed");
    assert!(error.contains("MEMBER_ROLE_NAME") && error.contains("no ARN"), "{error}");
    assert!(wire.calls().is_empty());
}

#[tokio::test]
pub(super) async fn a_role_that_is_refused_fails_the_invocation_and_is_named() {
    let mut wire = central(&compliant(), "ConfigRule").await;
    wire.function.member_role_name = Some("Other".to_owned());
    let (error_type, error) = failed(&wire.scheduled().await);
    assert_eq!(error_type, "AssumeRoleFailed");
    for part in [&format!("arn:aws:iam::{ACCOUNT}:role/Other"), "AssumeRole", "AccessDenied"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(wire.counts(), [("AssumeRole".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_garbled_answer_of_sts_fails_the_invocation() {
    for what in [
        Misbehaviour::Garbage,
        Misbehaviour::EmptyObject,
        Misbehaviour::TruncatedJson,
        Misbehaviour::WrongTypes,
        Misbehaviour::Throttle,
        error(403, "ExpiredToken"),
    ] {
        let wire = central(&compliant(), "ConfigRule").await;
        wire.fault(Fault::on("AssumeRole", what.clone()));
        assert_eq!(failed(&wire.scheduled().await).0, "AssumeRoleFailed", "{what:?}");
        assert_eq!(wire.count("PutEvaluations"), 0);
    }
}

#[tokio::test]
pub(super) async fn credentials_are_kept_for_the_next_invocation() {
    let wire = central(&compliant(), "ConfigRule").await;
    for _ in 0..3 {
        assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    }
    assert_eq!(wire.count("AssumeRole"), 1);
    assert_eq!(wire.count("PutEvaluations"), 3);
}

#[tokio::test]
async fn expired_credentials_are_thrown_away_and_assumed_once_more() {
    let wire = central(&compliant(), "ConfigRule").await;
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    wire.stand_in.world().expire_temporary_credentials();
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    assert_eq!(wire.count("AssumeRole"), 2);
    assert_eq!(wire.count("PutEvaluations"), 2);
}

#[tokio::test]
async fn credentials_that_expire_before_any_call_are_assumed_once_more_too() {
    for operation in ["DescribeTrails", "GetTrailStatus", "GetEventSelectors", "PutEvaluations"] {
        let wire = central(&compliant(), "ConfigRule").await;
        wire.fault(Fault::on(operation, error(400, "ExpiredTokenException")).calls(1..=1));
        assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT", "{operation}");
        assert_eq!(wire.count("AssumeRole"), 2, "{operation}");
        assert_eq!(wire.rows(), [account_row("COMPLIANT")], "{operation}");
    }
}

#[tokio::test]
async fn credentials_that_are_always_expired_fail_the_invocation() {
    for (operation, expected) in [("DescribeTrails", "CollectFailed"), ("PutEvaluations", "ReportFailed")] {
        let wire = central(&compliant(), "ConfigRule").await;
        wire.fault(Fault::on(operation, error(400, "ExpiredTokenException")));
        assert_eq!(failed(&wire.scheduled().await).0, expected);
        assert_eq!(wire.count("AssumeRole"), 2, "{operation}");
    }
}

#[tokio::test]
async fn sessions_that_are_expired_from_the_start_fail_the_invocation() {
    let wire = central(&compliant(), "ConfigRule").await;
    wire.stand_in.world().session_lifetime = Some(std::time::Duration::ZERO);
    assert_eq!(failed(&wire.scheduled().await).0, "CollectFailed");
    assert_eq!(wire.count("AssumeRole"), 2);
    assert_eq!(wire.count("PutEvaluations"), 0);
}

#[tokio::test]
async fn the_functions_own_expired_credentials_are_not_assumed_again() {
    let mut wire = Wire::new(&compliant()).await;
    wire.function.member_role_name = Some("ConfigRule".to_owned());
    wire.fault(Fault::on("DescribeTrails", error(400, "ExpiredTokenException")));
    assert_eq!(failed(&wire.scheduled().await).0, "CollectFailed");
    assert_eq!(wire.counts().get("AssumeRole"), None);
}

#[tokio::test]
pub(super) async fn a_hundred_accounts_are_each_asked_with_their_own_credentials() {
    let wire = central(&compliant(), "ConfigRule").await;
    let accounts: Vec<String> = (0..100).map(|number| format!("{:012}", 200_000_000_000_u64 + number)).collect();
    let invoke = async |account: &str| {
        wire.stand_in.clear_calls();
        let rule = wire.stand_in.world().config_rule(account, REGION, RULE);
        let outcome = wire.invoke(wire.event_of(&rule).scheduled(TIME)).await;
        assert_eq!(compliance_type(&outcome), "COMPLIANT");
        assert_made_as_member(&wire, account);
        assert_eq!(wire.stand_in.rows(&rule)[0].resource_id, account);
        wire.count("AssumeRole")
    };
    for account in &accounts {
        let evidence = compliant().to_string().replace(ACCOUNT, account);
        wire.stand_in.world().put_account(&serde_json::from_str(&evidence).unwrap()).unwrap();
        wire.stand_in.world().put_role(account, "ConfigRule", FUNCTION_ACCOUNT);
        assert_eq!(invoke(account).await, 1);
    }
    // The latest are kept; the number is bounded, so the first is not.
    assert_eq!(invoke(&accounts[99]).await, 0);
    assert_eq!(invoke(&accounts[0]).await, 1);
}

#[tokio::test]
async fn an_arn_of_the_function_without_account_fails_the_invocation() {
    for arn in ["", "function:cloudtrail-all-regions", "arn:aws:lambda:eu-west-1::function:name"] {
        let mut wire = Wire::new(&compliant()).await;
        arn.clone_into(&mut wire.context.invoked_function_arn);
        assert_eq!(failed(&wire.scheduled().await).0, "InvalidInvocation", "{arn}");
        assert!(wire.calls().is_empty());
    }
}
