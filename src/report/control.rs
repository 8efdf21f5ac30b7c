//! What is decided, and by what: every report says it.

use std::fmt;

use serde::Serialize;

use crate::rule;

/// The recommendation that is decided.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Control {
    /// The benchmark and its version.
    pub benchmark: &'static str,
    /// The number there.
    pub number: &'static str,
    /// The recommendation, as CIS words it.
    pub title: &'static str,
    /// The rule that decides it, by the name under which it is deployed unless another is chosen.
    pub rule: &'static str,
}

/// The recommendation that is decided.
pub const CONTROL: Control = Control {
    benchmark: "CIS AWS Foundations v3.0.0",
    number: "3.1",
    title: "Ensure CloudTrail is enabled in all regions",
    rule: rule::DEFAULT_NAME,
};

/// Such as `CIS AWS Foundations v3.0.0, 3.1`.
impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.benchmark, self.number)
    }
}

/// The program.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Tool {
    /// What it is called.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// The program.
pub const TOOL: Tool = Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

/// Such as `cloudtrail-all-regions 0.2.0`.
impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}
