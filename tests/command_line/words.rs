//! Every word that a result can show is known to `explain`, and offered by a shell.

use std::process::Command;

use cloudtrail_all_regions::{
    report::{Caveat, Standing},
    rule::{parameters::PARAMETERS, reasons::Code},
};
use serde_json::Value;

fn ran(arguments: &[&str]) -> (Option<i32>, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions")).args(arguments).output().unwrap();
    (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
}

fn words() -> Vec<&'static str> {
    let mut words: Vec<&str> = Standing::ALL.into_iter().map(Standing::as_str).collect();
    words.extend(["PASS", "FAIL", "UNKNOWN", "HIDDEN", "met", "not met", "not known", "3.1", "4.1"]);
    words.extend(["0", "1", "2", "64", "130"]);
    words.extend(Caveat::ALL.iter().map(|caveat| caveat.as_str()));
    words.extend(Code::ALL.iter().map(|code| code.as_str()));
    words.extend(PARAMETERS.iter().map(|parameter| parameter.name));
    words
}

#[test]
fn every_word_that_a_result_can_show_is_explained() {
    for word in words() {
        let (code, shown) = ran(&["explain", word]);
        assert!(code == Some(0) && shown.lines().count() >= 2, "{word}: {shown}");
        let (code, shown) = ran(&["explain", word, "--format", "json"]);
        let explained: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((code, &explained[0]["word"]), (Some(0), &Value::from(word)), "{shown}");
        assert!(!explained[0]["meaning"].as_str().unwrap().is_empty());
    }
}

#[test]
fn every_shell_offers_codes_and_parameters() {
    for shell in ["bash", "zsh", "fish"] {
        let (_, script) = ran(&["completions", shell]);
        for word in Code::ALL.iter().map(|code| code.as_str()).chain(PARAMETERS.iter().map(|parameter| parameter.name))
        {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
