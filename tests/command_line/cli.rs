//! The command line as its users meet it: `tests/cli/*.md` has commands with their exit codes and outputs.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions"));
    command.args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn text(output: &[u8]) -> &str {
    std::str::from_utf8(output).unwrap()
}

#[test]
fn commands_end_and_say_as_documented() {
    let cases = trycmd::TestCases::new();
    cases.insert_var("[VERSION]", env!("CARGO_PKG_VERSION")).unwrap();
    // Whatever credentials this machine has, nobody is asked with them.
    for (name, value) in [
        ("HOME", "/nonexistent"),
        ("AWS_PROFILE", ""),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        cases.env(name, value);
    }
    cases.case("tests/cli/*.md").case("README.md").case("docs/*.md");
}

#[test]
fn the_result_goes_to_standard_output_and_errors_to_standard_error() {
    let succeeded = run(&["invoke"]);
    assert!(text(&succeeded.stdout).contains(" COMPLIANT "));
    assert_eq!(text(&succeeded.stderr), "");

    let help = run(&["--help"]);
    assert!(text(&help.stdout).contains("Usage:"));
    assert_eq!(text(&help.stderr), "");

    for arguments in [&["--bogus"][..], &["invoke", "--account", "absent.json"]] {
        let failed = run(arguments);
        assert_eq!(failed.status.code(), Some(64));
        assert_eq!(text(&failed.stdout), "");
        assert!(text(&failed.stderr).starts_with("error: "), "{failed:?}");
    }
}

#[test]
fn log_lines_go_to_standard_error_and_leave_the_result_alone() {
    let logged = run(&["invoke", "--log"]);
    assert_eq!(text(&logged.stdout), text(&run(&["invoke"]).stdout));
    let lines: Vec<Value> = text(&logged.stderr).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap()["ComplianceType"], "COMPLIANT");
}

#[test]
fn an_event_about_another_resource_says_nothing_about_the_account() {
    let folder = std::env::temp_dir().join(format!("event-{}", std::process::id()));
    let event: Value = serde_json::from_str(include_str!("../events/instance_changed.json")).unwrap();
    std::fs::write(&folder, event["Event"].to_string()).unwrap();
    let invoke = ["invoke", "--account", "examples/accounts/stopped.json", "--event", folder.to_str().unwrap()];
    let shown = |format| run(&[&invoke[..], &["--format", format]].concat());
    let report = shown("json");
    assert_eq!(report.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["accounts"][0]["complianceType"], Value::Null);
    assert_eq!(report["accounts"][0]["evaluations"][0]["complianceType"], "NOT_APPLICABLE");
    assert_eq!(text(&shown("asff").stdout), "[]\n");
    let event: Value = serde_json::from_slice(&shown("ocsf").stdout).unwrap();
    assert_eq!(event["compliance"]["status"], "Unknown");
    std::fs::remove_file(folder).unwrap();
}

#[test]
fn colours_appear_only_when_asked_for() {
    let plain = run(&["invoke"]);
    assert!(!text(&plain.stdout).contains('\x1b'));

    let coloured = command(&["invoke"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(text(&coloured.stdout).contains("\x1b[1m\x1b[32mCOMPLIANT"), "{coloured:?}");
    let plain = command(&["invoke"]).env("NO_COLOR", "1").output().unwrap();
    assert!(!text(&plain.stdout).contains('\x1b'));

    let coloured = command(&["--color", "ALWAYS", "invoke"]).env("NO_COLOR", "1").output().unwrap();
    assert!(text(&coloured.stdout).contains("\x1b[1m\x1b[32mCOMPLIANT"), "{coloured:?}");
    let plain = command(&["invoke", "--color=never"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(!text(&plain.stdout).contains('\x1b'));
    let coloured = run(&["invoke", "--color", "always", "--bogus"]);
    assert!(text(&coloured.stderr).starts_with("\x1b[1m\x1b[31merror:"), "{coloured:?}");
}

#[test]
fn only_errors_are_said_where_that_is_wanted() {
    let check = ["check", "--evidence", "tests/cli/saved"];
    let (said, quiet) = (run(&check), run(&[&check[..], &["-q"]].concat()));
    let of = |output: &Output| {
        let kinds = text(&output.stderr).lines().map(|line| line.split_once(':').unwrap().0.to_owned());
        kinds.collect::<Vec<_>>()
    };
    assert_eq!((of(&said), of(&quiet)), (vec!["warning".to_owned(), "error".to_owned()], vec!["error".to_owned()]));
    assert_eq!((text(&said.stdout), said.status.code()), (text(&quiet.stdout), quiet.status.code()));
}

#[test]
fn a_reader_that_has_left_changes_neither_exit_code_nor_standard_error() {
    for (arguments, code) in
        [(&["invoke"][..], 0), (&["--help"], 0), (&["invoke", "--account", "tests/cli/accounts/stopped.json"], 1)]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(text(&output.stderr), "");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command(&["invoke", "--log"]).stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    let output = output.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains(" COMPLIANT "));
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command(&["invoke"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: cannot write the result: "), "{output:?}");
}

/// A shell shows the end by a signal as 128 and the signal's number: 130 for SIGINT, which is 2.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_the_command_by_its_signal() {
    use std::{io::Write as _, os::unix::process::ExitStatusExt as _};

    // Where the tests run in the background, SIGINT is ignored, and children inherit that.
    let mut waiting = Command::new("env")
        .args(["--default-signal=INT", env!("CARGO_BIN_EXE_cloudtrail-all-regions")])
        .args(["invoke", "--account", "/dev/stdin"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // More than a pipe holds: the command is reading when this returns.
    waiting.stdin.as_mut().unwrap().write_all(&vec![b' '; 1 << 17]).unwrap();
    let sent = Command::new("sh").args(["-c", "kill -INT \"$1\"", "sh", &waiting.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(waiting.wait().unwrap().signal(), Some(2));
}
