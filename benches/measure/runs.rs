//! What the runs have in common.

use std::time::Duration;

/// The numbers of trails of the account.
pub(crate) const TRAILS: [usize; 3] = [1, 5, 25];
/// What a call takes in the runs with latency, and a round trip of a handshake.
pub(crate) const LATENCY: Duration = Duration::from_millis(50);
/// TCP takes one round trip and TLS 1.3 another before a request can be sent.
pub(crate) const HANDSHAKE: Duration = Duration::from_millis(100);

/// What wakes the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    Scheduled,
    Changed,
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
