//! Why a trail does not pass: every reason, declared once.
//!
//! A new reason is a variant of [`Reason`] with its sentence, what is [about](Code::about) its code, and the place in
//! [`trail`](super::trail) that finds it. `explain`, the remedies, the completions, the schema of the report and the table of
//! docs/reasons.md follow.

use std::fmt;

use serde::{Serialize, Serializer};
use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};

use super::{evidence::Refusal, timestamp::Timestamp};

/// Why a trail does not pass: the facts. `Display` says them to people; [`Code`] is the same without the facts.
#[derive(Debug, Clone, PartialEq, Eq, EnumDiscriminants)]
#[expect(missing_docs, reason = "`Code::about` and `Display` say what each means")]
#[strum_discriminants(
    name(Code),
    doc = "A reason without its facts: stable, for logs and machines.",
    derive(IntoStaticStr, VariantArray),
    allow(missing_docs),
    strum(serialize_all = "kebab-case")
)]
pub enum Reason {
    SingleRegion,
    NoGlobalServiceEvents,
    Deleted,
    StatusUnreadable(Unreadable),
    NotLogging {
        since: Option<Timestamp>,
    },
    DeliveryFailing {
        s3_error: String,
        latest: Option<Timestamp>,
    },
    DeliveryStale {
        delivered: Delivered,
        max_hours: u32,
    },
    SelectorsUnreadable(Refusal),
    SelectorsNotUnderstood {
        member: String,
    },
    NoManagementEvents,
    ReadOnly,
    WriteOnly,
    SplitSelectors,
    ExcludedEventSources(Vec<String>),
    FilteredManagementEvents(Vec<String>),
    OtherBucket {
        actual: Option<String>,
    },
    OtherTopic {
        actual: Option<String>,
    },
    OtherLogGroup {
        actual: Option<String>,
    },
    NoLogFileValidation,
    NoKmsEncryption,
    #[strum_discriminants(strum(serialize = "no-cloudwatch-logs"))]
    NoCloudWatchLogs,
    NotOrganizationTrail,
    /// What became of the Regions, in a line.
    NotDelivered {
        regions: String,
    },
    /// What became of the Regions, in a line, or why they were not looked at.
    DeliveryUnproved {
        why: String,
    },
    Unanswered(Refusal),
}

/// Why it is not known whether a trail is logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// `DescribeTrails` gives no ARN or no Region to ask about it.
    NotAddressable,
    /// `GetTrailStatus` was permanently refused.
    Refused(Refusal),
    /// `GetTrailStatus` answered without `IsLogging`.
    NotSaid,
}

/// When a trail that did not deliver lately last did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Then.
    At(Timestamp),
    /// Not since logging started.
    NotSinceStart,
    /// `GetTrailStatus` answered without `LatestDeliveryTime` and `StartLoggingTime`.
    NotSaid,
}

/// How a trail ends. The later, the weightier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum TrailResult {
    /// It was seen to record every management event in every Region, or is trusted to.
    Pass,
    /// Nothing fails, and a transient error withheld a fact.
    Hidden,
    /// Nothing fails, and a fact that is needed is permanently withheld.
    Unknown,
    /// It definitely does not.
    Fail,
}

/// What is to be known about a reason, whatever the trail.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The row of the specification that decides it, as `tests/cases/rows.json` numbers them.
    pub row: &'static str,
    /// What a trail is that has this reason and no weightier one.
    pub result: TrailResult,
    /// What the code means.
    pub meaning: &'static str,
    /// Who asks for what is missing.
    pub asked_by: AskedBy,
    /// The parameter that may allow it.
    pub allowed_by: Option<&'static str>,
    /// What to do.
    pub advice: Advice,
    /// What following the advice costs.
    pub cost: &'static str,
}

/// Who asks for what a reason finds missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// The recommendation of CIS, by its number in each benchmark: [`RECOMMENDATIONS`](super::RECOMMENDATIONS).
    Cis,
    /// A parameter of the rule.
    Parameter(&'static str),
    /// The command `prove`; no other command and not the rule.
    Prove,
    /// Nobody: a fact could not be read.
    Nobody,
}

/// What to do about a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// In words; what stands between backticks is code.
    pub words: &'static str,
    /// As commands, in order.
    pub steps: &'static [Step],
}

/// A command that helps with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ask for its status.
    GetTrailStatus,
    /// Ask for its event selectors.
    GetEventSelectors,
    /// Show the policy of its bucket.
    GetBucketPolicy,
    /// Show the policy of its KMS key, if it has one.
    GetKeyPolicy,
    /// Start logging.
    StartLogging,
    /// Put one selector that takes every management event beside those that take other events.
    PutEventSelectors,
    /// Change it with these options of `update-trail`.
    UpdateTrail(&'static [&'static str]),
    /// Deliver to the bucket that the parameter `s3BucketName` names.
    SetBucket,
    /// Notify the topic that the parameter `snsTopicArn` names.
    SetTopic,
    /// Send to the log group that the parameter `cloudWatchLogsLogGroupArn` names.
    SetLogGroup,
    /// Make another trail, of the project's template.
    DeployCompliantTrail,
}

const NOTHING: &str = "Nothing.";
/// AWS CloudTrail pricing, <https://aws.amazon.com/cloudtrail/pricing/>, November 2026.
const MANAGEMENT_EVENTS: &str = "CloudTrail: the first copy of management events in each Region is free, an additional \
                                 one is 2.00 USD per 100,000 events. S3: what is stored.";
const LOG_GROUP: &str = "CloudWatch Logs: ingestion and storage of every event.";
const TAKE_EVERY_EVENT: Advice = Advice {
    words: "Put one selector that takes every management event, read and write.",
    steps: &[Step::PutEventSelectors],
};
const CHANGE_TRAIL_OR_PARAMETER: &str = "Change the trail or the parameter.";

impl Code {
    /// Every code, in the order of the specification.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its text, such as `single-region`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The code of a reason that is told in these words, as [`Reason`] shows it; none if no reason begins so. What only
    /// `prove` finds, and what no verdict rests on, is never told to AWS Config, and so is not known by its words.
    #[must_use]
    pub fn of_words(words: &str) -> Option<Self> {
        const OPENINGS: &[(&str, Code)] = &[
            ("records one Region only", Code::SingleRegion),
            ("leaves out global service events", Code::NoGlobalServiceEvents),
            ("does not exist any more", Code::Deleted),
            ("DescribeTrails gives no ARN or no Region", Code::StatusUnreadable),
            ("status unreadable (", Code::StatusUnreadable),
            ("GetTrailStatus does not say whether it is logging", Code::StatusUnreadable),
            ("logging is off", Code::NotLogging),
            ("delivery to S3 fails (", Code::DeliveryFailing),
            ("last delivered to S3 at ", Code::DeliveryStale),
            ("has not delivered to S3 since logging started", Code::DeliveryStale),
            ("GetTrailStatus does not say when it last delivered to S3", Code::DeliveryStale),
            ("event selectors unreadable (", Code::SelectorsUnreadable),
            ("an event selector has a member that this version does not know (", Code::SelectorsNotUnderstood),
            ("records no management events", Code::NoManagementEvents),
            ("records only read management events", Code::ReadOnly),
            ("records only write management events", Code::WriteOnly),
            ("no one selector takes both read and write management events", Code::SplitSelectors),
            ("leaves out events of ", Code::ExcludedEventSources),
            ("its selectors filter management events by ", Code::FilteredManagementEvents),
            ("uses another bucket (", Code::OtherBucket),
            ("has no bucket", Code::OtherBucket),
            ("uses another SNS topic (", Code::OtherTopic),
            ("has no SNS topic", Code::OtherTopic),
            ("uses another log group (", Code::OtherLogGroup),
            ("has no log group", Code::OtherLogGroup),
            ("log file validation is off", Code::NoLogFileValidation),
            ("no KMS key encrypts its log files", Code::NoKmsEncryption),
            ("sends to no log group", Code::NoCloudWatchLogs),
            ("is no organization trail", Code::NotOrganizationTrail),
        ];
        OPENINGS.iter().find(|(opening, _)| words.starts_with(opening)).map(|(_, code)| *code)
    }

    /// What is to be known about it.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one entry a code")]
    pub const fn about(self) -> &'static About {
        use AskedBy::{Cis, Nobody, Parameter, Prove};
        use TrailResult::{Fail, Hidden, Unknown};
        match self {
            Self::SingleRegion => &About {
                row: "2.1",
                result: Fail,
                meaning: "It records one Region only.",
                asked_by: Cis,
                allowed_by: None,
                advice: Advice {
                    words: "Let the trail record every Region. Data events that it takes are then taken, and charged, \
                            in every Region.",
                    // A multi-Region trail must include the events of global services.
                    steps: &[Step::UpdateTrail(&["--is-multi-region-trail", "--include-global-service-events"])],
                },
                cost: "CloudTrail: the first copy of management events in each Region is free, an additional one is \
                       2.00 USD per 100,000 events; data events that it takes are charged in every Region. S3: what is \
                       stored.",
            },
            Self::NoGlobalServiceEvents => &About {
                row: "2.2",
                result: Fail,
                meaning: "It leaves out events of global services such as IAM.",
                asked_by: Cis,
                allowed_by: None,
                advice: Advice {
                    words: "Include the events of global services.",
                    steps: &[Step::UpdateTrail(&["--include-global-service-events"])],
                },
                cost: MANAGEMENT_EVENTS,
            },
            Self::Deleted => &About {
                row: "2.3",
                result: Fail,
                meaning: "Its home Region does not know it any more.",
                asked_by: Cis,
                allowed_by: None,
                advice: Advice {
                    words: "Look for an organization's trail first: a second copy of management events is charged. Else \
                            make one, such as that of `cloudformation/compliant-trail.yaml` in a clone of this project.",
                    steps: &[Step::DeployCompliantTrail],
                },
                cost: "CloudTrail: the first copy of management events in each Region is free, an additional one is \
                       2.00 USD per 100,000 events. S3: what is stored. With the template also a KMS key and a log \
                       group.",
            },
            Self::StatusUnreadable => &About {
                row: "2.4",
                result: Unknown,
                meaning: "AWS refused GetTrailStatus, or the answer does not say whether it is logging.",
                asked_by: Nobody,
                allowed_by: Some("trustOrganizationTrail"),
                advice: Advice {
                    words: "Allow `cloudtrail:GetTrailStatus`; AWS's own message says which policy denies it.",
                    steps: &[Step::GetTrailStatus],
                },
                cost: NOTHING,
            },
            Self::NotLogging => &About {
                row: "2.5",
                result: Fail,
                meaning: "Logging is off.",
                asked_by: Cis,
                allowed_by: None,
                advice: Advice { words: "Start logging.", steps: &[Step::StartLogging] },
                cost: MANAGEMENT_EVENTS,
            },
            Self::DeliveryFailing => &About {
                row: "2.6",
                result: Fail,
                meaning: "The latest delivery to S3 failed; the annotation quotes S3's code.",
                asked_by: Parameter("checkDelivery"),
                allowed_by: None,
                advice: Advice {
                    words: "Correct the policy of the bucket or of the KMS key, or name another bucket; the error stays \
                            until the next delivery.",
                    steps: &[Step::GetTrailStatus, Step::GetBucketPolicy, Step::GetKeyPolicy],
                },
                cost: NOTHING,
            },
            Self::DeliveryStale => &About {
                row: "2.7",
                result: Fail,
                meaning: "It has not delivered for longer than the limit, or does not say when it last did.",
                asked_by: Parameter("maxDeliveryAgeHours"),
                allowed_by: None,
                advice: Advice {
                    words: "Look at the policy of the bucket and of the KMS key.",
                    steps: &[Step::GetTrailStatus, Step::GetBucketPolicy, Step::GetKeyPolicy],
                },
                cost: NOTHING,
            },
            Self::SelectorsUnreadable => &About {
                row: "2.8",
                result: Unknown,
                meaning: "AWS refused GetEventSelectors.",
                asked_by: Nobody,
                allowed_by: Some("trustOrganizationTrail"),
                advice: Advice {
                    words: "Allow `cloudtrail:GetEventSelectors`; AWS's own message says which policy denies it.",
                    steps: &[Step::GetEventSelectors],
                },
                cost: NOTHING,
            },
            Self::SelectorsNotUnderstood => &About {
                row: "2.8b",
                result: Unknown,
                meaning: "An event selector would do, but for a member that this version does not know and that may \
                          narrow it.",
                asked_by: Nobody,
                allowed_by: None,
                advice: Advice {
                    words: "Look for a newer version of this program, or put a selector without that member.",
                    steps: &[Step::GetEventSelectors],
                },
                cost: NOTHING,
            },
            Self::NoManagementEvents => &About {
                row: "2.10",
                result: Fail,
                meaning: "No selector takes management events.",
                asked_by: Cis,
                allowed_by: None,
                advice: TAKE_EVERY_EVENT,
                cost: MANAGEMENT_EVENTS,
            },
            Self::ReadOnly => &About {
                row: "2.10",
                result: Fail,
                meaning: "Only read events are taken.",
                asked_by: Cis,
                allowed_by: None,
                advice: TAKE_EVERY_EVENT,
                cost: MANAGEMENT_EVENTS,
            },
            Self::WriteOnly => &About {
                row: "2.10",
                result: Fail,
                meaning: "Only write events are taken.",
                asked_by: Cis,
                allowed_by: None,
                advice: TAKE_EVERY_EVENT,
                cost: MANAGEMENT_EVENTS,
            },
            Self::SplitSelectors => &About {
                row: "2.10",
                result: Fail,
                meaning: "Reads and writes are taken by different selectors. All events may be recorded, but the audit \
                          text of CIS asks for one selector with both.",
                asked_by: Cis,
                allowed_by: None,
                advice: TAKE_EVERY_EVENT,
                cost: NOTHING,
            },
            Self::ExcludedEventSources => &About {
                row: "2.10",
                result: Fail,
                meaning: "Events of some services are left out, such as those of KMS or of the RDS Data API.",
                asked_by: Cis,
                allowed_by: Some("allowedExcludedEventSources"),
                advice: TAKE_EVERY_EVENT,
                cost: MANAGEMENT_EVENTS,
            },
            Self::FilteredManagementEvents => &About {
                row: "2.10",
                result: Fail,
                meaning: "A selector filters management events in another way.",
                asked_by: Cis,
                allowed_by: None,
                advice: TAKE_EVERY_EVENT,
                cost: MANAGEMENT_EVENTS,
            },
            Self::OtherBucket => &About {
                row: "2.11",
                result: Fail,
                meaning: "It delivers to another bucket.",
                asked_by: Parameter("s3BucketName"),
                allowed_by: None,
                advice: Advice { words: CHANGE_TRAIL_OR_PARAMETER, steps: &[Step::SetBucket] },
                cost: NOTHING,
            },
            Self::OtherTopic => &About {
                row: "2.11",
                result: Fail,
                meaning: "It notifies another topic.",
                asked_by: Parameter("snsTopicArn"),
                allowed_by: None,
                advice: Advice { words: CHANGE_TRAIL_OR_PARAMETER, steps: &[Step::SetTopic] },
                cost: "SNS: by notifications, one for each log file.",
            },
            Self::OtherLogGroup => &About {
                row: "2.11",
                result: Fail,
                meaning: "It sends to another log group.",
                asked_by: Parameter("cloudWatchLogsLogGroupArn"),
                allowed_by: None,
                advice: Advice { words: CHANGE_TRAIL_OR_PARAMETER, steps: &[Step::SetLogGroup] },
                cost: LOG_GROUP,
            },
            Self::NoLogFileValidation => &About {
                row: "2.11",
                result: Fail,
                meaning: "Log file validation is off.",
                asked_by: Parameter("requireLogFileValidation"),
                allowed_by: None,
                advice: Advice {
                    words: "Turn log file validation on.",
                    steps: &[Step::UpdateTrail(&["--enable-log-file-validation"])],
                },
                cost: "S3: an hour's digest file a Region.",
            },
            Self::NoKmsEncryption => &About {
                row: "2.11",
                result: Fail,
                meaning: "No KMS key encrypts its log files.",
                asked_by: Parameter("requireKmsEncryption"),
                allowed_by: None,
                advice: Advice {
                    words: "Encrypt the log files with a KMS key whose policy lets CloudTrail use it.",
                    steps: &[Step::UpdateTrail(&["--kms-key-id", "KEY_ARN"])],
                },
                cost: "KMS: the key, and a request for each log file and each reader.",
            },
            Self::NoCloudWatchLogs => &About {
                row: "2.11",
                result: Fail,
                meaning: "It sends to no log group.",
                asked_by: Parameter("requireCloudWatchLogs"),
                allowed_by: None,
                advice: Advice { words: "Send the events to a log group.", steps: &[Step::SetLogGroup] },
                cost: LOG_GROUP,
            },
            Self::NotOrganizationTrail => &About {
                row: "2.11",
                result: Fail,
                meaning: "It is no organization trail.",
                asked_by: Parameter("requireOrganizationTrail"),
                allowed_by: None,
                advice: Advice {
                    words: "Make it an organization trail, in the management account.",
                    steps: &[Step::UpdateTrail(&["--is-organization-trail"])],
                },
                cost: "CloudTrail: in members that have trails of their own, it is an additional copy, at 2.00 USD per \
                       100,000 management events.",
            },
            Self::NotDelivered => &About {
                row: "prove",
                result: Fail,
                meaning: "Only by `prove`: the files in its bucket show that a Region does not deliver.",
                asked_by: Prove,
                allowed_by: None,
                advice: Advice {
                    words: "Ask CloudTrail in the Region that is named, and look at the policy of the bucket. Where a \
                            digest file is broken or gone, find out who changed the bucket.",
                    steps: &[Step::GetBucketPolicy],
                },
                cost: NOTHING,
            },
            Self::DeliveryUnproved => &About {
                row: "prove",
                result: Hidden,
                meaning: "Only by `prove`: the files in its bucket do not show that every enabled Region delivers.",
                asked_by: Prove,
                allowed_by: None,
                advice: Advice {
                    words: "Allow what was refused: `docs/prove.md` has the permissions. Without log file validation \
                            use `--wait`. A trail that is new needs some hours.",
                    steps: &[],
                },
                cost: NOTHING,
            },
            Self::Unanswered => &About {
                row: "2.hidden",
                result: Hidden,
                meaning: "A transient error hid a fact; no verdict rests on it.",
                asked_by: Nobody,
                allowed_by: None,
                advice: Advice { words: "Ask again later.", steps: &[] },
                cost: NOTHING,
            },
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Reason {
    /// The reason without its facts.
    #[must_use]
    pub fn code(&self) -> Code {
        self.into()
    }

    /// What a trail is that has this reason and no weightier one.
    #[must_use]
    pub fn result(&self) -> TrailResult {
        if matches!(self, Self::DeliveryStale { delivered: Delivered::NotSaid, .. }) {
            return TrailResult::Unknown;
        }
        self.code().about().result
    }

    /// The refused call, where the reason is that a call was permanently refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        if let Self::StatusUnreadable(Unreadable::Refused(refusal)) | Self::SelectorsUnreadable(refusal) = self {
            return Some(refusal);
        }
        None
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        let usual = self.code().about().advice;
        if self.refusal().is_some_and(is_hidden_from_account) {
            let words = "CloudTrail does not show this trail to this account; its owner can look at it.";
            return Advice { words, steps: &[] };
        }
        if let Self::StatusUnreadable(Unreadable::NotAddressable) = self {
            let words = "Look at the answer of DescribeTrails: AWS describes every trail by its ARN.";
            return Advice { words, steps: &[] };
        }
        if let Self::StatusUnreadable(Unreadable::NotSaid) = self {
            let words = "Look at the answer of GetTrailStatus: AWS always says whether a trail is logging.";
            return Advice { words, ..usual };
        }
        if let Self::DeliveryStale { delivered: Delivered::NotSaid, .. } = self {
            return Advice { steps: &[Step::GetTrailStatus], ..usual };
        }
        usual
    }
}

/// Whether AWS says that it does not know the trail, which no permission changes.
fn is_hidden_from_account(refusal: &Refusal) -> bool {
    ["TrailNotFoundException", "CloudTrailARNInvalidException"].contains(&refusal.code.as_str())
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = |f: &mut fmt::Formatter<'_>, what: &str, actual: &Option<String>| match actual {
            Some(actual) => write!(f, "uses another {what} ({actual})"),
            None => write!(f, "has no {what}"),
        };
        match self {
            Self::SingleRegion => f.write_str("records one Region only"),
            Self::NoGlobalServiceEvents => f.write_str("leaves out global service events"),
            Self::Deleted => f.write_str("does not exist any more"),
            Self::StatusUnreadable(Unreadable::NotAddressable) => {
                f.write_str("DescribeTrails gives no ARN or no Region to ask about it")
            }
            Self::StatusUnreadable(Unreadable::Refused(refusal)) => write!(f, "status unreadable ({refusal})"),
            Self::StatusUnreadable(Unreadable::NotSaid) => {
                f.write_str("GetTrailStatus does not say whether it is logging")
            }
            Self::NotLogging { since: Some(since) } => write!(f, "logging is off since {}", since.for_people()),
            Self::NotLogging { since: None } => f.write_str("logging is off"),
            Self::DeliveryFailing { s3_error, latest: None } => write!(f, "delivery to S3 fails ({s3_error})"),
            Self::DeliveryFailing { s3_error, latest: Some(latest) } => {
                write!(f, "delivery to S3 fails ({s3_error}), last delivered at {}", latest.for_people())
            }
            Self::DeliveryStale { delivered: Delivered::At(latest), max_hours } => {
                write!(f, "last delivered to S3 at {}, more than {max_hours} h ago", latest.for_people())
            }
            Self::DeliveryStale { delivered: Delivered::NotSinceStart, .. } => {
                f.write_str("has not delivered to S3 since logging started")
            }
            Self::DeliveryStale { delivered: Delivered::NotSaid, .. } => {
                f.write_str("GetTrailStatus does not say when it last delivered to S3")
            }
            Self::SelectorsUnreadable(refusal) => write!(f, "event selectors unreadable ({refusal})"),
            Self::SelectorsNotUnderstood { member } => {
                write!(f, "an event selector has a member that this version does not know ({member})")
            }
            Self::NoManagementEvents => f.write_str("records no management events"),
            Self::ReadOnly => f.write_str("records only read management events"),
            Self::WriteOnly => f.write_str("records only write management events"),
            Self::SplitSelectors => f.write_str("no one selector takes both read and write management events"),
            Self::ExcludedEventSources(sources) => {
                let named = |source: &String| match source.trim() {
                    "" => "a source without a name".to_owned(),
                    _ => source.clone(),
                };
                let sources: Vec<String> = sources.iter().map(named).collect();
                write!(f, "leaves out events of {}", sources.join(" and "))
            }
            Self::FilteredManagementEvents(filters) => {
                write!(f, "its selectors filter management events by {}", filters.join(" and "))
            }
            Self::OtherBucket { actual } => other(f, "bucket", actual),
            Self::OtherTopic { actual } => other(f, "SNS topic", actual),
            Self::OtherLogGroup { actual } => other(f, "log group", actual),
            Self::NoLogFileValidation => f.write_str("log file validation is off"),
            Self::NoKmsEncryption => f.write_str("no KMS key encrypts its log files"),
            Self::NoCloudWatchLogs => f.write_str("sends to no log group"),
            Self::NotOrganizationTrail => f.write_str("is no organization trail"),
            Self::NotDelivered { regions } => f.write_str(regions),
            Self::DeliveryUnproved { why } => write!(f, "not proved: {why}"),
            Self::Unanswered(refusal) => write!(f, "not read this time ({refusal})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_holds_its_facts() {
        let denied = Refusal {
            operation: "GetTrailStatus".to_owned(),
            code: "AccessDeniedException".to_owned(),
            home_region_code: Some("TimedOut".to_owned()),
        };
        let when = Timestamp::parse("2026-10-31T01:02:03Z").unwrap();
        let other = || Some("the-other".to_owned());
        let mut known = Vec::new();
        for (reason, pieces) in [
            (Reason::SingleRegion, &["one Region"][..]),
            (Reason::NoGlobalServiceEvents, &["global service events"]),
            (Reason::Deleted, &["not exist"]),
            (Reason::StatusUnreadable(Unreadable::NotAddressable), &["no ARN"]),
            (
                Reason::StatusUnreadable(Unreadable::Refused(denied.clone())),
                &["GetTrailStatus AccessDeniedException", "TimedOut"],
            ),
            (Reason::StatusUnreadable(Unreadable::NotSaid), &["GetTrailStatus", "logging"]),
            (Reason::NotLogging { since: None }, &["logging is off"]),
            (Reason::NotLogging { since: Some(when) }, &["logging is off", "2026-10-31 01:02:03 UTC"]),
            (
                Reason::DeliveryFailing { s3_error: "NoSuchKey".to_owned(), latest: Some(when) },
                &["S3", "NoSuchKey", "last delivered at 2026-10-31 01:02:03 UTC"],
            ),
            (Reason::DeliveryFailing { s3_error: "NoSuchKey".to_owned(), latest: None }, &["S3", "NoSuchKey"]),
            (
                Reason::SelectorsNotUnderstood { member: "EventSelectors[0].New".to_owned() },
                &["does not know", "EventSelectors[0].New"],
            ),
            (
                Reason::DeliveryStale { delivered: Delivered::At(when), max_hours: 24 },
                &["2026-10-31 01:02:03 UTC", "24 h"],
            ),
            (Reason::DeliveryStale { delivered: Delivered::NotSinceStart, max_hours: 24 }, &["not delivered"]),
            (Reason::DeliveryStale { delivered: Delivered::NotSaid, max_hours: 24 }, &["does not say", "delivered"]),
            (Reason::SelectorsUnreadable(denied.clone()), &["selectors", "AccessDeniedException"]),
            (Reason::NoManagementEvents, &["no management events"]),
            (Reason::ReadOnly, &["only read"]),
            (Reason::WriteOnly, &["only write"]),
            (Reason::SplitSelectors, &["both read and write"]),
            (Reason::ExcludedEventSources(vec!["a".to_owned(), "b".to_owned()]), &["a and b"]),
            (Reason::FilteredManagementEvents(vec!["eventName".to_owned()]), &["filter", "eventName"]),
            (Reason::OtherBucket { actual: other() }, &["bucket", "the-other"]),
            (Reason::OtherBucket { actual: None }, &["no bucket"]),
            (Reason::OtherTopic { actual: other() }, &["topic", "the-other"]),
            (Reason::OtherTopic { actual: None }, &["no SNS topic"]),
            (Reason::OtherLogGroup { actual: other() }, &["log group", "the-other"]),
            (Reason::OtherLogGroup { actual: None }, &["no log group"]),
            (Reason::NoLogFileValidation, &["log file validation"]),
            (Reason::NoKmsEncryption, &["KMS"]),
            (Reason::NoCloudWatchLogs, &["no log group"]),
            (Reason::NotOrganizationTrail, &["no organization trail"]),
            (Reason::Unanswered(denied.clone()), &["not read this time", "AccessDeniedException"]),
        ] {
            let sentence = reason.to_string();
            for piece in pieces {
                assert!(sentence.contains(piece), "{piece}: {sentence}");
            }
            let told = Some(reason.code()).filter(|code| *code != Code::Unanswered);
            assert_eq!(Code::of_words(&sentence), told, "{sentence}");
            known.extend(told);
        }
        let of_prove = [Code::NotDelivered, Code::DeliveryUnproved, Code::Unanswered];
        for code in Code::ALL {
            assert_eq!(known.contains(code), !of_prove.contains(code), "{code} is known by its words");
        }
    }
}
