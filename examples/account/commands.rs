//! Accounts that are made by commands, for tests in other languages.
//!
//! Its first line on standard output is `{"endpoint": URL}`. It obeys commands on standard input, one JSON object a
//! line, and answers each with one line; it ends with its input. It takes keys that another STS has issued.

use std::{
    error::Error,
    io::{self, BufRead, Write},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloudtrail_all_regions::{
    clock::Clock,
    rule::{evaluation::EvaluatedResource, timestamp::Timestamp},
    stand_in::{
        Call, Fault, Misbehaviour, Row, StandIn, World,
        bucket::{Deliveries, Object},
        digests::SigningKey,
    },
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use support::{DIGEST_KEY_FINGERPRINT, DIGEST_SIGNING_KEY};

/// A command: `{"rows": {"account": …, "region": …, "name": …}}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Command {
    /// Registers the rule unless it is there, and issues a result token.
    Invocation(RuleName),
    /// The results that Config shows.
    Rows(RuleName),
    /// The rule is deleted, with its results.
    DeleteRule(RuleName),
    /// Makes an aggregator of a name, which knows the rules of every account.
    Aggregate(RuleName),
    /// Config recorded a result of the rule on its account, some hours ago.
    Record(Recorded),
    /// Config has discovered these trails, and no other.
    Discover { account: String, region: String, ids: Vec<String> },
    /// Every call of an operation is answered with an error, from now on.
    Fail { operation: String, status: u16, code: String },
    /// Writes digest files of a trail in a Region, a log file with each, and lists their key there. Answers with the objects.
    Deliver(Delivery),
    /// The calls since this was last asked.
    Calls {},
}

/// Where a rule is, and its name.
#[derive(Deserialize)]
struct RuleName {
    account: String,
    region: String,
    name: String,
}

/// A result of a rule on its account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    #[serde(flatten)]
    rule: RuleName,
    compliance_type: String,
    annotation: String,
    hours: u64,
}

impl Recorded {
    fn write(self, world: &mut World) {
        let Self { rule: RuleName { account, region, name }, compliance_type, annotation, hours } = self;
        let at = Clock::System.time() - Duration::from_hours(hours);
        let EvaluatedResource { resource_type, resource_id } = EvaluatedResource::account(&account);
        let rule = world.config_rule(&account, &region, &name);
        world.put_row(
            &rule,
            Row {
                resource_type,
                resource_id,
                compliance_type,
                annotation: Some(annotation),
                ordering_timestamp: Timestamp::from(Clock::System.time()),
                config_rule_invoked_time: at,
                result_recorded_time: at,
            },
        );
    }
}

/// The digest files of these hours, of which `says` changes what the newest says before it is signed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    account: String,
    bucket: String,
    region: String,
    trail: String,
    home_region: String,
    ends: Vec<Timestamp>,
    #[serde(default)]
    says: Map<String, Value>,
}

impl Delivery {
    fn write(self, world: &mut World) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let key = SigningKey::from_pkcs8(DIGEST_SIGNING_KEY, DIGEST_KEY_FINGERPRINT)?;
        let Self { account, bucket, region, trail, home_region, ends, says } = self;
        let of = Deliveries { bucket, prefix: None, organization: None, account, region, trail, home_region };
        let (newest, before) = ends.split_last().ok_or("there are no ends")?;
        world.add_public_key(&of.region, key.listed(*newest));
        let previous = world.deliver(&of, before, true, &key);
        let log_files = [world.write_log_file(&of, newest.plus_seconds(-900), &json!([]))];
        let mut digest = of.digest(*newest, previous.as_ref(), &log_files);
        digest.body.as_object_mut().into_iter().for_each(|body| body.extend(says.clone()));
        world.write_digest(&of, digest, &key);
        let object = |(key, object): (&String, &Object)| {
            json!({
                "Key": key,
                "Metadata": object.metadata,
                "Body": STANDARD.encode(&object.body),
                "LastModified": object.last_modified,
            })
        };
        Ok(world.bucket(&of.bucket, &of.home_region).objects.iter().map(object).collect())
    }
}

/// Serves until standard input ends.
pub(super) async fn serve() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut world = World::default();
    world.account_of_key_id = true;
    let stand_in = StandIn::start(world).await?;
    tokio::task::spawn_blocking(move || serve_commands(&stand_in)).await?
}

fn serve_commands(stand_in: &StandIn) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", json!({ "endpoint": stand_in.endpoint() }))?;
    for line in io::stdin().lock().lines() {
        let answer = obey(serde_json::from_str(&line?)?, stand_in)?;
        writeln!(stdout, "{answer}")?;
    }
    Ok(())
}

fn obey(command: Command, stand_in: &StandIn) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let mut world = stand_in.world();
    let mut registered = |rule: RuleName| world.config_rule(&rule.account, &rule.region, &rule.name);
    Ok(match command {
        Command::Invocation(rule) => {
            let rule = registered(rule);
            let result_token = world.result_token(&rule);
            json!({ "configRuleArn": rule.arn, "configRuleId": rule.id, "resultToken": result_token })
        }
        Command::Rows(rule) => {
            let rule = registered(rule);
            world.rows(&rule).iter().map(row).collect()
        }
        Command::DeleteRule(rule) => {
            let rule = registered(rule);
            world.delete_config_rule(&rule);
            Value::Null
        }
        Command::Aggregate(RuleName { account, region, name }) => {
            world.aggregate(&account, &region, &name, Vec::new());
            Value::Null
        }
        Command::Record(recorded) => {
            recorded.write(&mut world);
            Value::Null
        }
        Command::Discover { account, region, ids } => {
            let evidence = json!({ "accountId": account, "region": region, "trails": [], "discoveredTrails": ids });
            world.put_account(&evidence)?;
            Value::Null
        }
        Command::Fail { operation, status, code } => {
            let message = "The test says so".to_owned();
            world.add_fault(Fault::on(&operation, Misbehaviour::Error { status, code, message }));
            Value::Null
        }
        Command::Deliver(delivery) => delivery.write(&mut world)?,
        Command::Calls {} => {
            drop(world);
            let calls = stand_in.calls().iter().map(call).collect();
            stand_in.clear_calls();
            calls
        }
    })
}

fn row(row: &Row) -> Value {
    json!({
        "ComplianceResourceType": row.resource_type,
        "ComplianceResourceId": row.resource_id,
        "ComplianceType": row.compliance_type,
        "Annotation": row.annotation,
        "OrderingTimestamp": row.ordering_timestamp.to_string(),
    })
}

fn call(call: &Call) -> Value {
    json!({
        "operation": call.operation,
        "account": call.account,
        "region": call.region,
        "request": call.request,
        "errorCode": call.error_code,
    })
}
