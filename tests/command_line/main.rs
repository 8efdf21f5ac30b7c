//! The command line as its users meet it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod check;
mod cli;
mod compare;
mod completions;
mod conventions;
mod doctor;
mod endpoints;
mod evidence;
mod example_account;
mod exceptions;
mod facts;
mod formats;
mod harness;
mod hostile;
mod many;
mod organization;
mod pictures;
mod prove;
mod report;
#[cfg(target_os = "linux")]
mod terminal;
mod words;
