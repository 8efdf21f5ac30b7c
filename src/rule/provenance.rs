//! How saved evidence came to be: the calls that were made, and what was decided.

use serde::{Deserialize, Serialize};

use super::{
    evaluation::ComplianceType,
    objects::{list_of_objects, object},
    parameters::InputParameters,
    timestamp::Timestamp,
};

/// How evidence came to be, so that the verdict can be checked against it at any later time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provenance {
    /// The program and its version.
    pub collected_by: String,
    /// Whose credentials read it: the ARN that `GetCallerIdentity` gives; absent in files of 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_as: Option<String>,
    /// The rule parameters, as they were given.
    pub rule_parameters: InputParameters,
    /// Every call, in the order in which they ended.
    #[serde(deserialize_with = "list_of_objects")]
    pub calls: Vec<Call>,
    /// What was decided.
    #[serde(deserialize_with = "object")]
    pub verdict: SavedVerdict,
    /// SHA-256, in lower-case hexadecimal digits, of the whole document without this member, as compact JSON with the
    /// keys of every object sorted.
    pub sha256: String,
}

/// A call to AWS, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// AWS's name of the operation.
    pub operation: String,
    /// The Region that was asked.
    pub region: String,
    /// When the call was made.
    pub at: Timestamp,
    /// AWS's request id, of the last attempt; absent if AWS was not reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// AWS's error code, if the call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedVerdict {
    /// On the account; absent if there was no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance_type: Option<ComplianceType>,
    /// Why.
    pub annotation: String,
}

impl SavedVerdict {
    /// What stands where there was no verdict.
    pub const NONE: &str = "NO_VERDICT";

    /// In AWS's spelling, or `NO_VERDICT`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        self.compliance_type.map_or(Self::NONE, ComplianceType::as_str)
    }
}
