//! What became of a trail's delivery in one Region.

use std::fmt;

use super::{
    evidence::{DigestObject, Object, PublicKey},
    key::Place,
};
use crate::rule::{
    evidence::Refusal,
    timestamp::{Timestamp, span},
};

/// How a digest file is opened: its bytes, its place, and the public keys of its Region, if they could be had.
pub type ReadDigest<'r> = dyn Fn(&DigestObject, &str, &Place<'_>, Option<&[PublicKey]>) -> Result<Digest, Flaw> + 'r;

/// What a digest file says that is whole, lies where it says, and is not known to be signed badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The end of the hour that it covers.
    pub end: Timestamp,
    /// How many log files it lists.
    pub log_files: usize,
    /// The digest file before it; none if it is the first since validation or logging was started.
    pub previous: Option<Previous>,
    /// SHA-256 of its inflated bytes, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Its signature in hexadecimal digits, as the object's metadata have it.
    pub signature_hex: String,
    /// What became of the signature.
    pub signature: Signature,
}

/// What a digest file says of the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as `previousDigestS3Bucket` and its like")]
pub struct Previous {
    pub bucket: String,
    pub key: String,
    pub sha256: String,
    pub signature_hex: String,
}

/// What became of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// It is AWS's.
    Good,
    /// Its key is not among those that AWS lists for the time.
    KeyNotListed,
    /// AWS's keys could not be had.
    NotChecked,
}

/// What is wrong with a digest file. Nothing that it says counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "`Display` names each")]
pub enum Flaw {
    #[error("is larger than {} bytes", DigestObject::MAX_BYTES)]
    TooLarge,
    #[error("inflates to more than {} bytes", DigestObject::MAX_INFLATED_BYTES)]
    TooLargeInflated,
    #[error("is no gzip file")]
    NotGzip,
    #[error("has bytes after its end")]
    TrailingBytes,
    #[error("is not what a digest file is: {0}")]
    Malformed(String),
    #[error("has no `{0}` in its metadata")]
    MetadataAbsent(&'static str),
    #[error("has a signature that is not made of hexadecimal digits")]
    SignatureMalformed,
    #[error("is signed with `{0}`; valid is SHA256withRSA")]
    Algorithm(String),
    #[error("says that it lies in `{0}`")]
    OtherBucket(String),
    #[error("says that its key is `{0}`")]
    OtherKey(String),
    #[error("says that it is of account `{0}`")]
    OtherAccount(String),
    #[error("says that it ends at {}", .0.for_people())]
    OtherEnd(Timestamp),
    #[error("is not signed by AWS")]
    BadSignature,
    #[error("is named by the one after it, and not there")]
    Absent,
    #[error("is not the one that the one after it names: its hash is another")]
    OtherHash,
    #[error("is not the one that the one after it names: its signature is another")]
    OtherSignature,
}

/// What the evidence says of the delivery in one Region.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "`code` and `Display` name each")]
pub enum Outcome {
    NotEnabled,
    Changing { opt_status: String },
    Unreadable { refusal: Refusal },
    Unanswered { refusal: Refusal },
    Broken { end: Timestamp, flaw: Flaw },
    Unverifiable { end: Timestamp, refusal: Option<Refusal> },
    Failing { s3_error: String },
    Delivering { until: Timestamp, signature: Option<Signature> },
    Quiet { until: Timestamp, signature: Signature },
    Starting,
    Undigested,
    Silent { since: Timestamp, now: Timestamp },
    Never { is_disproved: bool },
    Unproved { has_waited: bool },
}

/// Whether log files arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// They were seen to.
    Proved,
    /// It is not known.
    NotProved,
    /// They were seen not to.
    Disproved,
}

impl Proof {
    /// In one word, or two.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::NotProved => "not proved",
            Self::Disproved => "disproved",
        }
    }
}

/// One Region, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionProof {
    /// The Region.
    pub region: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What else is to be known, a sentence each, without a full stop.
    pub notes: Vec<String>,
    /// The ends of the trail's digest files that were listed, the oldest first.
    pub digest_ends: Vec<Timestamp>,
    /// When the log files were written that were listed, the oldest first.
    pub log_files: Vec<Timestamp>,
    /// The digest file that was read first.
    pub newest_digest: Option<Object>,
}

impl Outcome {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEnabled => "not-enabled",
            Self::Changing { .. } => "changing",
            Self::Unreadable { .. } => "unreadable",
            Self::Unanswered { .. } => "unanswered",
            Self::Broken { .. } => "broken",
            Self::Unverifiable { .. } => "unverifiable",
            Self::Failing { .. } => "failing",
            Self::Delivering { .. } => "delivering",
            Self::Quiet { .. } => "quiet",
            Self::Starting => "starting",
            Self::Undigested => "undigested",
            Self::Silent { .. } => "silent",
            Self::Never { .. } => "never",
            Self::Unproved { .. } => "unproved",
        }
    }

    /// What it counts as; none if the Region is outside the count.
    #[must_use]
    pub fn proof(&self) -> Option<Proof> {
        match self {
            Self::NotEnabled | Self::Changing { .. } => None,
            Self::Delivering { .. } | Self::Quiet { .. } => Some(Proof::Proved),
            Self::Unreadable { .. }
            | Self::Unanswered { .. }
            | Self::Unverifiable { .. }
            | Self::Starting
            | Self::Undigested
            | Self::Never { is_disproved: false }
            | Self::Unproved { .. } => Some(Proof::NotProved),
            Self::Broken { .. } | Self::Failing { .. } | Self::Silent { .. } | Self::Never { is_disproved: true } => {
                Some(Proof::Disproved)
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnabled => f.write_str("is not enabled"),
            Self::Changing { opt_status } => write!(f, "is {opt_status}"),
            Self::Unreadable { refusal } if refusal.code == "InvalidObjectState" => {
                write!(f, "cannot be read: its digest file is archived ({refusal})")
            }
            Self::Unreadable { refusal } if refusal.code == Refusal::TOO_MANY_KEYS => {
                write!(f, "cannot be read: too many keys ({})", refusal.operation)
            }
            Self::Unreadable { refusal } => write!(f, "cannot be read ({refusal})"),
            Self::Unanswered { refusal } => write!(f, "was not read this time ({refusal})"),
            Self::Broken { end, flaw } => write!(f, "is broken: the digest file of {} {flaw}", end.for_people()),
            Self::Unverifiable { end, refusal: Some(refusal) } => {
                write!(f, "cannot be verified: no public key for the digest file of {} ({refusal})", end.for_people())
            }
            Self::Unverifiable { end, refusal: None } => {
                write!(f, "cannot be verified: AWS does not list the public key of the digest file of {}", end.for_people())
            }
            Self::Failing { s3_error } => write!(f, "is failing: delivery to S3 gives {s3_error}, and nothing arrived"),
            Self::Delivering { until, signature } => {
                write!(f, "is delivering, until {}{}", until.for_people(), unsigned(*signature))
            }
            Self::Quiet { until, signature } => {
                write!(f, "is quiet: no event to deliver until {}{}", until.for_people(), unsigned(Some(*signature)))
            }
            Self::Starting => f.write_str("is starting: logging or validation is new there"),
            Self::Undigested => f.write_str("is undigested: log files arrive, and no digest file"),
            Self::Silent { since, now } => write!(f, "is silent since {} ({})", since.for_people(), span(now.seconds_since(*since))),
            Self::Never { is_disproved: true } => f.write_str("never had a digest file"),
            Self::Never { is_disproved: false } => {
                f.write_str("never had a digest file, and GetTrailStatus does not say since when it is logging")
            }
            Self::Unproved { has_waited: false } => f.write_str(
                "is unproved: without log file validation a quiet Region looks like a silent one; turn it on, or use --wait",
            ),
            Self::Unproved { has_waited: true } => f.write_str("is unproved: our own call is in no log file yet"),
        }
    }
}

fn unsigned(signature: Option<Signature>) -> &'static str {
    match signature {
        Some(Signature::Good) => "",
        Some(Signature::KeyNotListed | Signature::NotChecked) => " (signature not checked)",
        None => " (not signed)",
    }
}
