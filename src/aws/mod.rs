//! The adapters: the only users of the AWS SDK. They read and write, and decide nothing.

pub mod cloudtrail;
pub mod config;
pub mod connections;
pub mod fault;

mod calls;

pub use calls::CallLog;
pub use connections::{Connections, Session};
