//! The completions for bash, in bash.

use std::process::{Command, Stdio};

/// Reads the script of the program `$1`, and completes the last word of the others, as bash does at the key Tab.
const COMPLETE: &str = r#"
source <("$1" completions bash)
shift
[[ $(complete -p "$1") =~ -F\ ([^ ]+) ]] || exit 1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"${BASH_REMATCH[1]}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// What is proposed after `words`, of which the last was begun.
fn proposed(words: &[&str]) -> Vec<String> {
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c", COMPLETE, "bash", env!("CARGO_BIN_EXE_cloudtrail-all-regions")]);
    bash.arg("cloudtrail-all-regions").args(words).stdin(Stdio::null());
    let output = bash.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn options_values_and_commands_are_proposed() {
    assert_eq!(proposed(&["che"]), ["check"]);
    assert_eq!(proposed(&["check", "--form"]), ["--format"]);
    let formats = ["table", "json", "csv", "markdown", "asff", "ocsf", "junit", "evaluations", "html"];
    assert_eq!(proposed(&["check", "--format", ""]), formats);
    let shells = proposed(&["completions", ""]);
    assert!(["bash", "elvish", "fish", "powershell", "zsh"].iter().all(|shell| shells.contains(&(*shell).to_owned())));
    assert!(proposed(&["man", "comp"]).starts_with(&["compare".to_owned(), "completions".to_owned()]));
}

#[test]
fn only_an_option_that_takes_a_file_proposes_files() {
    assert_eq!(proposed(&["check", "--evidence", "Cargo.t"]), ["Cargo.toml"]);
    for option in ["--region", "--profile", "--rule"] {
        assert_eq!(proposed(&["check", option, "Cargo.t"]), ["Cargo.t"], "{option}");
    }
    assert_eq!(proposed(&["check", "--parameter", "Cargo.t"]), [""]);
    assert_eq!(proposed(&["check", "--parameter", "checkD"]), ["checkDelivery"]);
    assert_eq!(proposed(&["explain", "not-l"]), ["not-logging"]);
}
