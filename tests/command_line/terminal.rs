//! What is said on standard error where that is a terminal.

use std::{
    fs::File,
    io::Read as _,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use super::harness::{Live, bare, example, read_json};

/// What a terminal shows of standard error.
fn shown(mut command: Command) -> String {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut child = command.env("TERM", "xterm").stdout(Stdio::null()).stderr(terminal).spawn().unwrap();
    drop(command);
    let mut controller = File::from(controller);
    let mut shown = Vec::new();
    let mut part = [0; 4096];
    // Linux ends it with an error when nobody holds the terminal any more.
    while let Ok(length @ 1..) = controller.read(&mut part) {
        shown.extend_from_slice(&part[..length]);
    }
    child.wait().unwrap();
    String::from_utf8(shown).unwrap()
}

#[test]
fn each_file_that_was_written_is_named_with_the_verdict() {
    let home = tempfile::TempDir::new().unwrap();
    let evidence = example("stopped");
    let arguments = ["check", "--evidence", evidence.to_str().unwrap(), "--output", "a.csv", "--output", "b.md"];
    assert_eq!(shown(bare(home.path(), &arguments)), "NON_COMPLIANT: a.csv\r\nNON_COMPLIANT: b.md\r\n");
    let other = example("compliant");
    let both = [&arguments[..3], &[other.to_str().unwrap(), "--output", "c.csv"]].concat();
    assert!(shown(bare(home.path(), &both)).ends_with("NON_COMPLIANT: c.csv\r\n"));
    assert_eq!(shown(bare(home.path(), &[&arguments[..], &["--quiet"]].concat())), "");
}

async fn asking(arguments: &[&str]) -> String {
    let account: Value = read_json(&example("compliant"));
    let live = Live::serve(&account, |world| world.latency = Duration::from_millis(400)).await;
    let command = live.command(arguments);
    tokio::task::spawn_blocking(move || shown(command)).await.unwrap()
}

#[tokio::test]
async fn what_is_being_waited_for_is_said_until_it_is_there() {
    let said = asking(&["check"]).await;
    assert!(said.contains("asking who the credentials belong to"), "{said:?}");
    assert!(said.contains("reading the trails of account 123456789012 from us-east-1"), "{said:?}");
    assert_eq!(asking(&["check", "-q"]).await, "");
    let calls = asking(&["check", "-v"]).await;
    assert!(!calls.contains("reading") && calls.starts_with("GetCallerIdentity in us-east-1: answered"), "{calls:?}");
}
