//! The adapters: the only users of the AWS SDK. They read and write, and decide nothing.

#[cfg(feature = "cli")]
pub mod aggregator;
#[cfg(feature = "cli")]
pub mod clock;
pub mod cloudtrail;
pub mod config_rules;
pub mod connections;
#[cfg(feature = "cli")]
pub mod delivery;
#[cfg(feature = "cli")]
pub mod doctor;
pub mod fault;
#[cfg(feature = "cli")]
pub mod organizations;
pub mod put_evaluations;

mod answers;
mod calls;
mod discovered_trails;
mod endpoints;
mod https;
#[cfg(feature = "cli")]
pub mod s3;

use futures_util::future::{OptionFuture, join};

use crate::rule::{
    evidence::{Evidence, FormatVersion},
    timestamp::Timestamp,
};
use cloudtrail::Collected;
use discovered_trails::discovered_trails;
use fault::CallError;

pub use aws_credential_types::Credentials;
pub use calls::{CallLog, DeadlineExceeded};
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
    let discovered = OptionFuture::from(trail_results.then(|| discovered_trails(session)));
    let (collected, discovered) = join(cloudtrail::collect(session), discovered).await;
    let Collected { trails, mut warnings } = collected?;
    let (discovered_trails, warning) = discovered.unzip();
    warnings.extend(warning.flatten());
    let evidence = Evidence {
        format_version: FormatVersion,
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
