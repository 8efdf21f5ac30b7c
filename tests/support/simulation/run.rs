//! A world lives, and is held to what must hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use aws_credential_types::Credentials;
use cloudtrail_all_regions::{
    aws::connections::{Connections, Timing},
    clock::Clock,
    error::chain,
    handler::{Context, Function, Outcome},
    rule::{reasons::TrailResult, timestamp::Timestamp},
    stand_in::{
        ConfigRule, Endpoints, World,
        events::{self, ConfigurationItem},
    },
    telemetry::Metrics,
};
use serde_json::Value;
use tokio::time::{sleep, timeout_at};

use super::{
    life::{Invariant, Life, Violation},
    network::{Network, Seen, Shared, lock},
    plan::{ACCOUNTS, Event, Kind, Plan, REGION, Step},
    truth::{self, Account, Given, before, given},
};

const ROLE: &str = "ConfigRule";
const RULE: &str = "cis-3-1-cloudtrail-all-regions";
/// Lambda's time-out in the shipped template.
const TIMEOUT: Duration = Duration::from_mins(1);
/// When Lambda tries again (Lambda developer guide, asynchronous invocation).
const RETRIES: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

struct Process {
    function: Function,
    network: Network,
}

/// An event as it was sent.
#[derive(Clone)]
struct Sent {
    account: usize,
    payload: Value,
    made: Timestamp,
    parameters: Value,
    is_about_account: bool,
}

struct Living {
    shared: Arc<Shared>,
    rules: Vec<ConfigRule>,
    sent: BTreeMap<usize, Sent>,
    violation: Option<Violation>,
    invocations: usize,
    kills: u64,
}

/// Lives a world until something is violated.
pub(super) async fn live(plan: &Plan, clock: Clock) -> Life {
    let ids = &ACCOUNTS[..plan.accounts];
    let mut world = World::default();
    world.clock = clock;
    let mut rules = Vec::new();
    for id in ids {
        world.put_account(&Account::new(id, clock.now()).evidence()).unwrap();
        world.put_role(id, ROLE, ACCOUNTS[0]);
        rules.push(world.config_rule(id, REGION, RULE));
    }
    let accounts = ids.iter().map(|id| Account::new(id, clock.now())).collect();
    let shared = Arc::new(Shared::new(Endpoints::of(world), clock, accounts));
    let (sent, violation) = (BTreeMap::new(), None);
    let mut living = Living { shared, rules, sent, violation, invocations: 0, kills: 0 };
    let mut processes = [living.process(0), living.process(1)];
    for step in &plan.steps {
        living.step(step, &mut processes, plan.seed).await;
        if living.violation.is_some() || living.invocations >= plan.invocations {
            break;
        }
    }
    if living.violation.is_none() {
        living.end(&processes[0], plan.seed).await;
    }
    let Living { shared, violation, invocations, kills, .. } = living;
    let trace = std::mem::take(&mut *lock(&shared.trace));
    let faults = lock(&shared.faults).clone();
    Life { violation, trace, lasted: Duration::ZERO, invocations, kills, faults }
}

impl Living {
    fn process(&self, number: usize) -> Process {
        let (shared, clock) = (Arc::clone(&self.shared), self.shared.clock);
        let key = shared.endpoints.world().credentials(ACCOUNTS[0]);
        let credentials = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "simulation");
        let network = Network::new(shared, number);
        let connections = Connections::over(network.clone(), credentials, clock, Timing::default());
        Process { function: Function { connections, member_role_name: Some(ROLE.to_owned()), clock }, network }
    }

    fn violated(&mut self, invariant: Invariant, what: String) {
        self.shared.note(&format!("VIOLATED {invariant}: {what}"));
        self.violation.get_or_insert(Violation { invariant, what });
    }

    fn put_accounts(&self) {
        let accounts = lock(&self.shared.accounts);
        let mut world = self.shared.endpoints.world();
        for account in &*accounts {
            world.put_account(&account.evidence()).unwrap();
        }
    }

    async fn step(&mut self, step: &Step, processes: &mut [Process; 2], seed: u64) {
        sleep(step.wait).await;
        let now = self.shared.clock.now();
        self.shared.note(&format!("step {}", step.number));
        {
            let mut accounts = lock(&self.shared.accounts);
            for account in &mut *accounts {
                account.passes_time(now);
            }
            for (account, change) in &step.before {
                self.shared.note(&format!("{}: {change:?}", ACCOUNTS[*account]));
                accounts[*account].change(change, now);
            }
        }
        self.put_accounts();
        self.shared.endpoints.clear_calls();
        if step.expires {
            self.shared.endpoints.world().expire_temporary_credentials();
        }
        if step.is_cold {
            *processes = [self.process(0), self.process(1)];
        }
        let events: Vec<(Sent, &Event)> =
            step.events.iter().filter_map(|event| Some((self.event(event)?, event))).collect();
        if let Some((first, _)) = events.first() {
            self.sent.insert(step.number, first.clone());
        }
        // Two events overlap in their first attempts; the retries, minutes later, come one by one.
        let seeds = |event: usize, attempt: usize| {
            let place = step.number * 10 + event * 4 + attempt;
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(place as u64)
        };
        let first: Vec<Attempt> = {
            let living = &*self;
            let attempt = async |index: usize| {
                let (sent, event) = events.get(index)?;
                let seed = seeds(index, 0);
                Some(living.attempt(&processes[index], sent, event.kills[0], step.faults, seed).await)
            };
            let run = async {
                let (one, other) = tokio::join!(attempt(0), attempt(1));
                one.into_iter().chain(other).collect()
            };
            living.while_changing(step, now, run).await
        };
        for (index, attempt) in first.into_iter().enumerate() {
            let (sent, event) = &events[index];
            let mut is_done = self.judge(&processes[index], sent, attempt, index);
            for (retry, wait) in RETRIES.into_iter().enumerate() {
                if is_done || self.violation.is_some() {
                    break;
                }
                sleep(wait).await;
                if event.kills[retry].is_some() {
                    processes[index] = self.process(index);
                }
                self.shared.endpoints.clear_calls();
                let (kill, seed) = (event.kills[retry + 1], seeds(index, retry + 1));
                let attempt = self.attempt(&processes[index], sent, kill, step.faults, seed).await;
                is_done = self.judge(&processes[index], sent, attempt, index);
            }
            if event.kills.iter().any(Option::is_some) {
                processes[index] = self.process(index);
            }
        }
    }

    /// Runs while the accounts change.
    async fn while_changing<T>(&self, step: &Step, began: Timestamp, run: impl Future<Output = T>) -> T {
        let began_at = tokio::time::Instant::now();
        let mut run = pin!(run);
        for (after, account, change) in &step.during {
            if let Ok(done) = timeout_at(began_at + *after, &mut run).await {
                return done;
            }
            let now = self.shared.clock.now();
            self.shared.note(&format!("{}: {change:?}, since {began}", ACCOUNTS[*account]));
            lock(&self.shared.accounts)[*account].change(change, now);
            self.put_accounts();
        }
        run.await
    }

    fn event(&self, event: &Event) -> Option<Sent> {
        if let Kind::Again(step) = event.kind {
            return self.sent.get(&step).cloned();
        }
        let made = before(self.shared.clock.now(), event.age);
        let rule = &self.rules[event.account];
        let parameters = lock(&self.shared.accounts)[event.account].parameters.clone();
        let token = self.shared.endpoints.world().result_token(rule);
        let bare = events::Event::new(rule, &token).rule_parameters(&parameters);
        let time = made.to_string();
        let item = |name: &str, status: &str| ConfigurationItem::of_trail(name, status, &time);
        let payload = match event.kind {
            Kind::Changed(name) => bare.configuration_item_change(&item(name, "OK"), &time),
            Kind::Oversized(name) => bare.oversized_configuration_item_change(&item(name, "OK"), &time),
            Kind::Deleted(name) => bare.configuration_item_change(&item(name, "ResourceDeleted"), &time),
            Kind::OfAnotherType => {
                let bucket = ConfigurationItem { resource_type: "AWS::S3::Bucket".to_owned(), ..item("logs", "OK") };
                bare.configuration_item_change(&bucket, &time)
            }
            Kind::Scheduled | Kind::Again(_) => bare.scheduled(&time),
        };
        let is_about_account = !matches!(event.kind, Kind::OfAnotherType);
        Some(Sent { account: event.account, payload, made, parameters, is_about_account })
    }

    async fn attempt(&self, process: &Process, sent: &Sent, kill: Option<u32>, faults: u8, seed: u64) -> Attempt {
        let clock = self.shared.clock;
        process.network.begin(sent.account, faults, seed);
        let began = clock.now();
        let (number, account) = (process.network.process, ACCOUNTS[sent.account]);
        self.shared.note(&format!("#{number} is invoked for {account} by an event of {}", sent.made));
        let states = lock(&self.shared.accounts)[sent.account].state();
        let context = Context {
            request_id: format!("{seed:016x}"),
            invoked_function_arn: format!("arn:aws:lambda:{REGION}:{}:function:cloudtrail-all-regions", ACCOUNTS[0]),
            deadline: clock.time() + TIMEOUT,
        };
        let deadline = tokio::time::Instant::now() + TIMEOUT;
        let handled = Killed { polls: kill, future: pin!(process.function.handle(sent.payload.clone(), &context)) };
        let ended = match timeout_at(deadline, handled).await {
            Err(_) => Ended::Late,
            Ok(None) => Ended::Killed,
            Ok(Some(outcome)) => Ended::Answered(Box::new(outcome)),
        };
        let ended_in = lock(&self.shared.accounts)[sent.account].state();
        let still = (ended_in == states).then_some(states);
        Attempt { ended, seen: process.network.end(), began, still, request_id: context.request_id.clone() }
    }

    /// Holds an attempt to the invariants. Whether Lambda is content with it.
    fn judge(&mut self, process: &Process, sent: &Sent, attempt: Attempt, number: usize) -> bool {
        let Attempt { ended, seen, began, still, request_id } = attempt;
        self.invocations += 1;
        self.check_credentials(sent, &seen);
        // The function assumes a role once more, not twice.
        let is_calm = still.filter(|_| seen.faults == 0 && seen.ended.len() <= 1);
        self.check_puts(sent, &seen, began, is_calm);
        let (members, clients) = process.function.connections.cached();
        if members >= self.rules.len() || clients > process.network.asked() {
            let kept = format!("{members} credentials of members and {clients} clients are kept");
            self.violated(Invariant::CachesBounded, kept);
        }
        match ended {
            Ended::Late => {
                self.violated(Invariant::BeforeDeadline, format!("process {number} had not ended"));
                false
            }
            Ended::Killed => {
                self.kills += 1;
                self.shared.note(&format!("#{number} killed"));
                false
            }
            Ended::Answered(outcome) => {
                self.check_outcome(sent, &seen, &outcome, &request_id);
                let is_ok = outcome.result.is_ok();
                let expected =
                    |state| lock(&self.shared.accounts)[sent.account].verdict(state, &sent.parameters, began).is_some();
                if is_calm.is_some_and(|state| is_ok != expected(state)) && sent.is_about_account {
                    self.violated(Invariant::CalmIsTrue, format!("{:?}", outcome.result));
                }
                is_ok
            }
        }
    }

    fn check_outcome(&mut self, sent: &Sent, seen: &Seen, outcome: &Outcome, request_id: &str) {
        let lines = outcome.record.lines(request_id, Metrics::Emitted);
        let mut said: Vec<String> = lines.iter().map(ToString::to_string).collect();
        said.extend(outcome.result.as_ref().err().map(|error| format!("{} {error:?}", chain(error))));
        let token = sent.payload["resultToken"].as_str().unwrap();
        for line in &said {
            self.shared.note(line);
            for secret in [token, "stand-in/secret", "stand-in-session-token"] {
                if line.contains(secret) {
                    self.violated(Invariant::NoSecrets, format!("{secret} in {line}"));
                }
            }
        }
        if outcome.result.is_ok() && sent.is_about_account {
            let is_account = |row: &Value| row["ComplianceResourceType"] == "AWS::::Account";
            let is_stored = seen.puts.iter().any(|put| {
                put.rows.iter().zip(&put.acknowledged).any(|(row, acknowledged)| is_account(row) && *acknowledged)
            });
            if !is_stored {
                self.violated(Invariant::Acknowledged, format!("success, and {:?}", seen.puts));
            }
        }
    }

    fn check_credentials(&mut self, sent: &Sent, seen: &Seen) {
        let calls = self.shared.endpoints.calls();
        let function = format!("AKIA{}USER", ACCOUNTS[0]);
        for (operation, key) in &seen.keys {
            let account = if operation == "AssumeRole" { ACCOUNTS[0] } else { ACCOUNTS[sent.account] };
            let mut accounts = calls.iter().filter(|call| call.access_key_id.as_ref() == Some(key));
            let is_of_another = accounts.any(|call| call.account.as_deref().is_some_and(|signer| signer != account));
            let is_own = *key == function;
            if is_of_another || is_own != (account == ACCOUNTS[0]) {
                self.violated(Invariant::OwnCredentials, format!("{operation} for {account} by {key}"));
            }
        }
    }

    fn check_puts(&mut self, sent: &Sent, seen: &Seen, began: Timestamp, calm: Option<usize>) {
        let account = lock(&self.shared.accounts)[sent.account].clone();
        for put in &seen.puts {
            let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let resource = |row: &Value| (text(row, "ComplianceResourceType"), text(row, "ComplianceResourceId"));
            let resources: BTreeSet<_> = put.rows.iter().map(resource).collect();
            if resources.len() != put.rows.len() {
                self.violated(Invariant::ResourceOnce, format!("{:?}", put.rows));
            }
            let mut verdict = None;
            for row in &put.rows {
                let sent_as = row["OrderingTimestamp"].as_f64().map(|seconds| (seconds * 1000.0).round());
                #[expect(clippy::cast_precision_loss, reason = "milliseconds up to the year 9999 fit a double")]
                let made = sent.made.epoch_milliseconds() as f64;
                if sent_as != Some(made) {
                    self.violated(Invariant::EventTimestamp, format!("made at {}, and sent {row}", sent.made));
                }
                if row["ComplianceResourceType"] == "AWS::::Account" {
                    verdict = Some(text(row, "ComplianceType"));
                }
            }
            let is_red = put.rows.iter().any(|row| row["ComplianceType"] == "NON_COMPLIANT");
            if verdict.as_deref().is_some_and(|verdict| (verdict == "NON_COMPLIANT") != is_red) {
                self.violated(Invariant::RedWhenFailing, format!("{:?}", put.rows));
            }
            let Some(verdict) = verdict.filter(|_| sent.is_about_account) else { continue };
            let from = seen.first_call.unwrap_or(began);
            for row in put.rows.iter().filter(|row| row["ComplianceType"] == "COMPLIANT") {
                let (resource_type, id) = resource(row);
                let is_it = |trail: &Value| {
                    resource_type == "AWS::::Account" || trail["TrailARN"] == *id || trail["Name"] == *id
                };
                if !was_seen(&account, sent, seen, (from, put.at), is_it) {
                    self.violated(Invariant::CompliantWasSeen, format!("{} {id} at {}", account.id, put.at));
                }
            }
            if let Some(state) = calm {
                let expected = account.verdict(state, &sent.parameters, began);
                if expected != Some(&verdict) && !is_withdrawn(&put.rows) {
                    self.violated(Invariant::CalmIsTrue, format!("{expected:?}, and sent {:?}", put.rows));
                }
            }
        }
    }

    /// The faults end, and each account has one more schedule.
    async fn end(&mut self, process: &Process, seed: u64) {
        sleep(Duration::from_hours(1)).await;
        let now = self.shared.clock.now();
        for account in &mut *lock(&self.shared.accounts) {
            account.passes_time(now);
        }
        self.put_accounts();
        for account in 0..self.rules.len() {
            self.shared.endpoints.clear_calls();
            let event = Event { account, kind: Kind::Scheduled, age: Duration::ZERO, kills: [None; 3] };
            let Some(sent) = self.event(&event) else { continue };
            let attempt = self.attempt(process, &sent, None, 0, seed).await;
            self.judge(process, &sent, attempt, 0);
            self.check_rows(account, now);
        }
    }

    /// Holds what AWS Config shows of an account to the truth.
    fn check_rows(&mut self, account: usize, now: Timestamp) {
        let of = lock(&self.shared.accounts)[account].clone();
        // Without a verdict what was said before stays.
        let Some(expected) = of.rows(now) else { return };
        let rows: BTreeMap<(String, String), String> = self
            .shared
            .endpoints
            .rows(&self.rules[account])
            .into_iter()
            .map(|row| ((row.resource_type, row.resource_id), row.compliance_type))
            .collect();
        self.shared.note(&format!("{} has {rows:?}", of.id));
        let is_red = |mut rows: Box<dyn Iterator<Item = &str> + '_>| rows.any(|row| row == "NON_COMPLIANT");
        if is_red(Box::new(rows.values().map(String::as_str))) != is_red(Box::new(expected.values().copied())) {
            self.violated(Invariant::RedWhenFailing, format!("{rows:?}, and true is {expected:?}"));
        }
        if !rows.iter().map(|(resource, row)| (resource, row.as_str())).eq(expected.iter().map(|(a, b)| (a, *b))) {
            self.violated(Invariant::RowsEqualTruth, format!("{rows:?}, and true is {expected:?}"));
        }
    }
}

/// Whether all rows only take back what was said.
fn is_withdrawn(rows: &[Value]) -> bool {
    rows.iter().all(|row| row["Annotation"].as_str().is_some_and(|why| why.starts_with("Withdrawn")))
}

/// Whether each fact of one of these trails held at a moment of the time, or was answered as of the moment of an old
/// answer.
fn was_seen(
    account: &Account,
    sent: &Sent,
    seen: &Seen,
    (from, to): (Timestamp, Timestamp),
    is_it: impl Fn(&Value) -> bool,
) -> bool {
    let Given::Read(parameters) = given(&sent.parameters) else { return false };
    let states = |operation: &str| {
        let old = seen.old.iter().filter(|(of, _)| of == operation).map(|(_, state)| &*account.history[*state].1);
        let trails: Vec<&Value> = account.states(from, to).chain(old).flatten().collect();
        trails
    };
    let (statuses, selectors) = (states("GetTrailStatus"), states("GetEventSelectors"));
    let told = |operation: &str, arn: &Value, trails: &[&Value]| {
        let told: Vec<Value> = trails
            .iter()
            .filter(|trail| trail["TrailARN"] == *arn)
            .map(|trail| trail[operation].clone())
            .chain(
                seen.refusals
                    .iter()
                    .filter(|(of, trail, _)| of == operation && arn == trail)
                    .map(|told| told.2.clone()),
            )
            .collect();
        told
    };
    states("DescribeTrails").into_iter().filter(|trail| truth::is_shown(trail) && is_it(trail)).any(|described| {
        let arn = &described["TrailARN"];
        let statuses = told("GetTrailStatus", arn, &statuses);
        let selectors = told("GetEventSelectors", arn, &selectors);
        statuses.iter().any(|status| {
            selectors.iter().any(|selectors| {
                let mut trail = described.clone();
                trail["GetTrailStatus"] = status.clone();
                trail["GetEventSelectors"] = selectors.clone();
                truth::result(&trail, &parameters, account.id, from) == TrailResult::Pass
            })
        })
    })
}

struct Attempt {
    ended: Ended,
    seen: Seen,
    began: Timestamp,
    /// The account's state, if it did not change meanwhile.
    still: Option<usize>,
    request_id: String,
}

enum Ended {
    Answered(Box<Outcome>),
    Killed,
    Late,
}

/// Ends without an answer when it has been polled so often.
struct Killed<'f, F> {
    polls: Option<u32>,
    future: Pin<&'f mut F>,
}

impl<F: Future> Future for Killed<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let Some(left) = &mut self.polls {
            let Some(fewer) = left.checked_sub(1) else { return Poll::Ready(None) };
            *left = fewer;
        }
        self.future.as_mut().poll(context).map(Some)
    }
}
