//! The Lambda function as it ships: the binary `bootstrap` between Lambda's Runtime API and the stand-in for AWS.

use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, Region};
use cloudtrail_all_regions::clock::Clock;
use cloudtrail_all_regions::stand_in::{
    ConfigRule, Fault, Misbehaviour, StandIn, World,
    events::{ConfigurationItem, Event},
};
use serde_json::{Value, json};
use support::lambda::Lambda;

const ACCOUNT: &str = "111122223333";
const MEMBER: &str = "444455556666";
const REGION: &str = "eu-central-1";
const TRAIL: &str = "management-events";

/// An account whose one trail records everything.
fn evidence(account_id: &str) -> Value {
    json!({
        "accountId": account_id,
        "region": REGION,
        "collectedAt": "2026-11-01T12:00:00Z",
        "trails": [{
            "Name": TRAIL,
            "TrailARN": format!("arn:aws:cloudtrail:{REGION}:{account_id}:trail/{TRAIL}"),
            "HomeRegion": REGION,
            "IsMultiRegionTrail": true,
            "IncludeGlobalServiceEvents": true,
            "S3BucketName": "logs",
            "HasCustomEventSelectors": false,
            "GetTrailStatus": {"IsLogging": true},
            "GetEventSelectors": {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]},
        }],
    })
}

/// The function in its account, and a rule of Config that invokes it.
struct Deployed {
    stand_in: StandIn,
    lambda: Lambda,
    rule: ConfigRule,
    result_tokens: Vec<String>,
}

impl Deployed {
    /// The rule may be another account's; `member_role_name` is the function's `MEMBER_ROLE_NAME`.
    async fn new(rule_account: &str, member_role_name: Option<&str>) -> Self {
        Self::with(rule_account, member_role_name.map(|name| ("MEMBER_ROLE_NAME", name))).await
    }

    /// With one more variable in the function's environment.
    async fn with(rule_account: &str, variable: Option<(&str, &str)>) -> Self {
        let mut world = World::default();
        for account_id in [ACCOUNT, MEMBER] {
            world.put_account(&evidence(account_id)).unwrap();
        }
        let rule = world.config_rule(rule_account, REGION, "cloudtrail");
        let stand_in = StandIn::start(world).await.unwrap();
        let endpoint = stand_in.endpoint();
        let credentials = execution_role_credentials(&stand_in).await;
        let mut environment = vec![
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key()),
            ("AWS_SESSION_TOKEN", credentials.session_token()),
        ];
        environment.extend(variable);
        let function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:cloudtrail-all-regions");
        let lambda = Lambda::start(env!("CARGO_BIN_EXE_bootstrap").as_ref(), &function_arn, &environment).await;
        stand_in.clear_calls();
        Self { stand_in, lambda, rule, result_tokens: Vec::new() }
    }

    /// An event with a result token of its own.
    fn event(&mut self) -> Event {
        let result_token = self.stand_in.world().result_token(&self.rule);
        let event = Event::new(&self.rule, &result_token);
        self.result_tokens.push(result_token);
        event
    }

    /// The results that Config shows, as `TYPE ID COMPLIANCE_TYPE`.
    fn rows(&self) -> Vec<String> {
        let rows = self.stand_in.rows(&self.rule);
        rows.iter().map(|row| format!("{} {} {}", row.resource_type, row.resource_id, row.compliance_type)).collect()
    }

    async fn end(self) {
        assert!(self.said().await.contains("_aws"));
    }

    /// All that the process wrote, which holds no secret.
    async fn said(self) -> String {
        let said = self.lambda.end().await;
        for secret in self.result_tokens.iter().map(String::as_str).chain([SECRET_ACCESS_KEY, SESSION_TOKEN]) {
            assert!(!said.contains(secret), "{secret} in {said}");
        }
        said
    }
}

/// How every secret access key and session token of the stand-in begins.
const SECRET_ACCESS_KEY: &str = "stand-in/secret/";
const SESSION_TOKEN: &str = "stand-in-session-token-";

/// The credentials that Lambda gives a function: those of a session of its role.
async fn execution_role_credentials(stand_in: &StandIn) -> aws_sdk_sts::types::Credentials {
    let role = "cloudtrail-all-regions";
    let key = {
        let mut world = stand_in.world();
        world.put_role(ACCOUNT, role, ACCOUNT);
        world.credentials(ACCOUNT)
    };
    let key = aws_credential_types::Credentials::new(key.access_key_id, key.secret_access_key, None, None, "Test");
    let configuration = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(stand_in.endpoint())
        .region(Region::from_static(REGION))
        .credentials_provider(key);
    let request = aws_sdk_sts::Client::from_conf(configuration.build())
        .assume_role()
        .role_arn(format!("arn:aws:iam::{ACCOUNT}:role/{role}"))
        .role_session_name("function");
    let credentials = request.send().await.unwrap().credentials.unwrap();
    assert!(credentials.secret_access_key().starts_with(SECRET_ACCESS_KEY));
    assert!(credentials.session_token().starts_with(SESSION_TOKEN));
    credentials
}

#[tokio::test]
async fn a_scheduled_event_reports_the_account_and_returns_a_summary() {
    let mut deployed = Deployed::new(ACCOUNT, None).await;
    let event = deployed.event().scheduled("2026-11-01T12:00:00.123Z");
    let invoked = deployed.lambda.invoke(event).await;
    let annotation = deployed.stand_in.rows(&deployed.rule)[0].annotation.clone().unwrap();
    assert_eq!(
        *invoked.response(),
        json!({"accountId": ACCOUNT, "complianceType": "COMPLIANT", "annotation": annotation, "rowsSent": 1})
    );
    assert_eq!(deployed.rows(), ["AWS::::Account 111122223333 COMPLIANT"]);
    assert_eq!(invoked.log.len(), 1);
    let summary = invoked.summary();
    let expected = json!({
        "level": "INFO",
        "message": "evaluated",
        "accountId": ACCOUNT,
        "region": REGION,
        "configRuleName": "cloudtrail",
        "messageType": "ScheduledNotification",
        "evaluationMode": "DETECTIVE",
        "ComplianceType": "COMPLIANT",
        "Evaluations": 1,
        "TrailsSeen": 1,
        "rowsSent": 1,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(summary[key], *value, "{key}");
    }
    deployed.end().await;
}

#[tokio::test]
async fn metrics_are_emitted_unless_the_environment_says_otherwise() {
    for (setting, emits_metrics, warning) in
        [("false", false, ""), ("true", true, ""), ("off", true, "EMIT_METRICS is `off`")]
    {
        let mut deployed = Deployed::with(ACCOUNT, Some(("EMIT_METRICS", setting))).await;
        let event = deployed.event().scheduled("2026-11-01T12:00:00Z");
        let invoked = deployed.lambda.invoke(event).await;
        assert_eq!(invoked.response()["complianceType"], "COMPLIANT");
        assert_eq!((&invoked.summary()["Evaluations"], &invoked.summary()["TrailsSeen"]), (&json!(1), &json!(1)));
        let said = deployed.said().await;
        assert_eq!(said.contains("_aws"), emits_metrics, "{setting}");
        assert!(said.contains(warning) && said.contains("EMIT_METRICS") != warning.is_empty(), "{said}");
    }
}

#[tokio::test]
async fn one_process_follows_an_account_from_event_to_event() {
    let mut deployed = Deployed::new(ACCOUNT, None).await;
    let event = deployed.event().scheduled("2026-11-01T12:00:00Z");
    assert_eq!(deployed.lambda.invoke(event).await.response()["complianceType"], "COMPLIANT");

    assert!(deployed.stand_in.world().stop_logging(ACCOUNT, TRAIL));
    let changed = ConfigurationItem::of_trail(TRAIL, "OK", "2026-11-01T12:01:00Z");
    let event = deployed.event().configuration_item_change(&changed, "2026-11-01T12:01:01Z");
    let invoked = deployed.lambda.invoke(event).await;
    assert_eq!(invoked.response()["complianceType"], "NON_COMPLIANT");
    assert_eq!(invoked.summary()["trails"][0]["reasons"], json!(["not-logging"]));
    assert_eq!(deployed.rows(), ["AWS::::Account 111122223333 NON_COMPLIANT"]);

    assert!(deployed.stand_in.world().delete_trail(ACCOUNT, TRAIL));
    let deleted = ConfigurationItem::of_trail(TRAIL, "ResourceDeleted", "2026-11-01T12:02:00Z");
    let event = deployed.event().configuration_item_change(&deleted, "2026-11-01T12:02:01Z");
    let invoked = deployed.lambda.invoke(event).await;
    assert_eq!(invoked.response()["complianceType"], "NON_COMPLIANT");
    assert_eq!(invoked.summary()["trails"], json!([]));
    assert_eq!(deployed.rows(), ["AWS::::Account 111122223333 NON_COMPLIANT"]);

    deployed.stand_in.world().put_account(&evidence(ACCOUNT)).unwrap();
    let event = deployed.event().scheduled("2026-11-01T12:03:00Z");
    assert_eq!(deployed.lambda.invoke(event).await.response()["complianceType"], "COMPLIANT");
    assert_eq!(deployed.rows(), ["AWS::::Account 111122223333 COMPLIANT"]);
    deployed.end().await;
}

#[tokio::test]
async fn events_that_cannot_be_used_fail_without_a_call_and_the_process_lives_on() {
    let mut deployed = Deployed::new(ACCOUNT, None).await;
    let mut without_account = deployed.event().scheduled("2026-11-01T12:00:00Z");
    without_account.as_object_mut().unwrap().remove("accountId");
    let whole = deployed.event().scheduled("2026-11-01T12:00:00Z").to_string();
    let no_json = [&whole[..whole.len() / 2], "", "<html>", "{\"resultToken\": nothing}"].map(str::to_owned);

    let invoked = deployed.lambda.invoke(without_account).await;
    assert_eq!(invoked.error_type(), "InvalidInvocation");
    assert_eq!(invoked.answer.body["errorMessage"], "the invocation is invalid: `accountId` is missing");
    assert_eq!(invoked.summary()["level"], "ERROR");
    assert_eq!(invoked.summary()["InvocationErrors"], 1);
    for payload in no_json {
        let invoked = deployed.lambda.invoke(&payload).await;
        assert_eq!(invoked.error_type(), "InvalidInvocation", "{payload}");
        let message = invoked.answer.body["errorMessage"].as_str().unwrap();
        assert!(message.contains("the payload is null or no JSON; valid is the object"), "{message}");
    }
    assert_eq!(deployed.stand_in.calls(), []);

    let event = deployed.event().scheduled("2026-11-01T12:00:00Z");
    assert_eq!(deployed.lambda.invoke(event).await.response()["complianceType"], "COMPLIANT");
    deployed.end().await;
}

#[tokio::test]
async fn an_indeterminate_account_fails_the_invocation_and_keeps_its_row() {
    let mut deployed = Deployed::new(ACCOUNT, None).await;
    let event = deployed.event().scheduled("2026-11-01T12:00:00Z");
    deployed.lambda.invoke(event).await.response();

    deployed.stand_in.world().add_fault(Fault::on("GetTrailStatus", Misbehaviour::Deny));
    deployed.stand_in.clear_calls();
    let parameters = json!({"onIndeterminate": "ERROR"});
    let event = deployed.event().rule_parameters(&parameters).scheduled("2026-11-01T13:00:00Z");
    let invoked = deployed.lambda.invoke(event).await;
    assert_eq!(invoked.error_type(), "Indeterminate");
    assert!(deployed.stand_in.calls().iter().all(|call| call.operation != "PutEvaluations"));
    assert_eq!(deployed.rows(), ["AWS::::Account 111122223333 COMPLIANT"]);
    deployed.end().await;
}

#[tokio::test]
async fn the_function_gives_up_before_its_deadline_and_says_what_it_waited_for() {
    let mut deployed = Deployed::new(ACCOUNT, None).await;
    deployed.stand_in.world().add_fault(Fault::on("DescribeTrails", Misbehaviour::Hang));
    let event = deployed.event().scheduled("2026-11-01T12:00:00Z");
    let deadline = Clock::System.time() + Duration::from_millis(2500);
    let invoked = deployed.lambda.invoke_until(deadline, event).await;
    assert_eq!(invoked.error_type(), "DeadlineExceeded");
    assert!(invoked.answer.posted_at < deadline);
    let message = invoked.answer.body["errorMessage"].as_str().unwrap();
    assert!(message.contains("DescribeTrails"), "{message}");
    assert_eq!(deployed.rows(), [""; 0]);

    deployed.stand_in.world().clear_faults();
    let event = deployed.event().scheduled("2026-11-01T12:01:00Z");
    assert_eq!(deployed.lambda.invoke(event).await.response()["complianceType"], "COMPLIANT");
    deployed.end().await;
}

#[tokio::test]
async fn a_member_account_is_read_and_reported_with_its_role() {
    let mut deployed = Deployed::new(MEMBER, Some("audit/ConfigRule")).await;
    deployed.stand_in.world().put_role(MEMBER, "audit/ConfigRule", ACCOUNT);
    for minute in ["12:00", "12:01"] {
        let event = deployed.event().scheduled(&format!("2026-11-01T{minute}:00Z"));
        let invoked = deployed.lambda.invoke(event).await;
        assert_eq!(invoked.response()["accountId"], MEMBER);
        assert_eq!(invoked.response()["complianceType"], "COMPLIANT");
    }
    assert_eq!(deployed.rows(), ["AWS::::Account 444455556666 COMPLIANT"]);
    let (assume_role, others): (Vec<_>, Vec<_>) =
        deployed.stand_in.calls().into_iter().partition(|call| call.operation == "AssumeRole");
    assert_eq!(assume_role.len(), 1);
    assert_eq!(others.len(), 10);
    assert!(others.iter().all(|call| call.account.as_deref() == Some(MEMBER)));
    deployed.end().await;
}

#[tokio::test]
async fn a_member_account_needs_the_name_of_a_role() {
    for (name, said) in [(None, "MEMBER_ROLE_NAME"), (Some(" "), "MEMBER_ROLE_NAME"), (Some("Absent"), "role/Absent")] {
        let mut deployed = Deployed::new(MEMBER, name).await;
        let event = deployed.event().scheduled("2026-11-01T12:00:00Z");
        let invoked = deployed.lambda.invoke(event).await;
        assert_eq!(invoked.error_type(), "AssumeRoleFailed");
        let message = invoked.answer.body["errorMessage"].as_str().unwrap();
        assert!(message.contains(said), "{message}");
        assert_eq!(deployed.rows(), [""; 0]);
        deployed.end().await;
    }
}
