//! AWS Config custom rule.
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "aws")]
pub mod handler;
pub mod invocation;
pub mod rule;
#[cfg(feature = "stand-in")]
pub mod stand_in;
#[cfg(feature = "aws")]
pub mod telemetry;
