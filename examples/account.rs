//! An AWS account on this machine, to try the command line on: CloudTrail as an evidence file describes it, and AWS
//! Config with this rule and AWS's managed ones, all of which found the account COMPLIANT yesterday.
//!
//! It prints what to export in another terminal, and serves until it is interrupted.

use std::{
    error::Error,
    io::{self, Write},
    time::{Duration, SystemTime},
};

use cloudtrail_all_regions::{
    rule::{cloudtrail_all_regions::RULE, evidence::Evidence, timestamp::Timestamp},
    stand_in::{Row, StandIn, World},
};
use serde_json::json;

const MANAGED: [(&str, &str); 3] = [
    ("multi-region-cloudtrail-enabled", "MULTI_REGION_CLOUD_TRAIL_ENABLED"),
    ("cloudtrail-enabled", "CLOUD_TRAIL_ENABLED"),
    ("cloudtrail-security-trail-enabled", "CLOUDTRAIL_SECURITY_TRAIL_ENABLED"),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let path = std::env::args().nth(1).ok_or("usage: cargo run --example account -- EVIDENCE_FILE")?;
    let text = std::fs::read_to_string(&path)?;
    let evidence = Evidence::parse(&text)?;
    let mut world = World::default();
    world.put_account(&serde_json::from_str(&text)?)?;
    record_results(&mut world, &evidence);
    let credentials = world.credentials(&evidence.account_id);
    let stand_in = StandIn::start(world).await?;

    let mut stdout = io::stdout().lock();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", stand_in.endpoint()),
        ("AWS_REGION", evidence.region),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key),
    ] {
        writeln!(stdout, "export {name}={value}")?;
    }
    stdout.flush()?;
    std::future::pending().await
}

/// What AWS Config recorded a day ago.
fn record_results(world: &mut World, evidence: &Evidence) {
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    let rules = MANAGED.iter().map(|(name, identifier)| (*name, Some(identifier)));
    for (name, identifier) in rules.chain([(RULE.default_name, None)]) {
        let rule = world.config_rule(&evidence.account_id, &evidence.region, name);
        if let Some(identifier) = identifier {
            let source = json!({"Owner": "AWS", "SourceIdentifier": identifier});
            world.change_config_rule(&rule, |settings| {
                settings.insert("Source".to_owned(), source);
            });
        }
        world.put_row(
            &rule,
            Row {
                resource_type: "AWS::::Account".to_owned(),
                resource_id: evidence.account_id.clone(),
                compliance_type: "COMPLIANT".to_owned(),
                annotation: None,
                ordering_timestamp: Timestamp::from(yesterday),
                config_rule_invoked_time: yesterday,
                result_recorded_time: yesterday,
            },
        );
    }
}
