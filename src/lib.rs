//! An AWS Config custom rule: is every management event of this AWS account, in every Region, really being recorded right
//! now? It decides CIS AWS Foundations v3.0.0, recommendation 3.1, from live answers of CloudTrail.
//!
//! The data goes one way: event, collect, evaluate, report.
//!
//! | module, top first | what it does |
//! |---|---|
//! | `cli` | the command line |
//! | `handler` | one invocation by AWS Config, on one page: parse, collect, evaluate, report |
//! | `aws` | the adapters, the only users of the SDK: collect evidence, report evaluations |
//! | `report`, `telemetry` | what a verdict looks like, one file a format; what an invocation leaves in the log |
//! | [`invocation`] | AWS Config's event, read tolerantly, pure |
//! | [`clock`] | what time it is |
//! | [`rule`] | **the decision**, pure: evidence and parameters in, evaluations out |
//! | [`error`] | an error's whole chain, on one line |
//!
//! A module uses only what stands below it; `.ci/imports.py` holds it to that. Beside them is `stand_in`: CloudTrail, Config
//! and STS on a loopback port. It knows `rule` and `clock`, no SDK, and is not in the Lambda binary.
//!
//! `bootstrap`, the Lambda function, and `cloudtrail-all-regions`, the command line, are thin.
//!
//! Features: `aws` (adapters and handler), `lambda` (the Lambda runtime), `stand-in`, `cli` (the command line, and reports);
//! all are on by default. Without features only the pure modules are left, so the compiler proves that the decision knows no
//! SDK type.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod error;
#[cfg(feature = "aws")]
pub mod handler;
pub mod invocation;
#[cfg(feature = "cli")]
pub mod report;
pub mod rule;
#[cfg(feature = "stand-in")]
pub mod stand_in;
#[cfg(feature = "aws")]
pub mod telemetry;
