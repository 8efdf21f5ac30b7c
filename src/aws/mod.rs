//! The adapters: the only users of the AWS SDK. They read and write, and decide nothing.

pub mod cloudtrail;
pub mod config;
pub mod config_rules;
pub mod connections;
pub mod fault;

mod calls;
mod https;

use aws_smithy_types::DateTime;
use futures_util::future::{OptionFuture, join};

use crate::rule::{evidence::Evidence, timestamp::Timestamp};
use cloudtrail::Collected;
use fault::CallError;

pub use calls::CallLog;
pub use connections::{Connections, Session};

/// Evidence about the session's account, and one line for each error met on the way. AWS Config is asked which trails it
/// has discovered only if rows for trails are wanted.
///
/// # Errors
/// Our own fault, such as expired credentials. Every other error becomes part of the evidence.
pub async fn collect_evidence(
    session: &Session<'_>,
    collected_at: Timestamp,
    trail_results: bool,
) -> Result<(Evidence, Vec<String>), CallError> {
    let discovered = OptionFuture::from(trail_results.then(|| config::discovered_trails(session)));
    let (collected, discovered) = join(cloudtrail::collect(session), discovered).await;
    let Collected { trails, mut warnings } = collected?;
    let (discovered_trails, warning) = discovered.unzip();
    warnings.extend(warning.flatten());
    let evidence = Evidence {
        account_id: session.account_id.clone(),
        region: session.region.clone(),
        collected_at,
        trails,
        discovered_trails,
        deleted_trail: None,
        provenance: None,
    };
    Ok((evidence, warnings))
}

/// To the nearest millisecond: times travel as a double of seconds, which is often a little less than what was meant.
fn timestamp(time: DateTime) -> Option<Timestamp> {
    let milliseconds = i64::try_from((time.as_nanos() + 500_000).div_euclid(1_000_000)).ok()?;
    Timestamp::from_epoch_milliseconds(milliseconds).ok()
}
