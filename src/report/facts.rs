//! What the rule asks of a trail beside what AWS answered, whether it passes or not: table, page, JSON and CSV are made
//! from this.

use serde::Serialize;

use super::selected::{no_answer, selected, selectors_in_words};
use crate::rule::{
    evidence::{Evidence, Observed, Refusal, Trail, TrailStatus},
    parameters::RuleParameters,
    reasons::{Reason, TrailResult},
    timestamp::{Timestamp, span},
    trail::JudgedTrail,
};

/// The facts of a trail. A name of AWS's is AWS's answer; none is no answer.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Whether events of global services are recorded.
    pub include_global_service_events: Option<bool>,
    /// Whether it records now.
    pub is_logging: Option<bool>,
    /// When logging was last started.
    pub start_logging_time: Option<Timestamp>,
    /// When logging was last stopped; before the start, it is a gap.
    pub stop_logging_time: Option<Timestamp>,
    /// When a log file was last delivered.
    pub latest_delivery_time: Option<Timestamp>,
    /// The error of the latest delivery.
    pub latest_delivery_error: Option<String>,
    /// When a digest file was last delivered.
    pub latest_digest_delivery_time: Option<Timestamp>,
    /// Whether event selectors were ever set.
    pub has_custom_event_selectors: Option<bool>,
    /// Whether a selector takes management events; none if the selectors were not read or not understood.
    pub include_management_events: Option<bool>,
    /// `All`, `ReadOnly` or `WriteOnly`: the most that one selector takes; none if none takes any, or a filter leaves some
    /// out.
    pub read_write_type: Option<&'static str>,
    /// The event sources whose management events the selector leaves out that takes the most.
    pub excluded_event_sources: Vec<String>,
    /// The selector that takes every management event, such as `EventSelectors[0]`, or `default`.
    pub recorded_by: Option<String>,
    /// Every event selector, in a line each.
    pub event_selectors: Vec<String>,
    /// Whether digest files are delivered.
    pub log_file_validation_enabled: Option<bool>,
    /// The KMS key that encrypts the log files.
    pub kms_key_id: Option<String>,
    /// The CloudWatch Logs group that gets the events.
    pub cloud_watch_logs_log_group_arn: Option<String>,
    /// The SNS topic that is told of each log file.
    pub sns_topic_arn: Option<String>,
    /// What the keys of the log files begin with.
    pub s3_key_prefix: Option<String>,
    /// The calls that gave no answer, each with its error.
    pub not_read: Vec<String>,
    /// What was asked beside what was answered.
    #[serde(rename = "facts")]
    pub all: Vec<Fact>,
}

/// A fact: what the rule asks, what AWS answered, and whether that is enough.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// What it is about.
    pub name: &'static str,
    /// What the rule asks; none if it asks nothing here.
    pub asked: Option<String>,
    /// What AWS answered.
    pub answered: String,
    /// Whether that is enough; none if nothing is asked, or the answer is not known.
    pub met: Option<bool>,
}

impl Fact {
    /// `met`, `not met`, `not known`, or nothing where nothing is asked.
    #[must_use]
    pub fn in_words(&self) -> &'static str {
        match (&self.asked, self.met) {
            (None, _) => "",
            (Some(_), Some(true)) => "met",
            (Some(_), Some(false)) => "not met",
            (Some(_), None) => "not known",
        }
    }
}

/// What a fact is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    MultiRegion,
    Logging,
    LatestDelivery,
    ManagementEvents,
    ExcludedEventSources,
    GlobalServiceEvents,
    LogFileValidation,
    KmsKey,
    LogGroup,
    Topic,
    Bucket,
    Organization,
    ProvedDelivery,
}

/// The fact that a reason finds missing.
fn subject(reason: &Reason) -> About {
    match reason {
        Reason::SingleRegion => About::MultiRegion,
        Reason::NoGlobalServiceEvents => About::GlobalServiceEvents,
        Reason::DeliveryFailing { .. } | Reason::DeliveryStale { .. } => About::LatestDelivery,
        Reason::SelectorsUnreadable(_)
        | Reason::SelectorsNotUnderstood { .. }
        | Reason::NoManagementEvents
        | Reason::ReadOnly
        | Reason::WriteOnly
        | Reason::SplitSelectors
        | Reason::FilteredManagementEvents(_) => About::ManagementEvents,
        Reason::ExcludedEventSources(_) => About::ExcludedEventSources,
        Reason::OtherBucket { .. } => About::Bucket,
        Reason::OtherTopic { .. } => About::Topic,
        Reason::OtherLogGroup { .. } | Reason::NoCloudWatchLogs => About::LogGroup,
        Reason::NoLogFileValidation => About::LogFileValidation,
        Reason::NoKmsEncryption => About::KmsKey,
        Reason::NotOrganizationTrail => About::Organization,
        Reason::NotDelivered { .. } | Reason::DeliveryUnproved { .. } => About::ProvedDelivery,
        Reason::Unanswered(refusal) if refusal.operation == "GetEventSelectors" => About::ManagementEvents,
        Reason::Deleted | Reason::StatusUnreadable(_) | Reason::NotLogging { .. } | Reason::Unanswered(_) => {
            About::Logging
        }
    }
}

impl Facts {
    /// The facts of a trail.
    #[must_use]
    pub fn of(judged: &JudgedTrail, evidence: &Evidence, parameters: &RuleParameters) -> Self {
        let trail = judged.trail;
        let status = trail.get_trail_status.as_ref().and_then(Observed::known);
        let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let selected = selected(trail, parameters);
        let asked = Asked { judged, parameters };
        let mut all = vec![
            asked.fact("Multi-Region", About::MultiRegion, "yes", yes_or_no(trail.is_multi_region_trail, "no"), true),
            asked.fact(
                "Logging",
                About::Logging,
                "yes",
                logging(trail, evidence.collected_at),
                status.is_some_and(|status| status.is_logging.is_some()),
            ),
            asked.latest_delivery(status, evidence.collected_at),
            asked.fact(
                "Management events",
                About::ManagementEvents,
                "read and write, by one selector",
                selected.answered,
                selected.recorded_by.is_some() || selected.read_write_type.is_some(),
            ),
            asked.excluded(selected.excluded_event_sources.as_deref()),
            asked.fact(
                "Global service events",
                About::GlobalServiceEvents,
                "yes",
                yes_or_no(trail.include_global_service_events, "yes"),
                true,
            ),
            told("Event selectors", selectors_in_words(trail, &selected.event_selectors)),
            asked.fact_if(
                parameters.require_log_file_validation.then(|| "on".to_owned()),
                "Log file validation",
                About::LogFileValidation,
                match trail.log_file_validation_enabled {
                    Some(true) => "on".to_owned(),
                    Some(false) => "off".to_owned(),
                    None => "off (not said)".to_owned(),
                },
            ),
            asked.fact_if(
                parameters.require_kms_encryption.then(|| "a key".to_owned()),
                "KMS key",
                About::KmsKey,
                set(&trail.kms_key_id).unwrap_or_else(|| "none".to_owned()),
            ),
            asked.fact_if(
                parameters
                    .cloud_watch_logs_log_group_arn
                    .clone()
                    .or_else(|| parameters.require_cloud_watch_logs.then(|| "a log group".to_owned())),
                "Log group",
                About::LogGroup,
                set(&trail.cloud_watch_logs_log_group_arn).unwrap_or_else(|| "none".to_owned()),
            ),
            asked.fact_if(
                parameters.sns_topic_arn.clone(),
                "SNS topic",
                About::Topic,
                set(&trail.sns_topic_arn).unwrap_or_else(|| "none".to_owned()),
            ),
            asked.fact_if(parameters.s3_bucket_name.clone(), "Bucket", About::Bucket, bucket(trail)),
            asked.fact_if(
                parameters.require_organization_trail.then(|| "yes".to_owned()),
                "Organization trail",
                About::Organization,
                yes_or_no(trail.is_organization_trail, "no"),
            ),
            told("Home Region", trail.home_region().unwrap_or("not known").to_owned()),
        ];
        all.extend(not_discovered(evidence));
        Self {
            include_global_service_events: trail.include_global_service_events,
            is_logging: status.and_then(|status| status.is_logging),
            start_logging_time: status.and_then(|status| status.start_logging_time),
            stop_logging_time: status.and_then(|status| status.stop_logging_time),
            latest_delivery_time: status.and_then(|status| status.latest_delivery_time),
            latest_delivery_error: status.and_then(|status| set(&status.latest_delivery_error)),
            latest_digest_delivery_time: status.and_then(|status| status.latest_digest_delivery_time),
            has_custom_event_selectors: trail.has_custom_event_selectors,
            include_management_events: selected.include_management_events,
            read_write_type: selected.read_write_type,
            excluded_event_sources: selected.excluded_event_sources.unwrap_or_default(),
            recorded_by: selected.recorded_by,
            event_selectors: selected.event_selectors,
            log_file_validation_enabled: trail.log_file_validation_enabled,
            kms_key_id: set(&trail.kms_key_id),
            cloud_watch_logs_log_group_arn: set(&trail.cloud_watch_logs_log_group_arn),
            sns_topic_arn: set(&trail.sns_topic_arn),
            s3_key_prefix: set(&trail.s3_key_prefix),
            not_read: not_read(trail, evidence),
            all,
        }
    }

    /// Whether the trail is seen to record some management events now.
    #[must_use]
    pub fn takes_management_events(&self) -> bool {
        self.is_logging == Some(true) && self.include_management_events == Some(true)
    }

    /// From when to when it was last stopped, if it logs again.
    #[must_use]
    pub fn gap(&self) -> Option<(Timestamp, Timestamp)> {
        let (stopped, started) = (self.stop_logging_time?, self.start_logging_time?);
        (self.is_logging == Some(true) && stopped < started).then_some((stopped, started))
    }
}

/// The calls that gave no answer, each with its error.
fn not_read(trail: &Trail, evidence: &Evidence) -> Vec<String> {
    let refusals = [
        trail.get_trail_status.as_ref().and_then(Observed::refusal),
        trail.get_event_selectors.as_ref().and_then(Observed::refusal),
        evidence.discovered_trails.as_ref().and_then(Observed::refusal),
    ];
    refusals.into_iter().flatten().map(Refusal::to_string).collect()
}

/// That it is not known which trails AWS Config has discovered: those that are known are shown as its rows.
fn not_discovered(evidence: &Evidence) -> Option<Fact> {
    let discovered = evidence.discovered_trails.as_ref().filter(|discovered| discovered.known().is_none())?;
    Some(told("Discovered trails", no_answer(Some(discovered))))
}

/// By what a trail was judged.
struct Asked<'a> {
    judged: &'a JudgedTrail<'a>,
    parameters: &'a RuleParameters,
}

impl Asked<'_> {
    /// Whether the answer is enough: no reason says that it is not, and there is an answer.
    fn is_met(&self, about: About, is_known: bool) -> Option<bool> {
        let reasons = || self.judged.reasons.iter().chain(&self.judged.outweighed);
        match reasons().filter(|reason| subject(reason) == about).map(Reason::result).max() {
            Some(TrailResult::Fail) => Some(false),
            Some(TrailResult::Unknown | TrailResult::Hidden | TrailResult::Pass) => None,
            None => is_known.then_some(true),
        }
    }

    fn fact(&self, name: &'static str, about: About, asked: &str, answered: String, is_known: bool) -> Fact {
        Fact { name, asked: Some(asked.to_owned()), answered, met: self.is_met(about, is_known) }
    }

    /// A fact that is asked only by a parameter.
    fn fact_if(&self, asked: Option<String>, name: &'static str, about: About, answered: String) -> Fact {
        let met = asked.as_ref().and_then(|_| self.is_met(about, true));
        Fact { name, asked, answered, met }
    }

    fn latest_delivery(&self, status: Option<&TrailStatus>, now: Timestamp) -> Fact {
        let without_error = self.parameters.check_delivery.then(|| "without error".to_owned());
        let max_age = self.parameters.max_delivery_age_hours.map(|hours| format!("at most {hours} h old"));
        let asked: Vec<String> = without_error.into_iter().chain(max_age).collect();
        let asked = (!asked.is_empty()).then(|| asked.join(", "));
        let is_known = status.is_some_and(|status| status.is_logging == Some(true));
        let met = asked.as_ref().and_then(|_| self.is_met(About::LatestDelivery, is_known));
        let answered = match status {
            None => "not known".to_owned(),
            Some(status) => {
                let mut parts = vec![status.latest_delivery_time.map_or("never".to_owned(), |latest| {
                    format!("{}, {} before it was read", latest.for_people(), span(now.seconds_since(latest)))
                })];
                let error = status.latest_delivery_error.as_deref().filter(|error| !error.trim().is_empty());
                parts.extend(error.map(|error| format!("error {error}")));
                let digest = status.latest_digest_delivery_time;
                parts.extend(digest.map(|digest| format!("latest digest file {}", digest.for_people())));
                parts.join("; ")
            }
        };
        Fact { name: "Latest delivery", asked, answered, met }
    }

    fn excluded(&self, sources: Option<&[String]>) -> Fact {
        let allowed = &self.parameters.allowed_excluded_event_sources;
        let asked = if allowed.is_empty() { "none".to_owned() } else { format!("at most {}", allowed.join(", ")) };
        let answered = match sources {
            None => "not known".to_owned(),
            Some([]) => "none".to_owned(),
            Some(sources) => sources.join(", "),
        };
        self.fact("Excluded event sources", About::ExcludedEventSources, &asked, answered, sources.is_some())
    }
}

/// A fact of which nothing is asked.
fn told(name: &'static str, answered: String) -> Fact {
    Fact { name, asked: None, answered, met: None }
}

fn yes_or_no(answer: Option<bool>, not_said: &str) -> String {
    match answer {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => format!("{not_said} (not said)"),
    }
}

fn logging(trail: &Trail, now: Timestamp) -> String {
    let Some(Observed::Known(status)) = &trail.get_trail_status else {
        return no_answer(trail.get_trail_status.as_ref());
    };
    let TrailStatus { is_logging, start_logging_time: started, stop_logging_time: stopped, .. } = status;
    let time = |time: &Timestamp| time.for_people();
    let state = match is_logging {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not said",
    };
    match (is_logging, started, stopped) {
        (Some(true), Some(started), Some(stopped)) if stopped < started => {
            format!("yes, since {}; stopped before, from {}", time(started), time(stopped))
        }
        (Some(false), Some(started), Some(stopped)) => {
            let since = span(now.seconds_since(*stopped));
            format!("no, since {} ({since}); started {}", time(stopped), time(started))
        }
        (_, started, stopped) => {
            let started = started.as_ref().map(|at| format!("started {}", time(at)));
            let stopped = stopped.as_ref().map(|at| format!("stopped {}", time(at)));
            std::iter::once(state.to_owned()).chain(started).chain(stopped).collect::<Vec<_>>().join("; ")
        }
    }
}

fn bucket(trail: &Trail) -> String {
    let bucket = trail.s3_bucket_name.as_deref().filter(|bucket| !bucket.is_empty()).unwrap_or("not named");
    match trail.s3_key_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("{bucket}, prefix {prefix}"),
        None => bucket.to_owned(),
    }
}
