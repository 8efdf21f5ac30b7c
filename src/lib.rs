//! AWS Config custom rule.
pub mod invocation;
pub mod rule;
