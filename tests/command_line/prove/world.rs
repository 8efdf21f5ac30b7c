//! An account whose trail delivers to a bucket, built from a few words; and the words of a case that change it.

use cloudtrail_all_regions::{
    rule::timestamp::Timestamp,
    stand_in::{
        Fault, Misbehaviour, World,
        bucket::{Deliveries, Object},
        digests::{SigningKey, Unsigned, Written, gzip},
    },
};
use serde_json::{Map, Value, json};
use support::{DIGEST_KEY_FINGERPRINT, DIGEST_SIGNING_KEY};

use crate::harness::Live;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const BUCKET: &str = "aws-cloudtrail-logs-123456789012-4c1a9f2e";
pub(crate) const ARN: &str = "arn:aws:cloudtrail:us-east-1:123456789012:trail/management-events";
pub(crate) const HOME: &str = "us-east-1";
/// The Region that cases are about unless they say otherwise. It has activity.
pub(crate) const REGION: &str = "eu-west-1";
/// A Region without activity.
pub(crate) const QUIET: &str = "eu-north-1";

/// The key that signs the stand-in's digest files.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_pkcs8(DIGEST_SIGNING_KEY, DIGEST_KEY_FINGERPRINT).unwrap()
}

/// What a case says of one Region; all of it may be absent.
#[derive(Debug, Default, Clone, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(crate) struct Region {
    /// What `ListRegions` says.
    opt_status: Option<String>,
    /// `GetTrailStatus` there: members with times in minutes ago, or a failure.
    get_trail_status: Option<Value>,
    /// The ends of its digest files in minutes ago, the oldest first.
    digests: Option<Vec<i64>>,
    /// Whether its digest files list log files.
    is_active: Option<bool>,
    /// When log files beside these were written, in minutes ago.
    log_files: Vec<i64>,
    /// Digest files that are taken away after all were written, by their ends in minutes ago.
    deleted: Vec<i64>,
    /// What is done to the newest digest file.
    newest: Option<Change>,
    /// What is done to the digest file before.
    previous: Option<Change>,
    /// No key is listed.
    has_no_public_key: bool,
    /// The root of the files, where it is another.
    organization: Option<String>,
    /// The ends of digest files in minutes ago that make up for log files that were late.
    backfills: Vec<i64>,
    /// The names of other trails that deliver to the same folder.
    other_trails: Vec<String>,
    /// Objects that lie about: key and text.
    objects: Map<String, Value>,
}

/// What is done to a digest file.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
enum Change {
    /// Members that it says before it is signed; null takes one away.
    Says(Map<String, Value>),
    /// Its text, whatever that is, packed and not signed.
    Text(String),
    /// Its bytes, not packed.
    Bytes(String),
    /// Bytes behind it.
    Appended(String),
    /// So many bytes of noise.
    Noise(usize),
    /// A text of so many blanks, packed.
    Blanks(usize),
    /// Its metadata, in place of all of it.
    Metadata(Map<String, Value>),
    /// It is taken from another Region of the trail.
    CopyOf(String),
    /// One bit of its signature is another.
    FlippedSignature,
    /// It is in an archive.
    Archived,
    /// A listing has it, and it is gone.
    Gone,
    /// Half of it is there.
    CutOff,
}

/// What befalls calls.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Trouble {
    operation: String,
    region: Option<String>,
    /// What the prefix or key of a call to S3 begins with.
    key: Option<String>,
    status: u16,
    code: String,
}

/// An account, and the bucket of its trail.
#[derive(Debug, Default, Clone, serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(crate) struct Given {
    trail: Map<String, Value>,
    /// Further trails of the account, as members that differ.
    more_trails: Vec<Map<String, Value>>,
    regions: std::collections::BTreeMap<String, Region>,
    /// What the Regions have that a case does not name.
    elsewhere: Region,
    /// Which Regions cannot be asked at all, and what `ListRegions` answers instead of a list.
    list_regions: Option<Trouble>,
    troubles: Vec<Trouble>,
    /// The bucket is in this Region.
    bucket_region: Option<String>,
    has_no_bucket: bool,
    no_region_is_enabled: bool,
    /// Our own calls arrive in log files.
    records_our_calls: bool,
}

fn trail(differing: &Map<String, Value>, now: Timestamp) -> Value {
    let mut trail = json!({
        "Name": "management-events",
        "S3BucketName": BUCKET,
        "IncludeGlobalServiceEvents": true,
        "IsMultiRegionTrail": true,
        "HomeRegion": HOME,
        "TrailARN": ARN,
        "LogFileValidationEnabled": true,
        "HasCustomEventSelectors": false,
        "IsOrganizationTrail": false,
        "GetTrailStatus": {"IsLogging": true, "StartLoggingTime": now.plus_seconds(-30 * 86400).to_string()},
        "GetEventSelectors": {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]},
    });
    for (name, value) in differing {
        trail[name] = value.clone();
    }
    trail
}

impl Given {
    /// Serves the account.
    pub(crate) async fn serve(&self, now: Timestamp) -> Live {
        let trails: Vec<Value> =
            std::iter::once(&self.trail).chain(&self.more_trails).map(|differing| trail(differing, now)).collect();
        let evidence = json!({ "accountId": ACCOUNT, "region": HOME, "trails": trails });
        Live::serve(&evidence, |world| self.fill(world, &trails[0], now)).await
    }

    fn fill(&self, world: &mut World, trail: &Value, now: Timestamp) {
        let mut names = vec![HOME, REGION, QUIET];
        names.extend(self.regions.keys().map(String::as_str).filter(|name| ![HOME, REGION, QUIET].contains(name)));
        let disabled = |name: &&str| {
            let read = self.regions.get(*name);
            read.is_some_and(|read| matches!(read.opt_status.as_deref(), Some("DISABLED" | "ENABLING" | "DISABLING")))
        };
        let enabled: Vec<&str> = names.iter().copied().filter(|name| !disabled(name)).collect();
        world.enable_regions_only(ACCOUNT, &enabled);
        if self.no_region_is_enabled {
            for name in &names {
                world.set_region_opt_status(ACCOUNT, name, "DISABLED");
            }
        }
        if self.has_no_bucket {
            return;
        }
        if let Some(trouble) = &self.list_regions {
            world.add_fault(trouble.fault());
        }
        let bucket_region = self.bucket_region.as_deref().unwrap_or(HOME);
        world.bucket(BUCKET, bucket_region);
        for name in names {
            let region = self.regions.get(name).unwrap_or(&self.elsewhere);
            region.fill(world, name, trail, now);
            if self.records_our_calls {
                world.record_calls(region.of(trail, name));
            }
        }
        // The mutants of one Region may be copies of another's.
        for (name, region) in &self.regions {
            region.change(world, name, trail, now);
        }
        for trouble in &self.troubles {
            world.add_fault(trouble.fault());
        }
    }
}

impl Trouble {
    fn fault(&self) -> Fault {
        let what = Misbehaviour::Error {
            status: self.status,
            code: self.code.clone(),
            message: "The case says so".to_owned(),
        };
        let mut fault = Fault::on(&self.operation, what);
        if let Some(region) = &self.region {
            fault = fault.region(region);
        }
        if let Some(key) = &self.key {
            fault = fault.key_prefix(key);
        }
        fault
    }
}

/// The files of the trail in a Region.
pub(crate) fn deliveries(trail: &Value, region: &str) -> Deliveries {
    let text = |name: &str| trail[name].as_str().map(str::to_owned);
    Deliveries {
        bucket: text("S3BucketName").unwrap(),
        prefix: text("S3KeyPrefix"),
        organization: None,
        account: ACCOUNT.to_owned(),
        region: region.to_owned(),
        trail: text("Name").unwrap(),
        home_region: text("HomeRegion").unwrap(),
    }
}

const ENDS: [i64; 7] = [400, 340, 280, 220, 160, 100, 40];

impl Region {
    fn of(&self, trail: &Value, region: &str) -> Deliveries {
        Deliveries { organization: self.organization.clone(), ..deliveries(trail, region) }
    }

    fn ends(&self, now: Timestamp) -> Vec<Timestamp> {
        let ends = self.digests.as_deref().unwrap_or(&ENDS);
        ends.iter().map(|minutes| ago(now, *minutes)).collect()
    }

    fn fill(&self, world: &mut World, name: &str, trail: &Value, now: Timestamp) {
        let of = self.of(trail, name);
        if let Some(opt_status) = &self.opt_status {
            world.set_region_opt_status(ACCOUNT, name, opt_status);
        }
        if let Some(status) = &self.get_trail_status {
            world.set_trail_status(ARN, name, status_at(status, now));
        }
        if !self.has_no_public_key {
            world.add_public_key(name, key().listed(now));
        }
        let is_active = self.is_active.unwrap_or(name != QUIET);
        let ends = self.ends(now);
        let mut previous: Option<Written> = None;
        for (index, end) in ends.iter().enumerate() {
            let log_files = if is_active {
                vec![world.write_log_file(&of, end.plus_seconds(-900), &json!([]))]
            } else {
                Vec::new()
            };
            let mut digest = of.digest(*end, previous.as_ref(), &log_files);
            let change = match ends.len() - index {
                1 => self.newest.as_ref(),
                2 => self.previous.as_ref(),
                _ => None,
            };
            if let Some(Change::Says(members)) = change {
                says(&mut digest, members);
            }
            previous = Some(world.write_digest(&of, digest, &key()));
        }
        for minutes in &self.log_files {
            world.write_log_file(&of, ago(now, *minutes), &json!([]));
        }
        for minutes in &self.backfills {
            let mut digest = of.digest(ago(now, *minutes), None, &[]);
            digest.key = digest.key.replace(".json.gz", "_backfill.json.gz");
            digest.body["digestS3Object"] = digest.key.clone().into();
            world.write_digest(&of, digest, &key());
        }
        for other in &self.other_trails {
            let of = Deliveries { trail: other.clone(), ..of.clone() };
            let ends: Vec<Timestamp> = ENDS.iter().map(|minutes| ago(now, *minutes)).collect();
            world.deliver(&of, &ends, false, &key());
        }
        let bucket = world.bucket(&of.bucket, HOME);
        for minutes in &self.deleted {
            assert!(bucket.objects.remove(&of.digest_key(ago(now, *minutes))).is_some());
        }
        for (name, text) in &self.objects {
            let object = Object::new(ago(now, 5), text.as_str().unwrap());
            bucket.objects.insert(name.clone(), object);
        }
    }

    fn change(&self, world: &mut World, name: &str, trail: &Value, now: Timestamp) {
        let of = self.of(trail, name);
        let ends = self.ends(now);
        for (change, at) in [(&self.newest, 1), (&self.previous, 2)] {
            let Some(change) = change else { continue };
            let end = ends[ends.len() - at];
            let other = match change {
                Change::CopyOf(region) => Some(deliveries(trail, region).digest_key(end)),
                _ => None,
            };
            let bucket = world.bucket(&of.bucket, HOME);
            let other = other.map(|key| bucket.objects[&key].clone());
            change.apply(bucket.objects.get_mut(&of.digest_key(end)).unwrap(), other);
        }
    }
}

/// Members that a digest file says; null takes one away, and an end of `ANOTHER_HOUR` is an hour before.
fn says(digest: &mut Unsigned, members: &Map<String, Value>) {
    for (name, value) in members {
        if value.is_null() {
            digest.body.as_object_mut().unwrap().remove(name);
        } else {
            digest.body[name] = value.clone();
        }
    }
}

impl Change {
    fn apply(&self, object: &mut Object, other: Option<Object>) {
        match self {
            Self::Says(_) => {}
            Self::Text(text) => object.body = gzip(text.as_bytes()),
            Self::Bytes(bytes) => object.body = bytes.as_bytes().to_vec(),
            Self::Appended(bytes) => object.body.extend_from_slice(bytes.as_bytes()),
            Self::Noise(count) => object.body = vec![b'x'; *count],
            Self::Blanks(count) => object.body = gzip(&vec![b' '; *count]),
            Self::Metadata(members) => {
                let text = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
                object.metadata = members.iter().map(text).collect();
            }
            Self::CopyOf(_) => *object = other.unwrap(),
            Self::FlippedSignature => {
                let signature = object.metadata.get_mut("signature").unwrap();
                let other = if signature.starts_with('0') { "1" } else { "0" };
                signature.replace_range(..1, other);
            }
            Self::Archived => object.is_archived = true,
            Self::Gone => object.is_gone = true,
            Self::CutOff => object.body.truncate(object.body.len() / 2),
        }
    }
}

pub(crate) fn ago(now: Timestamp, minutes: i64) -> Timestamp {
    now.plus_seconds(-60 * minutes)
}

/// A status whose times are minutes ago, as the wire has it.
fn status_at(status: &Value, now: Timestamp) -> Value {
    let Value::Object(members) = status else { panic!("{status}") };
    let at = |(name, value): (&String, &Value)| {
        let value = match value.as_i64() {
            Some(minutes) if name.ends_with("Time") => json!(ago(now, minutes).epoch_milliseconds() / 1000),
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    Value::Object(members.iter().map(at).collect())
}
