//! Accounts, Regions and settings: all that the stand-in knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

use super::{
    cloudtrail::{self, Trail},
    config::{self, IssuedToken, RuleResults},
    config_rules,
    faults::{FailingRows, Fault},
    identity::{Caller, Key},
    model::Operation,
    sts::{self, Role},
    wire::{ErrorAnswer, Request, Service},
};
use crate::rule::region;

/// What the stand-in serves. Everything may be changed while it runs: see [`StandIn::world`](super::StandIn::world).
#[derive(Default)]
pub struct World {
    /// A delay before every answer.
    pub latency: Duration,
    /// CloudTrail reads a second for each account and Region; beyond it `ThrottlingException`. AWS allows about 10.
    pub rate_limit: Option<u32>,
    /// The most items on a page; without it the client's limit or AWS's default.
    pub page_size: Option<usize>,
    /// Whether an empty page with a token comes before every page.
    pub empty_pages: bool,
    /// Whether GetEventSelectors answers by ARN outside the home Region too. (What AWS does has been seen both ways.)
    pub event_selectors_in_every_region: bool,
    /// How long role sessions last, whatever was asked for; zero makes them expired from the start.
    pub session_lifetime: Option<Duration>,
    /// Whether a key that is not known, as one that another STS has issued, is taken for the account that is encoded in
    /// its id. Without this it is refused.
    pub account_of_key_id: bool,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) keys: BTreeMap<String, Key>,
    pub(super) roles: Vec<Role>,
    pub(super) rules: BTreeMap<(String, String, String), RuleResults>,
    pub(super) tokens: BTreeMap<String, IssuedToken>,
    pub(super) faults: Vec<(Fault, u64)>,
    allowances: BTreeMap<(String, String), (f64, Instant)>,
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
    enabled_regions: Option<BTreeSet<String>>,
}

/// Evidence that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("`{key}` in the evidence is not {expected}")]
pub struct InvalidEvidence {
    key: String,
    expected: &'static str,
}

impl InvalidEvidence {
    pub(super) fn new(key: impl Into<String>, expected: &'static str) -> Self {
        Self { key: key.into(), expected }
    }
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

    /// Adds a fault; of all that fit a call, the one that was added first applies.
    pub fn add_fault(&mut self, fault: Fault) {
        self.faults.push((fault, 0));
    }

    /// Takes all faults away.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
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

    /// The answer to a request, faults aside.
    pub(super) fn answer(
        &mut self,
        request: &Request,
        caller: Result<&Caller, &ErrorAnswer>,
        failing: Option<&FailingRows>,
    ) -> Result<Value, ErrorAnswer> {
        let (Some(service), Some(operation)) = (request.service, request.operation()) else {
            return Err(ErrorAnswer::common(request.service, "UnknownOperationException", "Unknown operation"));
        };
        let caller = caller.map_err(Clone::clone)?;
        let Some(input) = &request.input else {
            return Err(ErrorAnswer::common(Some(service), "SerializationException", "The body cannot be read"));
        };
        if service == Service::CloudTrail && !self.takes_another_read(caller) {
            return Err(ErrorAnswer::common(Some(service), "ThrottlingException", "Rate exceeded"));
        }
        operation.check(service, input)?;
        match operation {
            Operation::DescribeTrails => cloudtrail::describe_trails(self, caller, input),
            Operation::GetTrailStatus => cloudtrail::get_trail_status(self, caller, input),
            Operation::GetEventSelectors => cloudtrail::get_event_selectors(self, caller, input),
            Operation::PutEvaluations => config::put_evaluations(self, caller, input, failing),
            Operation::GetComplianceDetailsByConfigRule => config::get_compliance_details(self, caller, input),
            Operation::ListDiscoveredResources => config::list_discovered_resources(self, caller, input),
            Operation::DescribeConfigRules => config_rules::describe_config_rules(self, caller, input),
            Operation::DescribeConfigRuleEvaluationStatus => {
                config_rules::describe_evaluation_status(self, caller, input)
            }
            Operation::AssumeRole => sts::assume_role(self, caller, input),
            Operation::GetCallerIdentity => Ok(sts::get_caller_identity(caller)),
        }
    }

    /// A bucket of a second's reads, filled continuously.
    fn takes_another_read(&mut self, caller: &Caller) -> bool {
        let Some(rate) = self.rate_limit.map(f64::from) else { return true };
        let now = Instant::now();
        let place = (caller.account.clone(), caller.region.clone());
        let (tokens, filled_at) = self.allowances.entry(place).or_insert((rate, now));
        *tokens = rate.min(*tokens + now.duration_since(*filled_at).as_secs_f64() * rate);
        *filled_at = now;
        let is_allowed = *tokens >= 1.0;
        if is_allowed {
            *tokens -= 1.0;
        }
        is_allowed
    }
}

/// Whether a value stands in place of an answer.
pub(super) fn is_failure(value: &Value) -> bool {
    ["refused", "unanswered"].iter().any(|kind| value[kind]["code"].is_string())
}

/// The error that a failure in evidence is served as, if the value is one.
pub(super) fn failure(value: &Value, is_in_home_region: bool) -> Option<ErrorAnswer> {
    let message = "The evidence says so";
    if let Some(refused) = value.get("refused") {
        let home = refused.get("homeRegionCode").filter(|_| is_in_home_region).and_then(Value::as_str);
        return Some(ErrorAnswer::new(home.or_else(|| refused["code"].as_str())?, message));
    }
    let code = value.get("unanswered")?["code"].as_str()?;
    if code.contains("Throttl") || code.contains("TooManyRequests") {
        return Some(ErrorAnswer::new(code, message));
    }
    let is_of_aws = ["Exception", "Failure", "Error", "Unavailable"].iter().any(|end| code.ends_with(end));
    let code = if is_of_aws { code } else { "ServiceUnavailable" };
    Some(ErrorAnswer { status: 503, code: code.to_owned(), message: message.to_owned() })
}

/// The members of `names` that a record has and that are not null.
pub(super) fn members(record: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), record.get(*name).filter(|value| !value.is_null())?.clone())))
        .collect()
}
