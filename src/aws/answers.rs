//! What answers have in common: pages, and times.

use aws_smithy_types::DateTime;

use super::fault::CallError;
use crate::rule::timestamp::Timestamp;

/// More pages than any account needs.
const MAX_PAGES: usize = 100;

/// Reads pages until there is no token. AWS may send an empty page with a token, or an empty token.
pub(super) async fn pages(
    operation: &'static str,
    mut page: impl AsyncFnMut(Option<String>) -> Result<Option<String>, CallError>,
) -> Result<(), CallError> {
    let mut token = None;
    for _ in 0..MAX_PAGES {
        token = page(token).await?.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(());
        }
    }
    Err(CallError::unparsable(operation, "the pages do not end"))
}

/// To the nearest millisecond: times travel as a double of seconds, which is often a little less than what was meant.
pub(super) fn timestamp(time: DateTime) -> Option<Timestamp> {
    let milliseconds = i64::try_from((time.as_nanos() + 500_000).div_euclid(1_000_000)).ok()?;
    Timestamp::from_epoch_milliseconds(milliseconds).ok()
}
