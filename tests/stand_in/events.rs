use cloudtrail_all_regions::stand_in::{
    ConfigRule, World,
    events::{ConfigurationItem, Event},
};
use serde_json::{Value, json};

use super::client::*;

const TIME: &str = "2026-11-01T12:00:00.123Z";

fn rule() -> ConfigRule {
    World::default().config_rule(ACCOUNT, "cn-north-1", "cis-3-1")
}

fn invoking_event(event: &Value) -> Value {
    serde_json::from_str(event["invokingEvent"].as_str().unwrap()).unwrap()
}

#[test]
fn the_envelope_names_the_rule_and_has_no_rule_parameters_unless_given() {
    let rule = rule();
    let event = Event::new(&rule, "token").scheduled(TIME);
    assert!(rule.arn.starts_with("arn:aws-cn:config:cn-north-1:111122223333:config-rule/config-rule-"));
    let expected = json!({
        "version": "1.0",
        "invokingEvent": event["invokingEvent"],
        "resultToken": "token",
        "eventLeftScope": false,
        "executionRoleArn":
            "arn:aws-cn:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
        "configRuleArn": rule.arn,
        "configRuleName": "cis-3-1",
        "configRuleId": rule.id,
        "accountId": ACCOUNT,
        "evaluationMode": "DETECTIVE",
    });
    assert_eq!(event, expected);
    let expected = json!({
        "awsAccountId": ACCOUNT, "notificationCreationTime": TIME, "messageType": "ScheduledNotification",
        "recordVersion": "1.0",
    });
    assert_eq!(invoking_event(&event), expected);
}

#[test]
fn rule_parameters_mode_and_scope_are_as_told() {
    let event = Event::new(&rule(), "token")
        .rule_parameters(&json!({ "checkDelivery": "true" }))
        .evaluation_mode("PROACTIVE")
        .left_scope()
        .scheduled(TIME);
    assert_eq!(event["ruleParameters"], "{\"checkDelivery\":\"true\"}");
    assert_eq!((&event["evaluationMode"], &event["eventLeftScope"]), (&json!("PROACTIVE"), &json!(true)));
}

#[test]
fn a_change_carries_the_configuration_item_and_a_deleted_one_has_no_configuration() {
    let changed = |status: &str| {
        let item = ConfigurationItem::of_trail("own", status, "2026-11-01T11:00:00.000Z");
        invoking_event(&Event::new(&rule(), "token").configuration_item_change(&item, TIME))
    };
    let event = changed("OK");
    assert_eq!(event["messageType"], "ConfigurationItemChangeNotification");
    assert_eq!(event["notificationCreationTime"], TIME);
    let item = &event["configurationItem"];
    assert_eq!((&item["resourceType"], &item["resourceId"]), (&json!("AWS::CloudTrail::Trail"), &json!("own")));
    assert_eq!(item["ARN"], "arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/own");
    assert_eq!(item["configurationItemCaptureTime"], "2026-11-01T11:00:00.000Z");
    assert!(item["configuration"].is_object());
    let deleted = changed("ResourceDeleted");
    assert_eq!(deleted["configurationItem"]["configurationItemStatus"], "ResourceDeleted");
    assert_eq!(deleted["configurationItem"]["configuration"], Value::Null);
    assert_eq!(deleted["configurationItemDiff"]["changeType"], "DELETE");
}

#[test]
fn an_oversized_change_carries_only_a_summary() {
    let item = ConfigurationItem::of_trail(ORGANIZATION_ARN, "OK", TIME);
    let event = invoking_event(&Event::new(&rule(), "token").oversized_configuration_item_change(&item, TIME));
    assert_eq!(event["messageType"], "OversizedConfigurationItemChangeNotification");
    assert_eq!(event["configurationItemSummary"]["resourceId"], ORGANIZATION_ARN);
    assert_eq!(event["configurationItemSummary"]["ARN"], ORGANIZATION_ARN);
    assert_eq!(event["configurationItemSummary"]["changeType"], "UPDATE");
    assert!(event.get("configurationItem").is_none());
    assert!(event["s3DeliverySummary"].is_object());
}

#[test]
fn a_snapshot_delivery_names_the_snapshot() {
    let event = Event::new(&rule(), "token").configuration_snapshot_delivery_completed(TIME);
    let event = invoking_event(&event);
    assert_eq!(event["messageType"], "ConfigurationSnapshotDeliveryCompleted");
    assert!(event["s3ObjectKey"].is_string() && event["s3Bucket"].is_string());
}
