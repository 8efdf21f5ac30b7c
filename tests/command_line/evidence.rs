//! Evidence that was changed, says nothing of itself, or is not what was asked for.

use std::{fs, path::Path};

use cloudtrail_all_regions::report::format::Format;
use serde_json::Value;
use tempfile::TempDir;

use super::harness::{Ran, bare, example, read_json};

/// What shows accounts without verdict on standard error alone, as an earlier finding or row stands.
const WITHOUT: [&str; 2] = ["asff", "evaluations"];

fn path(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name).to_str().unwrap().to_owned()
}

fn check(arguments: &[&str]) -> Ran {
    let home = TempDir::new().unwrap();
    Ran::new(bare(home.path(), &[&["check", "--evidence"], arguments].concat()).output().unwrap())
}

#[test]
fn a_file_without_a_checksum_is_marked_in_every_format() {
    let evidence = example("stopped");
    let evidence = evidence.to_str().unwrap();
    for format in Format::ALL {
        let ran = check(&[evidence, "--format", format.name]);
        let is_marked = |text: &str| text.to_lowercase().replace('-', " ").contains("no checksum");
        let shown = if format.name == "evaluations" { &ran.stderr } else { &ran.stdout };
        assert!(ran.code == Some(1) && is_marked(shown), "{}: {ran:?}", format.name);
        assert!(!is_marked(&check(&[&path("tests/cli/saved/evidence.json"), "--format", format.name]).stdout));
    }
}

#[test]
fn a_forged_file_is_marked_in_every_format() {
    let evidence = example("stopped");
    let files = [path("tests/cli/saved/forged.json"), evidence.to_str().unwrap().to_owned()];
    for format in Format::ALL {
        let ran = check(&[&files[0], &files[1], "--format", format.name]);
        let shown = if WITHOUT.contains(&format.name) { &ran.stderr } else { &ran.stdout };
        let is_marked = shown.contains("forged.json") && shown.contains("changed after it was saved");
        assert!(ran.code == Some(2) && is_marked, "{}: {ran:?}", format.name);
    }
}

#[test]
fn what_says_nothing_of_itself_or_is_another_file_has_no_verdict_in_any_format() {
    let evidence = example("compliant");
    let evidence = evidence.to_str().unwrap();
    let other = "0".repeat(64);
    for (asked, why) in
        [(&["--require-provenance"][..], "no checksum: nobody can tell"), (&["--sha256", &other], "--sha256 asks for ")]
    {
        for format in Format::ALL {
            let ran = check(&[&[evidence, "--format", format.name], asked].concat());
            assert!(ran.code == Some(2) && ran.stderr.contains(why), "{}: {ran:?}", format.name);
            let shown = &ran.stdout;
            assert!(!shown.contains("\"COMPLIANT\"") && !shown.contains("PASSED"), "{}: {ran:?}", format.name);
            let is_told = ["NO_VERDICT", "Without verdict", "\"complianceType\": null"];
            let is_told = is_told.iter().any(|words| shown.contains(words));
            assert!(is_told || WITHOUT.contains(&format.name), "{}: {ran:?}", format.name);
        }
        let ran = check(&[&[evidence, "--format", "json"], asked].concat());
        assert_eq!(ran.json()["accounts"][0]["complianceType"], Value::Null);
    }
}

#[test]
fn a_file_that_0_1_0_has_saved_is_read_and_checked_as_before() {
    let saved = path("tests/cli/accounts/saved-by-0.1.0.json");
    let ran = check(&[&saved, "--require-provenance", "--format", "json"]);
    let evidence = read_json(Path::new(&saved));
    let account = &ran.json()["accounts"][0];
    assert_eq!((ran.code, &account["contentSha256"]), (Some(0), &evidence["provenance"]["sha256"]));
    assert_eq!(account["savedVerdict"], evidence["provenance"]["verdict"]);
    assert_eq!(account["caveats"], Value::Array(Vec::new()));

    let home = TempDir::new().unwrap();
    let file = home.path().join("evidence.json");
    let decided = |evidence: &Value| {
        fs::write(&file, evidence.to_string()).unwrap();
        check(&[file.to_str().unwrap(), "--require-provenance"])
    };
    assert_eq!(decided(&evidence).code, Some(0), "the layout does not matter");
    let mut changed = evidence.clone();
    changed["trails"][0]["S3BucketName"] = "another".into();
    let ran = decided(&changed);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""));
    assert!(ran.stderr.contains("changed after it was saved"), "{}", ran.stderr);
}
