//! One `bootstrap` process under load: many invocations, mixed accounts and faults. Measures what grows, and counts
//! every verdict. Exits with an error if a verdict is lost, doubled or wrong, if a call is made with another account's
//! credentials, or if memory, sockets or threads grow. Linux only.
//!
//! ```text
//! cargo build --release --bin bootstrap --no-default-features --features lambda
//! cargo run --example load -- --bootstrap target/release/bootstrap
//! cargo run --example load -- --bootstrap target/release/bootstrap --members 500
//! ```

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a check fails by panicking")]
#![expect(clippy::print_stdout, reason = "the figures are its output")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use cloudtrail_all_regions::{
    clock::Clock,
    rule::arn::Arn,
    stand_in::{Call, ConfigRule, Fault, Misbehaviour, StandIn, World, events::Event},
};
use serde_json::{Value, json};
use support::lambda::{Invoked, Lambda};

const FUNCTION_ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
const ROLE: &str = "ConfigRule";
/// After so many invocations the caches of clients and credentials are full, if there are as many accounts.
const CACHES_FULL: u32 = 100;
/// From so many invocations on, the first tenth has met every fault, and memory must not grow any more.
const LONG: u32 = 10_000;
/// Half of what Lambda's smallest function has, 128 MB.
const PEAK_KILOBYTES: u64 = 64 * 1024;
/// Two for each trail of the largest account, what runs beside them, and Lambda's; a few to spare.
const SOCKETS: usize = 32;

#[derive(Parser)]
struct Arguments {
    /// How often the function is invoked; from 10,000 on, memory must stay within 5 % of that after a tenth of them
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    invocations: u32,
    /// How many member accounts there are beside the function's own
    #[arg(long, default_value_t = 11)]
    members: u32,
    /// A fault befalls one invocation in so many, 0 for none; a prime lets every account meet every fault
    #[arg(long, default_value_t = 19)]
    fault_every: u32,
    /// Answers of 10 MB are among the faults; of what they take, the allocator keeps some, now more and now less, so
    /// that the process's peak is held against half of Lambda's smallest memory instead
    #[arg(long)]
    huge_answers: bool,
    /// The binary; otherwise the one that was built beside this example
    #[arg(long)]
    bootstrap: Option<PathBuf>,
}

/// What an account is, and its trails: accounts of six kinds.
fn account_of_kind(kind: u32, account: &str) -> (&'static str, Vec<Value>) {
    let here = |name: &str| trail(account, name, REGION);
    match kind % 6 {
        0 => ("COMPLIANT", vec![here("passing")]),
        1 => ("NON_COMPLIANT", vec![stopped(here("stopped"))]),
        2 => ("NON_COMPLIANT", Vec::new()),
        3 => {
            let stopped = (0..11).map(|number| stopped(here(&format!("stopped-{number}"))));
            ("COMPLIANT", stopped.chain([here("passing")]).collect())
        }
        4 => {
            let mut trail = here("single-region");
            trail["IsMultiRegionTrail"] = false.into();
            ("NON_COMPLIANT", vec![trail])
        }
        _ => ("COMPLIANT", vec![trail(account, "at-home-elsewhere", "us-east-1")]),
    }
}

fn trail(account: &str, name: &str, region: &str) -> Value {
    json!({
        "Name": name,
        "TrailARN": format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}"),
        "HomeRegion": region,
        "IsMultiRegionTrail": true,
        "S3BucketName": "logs",
        "HasCustomEventSelectors": true,
        "GetTrailStatus": {"IsLogging": true},
        "GetEventSelectors": {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]},
    })
}

fn stopped(mut trail: Value) -> Value {
    trail["GetTrailStatus"]["IsLogging"] = false.into();
    trail
}

/// What befalls an invocation.
enum Trouble {
    Fault(Fault),
    /// Every role session has expired.
    ExpiredSessions,
    /// The call hangs until the deadline, which is near.
    Deadline(Fault),
}

/// What an invocation must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// What the account is.
    Own,
    NonCompliant,
    Fails(&'static str),
}

/// What befalls an invocation, what it must come to, and in how many answered reports the account's row stands.
fn troubles(with_huge_answers: bool) -> Vec<(Trouble, Expected, usize)> {
    use Expected::{Fails, NonCompliant, Own};
    let fault = |operation: &str, what| Trouble::Fault(Fault::on(operation, what));
    let once = |operation: &str, what| Trouble::Fault(Fault::on(operation, what).calls(1..=1));
    let returned = Misbehaviour::FailedEvaluations { resource_type: None, resource_id: None, renames_first: false };
    let unavailable = Misbehaviour::Status { status: 503, retry_after: Some("1".to_owned()) };
    let mut troubles = vec![
        (once("DescribeTrails", Misbehaviour::Throttle), Own, 1),
        (once("GetTrailStatus", Misbehaviour::ResetInBody), Own, 1),
        (once("GetEventSelectors", unavailable), Own, 1),
        (once("PutEvaluations", Misbehaviour::ResetBeforeAnswer), Own, 1),
        (once("PutEvaluations", returned), Own, 2),
        (once("AssumeRole", Misbehaviour::Throttle), Own, 1),
        (fault("GetComplianceDetailsByConfigRule", Misbehaviour::Deny), Own, 1),
        (fault("ListDiscoveredResources", Misbehaviour::HtmlPage(403)), Own, 1),
        (Trouble::ExpiredSessions, Own, 1),
        (fault("DescribeTrails", Misbehaviour::Deny), NonCompliant, 1),
        (fault("GetTrailStatus", Misbehaviour::Deny), NonCompliant, 1),
        (fault("DescribeTrails", Misbehaviour::TruncatedJson), Fails("Indeterminate"), 0),
        (fault("DescribeTrails", Misbehaviour::WrongTypes), Fails("Indeterminate"), 0),
        (fault("PutEvaluations", Misbehaviour::Deny), Fails("ReportFailed"), 0),
        (Trouble::Deadline(Fault::on("DescribeTrails", Misbehaviour::Hang)), Fails("DeadlineExceeded"), 0),
    ];
    if with_huge_answers {
        troubles.extend(["DescribeTrails", "PutEvaluations"].map(|of| (fault(of, Misbehaviour::Huge), Own, 1)));
    }
    troubles
}

/// An account, its rule, and what Config must show for it.
struct Account {
    rule: ConfigRule,
    is: &'static str,
    row: Option<(String, i64)>,
}

/// What the kernel says of a process.
#[derive(Debug, Clone, Copy)]
struct Usage {
    resident_kilobytes: u64,
    peak_kilobytes: u64,
    sockets: usize,
    threads: u64,
}

impl Usage {
    fn of(process_id: u32) -> Self {
        let process = Path::new("/proc").join(process_id.to_string());
        let status = fs::read_to_string(process.join("status")).expect("no /proc: this needs Linux");
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let descriptors = fs::read_dir(process.join("fd")).unwrap();
        let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let sockets = targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count();
        Self {
            resident_kilobytes: field("VmRSS:"),
            peak_kilobytes: field("VmHWM:"),
            sockets,
            threads: field("Threads:"),
        }
    }
}

struct Load {
    stand_in: StandIn,
    lambda: Lambda,
    accounts: Vec<Account>,
    ended: BTreeMap<String, u32>,
    broken: Vec<String>,
    calls: usize,
}

impl Load {
    async fn start(bootstrap: &Path, members: u32) -> Self {
        let mut world = World::default();
        let mut accounts = Vec::new();
        for number in 0..=members {
            let account =
                if number == 0 { FUNCTION_ACCOUNT.to_owned() } else { format!("{:012}", 200_000_000 + number) };
            let (is, trails) = account_of_kind(number, &account);
            let names: Vec<&Value> = trails.iter().map(|trail| &trail["Name"]).collect();
            let evidence = json!({"accountId": account, "region": REGION, "trails": trails, "discoveredTrails": names});
            world.put_account(&evidence).unwrap();
            world.put_role(&account, ROLE, FUNCTION_ACCOUNT);
            accounts.push(Account { rule: world.config_rule(&account, REGION, "cloudtrail"), is, row: None });
        }
        let key = world.credentials(FUNCTION_ACCOUNT);
        let stand_in = StandIn::start(world).await.unwrap();
        let function_arn = format!("arn:aws:lambda:{REGION}:{FUNCTION_ACCOUNT}:function:cloudtrail-all-regions");
        let environment = [
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", &stand_in.endpoint()),
            ("AWS_ACCESS_KEY_ID", &key.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &key.secret_access_key),
            ("MEMBER_ROLE_NAME", ROLE),
        ];
        let lambda = Lambda::start(bootstrap, &function_arn, &environment).await;
        Self { stand_in, lambda, accounts, ended: BTreeMap::new(), broken: Vec::new(), calls: 0 }
    }

    /// Invokes the function for one account, and checks all that came of it.
    async fn invoke(&mut self, number: u32, trouble: Option<(Trouble, Expected, usize)>) {
        let index = number as usize % self.accounts.len();
        let rule = self.accounts[index].rule.clone();
        let (trouble, expected, puts) =
            trouble.map_or((None, Expected::Own, 1), |(trouble, expected, puts)| (Some(trouble), expected, puts));
        let mut deadline = Clock::System.time() + Duration::from_mins(1);
        let result_token = {
            let mut world = self.stand_in.world();
            match trouble {
                Some(Trouble::Fault(fault)) => world.add_fault(fault),
                Some(Trouble::ExpiredSessions) => world.expire_temporary_credentials(),
                Some(Trouble::Deadline(fault)) => {
                    world.add_fault(fault);
                    deadline = Clock::System.time() + Duration::from_millis(1500);
                }
                None => {}
            }
            world.result_token(&rule)
        };
        let event =
            Event::new(&rule, &result_token).rule_parameters(&json!({"trailResults": number.is_multiple_of(3)}));
        let seconds = 1_793_500_000 + i64::from(number);
        let invoked = self.lambda.invoke_until(deadline, event.scheduled(&iso(seconds))).await;

        let expected = match expected {
            Expected::Own => self.accounts[index].is,
            Expected::NonCompliant => "NON_COMPLIANT",
            Expected::Fails(error_type) => error_type,
        };
        let calls = self.stand_in.calls();
        let ended = Self::end(&invoked);
        let row = (puts > 0).then(|| (expected.to_owned(), seconds * 1000));
        let account = &mut self.accounts[index];
        account.row = row.or(account.row.take());
        let shown = self.stand_in.rows(&rule).into_iter().find(|row| row.resource_type == "AWS::::Account");
        let shown = shown.map(|row| (row.compliance_type, row.ordering_timestamp.epoch_milliseconds()));
        let problems = [
            (ended != expected, format!("ended as {ended}, not {expected}")),
            (shown != account.row, format!("Config shows {shown:?}, not {:?}", account.row)),
            (answered_reports(&calls) != puts, format!("{} answered reports, not {puts}", answered_reports(&calls))),
            (!calls.iter().all(|call| is_of(call, &rule.account_id)), "a call of another account".to_owned()),
            (
                invoked.log.iter().chain([&invoked.answer.body]).any(|said| said.to_string().contains(&result_token)),
                "the result token was logged".to_owned(),
            ),
        ];
        let problems = problems.into_iter().filter(|(is_broken, _)| *is_broken);
        self.broken.extend(problems.map(|(_, what)| format!("invocation {number}, {}: {what}", rule.account_id)));
        *self.ended.entry(ended).or_default() += 1;
        self.calls += calls.len();
        self.stand_in.clear_calls();
        self.stand_in.world().clear_faults();
    }

    /// The compliance type, or the error's type.
    fn end(invoked: &Invoked) -> String {
        let is_success = invoked.answer.path.ends_with("/response");
        let end = if is_success { &invoked.response()["complianceType"] } else { &json!(invoked.error_type()) };
        end.as_str().unwrap().to_owned()
    }
}

/// How many reports that were answered with HTTP 200 hold the account's row.
fn answered_reports(calls: &[Call]) -> usize {
    let has_account = |call: &&Call| {
        let rows = call.request["Evaluations"].as_array().unwrap();
        rows.iter().any(|row| row["ComplianceResourceType"] == "AWS::::Account")
    };
    let reports = calls.iter().filter(|call| call.operation == "PutEvaluations" && call.status == Some(200));
    reports.filter(has_account).count()
}

/// Whether a call was made with the credentials of the account that it asks about; a role is assumed by the function.
fn is_of(call: &Call, account: &str) -> bool {
    if call.operation == "AssumeRole" {
        let role = format!("arn:aws:iam::{account}:role/{ROLE}");
        return call.account.as_deref() == Some(FUNCTION_ACCOUNT) && call.request["RoleArn"] == role;
    }
    let is_own_trail = call.trail.as_ref().is_none_or(|arn| Arn::split(arn).account_id == account);
    // Expired credentials belong to nobody.
    let is_own_call = call.account.as_deref().map_or(call.error_code.is_some(), |caller| caller == account);
    is_own_trail && is_own_call
}

fn iso(seconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    time.format(&time::format_description::well_known::Rfc3339).unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Arguments { invocations, members, fault_every, huge_answers, bootstrap } = Arguments::parse();
    let beside = std::env::current_exe().unwrap().parent().and_then(Path::parent).unwrap().join("bootstrap");
    let began = Clock::System.time();
    let mut load = Load::start(&bootstrap.unwrap_or(beside), members).await;
    let process_id = load.lambda.process.id();
    let (mut samples, mut most_sockets) = (Vec::new(), 0);
    println!("invocations   VmRSS kB   VmHWM kB    sockets    threads");
    for number in 1..=invocations {
        let trouble = number.is_multiple_of(fault_every).then(|| {
            let mut troubles = troubles(huge_answers);
            let index = (number / fault_every) as usize % troubles.len();
            troubles.swap_remove(index)
        });
        load.invoke(number, trouble).await;
        let usage = Usage::of(process_id);
        most_sockets = most_sockets.max(usage.sockets);
        if number == CACHES_FULL || number.is_multiple_of(invocations.div_ceil(10)) || number == invocations {
            let Usage { resident_kilobytes, peak_kilobytes, sockets, threads } = usage;
            println!("{number:>11} {resident_kilobytes:>10} {peak_kilobytes:>10} {sockets:>10} {threads:>10}");
            samples.push((number, usage));
        }
    }
    let Load { lambda, accounts, ended, mut broken, calls, .. } = load;
    let said = lambda.end().await;
    let mut check = |is_broken: bool, what: &str| broken.extend(is_broken.then(|| what.to_owned()));
    check(said.contains("stand-in/secret/") || said.contains("stand-in-session-token-"), "a secret was logged");
    check(most_sockets > SOCKETS, "too many sockets");
    let (_, last) = samples[samples.len() - 1];
    check(last.peak_kilobytes > PEAK_KILOBYTES, "memory reached half of what Lambda gives");
    let tenth = if invocations < LONG { invocations } else { invocations / 10 };
    for (since, percent) in [(CACHES_FULL, 125), (tenth, 105)] {
        let Some((_, first)) = samples.iter().find(|(number, _)| *number == since) else { continue };
        let has_grown = last.resident_kilobytes * 100 > first.resident_kilobytes * percent;
        check(has_grown && !huge_answers, &format!("memory is more than {percent} % of that after {since}"));
        check(last.threads > first.threads, "threads grew");
    }
    let elapsed = began.elapsed().unwrap_or_default().as_secs();
    println!("{} accounts, {calls} calls, {most_sockets} sockets at most, {elapsed} s", accounts.len());
    println!("ended as {ended:?}");
    if broken.is_empty() {
        println!("No verdict was lost, doubled or wrong, no call was another account's, and nothing grew.");
        return ExitCode::SUCCESS;
    }
    println!("{} things are wrong, the first:\n{}", broken.len(), broken[..10.min(broken.len())].join("\n"));
    ExitCode::FAILURE
}
