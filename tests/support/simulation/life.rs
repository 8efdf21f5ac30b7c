//! What must hold in a world, and what became of one.

use std::{collections::BTreeMap, fmt, time::Duration};

use ring::digest::{SHA256, digest};

use super::network::hex;

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// COMPLIANT is sent only where each fact of one trail held between the first call and the report.
    CompliantWasSeen,
    /// Where nothing changed and nothing went wrong, what is sent is the truth.
    CalmIsTrue,
    /// A schedule without faults makes AWS Config's rows the truth.
    RowsEqualTruth,
    /// The rule is red exactly when the account fails.
    RedWhenFailing,
    /// Every row carries its event's timestamp.
    EventTimestamp,
    /// A success had the account's row acknowledged.
    Acknowledged,
    /// No call holds a resource twice.
    ResourceOnce,
    /// No call is made with another account's credentials.
    OwnCredentials,
    /// An invocation ends before its deadline.
    BeforeDeadline,
    /// No token or credential is in a log line or an error.
    NoSecrets,
    /// A process keeps the credentials of each member account once, and the clients of each Region that it asked once.
    CachesBounded,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// An invariant that did not hold.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// Where, and what was there instead.
    pub what: String,
}

/// What became of a world.
#[derive(Debug)]
pub struct Life {
    /// What went wrong first.
    pub violation: Option<Violation>,
    /// All that happened: requests, answers, rows, log lines, each with its virtual time.
    pub trace: Vec<String>,
    /// How long it lasted by its own clock.
    pub lasted: Duration,
    /// How many invocations there were, retries included.
    pub invocations: usize,
    /// How many processes were killed.
    pub kills: u64,
    /// How often each fault befell a call.
    pub faults: BTreeMap<&'static str, u64>,
}

impl Life {
    /// The SHA-256 over its trace.
    pub fn sha256(&self) -> String {
        hex(digest(&SHA256, self.trace.join("\n").as_bytes()).as_ref())
    }
}
