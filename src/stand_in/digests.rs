//! What CloudTrail delivers: log files, and digest files that are signed by a key of the test's own.

use std::{fmt::Write as _, io::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use ring::{
    rand::SystemRandom,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    bucket::{Deliveries, Object},
    identity::Caller,
    wire::Request,
    world::World,
};
use crate::rule::timestamp::Timestamp;

/// A key that signs digest files.
pub struct SigningKey {
    pair: RsaKeyPair,
    fingerprint: String,
}

/// Text that is no key.
#[derive(Debug, thiserror::Error)]
#[error("the signing key is no RSA key of 2048 bits or more in PKCS #8")]
pub struct InvalidKey;

impl SigningKey {
    /// Reads a key from PKCS #8 in DER. Digest files name it by the fingerprint, as AWS by the MD5 of its public half.
    ///
    /// # Errors
    /// It is none.
    pub fn from_pkcs8(der: &[u8], fingerprint: &str) -> Result<Self, InvalidKey> {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| InvalidKey)?;
        Ok(Self { pair, fingerprint: fingerprint.to_owned() })
    }

    /// As `ListPublicKeys` lists it: valid for 30 days around a time.
    #[must_use]
    pub fn listed(&self, around: Timestamp) -> Value {
        let seconds = |time: Timestamp| time.epoch_milliseconds().div_euclid(1000);
        json!({
            "Fingerprint": self.fingerprint,
            "Value": STANDARD.encode(self.pair.public_key().as_ref()),
            "ValidityStartTime": seconds(around) - 15 * 24 * 3600,
            "ValidityEndTime": seconds(around) + 15 * 24 * 3600,
        })
    }

    fn sign(&self, text: &str) -> Option<String> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
        Some(hex(&signature))
    }
}

/// A digest file before it is signed: its members may be changed.
#[derive(Debug, Clone)]
pub struct Unsigned {
    /// The key that it is written to.
    pub key: String,
    /// When it is written.
    pub last_modified: Timestamp,
    /// What it says.
    pub body: Value,
}

/// A digest file that was written, for the next one to name.
#[derive(Debug, Clone)]
pub struct Written {
    key: String,
    sha256: String,
    signature: String,
}

impl Deliveries {
    fn folder(&self, kind: &str, time: Timestamp) -> String {
        let prefix = self.prefix.as_ref().map_or(String::new(), |prefix| format!("{prefix}/"));
        let organization = self.organization.as_ref().map_or(String::new(), |id| format!("{id}/"));
        let day = time.to_string()[..10].replace('-', "/");
        format!("{prefix}AWSLogs/{organization}{}/{kind}/{}/{day}", self.account, self.region)
    }

    /// The key of the digest file that ends at a time.
    #[must_use]
    pub fn digest_key(&self, end: Timestamp) -> String {
        let Self { account, region, trail, home_region, .. } = self;
        let (folder, stamp) = (self.folder("CloudTrail-Digest", end), end.to_string().replace(['-', ':'], ""));
        format!("{folder}/{account}_CloudTrail-Digest_{region}_{trail}_{home_region}_{stamp}.json.gz")
    }

    /// The key of a log file that was begun at a time.
    #[must_use]
    pub fn log_key(&self, begun: Timestamp) -> String {
        let (folder, stamp) = (self.folder("CloudTrail", begun), begun.to_string().replace(['-', ':'], ""));
        format!("{folder}/{}_CloudTrail_{}_{}Z_0123456789ABCDEF.json.gz", self.account, self.region, &stamp[..13])
    }

    /// The digest file of the hour before `end`, which lists these log files; written 27 minutes later, as AWS does.
    #[must_use]
    pub fn digest(&self, end: Timestamp, previous: Option<&Written>, log_files: &[(String, Vec<u8>)]) -> Unsigned {
        let start = end.plus_seconds(-3600);
        let listed = log_files.iter().map(|(key, text)| {
            json!({
                "s3Bucket": self.bucket,
                "s3Object": key,
                "hashValue": hex(&Sha256::digest(text)),
                "hashAlgorithm": "SHA-256",
                "newestEventTime": end.plus_seconds(-600).to_string(),
                "oldestEventTime": start.plus_seconds(600).to_string(),
            })
        });
        let event_time = (!log_files.is_empty()).then(|| end.plus_seconds(-600).to_string());
        let body = json!({
            "awsAccountId": self.account,
            "digestStartTime": start.to_string(),
            "digestEndTime": end.to_string(),
            "digestS3Bucket": self.bucket,
            "digestS3Object": self.digest_key(end),
            "digestPublicKeyFingerprint": "",
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": event_time,
            "oldestEventTime": event_time,
            "previousDigestS3Bucket": previous.map(|_| &self.bucket),
            "previousDigestS3Object": previous.map(|previous| &previous.key),
            "previousDigestHashValue": previous.map(|previous| &previous.sha256),
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|previous| &previous.signature),
            "logFiles": listed.collect::<Vec<_>>(),
        });
        Unsigned { key: self.digest_key(end), last_modified: end.plus_seconds(27 * 60), body }
    }
}

impl World {
    /// Writes a log file with events, and returns its key and text.
    pub fn write_log_file(&mut self, of: &Deliveries, written: Timestamp, events: &Value) -> (String, Vec<u8>) {
        let text = json!({ "Records": events }).to_string().into_bytes();
        let key = of.log_key(written.plus_seconds(-120));
        self.bucket(&of.bucket, &of.home_region).objects.insert(key.clone(), Object::new(written, gzip(&text)));
        (key, text)
    }

    /// Signs a digest file and writes it. An empty fingerprint becomes the key's.
    ///
    /// # Panics
    /// Never: a key that was read can sign.
    pub fn write_digest(&mut self, of: &Deliveries, mut digest: Unsigned, key: &SigningKey) -> Written {
        if digest.body["digestPublicKeyFingerprint"] == "" {
            digest.body["digestPublicKeyFingerprint"] = Value::from(key.fingerprint.as_str());
        }
        // As AWS writes it.
        let text = digest.body.to_string().replace('/', "\\/");
        let sha256 = hex(&Sha256::digest(&text));
        let said = |member: &str| digest.body[member].as_str().unwrap_or("null").to_owned();
        let signed = format!(
            "{}\n{}/{}\n{sha256}\n{}",
            said("digestEndTime"),
            of.bucket,
            digest.key,
            said("previousDigestSignature")
        );
        let signature = key.sign(&signed).unwrap_or_default();
        let mut object = Object::new(digest.last_modified, gzip(text.as_bytes()));
        object.metadata.insert("signature".to_owned(), signature.clone());
        object.metadata.insert("signature-algorithm".to_owned(), "SHA256withRSA".to_owned());
        self.bucket(&of.bucket, &of.home_region).objects.insert(digest.key.clone(), object);
        Written { key: digest.key, sha256, signature }
    }

    /// Writes the digest files of the hours that end at `ends`, the oldest first, each with a log file if there was any
    /// activity; they follow one another.
    pub fn deliver(
        &mut self,
        of: &Deliveries,
        ends: &[Timestamp],
        has_activity: bool,
        key: &SigningKey,
    ) -> Option<Written> {
        ends.iter().fold(None, |previous, end| {
            let log_files: Vec<_> = if has_activity {
                vec![self.write_log_file(of, end.plus_seconds(-900), &json!([]))]
            } else {
                Vec::new()
            };
            Some(self.write_digest(of, of.digest(*end, previous.as_ref(), &log_files), key))
        })
    }
}

/// Records a call of `GetTrailStatus`, where that was asked for.
pub(super) fn record(world: &mut World, request: &Request, caller: &Caller, request_id: &str) {
    if request.operation_name != "GetTrailStatus" {
        return;
    }
    let is_its = |of: &&Deliveries| of.region == caller.region && of.account == caller.account;
    if let Some(of) = world.recording.iter().find(is_its).cloned() {
        let now = world.date.unwrap_or_else(|| world.clock.now());
        let event = json!({ "eventName": "GetTrailStatus", "awsRegion": of.region, "requestID": request_id });
        world.write_log_file(&of, now.plus_seconds(1).to_second(), &json!([event]));
    }
}

/// Packs text as CloudTrail does.
#[must_use]
pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    // Memory takes it all.
    let _ = packed.write_all(text);
    packed.finish().unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
