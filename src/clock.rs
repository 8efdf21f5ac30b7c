//! What time it is: the only reader of the machine's clock. The decision reads none.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::rule::timestamp::Timestamp;

/// A source of the time.
#[derive(Debug, Clone, Copy, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// One that stands still, for evidence of another day.
    Fixed(Timestamp),
    /// One that follows the runtime's, which tests may pause.
    #[cfg(any(feature = "aws", feature = "stand-in"))]
    Runtime {
        /// What time it was.
        at: SystemTime,
        /// When that was by the runtime's clock.
        since: tokio::time::Instant,
    },
}

impl Clock {
    /// What time it is.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::Fixed(timestamp) => timestamp,
            _ => Timestamp::from(self.time()),
        }
    }

    /// Likewise, as finely as the system has it. One that stands still before 1970 stands at 1970.
    #[must_use]
    pub fn time(self) -> SystemTime {
        match self {
            #[expect(clippy::disallowed_methods, reason = "every other place asks here")]
            Self::System => SystemTime::now(),
            Self::Fixed(timestamp) => {
                UNIX_EPOCH + Duration::from_millis(u64::try_from(timestamp.epoch_milliseconds()).unwrap_or_default())
            }
            #[cfg(any(feature = "aws", feature = "stand-in"))]
            Self::Runtime { at, since } => at + since.elapsed(),
        }
    }
}

impl From<SystemTime> for Timestamp {
    /// A time outside the years 0000 to 9999 becomes 1970.
    fn from(time: SystemTime) -> Self {
        let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let milliseconds = i64::try_from(since_1970.as_millis()).unwrap_or_default();
        Self::from_epoch_milliseconds(milliseconds).unwrap_or(Self::UNIX_EPOCH)
    }
}
