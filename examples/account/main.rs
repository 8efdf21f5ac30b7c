//! An AWS account on this machine, to try the command line on: CloudTrail as an evidence file describes it, the buckets to
//! which its passing trails deliver, and AWS Config with this rule, which recorded its verdict yesterday, and AWS's managed
//! ones, which found the account COMPLIANT.
//!
//! It prints what to export in another terminal, and serves until it is interrupted. Tests in other languages have
//! accounts made by commands instead.

mod commands;

use std::{
    collections::BTreeSet,
    error::Error,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use cloudtrail_all_regions::{
    clock::Clock,
    rule::{
        self,
        evaluation::{ComplianceType, EvaluatedResource},
        evidence::{Evidence, Trail},
        judge,
        parameters::RuleParameters,
        reasons::TrailResult,
        timestamp::Timestamp,
    },
    stand_in::{
        Row, StandIn, World,
        bucket::Deliveries,
        digests::{SigningKey, Written},
    },
};
use serde_json::json;
use support::{DIGEST_KEY_FINGERPRINT, DIGEST_SIGNING_KEY};

const MANAGED: [(&str, &str); 3] = [
    ("multi-region-cloudtrail-enabled", "MULTI_REGION_CLOUD_TRAIL_ENABLED"),
    ("cloudtrail-enabled", "CLOUD_TRAIL_ENABLED"),
    ("cloudtrail-security-trail-enabled", "CLOUDTRAIL_SECURITY_TRAIL_ENABLED"),
];

/// What stands beside their results wherever these are shown.
const INVENTED: &str = "Invented by the example account: AWS's own rule may find otherwise";

const USAGE: &str = "\
Usage: cargo run --example account -- EVIDENCE_FILE [--silent REGION]

Serves the account of the file, such as examples/accounts/stopped.json, on this machine until it is interrupted, and
prints what to export so that the command line and the AWS CLI speak to it. A trail that passes delivers log files to its
bucket, and digest files if validation is on; with --silent, nothing from this Region for the last hours. The bucket of an
organization's trail is in a log archive account, which only a role may read; the role is printed.

With --commands in place of a file it obeys commands on standard input, one JSON object a line, until that ends: for
tests in other languages.
";

/// The Regions that every account of the partition `aws` has without enabling them.
const ENABLED: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];
/// Where the bucket of an organization's trail is, below which folder, and who may read it.
const LOG_ARCHIVE: &str = "999988887777";
const ORGANIZATION: &str = "o-exampleorgid";
const READER: &str = "proof-reader";

const HOUR: i64 = 3600;
/// When the digest file of an hour is written, in seconds after its end.
const LAG: i64 = 27 * 60;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, silent) = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["-h" | "--help"] => {
            io::stdout().write_all(USAGE.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        ["--commands"] => {
            commands::serve().await?;
            return Ok(ExitCode::SUCCESS);
        }
        [path] if !path.starts_with('-') => (*path, None),
        [path, "--silent", region] if !path.starts_with('-') && ENABLED.contains(region) => (*path, Some(*region)),
        _ => {
            io::stderr().write_all(USAGE.as_bytes())?;
            return Ok(ExitCode::from(64));
        }
    };
    let text = std::fs::read_to_string(path)?;
    let evidence = Evidence::parse(&text)?;
    let mut world = World::default();
    world.put_account(&serde_json::from_str(&text)?)?;
    record_results(&mut world, &evidence);
    world.enable_regions_only(&evidence.account_id, &ENABLED);
    let key = SigningKey::from_pkcs8(DIGEST_SIGNING_KEY, DIGEST_KEY_FINGERPRINT)?;
    let mut delivering = deliver(&mut world, &evidence, silent, &key);
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
    if delivering.iter().any(|delivering| delivering.of.organization.is_some()) {
        writeln!(io::stderr(), "The bucket is read with --bucket-role arn:aws:iam::{LOG_ARCHIVE}:role/{READER}")?;
    }
    loop {
        tokio::time::sleep(Duration::from_mins(1)).await;
        let (now, mut world) = (Clock::System.now(), stand_in.world());
        for delivering in &mut delivering {
            delivering.until(now, &mut world, &key);
        }
    }
}

/// A trail that delivers from a Region.
struct Delivering {
    of: Deliveries,
    has_activity: bool,
    validates: bool,
    /// The end of the hour that was delivered last.
    end: Timestamp,
    digest: Option<Written>,
}

impl Delivering {
    /// Writes what is there at a time: each hour's log file and digest file.
    fn until(&mut self, now: Timestamp, world: &mut World, key: &SigningKey) {
        while self.end.plus_seconds(HOUR + LAG) <= now {
            self.end = self.end.plus_seconds(HOUR);
            let log_file =
                self.has_activity.then(|| world.write_log_file(&self.of, self.end.plus_seconds(-900), &json!([])));
            if self.validates {
                let digest = self.of.digest(self.end, self.digest.as_ref(), log_file.as_slice());
                self.digest = Some(world.write_digest(&self.of, digest, key));
            }
        }
    }
}

/// Delivers the last hours of each trail that passes, and records calls as CloudTrail does. Returns what goes on delivering.
fn deliver(world: &mut World, evidence: &Evidence, silent: Option<&str>, key: &SigningKey) -> Vec<Delivering> {
    let now = Clock::System.now().to_second();
    for region in ENABLED {
        world.add_public_key(region, key.listed(now));
    }
    let judged = judge(evidence, &RuleParameters::default()).trails;
    let passing = judged.iter().filter(|judged| judged.result == TrailResult::Pass).map(|judged| judged.trail);
    let mut delivering = Vec::new();
    for trail in passing {
        for (number, region) in (1..).zip(ENABLED) {
            let Some(of) = deliveries(trail, &evidence.account_id, region) else { continue };
            let mut of_region = Delivering {
                of,
                // Some Regions are quiet.
                has_activity: number % 5 != 0,
                validates: trail.log_file_validation_enabled == Some(true),
                end: now.plus_seconds(-12 * HOUR),
                digest: None,
            };
            if of_region.of.organization.is_some() {
                world.put_role(LOG_ARCHIVE, READER, &evidence.account_id);
                let bucket = world.bucket(&of_region.of.bucket, &of_region.of.home_region);
                bucket.readers = Some(BTreeSet::from([LOG_ARCHIVE.to_owned()]));
            }
            if silent == Some(region) {
                of_region.until(now.plus_seconds(-4 * HOUR), world, key);
                continue;
            }
            of_region.until(now, world, key);
            world.record_calls(of_region.of.clone());
            delivering.push(of_region);
        }
    }
    delivering
}

fn deliveries(trail: &Trail, account: &str, region: &str) -> Option<Deliveries> {
    Some(Deliveries {
        bucket: trail.s3_bucket_name.clone()?,
        prefix: trail.s3_key_prefix.clone(),
        organization: (trail.is_organization_trail == Some(true)).then(|| ORGANIZATION.to_owned()),
        account: account.to_owned(),
        region: region.to_owned(),
        trail: trail.name.clone()?,
        home_region: trail.home_region.clone()?,
    })
}

/// What AWS Config recorded a day ago: for this rule what its function reports.
fn record_results(world: &mut World, evidence: &Evidence) {
    let Evidence { account_id, region, .. } = evidence;
    let yesterday = Clock::System.time() - Duration::from_hours(24);
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
