//! The network between one process and AWS: it loses, delays, garbles and repeats, and keeps what went over it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use bytes::Bytes;
use cloudtrail_all_regions::{
    clock::Clock,
    rule::timestamp::Timestamp,
    stand_in::{Endpoints, Fault, Misbehaviour},
};
use fastrand::Rng;
use hyper::Request;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::truth::Account;
use crate::in_process::{Answer, ask, request, response};

/// What all processes of a world share.
pub(super) struct Shared {
    /// AWS.
    pub(super) endpoints: Endpoints,
    /// The one clock.
    pub(super) clock: Clock,
    /// What is true.
    pub(super) accounts: Mutex<Vec<Account>>,
    /// All that happened, a line each.
    pub(super) trace: Mutex<Vec<String>>,
    /// How often each fault befell a call.
    pub(super) faults: Mutex<BTreeMap<&'static str, u64>>,
    old_answers: Mutex<BTreeMap<String, (usize, Answer)>>,
}

/// What went over the network in one attempt.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The account that it is about, by its place.
    pub(super) account: usize,
    /// When the first call was made.
    pub(super) first_call: Option<Timestamp>,
    /// Every `PutEvaluations`.
    pub(super) puts: Vec<Put>,
    /// Operation and access key of every call.
    pub(super) keys: Vec<(String, String)>,
    /// What a trail's call was answered in place of what is true: by operation and ARN.
    pub(super) refusals: Vec<(String, String, Value)>,
    /// Old answers: the operation, and the place in the account's history.
    pub(super) old: Vec<(String, usize)>,
    /// How many calls were befallen by something.
    pub(super) faults: usize,
    /// The keys whose session had ended when they were used.
    pub(super) ended: BTreeSet<String>,
}

/// A report.
#[derive(Debug)]
pub(super) struct Put {
    /// When it was sent.
    pub(super) at: Timestamp,
    /// `Evaluations`.
    pub(super) rows: Vec<Value>,
    /// Which of them AWS Config took and said so.
    pub(super) acknowledged: Vec<bool>,
}

/// One process's network.
#[derive(Clone)]
pub(super) struct Network {
    shared: Arc<Shared>,
    /// The process's number.
    pub(super) process: usize,
    state: Arc<Mutex<State>>,
}

struct State {
    rng: Rng,
    faults: u8,
    seen: Seen,
    /// The accounts, by their place, and the Regions of all calls so far.
    asked: BTreeSet<(usize, String)>,
}

/// Errors that say nothing about a trail: they pass, or are our own fault.
const NO_REFUSALS: [&str; 3] = ["ThrottlingException", "SignatureDoesNotMatch", "ExpiredTokenException"];

/// Locks what only this thread uses.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Shared {
    /// A world's AWS and truth, at its beginning.
    pub(super) fn new(endpoints: Endpoints, clock: Clock, accounts: Vec<Account>) -> Self {
        let (trace, faults, old_answers) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { endpoints, clock, accounts: Mutex::new(accounts), trace, faults, old_answers }
    }

    /// Adds a line, with the time.
    pub(super) fn note(&self, line: &str) {
        lock(&self.trace).push(format!("{} {line}", self.clock.now()));
    }
}

impl Network {
    /// The network of a process.
    pub(super) fn new(shared: Arc<Shared>, process: usize) -> Self {
        let (seen, asked) = (Seen::default(), BTreeSet::new());
        let state = State { rng: Rng::with_seed(0), faults: 0, seen, asked };
        Self { shared, process, state: Arc::new(Mutex::new(state)) }
    }

    /// Begins an attempt.
    pub(super) fn begin(&self, account: usize, faults: u8, chance: u64) {
        let mut state = lock(&self.state);
        (state.rng, state.faults) = (Rng::with_seed(chance), faults);
        state.seen = Seen { account, ..Seen::default() };
    }

    /// In how many Regions of how many accounts the process has asked so far.
    pub(super) fn asked(&self) -> usize {
        lock(&self.state).asked.len()
    }

    /// What went over it in the attempt.
    pub(super) fn end(&self) -> Seen {
        std::mem::take(&mut lock(&self.state).seen)
    }

    async fn exchange(self, asked: Request<Bytes>) -> io::Result<Answer> {
        let shared = &self.shared;
        let call = Called::read(&asked);
        let (account, place, latency, befalls) = {
            let mut state = lock(&self.state);
            let state = &mut *state;
            let account = state.seen.account;
            let place =
                format!("{account} {} {} {}", call.operation, call.region, String::from_utf8_lossy(asked.body()));
            state.seen.first_call.get_or_insert(shared.clock.now());
            state.seen.keys.push((call.operation.clone(), call.key.clone()));
            if call.operation != "AssumeRole" {
                state.asked.insert((account, call.region.clone()));
            }
            let latency = Duration::from_millis(state.rng.u64(1..150));
            let befalls =
                (state.rng.u8(..100) < state.faults).then(|| befall(&mut state.rng, &call, &place, shared)).flatten();
            state.seen.faults += usize::from(befalls.is_some());
            (account, place, latency, befalls)
        };
        let (process, name) = (self.process, befalls.as_ref().map_or("", |(name, _)| *name));
        if let Some((name, _)) = befalls {
            *lock(&shared.faults).entry(name).or_default() += 1;
        }
        let hash = hash(&asked);
        let words = [call.operation.as_str(), &call.region, &call.trail, name, &hash];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        shared.note(&format!("#{process} {}", words.join(" ")));
        tokio::time::sleep(latency).await;

        let befalls = match befalls {
            Some((_, Befalls::OldAnswer(state, answer))) => {
                lock(&self.state).seen.old.push((call.operation.clone(), state));
                return Ok(self.answered(&call, answer));
            }
            Some((_, Befalls::Misbehaviour(what))) => Some(what),
            None => None,
        };
        let put = call.is_put().then(|| {
            let rows = call.input["Evaluations"].as_array().cloned().unwrap_or_default();
            let acknowledged = vec![false; rows.len()];
            let mut state = lock(&self.state);
            state.seen.puts.push(Put { at: shared.clock.now(), rows, acknowledged });
            state.seen.puts.len() - 1
        });
        {
            // What befalls the call is settled when the endpoints are asked: nothing comes between.
            let mut world = shared.endpoints.world();
            world.clear_faults();
            if let Some(what) = &befalls {
                world.add_fault(Fault::always(what.clone()));
            }
        }
        let state = lock(&shared.accounts)[account].state();
        let answer = ask(&shared.endpoints, asked).await?;
        let is_of_one_state = lock(&shared.accounts)[account].state() == state;
        if befalls.is_none() && is_of_one_state && !call.is_put() && answer.status == 200 {
            lock(&shared.old_answers).insert(place, (state, answer.clone()));
        }
        if let (Some(put), true) = (put, answer.status == 200) {
            self.acknowledge(put, befalls.as_ref());
        }
        if befalls.is_none() && answer.status == 400 && code(&answer) == "ExpiredTokenException" {
            lock(&self.state).seen.ended.insert(call.key.clone());
        }
        self.refused(&call, &answer, befalls.as_ref());
        Ok(self.answered(&call, answer))
    }

    /// Notes an answer, which carries the date as every server's does.
    fn answered(&self, call: &Called, mut answer: Answer) -> Answer {
        let date = httpdate::fmt_http_date(self.shared.clock.time());
        answer.headers.push(("date".to_owned(), date));
        let hash = hex(&digest(&SHA256, &answer.body).as_ref()[..8]);
        self.shared.note(&format!("#{} {} answered {} {hash}", self.process, call.operation, answer.status));
        answer
    }

    fn acknowledge(&self, put: usize, befalls: Option<&Misbehaviour>) {
        let put = &mut lock(&self.state).seen.puts[put];
        for (row, acknowledged) in put.rows.iter().zip(&mut put.acknowledged) {
            *acknowledged = match befalls {
                None | Some(Misbehaviour::Delay(_) | Misbehaviour::EmptyObject | Misbehaviour::Duplicates) => true,
                Some(Misbehaviour::FailedEvaluations { resource_type, .. }) => {
                    resource_type.as_deref().is_some_and(|failing| row["ComplianceResourceType"] != failing)
                }
                Some(_) => false,
            };
        }
    }

    /// Notes what is answered in place of the truth, and is no fault to be asked again for.
    fn refused(&self, call: &Called, answer: &Answer, befalls: Option<&Misbehaviour>) {
        if call.trail.is_empty() {
            return;
        }
        let instead = if (400..500).contains(&answer.status) {
            let code = code(answer);
            if NO_REFUSALS.contains(&code.as_str()) {
                return;
            }
            json!({"refused": {"operation": call.operation, "code": code}})
        } else if matches!(befalls, Some(Misbehaviour::EmptyObject)) {
            json!({})
        } else {
            return;
        };
        lock(&self.state).seen.refusals.push((call.operation.clone(), call.trail.clone(), instead));
    }
}

enum Befalls {
    Misbehaviour(Misbehaviour),
    /// With the place in the account's history that it is of.
    OldAnswer(usize, Answer),
}

fn befall(rng: &mut Rng, call: &Called, place: &str, shared: &Shared) -> Option<(&'static str, Befalls)> {
    let error = |status, code: &str, message: &str| {
        let (code, message) = (code.to_owned(), message.to_owned());
        Misbehaviour::Error { status, code, message }
    };
    let (name, what) = match rng.u8(..20) {
        0..=2 => ("throttled", Misbehaviour::Throttle),
        3 => ("refused", Misbehaviour::Deny),
        4 | 5 => ("hung", Misbehaviour::Hang),
        6 => ("cut off before the answer", Misbehaviour::ResetBeforeAnswer),
        7 => ("cut off in the answer", Misbehaviour::ResetInBody),
        8 => ("garbage", Misbehaviour::Garbage),
        9 => ("truncated", Misbehaviour::TruncatedJson),
        10 => ("empty object", Misbehaviour::EmptyObject),
        11 => ("wrong types", Misbehaviour::WrongTypes),
        12 => ("duplicates", Misbehaviour::Duplicates),
        13 => ("late", Misbehaviour::Delay(Duration::from_millis(rng.u64(100..6_000)))),
        14 => ("page of a proxy", Misbehaviour::HtmlPage(502)),
        15 => ("server failure", Misbehaviour::Status { status: 503, retry_after: None }),
        16 => {
            let message = format!("The signature of {} with {} does not match", call.key, call.session_token);
            ("signature refused", error(403, "SignatureDoesNotMatch", &message))
        }
        17 => {
            if rng.bool() {
                shared.endpoints.world().expire_temporary_credentials();
                *lock(&shared.faults).entry("credentials expired").or_default() += 1;
                return None;
            }
            ("token expired", error(400, "ExpiredTokenException", "The security token is expired"))
        }
        _ if call.is_put() => {
            let of_trails = rng.bool().then(|| "AWS::CloudTrail::Trail".to_owned());
            if rng.u8(..4) == 0 {
                let message = format!("Value at resultToken {} or a row is invalid", call.input["ResultToken"]);
                return Some(("rows refused", Befalls::Misbehaviour(error(400, "ValidationException", &message))));
            }
            let (resource_type, resource_id, renames_first) = (of_trails, None, false);
            ("rows sent back", Misbehaviour::FailedEvaluations { resource_type, resource_id, renames_first })
        }
        _ => match lock(&shared.old_answers).get(place).cloned() {
            Some((state, answer)) => return Some(("old answer", Befalls::OldAnswer(state, answer))),
            None => ("throttled", Misbehaviour::Throttle),
        },
    };
    Some((name, Befalls::Misbehaviour(what)))
}

/// What a request asks.
struct Called {
    operation: String,
    region: String,
    key: String,
    session_token: String,
    trail: String,
    input: Value,
}

impl Called {
    fn read(request: &Request<Bytes>) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let credential = header("authorization").split("Credential=").nth(1).unwrap_or_default();
        let mut scope = credential.split('/');
        let key = scope.next().unwrap_or_default().to_owned();
        let region = scope.nth(1).unwrap_or_default().to_owned();
        let operation = header("x-amz-target").rsplit('.').next().filter(|name| !name.is_empty());
        let operation = operation.unwrap_or("AssumeRole").to_owned();
        let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let trail = input["Name"].as_str().or(input["TrailName"].as_str()).unwrap_or_default().to_owned();
        let session_token = header("x-amz-security-token").to_owned();
        Self { operation, region, key, session_token, trail, input }
    }

    fn is_put(&self) -> bool {
        self.operation == "PutEvaluations"
    }
}

/// AWS's code of an error in JSON.
fn code(answer: &Answer) -> String {
    let error: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    error["__type"].as_str().unwrap_or_default().to_owned()
}

/// Of all that is sent, signature and invocation id included.
fn hash(request: &Request<Bytes>) -> String {
    let mut headers: Vec<_> = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    headers.sort_unstable();
    let mut bytes = request.uri().to_string().into_bytes();
    for (name, value) in headers {
        bytes.extend([b"\n", name.as_bytes(), b": ", value].concat());
    }
    bytes.extend([b"\n\n", &request.body()[..]].concat());
    hex(&digest(&SHA256, &bytes).as_ref()[..8])
}

/// A digest as text.
pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl HttpConnector for Network {
    fn call(&self, asked: HttpRequest) -> HttpConnectorFuture {
        let network = self.clone();
        HttpConnectorFuture::new(async move { response(network.exchange(request(&asked)).await) })
    }
}

impl HttpClient for Network {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
