//! S3: `HeadBucket`, `ListObjectsV2` and `GetObject`, path-style.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Map, Value};

use super::{
    bucket::Bucket,
    identity::Caller,
    model::Operation,
    wire::{Encoded, ErrorAnswer, Request, escaped, http_date},
    world::World,
};

const MAX_KEYS: usize = 1000;
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// The answer as it goes out, faults aside.
pub(super) fn encoded(
    world: &World,
    request: &Request,
    caller: &Caller,
    operation: Operation,
    input: &Map<String, Value>,
    request_id: &str,
) -> Encoded {
    let text = |name: &str| input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let refused = |error: ErrorAnswer| Encoded::new(request, Err(error), request_id);
    let Some(bucket) = text("Bucket").and_then(|name| world.buckets.get(name)) else {
        return refused(error(404, "NoSuchBucket", "The specified bucket does not exist"));
    };
    let is_elsewhere = caller.region != bucket.region;
    let mut answer = if is_elsewhere {
        refused(error(301, "PermanentRedirect", "The bucket must be addressed by another endpoint"))
    } else if bucket.readers.as_ref().is_some_and(|readers| !readers.contains(&caller.account)) {
        refused(error(403, "AccessDenied", "Access Denied"))
    } else {
        match operation {
            Operation::HeadBucket => Encoded::raw(200, "application/xml", ""),
            Operation::ListObjectsV2 => Encoded::raw(200, "application/xml", list(world, bucket, &text)),
            _ => get_object(bucket, text("Key").unwrap_or_default()).unwrap_or_else(refused),
        }
    };
    if is_elsewhere || operation == Operation::HeadBucket {
        answer.headers.push((BUCKET_REGION, bucket.region.clone()));
    }
    answer
}

fn list<'i>(world: &World, bucket: &Bucket, text: &impl Fn(&str) -> Option<&'i str>) -> String {
    let (prefix, delimiter) = (text("prefix").unwrap_or_default(), text("delimiter"));
    let after = text("continuation-token").or_else(|| text("start-after")).unwrap_or_default();
    let most = text("max-keys").and_then(|number| number.parse().ok()).unwrap_or(MAX_KEYS).min(MAX_KEYS);
    let most = world.page_size.unwrap_or(most).min(most);
    let (mut entries, mut seen, mut last, mut is_truncated) = (String::new(), BTreeSet::new(), String::new(), false);
    let mut count = 0;
    for (key, object) in bucket.objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let folder = delimiter.and_then(|delimiter| {
            let below = &key[prefix.len()..];
            below.find(delimiter).map(|at| format!("{prefix}{}", &below[..at + delimiter.len()]))
        });
        let is_before = folder.as_ref().map_or(key.as_str() <= after, |folder| folder.as_str() <= after);
        if is_before || folder.as_ref().is_some_and(|folder| seen.contains(folder)) {
            continue;
        }
        if count == most {
            is_truncated = true;
            break;
        }
        count += 1;
        if let Some(folder) = folder {
            let _ = write!(entries, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", escaped(&folder));
            seen.insert(folder.clone());
            last = folder;
        } else {
            let _ = write!(
                entries,
                "<Contents><Key>{}</Key><LastModified>{}</LastModified><Size>{}</Size></Contents>",
                escaped(key),
                object.last_modified,
                object.body.len()
            );
            last.clone_from(key);
        }
    }
    let token = if is_truncated {
        format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(&last))
    } else {
        String::new()
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"{NAMESPACE}\"><Prefix>{}</Prefix>\
         <KeyCount>{count}</KeyCount><MaxKeys>{most}</MaxKeys><IsTruncated>{is_truncated}</IsTruncated>{token}\
         {entries}</ListBucketResult>",
        escaped(prefix)
    )
}
fn error(status: u16, code: &str, message: &str) -> ErrorAnswer {
    ErrorAnswer { status, code: code.to_owned(), message: message.to_owned() }
}

fn get_object(bucket: &Bucket, key: &str) -> Result<Encoded, ErrorAnswer> {
    let Some(object) = bucket.objects.get(key).filter(|object| !object.is_gone) else {
        return Err(error(404, "NoSuchKey", "The specified key does not exist."));
    };
    if object.is_archived {
        let message = "The operation is not valid for the object's storage class";
        return Err(error(403, "InvalidObjectState", message));
    }
    let mut answer = Encoded::raw(200, "application/x-gzip", object.body.clone());
    answer.headers.push(("last-modified", http_date(object.last_modified)));
    let metadata = object.metadata.iter().map(|(name, value)| (format!("x-amz-meta-{name}"), value.clone()));
    answer.metadata = metadata.collect();
    Ok(answer)
}
