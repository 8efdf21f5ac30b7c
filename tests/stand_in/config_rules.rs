use cloudtrail_all_regions::{
    rule::timestamp::Timestamp,
    stand_in::{ConfigRule, Row},
};
use serde_json::{Value, json};

use super::client::*;

const DESCRIBE_RULES: &str = "DescribeConfigRules";
const DESCRIBE_STATUS: &str = "DescribeConfigRuleEvaluationStatus";

async fn serve_rules(names: &[&str]) -> (Served, Vec<ConfigRule>) {
    let mut rules = Vec::new();
    let served = serve(|world| {
        rules.extend(names.iter().map(|name| world.config_rule(ACCOUNT, REGION, name)));
        world.config_rule(ACCOUNT, HOME, "of-another-region");
        world.config_rule(MEMBER, REGION, "of-another-account");
    })
    .await;
    (served, rules)
}

fn names(answer: &Value, list: &str) -> Vec<String> {
    let listed = answer[list].as_array().unwrap();
    listed.iter().map(|rule| rule["ConfigRuleName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_rule_is_described_as_it_was_changed() {
    let (served, rules) = serve_rules(&["rule"]).await;
    let us = served.signer(ACCOUNT, REGION);
    let described = us.call(DESCRIBE_RULES, json!({})).await.json()["ConfigRules"][0].take();
    assert_eq!(described["ConfigRuleName"], "rule");
    assert_eq!(described["ConfigRuleArn"], rules[0].arn);
    assert_eq!(described["ConfigRuleId"], rules[0].id);
    assert_eq!(described["Source"]["Owner"], "CUSTOM_LAMBDA");
    let function = "arn:aws:lambda:us-east-1:111122223333:function:cloudtrail-all-regions";
    assert_eq!(described["Source"]["SourceIdentifier"], function);
    assert_eq!(described["InputParameters"], Value::Null);

    let is_there = served.0.world().change_config_rule(&rules[0], |rule| {
        rule.insert("Source".to_owned(), json!({"Owner": "AWS", "SourceIdentifier": "CLOUD_TRAIL_ENABLED"}));
        rule.insert("InputParameters".to_owned(), json!("{\"s3BucketName\":\"bucket\"}"));
    });
    assert!(is_there);
    let described = us.call(DESCRIBE_RULES, json!({"ConfigRuleNames": ["rule"]})).await.json()["ConfigRules"][0].take();
    assert_eq!(described["Source"], json!({"Owner": "AWS", "SourceIdentifier": "CLOUD_TRAIL_ENABLED"}));
    assert_eq!(described["InputParameters"], "{\"s3BucketName\":\"bucket\"}");

    served.0.world().delete_config_rule(&rules[0]);
    assert!(!served.0.world().change_config_rule(&rules[0], |_| {}));
    assert_eq!(us.call(DESCRIBE_RULES, json!({})).await.json(), json!({"ConfigRules": []}));
}

#[tokio::test]
async fn rules_of_the_account_and_region_come_in_pages() {
    let wanted: Vec<String> = (0..30).map(|number| format!("rule-{number:02}")).collect();
    let (served, _) = serve_rules(&wanted.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let us = served.signer(ACCOUNT, REGION);
    let first = us.call(DESCRIBE_RULES, json!({})).await.json();
    let second = us.call(DESCRIBE_RULES, json!({"NextToken": first["NextToken"]})).await.json();
    assert_eq!((names(&first, "ConfigRules").len(), &second["NextToken"]), (25, &Value::Null));
    assert_eq!([names(&first, "ConfigRules"), names(&second, "ConfigRules")].concat(), wanted);
    let some = us.call(DESCRIBE_RULES, json!({"ConfigRuleNames": ["rule-07", "rule-03"]})).await.json();
    assert_eq!(names(&some, "ConfigRules"), ["rule-03", "rule-07"]);

    let list = "ConfigRulesEvaluationStatus";
    assert_eq!(names(&us.call(DESCRIBE_STATUS, json!({})).await.json(), list), wanted);
    let limited = us.call(DESCRIBE_STATUS, json!({"Limit": 2})).await.json();
    assert_eq!(names(&limited, list), ["rule-00", "rule-01"]);
    assert!(limited["NextToken"].is_string());
}

#[tokio::test]
async fn the_evaluation_status_follows_the_results_unless_changed() {
    let (served, rules) = serve_rules(&["rule"]).await;
    let us = served.signer(ACCOUNT, REGION);
    let status = async || us.call(DESCRIBE_STATUS, json!({})).await.json()["ConfigRulesEvaluationStatus"][0].take();
    let before = status().await;
    assert_eq!(before["FirstEvaluationStarted"], false);
    assert_eq!(before["LastSuccessfulEvaluationTime"], Value::Null);
    let (invoked, recorded) = (1_793_534_400, 1_793_534_410);
    let time = |seconds| std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    served.0.world().put_row(
        &rules[0],
        Row {
            resource_type: "AWS::::Account".to_owned(),
            resource_id: ACCOUNT.to_owned(),
            compliance_type: "COMPLIANT".to_owned(),
            annotation: None,
            ordering_timestamp: Timestamp::from(time(invoked)),
            config_rule_invoked_time: time(invoked),
            result_recorded_time: time(recorded),
        },
    );
    let after = status().await;
    assert_eq!(after["FirstEvaluationStarted"], true);
    assert_eq!(after["LastSuccessfulInvocationTime"], json!(1_793_534_400.0));
    assert_eq!(after["LastSuccessfulEvaluationTime"], json!(1_793_534_410.0));
    let is_there = served.0.world().change_evaluation_status(&rules[0], |status| {
        status.insert("LastErrorCode".to_owned(), "AccessDenied".into());
    });
    assert!(is_there);
    assert_eq!(status().await["LastErrorCode"], "AccessDenied");
}

#[tokio::test]
async fn what_is_wrong_in_a_request_for_rules_is_refused() {
    let (served, _) = serve_rules(&["rule"]).await;
    let us = served.signer(ACCOUNT, REGION);
    for operation in [DESCRIBE_RULES, DESCRIBE_STATUS] {
        for (request, code) in [
            (json!({"ConfigRuleNames": ["rule", "unknown"]}), "NoSuchConfigRuleException"),
            (json!({"ConfigRuleNames": ["of-another-region"]}), "NoSuchConfigRuleException"),
            (json!({"ConfigRuleNames": vec!["rule"; 26]}), "ValidationException"),
            (json!({"ConfigRuleNames": ["x".repeat(129)]}), "ValidationException"),
            (json!({"ConfigRuleNames": "rule"}), "SerializationException"),
            (json!({"NextToken": "made up"}), "InvalidNextTokenException"),
        ] {
            let answer = us.call(operation, request.clone()).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, code), "{operation} {request}");
        }
    }
    assert_eq!(us.call(DESCRIBE_STATUS, json!({"Limit": 51})).await.code(), "ValidationException");
}
