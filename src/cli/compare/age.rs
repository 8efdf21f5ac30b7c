//! How old something is.

use crate::rule::timestamp::Timestamp;

/// How long ago, in its two largest units.
pub(super) fn age(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// Whole seconds; none are negative, whatever the clocks say.
pub(super) fn seconds_between(earlier: Timestamp, later: Timestamp) -> i64 {
    ((later.epoch_milliseconds() - earlier.epoch_milliseconds()) / 1000).max(0)
}
