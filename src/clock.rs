//! What time it is. The decision reads no clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::rule::timestamp::Timestamp;

/// A source of the time at which evidence is collected.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system's.
    System,
    /// One that stands still, for evidence of another day.
    Fixed(Timestamp),
}

impl Clock {
    /// What time it is.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::from(SystemTime::now()),
            Self::Fixed(timestamp) => timestamp,
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
