//! The completions for bash, in bash. `tests/outside/shells` presses the key Tab in bash, zsh and fish.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Reads the script of the program `$1`, and completes the last word of the others, as bash does at the key Tab.
const COMPLETE: &str = r#"
source <("$1" completions bash)
[[ $(complete -p "$1") =~ -F\ ([^ ]+) ]] || exit 1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"${BASH_REMATCH[1]}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// What is proposed after `words`, of which the last was begun.
fn proposed(words: &[&str]) -> Vec<String> {
    proposed_with(words, Path::new("/dev/null"))
}

fn proposed_with(words: &[&str], config: &Path) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions"));
    let path = std::env::var("PATH").unwrap();
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c", COMPLETE, "bash", "cloudtrail-all-regions"]).args(words);
    bash.env("PATH", format!("{}:{path}", program.parent().unwrap().display()));
    bash.env("AWS_CONFIG_FILE", config).env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").stdin(Stdio::null());
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
    assert_eq!(proposed(&["completions", ""])[..5], ["bash", "elvish", "fish", "powershell", "zsh"]);
    assert!(proposed(&["man", "comp"]).starts_with(&["compare".to_owned(), "completions".to_owned()]));
}

#[test]
fn only_an_option_that_takes_a_file_proposes_files() {
    assert_eq!(proposed(&["check", "--evidence", "Cargo.t"]), ["Cargo.toml"]);
    for option in ["--region", "--profile", "--rule", "--parameter"] {
        assert_eq!(proposed(&["check", option, "Cargo.t"]), [""], "{option}");
    }
}

#[test]
fn codes_parameters_regions_and_profiles_are_proposed() {
    assert_eq!(proposed(&["explain", "not-l"]), ["not-logging"]);
    assert_eq!(proposed(&["check", "--parameter", "checkD"]), ["checkDelivery="]);
    assert_eq!(proposed(&["check", "--region", "eu-west-"]), ["eu-west-1", "eu-west-2", "eu-west-3"]);
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&config, "[profile audit]\n[profile archive]\n[profile \u{202e}tidua]\n").unwrap();
    assert_eq!(proposed_with(&["check", "--profile", "a"], config.path()), ["archive", "audit"]);
    assert_eq!(proposed_with(&["prove", "--bucket-profile", ""], config.path()), ["archive", "audit"]);
    // A configuration that cannot be read is no reason to write into somebody's line.
    std::fs::write(&config, "[profile audit").unwrap();
    assert_eq!(proposed_with(&["check", "--profile", "a"], config.path()), [""]);
}
