//! Proof from the bucket: what the log files and digest files themselves say, Region by Region.
//!
//! `DescribeTrails`, `GetTrailStatus` and `GetEventSelectors` say what CloudTrail is told to do and claims to do. Here it
//! is what was delivered that counts. A digest file arrives for every Region every hour, activity or not, under AWS's
//! own signature.

pub mod evidence;
pub mod key;
mod outcome;
mod proof;

pub use outcome::{Digest, Flaw, Outcome, Previous, Proof, ReadDigest, RegionProof, Signature};
pub use proof::{Proving, Question, TrailProof, judge};
