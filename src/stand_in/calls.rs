//! What was asked and answered.

use serde_json::{Map, Value, json};

use super::{
    identity::{Caller, Scope},
    wire::{Encoded, Request, Service},
};

/// A call that arrived. The result token and credentials are not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `cloudtrail`, `config` or `sts`; `None` if the request is none of theirs.
    pub service: Option<&'static str>,
    /// AWS's name of the operation.
    pub operation: String,
    /// The account of the credentials; `None` if they were not accepted.
    pub account: Option<String>,
    /// The Region that the request was signed for.
    pub region: Option<String>,
    /// The access key that signed it.
    pub access_key_id: Option<String>,
    /// The one trail that is asked about, by name or ARN as the client gave it.
    pub trail: Option<String>,
    /// The members of the request.
    pub request: Value,
    /// The HTTP status; `None` if there is no answer.
    pub status: Option<u16>,
    /// AWS's code of the error that was answered.
    pub error_code: Option<String>,
    /// The wave in which it was held, from 0; `None` if it was not.
    pub wave: Option<usize>,
    /// Its place in the one order of all arrivals and answers.
    pub arrived: u64,
    /// The place of its answer, or of the connection's end without one, in the same order; `None` before that.
    pub answered: Option<u64>,
}

impl Call {
    /// A call that is not yet in the order.
    pub(super) fn new(request: &Request, caller: Option<&Caller>) -> Self {
        let scope = request.header("authorization").and_then(Scope::read);
        let mut members = request.input.clone().unwrap_or_default();
        if let Some(token) = members.get_mut("ResultToken") {
            *token = REDACTED.into();
        }
        Self {
            service: request.service.map(Service::signing_name),
            operation: request.operation_name.clone(),
            account: caller.map(|caller| caller.account.clone()),
            region: scope.as_ref().map(|scope| scope.region.to_owned()),
            access_key_id: scope.as_ref().map(|scope| scope.access_key_id.to_owned()),
            trail: request.text("Name").or_else(|| request.text("TrailName")).map(str::to_owned),
            request: Value::Object(members),
            status: None,
            error_code: None,
            wave: None,
            arrived: 0,
            answered: None,
        }
    }
}

/// The length of the longest chain of calls in which each arrived after the one before was answered.
///
/// Calls that a client makes at once count as one only if their answers take longer than their sending: give the
/// stand-in a latency or waves when measuring.
#[must_use]
pub fn round_trips(calls: &[Call]) -> usize {
    let mut moments: Vec<(u64, usize, bool)> = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        moments.push((call.arrived, index, false));
        moments.extend(call.answered.map(|answered| (answered, index, true)));
    }
    moments.sort_unstable();
    let mut chains = vec![0; calls.len()];
    let mut longest_answered = 0;
    for (_, index, is_answer) in moments {
        if is_answer {
            longest_answered = longest_answered.max(chains[index]);
        } else {
            chains[index] = longest_answered + 1;
        }
    }
    chains.into_iter().max().unwrap_or(0)
}

/// A request and its answer as they went over the wire, without signature, result token and secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange(Value);

impl Exchange {
    /// The body of the request, if it is JSON and of this operation.
    #[must_use]
    pub fn request(&self, operation: &str) -> Option<Value> {
        let body = self.0["request"]["body"].as_str().filter(|_| self.0["operation"] == operation)?;
        serde_json::from_str(body).ok()
    }

    pub(super) fn new(request: &Request, call: &Call, answer: Option<&Encoded>) -> Self {
        let mut body = String::from_utf8_lossy(&request.body).into_owned();
        if let Some(token) = request.text("ResultToken").filter(|token| !token.is_empty()) {
            body = body.replace(token, REDACTED);
        }
        let header = |name: &str| (name.to_owned(), request.header(name).map_or(Value::Null, Value::from));
        let headers: Map<String, Value> = ["content-type", "x-amz-target"].into_iter().map(header).collect();
        let answer = answer.map(|answer| {
            let headers: Map<String, Value> =
                answer.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            let body = redact_element(redact_element(body, "SecretAccessKey"), "SessionToken");
            json!({ "status": answer.status, "headers": headers, "body": body })
        });
        Self(json!({
            "service": call.service,
            "operation": call.operation,
            "account": call.account,
            "region": call.region,
            "request": { "method": request.method.as_str(), "headers": headers, "body": body },
            "answer": answer,
        }))
    }

    /// One line of JSON: `{"service", "operation", "account", "region", "request": {"method", "headers", "body"},
    /// "answer": {"status", "headers", "body"}}`. `answer` is null if a fault was applied.
    #[must_use]
    pub fn to_json_line(&self) -> String {
        format!("{}\n", self.0)
    }
}

const REDACTED: &str = "REDACTED";

fn redact_element(document: String, name: &str) -> String {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    match (document.split_once(&start), document.split_once(&end)) {
        (Some((before, _)), Some((_, after))) => format!("{before}{start}{REDACTED}{end}{after}"),
        _ => document,
    }
}

/// The calls and exchanges so far.
#[derive(Default)]
pub(super) struct Log {
    pub(super) calls: Vec<Call>,
    pub(super) exchanges: Vec<Exchange>,
    moments: u64,
}

impl Log {
    fn next_moment(&mut self) -> u64 {
        self.moments += 1;
        self.moments
    }

    /// Enters a call, and returns the moment of its arrival.
    pub(super) fn arrive(&mut self, mut call: Call) -> u64 {
        call.arrived = self.next_moment();
        let arrived = call.arrived;
        self.calls.push(call);
        arrived
    }

    /// Enters the answer to the call that arrived at a moment, unless the log was cleared meanwhile.
    pub(super) fn answer(&mut self, arrived: u64, request: &Request, answer: &Encoded, is_faulted: bool) {
        if let Some(call) = self.end(arrived) {
            call.status = Some(answer.status);
            call.error_code.clone_from(&answer.error_code);
            // What S3 sends is not text.
            if request.service != Some(Service::S3) {
                let exchange = Exchange::new(request, call, (!is_faulted).then_some(answer));
                self.exchanges.push(exchange);
            }
        }
    }

    /// Enters that a call has ended, with or without an answer.
    pub(super) fn end(&mut self, arrived: u64) -> Option<&mut Call> {
        let moment = self.next_moment();
        let call = self.calls.iter_mut().rev().find(|call| call.arrived == arrived)?;
        call.answered = Some(moment);
        Some(call)
    }
}
