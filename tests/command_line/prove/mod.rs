//! `prove`: every case of `tests/cases/delivery`, on the wire and then again from the evidence that it saved, offline.

mod access;
mod hostile;
#[cfg(target_os = "linux")]
mod interrupted;
mod waves;
mod world;

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use cloudtrail_all_regions::{clock::Clock, rule::timestamp::Timestamp};
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::harness::{Ran, bare, ended, read_json};
use world::Given;

/// A case: what is given, and what `prove` finds.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Case {
    /// The rows of `tests/cases/delivery.rows.json` that it shows.
    rows: Vec<String>,
    #[serde(default)]
    given: Given,
    #[serde(default)]
    arguments: Vec<String>,
    expect: Expect,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Expect {
    exit: i32,
    verdict: String,
    proof: Option<String>,
    #[serde(default)]
    regions: BTreeMap<String, String>,
    /// What the line of the trail holds.
    #[serde(default)]
    text: Vec<String>,
    /// What notes hold.
    #[serde(default)]
    notes: Vec<String>,
    /// What no note and no line holds.
    #[serde(default)]
    never: Vec<String>,
}

fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/delivery");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let case = serde_json::from_str(&fs::read_to_string(&path).unwrap());
        let case = case.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_stem().unwrap().to_string_lossy().into_owned(), case)
    };
    paths.into_iter().map(read).collect()
}

fn now() -> Timestamp {
    Clock::System.now().to_second()
}

fn trail(ran: &Ran) -> Value {
    ran.json()["accounts"][0]["trails"][0].clone()
}

impl Case {
    fn check(&self, name: &str, how: &str, ran: &Ran) {
        let said = format!("{name}, {how}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(self.expect.exit), "{said}");
        let report = ran.json()["accounts"][0].clone();
        assert_eq!(report["complianceType"].as_str().unwrap_or("NO_VERDICT"), self.expect.verdict, "{said}");
        let delivery = &trail(ran)["delivery"];
        assert_eq!(delivery["proof"].as_str(), self.expect.proof.as_deref(), "{said}");
        let regions = delivery["regions"].as_array().cloned().unwrap_or_default();
        for (region, code) in &self.expect.regions {
            let found = regions.iter().find(|found| found["region"] == region.as_str());
            assert_eq!(found.map(|found| found["code"].as_str().unwrap()), Some(code.as_str()), "{region}: {said}");
        }
        let line = delivery["text"].as_str().unwrap_or_default();
        for text in &self.expect.text {
            assert!(line.contains(text.as_str()), "{text:?} in {line:?}: {said}");
        }
        let of_regions = regions.iter().flat_map(|region| region["notes"].as_array().cloned().unwrap_or_default());
        let of_trail = delivery["notes"].as_array().cloned().unwrap_or_default();
        let notes: Vec<String> =
            of_regions.chain(of_trail).map(|note| note.as_str().unwrap_or_default().to_owned()).collect();
        for text in &self.expect.notes {
            assert!(notes.iter().any(|note| note.contains(text.as_str())), "{text:?} in {notes:?}: {said}");
        }
        for text in &self.expect.never {
            assert!(!line.contains(text.as_str()) && !notes.iter().any(|note| note.contains(text.as_str())), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_comes_to_what_it_says_on_the_wire_and_offline_from_what_was_saved() {
    let places = Arc::new(Semaphore::new(6));
    let mut running = JoinSet::new();
    for (name, case) in cases() {
        let places = Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire().await;
            run(name, case).await
        });
    }
    let failures: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{} cases fail: {failures:?}", failures.len());
}

/// The name of the case, if it fails.
async fn run(name: String, case: Case) -> Option<String> {
    let live = case.given.serve(now()).await;
    let arguments = ["prove", "--format", "json", "--save-evidence", "evidence.json"];
    let given = case.arguments.iter().map(String::as_str);
    let ran = live.run(&arguments.into_iter().chain(given).collect::<Vec<_>>()).await;
    let home = live.home.path().to_owned();
    let named = case.arguments.iter().position(|argument| argument == "--trail");
    let named = named.map(|at| case.arguments[at..at + 2].to_vec()).unwrap_or_default();
    let offline = ["prove", "--format", "json", "--evidence", "evidence.json"];
    live.stand_in.clear_calls();
    let offline: Vec<&str> = offline.into_iter().chain(named.iter().map(String::as_str)).collect();
    let again = ended(bare(&home, &offline)).await;
    let evidence = read_json(&home.join("evidence.json"));
    let checked = catch_unwind(AssertUnwindSafe(|| {
        case.check(&name, "on the wire", &ran);
        assert_valid(include_str!("../../../src/report/report.schema.json"), &ran.json(), &name);
        assert_valid(include_str!("../../../src/rule/evidence.schema.json"), &evidence, &name);
        case.check(&name, "offline", &again);
        assert_eq!(trail(&again), trail(&ran), "{name}");
        assert!(live.stand_in.calls().is_empty(), "{name}");
    }));
    checked.is_err().then_some(name)
}

fn assert_valid(schema: &str, document: &Value, name: &str) {
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

#[test]
fn every_row_has_a_case_and_every_case_a_row() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/delivery.rows.json");
    let rows: BTreeMap<String, String> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let cases = cases();
    let shown: Vec<&String> = cases.iter().flat_map(|(_, case)| &case.rows).collect();
    let without_case: Vec<&String> = rows.keys().filter(|row| !shown.contains(row)).collect();
    assert!(without_case.is_empty(), "rows without a case: {without_case:?}");
    for (name, case) in &cases {
        assert!(!case.rows.is_empty() && case.rows.iter().all(|row| rows.contains_key(row)), "{name}");
    }
}
