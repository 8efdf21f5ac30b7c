//! Whether a trail delivers, Region by Region: the first outcome that fits, and what it adds up to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    evidence::{Delivery, DigestFile, DigestObject, Object, RegionDelivery},
    key::{DigestKey, Place},
    outcome::{Digest, Flaw, Outcome, Proof, ReadDigest, RegionProof, Signature},
};
use crate::rule::{
    evidence::{Observed, Refusal, Trail, TrailStatus},
    region,
    timestamp::{Timestamp, span},
};

const HOUR: i64 = 3600;
/// How long a Region may take to deliver after logging was started there: "up to several hours" in an opt-in Region
/// (CloudTrail user guide, "Multi-Region trails and opt-in Regions").
const STARTING_HOURS: i64 = 3;
const STARTING_HOURS_OPT_IN: i64 = 24;
/// A Region that an account has enabled by itself.
const OPTED_IN: &str = "ENABLED";

/// What is asked of a trail's delivery.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The account.
    pub account_id: &'q str,
    /// When the evidence was collected; the clock of S3 comes before it.
    pub collected_at: Timestamp,
    /// The seconds before now in which a digest file must end.
    pub within_seconds: u32,
    /// Whether an error that CloudTrail reports counts.
    pub check_delivery: bool,
    /// Whether log files in the trail's bucket and prefix can be those of another trail.
    pub shares_bucket: bool,
}

/// What `prove` asks beside the rule.
#[derive(Clone)]
pub struct Proving<'p> {
    /// The ARN of the only trail whose delivery is asked for; none if it is asked for of each one that passes.
    pub trail: Option<String>,
    /// The seconds before now in which a digest file must end.
    pub within_seconds: u32,
    /// Opens a digest file and checks its signature.
    pub read: &'p ReadDigest<'p>,
}

/// A trail's delivery, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailProof {
    /// Every Region, by name; those outside the count too.
    pub regions: Vec<RegionProof>,
    /// What it adds up to.
    pub proof: Proof,
    /// What is to be known of the whole, a sentence each, without a full stop.
    pub notes: Vec<String>,
    /// What time it was.
    pub now: Timestamp,
    /// The seconds before that in which a digest file must end.
    pub within_seconds: u32,
    shares_bucket: bool,
}

/// Judges the delivery of a trail.
#[must_use]
pub fn judge(trail: &Trail, question: &Question<'_>, read: &ReadDigest<'_>) -> TrailProof {
    let delivery = trail.delivery.as_ref();
    let now = delivery.and_then(|delivery| delivery.date).unwrap_or(question.collected_at);
    let since = now.plus_seconds(-i64::from(question.within_seconds));
    let mut proof = TrailProof {
        regions: Vec::new(),
        proof: Proof::NotProved,
        notes: Vec::new(),
        now,
        within_seconds: question.within_seconds,
        shares_bucket: question.shares_bucket,
    };
    let Some(delivery) = delivery else {
        proof.notes.push("Its delivery was not looked at".to_owned());
        return proof;
    };
    if let Some(refused) = delivery.head_bucket.as_ref().and_then(Observed::refusal) {
        proof.notes.push(format!("The Region of the bucket is not known ({refused})"));
    }
    if let Some(refused) = delivery.list_regions.refusal() {
        let mut note = format!("Which Regions are enabled could not be listed ({refused}): every known one was asked");
        if delivery.has_temporary_credentials {
            note += "; with temporary credentials an opt-in Region cannot be told from a disabled one";
        }
        proof.notes.push(note);
    }
    let not_read = RegionDelivery::default();
    let sights: Vec<Sight<'_>> = regions(trail, delivery)
        .into_iter()
        .filter_map(|(name, opt_status)| {
            let read_there = delivery.regions.iter().find(|read| read.region == name).unwrap_or(&not_read);
            let place = Place::of(trail, question.account_id, name)?;
            Some(Sight::new(place, opt_status, read_there, now, since))
        })
        .collect();
    let is_new = sights.iter().all(|sight| sight.keys.iter().all(|(key, _)| key.end >= since))
        && sights.iter().any(|sight| sight.has_log_file);
    let judge = Judge { trail, question, delivery, is_new, now, since, read };
    proof.regions = sights.iter().map(|sight| judge.region(sight)).collect();
    let outcomes = || proof.regions.iter().filter_map(|region| region.outcome.proof());
    // Disproved outranks not proved, and a set without a Region proves nothing.
    proof.proof = outcomes().max().unwrap_or(Proof::NotProved);
    proof
}

/// The Regions that are asked about, each with its status where that is known: those that are listed, else all of the
/// trail's partition.
fn regions<'d>(trail: &'d Trail, delivery: &'d Delivery) -> BTreeMap<&'d str, Option<&'d str>> {
    let mut regions: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    if let Observed::Known(listed) = &delivery.list_regions {
        for entry in listed {
            let known = regions.entry(&entry.region_name).or_insert(Some(&entry.region_opt_status));
            // Of two contradictory entries the one counts that leaves the Region in the count.
            if is_outside(*known) {
                *known = Some(&entry.region_opt_status);
            }
        }
    } else {
        let partition = trail.home_region().and_then(region::partition);
        let of_partition = region::known().filter(|known| partition.is_some() && region::partition(known) == partition);
        regions.extend(of_partition.map(|known| (known, None)));
        regions.extend(delivery.regions.iter().map(|read| (read.region.as_str(), None)));
    }
    regions
}

fn is_outside(opt_status: Option<&str>) -> bool {
    matches!(opt_status, Some("DISABLED" | "ENABLING" | "DISABLING"))
}

/// What was seen of a Region, with its files read and sorted.
struct Sight<'e> {
    place: Place<'e>,
    opt_status: Option<&'e str>,
    read: &'e RegionDelivery,
    /// The trail's digest files, the oldest first, without backfill and without those of the future.
    keys: Vec<(DigestKey, &'e Object)>,
    /// When log files were written in the window.
    log_files: Vec<Timestamp>,
    has_log_file: bool,
    has_future: bool,
}

impl<'e> Sight<'e> {
    fn new(
        place: Place<'e>,
        opt_status: Option<&'e str>,
        read: &'e RegionDelivery,
        now: Timestamp,
        since: Timestamp,
    ) -> Self {
        let listed = |files: &'e Option<Observed<Vec<Object>>>| files.iter().filter_map(Observed::known).flatten();
        let mut keys: Vec<_> = listed(&read.digest_files)
            .chain(listed(&read.earlier_digest_files))
            .filter_map(|object| Some((place.read_digest_key(&object.key)?, object)))
            .filter(|(key, _)| !key.is_backfill)
            .collect();
        keys.sort_by_key(|(key, object)| (key.end, &object.key));
        keys.dedup_by_key(|(_, object)| &object.key);
        let listed_keys = keys.len();
        keys.retain(|(key, _)| key.end <= now);
        let mut log_files: Vec<Timestamp> = listed(&read.log_files)
            .filter(|object| place.is_log_file(&object.key))
            .map(|object| object.last_modified)
            .filter(|written| (since..=now).contains(written))
            .collect();
        log_files.sort_unstable();
        Self {
            has_future: keys.len() < listed_keys,
            has_log_file: !log_files.is_empty(),
            place,
            opt_status,
            read,
            keys,
            log_files,
        }
    }

    fn newest(&self) -> Option<(DigestKey, &'e Object)> {
        self.keys.last().copied()
    }

    fn status(&self) -> Option<&'e TrailStatus> {
        self.read.get_trail_status.as_ref()?.known()
    }

    fn status_refusal(&self) -> Option<&'e Refusal> {
        match self.read.get_trail_status.as_ref()? {
            Observed::Refused { refused } => Some(refused),
            Observed::Unanswered { .. } | Observed::Known(_) => None,
        }
    }

    fn found_own_call(&self, since: Timestamp) -> Option<&'e Object> {
        let call = self.read.own_call.as_ref()?;
        let found = call.found_in.as_ref().filter(|found| self.place.is_log_file(&found.key))?;
        // An event is not delivered before it happens.
        (found.last_modified >= call.at.to_second() && call.at >= since).then_some(found)
    }

    fn file(&self, key: &str) -> Option<&'e DigestFile> {
        self.read.get_object.iter().find(|file| file.key == key)
    }
}

/// What the digest files of a Region that were read come to.
#[derive(Default)]
struct Chain {
    newest: Option<Digest>,
    /// Log files that the digest files list: all that were read, and those that end in the window.
    lists_files: bool,
    lists_files_in_window: bool,
    not_checked: bool,
}

struct Judge<'j> {
    trail: &'j Trail,
    question: &'j Question<'j>,
    delivery: &'j Delivery,
    /// Whether no Region has a digest file from before the window, and some Region has a log file in it.
    is_new: bool,
    now: Timestamp,
    since: Timestamp,
    read: &'j ReadDigest<'j>,
}

impl Judge<'_> {
    fn region(&self, sight: &Sight<'_>) -> RegionProof {
        let mut notes = Vec::new();
        if sight.has_future {
            notes.push("A digest file whose key is of the future was not looked at".to_owned());
        }
        note_missing_hours(sight, &mut notes);
        let outcome = self.outcome(sight, &mut notes).unwrap_or_else(|outcome| outcome);
        if let (Some(told), Some((_, newest))) =
            (sight.status().and_then(|status| status.latest_digest_delivery_time), sight.newest())
            && told.seconds_since(newest.last_modified) > 600
        {
            notes.push(format!(
                "CloudTrail reports a digest file as delivered at {}, and it is not in the bucket",
                told.for_people()
            ));
        }
        RegionProof {
            region: sight.place.region.to_owned(),
            outcome,
            notes,
            digest_ends: sight.keys.iter().map(|(key, _)| key.end).collect(),
            log_files: sight.log_files.clone(),
            newest_digest: sight.newest().map(|(_, object)| object.clone()),
        }
    }

    /// The first outcome that fits; `Err` ends the search.
    fn outcome(&self, sight: &Sight<'_>, notes: &mut Vec<String>) -> Result<Outcome, Outcome> {
        self.outside_the_count(sight, notes)?;
        let own_call = sight.found_own_call(self.since);
        let in_window = sight.newest().filter(|(key, _)| key.end >= self.since);
        let listed = self.listed(sight, in_window.is_some());
        if own_call.is_none() {
            listed?;
        }
        let chain = match in_window {
            Some((key, object)) => self.chain(sight, key, object, notes, own_call.is_some())?,
            None => Chain::default(),
        };
        let s3_error = sight.status().and_then(|status| status.latest_delivery_error.as_deref()).and_then(s3_error);
        if let Some(s3_error) = s3_error.filter(|_| self.question.check_delivery)
            && !sight.has_log_file
            && !chain.lists_files_in_window
            && own_call.is_none()
        {
            return Ok(Outcome::Failing { s3_error: s3_error.to_owned() });
        }
        let validates = self.trail.log_file_validation_enabled == Some(true);
        let signature = if chain.not_checked { Signature::NotChecked } else { Signature::Good };
        if let Some(digest) = &chain.newest
            && chain.lists_files
        {
            return Ok(Outcome::Delivering { until: digest.end, signature: Some(signature) });
        }
        if let Some(found) = own_call {
            return Ok(Outcome::Delivering { until: found.last_modified, signature: None });
        }
        if let (false, None, Some(written)) = (validates, &chain.newest, sight.log_files.last()) {
            return Ok(Outcome::Delivering { until: *written, signature: None });
        }
        if let Some(digest) = &chain.newest {
            return Ok(Outcome::Quiet { until: digest.end, signature });
        }
        Ok(self.without_digest(sight, validates))
    }

    /// Where no digest file of the trail ends in the window, and every listing was answered.
    fn without_digest(&self, sight: &Sight<'_>, validates: bool) -> Outcome {
        let hours = if sight.opt_status == Some(OPTED_IN) { STARTING_HOURS_OPT_IN } else { STARTING_HOURS };
        let started = sight.status().and_then(|status| status.start_logging_time);
        let is_started_lately = started.is_some_and(|at| self.now.seconds_since(at) < hours * HOUR);
        let is_unknown_there = sight.status_refusal().is_some_and(|refusal| refusal.code == "TrailNotFoundException");
        if is_started_lately || is_unknown_there || (validates && self.is_new) {
            return Outcome::Starting;
        }
        match (validates, sight.has_log_file, sight.newest()) {
            (true, true, _) => Outcome::Undigested,
            (true, false, Some((key, _))) => Outcome::Silent { since: key.end, now: self.now },
            (true, false, None) => Outcome::Never { is_disproved: started.is_some() },
            (false, ..) => Outcome::Unproved {
                has_waited: sight.read.own_call.as_ref().is_some_and(|call| call.has_been_waited_for),
            },
        }
    }

    fn outside_the_count(&self, sight: &Sight<'_>, notes: &mut Vec<String>) -> Result<(), Outcome> {
        let newest = sight.newest().map(|(key, _)| key.end);
        let is_disabled = match sight.opt_status {
            Some("DISABLED") => true,
            Some(opt_status) if is_outside(Some(opt_status)) => {
                return Err(Outcome::Changing { opt_status: opt_status.to_owned() });
            }
            Some(_) => false,
            None => {
                let refusal = sight.status_refusal();
                let is_unrecognized = refusal.is_some_and(|refusal| {
                    ["UnrecognizedClientException", "UnrecognizedClient"].contains(&refusal.code.as_str())
                });
                let is_recent = |end: Timestamp| self.now.seconds_since(end) <= 7 * 24 * HOUR;
                // What could not be listed may be there.
                let is_listed = self.listed(sight, newest.is_some()).is_ok();
                is_unrecognized && is_listed && !newest.is_some_and(is_recent)
            }
        };
        if is_disabled {
            if newest.is_some_and(|end| end >= self.since) || sight.has_log_file {
                notes.push("It is not enabled, and files of it are still delivered".to_owned());
            }
            return Err(Outcome::NotEnabled);
        }
        Ok(())
    }

    /// Whether every listing that the outcome rests on was answered to its last page.
    fn listed(&self, sight: &Sight<'_>, has_digest_in_window: bool) -> Result<(), Outcome> {
        answered(sight.read.digest_files.as_ref(), "ListObjectsV2")?;
        answered(sight.read.log_files.as_ref(), "ListObjectsV2")?;
        let validates = self.trail.log_file_validation_enabled == Some(true);
        let rests_on_earlier = !has_digest_in_window && sight.keys.is_empty() && validates;
        if rests_on_earlier { answered(sight.read.earlier_digest_files.as_ref(), "ListObjectsV2") } else { Ok(()) }
    }

    /// Reads the newest digest file, and those before it that were to be read.
    fn chain(
        &self,
        sight: &Sight<'_>,
        newest: DigestKey,
        object: &Object,
        notes: &mut Vec<String>,
        may_be_withheld: bool,
    ) -> Result<Chain, Outcome> {
        let mut chain = Chain::default();
        let back_to = self.delivery.verify_seconds.map(|seconds| self.now.plus_seconds(-i64::from(seconds)));
        let (mut key, mut end) = (object.key.as_str(), newest.end);
        let mut named: Option<super::Previous> = None;
        let mut seen = BTreeSet::new();
        loop {
            let stored = sight.file(key).map(|file| &file.object);
            let object = match (stored, &named) {
                (Some(Observed::Refused { refused }), Some(_)) if refused.code == "InvalidObjectState" => {
                    notes.push(format!(
                        "The digest file of {} is archived: the chain was checked back to there",
                        end.for_people()
                    ));
                    return Ok(chain);
                }
                (Some(Observed::Refused { refused }), Some(_)) if refused.code == "NoSuchKey" => {
                    return Err(Outcome::Broken { end, flaw: Flaw::Absent });
                }
                _ => match answered(stored, "GetObject") {
                    Ok(()) => stored.and_then(Observed::known),
                    Err(_) if may_be_withheld && named.is_none() => None,
                    Err(outcome) => return Err(outcome),
                },
            };
            let Some(object) = object else { return Ok(chain) };
            let digest = self.open(sight, key, end, object)?;
            if let Some(named) = &named {
                let is_other_hash = !named.sha256.eq_ignore_ascii_case(&digest.sha256);
                let is_other_signature = !named.signature_hex.eq_ignore_ascii_case(&digest.signature_hex);
                if is_other_hash || is_other_signature {
                    let flaw = if is_other_hash { Flaw::OtherHash } else { Flaw::OtherSignature };
                    return Err(Outcome::Broken { end, flaw });
                }
            }
            chain.not_checked |= digest.signature == Signature::NotChecked;
            chain.lists_files |= digest.log_files > 0;
            chain.lists_files_in_window |= digest.log_files > 0 && end >= self.since;
            let previous = digest.previous.clone();
            chain.newest.get_or_insert(digest);
            let Some(back_to) = back_to else { return Ok(chain) };
            let Some(previous) = previous else {
                if end > back_to {
                    let missing = span(end.seconds_since(back_to));
                    notes.push(format!(
                        "The chain starts with the digest file of {}: {missing} before it have none",
                        end.for_people()
                    ));
                }
                return Ok(chain);
            };
            let here = sight.place.read_digest_key(&previous.key).filter(|_| previous.bucket == sight.place.bucket);
            let Some(before) = here else {
                notes.push(format!(
                    "The digest file of {} continues one elsewhere (bucket {}, key {}): that was not followed",
                    end.for_people(),
                    previous.bucket,
                    previous.key
                ));
                return Ok(chain);
            };
            if before.end < back_to || !seen.insert(before.end) {
                return Ok(chain);
            }
            end = before.end;
            let Some(file) = sight.file(&previous.key) else {
                return Err(Outcome::Unanswered { refusal: not_asked("GetObject") });
            };
            key = &file.key;
            named = Some(previous);
        }
    }

    fn open(&self, sight: &Sight<'_>, key: &str, end: Timestamp, object: &DigestObject) -> Result<Digest, Outcome> {
        let keys = sight.read.list_public_keys.as_ref();
        let listed = keys.and_then(Observed::known).map(Vec::as_slice);
        let digest = (self.read)(object, key, &sight.place, listed).map_err(|flaw| Outcome::Broken { end, flaw })?;
        let withheld = match keys {
            None => Some(not_asked("ListPublicKeys")),
            Some(Observed::Unanswered { unanswered }) => Some(unanswered.clone()),
            Some(Observed::Known(_) | Observed::Refused { .. }) => None,
        };
        if withheld.is_some() || digest.signature == Signature::KeyNotListed {
            return Err(Outcome::Unverifiable { end, refusal: withheld });
        }
        Ok(digest)
    }
}

fn note_missing_hours(sight: &Sight<'_>, notes: &mut Vec<String>) {
    let ends: Vec<Timestamp> = sight.keys.iter().map(|(key, _)| key.end).collect();
    for pair in ends.windows(2) {
        let missing = (pair[1].seconds_since(pair[0]) + HOUR / 2) / HOUR - 1;
        if missing > 0 {
            let s = if missing == 1 { "" } else { "s" };
            notes.push(format!("{missing} digest file{s} missing between {} and {}", pair[0], pair[1]));
        }
    }
}

/// The error that S3 gave, if that is what the text says.
fn s3_error(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty() && *text != "None")
}

fn not_asked(operation: &str) -> Refusal {
    Refusal { operation: operation.to_owned(), code: "NotAsked".to_owned(), home_region_code: None }
}

/// Whether there is an answer; if not, the outcome that this is.
fn answered<T>(observed: Option<&Observed<T>>, operation: &str) -> Result<(), Outcome> {
    match observed {
        Some(Observed::Known(_)) => Ok(()),
        Some(Observed::Refused { refused }) => Err(Outcome::Unreadable { refusal: refused.clone() }),
        Some(Observed::Unanswered { unanswered }) => Err(Outcome::Unanswered { refusal: unanswered.clone() }),
        None => Err(Outcome::Unanswered { refusal: not_asked(operation) }),
    }
}

impl TrailProof {
    /// The Regions in the count.
    pub fn counted(&self) -> impl Iterator<Item = &RegionProof> {
        self.regions.iter().filter(|region| region.outcome.proof().is_some())
    }

    /// Whether every Region in the count is proved by a digest file that AWS signed.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.proof == Proof::Proved && self.counted().all(|region| signature(&region.outcome) == Some(Signature::Good))
    }
}

fn signature(outcome: &Outcome) -> Option<Signature> {
    match outcome {
        Outcome::Delivering { signature, .. } => *signature,
        Outcome::Quiet { signature, .. } => Some(*signature),
        _ => None,
    }
}

/// In one line: that every Region is proved, or which ones are not.
impl fmt::Display for TrailProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted: Vec<&RegionProof> = self.counted().collect();
        let count = counted.len();
        let of = |proof: Proof| counted.iter().filter(move |region| region.outcome.proof() == Some(proof));
        let proved = of(Proof::Proved).count();
        if count == 0 {
            return f.write_str("no Region is known to be enabled, so nothing is proved");
        }
        if proved < count {
            let others = of(Proof::Disproved).chain(of(Proof::NotProved));
            let lines: Vec<String> = others.map(|region| format!("{} {}", region.region, region.outcome)).collect();
            return write!(f, "{}; {proved} of {count} Regions deliver", some_of(&lines, "Regions"));
        }
        let until = counted.iter().filter_map(|region| match &region.outcome {
            Outcome::Delivering { until, .. } | Outcome::Quiet { until, .. } => Some(*until),
            _ => None,
        });
        let within = span(until.min().map_or(0, |until| self.now.seconds_since(until)) + 59);
        let quiet = counted.iter().filter(|region| matches!(region.outcome, Outcome::Quiet { .. })).count();
        let of_signature = |wanted| counted.iter().filter(|region| signature(&region.outcome) == wanted).count();
        let (unsigned, unchecked) = (of_signature(None), of_signature(Some(Signature::NotChecked)));
        let who = if unsigned > 0 && self.shares_bucket { "a trail of this bucket" } else { "CloudTrail" };
        let each = if count == 1 {
            "In the 1 enabled Region".to_owned()
        } else {
            format!("In each of the {count} enabled Regions")
        };
        write!(f, "{each} {who} delivered within the last {within} ({} active, {quiet} quiet)", count - quiet)?;
        match (unsigned, unchecked) {
            (0, 0) => f.write_str(", signed by AWS"),
            (0, _) => f.write_str(", signature not checked"),
            (unsigned, _) if unsigned == count => f.write_str(", not signed"),
            (unsigned, _) => write!(f, ", {unsigned} not signed"),
        }
    }
}

/// At most three of some lines, and how many there are more.
fn some_of(lines: &[String], what: &str) -> String {
    let shown = lines.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    match lines.len() {
        0..=3 => shown,
        many => format!("{shown}; {} more {what}", many - 3),
    }
}
