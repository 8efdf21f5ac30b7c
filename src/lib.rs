//! AWS Config custom rule.
pub mod rule;
