//! `check --organization`: every account has its line, whatever befalls it, and the others go on.

mod resumed;
mod shown;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    time::Duration,
};

use cloudtrail_all_regions::stand_in::{
    Fault, Misbehaviour, World,
    organization::{Member, Organization},
};
use serde_json::{Value, json};

use crate::harness::{Live, Ran, bare, ended, example, read_json};

/// The management account, whose credentials are used.
const OWN: &str = "123456789012";
const ROLE: &str = "cloudtrail-all-regions-audit";

fn id(number: usize) -> String {
    format!("{number:012}")
}

/// An organization of the own account and `members` others, in two units, all compliant and open to the role.
async fn organization(members: usize, set_up: impl FnOnce(&mut World)) -> Live {
    let evidence = read_json(&example("compliant"));
    let text = evidence.to_string();
    Live::serve(&evidence, |world| {
        let mut accounts = vec![Member::active(OWN, "r-ab12")];
        for number in 1..=members {
            let account = id(number);
            world.put_account(&serde_json::from_str(&text.replace(OWN, &account)).unwrap()).unwrap();
            world.put_role(&account, ROLE, OWN);
            accounts.push(Member::active(
                &account,
                if number % 2 == 1 { "r-ab12/ou-ab12-oddunits" } else { "r-ab12/ou-ab12-evenunit/ou-ab12-deepunit" },
            ));
        }
        world.organization = Some(Organization {
            management_account: OWN.to_owned(),
            accounts,
            names: vec![("ou-ab12-oddunits".to_owned(), "Odd".to_owned())],
            ..Organization::default()
        });
        set_up(world);
    })
    .await
}

async fn check(live: &Live, more: &[&str]) -> Ran {
    let arguments = [&["check", "--organization", "--format", "json"][..], more].concat();
    live.run(&arguments).await
}

/// Each account's id, status and verdict, in the order of their lines.
fn lines(ran: &Ran) -> Vec<(String, String, Value)> {
    let document = ran.json();
    let accounts = document["accounts"].as_array().unwrap();
    accounts
        .iter()
        .map(|account| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let status = text(&account["organization"]["status"]);
            (text(&account["accountId"]), status, account["complianceType"].clone())
        })
        .collect()
}

fn line_of(ran: &Ran, account: &str) -> Value {
    let accounts = ran.json()["accounts"].as_array().unwrap().clone();
    accounts.into_iter().find(|line| line["accountId"] == account).unwrap()
}

/// What differs from one run to the next although the world is the same.
const OF_ONE_RUN: [&str; 4] = ["collectedAt", "calls", "evidenceSha256", "contentSha256"];

fn without_what_is_of_one_run(ran: &Ran) -> Value {
    let mut document = ran.json();
    for account in document["accounts"].as_array_mut().unwrap() {
        let account = account.as_object_mut().unwrap();
        account.retain(|name, _| !OF_ONE_RUN.contains(&name.as_str()));
    }
    document
}

/// One account's line has a status and says why; every other account has its verdict, and the exit code is 2.
#[track_caller]
fn assert_only(ran: &Ran, account: &str, status: &str, says: &str) {
    assert_only_but(ran, account, status, says, &[]);
}

/// As [`assert_only`], but for accounts that are not checked.
#[track_caller]
fn assert_only_but(ran: &Ran, account: &str, status: &str, says: &str, skipped: &[&str]) {
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let line = line_of(ran, account);
    assert_eq!(line["organization"]["status"], status, "{line}");
    let why = line["annotation"].as_str().unwrap();
    assert!(why.contains(says), "{why}");
    for (other, status, verdict) in lines(ran).into_iter().filter(|(other, ..)| other != account) {
        let is_skipped = skipped.contains(&other.as_str());
        let expected = if is_skipped { ("skipped", Value::Null) } else { ("judged", json!("COMPLIANT")) };
        assert_eq!((status.as_str(), verdict), expected, "{other}");
    }
}

#[tokio::test]
async fn every_account_is_judged_and_has_its_place() {
    let live = organization(3, |_| {}).await;
    let ran = check(&live, &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let judged = |account: &str| (account.to_owned(), "judged".to_owned(), json!("COMPLIANT"));
    assert_eq!(lines(&ran), [judged(OWN), judged(&id(2)), judged(&id(1)), judged(&id(3))]);
    let document = ran.json();
    assert_eq!(document["organization"]["id"], Organization::ID);
    let units = document["organization"]["organizationalUnits"].as_array().unwrap();
    let units: Vec<_> = units.iter().map(|unit| (&unit["path"], &unit["name"], &unit["below"]["compliant"])).collect();
    assert_eq!(
        json!(units),
        json!([
            [["r-ab12"], "Root", 4],
            [["r-ab12", "ou-ab12-evenunit"], "ou-ab12-evenunit", 1],
            [["r-ab12", "ou-ab12-evenunit", "ou-ab12-deepunit"], "ou-ab12-deepunit", 1],
            [["r-ab12", "ou-ab12-oddunits"], "Odd", 2],
        ])
    );
    assert_eq!(line_of(&ran, &id(1))["organization"]["state"], "ACTIVE");
    assert_eq!(line_of(&ran, &id(1))["accountName"], "account-000000000001");
}

#[tokio::test]
async fn the_own_account_is_never_entered_by_a_role_and_organizations_is_asked_one_call_at_a_time() {
    let live = organization(45, |world| world.empty_pages = true).await;
    let ran = check(&live, &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(lines(&ran).len(), 46);
    let calls = live.stand_in.calls();
    let entered: Vec<_> = calls.iter().filter(|call| call.operation == "AssumeRole").collect();
    assert_eq!(entered.len(), 45);
    assert!(entered.iter().all(|call| !call.request["RoleArn"].as_str().unwrap().contains(OWN)));
    let of_organization: Vec<_> = calls.iter().filter(|call| call.service == Some("organizations")).collect();
    assert!(of_organization.len() > 6);
    for pair in of_organization.windows(2) {
        assert!(pair[0].answered.unwrap() < pair[1].arrived, "{pair:?}");
    }
}

#[tokio::test]
async fn a_role_that_is_refused_in_one_account_is_its_line() {
    let live = organization(3, |world| world.add_fault(Fault::on("AssumeRole", Misbehaviour::Deny).calls(2..=2))).await;
    let ran = check(&live, &["--concurrency", "1"]).await;
    assert_only(&ran, &id(2), "denied", "its role could not be assumed: AssumeRole AccessDenied");
}

#[tokio::test]
async fn when_the_first_fifty_refuse_there_is_one_error_and_every_account_has_its_line() {
    let live = organization(60, |world| world.add_fault(Fault::on("AssumeRole", Misbehaviour::Deny))).await;
    let ran = check(&live, &["--concurrency", "256"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("no account lets us in: look at the name of the role"), "{}", ran.stderr);
    let lines = lines(&ran);
    let count = |status: &str| lines.iter().filter(|(_, of, _)| of == status).count();
    assert_eq!((count("denied"), count("pending"), count("judged")), (50, 10, 1));
    assert_eq!(live.stand_in.calls().iter().filter(|call| call.operation == "AssumeRole").count(), 50);
}

#[tokio::test]
async fn a_region_that_is_off_in_a_member_is_that_members_line() {
    let live = organization(3, |world| world.enable_regions_only(&id(2), &["eu-central-1"])).await;
    let ran = check(&live, &[]).await;
    assert_only(&ran, &id(2), "failed", "UnrecognizedClientException");
}

#[tokio::test]
async fn cloudtrail_that_refuses_is_a_verdict_that_is_not_verified() {
    let live = organization(3, |world| {
        world.add_fault(Fault::on("DescribeTrails", Misbehaviour::Deny).account(&id(2)));
    })
    .await;
    let ran = check(&live, &[]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let refused = line_of(&ran, &id(2));
    assert_eq!((&refused["complianceType"], &refused["verified"]), (&json!("NON_COMPLIANT"), &json!(false)));
    assert_eq!(lines(&ran).iter().filter(|(.., verdict)| verdict == "COMPLIANT").count(), 3);
}

#[tokio::test]
async fn a_role_that_is_throttled_counts_once_among_those_that_refuse() {
    let live = organization(2, |world| {
        let throttle = Misbehaviour::Throttle;
        world.add_fault(Fault::on("AssumeRole", throttle).calls(1..=3));
        world.add_fault(Fault::on("AssumeRole", Misbehaviour::Deny));
    })
    .await;
    let ran = check(&live, &["--concurrency", "1"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("no account lets us in"), "{}", ran.stderr);
}

#[tokio::test]
async fn an_account_that_is_throttled_for_good_is_tried_again_and_has_its_line() {
    let live = organization(2, |world| {
        world.add_fault(Fault::on("DescribeTrails", Misbehaviour::Throttle).account(&id(2)));
    })
    .await;
    let ran = check(&live, &[]).await;
    assert_only(&ran, &id(2), "throttled", "ThrottlingException");
    let entered = live.stand_in.calls().iter().filter(|call| call.operation == "AssumeRole").count();
    assert_eq!(entered, 3);
}

#[tokio::test]
async fn a_page_that_fails_for_good_is_said_and_the_accounts_before_it_are_judged() {
    let live = organization(30, |world| {
        let refused =
            Misbehaviour::Error { status: 400, code: "InvalidInputException".to_owned(), message: "no".to_owned() };
        world.add_fault(Fault::on("ListAccounts", refused).calls(2..=9));
    })
    .await;
    let ran = check(&live, &[]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("the list of accounts is not whole: ListAccounts InvalidInputException"));
    assert_eq!(lines(&ran).len(), 20);
    assert!(lines(&ran).iter().all(|(_, status, _)| status == "judged"));
    assert_eq!(ran.json()["organization"]["problems"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_empty_page_with_a_token_is_no_end_of_the_list() {
    let live = organization(3, |world| world.empty_pages = true).await;
    let ran = check(&live, &[]).await;
    assert_eq!((ran.code, lines(&ran).len()), (Some(0), 4), "{}", ran.stderr);
    assert!(live.stand_in.calls().iter().filter(|call| call.operation == "ListAccounts").count() > 1);
}

#[tokio::test]
async fn pages_that_lead_to_themselves_end_and_are_said() {
    let live = organization(30, |world| world.endless_pages = true).await;
    let ran = check(&live, &[]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("the list of accounts is not whole: the pages of ListAccounts do not end"));
    assert_eq!(lines(&ran).len(), 20);
}

#[tokio::test]
async fn both_throttles_of_organizations_are_waited_for() {
    let throttle = |message: &str| Misbehaviour::Error {
        status: 400,
        code: "TooManyRequestsException".to_owned(),
        message: message.to_owned(),
    };
    let live = organization(1, |world| {
        world.add_fault(Fault::on("ListAccounts", throttle("another request is already in progress")).calls(1..=1));
        world.add_fault(Fault::on("ListAccounts", throttle("too many requests in too short a period")).calls(2..=2));
    })
    .await;
    let ran = check(&live, &[]).await;
    assert_eq!((ran.code, lines(&ran).len()), (Some(0), 2), "{}", ran.stderr);
}

#[tokio::test]
async fn status_in_place_of_state_and_no_paths_lead_to_the_same_lines() {
    let states = |world: &mut World| {
        for (account, state) in [(0, "ACTIVE"), (1, "SUSPENDED"), (2, "SOMETHING_NEW")] {
            state.clone_into(&mut world.organization.as_mut().unwrap().accounts[account].state);
        }
    };
    let new = organization(3, states).await;
    let old = organization(3, |world| {
        states(world);
        let organization = world.organization.as_mut().unwrap();
        (organization.has_status, organization.lacks_paths) = (true, true);
    })
    .await;
    let (new, old) = (check(&new, &[]).await, check(&old, &[]).await);
    assert_eq!((new.code, old.code), (Some(0), Some(0)), "{}{}", new.stderr, old.stderr);
    assert_eq!(lines(&new), lines(&old));
    assert_eq!(new.json()["organization"], old.json()["organization"]);
    let line = line_of(&new, &id(1));
    assert_eq!(
        (&line["organization"]["status"], &line["annotation"]),
        (&json!("skipped"), &json!("not checked: its state is SUSPENDED"))
    );
}

#[tokio::test]
async fn only_a_unit_is_checked_and_the_others_are_listed() {
    for lacks_paths in [false, true] {
        let live = organization(4, |world| world.organization.as_mut().unwrap().lacks_paths = lacks_paths).await;
        let ran = check(&live, &["--ou", "ou-ab12-evenunit", "--exclude-account", &id(4)]).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let judged: Vec<_> = lines(&ran).into_iter().filter(|(_, status, _)| status == "judged").collect();
        assert_eq!(judged, [(id(2), "judged".to_owned(), json!("COMPLIANT"))]);
        assert_eq!(lines(&ran).iter().filter(|(_, status, _)| status == "excluded").count(), 4);
        let none = live.run(&["check", "--organization", "--ou", "ou-none"]).await;
        assert_eq!(none.code, Some(2));
        assert!(none.stderr.contains(
            "--ou ou-none holds no account; those that hold some: ou-ab12-deepunit, ou-ab12-evenunit, \
             ou-ab12-oddunits, r-ab12"
        ));
    }
}

#[tokio::test]
async fn an_account_that_no_unit_of_the_tree_has_is_not_excluded_without_a_word() {
    let live = organization(4, |world| {
        let organization = world.organization.as_mut().unwrap();
        organization.lacks_paths = true;
        organization.accounts[3].path = vec!["ou-of-a-moment-ago".to_owned()];
    })
    .await;
    let ran = check(&live, &["--ou", "ou-ab12-evenunit"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let problem = format!("account {} may be below --ou: no unit of the tree has it", id(3));
    assert_eq!(ran.json()["organization"]["problems"], json!([problem]));
}

#[tokio::test]
async fn accounts_that_are_named_need_no_permission_of_organizations() {
    let live = organization(3, |world| world.organization = None).await;
    fs::write(live.path("accounts"), format!("{}\n\n{}\n", id(1), id(2))).unwrap();
    let ran = check(&live, &["--account", &id(3), "--accounts-from", "accounts"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(lines(&ran).len(), 3);
    assert!(live.stand_in.calls().iter().all(|call| call.service != Some("organizations")));
}

#[tokio::test]
async fn the_end_of_the_own_session_starts_nothing_new_and_names_resume() {
    let expired = Misbehaviour::Error { status: 403, code: "ExpiredToken".to_owned(), message: "expired".to_owned() };
    let live = organization(5, |world| world.add_fault(Fault::on("AssumeRole", expired).calls(3..=99))).await;
    let ran = check(&live, &["--concurrency", "1", "--save-evidence", "run"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("the caller's own session has ended"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--resume"), "{}", ran.stderr);
    let statuses: Vec<_> = lines(&ran).into_iter().map(|(_, status, _)| status).collect();
    assert_eq!(statuses.iter().filter(|status| *status == "judged").count(), 3);
    assert_eq!(statuses.iter().filter(|status| *status == "pending").count(), 3);

    live.stand_in.world().clear_faults();
    live.stand_in.clear_calls();
    let resumed = check(&live, &["--resume", "run"]).await;
    assert_eq!((resumed.code, lines(&resumed).len()), (Some(0), 6), "{}", resumed.stderr);
    assert_eq!(live.stand_in.calls().iter().filter(|call| call.operation == "AssumeRole").count(), 3);
    let offline = ended(bare(live.home.path(), &["check", "--evidence", "run", "--format", "json"])).await;
    assert_eq!((offline.code, offline.json()), (Some(0), resumed.json()), "{}", offline.stderr);
}

/// `check` with a run's folder, offline.
async fn again(live: &Live, more: &[&str]) -> Ran {
    let arguments = [&["check", "--evidence", "run", "--format", "json"][..], more].concat();
    ended(bare(live.home.path(), &arguments)).await
}

/// Changes what `run.json` says.
fn edit_run(live: &Live, edit: impl FnOnce(&mut Value)) {
    let path = live.path("run").join("run.json");
    let mut run = read_json(&path);
    edit(&mut run);
    fs::write(path, run.to_string()).unwrap();
}

#[tokio::test]
async fn a_run_that_ended_before_the_list_of_accounts_is_never_whole_offline() {
    let live = organization(3, |_| {}).await;
    assert_eq!(check(&live, &["--save-evidence", "run"]).await.code, Some(0));
    assert_eq!(again(&live, &[]).await.code, Some(0));
    edit_run(&live, |run| {
        assert_eq!(run["isListed"], true);
        run["isListed"] = json!(false);
        run["accounts"].as_array_mut().unwrap().pop();
    });
    let ran = again(&live, &[]).await;
    assert_eq!((ran.code, lines(&ran).len()), (Some(2), 3), "{}", ran.stderr);
    let problem = "the list of accounts is not whole: the run ended before it was";
    assert!(ran.stderr.contains(problem), "{}", ran.stderr);
    assert_eq!(ran.json()["organization"]["problems"], json!([problem]));
    let resumed = check(&live, &["--resume", "run"]).await;
    assert_eq!((resumed.code, lines(&resumed).len()), (Some(0), 4), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("note: 4 accounts are as an earlier run has read them, the first at "));
    assert_eq!(again(&live, &[]).await.code, Some(0));
    edit_run(&live, |run| drop(run.as_object_mut().unwrap().remove("isListed")));
    let ran = again(&live, &[]).await;
    assert_eq!(ran.code, Some(64));
    assert!(ran.stderr.contains("missing field `isListed`"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_run_without_any_account_is_no_pass() {
    let live = organization(1, |_| {}).await;
    let refused = Misbehaviour::Error { status: 400, code: "InvalidInputException".to_owned(), message: String::new() };
    live.stand_in.world().add_fault(Fault::on("ListAccounts", refused));
    let ran = check(&live, &["--save-evidence", "run"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    assert_eq!(again(&live, &[]).await.code, Some(2));
}

#[tokio::test]
async fn a_run_is_judged_by_its_own_parameters_and_by_others_only_offline() {
    let live = organization(2, |_| {}).await;
    let given = ["--parameter", "checkDelivery=false"];
    let ran = check(&live, &[&["--save-evidence", "run"][..], &given].concat()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let parameters = |ran: &Ran| line_of(ran, &id(1))["ruleParameters"].clone();
    assert_eq!(parameters(&ran), json!({ "checkDelivery": "false" }));
    assert_eq!(parameters(&again(&live, &[]).await), json!({ "checkDelivery": "false" }));
    let with_others = again(&live, &["--parameter", "maxDeliveryAgeHours=30"]).await;
    assert_eq!(parameters(&with_others), json!({ "checkDelivery": "false", "maxDeliveryAgeHours": "30" }));
    let unknown = again(&live, &["--parameter", "checkDelivry=false"]).await;
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(64), ""), "{}", unknown.stderr);

    live.stand_in.clear_calls();
    for same in [&[][..], &given] {
        let resumed = check(&live, &[&["--resume", "run"], same].concat()).await;
        assert_eq!((resumed.code, parameters(&resumed)), (Some(0), parameters(&ran)), "{}", resumed.stderr);
    }
    assert!(live.stand_in.calls().iter().all(|call| call.operation != "AssumeRole"));
    let other = check(&live, &["--resume", "run", "--parameter", "checkDelivery=true"]).await;
    assert_eq!(other.code, Some(64));
    let says = "--resume: the parameters of that run are checkDelivery=false; valid are the same, or none";
    assert!(other.stderr.contains(says), "{}", other.stderr);
}

#[tokio::test]
async fn what_is_asked_of_evidence_is_asked_of_a_runs_too() {
    let live = organization(2, |_| {}).await;
    assert_eq!(check(&live, &["--save-evidence", "run"]).await.code, Some(0));
    let digits = "0".repeat(64);
    for (more, code, says) in [
        (&["--require-provenance", "--max-age", "1h"][..], 0, ""),
        (&["--sha256", &digits], 64, "--sha256 is of one file"),
        (&["--evidence", "other.json"], 64, "run is of an organization; valid is it alone"),
        (&["--output", "run/report.json"], 64, "--output run/report.json is in the folder of the run"),
    ] {
        let ran = again(&live, more).await;
        assert_eq!(ran.code, Some(code), "{more:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
    let proof = ended(bare(live.home.path(), &["prove", "--evidence", "run"])).await;
    assert_eq!(proof.code, Some(64));
    assert!(proof.stderr.contains("run is of check --organization; prove proves one account"), "{}", proof.stderr);
}

#[tokio::test]
async fn evidence_that_was_changed_or_put_there_is_its_accounts_line() {
    let live = organization(3, |_| {}).await;
    assert_eq!(check(&live, &["--save-evidence", "run"]).await.code, Some(0));
    let file = |account: &str| live.path("run").join(format!("{account}.json"));
    fs::copy(file(&id(3)), file(&id(1))).unwrap();
    let mut changed = read_json(&file(&id(2)));
    changed["region"] = json!("eu-west-1");
    fs::write(file(&id(2)), changed.to_string()).unwrap();
    let mut without = read_json(&file(&id(3)));
    without.as_object_mut().unwrap().remove("provenance");
    fs::write(file(&id(3)), without.to_string()).unwrap();
    fs::remove_file(file(OWN)).unwrap();
    let says = [
        (id(1), "is of account 000000000003"),
        (id(2), "changed after it was saved"),
        (id(3), "no checksum"),
        (OWN.to_owned(), "cannot read"),
    ];
    let ran = again(&live, &[]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    for (account, says) in &says {
        let failed = line_of(&ran, account);
        assert_eq!(failed["organization"]["status"], "failed");
        assert!(failed["annotation"].as_str().unwrap().contains(says), "{failed}");
    }
    let ran = check(&live, &["--resume", "run"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for (account, says) in &says[..3] {
        let again = format!("account {account} is read again");
        let note = ran.stderr.lines().find(|line| line.contains(&again)).unwrap();
        assert!(note.contains(says), "{note}");
    }
}

#[tokio::test]
async fn evidence_that_is_too_old_is_read_again_and_offline_it_does_not_count() {
    let live = organization(2, |_| {}).await;
    assert_eq!(check(&live, &["--save-evidence", "run"]).await.code, Some(0));
    let path = live.path("run").join(format!("{}.json", id(1)));
    let mut old = read_json(&path);
    old["collectedAt"] = json!("2026-01-01T00:00:00Z");
    fs::write(&path, old.to_string()).unwrap();
    let refused = ended(bare(live.home.path(), &["check", "--evidence", path.to_str().unwrap()])).await;
    let (_, sha256) = refused.stderr.split_once("its content checksum is ").unwrap();
    old["provenance"]["sha256"] = json!(sha256[..64]);
    fs::write(&path, old.to_string()).unwrap();
    let offline = again(&live, &["--max-age", "24h"]).await;
    assert_eq!(offline.code, Some(2), "{}", offline.stderr);
    let resumed = check(&live, &["--resume", "run"]).await;
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("account 000000000001 is read again: its evidence is of 2026-01-01"));
    assert_eq!(again(&live, &["--max-age", "24h"]).await.code, Some(0));
}

#[tokio::test]
async fn denied_accounts_keep_their_line_offline() {
    let live = organization(3, |world| world.add_fault(Fault::on("AssumeRole", Misbehaviour::Deny).calls(2..=2))).await;
    let online = check(&live, &["--concurrency", "1", "--save-evidence", "run"]).await;
    let offline = ended(bare(live.home.path(), &["check", "--evidence", "run", "--format", "json"])).await;
    assert_eq!((offline.code, offline.json()), (Some(2), online.json()), "{}", offline.stderr);
}

/// `check` in a process that may write no more than so many kilobytes into a file, as on a disk that is nearly full.
async fn check_where_files_end_after(live: &Live, kilobytes: &str, more: &[&str]) -> Ran {
    let program = env!("CARGO_BIN_EXE_cloudtrail-all-regions");
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ && ulimit -f \"$1\" && shift && exec \"$@\"", "bash", kilobytes, program]);
    let wanted = live.command(&[&["check", "--organization", "--format", "json"][..], more].concat());
    limited.args(wanted.get_args()).current_dir(live.home.path()).stdin(Stdio::null());
    limited.envs(wanted.get_envs().filter_map(|(name, value)| Some((name, value?))));
    ended(limited).await
}

#[tokio::test]
async fn a_disk_that_is_full_is_said_and_every_account_has_its_verdict() {
    let live = organization(30, |_| {}).await;
    let ran = check_where_files_end_after(&live, "2", &["--save-evidence", "run"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(lines(&ran).len(), 31);
    assert!(lines(&ran).iter().all(|(_, status, _)| status == "judged"));
    for file in ["run.json", "000000000007.json"] {
        assert!(ran.stderr.contains(&format!("cannot write run/{file}: File too large")), "{}", ran.stderr);
    }
    // The list that was written before it got too long does not say that it is whole.
    let offline = again(&live, &[]).await;
    assert_eq!(offline.code, Some(2), "{}", offline.stderr);
    assert!(offline.stderr.contains("the list of accounts is not whole"), "{}", offline.stderr);

    let resumed = check(&live, &["--resume", "run"]).await;
    assert_eq!((resumed.code, lines(&resumed)), (Some(0), lines(&ran)), "{}", resumed.stderr);
    let none = check_where_files_end_after(&live, "0", &["--save-evidence", "other"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(2), ""));
    assert!(none.stderr.contains("cannot write other/run.json"), "{}", none.stderr);
}

#[tokio::test]
async fn accounts_that_join_or_close_during_a_run_are_as_they_are_listed() {
    let live = organization(25, |world| {
        world.add_fault(Fault::on("ListAccounts", Misbehaviour::Delay(Duration::from_secs(2))).calls(2..=2));
    })
    .await;
    let running = tokio::task::spawn_blocking({
        let mut command = live.command(&["check", "--organization", "--format", "json", "--save-evidence", "run"]);
        move || Ran::new(command.output().unwrap())
    });
    let is_first_page_listed =
        || live.stand_in.calls().iter().any(|call| call.operation == "ListAccounts" && call.answered.is_some());
    while !is_first_page_listed() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    {
        let mut world = live.stand_in.world();
        let accounts = &mut world.organization.as_mut().unwrap().accounts;
        "PENDING_CLOSURE".clone_into(&mut accounts[1].state);
        "PENDING_CLOSURE".clone_into(&mut accounts[22].state);
        accounts.push(Member::active(&id(99), "r-ab12"));
    }
    let ran = running.await.unwrap();
    // Nobody has made the role in the account that has just joined.
    assert_only_but(&ran, &id(99), "denied", "its role could not be assumed", &[&id(22)]);
    assert_eq!(line_of(&ran, &id(1))["organization"]["state"], "ACTIVE");
    let closing = line_of(&ran, &id(22));
    assert_eq!(closing["annotation"], "not checked: its state is PENDING_CLOSURE");

    let resumed = check(&live, &["--resume", "run"]).await;
    assert_only_but(&resumed, &id(99), "denied", "its role could not be assumed", &[&id(1), &id(22)]);
}

#[tokio::test]
async fn evidence_that_cannot_be_written_is_said_and_the_others_go_on() {
    let live = organization(3, |_| {}).await;
    fs::create_dir_all(live.path("run").join(format!("{}.json", id(2)))).unwrap();
    fs::set_permissions(live.path("run"), fs::Permissions::from_mode(0o700)).unwrap();
    let ran = check(&live, &["--save-evidence", "run"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("account {}: cannot write run/{}.json", id(2), id(2))), "{}", ran.stderr);
    assert!(lines(&ran).iter().all(|(_, status, _)| status == "judged"));
}

#[tokio::test]
async fn a_folder_that_others_may_write_or_that_holds_a_link_is_refused_before_any_call() {
    let live = organization(1, |_| {}).await;
    fs::create_dir(live.path("open")).unwrap();
    fs::set_permissions(live.path("open"), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(live.path("linked")).unwrap();
    fs::set_permissions(live.path("linked"), fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink("/dev/null", live.path("linked").join("planted.json")).unwrap();
    fs::create_dir(live.path("shared")).unwrap();
    fs::set_permissions(live.path("shared"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(live.path("shared").join("planted.json"), "").unwrap();
    fs::set_permissions(live.path("shared").join("planted.json"), fs::Permissions::from_mode(0o666)).unwrap();
    for (folder, says) in [
        ("open", "other users may write open"),
        ("linked", "linked/planted.json is a link"),
        ("shared", "other users may write shared/planted.json"),
    ] {
        for option in ["--save-evidence", "--resume"] {
            let ran = check(&live, &[option, folder]).await;
            assert_eq!(ran.code, Some(64), "{option} {folder}: {}", ran.stderr);
            assert!(ran.stderr.contains(says), "{}", ran.stderr);
        }
    }
    assert!(live.stand_in.calls().is_empty());
}

#[tokio::test]
async fn the_folder_is_only_for_its_owner_and_of_one_organization() {
    let live = organization(1, |_| {}).await;
    let ran = check(&live, &["--save-evidence", "run"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(fs::metadata(live.path("run")).unwrap().permissions().mode() & 0o777, 0o700);
    let again = check(&live, &["--save-evidence", "run"]).await;
    assert_eq!(again.code, Some(64));
    assert!(again.stderr.contains("run holds a run already"), "{}", again.stderr);
    let other = check(&live, &["--account", OWN, "--resume", "run"]).await;
    assert_eq!(other.code, Some(64));
    assert!(other.stderr.contains("--resume: that run is of o-exampleorgid"), "{}", other.stderr);
}

#[tokio::test]
async fn the_same_bytes_come_at_every_concurrency() {
    let live = organization(30, |_| {}).await;
    let (one, many) = (check(&live, &["--concurrency", "1"]).await, check(&live, &["--concurrency", "256"]).await);
    let lasting = |ran: &Ran| without_what_is_of_one_run(ran).to_string();
    assert_eq!(lasting(&one), lasting(&many));
}

#[tokio::test]
async fn asff_is_refused_and_ocsf_is_named() {
    let live = organization(1, |_| {}).await;
    let ran = live.run(&["check", "--organization", "--format", "asff"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""));
    assert!(ran.stderr.contains("--format ocsf"), "{}", ran.stderr);
}

#[tokio::test]
async fn every_format_has_a_line_for_every_account() {
    let live = organization(3, |world| {
        world.add_fault(Fault::on("AssumeRole", Misbehaviour::Deny).calls(2..=2));
        "SUSPENDED".clone_into(&mut world.organization.as_mut().unwrap().accounts[1].state);
    })
    .await;
    for format in ["table", "json", "csv", "markdown", "ocsf", "junit", "html"] {
        let ran = live.run(&["check", "--organization", "--concurrency", "1", "--format", format]).await;
        for account in [OWN, &id(1), &id(2), &id(3)] {
            assert!(ran.stdout.contains(account), "{format} lacks {account}: {}", ran.stdout);
        }
    }
    let csv = live.run(&["check", "--organization", "--format", "csv"]).await;
    assert_eq!(csv.stdout.lines().count(), 5, "{}", csv.stdout);
}
