//! What the tests, the benchmarks, the examples and the fuzz targets share.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper that fails fails its test")]
#![expect(clippy::missing_panics_doc, clippy::must_use_candidate, reason = "only tests call it")]

#[cfg(feature = "loopback")]
pub mod certificates;
pub mod checks;
#[cfg(feature = "loopback")]
pub mod endpoint;
pub mod exchanges;
pub mod goals;
#[cfg(feature = "loopback")]
pub mod lambda;
pub mod oracle;
