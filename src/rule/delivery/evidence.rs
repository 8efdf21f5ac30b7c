//! What was read about the delivery of one trail.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::rule::{
    objects::{list_of_objects, objects_or_null},
    observed::{Answer, Observed},
    timestamp::Timestamp,
    trail_status::TrailStatus,
};

/// What was read about the delivery of one trail: the Regions of the account, and of each the claims of CloudTrail, the
/// names of its files and the digest files themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    /// What time it was by the clock of S3, when it first answered; absent if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
    /// How many seconds back from then the files were listed.
    pub within_seconds: u32,
    /// How many seconds back the chain of digest files was read; absent if only the newest one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_seconds: Option<u32>,
    /// Whether the calls were signed with temporary credentials, which an opt-in Region may not know although it is
    /// enabled.
    #[serde(default)]
    pub has_temporary_credentials: bool,
    /// Which Regions are enabled in the account.
    #[serde(rename = "ListRegions")]
    pub list_regions: Observed<Vec<RegionOptStatus>>,
    /// Where the bucket is; absent if it was not asked.
    #[serde(rename = "HeadBucket", default, skip_serializing_if = "Option::is_none")]
    pub head_bucket: Option<Observed<Bucket>>,
    /// What was read of each Region.
    #[serde(deserialize_with = "list_of_objects")]
    pub regions: Vec<RegionDelivery>,
}

/// One entry of `ListRegions`' `Regions`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegionOptStatus {
    /// The Region.
    pub region_name: String,
    /// `ENABLED`, `ENABLING`, `DISABLING`, `DISABLED` or `ENABLED_BY_DEFAULT`.
    pub region_opt_status: String,
}

/// What `HeadBucket` tells of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Bucket {
    /// The Region that it is in.
    pub bucket_region: String,
}

/// What was read of one Region.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegionDelivery {
    /// The Region.
    pub region: String,
    /// `GetTrailStatus` there, by the trail's ARN.
    #[serde(rename = "GetTrailStatus", default, skip_serializing_if = "Option::is_none")]
    pub get_trail_status: Option<Observed<TrailStatus>>,
    /// That call itself, which is a management event of the Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_call: Option<OwnCall>,
    /// The trail's digest files of the window and the three hours before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_files: Option<Observed<Vec<Object>>>,
    /// Where these are none: the newest of its digest files before, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier_digest_files: Option<Observed<Vec<Object>>>,
    /// Some of the log files that were written in the window, among them the newest that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_files: Option<Observed<Vec<Object>>>,
    /// The digest files that were read, the newest first.
    #[serde(
        rename = "GetObject",
        default,
        deserialize_with = "objects_or_null",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub get_object: Vec<DigestFile>,
    /// The public keys of the Region for the time of the digest files.
    #[serde(rename = "ListPublicKeys", default, skip_serializing_if = "Option::is_none")]
    pub list_public_keys: Option<Observed<Vec<PublicKey>>>,
}

/// A call of the collector's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnCall {
    /// AWS's request id, which the event has as `requestID`.
    pub request_id: String,
    /// When it was made.
    pub at: Timestamp,
    /// Whether the log files were watched for its event.
    #[serde(default)]
    pub has_been_waited_for: bool,
    /// The log file in which the event was found; absent if it was not found, or not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_in: Option<Object>,
}

/// An object as `ListObjectsV2` lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Object {
    /// Its key.
    pub key: String,
    /// When it was written.
    pub last_modified: Timestamp,
}

/// A digest file, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DigestFile {
    /// Its key.
    pub key: String,
    /// `GetObject`.
    pub object: Observed<DigestObject>,
}

/// What `GetObject` answered for a digest file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DigestObject {
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
    /// The user-defined metadata, without `x-amz-meta-`; the signature is in it.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The object's bytes as they are, in base 64; absent if they are more than [`DigestObject::MAX_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl DigestObject {
    /// The most bytes that a digest file may have as it lies in the bucket. (Real ones have about 1,000 to 5,000.)
    pub const MAX_BYTES: usize = 1 << 20;
    /// The most bytes that it may have when it is inflated.
    pub const MAX_INFLATED_BYTES: usize = 16 << 20;
}

/// One entry of `ListPublicKeys`' `PublicKeyList`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublicKey {
    /// MD5 of the value, in hexadecimal digits. A digest file names its key by it.
    pub fingerprint: String,
    /// The key in DER, in base 64.
    pub value: String,
    /// When its use begins.
    pub validity_start_time: Timestamp,
    /// When its use ends.
    pub validity_end_time: Timestamp,
}

macro_rules! answers {
    ($($list:ty),*) => {$(
        impl Answer for Vec<$list> {
            const IS_LIST: bool = true;

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                list_of_objects(deserializer)
            }
        }
    )*};
}

answers!(RegionOptStatus, Object, PublicKey);

impl Answer for Bucket {
    const IS_LIST: bool = false;
}

impl Answer for DigestObject {
    const IS_LIST: bool = false;
}
