//! The command line against a stand-in of AWS on this machine: what its users meet.
#![cfg(feature = "cli")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod check;
mod compare;
mod harness;
