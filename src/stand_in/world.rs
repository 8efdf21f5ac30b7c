//! Accounts, Regions and settings: all that the stand-in knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use super::{
    bucket::{Bucket, Deliveries},
    calls::Call,
    evidence::{InvalidEvidence, Trail, is_failure},
    faults::{Fault, Misbehaviour},
    identity::{Credentials, Key, Role},
    organization::Organization,
    results::{IssuedToken, RuleResults},
};
use crate::{
    clock::Clock,
    rule::{region, timestamp::Timestamp},
};

/// What the stand-in serves. Everything may be changed while it runs: see [`Endpoints::world`](super::Endpoints::world).
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a way in which AWS may behave, and they go together")]
pub struct World {
    /// A delay before every answer.
    pub latency: Duration,
    /// CloudTrail reads a second for each account and Region; beyond it `ThrottlingException`. AWS allows about 10.
    pub rate_limit: Option<u32>,
    /// The most items on a page; without it the client's limit or AWS's default.
    pub page_size: Option<usize>,
    /// Whether an empty page with a token comes before every page.
    pub empty_pages: bool,
    /// Whether the token of a page leads to the same page again.
    pub endless_pages: bool,
    /// Whether GetEventSelectors answers by ARN outside the home Region too. (What AWS does has been seen both ways.)
    pub event_selectors_in_every_region: bool,
    /// How long role sessions last, whatever was asked for; zero makes them expired from the start.
    pub session_lifetime: Option<Duration>,
    /// Whether a key that is not known, as one that another STS has issued, is taken for the account that is encoded in
    /// its id. Without this it is refused.
    pub account_of_key_id: bool,
    /// What time it is in S3's answers; without it this machine's.
    pub date: Option<Timestamp>,
    /// What time it is otherwise.
    pub clock: Clock,
    /// The organization of the accounts, if they are of one.
    pub organization: Option<Organization>,
    pub(super) recording: Vec<Deliveries>,
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) public_keys: BTreeMap<String, Vec<Value>>,
    /// By ARN and Region.
    pub(super) trail_statuses: BTreeMap<(String, String), Value>,
    pub(super) opt_statuses: BTreeMap<(String, String), String>,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) keys: BTreeMap<String, Key>,
    pub(super) roles: Vec<Role>,
    pub(super) rules: BTreeMap<(String, String, String), RuleResults>,
    /// By account, Region and name: the sources of an aggregator that fail, as AWS tells them.
    pub(super) aggregators: BTreeMap<(String, String, String), Vec<Value>>,
    pub(super) tokens: BTreeMap<String, IssuedToken>,
    pub(super) faults: Vec<(Fault, u64)>,
    pub(super) allowances: BTreeMap<(String, String), (f64, SystemTime)>,
    numbers: u64,
}

/// One account.
#[derive(Default)]
pub(super) struct Account {
    /// The trails as DescribeTrails lists them; or what it answers instead.
    pub(super) trails: Vec<Trail>,
    pub(super) describe_trails_failure: Option<Value>,
    /// By Region: what `ListDiscoveredResources` lists, or what it answers instead.
    pub(super) discovered_trails: BTreeMap<String, Value>,
    pub(super) regions_without_recorder: BTreeSet<String>,
    /// By Region: members of `ConfigurationRecorderStatus` that differ from those of a recorder that is well.
    pub(super) recorder_statuses: BTreeMap<String, Map<String, Value>>,
    enabled_regions: Option<BTreeSet<String>>,
}

impl World {
    /// Adds an account, or replaces its trails: `evidence` is the crate's Evidence JSON, whose trails are served with
    /// the keys that stand there. Its `discoveredTrails` are those of its `region`. An answer that is missing there
    /// (such as `GetEventSelectors`) is served as HTTP 500.
    ///
    /// # Errors
    /// If `accountId`, `region`, `trails`, `discoveredTrails` or a time in a trail's status is not what Evidence says.
    pub fn put_account(&mut self, evidence: &Value) -> Result<(), InvalidEvidence> {
        let text =
            |key: &str| evidence.get(key).and_then(Value::as_str).ok_or_else(|| InvalidEvidence::new(key, "a text"));
        let (account_id, region) = (text("accountId")?, text("region")?);
        let (trails, failure) = match evidence.get("trails") {
            Some(Value::Array(trails)) => (trails.iter().map(Trail::read).collect::<Result<_, _>>()?, None),
            Some(failure) if is_failure(failure) => (Vec::new(), Some(failure.clone())),
            _ => return Err(InvalidEvidence::new("trails", "a list or a failure")),
        };
        let discovered = match evidence.get("discoveredTrails") {
            None | Some(Value::Null) => None,
            Some(ids) if ids.is_array() || is_failure(ids) => Some(ids.clone()),
            Some(_) => return Err(InvalidEvidence::new("discoveredTrails", "a list or a failure")),
        };
        self.credentials(account_id);
        let account = self.accounts.entry(account_id.to_owned()).or_default();
        account.trails = trails;
        account.describe_trails_failure = failure;
        match discovered {
            Some(discovered) => account.discovered_trails.insert(region.to_owned(), discovered),
            None => account.discovered_trails.remove(region),
        };
        Ok(())
    }

    /// Leaves only these Regions enabled for an account. Without this, all are.
    pub fn enable_regions_only(&mut self, account: &str, regions: &[&str]) {
        let regions = regions.iter().map(|region| (*region).to_owned()).collect();
        self.accounts.entry(account.to_owned()).or_default().enabled_regions = Some(regions);
    }

    /// Takes the configuration recorder from a Region: `ListDiscoveredResources` answers
    /// `NoAvailableConfigurationRecorderException` there.
    pub fn remove_recorder(&mut self, account: &str, region: &str) {
        self.accounts.entry(account.to_owned()).or_default().regions_without_recorder.insert(region.to_owned());
    }

    /// Changes what `DescribeConfigurationRecorderStatus` says of a Region's recorder. Without this it is called
    /// `default`, records, and its last delivery was a success.
    pub fn change_recorder_status(
        &mut self,
        account: &str,
        region: &str,
        change: impl FnOnce(&mut Map<String, Value>),
    ) {
        let account = self.accounts.entry(account.to_owned()).or_default();
        change(account.recorder_statuses.entry(region.to_owned()).or_default());
    }

    /// Adds a fault; of all that fit a call, the one that was added first applies.
    pub fn add_fault(&mut self, fault: Fault) {
        self.faults.push((fault, 0));
    }

    /// Takes all faults away.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Makes `ListRegions` say of a Region what it says, such as `DISABLED`. Without this, an enabled Region is
    /// `ENABLED_BY_DEFAULT`, and every other known one of the partition `DISABLED`.
    pub fn set_region_opt_status(&mut self, account: &str, region: &str, opt_status: &str) {
        self.opt_statuses.insert((account.to_owned(), region.to_owned()), opt_status.to_owned());
    }

    /// Makes `GetTrailStatus` in one Region answer this, times as seconds since 1970, or fail as evidence has it.
    pub fn set_trail_status(&mut self, arn: &str, region: &str, answer: Value) {
        self.trail_statuses.insert((arn.to_owned(), region.to_owned()), answer);
    }

    /// Makes `ListPublicKeys` list a key in a Region.
    pub fn add_public_key(&mut self, region: &str, key: Value) {
        self.public_keys.entry(region.to_owned()).or_default().push(key);
    }

    /// The bucket of a name, which is made in a Region if there is none.
    pub fn bucket(&mut self, name: &str, region: &str) -> &mut Bucket {
        let made = || Bucket { region: region.to_owned(), ..Bucket::default() };
        self.buckets.entry(name.to_owned()).or_insert_with(made)
    }

    /// Records calls of `GetTrailStatus` from now on, as CloudTrail does, in a log file of the trail for the Region.
    pub fn record_calls(&mut self, of: Deliveries) {
        self.recording.push(of);
    }

    pub(super) fn is_region_enabled(&self, account: &str, region: &str) -> bool {
        match self.accounts.get(account).and_then(|account| account.enabled_regions.as_ref()) {
            Some(enabled) => enabled.contains(region),
            None => region::partition(region).is_some(),
        }
    }

    /// A number that was not given before.
    pub(super) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The long-term key of an account, known from now on.
    pub fn credentials(&mut self, account: &str) -> Credentials {
        let access_key_id = format!("AKIA{account}USER");
        self.keys.insert(access_key_id.clone(), Key { account: account.to_owned(), session: None });
        Credentials { access_key_id, secret_access_key: "stand-in/secret/access/key".to_owned(), session_token: None }
    }

    /// The misbehaviour that befalls a call. Every fault that fits counts it.
    pub(super) fn misbehaviour(&mut self, call: &Call) -> Option<Misbehaviour> {
        let mut chosen = None;
        for (fault, count) in self.faults.iter_mut().filter(|(fault, _)| fault.fits(call)) {
            *count += 1;
            if chosen.is_none() && fault.calls.contains(count) {
                chosen = Some(fault.what.clone());
            }
        }
        chosen
    }
}
