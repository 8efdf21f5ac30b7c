//! The keys under which CloudTrail writes its files.
//!
//! `[PREFIX/]AWSLogs/[O-ID/]ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/` and
//! `ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_YYYYMMDDTHHMMSSZ[_backfill].json.gz`; log files likewise, without the
//! trail's name (CloudTrail user guide, "CloudTrail digest file structure" and "CloudTrail log file examples").

use crate::rule::{evidence::Trail, timestamp::Timestamp};

/// Where the files of a trail lie that are about one account and Region.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// The trail's bucket.
    pub bucket: &'p str,
    /// The trail's prefix in it; empty if it has none.
    pub prefix: &'p str,
    /// The account that the events are of.
    pub account_id: &'p str,
    /// The Region that the events are of.
    pub region: &'p str,
    /// The trail's name.
    pub trail: &'p str,
    /// The Region in which the trail was made.
    pub home_region: &'p str,
}

/// What the key of a digest file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestKey {
    /// The end of the hour that it covers.
    pub end: Timestamp,
    /// Whether it only makes up for log files that were late, and so proves nothing about now.
    pub is_backfill: bool,
}

const ENDING: &str = ".json.gz";
const BACKFILL: &str = "_backfill";

impl<'p> Place<'p> {
    /// The place of the files of `trail` about an account and Region; none if `DescribeTrails` does not say enough.
    #[must_use]
    pub fn of(trail: &'p Trail, account_id: &'p str, region: &'p str) -> Option<Self> {
        Some(Self {
            bucket: trail.s3_bucket_name.as_deref().filter(|bucket| !bucket.is_empty())?,
            prefix: trail.s3_key_prefix.as_deref().unwrap_or_default(),
            account_id,
            region,
            trail: trail.known_name()?,
            home_region: trail.home_region()?,
        })
    }

    /// What the folders of organizations in the bucket begin with.
    #[must_use]
    pub fn organization_folders(&self) -> String {
        format!("{}o-", self.logs())
    }

    /// The folder of the account, directly or in that of an organization such as `o-exampleorgid`.
    #[must_use]
    pub fn root(&self, organization: Option<&str>) -> String {
        let organization = organization.map_or(String::new(), |id| format!("{id}/"));
        format!("{}{organization}{}/", self.logs(), self.account_id)
    }

    /// The id in a folder that [`Self::organization_folders`] finds.
    #[must_use]
    pub fn organization_in<'f>(&self, folder: &'f str) -> Option<&'f str> {
        let id = folder.strip_prefix(&self.logs())?.strip_suffix('/')?;
        is_organization_id(id).then_some(id)
    }

    /// The folder of the digest files of the Region, below a root.
    #[must_use]
    pub fn digest_folder(&self, root: &str) -> String {
        format!("{root}CloudTrail-Digest/{}/", self.region)
    }

    /// The folder of the log files of the Region, below a root.
    #[must_use]
    pub fn log_folder(&self, root: &str) -> String {
        format!("{root}CloudTrail/{}/", self.region)
    }

    /// The key that the trail's digest file would have that ends at a time.
    #[must_use]
    pub fn digest_key(&self, root: &str, end: Timestamp) -> String {
        let (folder, stamp) = (self.digest_folder(root), stamp(end));
        format!("{folder}{}{}{stamp}{ENDING}", day_folder(end), self.digest_name())
    }

    /// A key that comes before those of all log files from a time on.
    #[must_use]
    pub fn log_file_key(&self, root: &str, from: Timestamp) -> String {
        let (folder, minute) = (self.log_folder(root), &stamp(from)[..13]);
        format!("{folder}{}{}_CloudTrail_{}_{minute}", day_folder(from), self.account_id, self.region)
    }

    /// Reads the key of one of the trail's digest files; none if it is any other key.
    #[must_use]
    pub fn read_digest_key(&self, key: &str) -> Option<DigestKey> {
        let (day, name) = self.below(key, "CloudTrail-Digest")?.split_at_checked("YYYY/MM/DD/".len())?;
        let stamp_and_ending = name.strip_prefix(&self.digest_name())?;
        let (stamp, ending) = stamp_and_ending.split_at_checked("YYYYMMDDTHHMMSSZ".len())?;
        let ending = ending.strip_suffix(ENDING)?;
        let end = time_of(stamp)?;
        let is_known = day == day_folder(end) && (ending.is_empty() || ending == BACKFILL);
        is_known.then_some(DigestKey { end, is_backfill: !ending.is_empty() })
    }

    /// Whether a key is one of a log file of the account and Region; of which trail it does not say.
    #[must_use]
    pub fn is_log_file(&self, key: &str) -> bool {
        let name = self.below(key, "CloudTrail").and_then(|rest| rest.get("YYYY/MM/DD/".len()..));
        let beginning = format!("{}_CloudTrail_{}_", self.account_id, self.region);
        name.is_some_and(|name| name.starts_with(&beginning) && name.ends_with(ENDING) && !name.contains('/'))
    }

    /// The rest of a key behind the folder of a kind of files.
    fn below<'k>(&self, key: &'k str, kind: &str) -> Option<&'k str> {
        let rest = key.strip_prefix(&self.logs())?;
        let rest = match rest.split_once('/') {
            Some((id, below)) if is_organization_id(id) => below,
            _ => rest,
        };
        rest.strip_prefix(&format!("{}/{kind}/{}/", self.account_id, self.region))
    }

    fn logs(&self) -> String {
        if self.prefix.is_empty() { "AWSLogs/".to_owned() } else { format!("{}/AWSLogs/", self.prefix) }
    }

    fn digest_name(&self) -> String {
        let Self { account_id, region, trail, home_region, .. } = self;
        format!("{account_id}_CloudTrail-Digest_{region}_{trail}_{home_region}_")
    }
}

/// `o-` and 10 to 32 lower-case letters or digits (Organizations API, `Organization`).
fn is_organization_id(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.strip_prefix("o-").is_some_and(|id| (10..=32).contains(&id.len()) && id.bytes().all(is_word))
}

/// `YYYY/MM/DD/`.
fn day_folder(time: Timestamp) -> String {
    let stamp = stamp(time);
    format!("{}/{}/{}/", &stamp[..4], &stamp[4..6], &stamp[6..8])
}

/// `YYYYMMDDTHHMMSSZ`.
fn stamp(time: Timestamp) -> String {
    time.to_second().to_string().replace(['-', ':'], "")
}

fn time_of(stamp: &str) -> Option<Timestamp> {
    let is_digit = |at: usize| stamp.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let has_form = stamp.len() == 16
        && (0..8).chain(9..15).all(is_digit)
        && stamp.as_bytes()[8] == b'T'
        && stamp.as_bytes()[15] == b'Z';
    if !has_form {
        return None;
    }
    let part = |from: usize, to: usize| &stamp[from..to];
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second) = (part(9, 11), part(11, 13), part(13, 15));
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        bucket: "logs",
        prefix: "",
        account_id: "111122223333",
        region: "us-east-2",
        trail: "your-trail-name",
        home_region: "us-east-2",
    };

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn the_key_of_a_digest_file_is_the_one_that_awss_documentation_prints() {
        let key = "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2015/08/17/\
                   111122223333_CloudTrail-Digest_us-east-2_your-trail-name_us-east-2_20150817T150131Z.json.gz";
        let end = time("2015-08-17T15:01:31Z");
        assert_eq!(PLACE.digest_key(&PLACE.root(None), end), key);
        assert_eq!(PLACE.read_digest_key(key), Some(DigestKey { end, is_backfill: false }));
        let backfill = key.replace(".json.gz", "_backfill.json.gz");
        assert_eq!(PLACE.read_digest_key(&backfill), Some(DigestKey { end, is_backfill: true }));
    }

    #[test]
    fn keys_are_read_in_every_layout_and_written_the_same() {
        let end = time("2026-03-07T00:59:59Z");
        for prefix in ["", "o-abcdefghij", "cloudtrail-organization", "a/b"] {
            for organization in [None, Some("o-abcdefghij")] {
                let place = Place { prefix, trail: "a_b-c.d_us-east-1", home_region: "eu-west-1", ..PLACE };
                let key = place.digest_key(&place.root(organization), end);
                assert_eq!(place.read_digest_key(&key), Some(DigestKey { end, is_backfill: false }), "{key}");
                let log_file =
                    format!("{}_0123456789abcdef.json.gz", place.log_file_key(&place.root(organization), end));
                assert!(place.is_log_file(&log_file) && !place.is_log_file(&key), "{log_file}");
                assert!(place.log_file_key(&place.root(organization), end) < log_file);
            }
        }
        let place = Place { prefix: "p", ..PLACE };
        assert_eq!(place.organization_in("p/AWSLogs/o-abcdefghij/"), Some("o-abcdefghij"));
        for other in ["p/AWSLogs/o-abc/", "AWSLogs/o-abcdefghij/", "p/AWSLogs/o-../", "p/AWSLogs/o-abcdefghij/x/"] {
            assert_eq!(place.organization_in(other), None, "{other}");
        }
    }

    #[test]
    fn a_key_that_differs_anywhere_is_no_digest_file_of_the_trail() {
        let good = PLACE.digest_key(&PLACE.root(None), time("2026-03-07T10:26:28Z"));
        assert!(PLACE.read_digest_key(&good).is_some());
        for (from, to) in [
            ("_your-trail-name_", "_your-trail-name_x_"),
            ("_your-trail-name_", "_your-trail_"),
            ("/111122223333/", "/111122223334/"),
            ("/us-east-2/", "/us-east-1/"),
            ("CloudTrail-Digest_us-east-2", "CloudTrail-Digest_us-east-1"),
            ("_us-east-2_2026", "_us-east-1_2026"),
            ("2026/03/07", "2026/03/08"),
            ("T102628Z", "T102688Z"),
            ("T102628Z", "T10262\u{664}Z"),
            ("20260307T", "20261307T"),
            (".json.gz", ".json"),
            (".json.gz", "_other.json.gz"),
            (".json.gz", ".json.gz/"),
            ("AWSLogs/", "AWSLogs/x/"),
            ("AWSLogs/", "x/AWSLogs/"),
            ("CloudTrail-Digest/", "CloudTrail-Digest/../CloudTrail-Digest/"),
        ] {
            let other = good.replacen(from, to, 1);
            assert_ne!(other, good);
            assert_eq!(PLACE.read_digest_key(&other), None, "{other}");
        }
        assert_eq!(PLACE.read_digest_key(""), None);
        assert!(!PLACE.is_log_file("AWSLogs/111122223333/CloudTrail/us-east-2/"));
    }
}
