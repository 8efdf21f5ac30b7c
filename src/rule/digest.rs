//! A digest file: unpacked within limits, held against its place, and its signature checked.
//!
//! The signing string and the chain are those of the CloudTrail user guide, "Custom implementations of CloudTrail log file
//! integrity validation".

use std::{collections::BTreeMap, fmt::Write as _, io::Read as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::bufread::GzDecoder;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    delivery::{
        Digest, Flaw, Previous, Signature,
        evidence::{DigestObject, PublicKey},
        key::Place,
    },
    timestamp::Timestamp,
};

const ALGORITHM: &str = "SHA256withRSA";
/// How far a key's time of validity may be from the end of a digest file that it signs.
const KEY_SLACK_SECONDS: i64 = 2 * 3600;
/// What stands before an RSA key of 2048 to 8192 bits where it is wrapped as a `SubjectPublicKeyInfo` (RFC 5280), behind
/// four bytes of tag and length: the algorithm, and the tag of the key with two bytes of length.
const RSA_ALGORITHM: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82";

/// The members of a digest file that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    aws_account_id: String,
    #[serde(rename = "digestStartTime")]
    _digest_start_time: Timestamp,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    digest_s3_bucket: String,
    #[serde(rename = "digestS3Object")]
    digest_s3_object: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: String,
    #[serde(rename = "previousDigestS3Bucket", default)]
    previous_bucket: Option<String>,
    #[serde(rename = "previousDigestS3Object", default)]
    previous_object: Option<String>,
    #[serde(rename = "previousDigestHashValue", default)]
    previous_hash: Option<String>,
    #[serde(rename = "previousDigestSignature", default)]
    previous_signature: Option<String>,
    log_files: Vec<BTreeMap<String, Value>>,
}

/// Opens the digest file with `key`, and holds it against its place and key. Without public keys the signature is not
/// checked.
///
/// # Errors
/// Whatever makes it no whole digest file of that place.
pub fn open(
    object: &DigestObject,
    key: &str,
    place: &Place<'_>,
    public_keys: Option<&[PublicKey]>,
) -> Result<Digest, Flaw> {
    let bytes = object.body.as_deref().ok_or(Flaw::TooLarge)?;
    let bytes = STANDARD.decode(bytes).map_err(|error| Flaw::Malformed(format!("its bytes: {error}")))?;
    let text = inflate(&bytes)?;
    let metadata = |name| object.metadata.get(name).ok_or(Flaw::MetadataAbsent(name));
    let (signature_hex, algorithm) = (metadata("signature")?, metadata("signature-algorithm")?);
    let signature = from_hex(signature_hex).ok_or(Flaw::SignatureMalformed)?;
    let body: Body = serde_json::from_slice(&text).map_err(|error| Flaw::Malformed(error.to_string()))?;
    if let Some(other) = [algorithm, &body.digest_signature_algorithm].into_iter().find(|name| *name != ALGORITHM) {
        return Err(Flaw::Algorithm(other.clone()));
    }
    let end = Timestamp::parse(&body.digest_end_time).map_err(|error| Flaw::Malformed(error.to_string()))?;
    held_against(&body, end, key, place)?;
    let sha256 = to_hex(&Sha256::digest(&text));
    let signed = signing_string(&body.digest_end_time, place.bucket, key, &sha256, body.previous_signature.as_deref());
    let slack = KEY_SLACK_SECONDS;
    let is_of_time = |public_key: &&PublicKey| {
        public_key.validity_start_time.plus_seconds(-slack) <= end
            && end <= public_key.validity_end_time.plus_seconds(slack)
    };
    let named = |public_key: &&PublicKey| {
        public_key.fingerprint.eq_ignore_ascii_case(&body.digest_public_key_fingerprint) && is_of_time(public_key)
    };
    let found = public_keys.map(|keys| keys.iter().find(named).and_then(|key| STANDARD.decode(&key.value).ok()));
    let state = match found {
        None => Signature::NotChecked,
        Some(None) => Signature::KeyNotListed,
        Some(Some(der)) => {
            let der = pkcs1(&der);
            let verified =
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).verify(signed.as_bytes(), &signature);
            verified.map_err(|_| Flaw::BadSignature)?;
            Signature::Good
        }
    };
    Ok(Digest {
        end,
        log_files: body.log_files.len(),
        previous: previous(&body)?,
        sha256,
        signature_hex: signature_hex.clone(),
        signature: state,
    })
}

/// What AWS signs: the end time, the place, the hash of the inflated bytes and the signature before, a line each.
#[must_use]
pub fn signing_string(
    end: &str,
    bucket: &str,
    key: &str,
    sha256: &str,
    previous_signature_hex: Option<&str>,
) -> String {
    format!("{end}\n{bucket}/{key}\n{sha256}\n{}", previous_signature_hex.unwrap_or("null"))
}

/// A public key as `ring` takes it: AWS lists PKCS #1, and once printed a key that is wrapped.
fn pkcs1(der: &[u8]) -> &[u8] {
    let wrapped = der.get(4..).and_then(|rest| rest.strip_prefix(RSA_ALGORITHM));
    // Two bytes of length, and one that says that no bits are unused.
    wrapped.and_then(|rest| rest.get(3..)).unwrap_or(der)
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, Flaw> {
    if bytes.len() > DigestObject::MAX_BYTES {
        return Err(Flaw::TooLarge);
    }
    let limit = DigestObject::MAX_INFLATED_BYTES;
    let mut text = Vec::new();
    let mut decoder = GzDecoder::new(bytes).take(limit as u64 + 1);
    decoder.read_to_end(&mut text).map_err(|_| Flaw::NotGzip)?;
    if text.len() > limit {
        return Err(Flaw::TooLargeInflated);
    }
    if decoder.into_inner().into_inner().is_empty() { Ok(text) } else { Err(Flaw::TrailingBytes) }
}

fn held_against(body: &Body, end: Timestamp, key: &str, place: &Place<'_>) -> Result<(), Flaw> {
    let keys_end = place.read_digest_key(key).map(|key| key.end);
    if body.digest_s3_bucket != place.bucket {
        Err(Flaw::OtherBucket(body.digest_s3_bucket.clone()))
    } else if body.digest_s3_object != key {
        Err(Flaw::OtherKey(body.digest_s3_object.clone()))
    } else if body.aws_account_id != place.account_id {
        Err(Flaw::OtherAccount(body.aws_account_id.clone()))
    } else if Some(end.to_second()) != keys_end {
        Err(Flaw::OtherEnd(end))
    } else {
        Ok(())
    }
}

/// The digest file before: all that is said of it, or nothing.
fn previous(body: &Body) -> Result<Option<Previous>, Flaw> {
    let Body { previous_bucket, previous_object, previous_hash, previous_signature, .. } = body;
    match (previous_bucket.clone(), previous_object.clone(), previous_hash.clone(), previous_signature.clone()) {
        (None, None, None, None) => Ok(None),
        (Some(bucket), Some(key), Some(sha256), Some(signature_hex)) => {
            Ok(Some(Previous { bucket, key, sha256, signature_hex }))
        }
        _ => Err(Flaw::Malformed("it names only a part of the digest file before it".to_owned())),
    }
}

/// The digest file before the one with `key`, if that is whole and the one before lies in the same place.
#[must_use]
pub fn previous_key(object: &DigestObject, key: &str, place: &Place<'_>) -> Option<String> {
    let previous = open(object, key, place, None).ok()?.previous?;
    let is_here = previous.bucket == place.bucket && place.read_digest_key(&previous.key).is_some();
    is_here.then_some(previous.key)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> =
        pairs.map(|pair| if let [high, low] = pair { Some(16 * digit(high)? + digit(low)?) } else { None }).collect();
    bytes.filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, GzBuilder};
    use md5::Md5;
    use serde_json::json;

    use super::*;

    /// What AWS prints: CloudTrail user guide, "Custom implementations of CloudTrail log file integrity validation", and
    /// the AWS CLI's examples of `list-public-keys`. The third is a `SubjectPublicKeyInfo`.
    const KEYS: [(&str, &str); 4] = [
        (
            "8eba5db5bea9b640d1c96a77256fe7f2",
            "MIIBCgKCAQEAn11L2YZ9h7onug2ILi1MWyHiMRsTQjfWE+pHVRLk1QjfWhirG+lpOa8NrwQ/r7Ah5bNL6HepznOU9XTDSfmmnP97mqyc7z/\
             upfZdS/AHhYcGaz7n6Wc/RRBU6VmiPCrAUojuSk6/GjvA8iOPFsYDuBtviXarvuLPlrT9kAd4Lb+rFfR5peEgBEkhlzc5HuWO7S0y+KunqxX\
             6jQBnXGMtxmPBPP0FylgWGNdFtks/4YSKcgqwH0YDcawP9GGGDAeCIqPWIXDLG1jOjRRzWfCmD0iJUkz8vTsn4hq/5ZxRFE7UBAUiVcGbdnD\
             dvVfhF9C3dQiDq3k7adQIziLT0cShgQIDAQAB",
        ),
        (
            "8933b39ddc64d26d8e14ffbf6566fee4",
            "MIIBCgKCAQEApfYL2FiZhpN74LNWVUzhR+VheYhwhYm8w0n5Gf6i95ylW5kBAWKVEmnAQG7BvS5g9SMqFDQx52fW7NWV44IvfJ2xGXT+wT+D\
             gR6ZQ+6yxskQNqV5YcXj4Aa5Zz4jJfsYjDuO2MDTZNIzNvBNzaBJ+r2WIWAJ/Xq54kyF63B6WE38vKuDE7nSd1FqQuEoNBFLPInvgggYe2Ym\
             1Refe2z71wNcJ2kY+q0h1BSHrSM8RWuJIw7MXwF9iQncg9jYzUlNJomozQzAG5wSRfbplcCYNY40xvGd/aAmO0m+Y+XFMrKwtLCwseHPvj84\
             3qVno6x4BJN9bpWnoPo9sdsbGoiK3QIDAQAB",
        ),
        (
            "31e8b5433410dfb61a9dc45cc65b22ff",
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqlzPJbvZJ42UdcmLfPUqXYNfOs6I8lCfao/tOs8CmzPOEdtLWugB9xoIUz78qVHd\
             KIqxbaG4jWHfJBiOSSFBM0lt8cdVo4TnRa7oG9io5pysS6DJhBBAeXsicufsiFJR+wrUNh8RSLxL4k6G1+BhLX20tJkZ/erT97tDGBujAelq\
             seGg3vPZbTx9SMfOLN65PdLFudLP7Gat0Z9p5jw/rjpclKfo9Bfc3heeBxWGKwBBOKnFAaN9V57pOaosCvPKmHd9bg7jsQkI9Xp22IzGLsTF\
             JZYVA3KiTAElDMu80iFXPHEq9hKNbt9e4URFam+1utKVEiLkR2disdCmPTK0VQIDAQAB",
        ),
        (
            "7f3f401420072e50a65a141430817ab3",
            "MIIBCgKCAQEAlSS3cl92HDycr/MTj0moOhas8habjrraXw+KzlWF0axSI2tcF+3iJ9BKQAVSKxGwxwu3m0wG3J+kUl1xboEcEPHYoIYMbgfS\
             w7KGnuDKwkLzsQWhUJ0cIbOHASox1vv/5fNXkrHhGbDCHeVXm804c83nvHUEFYThr1PfyP/8HwrCtR3FX5OANtQCP61C1nJtSSkC8JSQUOrI\
             P4CuwJjc+4WGDk+BGH5m9iuiAKkipEHWmUl8/P7XpfpWQuk4h8g3pXZOrNXr08lbh4d39svj7UqdhvOXoBISp9t/EXYuePGEtBdrKD9Dz+VH\
             wyUPtBQvYr9BnkF88qBnaPNhS44rzwIDAQAB",
        ),
    ];

    #[test]
    fn a_fingerprint_is_the_md5_of_the_key_and_both_forms_of_a_key_are_the_same_inside() {
        for (fingerprint, value) in KEYS {
            let der = STANDARD.decode(value).unwrap();
            assert_eq!(to_hex(&Md5::digest(&der)), fingerprint);
            // SEQUENCE of 266 bytes, INTEGER of 257: the form that the signature check takes.
            assert!(pkcs1(&der).starts_with(b"\x30\x82\x01\x0a\x02\x82\x01\x01\x00"), "{fingerprint}");
            assert_eq!(pkcs1(&der).len(), 270);
        }
    }

    #[test]
    fn the_signing_string_is_the_one_that_awss_documentation_prints() {
        let (key, sha256) = (
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2015/08/12/\
             111122223333_us-east-2_CloudTrail-Digest_us-east-2_20150812T040131Z.json.gz",
            "4ff08d7c6ecd6eb313257e839645d20363ee3784a2328a7d76b99b53cc9bcacd",
        );
        let signed =
            signing_string("2015-08-12T04:01:31Z", "S3-bucket-name", key, sha256, Some("6e8540b83c3ac86a0312d971"));
        assert_eq!(signed, format!("2015-08-12T04:01:31Z\nS3-bucket-name/{key}\n{sha256}\n6e8540b83c3ac86a0312d971"));
        assert!(signing_string("", "", "", "", None).ends_with("\nnull"));
    }

    const PLACE: Place<'_> = Place {
        bucket: "example-bucket-name",
        prefix: "",
        account_id: "111122223333",
        region: "us-east-2",
        trail: "example-trail-name",
        home_region: "us-east-2",
    };
    const KEY: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2015/08/20/\
                       111122223333_CloudTrail-Digest_us-east-2_example-trail-name_us-east-2_20150820T180131Z.json.gz";
    const END: &str = "2015-08-20T18:01:31Z";

    /// The digest file that AWS's documentation prints, with other members for the digest file before it. AWS has made the
    /// account, the bucket and the trail anonymous, so that no signature fits.
    fn printed(previous: Value) -> DigestObject {
        let mut text = json!({
            "awsAccountId": "111122223333",
            "digestStartTime": "2015-08-20T17:01:31Z",
            "digestEndTime": END,
            "digestS3Bucket": PLACE.bucket,
            "digestS3Object": KEY,
            "digestPublicKeyFingerprint": "31e8b5433410dfb61a9dc45cc65b22ff",
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": null,
            "oldestEventTime": null,
            "previousDigestS3Bucket": null,
            "previousDigestS3Object": null,
            "previousDigestHashValue": null,
            "previousDigestHashAlgorithm": null,
            "previousDigestSignature": null,
            "logFiles": [],
        });
        let Value::Object(previous) = previous else { panic!("{previous}") };
        text.as_object_mut().unwrap().extend(previous);
        let metadata = [("signature", "00ff"), ("signature-algorithm", "SHA256withRSA")];
        DigestObject {
            last_modified: None,
            metadata: metadata.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: Some(STANDARD.encode(packed(text.to_string().replace('/', "\\/").as_bytes(), 0))),
        }
    }

    /// A gzip file with a comment of so many bytes.
    fn packed(text: &[u8], comment: usize) -> Vec<u8> {
        let mut packed = GzBuilder::new().comment(vec![b'c'; comment]).write(Vec::new(), Compression::fast());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    /// AWS's key, valid from and to so many seconds after the digest file's end.
    fn key_of(from: i64, to: i64) -> [PublicKey; 1] {
        let end = Timestamp::parse(END).unwrap();
        let (fingerprint, value) = (KEYS[2].0.to_owned(), KEYS[2].1.to_owned());
        [PublicKey {
            fingerprint,
            value,
            validity_start_time: end.plus_seconds(from),
            validity_end_time: end.plus_seconds(to),
        }]
    }

    #[test]
    fn the_digest_file_that_awss_documentation_prints_is_read_and_its_signature_refused() {
        let (of_time, of_another_time) = (key_of(-1_000_000, 1_000_000), key_of(-2_000_000, -1_000_000));
        let state =
            |keys| open(&printed(json!({})), KEY, &PLACE, keys).map(|digest| (digest.signature, digest.log_files));
        assert_eq!(state(None), Ok((Signature::NotChecked, 0)));
        assert_eq!(state(Some(&[])), Ok((Signature::KeyNotListed, 0)));
        assert_eq!(state(Some(&of_time)), Err(Flaw::BadSignature));
        assert_eq!(state(Some(&of_another_time)), Ok((Signature::KeyNotListed, 0)));
    }

    #[test]
    fn a_key_is_taken_up_to_two_hours_from_its_time_and_no_second_further() {
        let is_taken = |from, to| open(&printed(json!({})), KEY, &PLACE, Some(&key_of(from, to))).is_err();
        assert!(is_taken(7200, 9000) && is_taken(-9000, -7200));
        assert!(!is_taken(7201, 9000) && !is_taken(-9000, -7201));
    }

    #[test]
    fn a_file_is_inflated_up_to_its_limits_and_no_byte_further() {
        // A comment in the header makes it as long as is wanted.
        let noise: Vec<u8> =
            (0_u32..1 << 18).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let noise = &noise[..DigestObject::MAX_BYTES - 50_000];
        let room = DigestObject::MAX_BYTES - packed(noise, 0).len();
        let of = |comment| packed(noise, comment);
        assert_eq!(of(room).len(), DigestObject::MAX_BYTES);
        assert_eq!(inflate(&of(room)).as_deref(), Ok(noise));
        assert_eq!(inflate(&of(room + 1)), Err(Flaw::TooLarge));
        let mut blanks = vec![b' '; DigestObject::MAX_INFLATED_BYTES];
        assert!(inflate(&packed(&blanks, 0)) == Ok(blanks.clone()));
        blanks.push(b' ');
        assert_eq!(inflate(&packed(&blanks, 0)), Err(Flaw::TooLargeInflated));
        assert_eq!(inflate(&[packed(b"{}", 0), vec![0]].concat()), Err(Flaw::TrailingBytes));
    }

    #[test]
    fn the_digest_file_before_is_named_whole_or_not_at_all_and_lies_in_the_same_place() {
        let before = KEY.replace("T18", "T17");
        let whole = json!({
            "previousDigestS3Bucket": PLACE.bucket,
            "previousDigestS3Object": before,
            "previousDigestHashValue": "aa",
            "previousDigestSignature": "bb",
        });
        let named = |members: &Value| open(&printed(members.clone()), KEY, &PLACE, None).map(|digest| digest.previous);
        let key = |members: &Value| previous_key(&printed(members.clone()), KEY, &PLACE);
        let previous = Previous {
            bucket: PLACE.bucket.to_owned(),
            key: before.clone(),
            sha256: "aa".to_owned(),
            signature_hex: "bb".to_owned(),
        };
        assert_eq!((named(&whole), key(&whole)), (Ok(Some(previous)), Some(before)));
        assert_eq!((named(&json!({})), key(&json!({}))), (Ok(None), None));
        for member in whole.as_object().unwrap().keys() {
            let mut part = whole.clone();
            part[member] = Value::Null;
            assert!(matches!(named(&part), Err(Flaw::Malformed(_))) && key(&part).is_none(), "{member}");
        }
        for (member, elsewhere) in [("previousDigestS3Bucket", "another"), ("previousDigestS3Object", "another")] {
            let mut other = whole.clone();
            other[member] = elsewhere.into();
            assert!(named(&other).is_ok_and(|previous| previous.is_some()) && key(&other).is_none(), "{member}");
        }
    }

    #[test]
    fn hexadecimal_digits_are_read_whole_or_not_at_all() {
        assert_eq!(from_hex("00fFa1"), Some(vec![0, 255, 161]));
        for text in ["", "0", "0g", "+1", "\u{661}0", " 00"] {
            assert_eq!(from_hex(text), None, "{text:?}");
        }
    }
}
