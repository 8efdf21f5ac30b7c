//! Evidence: the facts that a decision rests on, in AWS's own key names.
//!
//! One format serves example accounts, test cases, saved evidence and the decision's input; `evidence.schema.json`
//! describes it. The output of `aws cloudtrail describe-trails`, `get-trail-status` and `get-event-selectors` drops in
//! as it is.

use std::{borrow::Borrow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::{
    arn::{Arn, is_account_id},
    json::{self, Unreadable},
    names::{self, Respelled},
    objects::{Object, object_or_null, objects},
    provenance::Provenance,
    region,
    selectors::EventSelectors,
    timestamp::Timestamp,
};

/// What was read about one account, from one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evidence {
    /// The version of this format.
    #[serde(default)]
    pub format_version: FormatVersion,
    /// The account that is judged, 12 digits.
    #[serde(deserialize_with = "account_id")]
    pub account_id: String,
    /// The Region of the rule, where `DescribeTrails` was asked.
    #[serde(deserialize_with = "well_formed_region")]
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
    /// How the evidence came to be, where it was saved.
    #[serde(default, deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

/// Text that is no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no valid evidence{}: {problem}", if path == "." { String::new() } else { format!(", at `{path}`") })]
pub struct InvalidEvidence {
    /// Where, such as `trails[0].GetTrailStatus.IsLogging`; `.` is the whole.
    pub path: String,
    /// What is wrong, what would be valid, and at which line and column.
    pub problem: String,
}

impl Evidence {
    /// Reads evidence from JSON text.
    ///
    /// # Errors
    /// Text that is no JSON, or not of the form that `evidence.schema.json` describes.
    pub fn parse(text: &str) -> Result<Self, InvalidEvidence> {
        let invalid = |Unreadable { path, problem }| InvalidEvidence { path, problem };
        let Object(evidence) = json::read(text).map_err(invalid)?;
        match names::respelled(&json::read(text).map_err(invalid)?) {
            None => Ok(evidence),
            Some(Respelled { path, name, valid }) => {
                Err(InvalidEvidence { path, problem: format!("`{name}` is not AWS's spelling; valid is `{valid}`") })
            }
        }
    }
}

/// The version of the evidence format. There is one, and a file without it has this one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FormatVersion;

impl FormatVersion {
    const NUMBER: u64 = 1;
}

impl Serialize for FormatVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(Self::NUMBER)
    }
}

impl<'de> Deserialize<'de> for FormatVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            Self::NUMBER => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "this version of the program does not know format {other}; valid is {}",
                Self::NUMBER
            ))),
        }
    }
}

fn account_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_account_id(&text) {
        Ok(text)
    } else {
        Err(D::Error::custom(format_args!("`{text}` is no account id; valid are 12 digits")))
    }
}

fn well_formed_region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if region::is_well_formed(&text) {
        Ok(text)
    } else {
        Err(D::Error::custom(format_args!("`{text}` is no Region; valid are names such as `us-east-1`")))
    }
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

/// An answer that evidence can hold: a list or an object.
pub trait Answer: DeserializeOwned {
    /// Whether it is a list. (A derived `Deserialize` would take a list for an object's fields in order.)
    const IS_LIST: bool;

    /// Reads it.
    ///
    /// # Errors
    /// Those of the deserializer.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Answer for Vec<Trail> {
    const IS_LIST: bool = true;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(objects)
    }
}

impl Answer for Vec<String> {
    const IS_LIST: bool = true;
}

impl Answer for TrailStatus {
    const IS_LIST: bool = false;
}

impl Answer for EventSelectors {
    const IS_LIST: bool = false;
}

impl<'de, T: Answer> Deserialize<'de> for Observed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObservedVisitor(PhantomData))
    }
}

struct ObservedVisitor<T>(PhantomData<T>);

impl<'de, T: Answer> Visitor<'de> for ObservedVisitor<T> {
    type Value = Observed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = if T::IS_LIST { "a list" } else { "an object" };
        write!(f, "{answer}, `{{\"refused\": {{…}}}}` or `{{\"unanswered\": {{…}}}}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        if !T::IS_LIST {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        T::read(SeqAccessDeserializer::new(list)).map(Observed::Known)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let first: Option<String> = members.next_key()?;
        let observed = match first.as_deref() {
            Some("refused") => Observed::Refused { refused: members.next_value::<Object<_>>()?.0 },
            Some("unanswered") => Observed::Unanswered { unanswered: members.next_value::<Object<_>>()?.0 },
            _ if T::IS_LIST => return Err(A::Error::invalid_type(Unexpected::Map, &self)),
            _ => {
                return T::read(MapAccessDeserializer::new(AnswerMembers { first, rest: members }))
                    .map(Observed::Known);
            }
        };
        match members.next_key::<String>()? {
            None => Ok(observed),
            Some(_) => Err(stands_alone()),
        }
    }
}

/// The members of an answer whose first name was read to tell it from a refusal.
struct AnswerMembers<A> {
    first: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for AnswerMembers<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let name = match self.first.take() {
            Some(first) => Some(first),
            None => self.rest.next_key::<String>()?,
        };
        match name {
            None => Ok(None),
            Some(name) if name == "refused" || name == "unanswered" => Err(stands_alone()),
            Some(name) => seed.deserialize(name.into_deserializer()).map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

fn stands_alone<E: Error>() -> E {
    E::custom("`refused` or `unanswered` stands alone in its object")
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

impl Refusal {
    /// The code of a call that ran into a time-out.
    pub const TIMED_OUT: &str = "TimedOut";
    /// The code of a call that no endpoint took.
    pub const CONNECTION_FAILED: &str = "ConnectionFailed";

    /// Whether it is AWS's word wherever the call was made. If the trail's home Region was only out of reach, another
    /// Region's refusal settles nothing.
    #[must_use]
    pub fn is_final(&self) -> bool {
        let home_region_code = self.home_region_code.as_deref();
        ![Some(Self::TIMED_OUT), Some(Self::CONNECTION_FAILED)].contains(&home_region_code)
    }
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
        let stated = non_blank(self.home_region.as_deref()).or_else(|| Some(self.arn()?.region));
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
        self.arn().map(|arn| arn.account_id).filter(|account| is_account_id(account))
    }

    /// The trail's name, from the ARN if `DescribeTrails` gave none.
    #[must_use]
    pub fn display_name(&self) -> &str {
        let from_arn = || {
            let resource = self.arn()?.resource;
            non_blank(Some(resource.strip_prefix("trail/").unwrap_or(resource)))
        };
        non_blank(self.name.as_deref()).or_else(from_arn).unwrap_or("(unnamed trail)")
    }

    fn arn(&self) -> Option<Arn<'_>> {
        self.trail_arn.as_deref().map(Arn::split)
    }
}

fn non_blank(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// Sorts trails, and drops all but one of those that share an ARN: a trail listed twice counts once. Of contradictory
/// descriptions the one is kept that fails outright, or has the event selectors read.
pub fn list_each_trail_once<T: Borrow<Trail>>(trails: &mut Vec<T>) {
    trails.sort_by(|a, b| {
        let (a, b): (&Trail, &Trail) = (a.borrow(), b.borrow());
        let claims = |trail: &Trail| {
            let has_global_service_events = trail.include_global_service_events != Some(false);
            (trail.is_multi_region(), has_global_service_events, trail.has_custom_event_selectors == Some(false))
        };
        a.trail_arn.cmp(&b.trail_arn).then_with(|| claims(a).cmp(&claims(b))).then_with(|| a.cmp(b))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(trails: &str) -> String {
        format!(
            "{{\n\"accountId\": \"123456789012\",\n\"region\": \"us-east-1\",\n\
             \"collectedAt\": \"2026-11-01T12:00:00Z\",\n\"trails\": {trails}\n}}"
        )
    }

    fn problem(text: &str) -> String {
        Evidence::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_whole_object_is_named_plainly() {
        for (text, problem) in [
            ("", "it is empty"),
            (" \n", "it is empty"),
            ("[]", "it is a list where an object belongs"),
            ("{\"accountId\": \"1234", "it is cut off, at line 1 column 19"),
        ] {
            assert_eq!(self::problem(text), format!("no valid evidence: {problem}"), "{text}");
        }
        let cut = evidence("[{\"GetTrailStatus\": {");
        let cut = cut.trim_end().trim_end_matches('}').trim_end();
        assert_eq!(problem(cut), "no valid evidence: it is cut off, at line 5 column 31");
    }

    #[test]
    fn an_error_names_path_line_and_column_and_what_is_valid() {
        let text = problem(&evidence("[{\"GetTrailStatus\":\n{\"IsLogging\": \"yes\"}}]"));
        for piece in ["`trails[0].GetTrailStatus.IsLogging`", "true or false belongs", "line 6", "column 19"] {
            assert!(text.contains(piece), "{piece}: {text}");
        }
        let text = problem(&evidence("[{\"GetEventSelectors\": []}]"));
        for piece in ["`trails[0].GetEventSelectors`", "an object", "refused", "unanswered", "line 5"] {
            assert!(text.contains(piece), "{piece}: {text}");
        }
        assert!(problem(&evidence("{\"Name\": \"x\"}")).contains("it is an object where a list, "));
        assert!(problem(&evidence("null")).contains("it is null where a list, "));
        assert!(problem(&evidence("[[]]")).contains("a list where an object belongs"));
        assert!(problem("{").contains("line 1"));
        assert!(problem(&format!("{} x", evidence("[]"))).contains("line 6"));
    }

    #[test]
    fn an_account_id_is_12_digits_and_a_region_well_formed() {
        let good = evidence("[]");
        assert!(Evidence::parse(&good).is_ok());
        for account in ["", "12345678901", "1234567890123", "12345678901x", "\u{0661}23456789012"] {
            let text = problem(&good.replace("123456789012", account));
            assert!(text.contains("accountId") && text.contains("12 digits"), "{text}");
        }
        for region in ["", "US-EAST-1", "us-east-1/"] {
            let text = problem(&good.replace("us-east-1", region));
            assert!(text.contains("region") && text.contains("such as `us-east-1`"), "{text}");
        }
    }

    #[test]
    fn unknown_names_are_refused_where_they_are_ours_and_kept_out_where_they_are_awss() {
        assert!(problem(&evidence("[], \"trailz\": []")).contains("trailz"));
        let refusal = "{\"refused\": {\"operation\": \"DescribeTrails\", \"code\": \"X\", \"status\": 403}}";
        assert!(problem(&evidence(refusal)).contains("status"));
        assert!(Evidence::parse(&evidence("[{\"S3KeyPrefix\": \"x\", \"GetTrailStatus\": {\"New\": 1}}]")).is_ok());
    }

    #[test]
    fn a_refusal_stands_alone() {
        let refusal = "{\"operation\": \"GetTrailStatus\", \"code\": \"X\"}";
        for both in [
            format!("{{\"refused\": {refusal}, \"IsLogging\": true}}"),
            format!("{{\"IsLogging\": true, \"refused\": {refusal}}}"),
            format!("{{\"IsLogging\": true, \"unanswered\": {refusal}}}"),
            format!("{{\"unanswered\": {refusal}, \"refused\": {refusal}}}"),
        ] {
            assert!(
                problem(&evidence(&format!("[{{\"GetTrailStatus\": {both}}}]"))).contains("stands alone"),
                "{both}"
            );
        }
    }

    #[test]
    fn an_answer_without_members_is_an_answer() {
        let evidence = Evidence::parse(&evidence("[{\"GetTrailStatus\": {}, \"GetEventSelectors\": null}]")).unwrap();
        let trail = &evidence.trails.known().unwrap()[0];
        assert_eq!(trail.get_trail_status, Some(Observed::Known(TrailStatus::default())));
        assert_eq!(trail.get_event_selectors, None);
    }

    fn trail(json: &str) -> Trail {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_owner_is_the_account_segment_of_the_arn() {
        let own = trail(r#"{"TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/x"}"#);
        assert_eq!(own.owner_account_id(), Some("123456789012"));
        assert!(own.is_owned_by("123456789012") && !own.is_owned_by("12345678901") && !own.is_owned_by(""));
        for arn in ["x", "arn:aws:cloudtrail:us-east-1::trail/x", "arn:aws:cloudtrail:us-east-1:12345678901:trail/x"] {
            let unknown = trail(&format!("{{\"TrailARN\": \"{arn}\"}}"));
            assert_eq!(unknown.owner_account_id(), None, "{arn}");
            assert!(!unknown.is_owned_by(""), "{arn}");
        }
    }

    #[test]
    fn the_home_region_is_stated_or_the_arns() {
        let arn = "\"TrailARN\": \"arn:aws:cloudtrail:eu-west-1:123456789012:trail/x\"";
        for (json, region) in [
            (format!("{{{arn}, \"HomeRegion\": \"us-west-2\"}}"), Some("us-west-2")),
            (format!("{{{arn}, \"HomeRegion\": \" \"}}"), Some("eu-west-1")),
            (format!("{{{arn}}}"), Some("eu-west-1")),
            (format!("{{{arn}, \"HomeRegion\": \"no/region\"}}"), None),
            ("{}".to_owned(), None),
        ] {
            assert_eq!(trail(&json).home_region(), region, "{json}");
        }
    }

    #[test]
    fn a_trail_is_called_by_its_name_else_its_arns() {
        for (json, name) in [
            (r#"{"Name": "a", "TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/b"}"#, "a"),
            (r#"{"Name": " ", "TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/b"}"#, "b"),
            (r#"{"TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/"}"#, "(unnamed trail)"),
            ("{}", "(unnamed trail)"),
        ] {
            assert_eq!(trail(json).display_name(), name, "{json}");
        }
    }
}
