//! What AWS's documentation says that its managed rules ask, in terms of our reasons. (AWS Config Developer Guide: the
//! page of each rule, by its name.)

use serde_json::{Map, Value};

use crate::rule::{
    cloudtrail_all_regions::Reason,
    parameters::{RuleParameters, log_group_arn},
};

/// A managed rule that asks for trails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ManagedRule {
    /// At least one multi-Region trail.
    MultiRegion,
    /// A trail is enabled.
    Enabled,
    /// At least one trail defined with security best practices.
    Security,
}

/// What the documentation of a managed rule says about a reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Documented {
    /// It asks for it.
    Asked,
    /// It does not ask for it, and why not.
    NotAsked(String),
    /// It asks for something near it.
    Near(&'static str),
    /// Nothing.
    NotSaid,
}

impl ManagedRule {
    pub(super) const ALL: [Self; 3] = [Self::MultiRegion, Self::Enabled, Self::Security];

    /// `SourceIdentifier`.
    pub(super) fn identifier(self) -> &'static str {
        match self {
            Self::MultiRegion => "MULTI_REGION_CLOUD_TRAIL_ENABLED",
            Self::Enabled => "CLOUD_TRAIL_ENABLED",
            Self::Security => "CLOUDTRAIL_SECURITY_TRAIL_ENABLED",
        }
    }

    /// The name by which AWS documents it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MultiRegion => "multi-region-cloudtrail-enabled",
            Self::Enabled => "cloudtrail-enabled",
            Self::Security => "cloudtrail-security-trail-enabled",
        }
    }

    /// The parameters with which our rule has a reason for all that this one is documented to ask, and more.
    pub(super) fn as_documented(self, parameters: &Map<String, Value>) -> RuleParameters {
        let asks_all = self == Self::Security;
        let log_group = set(parameters, "cloudWatchLogsLogGroupArn");
        RuleParameters {
            s3_bucket_name: set(parameters, "s3BucketName"),
            sns_topic_arn: set(parameters, "snsTopicArn"),
            cloud_watch_logs_log_group_arn: log_group.map(|arn| log_group_arn(&arn).to_owned()),
            require_log_file_validation: asks_all,
            require_kms_encryption: asks_all,
            ..RuleParameters::default()
        }
    }

    /// Whether this rule is documented to ask for what the reason says is missing.
    pub(super) fn asks(self, reason: &Reason, parameters: &Map<String, Value>) -> Documented {
        use Documented::{Asked, Near, NotAsked, NotSaid};
        if self == Self::Security {
            return match reason {
                Reason::SingleRegion
                | Reason::NoGlobalServiceEvents
                | Reason::NoLogFileValidation
                | Reason::NoKmsEncryption
                | Reason::NoManagementEvents
                | Reason::ReadOnly
                | Reason::WriteOnly
                | Reason::ExcludedEventSources(_)
                | Reason::FilteredManagementEvents => Asked,
                Reason::OtherBucket { .. } | Reason::OtherTopic { .. } | Reason::OtherLogGroup { .. } => {
                    NotAsked("it has no parameters".to_owned())
                }
                _ => NotSaid,
            };
        }
        let target = |name: &str| match set(parameters, name) {
            Some(_) => Asked,
            None => NotAsked(format!("its parameter {name} is not set")),
        };
        match (self, reason) {
            (_, Reason::OtherBucket { .. }) => target("s3BucketName"),
            (_, Reason::OtherTopic { .. }) => target("snsTopicArn"),
            (_, Reason::OtherLogGroup { .. }) => target("cloudWatchLogsLogGroupArn"),
            (Self::Enabled, Reason::SingleRegion) => {
                NotAsked("it asks for a trail, not for a multi-Region one".to_owned())
            }
            (Self::Enabled, _) => NotSaid,
            (_, Reason::SingleRegion | Reason::ExcludedEventSources(_)) => Asked,
            (_, Reason::FilteredManagementEvents) => {
                Near("it asks for trails that do not exclude management events such as KMS or RDS Data API events")
            }
            (_, Reason::NoManagementEvents) => match set(parameters, "includeManagementEvents") {
                Some(value) if value.eq_ignore_ascii_case("true") => Asked,
                Some(value) => NotAsked(format!("its parameter includeManagementEvents is {value}")),
                None => NotAsked("its parameter includeManagementEvents is not set".to_owned()),
            },
            (_, Reason::ReadOnly | Reason::WriteOnly | Reason::SplitSelectors) => {
                match (set(parameters, "readWriteType"), reason) {
                    (None, _) => NotAsked("its parameter readWriteType is not set".to_owned()),
                    (Some(value), Reason::SplitSelectors) if value.eq_ignore_ascii_case("all") => NotSaid,
                    (Some(value), _) if value.eq_ignore_ascii_case("all") => Asked,
                    (Some(value), Reason::ReadOnly) if value == "WriteOnly" => Asked,
                    (Some(value), Reason::WriteOnly) if value == "ReadOnly" => Asked,
                    (Some(value), _) => NotAsked(format!("its parameter readWriteType is {value}")),
                }
            }
            _ => NotSaid,
        }
    }
}

/// A parameter's value as text, if it is set.
pub(super) fn set(parameters: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match parameters.get(name)? {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameters(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn the_multi_region_rule_asks_for_reads_and_writes_only_where_its_parameter_says_so() {
        let rule = ManagedRule::MultiRegion;
        for (value, reason, is_asked) in [
            (json!({}), Reason::ReadOnly, false),
            (json!({"readWriteType": "ALL"}), Reason::ReadOnly, true),
            (json!({"readWriteType": "ReadOnly"}), Reason::ReadOnly, false),
            (json!({"readWriteType": "ReadOnly"}), Reason::WriteOnly, true),
            (json!({"readWriteType": "WriteOnly"}), Reason::ReadOnly, true),
            (json!({"readWriteType": "WriteOnly"}), Reason::WriteOnly, false),
            (json!({"includeManagementEvents": "true"}), Reason::NoManagementEvents, true),
            (json!({"includeManagementEvents": true}), Reason::NoManagementEvents, true),
            (json!({"includeManagementEvents": "false"}), Reason::NoManagementEvents, false),
            (json!({"includeManagementEvents": ""}), Reason::NoManagementEvents, false),
            (json!({}), Reason::SingleRegion, true),
            (json!({}), Reason::ExcludedEventSources(vec!["kms.amazonaws.com".to_owned()]), true),
            (json!({"s3BucketName": "b"}), Reason::OtherBucket { actual: None }, true),
            (json!({}), Reason::OtherBucket { actual: None }, false),
        ] {
            let asks = rule.asks(&reason, &parameters(&value));
            assert_eq!(asks == Documented::Asked, is_asked, "{value} {reason:?} {asks:?}");
            assert_ne!(asks, Documented::NotSaid, "{value} {reason:?}");
        }
    }

    #[test]
    fn no_managed_rule_is_documented_to_look_at_logging_delivery_or_refusals() {
        for rule in ManagedRule::ALL {
            for reason in [
                Reason::NotLogging { since: None },
                Reason::DeliveryFailing { s3_error: "NoSuchBucket".to_owned() },
                Reason::IsLoggingAbsent,
                Reason::Deleted,
            ] {
                assert_eq!(rule.asks(&reason, &Map::new()), Documented::NotSaid, "{rule:?} {reason:?}");
            }
        }
    }

    #[test]
    fn a_filter_of_management_events_is_an_exclusion_for_the_security_rule_and_near_one_for_the_multi_region_rule() {
        let asks = |rule: ManagedRule| rule.asks(&Reason::FilteredManagementEvents, &Map::new());
        assert_eq!(asks(ManagedRule::Security), Documented::Asked);
        assert!(matches!(asks(ManagedRule::MultiRegion), Documented::Near(_)));
        assert_eq!(asks(ManagedRule::Enabled), Documented::NotSaid);
    }

    #[test]
    fn only_the_security_rule_asks_for_encryption_and_validation() {
        for rule in ManagedRule::ALL {
            let asks_all = rule == ManagedRule::Security;
            for reason in [Reason::NoKmsEncryption, Reason::NoLogFileValidation, Reason::NoGlobalServiceEvents] {
                assert_eq!(rule.asks(&reason, &Map::new()) == Documented::Asked, asks_all, "{rule:?} {reason:?}");
            }
            assert_eq!(rule.as_documented(&Map::new()).require_kms_encryption, asks_all);
        }
    }
}
