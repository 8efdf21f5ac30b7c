//! THE DECISION: pure.
pub mod evidence;
pub mod timestamp;
