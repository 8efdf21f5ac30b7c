//! Which calls an invocation made, how each ended, and which it is waiting for.

use std::{
    collections::BTreeMap,
    error::Error,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::time::{Instant, timeout_at};

use super::fault::CallError;
use crate::{clock::Clock, rule::provenance::Call};

/// A log of one invocation's calls. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    calls: Arc<Mutex<Calls>>,
    watch: Option<fn(&Call)>,
}

#[derive(Debug, Default)]
struct Calls {
    made: BTreeMap<&'static str, u32>,
    waiting: BTreeMap<u64, String>,
    next: u64,
    ended: Vec<Call>,
}

/// A deadline came before the answers.
#[derive(Debug, thiserror::Error)]
#[error("the deadline is near; still waiting for: {}", if waiting.is_empty() { "nothing".to_owned() } else { waiting.join(", ") })]
pub struct DeadlineExceeded {
    /// The calls without an answer.
    pub waiting: Vec<String>,
}

/// What is asked, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'c> {
    /// AWS's name of the operation.
    pub(super) operation: &'static str,
    /// The Region that is asked.
    pub(super) region: &'c str,
    /// Whether that is the rule's own.
    pub(super) is_rules_region: bool,
    /// What it is about, such as an ARN; empty if there is nothing to say.
    pub(super) subject: &'c str,
}

/// Ends the wait for a call when it is answered or given up.
struct Answered<'c> {
    calls: &'c CallLog,
    number: u64,
}

impl Drop for Answered<'_> {
    fn drop(&mut self) {
        self.calls.lock().waiting.remove(&self.number);
    }
}

impl CallLog {
    /// A log of which each call is told as it ends.
    #[must_use]
    pub fn watched_by(watch: fn(&Call)) -> Self {
        Self { watch: Some(watch), ..Self::default() }
    }

    /// An empty log, of which each call is told to the same.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { watch: self.watch, ..Self::default() }
    }

    /// Runs a call, and notes it.
    pub(super) fn track<'c, T, E>(
        &'c self,
        clock: Clock,
        asked: Asked<'c>,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + 'c,
    ) -> impl Future<Output = Result<T, CallError>> + 'c
    where
        T: RequestId + 'c,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        // The SDK's futures are large, and up to two a trail are under way at once.
        let call = Box::pin(call);
        async move {
            let at = clock.now();
            let _answered = self.start(asked);
            let answer = call.await;
            let request_id = answer.request_id().map(str::to_owned);
            let answer = answer.map_err(|error| CallError::new(asked.operation, asked.is_rules_region, error));
            let ended = Call {
                operation: asked.operation.to_owned(),
                region: asked.region.to_owned(),
                at,
                request_id,
                error_code: answer.as_ref().err().map(|error| error.code.clone()),
            };
            if let Some(watch) = self.watch {
                watch(&ended);
            }
            self.lock().ended.push(ended);
            answer
        }
    }

    fn start(&self, asked: Asked<'_>) -> Answered<'_> {
        let Asked { operation, region, subject, .. } = asked;
        let mut calls = self.lock();
        *calls.made.entry(operation).or_default() += 1;
        let number = calls.next;
        calls.next += 1;
        let place = if subject.is_empty() { region.to_owned() } else { format!("{subject} in {region}") };
        calls.waiting.insert(number, format!("{operation} ({place})"));
        Answered { calls: self, number }
    }

    /// Runs a step until a deadline.
    ///
    /// # Errors
    /// The deadline came first.
    pub async fn until<T>(&self, deadline: Instant, step: impl Future<Output = T>) -> Result<T, DeadlineExceeded> {
        let mut step = pin!(step);
        // The step is still alive when the log is asked what it is waiting for.
        timeout_at(deadline, &mut step).await.map_err(|_| DeadlineExceeded { waiting: self.waiting() })
    }

    /// How many calls of each operation were made; the SDK's retries do not count.
    #[must_use]
    pub fn made(&self) -> BTreeMap<&'static str, u32> {
        self.lock().made.clone()
    }

    /// The calls that were answered or failed, in the order in which they ended.
    #[must_use]
    pub fn ended(&self) -> Vec<Call> {
        self.lock().ended.clone()
    }

    /// The calls that were made and not answered yet.
    fn waiting(&self) -> Vec<String> {
        self.lock().waiting.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
