//! An organization in each format.

use std::fs;

use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour, World, organization::Member};
use serde_json::json;

use super::{OWN, check, id, line_of, organization};
use crate::harness::{example, read_json};

const UNIT: &str = "ou-ab12-sandbox1";

/// The accounts 1 to `failing` have a trail of one Region only.
fn failing(world: &mut World, failing: usize) {
    let text = read_json(&example("single-region")).to_string();
    for number in 1..=failing {
        world.put_account(&serde_json::from_str(&text.replace(OWN, &id(number))).unwrap()).unwrap();
    }
}

#[tokio::test]
async fn a_suite_of_the_test_report_is_an_organizational_unit() {
    let live = organization(4, |world| failing(world, 1)).await;
    let ran = live.run(&["check", "--organization", "--format", "junit"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    for (suite, tests, failures) in
        [("r-ab12", 1, 0), ("r-ab12/ou-ab12-evenunit/ou-ab12-deepunit", 2, 0), ("r-ab12/ou-ab12-oddunits", 2, 1)]
    {
        let opened = format!("<testsuite name=\"{suite}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\"");
        assert!(ran.stdout.contains(&opened), "{opened}: {}", ran.stdout);
    }
    assert!(
        ran.stdout.contains("<testsuites name=\"cloudtrail-all-regions\" tests=\"5\" failures=\"1\" errors=\"0\">")
    );
    for tag in ["testsuites", "testsuite", "testcase"] {
        let opened = ran.stdout.matches(&format!("<{tag} ")).count();
        assert_eq!(ran.stdout.matches(&format!("</{tag}>")).count(), opened, "{tag}");
    }
}

#[tokio::test]
async fn the_tree_of_the_page_folds_without_script_and_opens_where_somebody_should_look() {
    let live = organization(4, |world| failing(world, 1)).await;
    let page = live.run(&["check", "--organization", "--format", "html"]).await.stdout;
    assert!(!page.contains("<script"));
    let units: Vec<&str> = page.lines().filter(|line| line.contains("<details class=\"unit\"")).collect();
    let is_open: Vec<bool> = units.iter().map(|unit| unit.contains("\" open>")).collect();
    assert_eq!(
        is_open,
        [true, false, false, true],
        "root, ou-ab12-evenunit, ou-ab12-deepunit, ou-ab12-oddunits: {units:?}"
    );
    assert_eq!(page.matches("</details>").count(), 4);
    let (_, tree) = page.split_once("<details").unwrap();
    let (tree, _) = tree.rsplit_once("</details>").unwrap();
    assert!(tree.contains("Odd (ou-ab12-oddunits)") && tree.contains(&id(1)), "{tree}");
    assert!(!tree.contains(&id(3)), "what needs no attention is counted: {tree}");
    assert!(page.contains(&format!("{}</a>", id(3))), "and has its line all the same");
}

#[tokio::test]
async fn an_exception_for_a_unit_holds_below_it_and_stands_beside_the_verdict_in_each_format() {
    let live = organization(3, |world| {
        failing(world, 3);
        let accounts = &mut world.organization.as_mut().unwrap().accounts;
        accounts[1] = Member::active(&id(1), &format!("r-ab12/{UNIT}"));
        accounts[2] = Member::active(&id(2), &format!("r-ab12/{UNIT}/ou-ab12-deeper12"));
    })
    .await;
    let expires = crate::exceptions::day(200);
    let text = format!(
        "[[exception]]\norganizational-units = [\"{UNIT}\"]\nreasons = [\"single-region\"]\njustification = \
         \"Sandbox\"\nowner = \"team@example.com\"\nexpires = {expires}\n"
    );
    fs::write(live.path("exceptions.toml"), text).unwrap();
    let with = ["--exceptions", "exceptions.toml"];
    let ran = check(&live, &with).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    for (account, is_excepted) in [(id(1), true), (id(2), true), (id(3), false)] {
        let shown = line_of(&ran, &account);
        let verdict = (&shown["complianceType"], shown["exceptions"].is_array());
        assert_eq!(verdict, (&json!("NON_COMPLIANT"), is_excepted));
    }
    for (format, shown) in [
        ("table", "excepted until"),
        ("markdown", "This account is excepted until"),
        ("csv", "team@example.com"),
        ("html", "This account is excepted until"),
        ("junit", "<skipped message=\"NON_COMPLIANT, excepted until"),
        ("ocsf", "\"Suppressed\""),
    ] {
        let ran = live.run(&[&["check", "--organization", "--format", format], &with[..]].concat()).await;
        assert_eq!((ran.code, ran.stdout.matches(shown).count()), (Some(1), 2), "{format}: {}", ran.stdout);
    }
}

#[tokio::test]
async fn what_became_different_is_said_and_who_was_not_asked_for_has_neither_joined_nor_left() {
    let live = organization(5, |_| {}).await;
    let output = ["--output", "first.json"];
    assert_eq!(live.run(&[&["check", "--organization"], &output[..]].concat()).await.code, Some(0));
    {
        let mut world = live.stand_in.world();
        failing(&mut world, 1);
        world.add_fault(Fault::on("DescribeTrails", Misbehaviour::Throttle).account(&id(2)));
        let accounts = &mut world.organization.as_mut().unwrap().accounts;
        accounts[3] = Member::active(&id(3), "r-ab12");
        "SUSPENDED".clone_into(&mut accounts[4].state);
        accounts.push(Member::active(&id(9), "r-ab12"));
    }
    let since = ["--since", "first.json", "--exclude-account", &id(5)];
    let ran = check(&live, &since).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let changes = ran.json()["changes"].clone();
    let kinds: Vec<_> = changes["changed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| json!([change["kind"], change["accountId"]]))
        .collect();
    assert_eq!(
        json!(kinds),
        json!(
            [["non-compliant", id(1)], ["unreachable", id(2)], ["moved", id(3)], ["joined", id(9)], ["left", id(4)],]
        )
    );
    assert_eq!(changes["unchanged"], 1);
}
