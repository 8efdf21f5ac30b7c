//! The cases of `tests/cases/handler`: every row of the specification's section 6 has one, or names its test.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour, events::ConfigurationItem};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::harness::{PATIENT, TIME, Wire, compliant, earlier_row, error, error_of, failed, warns};

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

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files(path: &str, extension: &str) -> BTreeMap<String, String> {
    let paths = fs::read_dir(folder(path)).unwrap().map(|entry| entry.unwrap().path());
    let wanted = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    wanted
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn cases() -> BTreeMap<String, Case> {
    let mut files = files("tests/cases/handler", "json");
    files.remove("rows").unwrap();
    let case = |text: &str, name: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    files.into_iter().map(|(name, text)| (name.clone(), case(&text, &name))).collect()
}

/// The specification's rows, each with the tests that prove what no case can.
fn rows() -> BTreeMap<String, Vec<String>> {
    serde_json::from_str(&files("tests/cases/handler", "json")["rows"]).unwrap()
}

#[tokio::test]
async fn every_case_ends_as_expected() {
    for (name, case) in cases() {
        case.run(&name).await;
    }
}

#[test]
fn every_row_has_a_case_or_a_test_and_every_case_a_row() {
    let rows = rows();
    let with_case: BTreeSet<String> = cases().into_values().map(|case| case.row).collect();
    for row in &with_case {
        assert!(rows.contains_key(row), "no row is called {row:?}");
    }
    let sources: String = files("tests/function", "rs").into_values().collect::<Vec<_>>().join("\n");
    for (row, tests) in &rows {
        assert!(with_case.contains(row) || !tests.is_empty(), "{row:?} has no case");
        for test in tests {
            let is_test = ["#[tokio::test]\nasync fn ", "#[test]\nfn "]
                .iter()
                .any(|start| sources.contains(&format!("{start}{test}()")));
            assert!(is_test, "{test}, which {row:?} names, is no test");
        }
    }
}
