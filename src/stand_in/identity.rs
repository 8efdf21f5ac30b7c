//! Keys, roles, and who signs with them.

use std::{fmt, time::SystemTime};

use crate::rule::region;

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…` for a long-term key, `ASIA…` for a temporary one.
    pub access_key_id: String,
    /// Any text does: signatures are not verified.
    pub secret_access_key: String,
    /// What a temporary key must send along; `None` for a long-term key.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// What stands behind an access key id.
pub(super) struct Key {
    pub(super) account: String,
    pub(super) session: Option<Session>,
}

/// A role session.
pub(super) struct Session {
    pub(super) token: String,
    pub(super) expires_at: SystemTime,
    pub(super) role_name: String,
    pub(super) name: String,
}

/// A role, and the account that it trusts.
pub(super) struct Role {
    pub(super) account: String,
    /// With its path, without a leading slash.
    pub(super) path_and_name: String,
    pub(super) trusted_account: String,
}

/// The signer of a request.
pub(super) struct Caller {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) arn: String,
    pub(super) user_id: String,
}

/// The scope that an `Authorization` header names.
pub(super) struct Scope<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl<'a> Scope<'a> {
    /// Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…`.
    pub(super) fn read(authorization: &'a str) -> Option<Self> {
        let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name));
        field("SignedHeaders=")?;
        field("Signature=")?;
        let mut parts = field("Credential=")?.split('/');
        let access_key_id = parts.next()?;
        let _date = parts.next()?;
        let (region, service) = (parts.next()?, parts.next()?);
        (parts.next() == Some("aws4_request")).then_some(Self { access_key_id, region, service })
    }
}

/// The partition that a Region belongs to.
pub(super) fn partition(region: &str) -> &'static str {
    region::partition(region).unwrap_or("aws")
}
