//! What `prove` says when its user does not wait for the end.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};
use serde_json::json;

use super::{
    now, trail,
    world::{ACCOUNT, Given, QUIET},
};
use crate::harness::Ran;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_shows_what_is_known_and_ends_with_130() {
    let live = Given::default().serve(now()).await;
    let quiet = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{QUIET}/");
    live.stand_in.world().add_fault(Fault::on("GetObject", Misbehaviour::Hang).key_prefix(&quiet));
    let asked = live.command(&["prove", "--format", "json", "--save-evidence", "proof.json"]);
    // Where the tests run in the background, SIGINT is ignored, and children inherit that.
    let mut command = Command::new("env");
    command.arg("--default-signal=INT").arg(asked.get_program()).args(asked.get_args()).current_dir(live.home.path());
    command.env_clear().envs(asked.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", std::env::var_os("PATH").unwrap()).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let is_only_one_left = || {
        let calls = live.stand_in.calls();
        let of_digests: Vec<_> = calls.iter().filter(|call| call.operation == "GetObject").collect();
        of_digests.len() == 3 && of_digests.iter().filter(|call| call.answered.is_some()).count() == 2
    };
    while !is_only_one_left() {
        assert!(!ended.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ran = Ran::new(ended.await.unwrap());
    assert_eq!(ran.code, Some(130), "{}{}", ran.stdout, ran.stderr);
    let delivery = &trail(&ran)["delivery"];
    assert_eq!(delivery["proof"], "NOT_PROVED");
    for region in delivery["regions"].as_array().unwrap().iter().filter(|region| !region["proof"].is_null()) {
        assert_ne!(region["digestEnds"], json!([]), "{region}");
        assert!(region["region"] != QUIET || region["code"] == "unanswered", "{region}");
    }
    let replayed = live.run(&["prove", "--evidence", "proof.json", "--format", "json"]).await;
    assert_eq!((replayed.code, &trail(&replayed)["delivery"]), (Some(2), delivery));
}
