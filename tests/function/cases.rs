//! The cases of `tests/cases/handler`: every row of the specification's section 6 has one, or names its test.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour, events::ConfigurationItem};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    central, hanging,
    harness::{PATIENT, TIME, Wire, compliant, earlier_row, error, error_of, failed, warns},
    record,
};

/// A row of the specification, and the tests that prove what no case can. What is gone, or has lost its `#[tokio::test]`,
/// is no `fn()` and does not compile.
type Row = (&'static str, &'static [fn()]);

const ROWS: &[Row] = &[
    ("ScheduledNotification, ConfigurationSnapshotDeliveryCompleted", &[]),
    ("ConfigurationItemChangeNotification, OversizedConfigurationItemChangeNotification of a trail", &[]),
    ("the CI says ResourceDeleted, ResourceDeletedNotRecorded or ResourceNotRecorded, or eventLeftScope is true", &[]),
    ("a CI of any other resource type", &[]),
    ("evaluationMode PROACTIVE", &[]),
    (
        "unknown messageType or evaluationMode, malformed JSON, no invokingEvent, no accountId, a change without CI or \
         resource id",
        &[],
    ),
    ("unknown fields are fine, known ones of the wrong type are an error that names the field", &[]),
    ("token; identity; evaluation mode; resource type; parameters; collect", &[]),
    ("accountId is 12 digits and equals the account in configRuleArn", &[]),
    ("a CI of another account is a warning and gets no row", &[]),
    ("Region and partition come from configRuleArn", &[central::all_reads_are_in_the_rules_region_and_partition]),
    (
        "central function",
        &[
            central::every_call_after_assuming_the_role_is_the_members,
            central::without_a_role_name_the_message_says_so,
            central::the_role_is_never_taken_from_the_event_nor_from_a_parameter,
            central::an_arn_is_no_role_name,
            central::credentials_are_kept_for_the_next_invocation,
            central::a_hundred_accounts_are_each_asked_with_their_own_credentials,
        ],
    ),
    (
        "deadline",
        &[
            hanging::each_call_of_the_verdict_ends_with_the_deadline_and_is_named,
            hanging::each_call_of_the_verdict_ends_with_its_own_error_when_there_is_time,
            hanging::a_role_that_is_never_assumed_ends_likewise,
        ],
    ),
    ("success returns a small JSON summary", &[record::success_answers_a_small_summary]),
    (
        "errors carry a stable errorType",
        &[
            central::a_role_that_is_refused_fails_the_invocation_and_is_named,
            hanging::each_call_of_the_verdict_ends_with_the_deadline_and_is_named,
        ],
    ),
    ("logs", &[record::the_summary_line_of_a_verdict, record::the_line_names_what_the_event_was]),
    (
        "metrics",
        &[
            record::the_metrics_of_a_verdict,
            record::the_metrics_of_an_error,
            record::a_misconfigured_rule_is_logged_and_counted,
            record::an_event_that_cannot_be_read_is_counted_too,
        ],
    ),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Case {
    row: String,
    event: EventOfCase,
    rule_parameters: Option<Value>,
    /// What replaces members of a compliant account's evidence.
    #[serde(default)]
    account: Map<String, Value>,
    /// What replaces members of its one trail.
    #[serde(default)]
    trail: Map<String, Value>,
    /// Rows that are there already: type, id, compliance type.
    #[serde(default)]
    earlier_rows: Vec<[String; 3]>,
    #[serde(default)]
    faults: Vec<FaultOfCase>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EventOfCase {
    kind: Kind,
    item: Option<Item>,
    #[serde(default)]
    left_scope: bool,
    evaluation_mode: Option<String>,
    /// What replaces members of the payload, of the invoking event and of its item; null takes a member away.
    #[serde(default)]
    set: Map<String, Value>,
    #[serde(default)]
    set_in_invoking_event: Map<String, Value>,
    #[serde(default)]
    set_in_item: Map<String, Value>,
}

#[derive(Deserialize)]
enum Kind {
    Scheduled,
    SnapshotDelivered,
    Change,
    OversizedChange,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Item {
    #[serde(default = "trail_type")]
    resource_type: String,
    resource_id: String,
    status: String,
}

fn trail_type() -> String {
    crate::harness::TRAIL.to_owned()
}

/// An error code that an operation always answers, with HTTP status 400.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FaultOfCase {
    operation: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Expect {
    /// The rows of each `PutEvaluations`: type, id, compliance type.
    put: Option<Vec<Vec<[String; 3]>>>,
    /// What Config then shows.
    rows: Option<Vec<[String; 3]>>,
    error_type: Option<String>,
    #[serde(default)]
    error_contains: Vec<String>,
    #[serde(default)]
    annotation_contains: Vec<String>,
    #[serde(default)]
    warnings_contain: Vec<String>,
    /// Every call that was made.
    calls: Option<BTreeMap<String, usize>>,
}

impl Case {
    async fn run(self, name: &str) {
        let mut evidence = compliant();
        evidence["trails"][0].as_object_mut().unwrap().extend(self.trail);
        evidence.as_object_mut().unwrap().extend(self.account);
        let wire = Wire::with(&evidence, PATIENT).await;
        for row in self.earlier_rows {
            wire.stand_in.world().put_row(&wire.rule, earlier_row(row, "2026-10-31T12:00:00Z"));
        }
        for FaultOfCase { operation, code } in self.faults {
            let what = if code == "ThrottlingException" { Misbehaviour::Throttle } else { error(400, &code) };
            wire.fault(Fault::on(&operation, what));
        }
        let payload = self.event.payload(&wire, self.rule_parameters);
        let outcome = wire.invoke(payload).await;

        let Expect { put, rows, error_type, error_contains, annotation_contains, warnings_contain, calls } =
            self.expect;
        assert_ne!(put.is_some(), error_type.is_some(), "{name}: either Put or ErrorType is expected");
        if let Some(error_type) = error_type {
            assert_eq!(failed(&outcome).0, error_type, "{name}: {:?}", failed(&outcome));
            assert!(wire.rows().is_empty(), "{name}: nothing is reported");
        } else {
            assert!(outcome.result.is_ok(), "{name}: {:?}", failed(&outcome));
        }
        if let Some(put) = put {
            assert_eq!(wire.puts(), put, "{name}");
        }
        if let Some(rows) = rows {
            assert_eq!(wire.rows(), rows, "{name}");
        }
        let error = error_of(&outcome).unwrap_or_default();
        for part in error_contains {
            assert!(error.contains(&part), "{name}: {part} in {error}");
        }
        for part in annotation_contains {
            assert!(wire.annotation().contains(&part), "{name}: {part} in {}", wire.annotation());
        }
        for part in warnings_contain {
            assert!(warns(&outcome, &part), "{name}: {part} in {:?}", outcome.record.warnings);
        }
        if let Some(calls) = calls {
            assert_eq!(wire.counts(), calls, "{name}");
        }
    }
}

impl EventOfCase {
    fn payload(self, wire: &Wire, rule_parameters: Option<Value>) -> Value {
        let mut event = wire.event();
        if let Some(parameters) = rule_parameters {
            event = event.rule_parameters(&parameters);
        }
        if self.left_scope {
            event = event.left_scope();
        }
        if let Some(mode) = &self.evaluation_mode {
            event = event.evaluation_mode(mode);
        }
        let item = self.item.map(|Item { resource_type, resource_id, status }| ConfigurationItem {
            resource_type,
            resource_id,
            status,
            capture_time: "2026-11-01T11:59:58.000Z".to_owned(),
        });
        let mut payload = match (self.kind, item) {
            (Kind::Scheduled, None) => event.scheduled(TIME),
            (Kind::SnapshotDelivered, None) => event.configuration_snapshot_delivery_completed(TIME),
            (Kind::Change, Some(item)) => event.configuration_item_change(&item, TIME),
            (Kind::OversizedChange, Some(item)) => event.oversized_configuration_item_change(&item, TIME),
            _ => panic!("a change has an Item, other events have none"),
        };
        let mut invoking_event: Value = serde_json::from_str(payload["invokingEvent"].as_str().unwrap()).unwrap();
        for item in ["configurationItem", "configurationItemSummary"] {
            if let Some(item) = invoking_event.get_mut(item) {
                set(item, self.set_in_item.clone());
            }
        }
        set(&mut invoking_event, self.set_in_invoking_event);
        payload["invokingEvent"] = invoking_event.to_string().into();
        set(&mut payload, self.set);
        payload
    }
}

fn set(object: &mut Value, members: Map<String, Value>) {
    let object = object.as_object_mut().unwrap();
    for (name, value) in members {
        if value.is_null() {
            object.remove(&name);
        } else {
            object.insert(name, value);
        }
    }
}

fn files(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn cases() -> BTreeMap<String, Case> {
    let case = |text: &str, name: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    files("tests/cases/handler").into_iter().map(|(name, text)| (name.clone(), case(&text, &name))).collect()
}

#[tokio::test]
async fn every_case_ends_as_expected() {
    for (name, case) in cases() {
        case.run(&name).await;
    }
}

#[test]
fn every_row_has_a_case_or_a_test_and_every_case_a_row() {
    let rows: BTreeSet<&str> = ROWS.iter().map(|(row, _)| *row).collect();
    let cases: Vec<Case> = cases().into_values().collect();
    let with_case: BTreeSet<&str> = cases.iter().map(|case| case.row.as_str()).collect();
    let with_test = ROWS.iter().filter(|(_, tests)| !tests.is_empty()).map(|(row, _)| *row);
    assert_eq!(with_case.iter().copied().chain(with_test).collect::<BTreeSet<&str>>(), rows);
}
