//! AWS Config custom rule.
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
pub mod handler;
pub mod invocation;
pub mod rule;
#[cfg(feature = "aws")]
pub mod telemetry;
