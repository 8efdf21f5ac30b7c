//! `--exceptions`: the verdict stays what it is, and what excepts it stands beside it in each format.

use std::{fs, path::Path};

use cloudtrail_all_regions::{
    clock::Clock,
    report::exceptions::Exceptions,
    rule::{account_reasons::AccountCode, reasons::Code},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Live, Ran, bare, example, read_json};

/// The day that is so many days from today, in UTC.
pub(crate) fn day(days: i64) -> String {
    let at = Clock::System.now().plus_seconds(days * 86_400).to_string();
    at.split_once('T').unwrap().0.to_owned()
}

fn exception(account: &str, reasons: &str, expires: &str) -> String {
    format!(
        "[[exception]]\naccounts = [\"{account}\"]\nreasons = [\"{reasons}\"]\njustification = \"Sandbox, emptied \
         every night\"\nowner = \"team-sandbox@example.com\"\nexpires = {expires}\n"
    )
}

/// `check` of saved evidence with an exceptions file.
fn check(name: &str, exceptions: &str, more: &[&str]) -> Ran {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("exceptions.toml"), exceptions).unwrap();
    let evidence = example(name);
    let mut arguments = vec!["check", "--evidence", evidence.to_str().unwrap(), "--exceptions", "exceptions.toml"];
    arguments.extend(more);
    Ran::new(bare(home.path(), &arguments).output().unwrap())
}

fn account(name: &str) -> String {
    read_json(&example(name))["accountId"].as_str().unwrap().to_owned()
}

#[test]
fn an_excepted_account_keeps_its_verdict_and_counts_as_zero() {
    for (name, reason, verdict) in [
        ("single-region", "single-region", json!("NON_COMPLIANT")),
        ("no-trail", "no-trail", json!("NON_COMPLIANT")),
        ("status-refused", "status-unreadable", json!("NON_COMPLIANT")),
        ("throttled", "unanswered", Value::Null),
        ("single-region", "all", json!("NON_COMPLIANT")),
    ] {
        let without = check(name, "", &["--format", "json"]);
        assert_ne!(without.code, Some(0), "{name}");
        let ran = check(name, &exception(&account(name), reason, &day(200)), &["--format", "json"]);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        let mut report = ran.json()["accounts"][0].clone();
        assert_eq!(report["complianceType"], verdict, "{name}");
        let excepted = report.as_object_mut().unwrap().remove("exceptions").unwrap();
        let shown = json!([{
            "expires": day(200),
            "owner": "team-sandbox@example.com",
            "justification": "Sandbox, emptied every night",
        }]);
        assert_eq!(excepted, shown, "{name}");
        assert_eq!(report, without.json()["accounts"][0], "{name}: all else is the same");
    }
}

#[test]
fn no_exception_makes_evidence_that_is_too_old_count_as_zero() {
    let text = exception(&account("single-region"), "single-region", &day(200));
    let ran = check("single-region", &text, &["--format", "json", "--max-age", "1h"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let report = &ran.json()["accounts"][0];
    assert!(report["exceptions"].is_array() && report["caveats"].as_array().unwrap().contains(&json!("too-old")));
}

#[tokio::test]
async fn a_misconfigured_rule_is_excepted_by_that_word_alone() {
    const RULE: &str = "cis-3-1";
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        let rule = world.config_rule("123456789012", "us-east-1", RULE);
        world.change_config_rule(&rule, |rule| {
            rule.insert("InputParameters".to_owned(), r#"{"checkDelivry":"true"}"#.into());
        });
    })
    .await;
    for (reason, code) in [("misconfigured", 0), ("no-trail", 1)] {
        fs::write(live.path("exceptions.toml"), exception("123456789012", reason, &day(200))).unwrap();
        let ran = live.run(&["check", "--rule", RULE, "--exceptions", "exceptions.toml"]).await;
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        assert!(ran.stdout.contains("\nNON_COMPLIANT  account"), "{}", ran.stdout);
    }
}

#[test]
fn an_expired_exception_is_not_applied_and_warned_of_each_time() {
    let ran = check("single-region", &exception(&account("single-region"), "all", &day(-1)), &[]);
    assert_eq!(ran.code, Some(1));
    assert!(!ran.stdout.contains("excepted"), "{}", ran.stdout);
    let expected = format!(
        "warning: exceptions.toml: line 1: this exception expired on {} and is not applied (owner \
         team-sandbox@example.com)\n",
        day(-1)
    );
    assert_eq!(ran.stderr, expected);
}

#[test]
fn an_exception_that_matches_nothing_is_warned_of_and_one_that_soon_expires_is_listed() {
    let other = check("single-region", &exception("444455556666", "all", &day(200)), &[]);
    assert_eq!(other.code, Some(1));
    assert_eq!(other.stderr, "warning: exceptions.toml: line 1: this exception names none of the accounts\n");
    let soon = check("single-region", &exception(&account("single-region"), "all", &day(10)), &[]);
    assert_eq!(soon.code, Some(0));
    let expected = format!(
        "note: exceptions.toml: line 1: this exception expires on {} (owner team-sandbox@example.com)\n",
        day(10)
    );
    assert_eq!(soon.stderr, expected);
}

#[test]
fn each_format_shows_the_exception_beside_the_verdict() {
    let exceptions = exception(&account("single-region"), "single-region", &day(200));
    let until = day(200);
    let shown = |format: &str| {
        let ran = check("single-region", &exceptions, &["--format", format]);
        assert_eq!(ran.code, Some(0), "{format}: {}", ran.stderr);
        ran.stdout
    };
    let words = format!("excepted until {until} (team-sandbox@example.com: Sandbox, emptied every night)");
    for format in ["table", "html", "ocsf", "asff", "junit"] {
        assert!(shown(format).contains(&words), "{format}: {}", shown(format));
    }
    let (at, escaped) = ("team-sandbox@<!-- -->example.com", "This account is excepted until ");
    assert!(shown("markdown").contains(at) && shown("markdown").contains(escaped), "{}", shown("markdown"));
    for format in ["table", "html", "markdown", "junit", "json", "csv", "ocsf", "asff"] {
        assert!(shown(format).contains("NON_COMPLIANT"), "{format}: {}", shown(format));
    }
    let ocsf: Value = serde_json::from_str(&shown("ocsf")).unwrap();
    assert_eq!((&ocsf["status_id"], &ocsf["status"]), (&json!(3), &json!("Suppressed")));
    assert_eq!(ocsf["compliance"]["status"], "Fail");
    let asff: Value = serde_json::from_str(&shown("asff")).unwrap();
    assert_eq!(asff[0]["Workflow"]["Status"], "SUPPRESSED");
    assert_eq!(asff[0]["Compliance"]["Status"], "FAILED");
    let csv = shown("csv");
    let ending = format!(",{until},team-sandbox@example.com,\"Sandbox, emptied every night\",,,,");
    assert!(csv.lines().next().unwrap().contains(",ExceptedUntil,ExceptionOwner,ExceptionJustification,"), "{csv}");
    assert!(csv.lines().skip(1).all(|line| line.ends_with(&ending)), "{csv}");
    let junit = shown("junit");
    assert!(junit.contains("failures=\"0\" errors=\"0\" skipped=\"1\"") && junit.contains("<skipped "), "{junit}");
    // What AWS Config would be sent is the verdict alone.
    assert!(!shown("evaluations").contains("excepted"));
}

#[test]
fn of_several_evidence_files_each_has_its_own_exception() {
    let home = TempDir::new().unwrap();
    let exceptions = exception(&account("single-region"), "single-region", &day(200));
    fs::write(home.path().join("exceptions.toml"), &exceptions).unwrap();
    let (excepted, other) = (example("single-region"), example("no-trail"));
    let mut second = read_json(&other);
    second["accountId"] = "444455556666".into();
    let second_path = home.path().join("second.json");
    fs::write(&second_path, second.to_string()).unwrap();
    let run = |files: &[&Path]| {
        let mut command = bare(home.path(), &["check", "--format", "json", "--exceptions", "exceptions.toml"]);
        Ran::new(command.arg("--evidence").args(files).output().unwrap())
    };
    let ran = run(&[&excepted, &second_path]);
    assert_eq!(ran.code, Some(1), "the other one still fails");
    let reports = ran.json()["accounts"].clone();
    assert!(reports[0]["exceptions"].is_array() && reports[1].get("exceptions").is_none(), "{reports}");
    assert_eq!(run(&[&excepted]).code, Some(0));
}

#[tokio::test]
async fn a_file_that_is_not_valid_ends_before_any_call_with_its_line() {
    let live = Live::example("single-region").await;
    for (text, said) in [
        (exception("111122223333", "single-regions", &day(10)), "line 3: reasons: `single-regions` is no reason"),
        (exception("111122223333", "all", &day(400)), "line 6: expires is "),
        (exception("111122223333", "all", "soon"), "line 6: "),
        ("[[exception]]\naccounts = [\"111122223333\"]\n".to_owned(), "line 1: missing field"),
        ("accounts = 1".to_owned(), "line 1: unknown field `accounts`"),
    ] {
        fs::write(live.path("exceptions.toml"), &text).unwrap();
        let ran = live.run(&["check", "--exceptions", "exceptions.toml"]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{text}");
        assert!(ran.stderr.starts_with("error: exceptions.toml: ") && ran.stderr.contains(said), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
    let ran = live.run(&["check", "--exceptions", "none.toml"]).await;
    assert_eq!(ran.code, Some(64), "{}", ran.stderr);
    assert_eq!(live.operations(), Vec::<String>::new());
}

#[test]
fn no_output_takes_the_place_of_the_exceptions() {
    let text = exception(&account("single-region"), "all", &day(200));
    let ran = check("single-region", &text, &["--output", "exceptions.toml"]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.stderr.contains("would overwrite exceptions.toml"), "{}", ran.stderr);
}

const SCHEMA: &str = "src/report/exceptions.schema.json";

/// `UPDATE_DOCS` writes them.
#[test]
fn the_schema_lists_what_can_be_excepted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA);
    let text = fs::read_to_string(&path).unwrap();
    let start = "            \"enum\": [\n";
    let (before, rest) = text.split_at(text.find(start).unwrap() + start.len());
    let codes = Code::ALL.iter().map(|code| code.as_str()).chain(AccountCode::ALL.iter().map(|code| code.as_str()));
    let codes: Vec<String> =
        std::iter::once("all").chain(codes).map(|code| format!("              \"{code}\"")).collect();
    let expected = format!("{before}{}{}", codes.join(",\n"), &rest[rest.find("\n            ]").unwrap()..]);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let is_current = fs::read_to_string(&path).unwrap() == expected;
    assert!(is_current, "{SCHEMA} is stale: run `UPDATE_DOCS=1 cargo test --test command_line`");
}

/// A TOML document as JSON, its dates as text: as editors that check TOML by a JSON Schema do.
fn as_json(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(as_json).collect(),
        toml::Value::Table(members) => members.into_iter().map(|(name, value)| (name, as_json(value))).collect(),
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
    }
}

#[test]
fn the_schema_takes_what_the_program_takes() {
    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA)).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let whole = exception("111122223333", "single-region", &day(10));
    let units = whole.replace("accounts = [\"111122223333\"]", "organizational-units = [\"ou-ab12-cdefgh34\"]");
    let mut refused = 0;
    for text in [
        String::new(),
        whole.clone(),
        units.clone(),
        whole.replace("single-region", "all"),
        whole.replace("single-region", "unreachable"),
        whole.replace("single-region", "single_region"),
        whole.replace("111122223333", "11112222333"),
        units.replace("ou-ab12-cdefgh34", "r-ab12"),
        whole.replace("accounts = [\"111122223333\"]\n", ""),
        whole.replace("reasons = ", "organizational-units = [\"ou-ab12-cdefgh34\"]\nreasons = "),
        whole.replace("owner = ", "owners = "),
        whole.replace("team-sandbox@example.com", " "),
        whole.replace("[\"single-region\"]", "[]"),
        whole.replace("[[exception]]", "[[exceptions]]"),
    ] {
        let document = as_json(toml::from_str(&text).unwrap());
        let is_read = Exceptions::parse(&text, Clock::System.now()).is_ok();
        refused += usize::from(!is_read);
        assert_eq!(schema.is_valid(&document), is_read, "{text}");
    }
    assert_eq!(refused, 9);
}
