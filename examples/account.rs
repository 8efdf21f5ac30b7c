//! An AWS account on this machine, to try the command line on: CloudTrail as an evidence file describes it, and AWS
//! Config with this rule, which recorded its verdict yesterday, and AWS's managed ones, which found the account COMPLIANT.
//!
//! It prints what to export in another terminal, and serves until it is interrupted.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use cloudtrail_all_regions::{
    rule::{
        self,
        evaluation::{ComplianceType, EvaluatedResource},
        evidence::Evidence,
        judge,
        parameters::RuleParameters,
        timestamp::Timestamp,
    },
    stand_in::{Row, StandIn, World},
};
use serde_json::json;

const MANAGED: [(&str, &str); 3] = [
    ("multi-region-cloudtrail-enabled", "MULTI_REGION_CLOUD_TRAIL_ENABLED"),
    ("cloudtrail-enabled", "CLOUD_TRAIL_ENABLED"),
    ("cloudtrail-security-trail-enabled", "CLOUDTRAIL_SECURITY_TRAIL_ENABLED"),
];

/// What stands beside their results wherever these are shown.
const INVENTED: &str = "Invented by the example account: AWS's own rule may find otherwise";

const USAGE: &str = "\
Usage: cargo run --example account -- EVIDENCE_FILE

Serves the account of the file, such as examples/accounts/stopped.json, on this machine until it is interrupted, and
prints what to export so that the command line and the AWS CLI speak to it.
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let path = match (arguments.next(), arguments.next()) {
        (Some(help), None) if ["-h", "--help"].contains(&help.as_str()) => {
            io::stdout().write_all(USAGE.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        (Some(path), None) if !path.starts_with('-') => path,
        _ => {
            io::stderr().write_all(USAGE.as_bytes())?;
            return Ok(ExitCode::from(64));
        }
    };
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
        ("AWS_REGION", evidence.region.clone()),
        ("AWS_DEFAULT_REGION", evidence.region),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key),
    ] {
        writeln!(stdout, "export {name}={value}")?;
    }
    stdout.flush()?;
    std::future::pending().await
}

/// What AWS Config recorded a day ago: for this rule what its function reports.
fn record_results(world: &mut World, evidence: &Evidence) {
    let Evidence { account_id, region, .. } = evidence;
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    let row = |resource: EvaluatedResource, compliance_type: ComplianceType, annotation| Row {
        resource_type: resource.resource_type,
        resource_id: resource.resource_id,
        compliance_type: compliance_type.to_string(),
        annotation,
        ordering_timestamp: Timestamp::from(yesterday),
        config_rule_invoked_time: yesterday,
        result_recorded_time: yesterday,
    };
    let rule = world.config_rule(account_id, region, rule::DEFAULT_NAME);
    // Without a verdict the function reports nothing.
    for evaluation in judge(evidence, &RuleParameters::default()).evaluations.unwrap_or_default() {
        let annotation = Some(evaluation.annotation.to_string());
        world.put_row(&rule, row(evaluation.resource, evaluation.compliance_type, annotation));
    }
    for (name, identifier) in MANAGED {
        let rule = world.config_rule(account_id, region, name);
        world.change_config_rule(&rule, |settings| {
            settings.insert("Source".to_owned(), json!({"Owner": "AWS", "SourceIdentifier": identifier}));
        });
        let annotation = Some(INVENTED.to_owned());
        world.put_row(&rule, row(EvaluatedResource::account(account_id), ComplianceType::Compliant, annotation));
    }
}
