//! AWS Config custom rule.
pub mod rule;
#[cfg(feature = "stand-in")]
pub mod stand_in;
