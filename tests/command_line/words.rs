//! Every word that a result can show is known to `explain`, and offered by a shell.

use std::process::Command;

use cloudtrail_all_regions::{
    report::{
        Caveat, Standing,
        doctor::{Health, Subject},
    },
    rule::{account_reasons::AccountCode, parameters::PARAMETERS, reasons::Code},
};
use serde_json::Value;

fn ran(arguments: &[&str]) -> (Option<i32>, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions")).args(arguments).output().unwrap();
    (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
}

/// AWS's names of resources, selectors and rules, and our own.
const NAMES: [&str; 8] = [
    "AWS::::Account",
    "All",
    "ReadOnly",
    "WriteOnly",
    "MULTI_REGION_CLOUD_TRAIL_ENABLED",
    "CLOUD_TRAIL_ENABLED",
    "CLOUDTRAIL_SECURITY_TRAIL_ENABLED",
    "cloudtrail-all-regions",
];

/// The words that a schema lists.
fn listed(schema: &Value, words: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            let listed =
                members.get("enum").and_then(Value::as_array).into_iter().flatten().chain(members.get("const"));
            words.extend(listed.filter_map(Value::as_str).filter(|word| !NAMES.contains(word)).map(str::to_owned));
            members.values().for_each(|member| self::listed(member, words));
        }
        Value::Array(items) => items.iter().for_each(|item| listed(item, words)),
        _ => {}
    }
}

fn words() -> Vec<String> {
    let mut words: Vec<&str> = Standing::ALL.into_iter().map(Standing::as_str).collect();
    words.extend(["PASS", "FAIL", "UNKNOWN", "HIDDEN", "met", "not met", "not known", "3.1", "4.1"]);
    words.extend(["0", "1", "2", "64", "130", "INSUFFICIENT_DATA", "NOT_READ", "excepted"]);
    words.extend(Subject::ALL.iter().map(|subject| subject.as_str()));
    words.extend(Health::ALL.iter().map(|health| health.as_str()));
    words.extend(Caveat::ALL.iter().map(|caveat| caveat.as_str()));
    words.extend(Code::ALL.iter().map(|code| code.as_str()));
    words.extend(AccountCode::ALL.iter().map(|code| code.as_str()));
    words.extend(PARAMETERS.iter().map(|parameter| parameter.name));
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    for schema in [
        include_str!("../../src/report/report.schema.json"),
        include_str!("../../src/cli/compare/comparison.schema.json"),
    ] {
        listed(&serde_json::from_str(schema).unwrap(), &mut words);
    }
    words.sort_by_key(|word| word.to_lowercase());
    words.dedup_by_key(|word| word.to_lowercase());
    words
}

#[test]
fn every_word_that_a_result_can_show_is_explained() {
    let (_, all) = ran(&["explain", "--format", "json"]);
    let all: Vec<Value> = serde_json::from_str(&all).unwrap();
    for word in words() {
        let (code, shown) = ran(&["explain", &word]);
        assert!(code == Some(0) && shown.lines().count() >= 2, "{word}: {shown}");
        let explained: Vec<&Value> =
            all.iter().filter(|explained| explained["word"].as_str().unwrap().eq_ignore_ascii_case(&word)).collect();
        let [explained] = explained[..] else { panic!("{word} is explained {} times", explained.len()) };
        assert!(!explained["meaning"].as_str().unwrap().is_empty());
        let (code, alone) = ran(&["explain", &word, "--format", "json"]);
        assert_eq!((code, serde_json::from_str::<Value>(&alone).unwrap()), (Some(0), Value::from([explained.clone()])));
    }
}

/// What fish is offered after these words.
fn offered(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions"));
    command.args(["--", "cloudtrail-all-regions"]).args(words).env("CLOUDTRAIL_ALL_REGIONS_COMPLETE", "fish");
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn a_shell_is_offered_every_word_and_parameter_with_its_meaning() {
    let offered_words = offered(&["explain", ""]);
    for word in words() {
        let line = offered_words
            .lines()
            .find_map(|line| line.split_once('\t').filter(|(is, _)| is.eq_ignore_ascii_case(&word)));
        assert!(line.is_some_and(|(_, meaning)| !meaning.is_empty()), "{word}: {offered_words}");
    }
    let offered_parameters = offered(&["check", "--parameter", ""]);
    for parameter in PARAMETERS {
        assert!(
            offered_parameters.contains(&format!("{}=\t{}", parameter.name, parameter.meaning)),
            "{offered_parameters}"
        );
    }
}
