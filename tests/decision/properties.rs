//! What holds for any evidence, and that the rule agrees with a naive second reading of the specification.

use cloudtrail_all_regions::rule::{
    Verdict,
    evaluation::{ComplianceType, EvaluatedResource},
    evidence::{Evidence, FormatVersion, Observed, Refusal, Trail, TrailStatus},
    judge,
    parameters::{OnIndeterminate, RuleParameters},
    reasons::TrailResult,
    selectors::{AdvancedEventSelector, EventSelector, EventSelectors, FieldSelector, Unknown},
    timestamp::Timestamp,
};
use proptest::{
    option,
    prelude::*,
    sample::{select, subsequence},
    strategy::ValueTree,
    test_runner::{TestRng, TestRunner},
};
use serde_json::json;
use support::oracle;

use crate::evidence_schema::against_evidence_schema;

const ACCOUNT: &str = "123456789012";
const NOW: i64 = 1_793_534_400_000;

fn text(text: &str) -> String {
    text.to_owned()
}

fn texts(texts: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(texts, 0..=texts.len()).prop_map(|texts| texts.into_iter().map(text).collect())
}

fn mostly<T: Clone + std::fmt::Debug + 'static>(weight: u32, usual: T, rare: Vec<T>) -> impl Strategy<Value = T> {
    prop_oneof![weight => Just(usual), 100 - weight => select(rare)]
}

fn refusal(operation: &'static str) -> impl Strategy<Value = Refusal> {
    let codes = vec!["AccessDeniedException", "TrailNotFoundException", "CloudTrailARNInvalidException"];
    let home = mostly(80, None, vec![Some("AccessDeniedException"), Some("TimedOut"), Some("TrailNotFoundException")]);
    (mostly(70, "AccessDeniedException", codes), home).prop_map(move |(code, home)| Refusal {
        operation: text(operation),
        code: text(code),
        home_region_code: home.map(text),
    })
}

fn observed<T: std::fmt::Debug + Clone>(
    operation: &'static str,
    known: u32,
    answer: impl Strategy<Value = T>,
) -> impl Strategy<Value = Observed<T>> {
    let withheld = (100 - known) / 2;
    prop_oneof![
        known => answer.prop_map(Observed::Known),
        withheld => refusal(operation).prop_map(Observed::refused),
        withheld => refusal(operation).prop_map(|unanswered| Observed::Unanswered { unanswered }),
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    const HOUR: i64 = 3_600_000;
    let ages = vec![0, HOUR, HOUR - 1, HOUR + 1, 24 * HOUR, 24 * HOUR + 1, 168 * HOUR, 168 * HOUR + 1, -5];
    mostly(80, 60_000, ages).prop_map(|age| Timestamp::from_epoch_milliseconds(NOW - age).unwrap())
}

fn status() -> impl Strategy<Value = TrailStatus> {
    let errors = ["", " ", "None", "AccessDenied", "NoSuchBucket"].map(|error| Some(text(error))).to_vec();
    let rarely = |time| prop_oneof![9 => time, 1 => Just(None)];
    (
        mostly(90, Some(true), vec![Some(false), None]),
        mostly(85, None, errors),
        rarely(time().prop_map(Some).boxed()),
        rarely(time().prop_map(Some).boxed()),
        option::of(time()),
    )
        .prop_map(|(is_logging, error, latest, start, stop)| TrailStatus {
            is_logging,
            latest_delivery_error: error,
            latest_delivery_time: latest,
            latest_digest_delivery_time: None,
            start_logging_time: start,
            stop_logging_time: stop,
        })
}

const SOURCES: &[&str] = &["kms.amazonaws.com", "rdsdata.amazonaws.com", "s3.amazonaws.com"];

fn unknown() -> impl Strategy<Value = Unknown> {
    let members = [json!({"NewMember": ["x"]}), json!({"Matches": ["x"], "Absent": null}), json!({"Absent": null})];
    let members: Vec<Unknown> = members.map(|members| serde_json::from_value(members).unwrap()).to_vec();
    mostly(93, Unknown::default(), members)
}

fn basic() -> impl Strategy<Value = EventSelector> {
    let types = [None, Some("ALL"), Some("ReadOnly"), Some("writeonly"), Some("WriteOnly"), Some("Else")].to_vec();
    let include = mostly(80, Some(true), vec![None, Some(false)]);
    let excluded = prop_oneof![3 => Just(Vec::new()), 1 => texts(SOURCES)];
    (mostly(60, Some("All"), types), include, excluded, unknown()).prop_map(
        |(read_write_type, include, excluded, unknown)| EventSelector {
            data_resources: Vec::new(),
            read_write_type: read_write_type.map(text),
            include_management_events: include,
            exclude_management_event_sources: excluded,
            unknown,
        },
    )
}

fn field() -> impl Strategy<Value = FieldSelector> {
    const VALUES: &[&str] = &["Management", "Data", "true", "false", "t", "kms.amazonaws.com", ""];
    let few = || prop_oneof![4 => Just(Vec::new()), 1 => texts(VALUES)];
    let names = vec!["eventCategory", "readOnly", "eventSource", "eventName"];
    (select(names), few(), few(), few(), few(), few(), few(), unknown()).prop_map(
        |(field, equals, starts_with, ends_with, not_equals, not_starts_with, not_ends_with, unknown)| FieldSelector {
            unknown,
            field: text(field),
            equals,
            starts_with,
            ends_with,
            not_equals,
            not_starts_with,
            not_ends_with,
        },
    )
}

fn advanced() -> impl Strategy<Value = AdvancedEventSelector> {
    let category =
        |value| FieldSelector { field: text("eventCategory"), equals: vec![text(value)], ..Default::default() };
    let reads =
        |value: &str| FieldSelector { field: text("readOnly"), equals: vec![text(value)], ..Default::default() };
    let source = texts(SOURCES).prop_map(|not_equals| FieldSelector {
        field: text("eventSource"),
        not_equals,
        ..Default::default()
    });
    let category = mostly(85, vec![category("Management")], vec![vec![], vec![category("Data")]]);
    let category = (category, unknown()).prop_map(|(mut category, unknown)| {
        for field in &mut category {
            field.unknown = unknown.clone();
        }
        category
    });
    let rest = prop_oneof![
        6 => Just(Vec::new()),
        1 => prop::collection::vec(source, 1..=2),
        1 => select(vec![vec![reads("true")], vec![reads("false")]]),
        1 => prop::collection::vec(field(), 1..=2),
    ];
    (category, rest, any::<bool>(), unknown()).prop_map(|(category, rest, first, unknown)| AdvancedEventSelector {
        unknown,
        name: None,
        field_selectors: if first { [category, rest].concat() } else { [rest, category].concat() },
    })
}

fn selectors() -> impl Strategy<Value = EventSelectors> {
    let basic = || prop::collection::vec(basic(), 0..=3);
    let advanced = || prop::collection::vec(advanced(), 0..=3);
    prop_oneof![
        5 => basic().prop_map(|basic| (basic, Vec::new())),
        5 => advanced().prop_map(|advanced| (Vec::new(), advanced)),
        1 => (basic(), advanced()),
    ]
    .prop_map(|(event_selectors, advanced_event_selectors)| EventSelectors {
        event_selectors,
        advanced_event_selectors,
    })
}

fn arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}")
}

fn trail() -> impl Strategy<Value = Trail> {
    let identity = (
        mostly(60, ACCOUNT, vec!["111122223333"]),
        mostly(70, "us-east-1", vec!["eu-central-1", "ap-south-1"]),
        select(vec!["a", "b", "management-events", "data-events", "organization"]),
        mostly(95, true, vec![false]),
        prop_oneof![9 => Just(None), 1 => any::<String>().prop_map(Some)],
        mostly(80, true, vec![false]),
    );
    let described = (
        mostly(95, Some(true), vec![Some(false), None]),
        mostly(95, Some(true), vec![Some(false), None]),
        select(vec![Some(true), Some(false), None]),
        mostly(60, Some(true), vec![Some(false), None]),
        mostly(90, Some(true), vec![Some(false), None]),
        mostly(90, Some("key"), vec![None, Some("")]),
        mostly(90, "trail-logs", vec!["other-logs"]),
        mostly(90, Some("topic"), vec![None, Some(""), Some("other")]),
        mostly(90, Some("group:*"), vec![None, Some("group"), Some("other:*")]),
    );
    let asked = |known| mostly(98, known, vec![false]);
    let status = (asked(true), observed("GetTrailStatus", 64, status()));
    let selectors = (asked(true), observed("GetEventSelectors", 64, selectors()));
    (identity, described, status, selectors).prop_map(|(identity, described, status, selectors)| {
        let (account, region, name, has_arn, odd_name, says_home_region) = identity;
        let (multi_region, global, organization, custom, validation, key, bucket, topic, group) = described;
        Trail {
            is_multi_region_trail: multi_region,
            trail_arn: has_arn.then(|| arn(region, account, name)),
            name: Some(odd_name.unwrap_or(text(name))),
            home_region: says_home_region.then(|| text(region)),
            s3_bucket_name: Some(text(bucket)),
            include_global_service_events: global,
            is_organization_trail: organization,
            has_custom_event_selectors: custom,
            log_file_validation_enabled: validation,
            kms_key_id: key.map(text),
            sns_topic_arn: topic.map(text),
            cloud_watch_logs_log_group_arn: group.map(text),
            get_trail_status: status.0.then_some(status.1),
            get_event_selectors: selectors.0.then_some(selectors.1),
            ..Trail::default()
        }
    })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let mut ids = vec![text("gone"), text("a"), text("management-events")];
    ids.extend([arn("us-east-1", ACCOUNT, "a"), arn("us-east-1", "111122223333", "organization")]);
    let discovered = prop::collection::vec(select(ids.clone()), 0..=4);
    (
        observed("DescribeTrails", 92, prop::collection::vec(trail(), 0..=5)),
        option::weighted(0.9, observed("ListDiscoveredResources", 90, discovered)),
        option::weighted(0.2, select(ids)),
    )
        .prop_map(|(trails, discovered_trails, deleted_trail)| Evidence {
            format_version: FormatVersion,
            provenance: None,
            account_id: text(ACCOUNT),
            region: text("us-east-1"),
            collected_at: Timestamp::from_epoch_milliseconds(NOW).unwrap(),
            trails,
            discovered_trails,
            deleted_trail,
        })
}

fn parameters() -> impl Strategy<Value = RuleParameters> {
    let rarely = || mostly(88, false, vec![true]);
    let rarely_text = |value| mostly(92, None, vec![Some(text(value))]);
    (
        mostly(80, true, vec![false]),
        mostly(75, None, vec![Some(1), Some(24), Some(168)]),
        prop_oneof![1 => Just(Vec::new()), 1 => texts(&["kms.amazonaws.com", "rdsdata.amazonaws.com"])],
        (rarely_text("trail-logs"), rarely_text("topic"), rarely_text("group")),
        (rarely(), rarely(), rarely(), mostly(95, false, vec![true])),
        mostly(70, false, vec![true]),
        mostly(80, OnIndeterminate::NonCompliant, vec![OnIndeterminate::Error]),
        mostly(20, false, vec![true]),
    )
        .prop_map(
            |(check_delivery, age, allowed, (bucket, topic, group), required, trust, on_indeterminate, rows)| {
                RuleParameters {
                    check_delivery,
                    max_delivery_age_hours: age,
                    allowed_excluded_event_sources: allowed,
                    s3_bucket_name: bucket,
                    sns_topic_arn: topic,
                    cloud_watch_logs_log_group_arn: group,
                    require_log_file_validation: required.0,
                    require_kms_encryption: required.1,
                    require_cloud_watch_logs: required.2,
                    require_organization_trail: required.3,
                    trust_organization_trail: trust,
                    on_indeterminate,
                    trail_results: rows,
                    reporting_region: None,
                }
            },
        )
}

fn trails_of(evidence: &Evidence) -> &[Trail] {
    evidence.trails.known().map_or(&[], Vec::as_slice)
}

fn with_trails(evidence: &Evidence, trails: Vec<Trail>) -> Evidence {
    Evidence { trails: Observed::Known(trails), ..evidence.clone() }
}

/// A trail that meets whatever can be asked for, and that no generated trail shares its ARN with.
fn good_trail() -> Trail {
    let now = Timestamp::from_epoch_milliseconds(NOW).unwrap();
    Trail {
        is_multi_region_trail: Some(true),
        trail_arn: Some(arn("us-east-1", ACCOUNT, "the-good-one")),
        name: Some(text("the-good-one")),
        s3_bucket_name: Some(text("trail-logs")),
        is_organization_trail: Some(true),
        log_file_validation_enabled: Some(true),
        kms_key_id: Some(text("key")),
        sns_topic_arn: Some(text("topic")),
        cloud_watch_logs_log_group_arn: Some(text("group:*")),
        get_trail_status: Some(Observed::Known(TrailStatus {
            is_logging: Some(true),
            latest_delivery_time: Some(now),
            ..TrailStatus::default()
        })),
        get_event_selectors: Some(Observed::Known(EventSelectors {
            event_selectors: vec![EventSelector::default()],
            ..EventSelectors::default()
        })),
        ..Trail::default()
    }
}

/// All that a verdict says.
fn said(verdict: &Verdict) -> String {
    format!("{verdict:?}")
}

fn is_legal(annotation: &str) -> bool {
    (1..=256).contains(&annotation.len()) && annotation.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_trails_and_of_discovered_ids_never_matters(
        (evidence, shuffled, ids) in evidence().prop_flat_map(|evidence| {
            let trails = Just(trails_of(&evidence).to_vec()).prop_shuffle();
            let ids = evidence.discovered_trails.as_ref().and_then(Observed::known).cloned().unwrap_or_default();
            (Just(evidence), trails, Just(ids).prop_shuffle())
        }),
        parameters in parameters(),
    ) {
        let mut other = evidence.clone();
        if evidence.trails.known().is_some() {
            other.trails = Observed::Known(shuffled);
        }
        if let Some(Observed::Known(discovered)) = &mut other.discovered_trails {
            *discovered = ids;
        }
        prop_assert_eq!(said(&judge(&evidence, &parameters)), said(&judge(&other, &parameters)));
    }

    #[test]
    fn an_account_with_a_passing_trail_is_compliant(
        evidence in evidence(),
        parameters in parameters(),
        place in any::<prop::sample::Index>(),
    ) {
        let mut trails = trails_of(&evidence).to_vec();
        trails.insert(place.index(trails.len() + 1), good_trail());
        let evidence = with_trails(&evidence, trails);
        let rows = judge(&evidence, &parameters).evaluations.unwrap();
        prop_assert_eq!(rows[0].compliance_type, ComplianceType::Compliant);
    }

    #[test]
    fn a_trail_that_is_listed_again_changes_nothing(
        (evidence, again) in evidence().prop_flat_map(|evidence| {
            let with_arn = trails_of(&evidence).iter().filter(|trail| trail.trail_arn.is_some()).cloned().collect();
            (Just(evidence), Just(with_arn).prop_flat_map(|trails: Vec<Trail>| {
                let count = trails.len();
                subsequence(trails, 0..=count)
            }))
        }),
        parameters in parameters(),
    ) {
        if evidence.trails.known().is_some() {
            let twice = with_trails(&evidence, [trails_of(&evidence), &again].concat());
            prop_assert_eq!(said(&judge(&evidence, &parameters)), said(&judge(&twice, &parameters)));
        }
    }

    #[test]
    fn every_trail_ends_as_a_naive_reading_of_the_specification_says(evidence in evidence(), parameters in parameters()) {
        for judged in judge(&evidence, &parameters).trails {
            let trail = serde_json::to_value(judged.trail).unwrap();
            prop_assert_eq!(judged.result, oracle::trail(&trail, &parameters, ACCOUNT, NOW), "{}", trail);
            prop_assert_eq!(judged.reasons.is_empty(), judged.result == TrailResult::Pass);
        }
    }

    #[test]
    fn compliant_is_reported_only_if_some_trail_was_seen_to_pass_or_is_trusted(
        evidence in evidence(),
        parameters in parameters(),
    ) {
        let is_compliant = judge(&evidence, &parameters)
            .evaluations
            .is_ok_and(|rows| rows[0].compliance_type == ComplianceType::Compliant);
        let passes = trails_of(&evidence).iter().any(|trail| {
            let trail = serde_json::to_value(trail).unwrap();
            oracle::trail(&trail, &parameters, ACCOUNT, NOW) == TrailResult::Pass
        });
        prop_assert!(!is_compliant || passes);
    }

    #[test]
    fn the_account_is_what_the_table_of_section_3_says(evidence in evidence(), parameters in parameters()) {
        let verdict = judge(&evidence, &parameters);
        let any = |result| verdict.trails.iter().any(|judged| judged.result == result);
        let could_not_verify = match parameters.on_indeterminate {
            OnIndeterminate::NonCompliant => Some(ComplianceType::NonCompliant),
            OnIndeterminate::Error => None,
        };
        let expected = match &evidence.trails {
            Observed::Unanswered { .. } => None,
            Observed::Refused { .. } => could_not_verify,
            Observed::Known(_) if any(TrailResult::Pass) => Some(ComplianceType::Compliant),
            Observed::Known(_) if any(TrailResult::Hidden) => None,
            Observed::Known(_) if any(TrailResult::Unknown) => could_not_verify,
            Observed::Known(_) => Some(ComplianceType::NonCompliant),
        };
        let rows = verdict.evaluations.ok();
        prop_assert_eq!(rows.as_ref().map(|rows| rows[0].compliance_type), expected);
        prop_assert!(rows.is_none_or(|rows| rows[0].resource == EvaluatedResource::account(ACCOUNT)));
    }

    #[test]
    fn trail_rows_never_turn_the_rule_red_or_green(evidence in evidence(), parameters in parameters()) {
        if let Ok(rows) = judge(&evidence, &parameters).evaluations {
            let (account, trails) = rows.split_first().unwrap();
            prop_assert!(trails.is_empty() || parameters.trail_results);
            let unwanted = match account.compliance_type {
                ComplianceType::Compliant => ComplianceType::NonCompliant,
                ComplianceType::NonCompliant | ComplianceType::NotApplicable => ComplianceType::Compliant,
            };
            let mut ids: Vec<&String> = evidence.deleted_trail.iter().collect();
            ids.extend(evidence.discovered_trails.as_ref().and_then(Observed::known).into_iter().flatten());
            for row in trails {
                prop_assert_ne!(row.compliance_type, unwanted);
                prop_assert_eq!(&row.resource.resource_type, EvaluatedResource::TRAIL);
                prop_assert!(ids.contains(&&row.resource.resource_id));
                prop_assert_eq!(rows.iter().filter(|other| other.resource == row.resource).count(), 1);
            }
        }
    }

    #[test]
    fn an_annotation_is_always_legal(
        evidence in evidence(),
        parameters in parameters(),
        names in prop::collection::vec(any::<String>(), 5),
        padding in 0..400_usize,
    ) {
        let mut trails = trails_of(&evidence).to_vec();
        for (trail, name) in trails.iter_mut().zip(names) {
            trail.name = Some(name + &"n".repeat(padding));
            trail.s3_bucket_name = trail.name.clone();
        }
        for row in judge(&with_trails(&evidence, trails), &parameters).evaluations.into_iter().flatten() {
            prop_assert!(is_legal(row.annotation.as_str()), "{:?}", row.annotation);
        }
    }

    #[test]
    fn evidence_is_written_and_read_back_equal(evidence in evidence()) {
        let text = serde_json::to_string(&evidence).unwrap();
        prop_assert_eq!(against_evidence_schema(&serde_json::from_str(&text).unwrap()), Vec::<String>::new());
        prop_assert_eq!(Evidence::parse(&text), Ok(evidence));
    }
}

#[test]
fn the_generator_reaches_every_result_often() {
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig::default(),
        TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let mut counts = [0_u32; 4];
    for _ in 0..2_000 {
        let (evidence, parameters) = (evidence(), parameters()).new_tree(&mut runner).unwrap().current();
        for judged in judge(&evidence, &parameters).trails {
            counts[judged.result as usize] += 1;
        }
    }
    let all: u32 = counts.iter().sum();
    assert!(all >= 2_000, "{counts:?}");
    for result in [TrailResult::Pass, TrailResult::Hidden, TrailResult::Unknown, TrailResult::Fail] {
        assert!(counts[result as usize] * 100 >= all * 15, "{result:?}: {counts:?}");
    }
}
