//! Evidence: the facts that a decision rests on, in AWS's own key names.
//!
//! One format serves example accounts, test cases, saved evidence and the decision's input; `evidence.schema.json`
//! describes it. The output of `aws cloudtrail describe-trails`, `get-trail-status` and `get-event-selectors` drops in
//! as it is.

use std::{borrow::Borrow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::Value;

use super::{region, timestamp::Timestamp};

/// What was read about one account, from one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The account that is judged, 12 digits.
    pub account_id: String,
    /// The Region of the rule, where `DescribeTrails` was asked.
    pub region: String,
    /// When reading began.
    pub collected_at: Timestamp,
    /// `DescribeTrails`, shadow trails included, each with what its live calls answered.
    pub trails: Observed<Vec<Trail>>,
    /// The resource ids under which AWS Config has discovered trails in this Region; absent if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered_trails: Option<Observed<Vec<String>>>,
    /// The resource id of the trail that a change notification says is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_trail: Option<String>,
}

/// The answer to a call, or why there is none. A failed read is data, never a default value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Observed<T> {
    /// `{"refused": {…}}`: a permanent error; asking again will not help.
    Refused {
        /// The call and its error.
        refused: Refusal,
    },
    /// `{"unanswered": {…}}`: a transient error, still there after the retries.
    Unanswered {
        /// The call and its error.
        unanswered: Refusal,
    },
    /// The answer itself.
    Known(T),
}

impl<T> Observed<T> {
    /// The answer, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(answer) => Some(answer),
            Self::Refused { .. } | Self::Unanswered { .. } => None,
        }
    }
}

impl<'de, T: Answer> Deserialize<'de> for Observed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        if let Some(refused) = value.get_mut("refused") {
            return Ok(Self::Refused { refused: read(refused.take())? });
        }
        if let Some(unanswered) = value.get_mut("unanswered") {
            return Ok(Self::Unanswered { unanswered: read(unanswered.take())? });
        }
        if !T::has_form_of_answer(&value) {
            return Err(D::Error::custom(format_args!(
                "valid are {}, `{{\"refused\": {{…}}}}` and `{{\"unanswered\": {{…}}}}`",
                T::FORM
            )));
        }
        Ok(Self::Known(read(value)?))
    }
}

fn read<T: DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
    serde_path_to_error::deserialize(value).map_err(E::custom)
}

/// An answer that evidence can hold. (A derived `Deserialize` would take an empty list for an answer without fields.)
pub trait Answer: DeserializeOwned {
    /// The JSON form in words.
    const FORM: &'static str;
    /// Whether the value has that form.
    fn has_form_of_answer(value: &Value) -> bool;
}

impl<T: DeserializeOwned> Answer for Vec<T> {
    const FORM: &'static str = "a list";
    fn has_form_of_answer(value: &Value) -> bool {
        value.is_array()
    }
}

impl Answer for TrailStatus {
    const FORM: &'static str = "an object";
    fn has_form_of_answer(value: &Value) -> bool {
        value.is_object()
    }
}

impl Answer for EventSelectors {
    const FORM: &'static str = "an object";
    fn has_form_of_answer(value: &Value) -> bool {
        value.is_object()
    }
}

/// A call that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refusal {
    /// AWS's name of the operation, such as `GetTrailStatus`.
    pub operation: String,
    /// AWS's error code, such as `AccessDeniedException`; for a fault below HTTP, a word of ours such as `TimedOut`.
    pub code: String,
    /// The code that the trail's home Region gave, where the call was then made in the rule's Region and `code` is
    /// that second outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_region_code: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation, self.code)?;
        match &self.home_region_code {
            Some(home) => write!(f, ", home Region {home}"),
            None => Ok(()),
        }
    }
}

/// One entry of `DescribeTrails`' `trailList`, and what the trail's own calls answered.
///
/// Fields that the decision does not need are not kept. `is_multi_region_trail` stands first so that, of two
/// contradictory descriptions of one trail, sorting puts the one that claims less in front.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Trail {
    /// Whether the trail records every Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_multi_region_trail: Option<bool>,
    /// `arn:PARTITION:cloudtrail:REGION:ACCOUNT:trail/NAME`; the account is the owner's.
    #[serde(rename = "TrailARN", default, skip_serializing_if = "Option::is_none")]
    pub trail_arn: Option<String>,
    /// The trail's name, unique in its account and Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The Region in which the trail was made and can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_region: Option<String>,
    /// The bucket that gets the log files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_bucket_name: Option<String>,
    /// Whether events of global services such as IAM are recorded; absent means yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_global_service_events: Option<bool>,
    /// Whether the trail is an organization's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_organization_trail: Option<bool>,
    /// Whether event selectors were ever set; `false` means the default, which records all management events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_custom_event_selectors: Option<bool>,
    /// Whether digest files are delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file_validation_enabled: Option<bool>,
    /// The KMS key that encrypts the log files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// The SNS topic that is told of each log file.
    #[serde(rename = "SnsTopicARN", default, skip_serializing_if = "Option::is_none")]
    pub sns_topic_arn: Option<String>,
    /// The CloudWatch Logs group that gets the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_logs_log_group_arn: Option<String>,
    /// `GetTrailStatus`; absent if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub get_trail_status: Option<Observed<TrailStatus>>,
    /// `GetEventSelectors`; absent if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub get_event_selectors: Option<Observed<EventSelectors>>,
}

impl Trail {
    /// Whether the trail records every Region; absent means no.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.is_multi_region_trail == Some(true)
    }

    /// The Region to ask about this trail: `HomeRegion`, else the ARN's; none if that is no Region's name.
    #[must_use]
    pub fn home_region(&self) -> Option<&str> {
        let stated = non_blank(self.home_region.as_deref()).or_else(|| self.arn_segment(3));
        stated.filter(|region| region::is_well_formed(region))
    }

    /// Whether the account owns the trail: the account segment of the ARN, compared for equality.
    #[must_use]
    pub fn is_owned_by(&self, account_id: &str) -> bool {
        self.owner_account_id() == Some(account_id)
    }

    /// The account that owns the trail, 12 digits; none if the ARN names none.
    #[must_use]
    pub fn owner_account_id(&self) -> Option<&str> {
        self.arn_segment(4).filter(|account| is_account_id(account))
    }

    /// The trail's name, from the ARN if `DescribeTrails` gave none.
    #[must_use]
    pub fn display_name(&self) -> &str {
        let from_arn = || {
            let resource = self.arn_segment(5)?;
            non_blank(Some(resource.strip_prefix("trail/").unwrap_or(resource)))
        };
        non_blank(self.name.as_deref()).or_else(from_arn).unwrap_or("(unnamed trail)")
    }

    fn arn_segment(&self, index: usize) -> Option<&str> {
        self.trail_arn.as_deref()?.splitn(6, ':').nth(index)
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn non_blank(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// Sorts trails, and drops all but one of those that share an ARN: a trail listed twice counts once.
pub fn list_each_trail_once<T: Borrow<Trail>>(trails: &mut Vec<T>) {
    trails.sort_by(|a, b| {
        let (a, b): (&Trail, &Trail) = (a.borrow(), b.borrow());
        a.trail_arn.cmp(&b.trail_arn).then_with(|| a.cmp(b))
    });
    trails.dedup_by(|a, b| {
        let (a, b): (&Trail, &Trail) = ((*a).borrow(), (*b).borrow());
        a.trail_arn.is_some() && a.trail_arn == b.trail_arn
    });
}

/// What `GetTrailStatus` answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TrailStatus {
    /// Whether the trail records now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_logging: Option<bool>,
    /// The error that S3 gave to the latest delivery, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_delivery_error: Option<String>,
    /// When a log file was last delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_delivery_time: Option<Timestamp>,
    /// When logging was last started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_logging_time: Option<Timestamp>,
    /// When logging was last stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_logging_time: Option<Timestamp>,
}

/// What `GetEventSelectors` answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventSelectors {
    /// Basic event selectors.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub event_selectors: Vec<EventSelector>,
    /// Advanced event selectors.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub advanced_event_selectors: Vec<AdvancedEventSelector>,
}

/// A basic event selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventSelector {
    /// `All` (also when absent), `ReadOnly` or `WriteOnly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_write_type: Option<String>,
    /// Whether management events are recorded; absent means yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_management_events: Option<bool>,
    /// Services whose management events are left out.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub exclude_management_event_sources: Vec<String>,
}

/// An advanced event selector: an event must satisfy every field selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdvancedEventSelector {
    /// The field selectors, all of which must hold.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub field_selectors: Vec<FieldSelector>,
}

/// A condition on one field of an event. An empty operator list counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FieldSelector {
    /// The field, such as `eventCategory`, `readOnly` or `eventSource`.
    #[serde(default)]
    pub field: String,
    /// The field is one of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// The field starts with one of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// The field ends with one of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// The field is none of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// The field starts with none of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// The field ends with none of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}

fn null_as_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
