//! `docs/faults.md`: the matrix for readers.

use std::{env, fs, path::Path};

use cloudtrail_all_regions::aws::connections::Timing;
use serde_json::json;

use super::outcomes::MATRIX;

const INTRODUCTION: &str = "\
<!-- Generated from tests/function/fault_matrix/outcomes.json by `UPDATE_DOCS=1 cargo test --test function fault_matrix`. -->

# What a fault of AWS comes to

The eight kinds of call that the function makes, each with the faults below: one outcome each, derived from the
specification, and checked by `cargo test --test function fault_matrix` with the real AWS SDK against a stand-in of AWS on
loopback.

Each cell is one run. A schedule wakes the function, with `trailResults` on, for a member account with one multi-Region
trail: in the account that passes it records everything, in the one that fails it is stopped. AWS Config still has two
rows of an earlier run: one of the account, which says the opposite, and one of a trail that is no more, which is to be
withdrawn. The trail's home Region is the rule's, or, where it says \"at home elsewhere\", another: there the fault is in
the home Region alone. After the fault a second event without one gives the account's own verdict in the same process, and what was
logged and answered holds no result token and no credentials.

Not in the matrix: further pages, the second look at a trail in the rule's Region, several trails at once, and rows that AWS
Config answers as failed. Tests of their own have them.
";

fn document() -> String {
    let row = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let table = |heads: &[&str]| format!("\n{}|{}\n", row(heads), "---|".repeat(heads.len()));
    let mut text = format!("{INTRODUCTION}\n## Faults\n");
    text += &table(&["fault", "what happens to the call"]);
    text.extend(MATRIX.faults.iter().map(|fault| row(&[&fault.name, &fault.means])));
    text += "\n## Outcomes\n";
    text += &table(&["outcome", "what it means"]);
    text.extend(MATRIX.outcomes.iter().map(|outcome| row(&[&outcome.name, &outcome.means])));
    text += "\nLambda tries an invocation that failed again, and its on-failure destination keeps the event.\n";
    for call in &MATRIX.calls {
        text.extend(["\n## ", &call.name, "\n\n", &call.means, "\n"]);
        text += &table(&["fault", "account that passes", "account that fails"]);
        text.extend(call.cells.iter().map(|(fault, passing, failing)| row(&[fault, passing, failing])));
    }
    text
}

#[track_caller]
fn assert_current(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let is_current = fs::read_to_string(&path).is_ok_and(|current| current == text);
    assert!(is_current, "{name} is stale: run `UPDATE_DOCS=1 cargo test --test function fault_matrix`");
}

#[test]
fn the_document_is_the_matrix() {
    assert_current("docs/faults.md", &document());
}

#[test]
fn the_model_of_many_accounts_tries_as_often_and_waits_as_long() {
    let retries = json!({ "attempts": Timing::ATTEMPTS, "backoffSeconds": Timing::default().backoff.as_secs_f64() });
    assert_current("docs/scale/retries.json", &format!("{retries}\n"));
}
