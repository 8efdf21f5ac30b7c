//! The function: the handler and the unmodified AWS SDK, and the binary as it ships, against a stand-in of AWS on
//! loopback. Expectations are by hand from the specification.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bodies;
mod bootstrap;
mod cases;
mod central;
mod connections;
mod decision_cases;
mod fault_matrix;
mod garbled;
mod hanging;
mod harness;
mod home_region;
mod order;
mod own_faults;
mod record;
mod report;
mod same_bytes;
mod simulation;
mod transient;
mod unknown_members;
mod waves;
mod withdraw;
