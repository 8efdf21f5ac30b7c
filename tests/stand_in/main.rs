//! The stand-in, spoken to over a plain socket.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper that fails fails its test")]

mod client;
mod cloudtrail;
mod config;
mod config_rules;
mod events;
mod faults;
mod identity;
mod sts;
mod timing;
