//! What time it is, by the answers of a service.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{DateTime, config_bag::ConfigBag, date_time::Format};

use super::answers::timestamp;
use crate::{clock, rule::timestamp::Timestamp};

/// What time it is by S3, and by this machine at the same moment: of the first answer.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<Mutex<Option<(Timestamp, Timestamp)>>>);

impl Clock {
    /// S3's time and this machine's, when S3 first answered.
    #[must_use]
    pub fn first_answer(&self) -> Option<(Timestamp, Timestamp)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "the clock of S3"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| timestamp(DateTime::from_str(date, Format::HttpDate).ok()?));
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(date)) = (*first, date) {
            *first = Some((date, clock::Clock::System.now()));
        }
        Ok(())
    }
}
