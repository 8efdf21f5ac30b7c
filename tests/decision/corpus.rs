//! What the fuzzer has to say, on stable Rust: its checks hold for every file of its corpus.

use std::{
    fs, panic,
    path::{Path, PathBuf},
};

use support::checks;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    let fails = |path: &PathBuf| {
        let data = fs::read(path).unwrap();
        panic::catch_unwind(|| check(&data)).is_err()
    };
    let failing: Vec<PathBuf> = files.into_iter().filter(fails).collect();
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn an_event_is_taken_soundly_or_refused() {
    replay("event", checks::event);
}

#[test]
fn parameters_are_taken_or_refused_each_for_itself() {
    replay("parameters", checks::parameters);
}

#[test]
fn a_digest_file_is_opened_within_limits_and_never_taken_for_signed() {
    replay("digest", checks::digest);
}

#[test]
fn the_verdict_on_any_evidence_is_sound() {
    replay("evidence", checks::evidence);
}

#[test]
fn what_is_said_of_selectors_agrees_with_an_enumeration_of_events() {
    replay("selectors", checks::selectors);
}
