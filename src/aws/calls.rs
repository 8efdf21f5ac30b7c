//! Which calls an invocation made, and which it is waiting for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A log of one invocation's calls. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CallLog(Arc<Mutex<Calls>>);

#[derive(Debug, Default)]
struct Calls {
    made: BTreeMap<&'static str, u32>,
    waiting: BTreeMap<u64, String>,
    next: u64,
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
    /// Runs a call, and notes it; `subject` says what it is about, such as a Region or an ARN.
    pub fn track<'c, F: Future + 'c>(
        &'c self,
        operation: &'static str,
        subject: &'c str,
        call: F,
    ) -> impl Future<Output = F::Output> + 'c {
        // The SDK's futures are large, and up to two a trail are under way at once.
        let call = Box::pin(call);
        async move {
            let _answered = self.start(operation, subject);
            call.await
        }
    }

    fn start(&self, operation: &'static str, subject: &str) -> Answered<'_> {
        let mut calls = self.lock();
        *calls.made.entry(operation).or_default() += 1;
        let number = calls.next;
        calls.next += 1;
        calls.waiting.insert(number, format!("{operation} ({subject})"));
        Answered { calls: self, number }
    }

    /// How many calls of each operation were made; the SDK's retries do not count.
    #[must_use]
    pub fn made(&self) -> BTreeMap<&'static str, u32> {
        self.lock().made.clone()
    }

    /// The calls that were made and not answered yet.
    #[must_use]
    pub fn waiting(&self) -> Vec<String> {
        self.lock().waiting.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
