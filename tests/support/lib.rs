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
#[cfg(feature = "simulation")]
pub mod in_process;
#[cfg(feature = "loopback")]
pub mod lambda;
pub mod oracle;
#[cfg(feature = "simulation")]
pub mod simulation;

/// The RSA key that signs digest files in place of AWS's, in PKCS #8.
pub const DIGEST_SIGNING_KEY: &[u8] = include_bytes!("digest_signing_key.der");
/// MD5 of its public half, by which digest files name it.
pub const DIGEST_KEY_FINGERPRINT: &str = "98d78f5b025713d0217ced78d8a91c39";
