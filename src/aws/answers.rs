//! What answers have in common: pages, times, and bodies that the SDK's types do not tell all of.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput;
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
/// selector. A body that cannot be read is asked for again.
#[derive(Debug, Clone, Default)]
pub(super) struct SelectorsInBody(Arc<Mutex<Option<EventSelectors>>>);

impl SelectorsInBody {
    pub(super) fn take(&self) -> Option<EventSelectors> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
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
            let selectors = serde_json::from_slice(answer.body().bytes().unwrap_or_default())?;
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(selectors);
        }
        Ok(())
    }
}
