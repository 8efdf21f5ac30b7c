//! A run that is cut off, at whatever moment, and goes on with `--resume`.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};
use serde_json::json;

use super::{OWN, check, id, line_of, lines, organization, without_what_is_of_one_run};
use crate::harness::{Live, Ran, example, read_json};

/// Starts a run, and ends it without warning when it has made so many calls.
async fn killed_after(live: &Live, calls: usize, how: [&str; 2]) {
    let before = live.stand_in.calls().len();
    let arguments = [&["check", "--organization", "--concurrency", "3"][..], &how].concat();
    let mut command = live.command(&arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while live.stand_in.calls().len() < before + calls {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before {calls} calls");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn killed_at_any_moment_and_resumed_a_run_ends_as_if_it_had_never_been_cut_off() {
    let live = organization(22, |world| {
        let failing = read_json(&example("single-region")).to_string().replace(OWN, &id(5));
        world.put_account(&serde_json::from_str(&failing).unwrap()).unwrap();
        world.add_fault(Fault::on("DescribeTrails", Misbehaviour::Deny).account(&id(7)));
    })
    .await;
    let folder = live.path("run");
    let whole = check(&live, &["--save-evidence", "run"]).await;
    assert_eq!(whole.code, Some(2), "{}", whole.stderr);
    let calls = live.stand_in.calls().len();
    for moment in 1..=5 {
        fs::remove_dir_all(&folder).unwrap();
        killed_after(&live, calls * moment / 7, ["--save-evidence", "run"]).await;
        if folder.join("run.json").exists() {
            killed_after(&live, 4, ["--resume", "run"]).await;
        }
        let how = if folder.join("run.json").exists() { "--resume" } else { "--save-evidence" };
        let ended = check(&live, &[how, "run"]).await;
        assert_eq!(ended.code, whole.code, "{}", ended.stderr);
        assert_eq!(without_what_is_of_one_run(&ended), without_what_is_of_one_run(&whole), "after moment {moment}");
    }
}

#[tokio::test]
async fn an_interrupt_lets_what_runs_end_and_every_account_has_its_line() {
    let live = organization(6, |world| {
        world.add_fault(Fault::on("AssumeRole", Misbehaviour::Delay(Duration::from_millis(300))));
    })
    .await;
    let arguments = ["check", "--organization", "--concurrency", "1", "--format", "json", "--save-evidence", "run"];
    let asked = live.command(&arguments);
    // Where the tests run in the background, SIGINT is ignored, and children inherit that.
    let mut command = Command::new("env");
    command.arg("--default-signal=INT").arg(asked.get_program()).args(asked.get_args()).current_dir(live.home.path());
    command.env_clear().envs(asked.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", std::env::var_os("PATH").unwrap()).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let process = child.id().to_string();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let entered = || live.stand_in.calls().iter().filter(|call| call.operation == "AssumeRole").count();
    while entered() < 3 {
        assert!(!ended.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    let ran = Ran::new(ended.await.unwrap());
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    let lines = lines(&ran);
    let count = |status: &str| lines.iter().filter(|(_, of, _)| of == status).count();
    assert_eq!((count("judged"), count("pending")), (4, 3), "{lines:?}");
    let pending = line_of(&ran, &id(5));
    assert_eq!(pending["annotation"], "not reached: interrupted");
    assert_eq!(check(&live, &["--resume", "run"]).await.code, Some(0));
    assert_eq!(json!(entered()), json!(6), "what was judged was not entered again");
}
