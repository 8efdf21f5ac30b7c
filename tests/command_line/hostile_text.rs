//! Text of others reaches a terminal without what a terminal obeys.

use std::{fs, process::Command};

use cloudtrail_all_regions::{
    clock::Clock,
    stand_in::{Fault, Misbehaviour},
};
use serde_json::{Value, json};

use super::harness::{Live, Ran, bare, ended, example, read_json};

/// Clears the screen, and turns the direction of what follows.
const HOSTILE: &str = "\u{1b}[2J\u{202e}";
const SHOWN: &str = "?[2J?";

/// A command that believes to speak to a terminal.
async fn shown_by(mut command: Command) -> Ran {
    command.env("CLICOLOR_FORCE", "1");
    let ran = ended(command).await;
    for output in [&ran.stdout, &ran.stderr] {
        assert!(!output.contains("\u{1b}[2J") && !output.contains('\u{202e}'), "{output:?}");
    }
    ran
}

/// Invokes the rule with an event about an instance, after a change.
async fn invoked(change: impl FnOnce(&mut Value), arguments: &[&str]) -> Ran {
    let home = tempfile::tempdir().unwrap();
    let mut event: Value = serde_json::from_str(include_str!("../cli/events/instance-changed.json")).unwrap();
    change(&mut event);
    fs::write(home.path().join("event.json"), event.to_string()).unwrap();
    shown_by(bare(home.path(), &[&["invoke", "--event", "event.json"], arguments].concat())).await
}

#[tokio::test]
async fn invoke_shows_the_name_of_the_rule() {
    let ran = invoked(|event| event["configRuleName"] = HOSTILE.into(), &[]).await;
    assert!(ran.stdout.contains(&format!("results for the rule {SHOWN} in us-east-1:")), "{ran:?}");
}

#[tokio::test]
async fn invoke_shows_the_region_of_the_rule() {
    let arn = format!("arn:aws:config:{HOSTILE}:123456789012:config-rule/config-rule-0a1b2c");
    let ran = invoked(|event| event["configRuleArn"] = arn.into(), &[]).await;
    assert!(ran.stdout.contains(&format!(" in {SHOWN}:")), "{ran:?}");
}

#[tokio::test]
async fn invoke_shows_what_was_recorded() {
    let home = tempfile::tempdir().unwrap();
    let mut account = read_json(&example("stopped"));
    let arn = format!("arn:aws:cloudtrail:us-east-1:123456789012:trail/{HOSTILE}");
    account["trails"][0]["TrailARN"] = arn.as_str().into();
    account["discoveredTrails"] = json!([arn]);
    fs::write(home.path().join("account.json"), account.to_string()).unwrap();
    let invoke = ["invoke", "--account", "account.json", "--parameter", "trailResults=true"];
    let ran = shown_by(bare(home.path(), &invoke)).await;
    assert!(
        ran.stdout
            .contains(&format!("AWS::CloudTrail::Trail  arn:aws:cloudtrail:us-east-1:123456789012:trail/{SHOWN}\n")),
        "{ran:?}"
    );
}

#[tokio::test]
async fn invoke_shows_what_is_not_applicable() {
    let change = |event: &mut Value| {
        let mut invoking: Value = serde_json::from_str(event["invokingEvent"].as_str().unwrap()).unwrap();
        invoking["configurationItem"]["resourceId"] = HOSTILE.into();
        event["invokingEvent"] = invoking.to_string().into();
    };
    let ran = invoked(change, &[]).await;
    assert!(ran.stdout.contains(&format!("  AWS::EC2::Instance  {SHOWN}\n")), "{ran:?}");
}

#[tokio::test]
async fn invoke_shows_the_log() {
    let ran = invoked(|event| event["configRuleName"] = HOSTILE.into(), &["--log"]).await;
    assert!(ran.stderr.contains(r#""configRuleName":"\u001b[2J?""#), "{ran:?}");
}

/// Each trail's status fails with this code and message.
async fn failing(status: u16, code: &str, message: &str) -> Live {
    let live = Live::example("compliant").await;
    let (code, message) = (code.to_owned(), message.to_owned());
    live.stand_in.world().add_fault(Fault::on("GetTrailStatus", Misbehaviour::Error { status, code, message }));
    live
}

#[tokio::test]
async fn a_command_warns_of_what_aws_said() {
    let live = failing(400, "AccessDeniedException", HOSTILE).await;
    for command in ["check", "compare"] {
        let ran = shown_by(live.command(&[command])).await;
        assert!(ran.stderr.contains(&format!("GetTrailStatus AccessDeniedException: {SHOWN}")), "{ran:?}");
    }
}

#[tokio::test]
async fn a_command_says_why_there_is_no_verdict() {
    let live = failing(503, HOSTILE, "").await;
    for command in ["check", "compare"] {
        let ran = shown_by(live.command(&[command])).await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("error: account 123456789012: "), "{ran:?}");
    }
}

#[tokio::test]
async fn wrong_usage_names_the_argument() {
    let home = tempfile::tempdir().unwrap();
    let arguments = [["check", "--format", HOSTILE], ["explain", HOSTILE, "-o-"]];
    for arguments in arguments {
        let ran = shown_by(bare(home.path(), &arguments)).await;
        assert_eq!(ran.code, Some(64));
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains('?'), "{ran:?}");
    }
}

#[tokio::test]
async fn exceptions_show_their_owner_and_justification() {
    let home = tempfile::tempdir().unwrap();
    let evidence = example("single-region");
    let (today, hostile) = (Clock::System.now().to_string(), "\\u001b[2J\\u202e");
    let today = today.split_once('T').unwrap().0;
    let exception = format!(
        "[[exception]]\naccounts = ['123456789012']\nreasons = ['all']\nexpires = {today}\nowner = \"{hostile}\"\n\
         justification = \"{hostile}\"\n"
    );
    fs::write(home.path().join("exceptions.toml"), exception).unwrap();
    let arguments = ["check", "--exceptions", "exceptions.toml", "--evidence", evidence.to_str().unwrap()];
    let ran = shown_by(bare(home.path(), &arguments)).await;
    assert!(ran.stdout.contains(&format!("({SHOWN}: {SHOWN})")), "{ran:?}");
    assert!(ran.stderr.contains(&format!("(owner {SHOWN})")), "{ran:?}");
}
