//! What is decided of evidence, parameters and an event: no SDK, no socket.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;
mod corpus;
mod delivery;
mod evidence_schema;
mod invocation;
mod properties;
mod recorded;
mod regions;
mod schema;
