//! The adapters: the only users of the AWS SDK. They read and write, and decide nothing.

pub mod cloudtrail;
pub mod config;
pub mod connections;
pub mod fault;

mod calls;

use aws_smithy_types::DateTime;

use crate::rule::timestamp::Timestamp;

pub use calls::CallLog;
pub use connections::{Connections, Session};

/// To the nearest millisecond: times travel as a double of seconds, which is often a little less than what was meant.
fn timestamp(time: DateTime) -> Option<Timestamp> {
    let milliseconds = i64::try_from((time.as_nanos() + 500_000).div_euclid(1_000_000)).ok()?;
    Timestamp::from_epoch_milliseconds(milliseconds).ok()
}
