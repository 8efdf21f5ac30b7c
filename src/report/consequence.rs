//! What follows from what is wrong with a trail.

use crate::rule::{
    reasons::{Delivered, Reason},
    timestamp::{Timestamp, span},
};

/// What a second trail costs. AWS CloudTrail pricing, <https://aws.amazon.com/cloudtrail/pricing/>, November 2026.
pub(super) const SECOND_COPY: &str =
    "A second copy of management events: CloudTrail charges 2.00 USD per 100,000 events for it, and S3 what is stored.";

/// What follows from a reason, for evidence of `now`; none where nothing can be said.
pub(super) fn of(reason: &Reason, now: Timestamp) -> Option<String> {
    let for_how_long = |since: Timestamp| span(now.seconds_since(since));
    let text = match reason {
        Reason::SingleRegion => "Nothing is recorded of what happens in other Regions.".to_owned(),
        Reason::NoGlobalServiceEvents => "Nothing is recorded of IAM and other global services.".to_owned(),
        Reason::Deleted | Reason::NotLogging { since: None } => "Nothing is recorded.".to_owned(),
        Reason::NotLogging { since: Some(since) } => format!("Nothing recorded for {}.", for_how_long(*since)),
        Reason::DeliveryFailing { latest: Some(latest), .. }
        | Reason::DeliveryStale { delivered: Delivered::At(latest), .. } => {
            format!("Nothing delivered for {}.", for_how_long(*latest))
        }
        Reason::DeliveryFailing { latest: None, .. }
        | Reason::DeliveryStale { delivered: Delivered::NotSinceStart, .. } => "Nothing is delivered.".to_owned(),
        Reason::NoManagementEvents => "No management event is recorded.".to_owned(),
        Reason::ReadOnly => "Nothing is recorded of what is made, changed or deleted.".to_owned(),
        Reason::WriteOnly => "Nothing is recorded of who looks at what.".to_owned(),
        Reason::ExcludedEventSources(sources) => format!("Nothing is recorded of {}.", sources.join(" and ")),
        Reason::FilteredManagementEvents(_) => "Some management events are not recorded.".to_owned(),
        Reason::NoLogFileValidation => "Nobody can tell whether a log file was changed or deleted.".to_owned(),
        Reason::StatusUnreadable(_)
        | Reason::DeliveryStale { delivered: Delivered::NotSaid, .. }
        | Reason::SelectorsUnreadable(_)
        | Reason::SelectorsNotUnderstood { .. }
        | Reason::SplitSelectors
        | Reason::OtherBucket { .. }
        | Reason::OtherTopic { .. }
        | Reason::OtherLogGroup { .. }
        | Reason::NoKmsEncryption
        | Reason::NoCloudWatchLogs
        | Reason::NotOrganizationTrail
        | Reason::NotDelivered { .. }
        | Reason::DeliveryUnproved { .. }
        | Reason::Unanswered(_) => return None,
    };
    Some(text)
}

/// What follows from a stop that is over.
pub(super) fn of_gap((stopped, started): (Timestamp, Timestamp)) -> String {
    let (from, to) = (stopped.for_people(), started.for_people());
    format!("It was stopped from {from} to {to}: nothing recorded for {}.", span(started.seconds_since(stopped)))
}
