//! Misbehaviour that is told to the stand-in.

use std::{
    io,
    ops::RangeInclusive,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use serde_json::{Map, Value, json};
use tokio::time::Sleep;

use super::{
    calls::Call,
    results::Row,
    wire::{Encoded, ErrorAnswer, Request, Service},
};

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misbehaviour {
    /// `ThrottlingException`, HTTP 400 (STS: `Throttling`).
    Throttle,
    /// `AccessDeniedException`, HTTP 400 (STS: `AccessDenied`, HTTP 403).
    Deny,
    /// An error of this code.
    Error {
        /// The HTTP status.
        status: u16,
        /// AWS's error code.
        code: String,
        /// The message.
        message: String,
    },
    /// A bare HTTP status with an empty body.
    Status {
        /// The HTTP status.
        status: u16,
        /// The value of a `Retry-After` header.
        retry_after: Option<String>,
    },
    /// S3 says that the bucket is in this Region.
    Redirect(String),
    /// The connection is closed without an answer. The request has no effect.
    ResetBeforeAnswer,
    /// The connection is closed after the headers and half of the body. The request has its effect.
    ResetInBody,
    /// No answer until the client leaves.
    Hang,
    /// The real answer, later.
    Delay(Duration),
    /// The real answer, a byte at a time with this pause after each.
    Trickle(Duration),
    /// The first half of the real answer as a whole one.
    TruncatedJson,
    /// HTTP 200 and bytes that are neither JSON nor XML.
    Garbage,
    /// An HTML page with this status, as a proxy would send.
    HtmlPage(u16),
    /// HTTP 200 and an answer without a member. The request has its effect.
    EmptyObject,
    /// The real answer with every member of another type (STS: without a member).
    WrongTypes,
    /// The real answer with every item of its lists twice (STS: as it is).
    Duplicates,
    /// The real answer with every member named twice, the second time with the same value (STS: as it is).
    Twice,
    /// The real answer, made larger than 10 MB by a member that is not in the model.
    Huge,
    /// PutEvaluations only: these rows come back in `FailedEvaluations` with HTTP 200, and are not kept.
    FailedEvaluations {
        /// Only rows of this resource type.
        resource_type: Option<String>,
        /// Only rows of this resource id.
        resource_id: Option<String>,
        /// Whether the first of them comes back under another resource id.
        renames_first: bool,
    },
}

const PADDING: usize = 10 << 20;

/// A misbehaviour, and the calls that it befalls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    operation: Option<String>,
    trail: Option<String>,
    account: Option<String>,
    region: Option<String>,
    key_prefix: Option<String>,
    pub(super) calls: RangeInclusive<u64>,
    pub(super) what: Misbehaviour,
}

impl Fault {
    /// Befalls every call.
    #[must_use]
    pub fn always(what: Misbehaviour) -> Self {
        Self { operation: None, trail: None, account: None, region: None, key_prefix: None, calls: 1..=u64::MAX, what }
    }

    /// Befalls every call of an operation, such as `GetTrailStatus`.
    #[must_use]
    pub fn on(operation: &str, what: Misbehaviour) -> Self {
        Self { operation: Some(operation.to_owned()), ..Self::always(what) }
    }

    /// Only calls that name this trail, as they name it: by ARN or by name.
    #[must_use]
    pub fn trail(self, name_or_arn: &str) -> Self {
        Self { trail: Some(name_or_arn.to_owned()), ..self }
    }

    /// Only calls with this account's credentials.
    #[must_use]
    pub fn account(self, account: &str) -> Self {
        Self { account: Some(account.to_owned()), ..self }
    }

    /// Only calls in this Region.
    #[must_use]
    pub fn region(self, region: &str) -> Self {
        Self { region: Some(region.to_owned()), ..self }
    }

    /// Only calls to S3 for keys that begin so, or for listings of what begins so.
    #[must_use]
    pub fn key_prefix(self, key_prefix: &str) -> Self {
        Self { key_prefix: Some(key_prefix.to_owned()), ..self }
    }

    /// Only these of the calls that fit otherwise; the first is 1.
    #[must_use]
    pub fn calls(self, calls: RangeInclusive<u64>) -> Self {
        Self { calls, ..self }
    }

    pub(super) fn fits(&self, call: &Call) -> bool {
        let is_or_any = |wanted: &Option<String>, actual: Option<&str>| wanted.is_none() || wanted.as_deref() == actual;
        is_or_any(&self.operation, Some(&call.operation))
            && is_or_any(&self.trail, call.trail.as_deref())
            && is_or_any(&self.account, call.account.as_deref())
            && is_or_any(&self.region, call.region.as_deref())
            && self.key_prefix.as_ref().is_none_or(|wanted| {
                let asked = call.request["Key"].as_str().or_else(|| call.request["prefix"].as_str());
                asked.is_some_and(|asked| asked.starts_with(wanted.as_str()))
            })
    }
}

/// The rows that PutEvaluations is to give back.
pub(super) struct FailingRows {
    resource_type: Option<String>,
    resource_id: Option<String>,
    pub(super) renames_first: bool,
}

impl FailingRows {
    pub(super) fn includes(&self, row: &Row) -> bool {
        self.resource_type.as_ref().is_none_or(|wanted| *wanted == row.resource_type)
            && self.resource_id.as_ref().is_none_or(|wanted| *wanted == row.resource_id)
    }
}

impl Misbehaviour {
    /// What is sent in place of the real answer, if it is not made at all.
    pub(super) fn instead(&self, request: &Request, request_id: &str) -> Option<Encoded> {
        let error = |code, message: &str| {
            let error = ErrorAnswer::common(request.service, code, message);
            Some(Encoded::new(request, Err(error), request_id))
        };
        match self {
            Self::Throttle => error("ThrottlingException", "Rate exceeded"),
            Self::Deny => {
                let service = request.service.map_or("unknown", Service::signing_name);
                let operation = &request.operation_name;
                error("AccessDeniedException", &format!("User is not authorized to perform: {service}:{operation}"))
            }
            Self::Error { status, code, message } => {
                let error = ErrorAnswer { status: *status, code: code.clone(), message: message.clone() };
                Some(Encoded::new(request, Err(error), request_id))
            }
            Self::Status { status, retry_after } => {
                let headers = retry_after.iter().map(|value| ("retry-after", value.clone())).collect();
                Some(Encoded { status: *status, headers, metadata: Vec::new(), body: Bytes::new(), error_code: None })
            }
            Self::Redirect(region) => {
                let message = "The bucket must be addressed by another endpoint".to_owned();
                let error = ErrorAnswer { status: 301, code: "PermanentRedirect".to_owned(), message };
                let mut answer = Encoded::new(request, Err(error), request_id);
                answer.headers.push(("x-amz-bucket-region", region.clone()));
                Some(answer)
            }
            Self::Garbage => {
                Some(Encoded::raw(200, "application/x-amz-json-1.1", &b"\xff\x00{]not an answer<\x07"[..]))
            }
            Self::HtmlPage(status) => {
                let page = "<!DOCTYPE html><html><body><h1>Bad gateway</h1><br></body></html>";
                Some(Encoded::raw(*status, "text/html", page))
            }
            Self::ResetBeforeAnswer
            | Self::ResetInBody
            | Self::Hang
            | Self::Delay(_)
            | Self::Trickle(_)
            | Self::TruncatedJson
            | Self::EmptyObject
            | Self::WrongTypes
            | Self::Duplicates
            | Self::Twice
            | Self::Huge
            | Self::FailedEvaluations { .. } => None,
        }
    }

    /// What becomes of the real answer.
    pub(super) fn distort(&self, mut answer: Encoded, request: &Request, request_id: &str) -> Encoded {
        let object = serde_json::from_slice::<Map<String, Value>>(&answer.body);
        match (self, object) {
            (Self::TruncatedJson, _) => answer.body.truncate(answer.body.len() / 2),
            (Self::EmptyObject, _) => answer = Encoded::new(request, Ok(json!({})), request_id),
            (Self::WrongTypes, Ok(mut members)) => {
                members.values_mut().for_each(to_another_type);
                answer.body = Value::Object(members).to_string().into();
            }
            (Self::WrongTypes, Err(_)) => answer.body = Bytes::from_static(b"<Response><Result/></Response>"),
            (Self::Duplicates, Ok(mut members)) => {
                members.values_mut().filter_map(Value::as_array_mut).for_each(|items| items.extend_from_within(..));
                answer.body = Value::Object(members).to_string().into();
            }
            (Self::Twice, Ok(members)) => {
                let once = Value::Object(members).to_string();
                let members = once.trim_start_matches('{').trim_end_matches('}');
                answer.body = format!("{{{members},{members}}}").into();
            }
            (Self::Huge, Ok(mut members)) => {
                members.insert("Padding".to_owned(), "x".repeat(PADDING).into());
                answer.body = Value::Object(members).to_string().into();
            }
            (Self::Huge, Err(_)) => {
                answer.body = [&answer.body, b"<!--".as_slice(), &vec![b'x'; PADDING], b"-->"].concat().into();
            }
            _ => {}
        }
        answer
    }

    pub(super) fn failing_rows(&self) -> Option<FailingRows> {
        match self {
            Self::FailedEvaluations { resource_type, resource_id, renames_first } => {
                let (resource_type, resource_id) = (resource_type.clone(), resource_id.clone());
                Some(FailingRows { resource_type, resource_id, renames_first: *renames_first })
            }
            _ => None,
        }
    }
}

fn to_another_type(value: &mut Value) {
    *value = match value {
        Value::String(_) => json!(7),
        Value::Object(_) => json!([true]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => json!({ "not": "this" }),
    };
}

/// A body that goes out whole, or broken, or slowly.
pub(super) struct AnswerBody {
    rest: Bytes,
    /// How much goes out before each pause.
    piece: usize,
    pause: Option<(Duration, Pin<Box<Sleep>>)>,
    is_broken: bool,
}

impl AnswerBody {
    pub(super) fn new(body: Bytes, misbehaviour: Option<&Misbehaviour>) -> Self {
        let paused = |duration| Some((duration, Box::pin(tokio::time::sleep(Duration::ZERO))));
        match misbehaviour {
            // The pause lets the first half go out before the connection is closed.
            Some(Misbehaviour::ResetInBody) => {
                Self { piece: body.len() / 2, rest: body, pause: paused(Duration::from_millis(20)), is_broken: true }
            }
            Some(Misbehaviour::Trickle(pause)) => {
                Self { rest: body, piece: 1, pause: paused(*pause), is_broken: false }
            }
            _ => Self { piece: body.len(), rest: body, pause: None, is_broken: false },
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        if let Some((duration, sleep)) = &mut this.pause {
            ready!(sleep.as_mut().poll(context));
            *sleep = Box::pin(tokio::time::sleep(*duration));
        }
        if this.is_broken && this.piece == 0 {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))));
        }
        let piece = this.rest.split_to(this.piece.clamp(1, this.rest.len()));
        if this.is_broken {
            this.piece = 0;
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
