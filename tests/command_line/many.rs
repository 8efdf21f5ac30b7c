//! Two hundred accounts, of which eighteen need attention.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::harness::{Ran, bare, example, read_json};

/// What is wrong with the accounts that need attention, and with how many of them.
const FAILING: [(&str, u32); 6] = [
    ("stopped", 6),
    ("no-trail", 3),
    ("single-region", 3),
    ("split-selectors", 2),
    ("delivery-failing", 2),
    ("throttled", 2),
];
const ACCOUNTS: u32 = 200;

/// An evidence file an account, those that need attention among the others.
fn accounts(folder: &Path) -> Vec<String> {
    let failing = FAILING.iter().flat_map(|(name, count)| std::iter::repeat_n(*name, *count as usize));
    let mut failing = failing.enumerate().map(|(place, name)| (u32::try_from(place).unwrap() * 11, name)).peekable();
    let mut named = Vec::new();
    for number in 0..ACCOUNTS {
        let is_failing = failing.next_if(|(place, _)| *place == number);
        let mut evidence: Value = read_json(&example(is_failing.map_or("compliant", |(_, name)| name)));
        let account_id = format!("{:012}", 210_000_000_000_u64 + u64::from(number));
        evidence["accountId"] = json!(account_id);
        let text = evidence.to_string().replace("123456789012", &account_id);
        fs::write(folder.join(format!("{account_id}.json")), text).unwrap();
        if is_failing.is_some() {
            named.push(account_id);
        }
    }
    named
}

fn check(folder: &TempDir, more: &[&str]) -> Ran {
    let evidence = folder.path().join("evidence");
    let arguments = [&["check", "--evidence", evidence.to_str().unwrap()], more].concat();
    Ran::new(bare(folder.path(), &arguments).output().unwrap())
}

fn two_hundred() -> (TempDir, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let evidence: PathBuf = folder.path().join("evidence");
    fs::create_dir(&evidence).unwrap();
    let failing = accounts(&evidence);
    assert_eq!(failing.len(), 18);
    (folder, failing)
}

const SUMMARY: &str = "16 non-compliant, 2 without verdict, 182 compliant";

/// The accounts that a text names, each once, in order.
fn named(text: &str) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for word in text.split(|character: char| !character.is_ascii_digit()) {
        if word.len() == 12 && !named.iter().any(|account| account == word) {
            named.push(word.to_owned());
        }
    }
    named
}

#[test]
fn the_table_ends_with_how_many_stand_how_and_shows_first_those_that_need_attention() {
    let (folder, failing) = two_hundred();
    let ran = check(&folder, &[]);
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(2), Some(SUMMARY)));
    let (mut first, all) = (named(&ran.stdout)[..18].to_vec(), named(&ran.stdout).len());
    first.sort();
    assert_eq!((first, all), (failing, 200));
    // What many share is said once.
    assert_eq!(ran.stdout.matches("  not-logging: Logging is off. Start logging.\n").count(), 1);
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
}

#[test]
fn only_those_that_need_attention_are_shown_where_that_is_wanted_and_all_are_counted() {
    let (folder, failing) = two_hundred();
    for format in ["table", "json", "csv", "markdown", "asff", "ocsf", "junit", "html"] {
        let ran = check(&folder, &["--only", "failing", "--format", format]);
        let mut shown = named(&ran.stdout);
        shown.retain(|account| account.starts_with("21"));
        shown.sort();
        // What has no verdict is no finding, so that an earlier one stands.
        let expected = if format == "asff" { &failing[..16] } else { &failing[..] };
        assert_eq!((ran.code, &shown[..]), (Some(2), expected), "{format}");
        if ["table", "markdown"].contains(&format) {
            assert!(ran.stdout.contains(SUMMARY), "{format}: {}", ran.stdout);
        }
    }
}

#[test]
fn the_summary_of_a_ci_job_has_a_table_of_the_accounts() {
    let (folder, failing) = two_hundred();
    let summary = check(&folder, &["--format", "markdown"]).stdout;
    assert!(summary.contains(&format!("\n{SUMMARY}.\n\n| Account | Verdict | Why |\n|---|---|---|\n")), "{summary}");
    let rows: Vec<&str> = summary.lines().filter(|line| line.starts_with("| 21")).collect();
    let mut first: Vec<String> = rows[..18].iter().filter_map(|row| named(row).into_iter().next()).collect();
    first.sort();
    assert_eq!((rows.len(), first), (200, failing));
}

#[test]
fn programs_are_given_the_accounts_in_the_order_of_the_input() {
    let (folder, _) = two_hundred();
    let report = check(&folder, &["--format", "json"]).json();
    let accounts: Vec<&str> =
        report["accounts"].as_array().unwrap().iter().map(|account| account["accountId"].as_str().unwrap()).collect();
    assert!(accounts.is_sorted() && accounts.len() == 200);
    let rows = check(&folder, &["--format", "csv"]).stdout;
    let accounts: Vec<&str> = rows.lines().skip(1).map(|row| &row[..12]).collect();
    assert!(accounts.is_sorted() && accounts.len() >= 200);
}
