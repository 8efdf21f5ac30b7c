//! How `prove` asks: every Region at once, in waves that each need the answers of the one before.

use cloudtrail_all_regions::{rule::region, stand_in::Call};
use serde_json::{Value, json};

use super::{now, trail, world::Given};

/// 36 Regions of the partition, of which two are disabled, as are some of an account's.
fn thirty_four_regions() -> Given {
    let known = region::known().filter(|known| region::partition(known) == Some("aws"));
    let regions: serde_json::Map<String, Value> = known
        .take(36)
        .enumerate()
        .map(|(index, region)| {
            let read = if index < 2 { json!({"OptStatus": "DISABLED", "Digests": []}) } else { json!({}) };
            (region.to_owned(), read)
        })
        .collect();
    serde_json::from_value(json!({ "Regions": regions })).unwrap()
}

/// The most calls that were under way at once.
fn most_at_once<'c>(calls: impl Iterator<Item = &'c Call>) -> usize {
    let mut moments: Vec<(u64, i32)> =
        calls.flat_map(|call| [(call.arrived, 1), (call.answered.unwrap_or(u64::MAX), -1)]).collect();
    moments.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, change) in moments {
        now += change;
        most = most.max(now);
    }
    usize::try_from(most).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_four_regions_are_asked_in_six_waves_and_at_most_32_calls_to_s3_at_once() {
    let live = thirty_four_regions().serve(now()).await;
    // Who calls; trails and Regions; status, selectors and bucket; status everywhere; 36 listings of digest files and 34 of
    // log files, 32 at a time; 34 digest files, 32 at a time, and 34 lists of keys.
    live.stand_in.hold_waves(&[1, 2, 3, 34, 32, 32, 6, 32 + 34, 2]);
    let ran = live.run(&["prove", "--format", "json"]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let text = trail(&ran)["delivery"]["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("In each of the 34 enabled Regions"), "{text}");
    let calls = live.stand_in.calls();
    assert_eq!(calls.len(), 178);
    assert_eq!(most_at_once(calls.iter().filter(|call| call.service == Some("s3"))), 32);
    let count = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    let counts = ["GetTrailStatus", "ListPublicKeys", "HeadBucket", "ListObjectsV2", "GetObject"].map(count);
    assert_eq!(counts, [35, 34, 1, 70, 34]);
}
