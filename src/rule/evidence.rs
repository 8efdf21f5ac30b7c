//! Evidence: the facts that a decision rests on, in AWS's own key names.
//!
//! One format serves example accounts, test cases, saved evidence and the decision's input; `evidence.schema.json`
//! describes it. The output of `aws cloudtrail describe-trails`, `get-trail-status` and `get-event-selectors` drops in
//! as it is.

use std::borrow::Borrow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;

use super::{
    arn::{Arn, is_account_id},
    delivery::evidence::Delivery,
    json::{self, Unreadable},
    names::{self, Respelled},
    objects::{object_or_null, objects},
    provenance::Provenance,
    region,
    selectors::EventSelectors,
    timestamp::Timestamp,
};

pub use super::{
    observed::{Answer, Observed, Refusal},
    trail_status::TrailStatus,
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
        let evidence = json::read_object(text).map_err(invalid)?;
        let document: Value = json::read(text).map_err(invalid)?;
        if let Some(Respelled { path, name, valid }) = names::respelled(&document) {
            let valid = valid.map_or("are names of ASCII letters".to_owned(), |valid| format!("is `{valid}`"));
            return Err(InvalidEvidence { path, problem: format!("`{name}` is not AWS's spelling; valid {valid}") });
        }
        match selectors_of_another_trail(&document) {
            None => Ok(evidence),
            Some(other) => Err(other),
        }
    }
}

/// The first trail whose event selectors say that they are another trail's.
fn selectors_of_another_trail(document: &Value) -> Option<InvalidEvidence> {
    fn arn(value: &Value) -> Option<&Value> {
        value.get("TrailARN").filter(|arn| !arn.is_null())
    }
    document.get("trails")?.as_array()?.iter().enumerate().find_map(|(index, trail)| {
        let (own, told) = (arn(trail)?, arn(trail.get("GetEventSelectors")?)?);
        let path = format!("trails[{index}].GetEventSelectors.TrailARN");
        (own != told)
            .then(|| InvalidEvidence { path, problem: format!("{told} is not the trail that it stands in, {own}") })
    })
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

impl Answer for Vec<Trail> {
    const IS_LIST: bool = true;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(objects)
    }
}

impl Answer for Vec<String> {
    const IS_LIST: bool = true;
}

impl Answer for EventSelectors {
    const IS_LIST: bool = false;
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
    /// What their keys begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_key_prefix: Option<String>,
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
    /// What was read of its delivery; absent if that was not asked.
    #[serde(
        rename = "delivery",
        default,
        deserialize_with = "object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub delivery: Option<Delivery>,
}

impl Trail {
    /// Whether the trail records every Region; absent means no.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.is_multi_region_trail == Some(true)
    }

    /// Whether it has the default event selectors, which take every management event, and no others: nobody has set any,
    /// and `GetEventSelectors` lists none, or was refused.
    #[must_use]
    pub fn has_default_event_selectors(&self) -> bool {
        let may_be = match &self.get_event_selectors {
            Some(Observed::Known(selectors)) => {
                selectors.event_selectors.is_empty() && selectors.advanced_event_selectors.is_empty()
            }
            Some(Observed::Refused { .. }) => true,
            Some(Observed::Unanswered { .. }) | None => false,
        };
        may_be && self.has_custom_event_selectors == Some(false)
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
        self.known_name().unwrap_or("(unnamed trail)")
    }

    /// The trail's name, if `DescribeTrails` gave one or an ARN.
    #[must_use]
    pub fn known_name(&self) -> Option<&str> {
        let from_arn = || {
            let resource = self.arn()?.resource;
            non_blank(Some(resource.strip_prefix("trail/").unwrap_or(resource)))
        };
        non_blank(self.name.as_deref()).or_else(from_arn)
    }

    /// The ARN by which the trail is asked about and told apart; none if it is blank.
    #[must_use]
    pub fn known_arn(&self) -> Option<&str> {
        non_blank(self.trail_arn.as_deref())
    }

    fn arn(&self) -> Option<Arn<'_>> {
        self.known_arn().map(Arn::split)
    }
}

fn non_blank(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// Sorts trails, and drops all but one of those that share an ARN: a trail listed twice counts once. Of contradictory
/// descriptions the one is kept that fails outright, or has the event selectors read.
pub fn list_each_trail_once(trails: &mut Vec<Trail>) {
    sort(trails);
    trails.dedup_by(|a, b| is_same_trail(a, b));
}

/// Sorts trails: those without ARN first, then by ARN; of contradictory descriptions, the one that claims less first.
pub(super) fn sort<T: Borrow<Trail>>(trails: &mut [T]) {
    trails.sort_by(|a, b| {
        let (a, b): (&Trail, &Trail) = (a.borrow(), b.borrow());
        let claims = |trail: &Trail| {
            let has_global_service_events = trail.include_global_service_events != Some(false);
            (trail.is_multi_region(), has_global_service_events, trail.has_custom_event_selectors == Some(false))
        };
        a.trail_arn.cmp(&b.trail_arn).then_with(|| claims(a).cmp(&claims(b))).then_with(|| a.cmp(b))
    });
}

/// Whether two descriptions are of one trail, by ARN.
pub(super) fn is_same_trail(a: &Trail, b: &Trail) -> bool {
    a.known_arn().is_some() && a.known_arn() == b.known_arn()
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
    fn a_number_that_is_no_time_is_quoted_as_it_stands_or_not_at_all() {
        for number in ["99999999999999999999", "-99999999999999999999", "1E300", "253402300800.50", "1e20"] {
            let text = problem(&evidence(&format!("[{{\"GetTrailStatus\": {{\"LatestDeliveryTime\": {number}}}}}]")));
            let quoted = text.split('`').nth(3).unwrap_or_default();
            assert!(quoted == number || text.contains(": a number of that size is not a time"), "{text}");
            assert!(text.contains("seconds since 1970, at line 5"), "{text}");
        }
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
    fn event_selectors_that_name_another_trail_are_refused() {
        let of = |trail: &str, told: &str| {
            evidence(&format!("[{{\"TrailARN\": {trail}, \"GetEventSelectors\": {{\"TrailARN\": {told}}}}}]"))
        };
        for (trail, told) in
            [("\"a\"", "\"b\""), ("\"a\"", "\"A\""), ("\"a\"", "\"\""), ("\"a\"", "1"), ("\"b\"", "[\"b\"]")]
        {
            let text = problem(&of(trail, told));
            assert!(text.contains("at `trails[0].GetEventSelectors.TrailARN`: "), "{text}");
            assert!(text.contains(told) && text.contains(trail), "{text}");
        }
        for (trail, told) in [("\"a\"", "\"a\""), ("\"a\"", "null"), ("null", "\"a\"")] {
            assert!(Evidence::parse(&of(trail, told)).is_ok(), "{trail} {told}");
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
