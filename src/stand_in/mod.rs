//! A stand-in for AWS: `CloudTrail`, Config and STS endpoints on one loopback port, speaking AWS's own wire protocols.
//!
//! The unmodified AWS SDKs and the `aws` command line talk to it through `AWS_ENDPOINT_URL`. It serves accounts that
//! are described by [Evidence](crate::rule::evidence), keeps evaluations as AWS Config does, refuses what AWS refuses,
//! and misbehaves when told to. It never decides anything about an account, and it shares no code with a client.
//!
//! | module | what it knows |
//! |---|---|
//! | `server` | connections, and the way of one request, with a port or without |
//! | `dispatch`, `model` | operations, the constraints on their requests, and who answers them |
//! | `cloudtrail`, `config`, `config_rules`, `pages`, `sts`, `account`, `s3`, `organizations` | the answers |
//! | `authentication` | who signed a request, and for which Region |
//! | `world` | the state: accounts, Regions, settings |
//! | [`digests`] | the log files and digest files that CloudTrail delivers |
//! | `faults`, `waves` | misbehaviour and timing |
//! | `calls` | what was asked and answered |
//! | `evidence`, `results`, `identity`, [`bucket`], [`organization`] | what the state is made of |
//! | `wire` | the protocols awsJson1.1, AWS query, restJson1 and restXml |
//! | [`events`] | the payloads with which Config invokes a rule |
//!
//! Wire forms and constraints are those of AWS's service models (CloudTrail 2013-11-01, Config 2014-11-12,
//! STS 2011-06-15), as `tests/outside/wire` checks. The value of a signature is not verified.

mod account;
mod aggregator;
mod authentication;
pub mod bucket;
mod calls;
mod cloudtrail;
mod config;
mod config_rules;
pub mod digests;
mod dispatch;
pub mod events;
mod evidence;
mod faults;
mod identity;
mod model;
pub mod organization;
mod organizations;
mod pages;
mod results;
mod s3;
mod server;
mod sts;
mod waves;
mod wire;
mod world;

pub use calls::{Call, Exchange, round_trips};
pub use evidence::InvalidEvidence;
pub use faults::{Fault, Misbehaviour};
pub use identity::Credentials;
pub use results::{ConfigRule, Row};
pub use server::{Endpoints, StandIn};
pub use world::World;
