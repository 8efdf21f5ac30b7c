//! The protocols: awsJson1.1 (CloudTrail, Config, Organizations), AWS query (STS), restJson1 (Account) and restXml (S3).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::{HeaderMap, Method, Uri};
use serde_json::{Map, Value, json};

use crate::rule::timestamp::Timestamp;

/// A service that the stand-in speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    CloudTrail,
    Config,
    Sts,
    Account,
    S3,
    Organizations,
}

impl Service {
    /// The name in a signature's scope.
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Self::CloudTrail => "cloudtrail",
            Self::Config => "config",
            Self::Sts => "sts",
            Self::Account => "account",
            Self::S3 => "s3",
            Self::Organizations => "organizations",
        }
    }
}

const TARGETS: [(&str, Service); 4] = [
    ("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", Service::CloudTrail),
    // The AWS SDK for Rust leaves the namespace out; AWS takes both.
    ("CloudTrail_20131101", Service::CloudTrail),
    ("StarlingDoveService", Service::Config),
    ("AWSOrganizationsV20161128", Service::Organizations),
];
const JSON: &str = "application/x-amz-json-1.1";
const FORM: &str = "application/x-www-form-urlencoded";
const STS_VERSION: &str = "2011-06-15";
const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A request, as far as it could be read.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) service: Option<Service>,
    /// As the client names it, known or not.
    pub(super) operation_name: String,
    /// The members; `None` if the body cannot be read.
    pub(super) input: Option<Map<String, Value>>,
}

impl Request {
    pub(super) fn read(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (target, content_type) = (text("x-amz-target"), text("content-type"));
        let (mut service, mut operation_name, mut input) = (None, String::new(), None);
        if let Some((prefix, name)) = target.rsplit_once('.') {
            name.clone_into(&mut operation_name);
            service = TARGETS
                .into_iter()
                .find(|(known, _)| *known == prefix && content_type == JSON && method == Method::POST)
                .map(|(_, service)| service);
            input = serde_json::from_slice::<Map<String, Value>>(&body).ok();
        } else if content_type.starts_with(FORM) && method == Method::POST {
            let mut form: Map<String, Value> =
                form_urlencoded::parse(&body).map(|(key, value)| (key.into_owned(), Value::from(value))).collect();
            let version = form.remove("Version");
            if let Some(Value::String(action)) = form.remove("Action") {
                operation_name = action;
                service = (version == Some(Value::from(STS_VERSION))).then_some(Service::Sts);
            }
            input = Some(form);
        } else if method == Method::POST && uri.path() == "/listRegions" {
            service = Some(Service::Account);
            "ListRegions".clone_into(&mut operation_name);
            input = serde_json::from_slice::<Map<String, Value>>(&body).ok();
        } else if [Method::GET, Method::HEAD].contains(&method) {
            service = Some(Service::S3);
            let (name, members) = s3_input(&method, uri);
            name.clone_into(&mut operation_name);
            input = Some(members);
        }
        Self { method, headers, body, service, operation_name, input }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A member of the input that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.input.as_ref()?.get(name)?.as_str()
    }
}

/// An error as the service words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorAnswer {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl ErrorAnswer {
    /// One of an operation's own errors, HTTP 400.
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into() }
    }

    /// An error that every service has, given by its name in awsJson1.1; STS has names and statuses of its own.
    pub(super) fn common(service: Option<Service>, code: &str, message: impl Into<String>) -> Self {
        let (status, code) = match (service, code) {
            (Some(Service::Sts | Service::S3), "AccessDeniedException")
            | (Some(Service::S3), "MissingAuthenticationTokenException") => (403, "AccessDenied"),
            (Some(Service::Sts), "ExpiredTokenException") => (403, "ExpiredToken"),
            (Some(Service::Sts), "IncompleteSignatureException") => (400, "IncompleteSignature"),
            (Some(Service::Sts), "InvalidSignatureException") => (403, "SignatureDoesNotMatch"),
            (Some(Service::Sts), "MissingAuthenticationTokenException") => (403, "MissingAuthenticationToken"),
            (Some(Service::Sts), "SerializationException") => (400, "MalformedInput"),
            (Some(Service::Sts), "ThrottlingException") => (400, "Throttling"),
            (Some(Service::Sts), "UnknownOperationException") => (400, "InvalidAction"),
            (Some(Service::Sts), "UnrecognizedClientException") => (403, "InvalidClientTokenId"),
            (Some(Service::Sts), "ValidationException") => (400, "ValidationError"),
            (Some(Service::S3), "ExpiredTokenException") => (400, "ExpiredToken"),
            (Some(Service::S3), "ThrottlingException") => (503, "SlowDown"),
            (Some(Service::S3), "UnrecognizedClientException") => (403, "InvalidAccessKeyId"),
            (_, "InternalFailure") => (500, "InternalFailure"),
            (_, "ServiceUnavailable") => (503, "ServiceUnavailable"),
            (_, code) => (400, code),
        };
        Self { status, code: code.to_owned(), message: message.into() }
    }
}

/// An answer as it goes out.
#[derive(Debug, Clone)]
pub(super) struct Encoded {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Further headers, whose names are an object's affair.
    pub(super) metadata: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) error_code: Option<String>,
}

impl Encoded {
    /// Writes an answer in the protocol of its service.
    pub(super) fn new(request: &Request, answer: Result<Value, ErrorAnswer>, request_id: &str) -> Self {
        if let (Some(Service::S3), Err(error)) = (request.service, &answer) {
            let body =
                if request.method == Method::HEAD { String::new() } else { s3_error_document(error, request_id) };
            let error_code = Some(error.code.clone());
            return Self { error_code, ..Self::raw(error.status, "application/xml", body) };
        }
        let is_query = request.service == Some(Service::Sts);
        let (status, error_code, body) = match answer {
            Ok(output) if is_query => (200, None, result_document(&request.operation_name, &output, request_id)),
            Ok(output) => (200, None, output.to_string()),
            Err(error) => {
                let body = if is_query { error_document(&error, request_id) } else { error_object(&error) };
                (error.status, Some(error.code), body)
            }
        };
        let content_type = if is_query { "text/xml" } else { JSON };
        let headers = vec![("content-type", content_type.to_owned()), ("x-amzn-requestid", request_id.to_owned())];
        Self { status, headers, metadata: Vec::new(), body: body.into(), error_code }
    }

    /// An answer that no service would give.
    pub(super) fn raw(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, metadata: Vec::new(), body: body.into(), error_code: None }
    }
}

/// The operation of S3 that is asked for, path-style, and what it is asked.
fn s3_input(method: &Method, uri: &Uri) -> (&'static str, Map<String, Value>) {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut members: Map<String, Value> = query.map(|(name, value)| (name.into_owned(), Value::from(value))).collect();
    let (bucket, key) = uri.path().trim_start_matches('/').split_once('/').unwrap_or((&uri.path()[1..], ""));
    members.insert("Bucket".to_owned(), percent_decoded(bucket).into());
    if *method == Method::HEAD {
        return ("HeadBucket", members);
    }
    if key.is_empty() {
        return ("ListObjectsV2", members);
    }
    members.insert("Key".to_owned(), percent_decoded(key).into());
    ("GetObject", members)
}

/// A path's text, in which a plus sign is one.
fn percent_decoded(path: &str) -> String {
    let pair = format!("={}", path.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect::<Vec<_>>().join("&")
}

/// As headers have it.
pub(super) fn http_date(time: Timestamp) -> String {
    let since_1970 = u64::try_from(time.epoch_milliseconds()).unwrap_or_default();
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(since_1970))
}

/// Text as XML has it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn s3_error_document(error: &ErrorAnswer, request_id: &str) -> String {
    let ErrorAnswer { code, message, .. } = error;
    let message = escaped(message);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>{request_id}</RequestId></Error>"
    )
}

fn error_object(error: &ErrorAnswer) -> String {
    // IAM's refusals spell the member with a capital letter.
    let message = if error.code == "AccessDeniedException" { "Message" } else { "message" };
    json!({ "__type": error.code, message: error.message }).to_string()
}

fn error_document(error: &ErrorAnswer, request_id: &str) -> String {
    let kind = if error.status < 500 { "Sender" } else { "Receiver" };
    let error = json!({ "Type": kind, "Code": error.code, "Message": error.message });
    format!(
        "<ErrorResponse xmlns=\"{STS_NAMESPACE}\"><Error>{}</Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        elements(&error)
    )
}

fn result_document(operation: &str, output: &Value, request_id: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{STS_NAMESPACE}\"><{operation}Result>{}</{operation}Result><ResponseMetadata>\
         <RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>",
        elements(output)
    )
}

/// The members of an object as elements, in order; text escaped.
fn elements(value: &Value) -> String {
    match value {
        Value::Object(members) => members
            .iter()
            .fold(String::new(), |document, (name, value)| format!("{document}<{name}>{}</{name}>", elements(value))),
        Value::String(text) => escaped(text),
        other => other.to_string(),
    }
}

/// Seconds since 1970 with milliseconds, as awsJson1.1 has it.
pub(super) fn epoch_seconds(time: Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds up to the year 9999 fit a double")]
    let seconds = time.epoch_milliseconds() as f64 / 1000.0;
    json!(seconds)
}

/// Likewise of the system's time.
pub(super) fn seconds(time: SystemTime) -> Value {
    json!(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64())
}
