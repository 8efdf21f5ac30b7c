//! What answers have in common: pages, times, and bodies that the SDK's types do not tell all of.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_cloudtrail::operation::{
    describe_trails::DescribeTrailsOutput, get_event_selectors::GetEventSelectorsOutput,
};
#[cfg(feature = "cli")]
use aws_sdk_s3::{operation::list_objects_v2::ListObjectsV2Output, types as sdk};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{DateTime, config_bag::ConfigBag};

use super::fault::CallError;
use crate::rule::{json::may_name_a_member_twice, selectors::EventSelectors, timestamp::Timestamp};

/// More pages than any account needs.
const MAX_PAGES: usize = 100;

/// Reads pages until there is no token. AWS may send an empty page with a token, or an empty token.
pub(super) async fn pages(
    operation: &'static str,
    mut page: impl AsyncFnMut(Option<String>) -> Result<Option<String>, CallError>,
) -> Result<(), CallError> {
    let mut token = None;
    for _ in 0..MAX_PAGES {
        token = page(token).await?.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(());
        }
    }
    Err(CallError::unparsable(operation, "the pages do not end"))
}

/// To the nearest millisecond: times travel as a double of seconds, which is often a little less than what was meant.
pub(super) fn timestamp(time: DateTime) -> Option<Timestamp> {
    let milliseconds = i64::try_from((time.as_nanos() + 500_000).div_euclid(1_000_000)).ok()?;
    Timestamp::from_epoch_milliseconds(milliseconds).ok()
}

/// Refuses a success without a body, which the SDK would take for an answer in which everything is absent; a list of
/// trails that is absent, which is not the same as empty; and a member that is named twice, of which the SDK would take
/// the last. Each is then asked for again.
#[derive(Debug)]
pub(super) struct RefuseBrokenAnswers;

#[derive(Debug, thiserror::Error)]
#[error("the answer {0}")]
struct BrokenAnswer(&'static str);

impl Intercept for RefuseBrokenAnswers {
    fn name(&self) -> &'static str {
        "refuse broken answers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        if !answer.status().is_success() {
            return Ok(());
        }
        let body = answer.body().bytes().unwrap_or(b"{}");
        let output = context.output_or_error().ok();
        let trails: Option<&DescribeTrailsOutput> = output.and_then(|output| output.downcast_ref());
        let is_without_list = trails.is_some_and(|trails| trails.trail_list.is_none());
        if body.trim_ascii().is_empty() || is_without_list {
            return Err(BrokenAnswer("is empty").into());
        }
        if may_name_a_member_twice(body) { Err(BrokenAnswer("names a member twice").into()) } else { Ok(()) }
    }
}

/// Event selectors as they stand in an answer's body: the SDK's types drop what they do not know, and that may narrow a
/// selector. A body that cannot be read, or is of another trail than was asked about, is asked for again.
#[derive(Debug, Clone)]
pub(super) struct SelectorsInBody {
    trail_arn: String,
    found: Arc<Mutex<Option<EventSelectors>>>,
}

impl SelectorsInBody {
    /// Those of a trail.
    pub(super) fn of(trail_arn: &str) -> Self {
        Self { trail_arn: trail_arn.to_owned(), found: Arc::default() }
    }

    pub(super) fn take(&self) -> Option<EventSelectors> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Intercept for SelectorsInBody {
    fn name(&self) -> &'static str {
        "event selectors in the body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        if answer.status().is_success() {
            let output = context.output_or_error().ok();
            let told: Option<&GetEventSelectorsOutput> = output.and_then(|output| output.downcast_ref());
            if told.and_then(GetEventSelectorsOutput::trail_arn).is_some_and(|told| told != self.trail_arn) {
                return Err(BrokenAnswer("is of another trail").into());
            }
            let selectors = serde_json::from_slice(answer.body().bytes().unwrap_or_default())?;
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(selectors);
        }
        Ok(())
    }
}

/// Refuses a listing that is not whole, which would make files absent that are there: S3 says of each page how many names
/// it has, and whether more follow. It is then asked for again.
#[cfg(feature = "cli")]
#[derive(Debug)]
pub(super) struct RefusePartialListings;

#[cfg(feature = "cli")]
impl Intercept for RefusePartialListings {
    fn name(&self) -> &'static str {
        "refuse partial listings"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let output = context.output_or_error().ok();
        let listing: Option<&ListObjectsV2Output> = output.and_then(|output| output.downcast_ref());
        if listing.is_none_or(is_whole) { Ok(()) } else { Err(BrokenAnswer("is no whole listing").into()) }
    }
}

#[cfg(feature = "cli")]
fn is_whole(listing: &ListObjectsV2Output) -> bool {
    let (objects, folders) = (listing.contents(), listing.common_prefixes());
    let is_known = |object: &sdk::Object| object.key.is_some() && object.last_modified.and_then(timestamp).is_some();
    let names = objects.len() + folders.len();
    listing.is_truncated.is_some()
        && listing.key_count.is_none_or(|count| usize::try_from(count) == Ok(names))
        && objects.iter().all(is_known)
        && folders.iter().all(|folder| folder.prefix.is_some())
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn a_listing_is_whole_if_it_has_as_many_names_as_it_says_and_says_whether_more_follow() {
        let object = || sdk::Object::builder().key("k").last_modified(DateTime::from_secs(0));
        let whole = || ListObjectsV2Output::builder().is_truncated(false);
        let folder = |prefix: Option<&str>| sdk::CommonPrefix::builder().set_prefix(prefix.map(str::to_owned)).build();
        let found = |objects: Vec<sdk::Object>| whole().set_contents(Some(objects)).key_count(1).build();
        assert!(is_whole(&whole().build()) && is_whole(&whole().key_count(0).build()));
        assert!(is_whole(&found(vec![object().build()])));
        assert!(is_whole(&whole().key_count(2).contents(object().build()).common_prefixes(folder(Some("f/"))).build()));
        for partial in [
            ListObjectsV2Output::builder().build(),
            ListObjectsV2Output::builder().key_count(0).build(),
            found(Vec::new()),
            found(vec![object().build(); 2]),
            found(vec![object().set_key(None).build()]),
            found(vec![object().set_last_modified(None).build()]),
            found(vec![object().last_modified(DateTime::from_secs(i64::MAX)).build()]),
            whole().key_count(1).common_prefixes(folder(None)).build(),
            whole().key_count(-1).build(),
        ] {
            assert!(!is_whole(&partial), "{partial:?}");
        }
    }
}
