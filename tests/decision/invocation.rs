//! AWS Config's events: the cases of `tests/events`, and anything at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::Path,
};

use cloudtrail_all_regions::invocation::{InvalidInvocation, Invocation, Subject};
use proptest::{prelude::*, sample::Index};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The specification's rows and sentences about the event; each must have a case.
const ROWS: [&str; 14] = [
    "ScheduledNotification, ConfigurationSnapshotDeliveryCompleted",
    "ConfigurationItemChangeNotification, OversizedConfigurationItemChangeNotification of a trail",
    "the CI says ResourceDeleted, ResourceDeletedNotRecorded or ResourceNotRecorded, or `eventLeftScope` is true",
    "a CI of any other resource type",
    "`evaluationMode` PROACTIVE",
    "none of resultToken, invokingEvent, configRuleArn, accountId is there",
    "unknown messageType or evaluationMode, malformed JSON, no invokingEvent, no accountId, a change without CI or \
     resource id",
    "`accountId` is 12 digits and equals the account in `configRuleArn`",
    "A CI of another account is a warning and gets no row",
    "Region and partition come from `configRuleArn`",
    "unknown fields are fine, known ones of the wrong type are an error that names the field",
    "A missing token fails before any call",
    "Ordering timestamp: `notificationCreationTime`, else the CI's capture time; missing or unparsable: the invocation \
     fails",
    "`ruleParameters` may be a string or an object. Absent, null, `\"\"`, `{}` mean no parameters",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Case {
    row: String,
    event: Value,
    expect: Expect,
}

#[derive(Deserialize)]
pub(super) enum Expect {
    /// Some of what `describe` shows.
    Invocation(Map<String, Value>),
    /// Pieces of the error and its sources.
    InvalidInvocation(Vec<String>),
}

fn cases() -> BTreeMap<String, Case> {
    json_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/events"))
        .into_iter()
        .map(|(name, text)| {
            let case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, case)
        })
        .collect()
}

pub(super) fn json_files(folder: &Path) -> BTreeMap<String, String> {
    let files: BTreeMap<String, String> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    assert!(!files.is_empty(), "{} holds no event", folder.display());
    files
}

/// The error with its sources, as the edge prints it.
fn chain(error: &InvalidInvocation) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        said = format!("{said}: {error}");
        source = error.source();
    }
    said
}

fn describe(invocation: &Invocation) -> Value {
    json!({
        "AccountId": invocation.account_id(),
        "ConfigRuleArn": invocation.config_rule_arn(),
        "ConfigRuleName": invocation.config_rule_name(),
        "Partition": invocation.partition(),
        "Region": invocation.region(),
        "EvaluationMode": invocation.evaluation_mode().to_string(),
        "MessageType": invocation.message_type().to_string(),
        "OrderingTimestamp": invocation.ordering_timestamp(),
        "IsTestMode": invocation.result_token().is_test_mode(),
        "RuleParameters": invocation.rule_parameters(),
        "Subject": describe_subject(invocation.subject()),
    })
}

fn describe_subject(subject: &Subject) -> Value {
    match subject {
        Subject::Account { withdraw, trail } => json!({"Account": {
            "Withdraw": withdraw,
            "Trail": trail.as_ref().map(|trail| json!({"ResourceId": trail.resource_id, "IsGone": trail.is_gone})),
        }}),
        Subject::NotApplicable { resource_type, resource_id, reason } => json!({"NotApplicable": {
            "ResourceType": resource_type,
            "ResourceId": resource_id,
            "Reason": format!("{reason:?}"),
        }}),
        Subject::Nothing => json!("Nothing"),
    }
}

pub(super) fn check(name: &str, event: &Value, expect: &Expect) {
    let token = event.get("resultToken").and_then(Value::as_str);
    match (Invocation::parse(event.clone()), expect) {
        (Ok(invocation), Expect::Invocation(expected)) => {
            for needed in ["Subject", "MessageType", "OrderingTimestamp"] {
                assert!(expected.contains_key(needed), "{name}: the case does not say which {needed}");
            }
            let actual = describe(&invocation);
            for (key, expected) in expected {
                if key == "Warnings" {
                    let warnings: Vec<String> = invocation.warnings().iter().map(ToString::to_string).collect();
                    let expected: Vec<String> = serde_json::from_value(expected.clone()).unwrap();
                    assert_eq!(warnings.len(), expected.len(), "{name}: {warnings:?}");
                    for (warning, piece) in warnings.iter().zip(&expected) {
                        assert!(warning.contains(piece), "{name}: `{warning}` does not say {piece}");
                    }
                } else {
                    assert_eq!(actual.get(key), Some(expected), "{name}: {key}");
                }
            }
            assert_eq!(Some(invocation.result_token().expose()), token, "{name}");
            assert!(!format!("{invocation:?}").contains(token.unwrap()), "{name} shows the result token");
            assert!(format!("{invocation:?}").contains("result_token: ResultToken(hidden)"), "{name}");
        }
        (Err(error), Expect::InvalidInvocation(pieces)) => {
            let said = chain(&error);
            assert!(!pieces.is_empty(), "{name}: the case does not say what the error names");
            for piece in pieces {
                assert!(said.contains(piece), "{name}: `{said}` does not say {piece}");
            }
            if let Some(token) = token.filter(|token| !token.trim().is_empty()) {
                assert!(!format!("{said} {error:?}").contains(token), "{name} shows the result token");
            }
        }
        (Ok(invocation), Expect::InvalidInvocation(_)) => panic!("{name}: taken as {invocation:?}"),
        (Err(error), Expect::Invocation(_)) => panic!("{name}: {}", chain(&error)),
    }
}

#[test]
fn every_event_ends_as_its_case_says() {
    for (name, Case { event, expect, .. }) in &cases() {
        check(name, event, expect);
    }
}

#[test]
fn every_row_of_the_specification_has_a_case() {
    let rows: BTreeSet<String> = cases().into_values().map(|case| case.row).collect();
    assert_eq!(rows, ROWS.into_iter().map(str::to_owned).collect());
}

#[test]
fn a_result_token_that_is_a_number_is_not_shown() {
    let error = Invocation::parse(json!({"resultToken": 98_765_432})).unwrap_err();
    assert!(!format!("{} {error:?}", chain(&error)).contains("98765432"));
}

#[test]
fn an_annotation_for_what_is_not_applicable_is_short_printable_ascii() {
    let mut reasons = BTreeSet::new();
    for Case { event, .. } in cases().into_values() {
        if let Ok(Subject::NotApplicable { reason, .. }) = Invocation::parse(event).map(|event| event.subject().clone())
        {
            let text = reason.to_string();
            assert!((1..=256).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text}");
            reasons.insert(text);
        }
    }
    assert_eq!(reasons.len(), 2);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[0-9]{11,13}".prop_map(Value::from),
        "arn:[a-z-]{0,6}:config:[a-z0-9.-]{0,9}:[0-9]{12}:config-rule/.?".prop_map(Value::from),
        Just(Value::from("PROACTIVE")),
        Just(Value::from("ConfigurationItemChangeNotification")),
        Just(Value::from("AWS::CloudTrail::Trail")),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(".{0,8}", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            pointers(value, &format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{here}/{index}"), found));
        }
        _ => {}
    }
}

/// Puts another value in place of one node, or takes the node away.
fn mutate(value: &mut Value, at: Index, replacement: Option<Value>) {
    let mut found = Vec::new();
    pointers(value, "", &mut found);
    let pointer = at.get(&found);
    match (replacement, pointer.rsplit_once('/')) {
        (Some(replacement), _) => *value.pointer_mut(pointer).unwrap() = replacement,
        (None, None) => *value = Value::Null,
        (None, Some((parent, key))) => match value.pointer_mut(parent).unwrap() {
            Value::Object(fields) => {
                fields.remove(&key.replace("~1", "/").replace("~0", "~"));
            }
            Value::Array(items) => {
                items.remove(key.parse().unwrap());
            }
            leaf => panic!("{leaf} has no {key}"),
        },
    }
}

/// An event from the cases, some nodes of which are changed, in the payload or in its `invokingEvent`.
fn mutated_event() -> impl Strategy<Value = Value> {
    let events: Vec<Value> = cases().into_values().map(|case| case.event).filter(Value::is_object).collect();
    let mutation = (any::<bool>(), any::<Index>(), prop::option::of(any_json()));
    (prop::sample::select(events), prop::collection::vec(mutation, 0..4)).prop_map(|(mut event, mutations)| {
        for (is_inside, at, replacement) in mutations {
            let inner =
                event.get("invokingEvent").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
            match inner {
                Some(mut inner) if is_inside => {
                    mutate(&mut inner, at, replacement);
                    event["invokingEvent"] = Value::String(inner.to_string());
                }
                _ => mutate(&mut event, at, replacement),
            }
        }
        event
    })
}

fn assert_sound(event: Value) -> Result<(), TestCaseError> {
    let Ok(invocation) = Invocation::parse(event) else { return Ok(()) };
    let account_id = invocation.account_id();
    prop_assert!(account_id.len() == 12 && account_id.bytes().all(|byte| byte.is_ascii_digit()));
    let region = invocation.region();
    prop_assert!(
        !region.is_empty() && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    );
    let partition = invocation.partition();
    prop_assert!(!partition.is_empty() && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    let arn_start = format!("arn:{partition}:config:{region}:{account_id}:config-rule/");
    prop_assert!(invocation.config_rule_arn().starts_with(&arn_start));
    prop_assert!(!invocation.result_token().expose().trim().is_empty());
    prop_assert!(invocation.config_rule_name().is_none_or(|name| !name.trim().is_empty()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_taken_soundly_or_refused(payload in any_json()) {
        assert_sound(payload)?;
    }

    #[test]
    fn any_change_to_an_event_is_taken_soundly_or_refused(event in mutated_event()) {
        assert_sound(event)?;
    }
}
