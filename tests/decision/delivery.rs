//! The decision of `prove`, for any evidence: nothing but what was delivered proves a Region.

use std::collections::BTreeMap;

use cloudtrail_all_regions::rule::{
    delivery::{
        Digest, Flaw, Outcome, Proof, Question, Signature,
        evidence::{Delivery, DigestFile, DigestObject, Object, OwnCall, PublicKey, RegionDelivery, RegionOptStatus},
        judge,
        key::Place,
    },
    evidence::{Observed, Refusal, Trail, TrailStatus},
    timestamp::Timestamp,
};
use proptest::prelude::*;

const ACCOUNT: &str = "123456789012";
const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-east-1"];
const WITHIN: u32 = 3 * 3600;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-25T12:00:00Z").unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    now().plus_seconds(-60 * minutes)
}

fn trail() -> Trail {
    Trail {
        is_multi_region_trail: Some(true),
        trail_arn: Some("arn:aws:cloudtrail:us-east-1:123456789012:trail/audit".to_owned()),
        name: Some("audit".to_owned()),
        home_region: Some("us-east-1".to_owned()),
        s3_bucket_name: Some("logs".to_owned()),
        ..Trail::default()
    }
}

fn refusal(operation: &str, code: &str) -> Refusal {
    Refusal { operation: operation.to_owned(), code: code.to_owned(), home_region_code: None }
}

fn observed<T: Clone + std::fmt::Debug + 'static>(
    answer: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<Observed<T>>> {
    let code = prop_oneof![
        Just("AccessDenied"),
        Just("NoSuchKey"),
        Just("InvalidObjectState"),
        Just("TrailNotFoundException"),
        Just("UnrecognizedClientException")
    ];
    prop_oneof![
        8 => answer.prop_map(|answer| Some(Observed::Known(answer))),
        1 => code.prop_map(|code| Some(Observed::Refused { refused: refusal("Any", code) })),
        1 => Just(Some(Observed::Unanswered { unanswered: refusal("Any", "TimedOut") })),
        1 => Just(None),
    ]
    .boxed()
}

/// Keys of this trail and others, of the window, before it and of the future.
fn object(region: &'static str) -> impl Strategy<Value = Object> {
    let region = prop_oneof![9 => Just(region), 1 => prop::sample::select(&REGIONS[..])];
    let what = prop_oneof![6 => Just("digest"), 2 => Just("log"), 1 => Just("other trail"), 1 => Just("noise")];
    (region, what, -100_i64..600, -100_i64..600).prop_map(|(region, what, end, written)| {
        let trail = trail();
        let place = Place::of(&trail, ACCOUNT, region).unwrap();
        let key = match what {
            "digest" => place.digest_key(&place.root(None), ago(end)),
            "log" => format!("{}_x.json.gz", place.log_file_key(&place.root(None), ago(end))),
            "other trail" => Place { trail: "audit_us-east-1", ..place }.digest_key(&place.root(None), ago(end)),
            _ => "x".to_owned(),
        };
        Object { key, last_modified: ago(written) }
    })
}

fn objects(region: &'static str) -> impl Strategy<Value = Vec<Object>> {
    prop::collection::vec(object(region), 0..4)
}

fn status() -> impl Strategy<Value = TrailStatus> {
    (prop::option::of(0_i64..3000), prop::option::of(Just("AccessDenied".to_owned()))).prop_map(|(started, error)| {
        TrailStatus {
            is_logging: Some(true),
            start_logging_time: started.map(ago),
            latest_delivery_error: error,
            ..TrailStatus::default()
        }
    })
}

fn region(region: &'static str) -> BoxedStrategy<RegionDelivery> {
    let own_call = (prop::option::of(object(region)), 0_i64..300, any::<bool>()).prop_map(
        |(found_in, at, has_been_waited_for)| OwnCall {
            request_id: "id".to_owned(),
            at: ago(at),
            has_been_waited_for,
            found_in,
        },
    );
    let read =
        (object(region), observed(Just(DigestObject { last_modified: None, metadata: BTreeMap::new(), body: None })))
            .prop_filter_map("read", |(object, file)| Some(DigestFile { key: object.key, object: file? }));
    (
        observed(status()),
        prop::option::of(own_call),
        observed(objects(region)),
        observed(objects(region)),
        observed(objects(region)),
        prop::collection::vec(read, 0..3),
        observed(Just(Vec::<PublicKey>::new())),
        any::<bool>(),
    )
        .prop_map(move |(status, own_call, digest_files, earlier, log_files, mut read, keys, reads_newest)| {
            // Else what is read is seldom what is listed.
            if let (true, Some(Observed::Known(listed))) = (reads_newest, &digest_files) {
                let file = DigestObject { last_modified: None, metadata: BTreeMap::new(), body: None };
                read.extend(
                    listed
                        .iter()
                        .map(|object| DigestFile { key: object.key.clone(), object: Observed::Known(file.clone()) }),
                );
            }
            RegionDelivery {
                region: region.to_owned(),
                get_trail_status: status,
                own_call,
                digest_files,
                earlier_digest_files: earlier,
                log_files,
                get_object: read,
                list_public_keys: keys,
            }
        })
        .boxed()
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let status = prop_oneof![
        4 => Just("ENABLED_BY_DEFAULT"), 2 => Just("ENABLED"), 2 => Just("DISABLED"), 1 => Just("DISABLING"), 1 => Just("NEW")
    ];
    let entry = (prop::sample::select(&REGIONS[..]), status).prop_map(|(region, status)| RegionOptStatus {
        region_name: region.to_owned(),
        region_opt_status: status.to_owned(),
    });
    let listed = observed(prop::collection::vec(entry, 0..5)).prop_filter_map("asked", |listed| listed);
    let regions = (region(REGIONS[0]), region(REGIONS[1]), region(REGIONS[2]), 0_usize..4);
    (listed, regions, prop::option::of(Just(86_400_u32))).prop_map(
        |(list_regions, (a, b, c, count), verify_seconds)| Delivery {
            date: Some(now()),
            within_seconds: WITHIN,
            verify_seconds,
            has_temporary_credentials: false,
            list_regions,
            head_bucket: None,
            regions: [a, b, c].into_iter().take(count).collect(),
        },
    )
}

fn question() -> Question<'static> {
    Question {
        account_id: ACCOUNT,
        collected_at: now(),
        within_seconds: WITHIN,
        check_delivery: true,
        shares_bucket: false,
    }
}

/// Whether the evidence has, for a Region, any file that can prove it; told without the code that decides.
fn can_prove(trail: &Trail, read: &RegionDelivery, opened: &Result<Digest, Flaw>) -> bool {
    let place = Place::of(trail, ACCOUNT, &read.region).unwrap();
    let since = now().plus_seconds(-i64::from(WITHIN));
    let in_window = |time: Timestamp| since <= time && time <= now();
    let has_digest = opened.as_ref().is_ok_and(|digest| digest.signature != Signature::KeyNotListed)
        && read.get_object.iter().any(|file| {
            let key = place.read_digest_key(&file.key);
            file.object.known().is_some() && key.is_some_and(|key| !key.is_backfill && in_window(key.end))
        });
    let has_log_file = trail.log_file_validation_enabled != Some(true)
        && read.log_files.as_ref().and_then(Observed::known).is_some_and(|files| {
            files.iter().any(|file| place.is_log_file(&file.key) && in_window(file.last_modified))
        });
    let has_own_call = read
        .own_call
        .as_ref()
        .is_some_and(|call| call.found_in.as_ref().is_some_and(|found| place.is_log_file(&found.key)));
    has_digest || has_log_file || has_own_call
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_evidence_proves_an_account_with_a_region_in_the_count_that_is_not(
        delivery in delivery(),
        validates in any::<bool>(),
        log_files in 0_usize..2,
        signature in prop::sample::select(vec![Signature::Good, Signature::KeyNotListed, Signature::NotChecked]),
        flaw in prop::option::of(Just(Flaw::BadSignature)),
    ) {
        let opened = match flaw {
            Some(flaw) => Err(flaw),
            None => Ok(Digest {
                end: now(),
                log_files,
                previous: None,
                sha256: String::new(),
                signature_hex: String::new(),
                signature,
            }),
        };
        let read = |_: &DigestObject, _: &str, _: &Place<'_>, _: Option<&[PublicKey]>| opened.clone();
        let trail = Trail { delivery: Some(delivery.clone()), log_file_validation_enabled: Some(validates), ..trail() };
        let judged = judge(&trail, &question(), &read);
        if judged.proof == Proof::Proved {
            let enabled: Vec<&str> = match delivery.list_regions.known() {
                Some(listed) => listed
                    .iter()
                    .filter(|entry| ["ENABLED", "ENABLED_BY_DEFAULT", "NEW"].contains(&entry.region_opt_status.as_str()))
                    .map(|entry| entry.region_name.as_str())
                    .collect(),
                None => judged.counted().map(|region| region.region.as_str()).collect(),
            };
            prop_assert!(!enabled.is_empty());
            for region in enabled {
                let read = delivery.regions.iter().find(|read| read.region == region);
                prop_assert!(read.is_some_and(|read| can_prove(&trail, read, &opened)), "{region}: {judged}");
            }
        }
    }

    #[test]
    fn a_region_that_is_disproved_disproves_the_trail_whatever_the_others_are(delivery in delivery()) {
        let read = |_: &DigestObject, _: &str, _: &Place<'_>, _: Option<&[PublicKey]>| Err(Flaw::NotGzip);
        let trail = Trail { delivery: Some(delivery), log_file_validation_enabled: Some(true), ..trail() };
        let judged = judge(&trail, &question(), &read);
        let is_any = judged.regions.iter().any(|region| region.outcome.proof() == Some(Proof::Disproved));
        prop_assert_eq!(judged.proof == Proof::Disproved, is_any);
        prop_assert!(!judged.to_string().is_empty());
    }
}

#[test]
fn after_a_wait_in_vain_a_region_is_unproved_and_the_line_says_so() {
    let read = |_: &DigestObject, _: &str, _: &Place<'_>, _: Option<&[PublicKey]>| Err(Flaw::NotGzip);
    let call = OwnCall { request_id: "id".to_owned(), at: ago(20), has_been_waited_for: true, found_in: None };
    let of_region = RegionDelivery {
        region: "us-east-1".to_owned(),
        get_trail_status: Some(Observed::Known(TrailStatus {
            start_logging_time: Some(ago(9000)),
            ..TrailStatus::default()
        })),
        own_call: Some(call),
        digest_files: Some(Observed::Known(Vec::new())),
        log_files: Some(Observed::Known(Vec::new())),
        ..RegionDelivery::default()
    };
    let listed = RegionOptStatus { region_name: "us-east-1".to_owned(), region_opt_status: "ENABLED".to_owned() };
    let delivery = Delivery {
        date: Some(now()),
        within_seconds: WITHIN,
        verify_seconds: None,
        has_temporary_credentials: false,
        list_regions: Observed::Known(vec![listed]),
        head_bucket: None,
        regions: vec![of_region],
    };
    let trail = Trail { delivery: Some(delivery), ..trail() };
    let judged = judge(&trail, &question(), &read);
    assert_eq!(judged.regions[0].outcome, Outcome::Unproved { has_waited: true });
    assert!(judged.to_string().contains("our own call is in no log file yet"), "{judged}");
}

#[test]
fn with_temporary_credentials_the_line_says_that_opt_in_regions_cannot_be_told_from_disabled_ones() {
    let read = |_: &DigestObject, _: &str, _: &Place<'_>, _: Option<&[PublicKey]>| Err(Flaw::NotGzip);
    let refused = Observed::Refused { refused: refusal("ListRegions", "AccessDeniedException") };
    let delivery = Delivery {
        date: Some(now()),
        within_seconds: WITHIN,
        verify_seconds: None,
        has_temporary_credentials: true,
        list_regions: refused,
        head_bucket: None,
        regions: Vec::new(),
    };
    let trail = Trail { delivery: Some(delivery), ..trail() };
    let judged = judge(&trail, &question(), &read);
    assert!(judged.notes[0].contains("an opt-in Region cannot be told from a disabled one"), "{:?}", judged.notes);
    // Every known Region of the partition counts, read or not.
    assert!(judged.counted().count() > 30);
    assert_eq!(judged.proof, Proof::NotProved);
}
