//! What lies in a bucket is untrusted: whatever it is, the work is bounded and nothing else is read.

use cloudtrail_all_regions::{
    rule::region,
    stand_in::{Fault, Misbehaviour, bucket::Object},
};
use serde_json::json;

use super::{
    now, trail,
    world::{ACCOUNT, BUCKET, Given, HOME, REGION, ago},
};
use crate::harness::{Live, Ran};

async fn prove(live: &Live) -> Ran {
    live.run(&["prove", "--format", "json", "--verify", "24h"]).await
}

fn outcome(ran: &Ran) -> (String, String) {
    let regions = trail(ran)["delivery"]["regions"].as_array().unwrap().clone();
    let found = regions.into_iter().find(|found| found["region"] == REGION).unwrap();
    (found["code"].as_str().unwrap().to_owned(), found["text"].as_str().unwrap().to_owned())
}

/// The keys and prefixes that were asked for, without the account's own folders.
fn asked_elsewhere(live: &Live) -> Vec<String> {
    let calls = live.stand_in.calls();
    let asked = calls.iter().filter(|call| call.service == Some("s3")).flat_map(|call| {
        let bucket = call.request["Bucket"].as_str().unwrap().to_owned();
        assert_eq!(bucket, BUCKET);
        ["Key", "prefix"].map(|member| call.request[member].as_str().map(str::to_owned))
    });
    let own = format!("AWSLogs/{ACCOUNT}/");
    asked.flatten().filter(|asked| !asked.starts_with(&own)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_100_000_keys_is_listed_for_ten_pages_and_is_unreadable() {
    let live = Given::default().serve(now()).await;
    let folder = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/9");
    {
        let mut world = live.stand_in.world();
        let bucket = world.bucket(BUCKET, HOME);
        let object = Object::new(ago(now(), 5), "x");
        bucket.objects.extend((0..100_000).map(|number| (format!("{folder}{number:06}"), object.clone())));
    }
    let ran = prove(&live).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let (code, text) = outcome(&ran);
    assert_eq!((code.as_str(), text.contains("too many keys")), ("unreadable", true), "{text}");
    let calls = live.stand_in.calls();
    let pages =
        calls.iter().filter(|call| call.request["prefix"].as_str().is_some_and(|prefix| folder.starts_with(prefix)));
    assert_eq!(pages.count(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_redirects_in_a_circle_is_followed_once_and_is_unreadable() {
    let live = Given::default().serve(now()).await;
    for (from, to) in [(HOME, REGION), (REGION, HOME)] {
        let fault = Fault::on("ListObjectsV2", Misbehaviour::Redirect(to.to_owned())).region(from);
        live.stand_in.world().add_fault(fault);
    }
    let ran = prove(&live).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let (code, text) = outcome(&ran);
    assert_eq!((code.as_str(), text.contains("PermanentRedirect")), ("unreadable", true), "{text}");
    let calls = live.stand_in.calls();
    // Digest files in every Region of the partition, log files in the three that are enabled; each twice.
    let listings = 3 + region::known().filter(|known| region::partition(known) == Some("aws")).count();
    assert_eq!(calls.iter().filter(|call| call.operation == "ListObjectsV2").count(), 2 * listings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_outside_the_trails_folders_is_asked_for_wherever_digest_files_point() {
    for elsewhere in [
        json!({"previousDigestS3Bucket": "another-bucket"}),
        json!({"previousDigestS3Object": "../../secrets"}),
        json!({"previousDigestS3Object": "AWSLogs/999999999999/CloudTrail-Digest/eu-west-1/2026/01/01/x.json.gz"}),
    ] {
        let given = json!({"Regions": {REGION: {"Newest": {"Says": elsewhere}}}});
        let live = serde_json::from_value::<Given>(given).unwrap().serve(now()).await;
        let ran = prove(&live).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(asked_elsewhere(&live), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let live = Given::default().serve(now()).await;
    let digests = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/");
    let fault = Fault::on("GetObject", Misbehaviour::ResetInBody).key_prefix(&digests);
    live.stand_in.world().add_fault(fault.clone().calls(1..=2));
    let ran = live.run(&["prove", "--format", "json"]).await;
    assert_eq!(outcome(&ran).0, "delivering", "{}", ran.stderr);
    live.stand_in.world().add_fault(fault);
    let ran = live.run(&["prove", "--format", "json"]).await;
    assert_eq!((outcome(&ran).0.as_str(), ran.code), ("unanswered", Some(2)), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_is_cut_off_or_empty_of_all_members_is_no_answer() {
    for half in [Misbehaviour::TruncatedJson, Misbehaviour::EmptyObject] {
        let live = Given::default().serve(now()).await;
        let digests = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/");
        live.stand_in.world().add_fault(Fault::on("ListObjectsV2", half.clone()).key_prefix(&digests));
        let ran = live.run(&["prove", "--format", "json"]).await;
        assert_eq!((outcome(&ran).0.as_str(), ran.code), ("unanswered", Some(2)), "{half:?}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_of_others_reaches_no_terminal_raw() {
    let evil = "\u{1b}[2J\u{202e}evil";
    let given =
        json!({"Regions": {REGION: {"Newest": {"Says": {"awsAccountId": evil, "previousDigestS3Object": evil}}}}});
    let live = serde_json::from_value::<Given>(given).unwrap().serve(now()).await;
    let ran = live.run(&["prove"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("says that it is of account") && ran.stdout.contains("evil"), "{}", ran.stdout);
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
    }
}
