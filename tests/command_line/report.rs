//! `report`: what an aggregator keeps, and what it does not.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use cloudtrail_all_regions::{
    clock::Clock,
    rule::timestamp::Timestamp,
    stand_in::{Fault, Misbehaviour, Row, World},
};
use serde_json::{Value, json};

use crate::harness::{Live, Ran, example, read_json};

const RULE: &str = "cis-3-1-cloudtrail-all-regions";
const OWN: &str = "123456789012";
const FAILING: &str = "222233334444";
const COMPLIANT: &str = "333344445555";

fn put(
    world: &mut World,
    account: &str,
    region: &str,
    rule: &str,
    compliance_type: &str,
    annotation: &str,
    hours: u64,
) {
    let rule = world.config_rule(account, region, rule);
    let at = Clock::System.time() - Duration::from_hours(hours);
    world.put_row(&rule, row(account, compliance_type, annotation, at));
}

/// A row on an account.
fn row(account: &str, compliance_type: &str, annotation: &str, at: SystemTime) -> Row {
    Row {
        resource_type: "AWS::::Account".to_owned(),
        resource_id: account.to_owned(),
        compliance_type: compliance_type.to_owned(),
        annotation: Some(annotation.to_owned()),
        ordering_timestamp: Timestamp::UNIX_EPOCH,
        config_rule_invoked_time: at,
        result_recorded_time: at,
    }
}

/// An aggregator that knows an account that fails and one that is compliant.
async fn live(set_up: impl FnOnce(&mut World)) -> Live {
    Live::serve(&read_json(&example("compliant")), |world| {
        world.aggregate(OWN, "us-east-1", "organization", Vec::new());
        put(world, FAILING, "us-east-1", RULE, "NON_COMPLIANT", "There is no trail: DescribeTrails lists none.", 1);
        put(world, COMPLIANT, "us-east-1", RULE, "COMPLIANT", "a trail passes", 30);
        set_up(world);
    })
    .await
}

async fn report(live: &Live, accounts: &[&str], arguments: &[&str]) -> Ran {
    fs::write(live.path("accounts.txt"), accounts.join("\n")).unwrap();
    live.run(&[&["report", "--format", "json", "--accounts-from", "accounts.txt"], arguments].concat()).await
}

/// Account, verdict and annotation of each, in order.
fn lines(ran: &Ran) -> Vec<Value> {
    let accounts = ran.json()["accounts"].clone();
    let line = |of: &Value| json!([of["accountId"], of["complianceType"], of["annotation"]]);
    accounts.as_array().unwrap().iter().map(line).collect()
}

const NO_TRAIL: &str = "There is no trail: DescribeTrails lists none.";

#[tokio::test]
async fn every_account_has_its_line_and_one_without_a_row_makes_exit_code_two() {
    let live = live(|_| {}).await;
    let ran = report(&live, &[FAILING, COMPLIANT], &[]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    let kept = format!("AWS Config keeps COMPLIANT of {RULE}");
    let seen = [json!([FAILING, "NON_COMPLIANT", NO_TRAIL]), json!([COMPLIANT, "COMPLIANT", kept])];
    assert_eq!(lines(&ran), seen);
    let schema: Value = serde_json::from_str(include_str!("../../src/report/report.schema.json")).unwrap();
    let document = ran.json();
    let problems: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(problems, Vec::<String>::new());
    assert!(document["accounts"].as_array().unwrap().iter().all(|account| account["source"] == "aggregator"));
    let missing = "555566667777";
    let ran = report(&live, &[FAILING, COMPLIANT, missing], &[]).await;
    assert_eq!(ran.code, Some(2));
    let why = "without verdict: no row in the aggregator, which does not tell NOT_APPLICABLE from none";
    assert_eq!(lines(&ran)[2], json!([missing, null, why]));
    // One call asks for all, one for each that fails.
    let details =
        live.stand_in.calls().into_iter().filter(|call| call.operation == "GetAggregateComplianceDetailsByConfigRule");
    assert_eq!(details.count(), 2);
}

#[tokio::test]
async fn without_a_list_of_accounts_nobody_knows_who_is_missing() {
    let live = live(|_| {}).await;
    let ran = live.run(&["report"]).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.contains("1 non-compliant, 1 compliant"), "{}", ran.stdout);
    assert!(ran.stderr.contains("--accounts-from"), "{}", ran.stderr);
}

#[tokio::test]
async fn an_old_result_is_marked_and_makes_exit_code_two() {
    let live = live(|_| {}).await;
    let ran = report(&live, &[FAILING, COMPLIANT], &["--max-age", "26h"]).await;
    assert_eq!(ran.code, Some(2));
    let accounts = ran.json()["accounts"].clone();
    assert_eq!((&accounts[0]["caveats"], &accounts[1]["caveats"]), (&json!([]), &json!(["too-old"])));
    assert_eq!(accounts[1]["annotation"], "a trail passes", "its age is asked, and with it its words");
    assert_eq!(report(&live, &[FAILING, COMPLIANT], &["--max-age", "31h"]).await.code, Some(1));
}

#[tokio::test]
async fn pages_empty_ones_too_are_followed_and_rules_of_other_names_are_asked_for() {
    let other = "OrgConfigRule-cis-3-1-abcdefgh";
    let live = live(|world| {
        world.page_size = Some(1);
        world.empty_pages = true;
        put(world, "444455556666", "us-east-1", other, "NON_COMPLIANT", NO_TRAIL, 1);
        put(world, FAILING, "eu-west-1", RULE, "COMPLIANT", "a trail passes", 1);
    })
    .await;
    let ran = report(&live, &[FAILING, COMPLIANT, "444455556666"], &["--rule", RULE, "--rule", other]).await;
    assert_eq!(ran.code, Some(1), "two Regions of an account are two rows, and the worse counts: {}", ran.stderr);
    let ids: Vec<Value> = lines(&ran).into_iter().map(|line| line[0].clone()).collect();
    assert_eq!(ids, [FAILING, FAILING, COMPLIANT, "444455556666"]);
}

#[tokio::test]
async fn the_only_aggregator_is_taken_and_several_are_named() {
    let live = live(|world| world.aggregate(OWN, "us-east-1", "another", Vec::new())).await;
    let ran = report(&live, &[FAILING], &[]).await;
    assert_eq!(ran.code, Some(64));
    assert!(ran.stderr.contains("which aggregator? --aggregator takes one of another, organization"), "{}", ran.stderr);
    assert_eq!(report(&live, &[FAILING], &["--aggregator", "organization"]).await.code, Some(1));
    let ran = report(&live, &[FAILING], &["--aggregator", "none"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("NoSuchConfigurationAggregatorException"), "{}", ran.stderr);
    let without = Live::example("compliant").await;
    let ran = report(&without, &[FAILING], &[]).await;
    assert_eq!(ran.code, Some(64));
    assert!(ran.stderr.contains("has no aggregator in us-east-1"), "{}", ran.stderr);
}

#[tokio::test]
async fn sources_that_fail_are_warned_of() {
    let source = json!({
        "SourceId": "o-abcdefghij", "SourceType": "ORGANIZATION", "AwsRegion": "eu-west-1",
        "LastUpdateStatus": "FAILED", "LastErrorCode": "ACCESS_DENIED",
    });
    let live = live(|world| world.aggregate(OWN, "us-east-1", "organization", vec![source])).await;
    let ran = report(&live, &[FAILING, COMPLIANT], &[]).await;
    let warning = "warning: the aggregator's source o-abcdefghij in eu-west-1 is FAILED (ACCESS_DENIED)\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), warning));
}

#[tokio::test]
async fn what_may_not_be_read_is_said() {
    let deny =
        |operation: &'static str| move |world: &mut World| world.add_fault(Fault::on(operation, Misbehaviour::Deny));
    let refused = live(deny("GetAggregateComplianceDetailsByConfigRule")).await;
    let ran = report(&refused, &[FAILING, COMPLIANT], &[]).await;
    assert_eq!(ran.code, Some(1), "the verdict is known: {}", ran.stderr);
    let why = lines(&ran)[0][2].as_str().unwrap().to_owned();
    assert!(why.ends_with("(GetAggregateComplianceDetailsByConfigRule AccessDeniedException)"), "{why}");
    let refused = live(deny("DescribeAggregateComplianceByConfigRules")).await;
    let ran = report(&refused, &[FAILING], &[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
}

#[tokio::test]
async fn an_exception_applies_to_the_accounts_reason_and_all_to_words_that_may_be_cut() {
    let live = live(|world| {
        put(world, COMPLIANT, "us-east-1", RULE, "NON_COMPLIANT", "No trail passes: audit: logging is off; +1 more", 1);
    })
    .await;
    let at = Clock::System.now().plus_seconds(40 * 86_400).to_string();
    let exception = |account: &str, reason: &str| {
        format!(
            "[[exception]]\naccounts = ['{account}']\nreasons = ['{reason}']\nexpires = {}\nowner = 'o'\n\
             justification = 'j'\n",
            at.split_once('T').unwrap().0
        )
    };
    for (reason, code) in [("not-logging", 1), ("all", 0)] {
        let file = exception(FAILING, "no-trail") + &exception(COMPLIANT, reason);
        fs::write(live.path("exceptions.toml"), file).unwrap();
        let ran = report(&live, &[FAILING, COMPLIANT], &["--exceptions", "exceptions.toml"]).await;
        assert_eq!(ran.code, Some(code), "{reason}: {}", ran.stderr);
        assert_eq!(ran.json()["accounts"][0]["complianceType"], "NON_COMPLIANT");
    }
}

#[tokio::test]
async fn an_exception_applies_to_reasons_of_trails_where_their_words_are_whole() {
    let live = live(|world| {
        let why = "No trail passes: audit: logging is off, log file validation is off";
        put(world, FAILING, "us-east-1", RULE, "NON_COMPLIANT", why, 1);
    })
    .await;
    let today = Clock::System.now().to_string();
    let today = today.split_once('T').unwrap().0;
    for (reasons, code) in [("'not-logging'", 1), ("'not-logging', 'no-log-file-validation'", 0)] {
        let file = format!(
            "[[exception]]\naccounts = ['{FAILING}']\nreasons = [{reasons}]\nexpires = {today}\nowner = 'o'\n\
             justification = 'j'\n"
        );
        fs::write(live.path("exceptions.toml"), file).unwrap();
        let ran = report(&live, &[FAILING, COMPLIANT], &["--exceptions", "exceptions.toml"]).await;
        assert_eq!(ran.code, Some(code), "{reasons}: {}", ran.stderr);
        assert_eq!(ran.json()["accounts"][0]["trailCodes"], json!(["not-logging", "no-log-file-validation"]));
    }
}

#[tokio::test]
async fn names_and_units_are_those_of_the_list_and_an_exception_may_name_a_unit() {
    let live = live(|_| {}).await;
    let listed = |id: &str, name: &str| {
        json!({
            "Id": id, "Name": name, "State": "ACTIVE", "Paths": [format!("o-exampleorgid/r-root/ou-root-sandboxes/{id}/")],
        })
    };
    let missing = "555566667777";
    let accounts = [listed(FAILING, "sandbox"), listed(COMPLIANT, "shop"), listed(missing, "new")];
    fs::write(live.path("accounts.json"), json!({"Accounts": accounts}).to_string()).unwrap();
    let today = Clock::System.now().to_string();
    let exception = format!(
        "[[exception]]\norganizational-units = ['ou-root-sandboxes']\nreasons = ['all']\nexpires = {}\nowner = 'o'\n\
         justification = 'j'\n",
        today.split_once('T').unwrap().0
    );
    fs::write(live.path("exceptions.toml"), exception).unwrap();
    let asked = ["report", "--format", "json", "--accounts-from", "accounts.json", "--exceptions", "exceptions.toml"];
    let ran = live.run(&asked).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let document = ran.json();
    let names: Vec<&Value> =
        document["accounts"].as_array().unwrap().iter().map(|account| &account["accountName"]).collect();
    assert_eq!(names, ["sandbox", "shop", "new"]);
    assert_eq!(document["summary"]["excepted"], 2);
}

#[tokio::test]
async fn what_became_different_since_an_earlier_report_is_told() {
    let live = live(|_| {}).await;
    let accounts = [FAILING, COMPLIANT, "555566667777"];
    let first = report(&live, &accounts, &["--output", "first.json"]).await;
    assert_eq!(first.code, Some(2), "{first:?}");
    let ran = report(&live, &accounts, &["--since", "first.json"]).await;
    assert_eq!(ran.json()["changes"], json!({"since": "first.json", "changed": [], "unchanged": 3}));
    {
        let mut world = live.stand_in.world();
        put(&mut world, FAILING, "us-east-1", RULE, "COMPLIANT", "a trail passes", 0);
        put(&mut world, COMPLIANT, "us-east-1", RULE, "NON_COMPLIANT", NO_TRAIL, 0);
    }
    fs::write(live.path("accounts.txt"), format!("{FAILING}\n{COMPLIANT}\n666677778888\n")).unwrap();
    let arguments = ["report", "--accounts-from", "accounts.txt", "--since", "first.json"];
    let ran = live.run(&arguments).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let told = ran.stdout.split_once("Since first.json: ").unwrap().1;
    let gone = "without verdict: no row in the aggregator, which does not tell NOT_APPLICABLE from none";
    let expected = format!(
        "1 newly non-compliant, 1 repaired, 1 joined, 1 left\n  \
         newly non-compliant: account {COMPLIANT}: NON_COMPLIANT, was COMPLIANT: {NO_TRAIL}\n  \
         repaired: account {FAILING}: COMPLIANT, was NON_COMPLIANT: AWS Config keeps COMPLIANT of {RULE}\n  \
         joined: account 666677778888: NO_VERDICT: {gone}\n  left: account 555566667777: was NO_VERDICT: {gone}\n"
    );
    assert_eq!(told, expected);
    for format in ["markdown", "html"] {
        let ran = live.run(&[&arguments[..], &["--format", format]].concat()).await;
        for account in [COMPLIANT, "555566667777"] {
            let of = ran.stdout.lines().filter(|line| line.contains("was ") && line.contains(account));
            assert_eq!(of.count(), 1, "{format}: {}", ran.stdout);
        }
    }
    let schema: Value = serde_json::from_str(include_str!("../../src/report/report.schema.json")).unwrap();
    let document = live.run(&[&arguments[..], &["--format", "json"]].concat()).await.json();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&document), "{document}");
    for (text, problem) in [
        ("{}", "missing field `formatVersion`"),
        ("", "it is empty"),
        ("[]", "it is a list where an object belongs"),
        ("[1, {\"accounts\": 0}, []]", "it is a list where an object belongs"),
        ("{\"formatVersion\": 1,", "it is cut off"),
        ("{\"formatVersion\": \"1\"}", "at `formatVersion`: it is the text \"1\" where a number belongs"),
    ] {
        fs::write(live.path("broken.json"), text).unwrap();
        let ran = live.run(&["report", "--since", "broken.json"]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{}", ran.stderr);
        let said = format!("error: broken.json: is no report that --format json wrote: {problem}");
        assert!(ran.stderr.starts_with(&said), "{}", ran.stderr);
    }
    assert!(live.run(&["report", "--since", "first.json", "--output", "first.json"]).await.code == Some(64));
}

#[tokio::test]
async fn the_list_of_accounts_is_ids_or_what_the_aws_cli_prints() {
    let live = live(|_| {}).await;
    let accounts = json!({"Accounts": [
        {"Id": FAILING, "State": "ACTIVE"},
        {"Id": COMPLIANT, "Status": "ACTIVE"},
        {"Id": "666677778888", "State": "CLOSED"},
        {"Id": "777788889999", "State": "SOMETHING_NEW"},
    ]});
    fs::write(live.path("accounts.json"), accounts.to_string()).unwrap();
    let ran = live.run(&["report", "--format", "json", "--accounts-from", "accounts.json"]).await;
    assert_eq!(ran.code, Some(2), "a state that is not known is one that should have a row: {}", ran.stderr);
    assert_eq!(lines(&ran).len(), 3);
    let cut = json!({"Accounts": [{"Id": COMPLIANT, "State": "ACTIVE"}], "NextToken": "more"}).to_string();
    let twice = format!("{{\"Accounts\": [{{\"Id\": \"{FAILING}\"}}], \"Accounts\": [{{\"Id\": \"{COMPLIANT}\"}}]}}");
    for text in ["", "12345", "{\"Accounts\": [{}]}", &cut, &twice] {
        fs::write(live.path("broken"), text).unwrap();
        let ran = live.run(&["report", "--accounts-from", "broken"]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{text}");
    }
}

#[tokio::test]
async fn a_result_of_a_time_to_come_is_marked_where_its_age_is_asked() {
    let live = live(|world| {
        let at = Clock::System.time() + Duration::from_hours(1);
        let rule = world.config_rule(COMPLIANT, "us-east-1", RULE);
        world.put_row(&rule, row(COMPLIANT, "COMPLIANT", "a trail passes", at));
    })
    .await;
    assert_eq!(report(&live, &[FAILING, COMPLIANT], &[]).await.code, Some(1));
    let ran = report(&live, &[FAILING, COMPLIANT], &["--max-age", "26h"]).await;
    assert_eq!(ran.json()["accounts"][1]["caveats"], json!(["of-the-future"]));
    assert_eq!(ran.code, Some(2));
}

#[tokio::test]
async fn where_the_rule_and_its_row_on_the_account_differ_the_worse_counts_and_both_are_said() {
    let live = live(|world| {
        let rule = world.config_rule(COMPLIANT, "us-east-1", RULE);
        let of_trail = Row {
            resource_type: "AWS::CloudTrail::Trail".to_owned(),
            ..row("old-trail", "NON_COMPLIANT", "logging is off", Clock::System.time())
        };
        world.put_row(&rule, of_trail);
    })
    .await;
    let ran = report(&live, &[COMPLIANT], &[]).await;
    let why = format!("AWS Config keeps NON_COMPLIANT of {RULE}, and COMPLIANT of the account: a trail passes");
    assert_eq!((ran.code, &lines(&ran)[1]), (Some(1), &json!([COMPLIANT, "NON_COMPLIANT", why])));
}
