//! Accounts as evidence describes them: trails, and failures in place of answers.

use serde_json::{Map, Value};

use super::wire::{ErrorAnswer, Service, epoch_seconds};
use crate::rule::{arn::Arn, timestamp::Timestamp};

const STATUS_TIMES: [&str; 6] = [
    "LatestDeliveryTime",
    "LatestNotificationTime",
    "StartLoggingTime",
    "StopLoggingTime",
    "LatestCloudWatchLogsDeliveryTime",
    "LatestDigestDeliveryTime",
];

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

/// A trail in evidence: what DescribeTrails lists, and the answers of its own calls.
#[derive(Clone)]
pub(super) struct Trail(pub(super) Map<String, Value>);

impl Trail {
    /// Takes a trail as it stands in evidence; times become seconds since 1970, as they go over the wire.
    pub(super) fn read(value: &Value) -> Result<Self, InvalidEvidence> {
        let Value::Object(mut members) = value.clone() else {
            return Err(InvalidEvidence::new("trails", "a list of objects"));
        };
        if let Some(Value::Object(status)) = members.get_mut("GetTrailStatus") {
            for name in STATUS_TIMES {
                if let Some(time) = status.get_mut(name).filter(|time| !time.is_null()) {
                    let parsed = serde_json::from_value::<Timestamp>(time.take());
                    *time = epoch_seconds(parsed.map_err(|_| InvalidEvidence::new(name, "a time"))?);
                }
            }
        }
        Ok(Self(members))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn arn(&self) -> Option<&str> {
        self.text("TrailARN")
    }

    fn home_region(&self) -> Option<&str> {
        self.text("HomeRegion").or_else(|| Some(Arn::split(self.arn()?).region).filter(|region| !region.is_empty()))
    }

    pub(super) fn is_at_home_in(&self, region: &str) -> bool {
        self.home_region().is_none_or(|home| home == region)
    }

    pub(super) fn is_owned_by(&self, account: &str) -> bool {
        self.arn().is_none_or(|arn| Arn::split(arn).account_id == account)
    }

    pub(super) fn is_visible_in(&self, region: &str) -> bool {
        self.is_at_home_in(region) || self.0.get("IsMultiRegionTrail") == Some(&Value::Bool(true))
    }

    pub(super) fn is_called(&self, name_or_arn: &str) -> bool {
        [self.arn(), self.text("Name")].contains(&Some(name_or_arn))
    }

    /// The answer that evidence has for one of the trail's own calls.
    pub(super) fn answer(&self, operation: &str, is_in_home_region: bool) -> Result<&Map<String, Value>, ErrorAnswer> {
        // A trail that is gone is gone for both calls; evidence may hold only the first.
        let gone = ["GetTrailStatus", "GetEventSelectors"]
            .into_iter()
            .filter_map(|operation| self.0.get(operation))
            .find(|answer| answer["refused"]["code"] == "TrailNotFoundException");
        let answer = self.0.get(operation).or(gone).unwrap_or(&Value::Null);
        if let Some(error) = failure(answer, is_in_home_region) {
            return Err(error);
        }
        answer.as_object().ok_or_else(|| {
            let message = format!("The evidence has no {operation} of this trail");
            ErrorAnswer::common(Some(Service::CloudTrail), "InternalFailure", message)
        })
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
