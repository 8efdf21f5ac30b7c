//! One rule, one function, one stand-in of AWS.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use cloudtrail_all_regions::{
    aws::connections::{Connections, Timing},
    clock::Clock,
    error::chain,
    handler::{Context, Function, Outcome},
    rule::timestamp::Timestamp,
    stand_in::{
        Call, ConfigRule, Endpoints, Exchange, Fault, Misbehaviour, Row, StandIn, World,
        events::{ConfigurationItem, Event},
    },
    telemetry::Metrics,
};
use serde_json::{Value, json};
use support::{exchanges, in_process::InProcess};

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const REGION: &str = "eu-west-1";
pub(super) const RULE: &str = "cis-3-1-cloudtrail-all-regions";
/// When events are made: with milliseconds.
pub(super) const TIME: &str = "2026-11-01T12:00:00.250Z";
/// The same as `PutEvaluations` must send it.
pub(super) const ORDERING_TIMESTAMP: f64 = 1_793_534_400.250;
pub(super) const COLLECTED_AT: &str = "2026-11-01T12:00:01Z";
pub(super) const TRAIL: &str = "AWS::CloudTrail::Trail";

/// For calls that are all answered.
pub(super) const PATIENT: Timing = Timing {
    connect: Duration::from_secs(5),
    attempt: Duration::from_secs(10),
    operation: Duration::from_secs(30),
    backoff: Duration::from_millis(20),
};
/// For calls that some are never answered of.
pub(super) const BRISK: Timing = Timing {
    connect: Duration::from_millis(800),
    attempt: Duration::from_millis(800),
    operation: Duration::from_secs(3),
    backoff: Duration::from_millis(20),
};
const BOUND: Duration = Duration::from_mins(1);

pub(super) fn arn(name: &str) -> String {
    arn_in(REGION, ACCOUNT, name)
}

pub(super) fn arn_in(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}")
}

/// A trail that passes, at home in the rule's Region.
pub(super) fn trail(name: &str) -> Value {
    json!({
        "Name": name,
        "TrailARN": arn(name),
        "HomeRegion": REGION,
        "IsMultiRegionTrail": true,
        "IncludeGlobalServiceEvents": true,
        "IsOrganizationTrail": false,
        "S3BucketName": "log-bucket",
        "HasCustomEventSelectors": true,
        "GetTrailStatus": {"IsLogging": true, "LatestDeliveryTime": "2026-11-01T11:55:00Z"},
        "GetEventSelectors": {
            "AdvancedEventSelectors": [
                {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
            ],
        },
    })
}

/// The same, at home elsewhere.
pub(super) fn trail_at_home_in(region: &str, name: &str) -> Value {
    let mut trail = trail(name);
    trail["HomeRegion"] = region.into();
    trail["TrailARN"] = arn_in(region, ACCOUNT, name).into();
    trail
}

/// One that fails only for not logging.
pub(super) fn stopped_trail(name: &str) -> Value {
    let mut trail = trail(name);
    trail["GetTrailStatus"]["IsLogging"] = false.into();
    trail
}

/// The account with these trails, which Config has discovered by name.
pub(super) fn account(trails: &[Value]) -> Value {
    let names: Vec<Value> = trails.iter().map(|trail| trail["Name"].clone()).collect();
    json!({
        "accountId": ACCOUNT,
        "region": REGION,
        "collectedAt": COLLECTED_AT,
        "trails": trails,
        "discoveredTrails": names,
    })
}

/// An account with one trail, `management-events`, that passes.
pub(super) fn compliant() -> Value {
    account(&[trail("management-events")])
}

/// The same with one thing broken.
pub(super) fn stopped() -> Value {
    account(&[stopped_trail("management-events")])
}

pub(super) fn error(status: u16, code: &str) -> Misbehaviour {
    error_saying(status, code, "told to fail")
}

pub(super) fn error_saying(status: u16, code: &str, message: &str) -> Misbehaviour {
    Misbehaviour::Error { status, code: code.to_owned(), message: message.to_owned() }
}

pub(super) fn item(resource_id: &str, status: &str) -> ConfigurationItem {
    ConfigurationItem::of_trail(resource_id, status, "2026-11-01T11:59:58.000Z")
}

/// A row of `PutEvaluations`, without its annotation.
pub(super) fn row(resource_type: &str, resource_id: &str, compliance_type: &str) -> [String; 3] {
    [resource_type.to_owned(), resource_id.to_owned(), compliance_type.to_owned()]
}

pub(super) fn account_row(compliance_type: &str) -> [String; 3] {
    row("AWS::::Account", ACCOUNT, compliance_type)
}

pub(super) fn trail_row(resource_id: &str, compliance_type: &str) -> [String; 3] {
    row(TRAIL, resource_id, compliance_type)
}

/// A row that an earlier run left, stored with this ordering timestamp.
pub(super) fn earlier_row([resource_type, resource_id, compliance_type]: [String; 3], ordering_timestamp: &str) -> Row {
    Row {
        resource_type,
        resource_id,
        compliance_type,
        annotation: Some("earlier".to_owned()),
        ordering_timestamp: timestamp(ordering_timestamp),
        config_rule_invoked_time: SystemTime::UNIX_EPOCH,
        result_recorded_time: SystemTime::UNIX_EPOCH,
    }
}

pub(super) fn timestamp(text: &str) -> Timestamp {
    serde_json::from_value(text.into()).unwrap()
}

/// The account and its rule, and the function's credentials.
fn set_up(world: &mut World, function_account: &str, evidence: &Value) -> (ConfigRule, Credentials) {
    world.put_account(evidence).unwrap();
    let rule = world.config_rule(evidence["accountId"].as_str().unwrap(), evidence["region"].as_str().unwrap(), RULE);
    let key = world.credentials(function_account);
    (rule, Credentials::new(key.access_key_id, key.secret_access_key, None, None, "wire tests"))
}

fn clock(evidence: &Value) -> Clock {
    Clock::Fixed(serde_json::from_value(evidence["collectedAt"].clone()).unwrap())
}

pub(super) struct Wire {
    pub(super) stand_in: Endpoints,
    /// What serves them on a port, if anything.
    _server: Option<StandIn>,
    pub(super) function: Function,
    pub(super) rule: ConfigRule,
    pub(super) context: Context,
}

impl Wire {
    /// A rule in the account and Region of the evidence; the function is in the same account.
    pub(super) async fn new(evidence: &Value) -> Self {
        Self::with(evidence, PATIENT).await
    }

    pub(super) async fn with(evidence: &Value, timing: Timing) -> Self {
        let account_id = evidence["accountId"].as_str().unwrap();
        Self::of_function_in(account_id, evidence, timing).await
    }

    pub(super) async fn of_function_in(function_account: &str, evidence: &Value, timing: Timing) -> Self {
        let mut world = World::default();
        let (rule, credentials) = set_up(&mut world, function_account, evidence);
        let server = StandIn::start(world).await.unwrap();
        let connections = Connections::to_endpoint(&server.endpoint(), credentials, timing);
        let stand_in = Endpoints::clone(&server);
        Self::of(function_account, evidence, rule, connections, stand_in, Some(server))
    }

    /// Without a socket and with the time-outs that ship, for a test that pauses the clock.
    pub(super) fn paused(function_account: &str, evidence: &Value) -> Self {
        let clock = clock(evidence);
        let mut world = World::default();
        // No answer is there at once.
        (world.clock, world.latency) = (clock, Duration::from_millis(1));
        let (rule, credentials) = set_up(&mut world, function_account, evidence);
        let stand_in = Endpoints::of(world);
        let connections = Connections::over(InProcess(stand_in.clone()), credentials, clock, Timing::default());
        Self::of(function_account, evidence, rule, connections, stand_in, None)
    }

    fn of(
        function_account: &str,
        evidence: &Value,
        rule: ConfigRule,
        connections: Connections,
        stand_in: Endpoints,
        server: Option<StandIn>,
    ) -> Self {
        let function = Function { connections, member_role_name: None, clock: clock(evidence) };
        let context = Context {
            request_id: "wire".to_owned(),
            invoked_function_arn: format!("arn:aws:lambda:{REGION}:{function_account}:function:cloudtrail-all-regions"),
            deadline: function.clock.time() + BOUND,
        };
        Self { stand_in, _server: server, function, rule, context }
    }

    /// Ends the invocation this long from now: Lambda's deadline is a second later.
    pub(super) fn end_within(&mut self, left: Duration) {
        self.context.deadline = self.function.clock.time() + Duration::from_secs(1) + left;
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.stand_in.world().add_fault(fault);
    }

    /// An event of the rule, with a result token of its own.
    pub(super) fn event(&self) -> Event {
        self.event_of(&self.rule)
    }

    pub(super) fn event_of(&self, rule: &ConfigRule) -> Event {
        let mut world = self.stand_in.world();
        let token = world.result_token(rule);
        Event::new(rule, &token)
    }

    pub(super) fn event_with_trail_results(&self) -> Event {
        self.event().rule_parameters(&json!({"trailResults": "true"}))
    }

    pub(super) async fn scheduled(&self) -> Outcome {
        self.invoke(self.event().scheduled(TIME)).await
    }

    pub(super) async fn scheduled_with_trail_results(&self) -> Outcome {
        self.invoke(self.event_with_trail_results().scheduled(TIME)).await
    }

    pub(super) async fn changed(&self) -> Outcome {
        self.invoke(self.event().configuration_item_change(&item("management-events", "OK"), TIME)).await
    }

    /// Invokes the function, and looks for secrets in whatever leaves it.
    pub(super) async fn invoke(&self, payload: Value) -> Outcome {
        let token = payload["resultToken"].as_str().unwrap_or_default().to_owned();
        let left = self.context.deadline.duration_since(self.function.clock.time()).unwrap_or(BOUND);
        let handled =
            tokio::time::timeout(left.max(Duration::from_secs(1)), self.function.handle(payload, &self.context));
        let outcome = handled.await.unwrap_or_else(|_| panic!("the invocation does not end before its deadline"));
        let left = format!("{:?}\n{:?}\n{}", lines(&outcome), outcome, error_of(&outcome).unwrap_or_default());
        let mut secrets = vec!["stand-in/secret", "stand-in-session-token"];
        secrets.extend((token.len() > "TESTMODE".len()).then_some(token.as_str()));
        for secret in secrets {
            assert!(!left.contains(secret), "{secret} in {left}");
        }
        outcome
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.stand_in.calls()
    }

    pub(super) fn calls_of(&self, operation: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.operation == operation).collect()
    }

    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self.calls() {
            *counts.entry(call.operation).or_default() += 1;
        }
        counts
    }

    pub(super) fn count(&self, operation: &str) -> usize {
        self.calls_of(operation).len()
    }

    /// The bodies of the `PutEvaluations` calls, in their order.
    pub(super) fn bodies(&self) -> Vec<Value> {
        self.calls_of("PutEvaluations").into_iter().map(|call| call.request).collect()
    }

    /// The rows of the `PutEvaluations` calls, without annotation.
    pub(super) fn puts(&self) -> Vec<Vec<[String; 3]>> {
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        let rows = |body: &Value| {
            let rows = body["Evaluations"].as_array().unwrap().iter();
            let keys = ["ComplianceResourceType", "ComplianceResourceId", "ComplianceType"];
            rows.map(|row| keys.map(|key| text(row, key))).collect()
        };
        self.bodies().iter().map(rows).collect()
    }

    /// The annotation of the first row of the first `PutEvaluations`.
    pub(super) fn annotation(&self) -> String {
        self.bodies()[0]["Evaluations"][0]["Annotation"].as_str().unwrap().to_owned()
    }

    /// What Config shows for the rule.
    pub(super) fn rows(&self) -> Vec<[String; 3]> {
        let rows = self.stand_in.rows(&self.rule).into_iter();
        rows.map(|row| [row.resource_type, row.resource_id, row.compliance_type]).collect()
    }
}

/// With `EXCHANGES_DIR` set, the exchanges are left there, so that another client can check them.
impl Drop for Wire {
    fn drop(&mut self) {
        let lines: String = self.stand_in.exchanges().iter().map(Exchange::to_json_line).collect();
        exchanges::leave(env!("CARGO_CRATE_NAME"), &lines);
    }
}

/// The log lines of an invocation; the last is its summary.
pub(super) fn lines(outcome: &Outcome) -> Vec<Value> {
    outcome.record.lines("wire", Metrics::Emitted)
}

/// The whole chain of the error.
pub(super) fn error_of(outcome: &Outcome) -> Option<String> {
    outcome.result.as_ref().err().map(|error| chain(error))
}

/// The error's type and its whole chain.
pub(super) fn failed(outcome: &Outcome) -> (&'static str, String) {
    match &outcome.result {
        Ok(summary) => panic!("{summary:?}"),
        Err(error) => (error.error_type(), chain(error)),
    }
}

/// The account's compliance type of an invocation that succeeded.
pub(super) fn compliance_type(outcome: &Outcome) -> &'static str {
    match &outcome.result {
        Ok(summary) => summary.compliance_type.unwrap().as_str(),
        Err(error) => panic!("{}: {}", error.error_type(), chain(error)),
    }
}

/// Whether some warning says this.
pub(super) fn warns(outcome: &Outcome, text: &str) -> bool {
    outcome.record.warnings.iter().any(|warning| warning.contains(text))
}
