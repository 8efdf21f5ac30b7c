//! What CloudTrail says of a trail in one Region.

use serde::{Deserialize, Serialize};

use super::{observed::Answer, timestamp::Timestamp};

/// What `GetTrailStatus` answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TrailStatus {
    /// Whether the trail records now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_logging: Option<bool>,
    /// The error that S3 gave to the latest delivery, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_delivery_error: Option<String>,
    /// When a log file was last delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_delivery_time: Option<Timestamp>,
    /// When a digest file was last delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_digest_delivery_time: Option<Timestamp>,
    /// When logging was last started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_logging_time: Option<Timestamp>,
    /// When logging was last stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_logging_time: Option<Timestamp>,
}

impl Answer for TrailStatus {
    const IS_LIST: bool = false;
}
