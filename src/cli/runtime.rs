//! The runtime of one command: one thread.

use super::error::CliError;

/// Runs what waits for the network.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| CliError::machine("cannot start", source))?
        .block_on(work)
}
