//! Errors of AWS, told apart by code: permanent, transient, or our own fault.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_sdk_cloudtrail::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext, orchestrator::HttpResponse, result::SdkError,
};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::ErrorKind};

use crate::{
    error::chain,
    rule::evidence::{Observed, Refusal},
};

/// What an error means for the question that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Asking again will not help.
    Permanent,
    /// Asking again may help.
    Transient,
    /// As transient, and the endpoint could not be reached at all.
    Unreachable,
    /// Our credentials or clock are wrong; it says nothing about the account.
    Own,
}

/// A call that failed. `Display` names operation and code; AWS's own message is the source.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {code}")]
pub struct CallError {
    /// AWS's name of the operation.
    pub operation: &'static str,
    /// AWS's error code, or a word of ours for a fault below HTTP.
    pub code: String,
    /// What it means.
    pub fault: Fault,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// AWS's message to an error code.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Message(String);

const OWN_FAULTS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "InvalidSignature",
    "InvalidSignatureException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    // Of S3.
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
];

/// Codes of a failure of the server that the SDK does not know as transient.
const SERVER_FAILURES: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// Codes of faults that pass, whatever the HTTP status: AWS sends throttling with 400.
const TRANSIENT: [&[&str]; 3] = [THROTTLING_ERRORS, TRANSIENT_ERRORS, SERVER_FAILURES];

impl Fault {
    /// Judges an answer that is an error, by its code and HTTP status. `UnrecognizedClientException` from another Region
    /// than the rule's means that the Region is not enabled in the account.
    fn of(code: Option<&str>, status: u16, is_rules_region: bool) -> Self {
        match code {
            Some(code) if OWN_FAULTS.contains(&code) => Self::Own,
            Some("UnrecognizedClientException" | "UnrecognizedClient") if is_rules_region => Self::Own,
            Some(code) if TRANSIENT.iter().any(|codes| codes.contains(&code)) => Self::Transient,
            Some(_) if (300..500).contains(&status) && status != 408 && status != 429 => Self::Permanent,
            _ => Self::Transient,
        }
    }
}

impl CallError {
    /// Tells what an SDK error means. AWS's message is kept as the source, unless it may hold credentials.
    pub fn new<E>(operation: &'static str, is_rules_region: bool, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        if let Some(why) = without_credentials(&error) {
            return Self { operation, code: "NoCredentials".into(), fault: Fault::Own, source: Some(why.into()) };
        }
        let (code, fault, source): (String, Fault, Option<Box<dyn Error + Send + Sync>>) = match &error {
            SdkError::ServiceError(answer) => {
                let (code, fault) = told_by(answer.raw(), is_rules_region);
                // An answer to a bad signature quotes the request's headers, the session token among them.
                let message = answer.err().message().filter(|_| fault != Fault::Own);
                (code, fault, message.map(|message| Message(message.to_owned()).into()))
            }
            SdkError::ResponseError(answer) => {
                let (code, fault) = told_by(answer.raw(), is_rules_region);
                let is_own = fault == Fault::Own;
                (code, fault, (!is_own).then(|| Box::new(error) as Box<dyn Error + Send + Sync>))
            }
            SdkError::TimeoutError(_) => (Refusal::TIMED_OUT.into(), Fault::Unreachable, None),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                (Refusal::TIMED_OUT.into(), Fault::Unreachable, None)
            }
            SdkError::DispatchFailure(_) => {
                (Refusal::CONNECTION_FAILED.into(), Fault::Unreachable, Some(Box::new(error)))
            }
            _ => ("RequestNotSent".into(), Fault::Own, Some(Box::new(error))),
        };
        Self { operation, code, fault, source }
    }

    /// A call, or a series of calls, that took too long.
    #[must_use]
    pub(super) fn timed_out(operation: &'static str) -> Self {
        Self { operation, code: Refusal::TIMED_OUT.to_owned(), fault: Fault::Unreachable, source: None }
    }

    /// What will not be better when it is asked again.
    #[cfg(feature = "cli")]
    #[must_use]
    pub(super) fn permanent(operation: &'static str, code: &str) -> Self {
        Self { operation, code: code.to_owned(), fault: Fault::Permanent, source: None }
    }

    /// An answer that AWS would not give.
    #[must_use]
    pub fn unparsable(operation: &'static str, what: &str) -> Self {
        Self {
            operation,
            code: "UnparsableAnswer".to_owned(),
            fault: Fault::Transient,
            source: Some(Message(what.to_owned()).into()),
        }
    }

    /// What a read that failed leaves as evidence. `home_region_code` is that of the same read there, if it was made.
    ///
    /// # Errors
    /// Our own fault, which says nothing about the account.
    pub(super) fn withheld<T>(self, home_region_code: Option<String>) -> Result<Observed<T>, Self> {
        let fault = self.fault;
        if fault == Fault::Own {
            return Err(self);
        }
        let refusal = self.refusal(home_region_code);
        Ok(match fault {
            Fault::Permanent => Observed::refused(refusal),
            Fault::Transient | Fault::Unreachable | Fault::Own => Observed::Unanswered { unanswered: refusal },
        })
    }

    pub(super) fn refusal(self, home_region_code: Option<String>) -> Refusal {
        Refusal { operation: self.operation.to_owned(), code: self.code, home_region_code }
    }

    /// The error, with `secret` taken out of AWS's message.
    #[must_use]
    pub(super) fn redacted(mut self, secret: &str) -> Self {
        let message = self.source.take().map(|source| chain(source.as_ref()));
        self.source = message.map(|message| Message(message.replace(secret, "(result token)")).into());
        self
    }

    /// Whether AWS answered that there were too many calls.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        is_throttling(&self.code)
    }

    /// Whether temporary credentials have expired.
    #[must_use]
    pub fn is_expired_credentials(&self) -> bool {
        self.code == "ExpiredToken" || self.code == "ExpiredTokenException"
    }
}

/// Whether an error code says that there were too many calls.
#[cfg(feature = "cli")]
#[must_use]
pub fn is_throttling(code: &str) -> bool {
    THROTTLING_ERRORS.contains(&code)
}

/// Adds to the SDK's own rules that every transient error of [`Fault`] is retried: any 5xx, 408, 429, an answer that
/// cannot be parsed, and a 4xx without an error code.
#[derive(Debug)]
pub(super) struct RetryTransientFaults;

impl ClassifyRetry for RetryTransientFaults {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let (Some(Err(_)), Some(response)) = (context.output_or_error(), context.response()) else {
            return RetryAction::NoActionIndicated;
        };
        // An answer to HEAD has no body, and so no error code.
        let is_head = context.request().is_some_and(|request| request.method() == "HEAD");
        if is_head && (300..500).contains(&response.status().as_u16()) {
            return RetryAction::NoActionIndicated;
        }
        // Throttling has the SDK's own, longer wait.
        match told_by(response, true) {
            (_, Fault::Transient) => RetryAction::retryable_error(ErrorKind::TransientError),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "transient faults"
    }
}

/// The code of an answer that is no success or cannot be parsed, and what it means.
fn told_by(answer: &HttpResponse, is_rules_region: bool) -> (String, Fault) {
    let status = answer.status().as_u16();
    let code = error_code(answer);
    let fault = Fault::of(code.as_deref(), status, is_rules_region);
    let without_code =
        || if answer.status().is_success() { "UnparsableAnswer".into() } else { format!("Http{status}") };
    (code.unwrap_or_else(without_code), fault)
}

/// AWS's error code, as each of its protocols sends it.
fn error_code(answer: &HttpResponse) -> Option<String> {
    if answer.status().is_success() {
        return None;
    }
    let body = answer.body().bytes().unwrap_or_default();
    let in_json = || {
        let body = serde_json::from_slice::<serde_json::Value>(body).ok()?;
        body.get("__type").or_else(|| body.get("code"))?.as_str().map(str::to_owned)
    };
    let in_xml = || {
        let (_, after) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
        after.split_once("</Code>").map(|(code, _)| code.to_owned())
    };
    let code = answer.headers().get("x-amzn-errortype").map(str::to_owned).or_else(in_json).or_else(in_xml)?;
    // `namespace#Code:https://…`
    let code = code.split(':').next().and_then(|code| code.rsplit('#').next()).map(str::trim)?;
    (!code.is_empty()).then(|| code.to_owned())
}

/// Why there are no credentials, if that is what the error says.
fn without_credentials(error: &(dyn Error + 'static)) -> Option<Message> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<CredentialsError>() {
            Some(CredentialsError::CredentialsNotLoaded(_)) => {
                // The SDK's text has a line for every place that it looked at; the profile may be a mistake.
                let text = error.source().map(ToString::to_string).unwrap_or_default();
                let of_profile = "Profile: the credential provider was not enabled: ";
                let mistake = text.lines().find_map(|line| line.trim().strip_prefix(of_profile));
                let none = "there are none in the environment or the profile, and this machine has no role";
                return Some(Message(mistake.unwrap_or(none).to_owned()));
            }
            Some(error) => return Some(Message(chain(error))),
            None => cause = error.source(),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Fault, TRANSIENT};

    #[test]
    fn codes_are_told_apart_as_permanent_transient_and_own() {
        for (code, status, expected) in [
            (Some("AccessDeniedException"), 400, Fault::Permanent),
            (Some("AccessDenied"), 403, Fault::Permanent),
            (Some("TrailNotFoundException"), 400, Fault::Permanent),
            (Some("UnsupportedOperationException"), 400, Fault::Permanent),
            (Some("OperationNotPermittedException"), 400, Fault::Permanent),
            (Some("CloudTrailARNInvalidException"), 400, Fault::Permanent),
            (Some("SomethingNew"), 418, Fault::Permanent),
            (Some("PermanentRedirect"), 301, Fault::Permanent),
            (Some("InvalidObjectState"), 403, Fault::Permanent),
            (Some("SlowDown"), 503, Fault::Transient),
            (Some("ThrottlingException"), 400, Fault::Transient),
            (Some("RequestTimeout"), 400, Fault::Transient),
            (Some("AccessDeniedException"), 500, Fault::Transient),
            (Some("Anything"), 408, Fault::Transient),
            (Some("Anything"), 429, Fault::Transient),
            (None, 403, Fault::Transient),
            (None, 200, Fault::Transient),
            (None, 503, Fault::Transient),
            (Some("ExpiredTokenException"), 400, Fault::Own),
            (Some("InvalidClientTokenId"), 403, Fault::Own),
            (Some("SignatureDoesNotMatch"), 403, Fault::Own),
            (Some("InvalidSignatureException"), 400, Fault::Own),
            (Some("IncompleteSignature"), 400, Fault::Own),
            (Some("MissingAuthenticationTokenException"), 400, Fault::Own),
            (Some("RequestExpired"), 400, Fault::Own),
            (Some("RequestTimeTooSkewed"), 403, Fault::Own),
            (Some("InvalidAccessKeyId"), 403, Fault::Own),
            (Some("InvalidToken"), 400, Fault::Own),
        ] {
            assert_eq!(Fault::of(code, status, true), expected, "{code:?} {status}");
            assert_eq!(Fault::of(code, status, false), expected, "{code:?} {status}");
        }
    }

    #[test]
    fn the_transient_codes_are_those_of_the_specification_whatever_the_sdk_adds_or_drops() {
        let mut codes = TRANSIENT.concat();
        codes.sort_unstable();
        assert_eq!(
            codes,
            [
                "BandwidthLimitExceeded",
                "EC2ThrottledException",
                "InternalError",
                "InternalFailure",
                "InternalServerError",
                "InternalServerException",
                "LimitExceededException",
                "PriorRequestNotComplete",
                "ProvisionedThroughputExceededException",
                "RequestLimitExceeded",
                "RequestThrottled",
                "RequestThrottledException",
                "RequestTimeout",
                "RequestTimeoutException",
                "ServiceUnavailable",
                "ServiceUnavailableException",
                "SlowDown",
                "ThrottledException",
                "Throttling",
                "ThrottlingException",
                "TooManyRequestsException",
                "TransactionInProgressException",
            ]
        );
    }

    #[test]
    fn an_unrecognized_client_is_our_own_fault_only_in_the_rules_region() {
        assert_eq!(Fault::of(Some("UnrecognizedClientException"), 400, true), Fault::Own);
        assert_eq!(Fault::of(Some("UnrecognizedClientException"), 400, false), Fault::Permanent);
    }
}
