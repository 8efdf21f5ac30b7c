//! Buckets, and where a trail's files lie in one.

use std::collections::{BTreeMap, BTreeSet};

use crate::rule::timestamp::Timestamp;

/// A bucket.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    /// The Region that it is in.
    pub region: String,
    /// The accounts that may read it; none if all may.
    pub readers: Option<BTreeSet<String>>,
    /// The objects by key.
    pub objects: BTreeMap<String, Object>,
}

/// An object.
#[derive(Debug, Clone)]
pub struct Object {
    /// When it was written.
    pub last_modified: Timestamp,
    /// The user-defined metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Whether it is in an archive, and cannot be read.
    pub is_archived: bool,
    /// Whether a listing still has it although it is gone.
    pub is_gone: bool,
}

impl Object {
    /// An object of these bytes, without metadata.
    #[must_use]
    pub fn new(last_modified: Timestamp, body: impl Into<Vec<u8>>) -> Self {
        Self { last_modified, metadata: BTreeMap::new(), body: body.into(), is_archived: false, is_gone: false }
    }
}

/// A trail's files about one account and Region.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in a digest file's key")]
pub struct Deliveries {
    pub bucket: String,
    pub prefix: Option<String>,
    pub organization: Option<String>,
    pub account: String,
    pub region: String,
    pub trail: String,
    pub home_region: String,
}
