//! What the files in a trail's bucket prove, Region by Region.

use serde::Serialize;

use crate::rule::{
    delivery::{Proof, RegionProof, TrailProof},
    timestamp::Timestamp,
};

/// So many seconds before the window are shown, in which the digest files are listed, too.
const SHOWN_BEFORE_WINDOW: i64 = 3 * 3600;

/// What is proved of a trail's delivery.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryReport {
    /// `PROVED`, `NOT_PROVED` or `DISPROVED`.
    pub proof: &'static str,
    /// It, in one line.
    pub text: String,
    /// Whether every Region in the count is proved by a digest file that AWS signed.
    pub is_signed_by_aws: bool,
    /// What time it was, by S3 where it answered.
    pub date: Timestamp,
    /// The seconds before then in which a digest file must end.
    pub within_seconds: u32,
    /// What is to be known of the whole.
    pub notes: Vec<String>,
    /// Every Region.
    pub regions: Vec<RegionReport>,
}

/// What is proved of a Region.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegionReport {
    /// The Region.
    pub region: String,
    /// What became of it: a stable code.
    pub code: &'static str,
    /// The same in words.
    pub text: String,
    /// `PROVED`, `NOT_PROVED` or `DISPROVED`; none if the Region is outside the count.
    pub proof: Option<&'static str>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// The ends of the trail's digest files that were listed, the oldest first.
    pub digest_ends: Vec<Timestamp>,
    /// When log files were written that were listed, the oldest first.
    pub log_files: Vec<Timestamp>,
    /// The newest digest file.
    pub newest_digest: Option<String>,
}

impl DeliveryReport {
    pub(super) fn of(proof: &TrailProof) -> Self {
        Self {
            proof: name(proof.proof),
            text: proof.to_string(),
            is_signed_by_aws: proof.is_signed(),
            date: proof.now,
            within_seconds: proof.within_seconds,
            notes: proof.notes.clone(),
            regions: proof.regions.iter().map(RegionReport::of).collect(),
        }
    }

    /// Where a time is on the time line of the Regions, which ends now: 0 to 1000.
    pub(super) fn place(&self, time: Timestamp) -> i64 {
        let length = i64::from(self.within_seconds) + SHOWN_BEFORE_WINDOW;
        let before = self.date.seconds_since(time).clamp(0, length);
        // A mark is 8 wide.
        992 - before * 992 / length
    }

    /// Where the window begins on it.
    pub(super) fn window_begins(&self) -> i64 {
        self.place(self.date.plus_seconds(-i64::from(self.within_seconds)))
    }

    /// The proof in words.
    pub(super) fn proof_in_words(&self) -> &'static str {
        match self.proof {
            "PROVED" => "Proved",
            "DISPROVED" => "Disproved",
            _ => "Not proved",
        }
    }

    /// The Regions that need attention first, then the others, by name.
    pub(super) fn by_weight(&self) -> Vec<&RegionReport> {
        let mut regions: Vec<&RegionReport> = self.regions.iter().collect();
        let weight = |region: &RegionReport| match region.proof {
            Some("DISPROVED") => 0,
            Some("NOT_PROVED") => 1,
            Some(_) => 2,
            None => 3,
        };
        regions.sort_by_key(|region| (weight(region), &region.region));
        regions
    }
}

impl RegionReport {
    /// What became of it, and what else is to be known.
    pub(super) fn in_words(&self) -> String {
        let words: Vec<&str> = std::iter::once(&self.text).chain(&self.notes).map(String::as_str).collect();
        words.join(". ")
    }

    /// The sign on the page.
    pub(super) fn sign(&self) -> &'static str {
        match self.proof {
            Some("PROVED") => "pass",
            Some("DISPROVED") => "fail",
            Some(_) => "unsure",
            None => "none",
        }
    }

    fn of(proof: &RegionProof) -> Self {
        Self {
            region: proof.region.clone(),
            code: proof.outcome.code(),
            text: proof.outcome.to_string(),
            proof: proof.outcome.proof().map(name),
            notes: proof.notes.clone(),
            digest_ends: proof.digest_ends.clone(),
            log_files: proof.log_files.clone(),
            newest_digest: proof.newest_digest.as_ref().map(|object| object.key.clone()),
        }
    }
}

fn name(proof: Proof) -> &'static str {
    match proof {
        Proof::Proved => "PROVED",
        Proof::NotProved => "NOT_PROVED",
        Proof::Disproved => "DISPROVED",
    }
}
