//! The rule's parameters: declared once, as data, for parsing, the rule definition, the documents and the template.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{arn::Arn, json, region, spelling::or_nearest};

/// A rule parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The name, as in AWS Config's `InputParameters`.
    pub name: &'static str,
    /// The value that holds when it is unset, if there is one.
    pub default: Option<&'static str>,
    /// The values that are valid, in words.
    pub valid: &'static str,
    /// What it asks for.
    pub meaning: &'static str,
    /// What it costs to set it, where no reason says that.
    pub cost: Option<&'static str>,
    set: fn(&mut RuleParameters, &str) -> Option<()>,
}

/// What to do when a fact that is needed is permanently refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnIndeterminate {
    /// Report `NON_COMPLIANT`, "could not verify": a blind rule must not leave an old COMPLIANT standing.
    #[default]
    NonCompliant,
    /// Fail the invocation and report nothing.
    Error,
}

/// The event sources that a basic selector can exclude (CloudTrail API, `ExcludeManagementEventSources`).
pub const EXCLUDABLE_EVENT_SOURCES: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

const BOOLEAN: &str = "true and false";

/// Of a declaration for each parameter follow [`PARAMETERS`], and [`RuleParameters`] with a field for each that has one and
/// its defaults.
macro_rules! parameters {
    ($($name:ident $(=> $field:ident: $type:ty)? {
        default: $default:expr,
        valid: $valid:expr,
        meaning: $meaning:expr,
        $(cost: $cost:expr,)?
        read: $read:ident,
    })+) => {
        /// Every parameter of the rule.
        pub const PARAMETERS: &[Parameter] = &[$(Parameter {
            name: stringify!($name),
            default: $default,
            valid: $valid,
            meaning: $meaning,
            cost: parameters!(@optional $($cost)?),
            set: parameters!(@set $read $($field)?),
        }),+];

        /// The values of the rule's parameters.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(clippy::doc_markdown, reason = "the words are also the documents'")]
        pub struct RuleParameters {
            $($(#[doc = $meaning] pub $field: $type,)?)+
        }

        impl Default for RuleParameters {
            fn default() -> Self {
                let mut parameters = Self { $($($field: <$type>::default(),)?)+ };
                for parameter in PARAMETERS {
                    parameter.default.and_then(|default| (parameter.set)(&mut parameters, default));
                }
                parameters
            }
        }
    };
    (@optional) => { None };
    (@optional $value:expr) => { Some($value) };
    (@set $read:ident) => { |_, value| $read(value) };
    (@set $read:ident $field:ident) => {
        |parameters, value| {
            parameters.$field = $read(value)?.into();
            Some(())
        }
    };
}

parameters! {
    checkDelivery => check_delivery: bool {
        default: Some("true"),
        valid: BOOLEAN,
        meaning: "A trail whose latest delivery to S3 failed does not pass.",
        read: boolean,
    }
    maxDeliveryAgeHours => max_delivery_age_hours: Option<u32> {
        default: None,
        valid: "whole hours from 1 to 168",
        meaning: "A trail that has not delivered to S3 for longer than this does not pass.",
        read: hours,
    }
    allowedExcludedEventSources => allowed_excluded_event_sources: Vec<String> {
        default: None,
        valid: "kms.amazonaws.com and rdsdata.amazonaws.com, with a comma between them",
        meaning: "Event sources that a trail may leave out and still pass.",
        read: excludable_event_sources,
    }
    s3BucketName => s3_bucket_name: Option<String> {
        default: None,
        valid: "a bucket's name: 3 to 63 letters, digits, dots, hyphens and underscores",
        meaning: "The trail must deliver to this bucket.",
        read: bucket_name,
    }
    snsTopicArn => sns_topic_arn: Option<String> {
        default: None,
        valid: "a topic's ARN, arn:PARTITION:sns:REGION:ACCOUNT:NAME",
        meaning: "The trail must notify this topic.",
        read: topic_arn,
    }
    cloudWatchLogsLogGroupArn => cloud_watch_logs_log_group_arn: Option<String> {
        default: None,
        valid: "a log group's ARN, arn:PARTITION:logs:REGION:ACCOUNT:log-group:NAME",
        meaning: "The trail must send its events to this log group; a trailing :* does not matter.",
        read: log_group,
    }
    includeManagementEvents {
        default: Some("true"),
        valid: "true (CIS 3.1 is about management events)",
        meaning: "Taken so that the rule can stand in for multi-region-cloudtrail-enabled.",
        read: only_true,
    }
    readWriteType {
        default: Some("All"),
        valid: "All (CIS 3.1 asks for reads and writes)",
        meaning: "Taken so that the rule can stand in for multi-region-cloudtrail-enabled.",
        read: only_all,
    }
    requireLogFileValidation => require_log_file_validation: bool {
        default: Some("false"),
        valid: BOOLEAN,
        meaning: "Log file validation must be on.",
        read: boolean,
    }
    requireKmsEncryption => require_kms_encryption: bool {
        default: Some("false"),
        valid: BOOLEAN,
        meaning: "A KMS key must encrypt the log files.",
        read: boolean,
    }
    requireCloudWatchLogs => require_cloud_watch_logs: bool {
        default: Some("false"),
        valid: BOOLEAN,
        meaning: "The trail must send its events to a log group.",
        read: boolean,
    }
    requireOrganizationTrail => require_organization_trail: bool {
        default: Some("false"),
        valid: BOOLEAN,
        meaning: "It must be an organization trail.",
        read: boolean,
    }
    trustOrganizationTrail => trust_organization_trail: bool {
        default: Some("false"),
        valid: BOOLEAN,
        meaning: "A multi-Region organization trail of another account passes where AWS permanently refuses to let this \
                  account read it.",
        read: boolean,
    }
    onIndeterminate => on_indeterminate: OnIndeterminate {
        default: Some("NON_COMPLIANT"),
        valid: "NON_COMPLIANT and ERROR",
        meaning: "What follows where AWS permanently refuses a read: report NON_COMPLIANT, or fail the invocation and \
                  report nothing.",
        read: on_indeterminate,
    }
    trailResults => trail_results: bool {
        default: Some("false"),
        valid: BOOLEAN,
        meaning: "Each trail that AWS Config has discovered in this Region gets a row of its own.",
        // AWS Config pricing, https://aws.amazon.com/config/pricing/, November 2026.
        cost: "AWS Config: an evaluation more for each discovered trail and run, at 0.001 USD or less.",
        read: boolean,
    }
    reportingRegion => reporting_region: Option<String> {
        default: None,
        valid: "a Region of the rule's partition",
        meaning: "In any other Region the account is NOT_APPLICABLE and CloudTrail is not read.",
        cost: "AWS Config: the evaluation that answers NOT_APPLICABLE in each other Region.",
        read: known_region,
    }
}

fn boolean(value: &str) -> Option<bool> {
    value.to_ascii_lowercase().parse().ok()
}

fn hours(value: &str) -> Option<u32> {
    value.parse().ok().filter(|hours| (1..=168).contains(hours))
}

fn excludable_event_sources(value: &str) -> Option<Vec<String>> {
    let sources: Vec<&str> = value.split(',').map(str::trim).filter(|source| !source.is_empty()).collect();
    let are_valid = !sources.is_empty() && sources.iter().all(|source| EXCLUDABLE_EVENT_SOURCES.contains(source));
    are_valid.then(|| sources.into_iter().map(str::to_owned).collect())
}

fn bucket_name(value: &str) -> Option<String> {
    let is_name = (3..=63).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    is_name.then(|| value.to_owned())
}

fn topic_arn(value: &str) -> Option<String> {
    arn_of("sns", value)
}

fn log_group(value: &str) -> Option<String> {
    arn_of("logs", value).map(|arn| log_group_arn(&arn).to_owned())
}

fn arn_of(service: &str, value: &str) -> Option<String> {
    let arn = Arn::parse(value)?;
    let fits = arn.service == service && !arn.region.is_empty() && !arn.account_id.is_empty();
    fits.then(|| value.to_owned())
}

fn only_true(value: &str) -> Option<()> {
    boolean(value)?.then_some(())
}

fn only_all(value: &str) -> Option<()> {
    ["All", "ALL"].contains(&value).then_some(())
}

fn on_indeterminate(value: &str) -> Option<OnIndeterminate> {
    match value {
        "NON_COMPLIANT" => Some(OnIndeterminate::NonCompliant),
        "ERROR" => Some(OnIndeterminate::Error),
        _ => None,
    }
}

fn known_region(value: &str) -> Option<String> {
    region::partition(value).map(|_| value.to_owned())
}

/// Parameters that the rule cannot work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Rule misconfigured: {}", problems.join("; "))]
pub struct Misconfigured {
    /// What is wrong, a sentence a parameter.
    pub problems: Vec<String>,
    /// The parameters that are right, and the defaults for the others.
    pub valid: Box<RuleParameters>,
}

/// The rule parameters as they are given: AWS Config's `InputParameters`, which its events call `ruleParameters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum InputParameters {
    /// Values by name, as they came.
    ByName(Map<String, Value>),
    /// What is no JSON object, as it came.
    NoObject(String),
}

impl InputParameters {
    /// Reads text as AWS Config keeps it: a JSON object; blank text and `null` mean no parameters.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match json::read(text) {
            Ok(Value::Object(by_name)) => Self::ByName(by_name),
            Ok(Value::Null) => Self::default(),
            Err(_) if text.trim().is_empty() => Self::default(),
            Ok(_) | Err(_) => Self::NoObject(text.to_owned()),
        }
    }

    /// Those that have a default.
    #[must_use]
    pub fn defaults() -> Self {
        let defaults = PARAMETERS.iter().filter_map(|parameter| Some((parameter.name, parameter.default?)));
        Self::ByName(defaults.map(|(name, value)| (name.to_owned(), value.into())).collect())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name().map(|(name, _)| name.as_str())
    }

    /// A parameter's value as text, trimmed; none if it is unset: absent, null or blank.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.by_name().find(|(given, _)| *given == name).and_then(|(_, value)| text(value))
    }

    /// Those that are set: null and blank values mean unset.
    #[must_use]
    pub fn set(&self) -> Self {
        match self {
            Self::ByName(_) => self
                .by_name()
                .filter(|(_, value)| text(value).is_some())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            Self::NoObject(text) => Self::NoObject(text.clone()),
        }
    }

    /// `NAME=VALUE` for each that is set, as it came; of what is no JSON object, all of it.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let as_it_came = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match self.set() {
            Self::ByName(set) => set.iter().map(|(name, value)| format!("{name}={}", as_it_came(value))).collect(),
            Self::NoObject(text) => vec![text],
        }
    }

    /// These parameters, and `others` in place of those of the same name.
    #[must_use]
    pub fn overridden_by(self, others: Self) -> Self {
        match (self, others) {
            (Self::ByName(mut by_name), Self::ByName(others)) => {
                by_name.extend(others);
                Self::ByName(by_name)
            }
            (_, others) => others,
        }
    }

    fn by_name(&self) -> impl Iterator<Item = (&String, &Value)> {
        let by_name = match self {
            Self::ByName(by_name) => Some(by_name),
            Self::NoObject(_) => None,
        };
        by_name.into_iter().flatten()
    }
}

impl Default for InputParameters {
    fn default() -> Self {
        Self::ByName(Map::new())
    }
}

/// `ruleParameters` of an event: an object, or a string that holds one; null means no parameters.
impl From<Value> for InputParameters {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(by_name) => Self::ByName(by_name),
            Value::String(text) => Self::from_text(&text),
            Value::Null => Self::default(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => Self::NoObject(value.to_string()),
        }
    }
}

impl FromIterator<(String, Value)> for InputParameters {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(by_name: I) -> Self {
        Self::ByName(by_name.into_iter().collect())
    }
}

/// Reads values by name only.
impl<'de> Deserialize<'de> for InputParameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::ByName)
    }
}

/// As AWS Config keeps them.
impl fmt::Display for InputParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByName(by_name) => f.write_str(&serde_json::to_string(by_name).map_err(|_| fmt::Error)?),
            Self::NoObject(text) => f.write_str(text),
        }
    }
}

impl RuleParameters {
    /// Checks the parameters of a rule in `rule_region`. Values are strings, trimmed; JSON booleans and numbers are taken
    /// too; null and empty mean unset.
    ///
    /// # Errors
    /// An unknown name, a bad value, or JSON that is no object.
    pub fn parse(given: &InputParameters, rule_region: &str) -> Result<Self, Misconfigured> {
        let mut valid = Self::default();
        let mut problems = Vec::new();
        match given {
            InputParameters::ByName(by_name) => {
                problems.extend(by_name.iter().filter_map(|(name, value)| valid.take(name, value, rule_region).err()));
            }
            InputParameters::NoObject(text) => {
                problems.push(format!(
                    "ruleParameters is `{}`; valid: a JSON object of text values, each name once",
                    shortened(text)
                ));
            }
        }
        if problems.is_empty() { Ok(valid) } else { Err(Misconfigured { problems, valid: Box::new(valid) }) }
    }

    fn take(&mut self, name: &str, value: &Value, rule_region: &str) -> Result<(), String> {
        let Some(parameter) = PARAMETERS.iter().find(|parameter| parameter.name == name) else {
            let nearest = or_nearest(name, PARAMETERS.iter().map(|parameter| parameter.name));
            return Err(format!("`{}` is no parameter{nearest}", shortened(name)));
        };
        let Some(text) = text(value) else { return Ok(()) };
        let mut changed = self.clone();
        let is_scalar = !value.is_array() && !value.is_object();
        if !is_scalar || (parameter.set)(&mut changed, &text).is_none() || changed.reports_nowhere_near(rule_region) {
            let example = match parameter.name {
                "reportingRegion" if region::partition(rule_region).is_some() => format!(", such as {rule_region}"),
                _ => String::new(),
            };
            return Err(format!("{name} is `{}`; valid: {}{example}", shortened(&text), parameter.valid));
        }
        *self = changed;
        Ok(())
    }

    /// A rule in one partition never runs in a Region of another, so such a `reportingRegion` would silence every copy.
    fn reports_nowhere_near(&self, rule_region: &str) -> bool {
        let reporting = self.reporting_region.as_deref().and_then(region::partition);
        let own = region::partition(rule_region);
        reporting.is_some() && own.is_some() && reporting != own
    }
}

/// A log group's ARN without the trailing `:*` that CloudWatch Logs prints and CloudTrail keeps.
#[must_use]
pub fn log_group_arn(arn: &str) -> &str {
    arn.strip_suffix(":*").unwrap_or(arn)
}

/// A value as text, trimmed; none if it is null or blank.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

/// So much of a name or value that what is valid fits beside it.
fn shortened(text: &str) -> String {
    const LENGTH: usize = 64;
    let start: String = text.chars().take(LENGTH).collect();
    if start.len() < text.len() { format!("{start}...") } else { start }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameters(rule_parameters: &Value) -> RuleParameters {
        RuleParameters::parse(&rule_parameters.clone().into(), "us-east-1").unwrap()
    }

    fn misconfigured(rule_parameters: &Value) -> Misconfigured {
        RuleParameters::parse(&rule_parameters.clone().into(), "us-east-1").unwrap_err()
    }

    #[test]
    fn no_parameters_and_all_defaults_are_the_default() {
        let defaults: Value =
            PARAMETERS.iter().filter_map(|parameter| Some((parameter.name, parameter.default?))).collect();
        for none in
            [json!(null), json!({}), json!(""), json!("  "), json!("{}"), json!(" { } "), json!("null"), defaults]
        {
            assert_eq!(parameters(&none), RuleParameters::default(), "{none}");
        }
        assert_eq!(RuleParameters::parse(&InputParameters::default(), "us-east-1"), Ok(RuleParameters::default()));
        for parameter in PARAMETERS {
            for unset in [json!(null), json!(""), json!(" \t")] {
                assert_eq!(
                    parameters(&json!({parameter.name: unset})),
                    RuleParameters::default(),
                    "{}",
                    parameter.name
                );
            }
        }
    }

    #[test]
    fn each_parameter_sets_its_own_value() {
        let all = parameters(&json!({
            "checkDelivery": "False",
            "maxDeliveryAgeHours": 168,
            "allowedExcludedEventSources": "rdsdata.amazonaws.com,kms.amazonaws.com",
            "s3BucketName": "abc",
            "snsTopicArn": "arn:aws:sns:us-east-1:123456789012:t",
            "cloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:l:*",
            "requireLogFileValidation": true,
            "requireKmsEncryption": "TRUE",
            "requireCloudWatchLogs": "true",
            "requireOrganizationTrail": "true",
            "trustOrganizationTrail": "true",
            "onIndeterminate": "ERROR",
            "trailResults": "true",
            "reportingRegion": "eu-central-1",
        }));
        let expected = RuleParameters {
            check_delivery: false,
            max_delivery_age_hours: Some(168),
            allowed_excluded_event_sources: vec!["rdsdata.amazonaws.com".to_owned(), "kms.amazonaws.com".to_owned()],
            s3_bucket_name: Some("abc".to_owned()),
            sns_topic_arn: Some("arn:aws:sns:us-east-1:123456789012:t".to_owned()),
            cloud_watch_logs_log_group_arn: Some("arn:aws:logs:us-east-1:123456789012:log-group:l".to_owned()),
            require_log_file_validation: true,
            require_kms_encryption: true,
            require_cloud_watch_logs: true,
            require_organization_trail: true,
            trust_organization_trail: true,
            on_indeterminate: OnIndeterminate::Error,
            trail_results: true,
            reporting_region: Some("eu-central-1".to_owned()),
        };
        assert_eq!(all, expected);
    }

    #[test]
    fn values_at_their_limits() {
        for (name, value) in [
            ("maxDeliveryAgeHours", json!("1")),
            ("maxDeliveryAgeHours", json!(168)),
            ("s3BucketName", json!("abc")),
            ("s3BucketName", json!("b".repeat(63))),
            ("readWriteType", json!("ALL")),
            ("includeManagementEvents", json!(true)),
            ("reportingRegion", json!("eu-central-2")),
        ] {
            assert!(RuleParameters::parse(&json!({name: value}).into(), "us-east-1").is_ok(), "{name} {value}");
        }
        for (name, value) in [
            ("maxDeliveryAgeHours", json!("0")),
            ("maxDeliveryAgeHours", json!(169)),
            ("maxDeliveryAgeHours", json!("1.0")),
            ("maxDeliveryAgeHours", json!("4294967297")),
            ("maxDeliveryAgeHours", json!(true)),
            ("s3BucketName", json!("ab")),
            ("s3BucketName", json!("b".repeat(64))),
            ("s3BucketName", json!("two words")),
            ("snsTopicArn", json!("arn:aws:sqs:us-east-1:123456789012:t")),
            ("snsTopicArn", json!("arn:aws:sns:us-east-1:123456789012:")),
            ("snsTopicArn", json!("arn:aws:sns:us-east-1:123456789012")),
            ("snsTopicArn", json!("urn:aws:sns:us-east-1:123456789012:t")),
            ("cloudWatchLogsLogGroupArn", json!("arn:aws:sns:us-east-1:123456789012:log-group:l")),
            ("allowedExcludedEventSources", json!(",")),
            ("allowedExcludedEventSources", json!("KMS.amazonaws.com")),
            ("includeManagementEvents", json!(false)),
            ("includeManagementEvents", json!("yes")),
            ("readWriteType", json!("all")),
            ("readWriteType", json!("ReadOnly")),
            ("onIndeterminate", json!("error")),
            ("trailResults", json!("1")),
            ("reportingRegion", json!("us-east-9")),
            ("reportingRegion", json!("US-EAST-1")),
            ("reportingRegion", json!("cn-north-1")),
            ("checkDelivery", json!(["true"])),
            ("s3BucketName", json!(["bucket"])),
            ("s3BucketName", json!({"bucket": 1})),
            ("checkDelivery", json!({})),
            ("checkDelivery", json!([])),
        ] {
            let error = misconfigured(&json!({name: value.clone()}));
            let [problem] = &error.problems[..] else { panic!("{error}") };
            assert!(problem.starts_with(name) && problem.contains("valid: "), "{name} {value}: {problem}");
            assert_eq!(*error.valid, RuleParameters::default(), "{name} {value}");
        }
    }

    #[test]
    fn of_a_long_name_or_value_the_first_64_characters_are_said() {
        for (given, said) in [
            ("é".repeat(64), "é".repeat(64)),
            ("é".repeat(65), format!("{}...", "é".repeat(64))),
            ("x".repeat(1000), format!("{}...", "x".repeat(64))),
        ] {
            let problems = misconfigured(&json!({"checkDelivery": given})).problems;
            assert_eq!(problems, [format!("checkDelivery is `{said}`; valid: true and false")]);
            let problems = misconfigured(&json!({given: "true"})).problems;
            assert!(problems[0].starts_with(&format!("`{said}` is no parameter")), "{problems:?}");
        }
    }

    #[test]
    fn a_bad_parameter_leaves_the_good_ones_and_is_named() {
        let error =
            misconfigured(&json!({"checkDelivery": "maybe", "trailResult": "true", "requireKmsEncryption": "true"}));
        assert_eq!(error.problems.len(), 2);
        assert!(error.to_string().starts_with("Rule misconfigured: "));
        assert!(
            error.problems.iter().any(|problem| problem.contains("`trailResult` ") && problem.contains("trailResults"))
        );
        assert_eq!(*error.valid, RuleParameters { require_kms_encryption: true, ..RuleParameters::default() });
        for no_object in [json!([]), json!(1), json!(true), json!("[]"), json!("1"), json!("{"), json!("x")] {
            assert!(misconfigured(&no_object).problems[0].contains("ruleParameters"), "{no_object}");
        }
    }

    #[test]
    fn parameters_are_the_same_in_whatever_form_they_come() {
        let given = InputParameters::from_text("{\"checkDelivery\": \" true \", \"s3BucketName\": null}");
        assert_eq!(given, InputParameters::from(json!({"checkDelivery": " true ", "s3BucketName": null})));
        assert_eq!(given, InputParameters::from(json!(given.to_string())));
        assert_eq!((given.get("checkDelivery").as_deref(), given.get("s3BucketName")), (Some("true"), None));
        assert_eq!(given.lines(), ["checkDelivery= true "]);
        assert_eq!(given.set().to_string(), "{\"checkDelivery\":\" true \"}");
        for none in [json!(null), json!({}), json!(""), json!(" \n"), json!("null"), json!(" {}")] {
            assert!(InputParameters::from(none.clone()).is_empty(), "{none}");
        }
    }

    #[test]
    fn what_is_no_object_stays_as_it_is() {
        for (value, text) in
            [(json!("{checkDelivery"), "{checkDelivery"), (json!([1]), "[1]"), (json!("[ 1 ]"), "[ 1 ]")]
        {
            let given = InputParameters::from(value);
            assert_eq!(given, InputParameters::NoObject(text.to_owned()));
            assert_eq!(
                (given.to_string(), json!(given), given.lines()),
                (text.to_owned(), json!(text), vec![text.to_owned()])
            );
            assert!(!given.is_empty() && given.names().next().is_none());
        }
    }

    #[test]
    fn parameters_that_are_given_again_take_the_place_of_others() {
        let saved = InputParameters::from_text("{\"a\": \"1\", \"b\": \"2\"}");
        let given = InputParameters::from_text("{\"b\": \"3\"}");
        let both = saved.overridden_by(given.clone());
        assert_eq!(both.to_string(), "{\"a\":\"1\",\"b\":\"3\"}");
        assert_eq!(InputParameters::from_text("{").overridden_by(given.clone()), given);
    }

    #[test]
    fn what_is_saved_is_read_by_name_only() {
        assert_eq!(serde_json::from_str::<InputParameters>("{}").ok(), Some(InputParameters::default()));
        assert!(serde_json::from_str::<InputParameters>("\"{}\"").is_err());
    }
}
