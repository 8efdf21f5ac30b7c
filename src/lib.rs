//! An AWS Config custom rule: is every management event of this AWS account, in every Region, really being recorded right
//! now? It decides CIS AWS Foundations v3.0.0, recommendation 3.1, from live answers of CloudTrail.
//!
//! The data goes one way: event, collect, evaluate, report.
//!
//! | module | what it does | may use |
//! |---|---|---|
//! | [`rule`] | **the decision**, pure: evidence and parameters in, evaluations out | nothing below |
//! | [`invocation`] | AWS Config's event, read tolerantly, pure | `rule` |
//! | `aws` | the adapters, the only users of the SDK: collect evidence, report evaluations | `invocation`, `rule` |
//! | `report` | what a verdict looks like: report, remedies, one file a format, pure | `rule` |
//! | [`error`] | an error's whole chain, on one line | nothing |
//! | `handler` | one invocation on one page; `telemetry` is its log | `aws` and above |
//! | `stand_in` | CloudTrail, Config and STS on a loopback port; knows no SDK and is not in the Lambda binary | `rule`'s timestamps and Regions |
//! | `cli` | the command line | all |
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
