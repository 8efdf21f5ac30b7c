//! What AWS's documentation says that its managed rules ask, in terms of our reasons. (AWS Config Developer Guide: the
//! page of each rule, by its name.)

use crate::rule::{
    parameters::{InputParameters, RuleParameters, log_group_arn},
    reasons::Code,
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
    pub(super) fn as_documented(self, parameters: &InputParameters) -> RuleParameters {
        let asks_all = self == Self::Security;
        let log_group = parameters.get("cloudWatchLogsLogGroupArn");
        RuleParameters {
            s3_bucket_name: parameters.get("s3BucketName"),
            sns_topic_arn: parameters.get("snsTopicArn"),
            cloud_watch_logs_log_group_arn: log_group.map(|arn| log_group_arn(&arn).to_owned()),
            require_log_file_validation: asks_all,
            require_kms_encryption: asks_all,
            ..RuleParameters::default()
        }
    }

    /// Whether this rule, with these parameters, is documented to ask for what the reason says is missing.
    pub(super) fn asks(self, code: Code, parameters: &InputParameters) -> Documented {
        let named = self.documented().iter().find(|(named, _)| *named == code);
        named.map_or(Documented::NotSaid, |(_, demand)| demand.with(parameters))
    }

    /// What its documentation names.
    fn documented(self) -> &'static [(Code, Demand)] {
        use Demand::{Always, If, Near, Never, UnclearIf};
        const NO_PARAMETERS: Demand = Never("it has no parameters");
        const BUCKET: Demand = If("s3BucketName", |_| true);
        const TOPIC: Demand = If("snsTopicArn", |_| true);
        const LOG_GROUP: Demand = If("cloudWatchLogsLogGroupArn", |_| true);
        match self {
            Self::MultiRegion => &[
                (Code::SingleRegion, Always),
                (Code::NoManagementEvents, If("includeManagementEvents", |value| value.eq_ignore_ascii_case("true"))),
                (Code::ReadOnly, If("readWriteType", |value| is_all(value) || value == "WriteOnly")),
                (Code::WriteOnly, If("readWriteType", |value| is_all(value) || value == "ReadOnly")),
                (Code::SplitSelectors, UnclearIf("readWriteType", is_all)),
                (Code::ExcludedEventSources, Always),
                (
                    Code::FilteredManagementEvents,
                    Near("it asks for trails that do not exclude management events such as KMS or RDS Data API events"),
                ),
                (Code::OtherBucket, BUCKET),
                (Code::OtherTopic, TOPIC),
                (Code::OtherLogGroup, LOG_GROUP),
            ],
            Self::Enabled => &[
                (Code::SingleRegion, Never("it asks for a trail, not for a multi-Region one")),
                (Code::OtherBucket, BUCKET),
                (Code::OtherTopic, TOPIC),
                (Code::OtherLogGroup, LOG_GROUP),
            ],
            Self::Security => &[
                (Code::SingleRegion, Always),
                (Code::NoGlobalServiceEvents, Always),
                (Code::NoManagementEvents, Always),
                (Code::ReadOnly, Always),
                (Code::WriteOnly, Always),
                (Code::ExcludedEventSources, Always),
                (Code::FilteredManagementEvents, Always),
                (Code::OtherBucket, NO_PARAMETERS),
                (Code::OtherTopic, NO_PARAMETERS),
                (Code::OtherLogGroup, NO_PARAMETERS),
                (Code::NoLogFileValidation, Always),
                (Code::NoKmsEncryption, Always),
            ],
        }
    }
}

/// Under what condition a managed rule is documented to ask for something.
enum Demand {
    Always,
    /// It asks for something near it.
    Near(&'static str),
    /// It does not, and why not.
    Never(&'static str),
    /// Where the parameter has such a value.
    If(&'static str, fn(&str) -> bool),
    /// Where the parameter has such a value, nothing is said; where it has none, it does not ask.
    UnclearIf(&'static str, fn(&str) -> bool),
}

impl Demand {
    fn with(&self, parameters: &InputParameters) -> Documented {
        let where_it_fits = |name: &str, fits: fn(&str) -> bool, documented| match parameters.get(name) {
            None => Documented::NotAsked(format!("its parameter {name} is not set")),
            Some(value) if fits(&value) => documented,
            Some(value) => Documented::NotAsked(format!("its parameter {name} is {value}")),
        };
        match self {
            Self::Always => Documented::Asked,
            Self::Near(what) => Documented::Near(what),
            Self::Never(because) => Documented::NotAsked((*because).to_owned()),
            Self::If(name, fits) => where_it_fits(name, *fits, Documented::Asked),
            Self::UnclearIf(name, fits) => where_it_fits(name, *fits, Documented::NotSaid),
        }
    }
}

fn is_all(read_write_type: &str) -> bool {
    read_write_type.eq_ignore_ascii_case("all")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_multi_region_rule_asks_for_reads_and_writes_only_where_its_parameter_says_so() {
        let rule = ManagedRule::MultiRegion;
        for (value, code, is_asked) in [
            (json!({}), Code::ReadOnly, false),
            (json!({"readWriteType": "ALL"}), Code::ReadOnly, true),
            (json!({"readWriteType": "ReadOnly"}), Code::ReadOnly, false),
            (json!({"readWriteType": "ReadOnly"}), Code::WriteOnly, true),
            (json!({"readWriteType": "WriteOnly"}), Code::ReadOnly, true),
            (json!({"readWriteType": "WriteOnly"}), Code::WriteOnly, false),
            (json!({"includeManagementEvents": "true"}), Code::NoManagementEvents, true),
            (json!({"includeManagementEvents": true}), Code::NoManagementEvents, true),
            (json!({"includeManagementEvents": "false"}), Code::NoManagementEvents, false),
            (json!({"includeManagementEvents": ""}), Code::NoManagementEvents, false),
            (json!({}), Code::SingleRegion, true),
            (json!({}), Code::ExcludedEventSources, true),
            (json!({"s3BucketName": "b"}), Code::OtherBucket, true),
            (json!({}), Code::OtherBucket, false),
        ] {
            let asks = rule.asks(code, &InputParameters::from(value.clone()));
            assert_eq!(asks == Documented::Asked, is_asked, "{value} {code:?} {asks:?}");
            assert_ne!(asks, Documented::NotSaid, "{value} {code:?}");
        }
    }

    #[test]
    fn no_managed_rule_is_documented_to_look_at_logging_delivery_or_refusals() {
        for rule in ManagedRule::ALL {
            for code in [Code::NotLogging, Code::DeliveryFailing, Code::StatusUnreadable, Code::Deleted] {
                assert_eq!(rule.asks(code, &InputParameters::default()), Documented::NotSaid, "{rule:?} {code:?}");
            }
        }
    }

    #[test]
    fn a_filter_of_management_events_is_an_exclusion_for_the_security_rule_and_near_one_for_the_multi_region_rule() {
        let asks = |rule: ManagedRule| rule.asks(Code::FilteredManagementEvents, &InputParameters::default());
        assert_eq!(asks(ManagedRule::Security), Documented::Asked);
        assert!(matches!(asks(ManagedRule::MultiRegion), Documented::Near(_)));
        assert_eq!(asks(ManagedRule::Enabled), Documented::NotSaid);
    }

    #[test]
    fn only_the_security_rule_asks_for_encryption_and_validation() {
        for rule in ManagedRule::ALL {
            let asks_all = rule == ManagedRule::Security;
            for code in [Code::NoKmsEncryption, Code::NoLogFileValidation, Code::NoGlobalServiceEvents] {
                assert_eq!(
                    rule.asks(code, &InputParameters::default()) == Documented::Asked,
                    asks_all,
                    "{rule:?} {code:?}"
                );
            }
            assert_eq!(rule.as_documented(&InputParameters::default()).require_kms_encryption, asks_all);
        }
    }
}
