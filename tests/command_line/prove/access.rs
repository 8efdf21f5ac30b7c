//! By whose credentials `prove` reads, and what it says of its arguments.

use std::collections::BTreeSet;

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};
use serde_json::json;

use super::{
    now, trail,
    world::{ACCOUNT, ARN, BUCKET, Given, HOME},
};
use crate::harness::{Live, Ran};

const LOG_ARCHIVE: &str = "999988887777";
const ROLE: &str = "arn:aws:iam::999988887777:role/proof-reader";

/// An organization's trail whose bucket only the log archive account may read.
async fn organization() -> Live {
    let given = json!({
        "Trail": {"IsOrganizationTrail": true, "S3KeyPrefix": "o-exampleorgid"},
        "Elsewhere": {"Organization": "o-exampleorgid"},
    });
    let live = serde_json::from_value::<Given>(given).unwrap().serve(now()).await;
    {
        let mut world = live.stand_in.world();
        world.bucket(BUCKET, HOME).readers = Some(BTreeSet::from([LOG_ARCHIVE.to_owned()]));
        world.put_role(LOG_ARCHIVE, "proof-reader", ACCOUNT);
    }
    live
}

fn proof(ran: &Ran) -> String {
    trail(ran)["delivery"]["proof"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_in_a_log_archive_account_is_read_by_its_role_and_else_unreadable() {
    let live = organization().await;
    let refused = live.run(&["prove", "--format", "json"]).await;
    assert_eq!((refused.code, proof(&refused).as_str()), (Some(2), "NOT_PROVED"), "{}", refused.stderr);
    assert!(refused.stdout.contains("ListObjectsV2 AccessDenied"));
    let read = live.run(&["prove", "--format", "json", "--bucket-role", ROLE]).await;
    assert_eq!((read.code, proof(&read).as_str()), (Some(0), "PROVED"), "{}{}", read.stdout, read.stderr);
    let of_bucket = live.stand_in.calls();
    let accounts: BTreeSet<Option<String>> =
        of_bucket.iter().rev().filter(|call| call.operation == "GetObject").map(|call| call.account.clone()).collect();
    assert_eq!(accounts, BTreeSet::from([Some(LOG_ARCHIVE.to_owned())]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_in_a_log_archive_account_is_read_by_a_profile_there() {
    let live = organization().await;
    let of_archive = live.stand_in.world().credentials(LOG_ARCHIVE);
    let profile = format!(
        "[log-archive]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        of_archive.access_key_id, of_archive.secret_access_key
    );
    std::fs::write(live.path("credentials"), profile).unwrap();
    let read = live.run(&["prove", "--format", "json", "--bucket-profile", "log-archive"]).await;
    assert_eq!((read.code, proof(&read).as_str()), (Some(0), "PROVED"), "{}{}", read.stdout, read.stderr);
    let accounts = |service: &str| -> BTreeSet<Option<String>> {
        let calls = live.stand_in.calls();
        calls.iter().filter(|call| call.service == Some(service)).map(|call| call.account.clone()).collect()
    };
    assert_eq!(accounts("s3"), BTreeSet::from([Some(LOG_ARCHIVE.to_owned())]));
    assert_eq!(accounts("cloudtrail"), BTreeSet::from([Some(ACCOUNT.to_owned())]));
    for secret in [&of_archive.access_key_id, &of_archive.secret_access_key] {
        assert!(!read.stdout.contains(secret) && !read.stderr.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_cannot_be_assumed_is_an_error_that_names_it() {
    let live = organization().await;
    let ran = live.run(&["prove", "--bucket-role", "arn:aws:iam::999988887777:role/another"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("AssumeRole AccessDenied"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_argument_is_told_with_what_is_valid() {
    let live = Given::default().serve(now()).await;
    for (arguments, said) in [
        (&["--within", "1h"][..], "valid is 2h to 7d"),
        (&["--verify", "8d"], "valid is newest, or 1h to 7d"),
        (&["--wait", "3h"], "valid is 5m to 2h"),
        (&["--bucket-role", "proof-reader"], "valid is arn:PARTITION:iam::ACCOUNT:role/NAME"),
        (&["--trail", "audit"], ARN),
        (&["--evidence", "x.json", "--wait"], "cannot be used with"),
        (&["--evidence", "x.json", "--verify", "24h"], "cannot be used with"),
        (&["--evidence", "x.json", "--bucket-profile", "p"], "cannot be used with"),
    ] {
        let ran = live.run(&[&["prove"], arguments].concat()).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_that_check_saved_proves_nothing_and_check_ignores_the_delivery() {
    let live = Given::default().serve(now()).await;
    let saved = live.run(&["check", "--save-evidence", "check.json"]).await;
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    let ran = live.run(&["prove", "--evidence", "check.json"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    assert!(ran.stdout.contains("NO_VERDICT") && ran.stdout.contains("saved by check"), "{}", ran.stdout);

    let denied = Fault::on("ListObjectsV2", Misbehaviour::Deny);
    live.stand_in.world().add_fault(denied);
    let saved = live.run(&["prove", "--save-evidence", "prove.json"]).await;
    assert_eq!(saved.code, Some(2), "{}", saved.stderr);
    let ran = live.run(&["check", "--evidence", "prove.json"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stderr.contains("prove decided NO_VERDICT"), "{}", ran.stderr);
    let longer = live.run(&["prove", "--evidence", "prove.json", "--within", "4h"]).await;
    assert_eq!(longer.code, Some(64));
    assert!(longer.stderr.contains("valid is up to 3h"), "{}", longer.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_wrong_is_a_warning_and_the_one_of_s3_counts() {
    let live = Given::default().serve(now()).await;
    live.stand_in.world().date = Some(now().plus_seconds(-7200));
    let ran = live.run(&["prove", "--format", "json"]).await;
    assert!(ran.stderr.contains("the clock of this machine says"), "{}", ran.stderr);
    assert_eq!(
        trail(&ran)["delivery"]["date"].as_str(),
        live.stand_in.world().date.map(|date| date.to_string()).as_deref()
    );
}
