//! The example account: its usage, and what it serves.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Ran, bare};

fn account(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--locked", "--quiet", "--example", "account", "--"]).args(arguments);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    // What cargo says to this test is not for another cargo: ring would be built again, and once more afterwards.
    let is_of_package =
        |name: &str| name == "OUT_DIR" || ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|start| name.starts_with(start));
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_package)) {
        command.env_remove(name);
    }
    command
}

fn ended(arguments: &[&str]) -> Ran {
    let output: Output = account(arguments).output().unwrap();
    Ran::new(output)
}

#[test]
fn its_help_is_a_result_and_wrong_usage_an_error() {
    for help in ["-h", "--help"] {
        let ran = ended(&[help]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(ran.stdout.starts_with("Usage: cargo run --example account -- EVIDENCE_FILE "), "{}", ran.stdout);
    }
    let usage = ended(&["--help"]).stdout;
    for wrong in [&[][..], &["--port"], &["a.json", "b.json"], &["a.json", "--silent", "nowhere"]] {
        let ran = ended(wrong);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{wrong:?}");
        assert_eq!(ran.stderr, usage, "{wrong:?}");
    }
}

/// An account that is served until this is dropped, and what is to be exported.
struct Served {
    process: Child,
    environment: Vec<(String, String)>,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        // Cargo becomes the program that it runs.
        let mut process = account(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().take(5);
        let environment = lines.map(|line| {
            let line = line.unwrap();
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        Self { environment: environment.collect(), process }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let home = TempDir::new().unwrap();
        let mut command = bare(home.path(), arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ran::new(command.output().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(unix)]
#[test]
fn the_managed_rules_results_are_marked_as_invented_wherever_they_are_shown() {
    let served = Served::start(&["examples/accounts/stopped.json"]);
    let table = served.run(&["compare"]);
    assert_eq!(table.code, Some(1), "{table:?}");
    let (_, rules) = table.stdout.split_once("has recorded:").unwrap();
    let managed: Vec<&str> = rules.split("\n\n").filter(|rule| rule.contains("TRAIL_ENABLED\n")).collect();
    assert_eq!(managed.len(), 3, "{rules}");
    for rule in managed {
        assert!(rule.contains("\n    Invented by the example account: "), "{rule}");
    }
    let document = served.run(&["compare", "--format", "json"]).json();
    let invented = |rule: &Value| rule["annotation"].as_str().unwrap().starts_with("Invented by the example account: ");
    for rule in document["rules"].as_array().unwrap() {
        assert_eq!(invented(rule), !rule["managedRuleIdentifier"].is_null(), "{rule}");
    }
}

#[cfg(unix)]
#[test]
fn commands_say_of_it_as_documented() {
    let served = Served::start(&["examples/accounts/stopped.json"]);
    let cases = trycmd::TestCases::new();
    for (name, value) in &served.environment {
        cases.env(name, value);
    }
    cases.case("tests/cli/example_account/*.md").run();
}

#[cfg(unix)]
#[test]
fn a_trail_delivers_to_its_own_bucket_and_a_region_may_be_silent() {
    let served = Served::start(&["examples/accounts/compliant.json", "--silent", "eu-west-3"]);
    let ran = served.run(&["prove"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("eu-west-3 is silent since") && ran.stdout.contains("16 of 17 Regions deliver"),
        "{ran:?}"
    );
    assert_eq!(Served::start(&["examples/accounts/compliant.json"]).run(&["prove"]).code, Some(0));
}

#[cfg(unix)]
#[test]
fn an_organizations_bucket_is_read_by_the_role_of_the_log_archive_account_alone() {
    let served = Served::start(&["examples/accounts/organization-member-readable.json"]);
    assert_eq!(served.run(&["prove"]).code, Some(2));
    let ran = served.run(&["prove", "--bucket-role", "arn:aws:iam::999988887777:role/proof-reader"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("In each of the 17 enabled Regions"), "{}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn without_validation_quiet_regions_are_proved_by_waiting_for_the_own_calls() {
    let served = Served::start(&["examples/accounts/default-selectors.json"]);
    assert_eq!(served.run(&["prove"]).code, Some(2));
    let ran = served.run(&["prove", "--wait"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("(not signed)"), "{}", ran.stdout);
}
