//! What `PutEvaluations` is sent, to the letter.

use serde_json::{Value, json};

use crate::harness::{
    ACCOUNT, ORDERING_TIMESTAMP, TIME, TRAIL, Wire, account, compliance_type, compliant, item, stopped_trail, trail,
};

const PASSES: &str = "management-events records all management events in all Regions to bucket log-bucket";
const GONE: &str = "AWS Config says that this trail is deleted or not recorded any more";

fn sent(resource_type: &str, resource_id: &str, compliance_type: &str, annotation: &str) -> Value {
    json!({
        "ComplianceResourceType": resource_type,
        "ComplianceResourceId": resource_id,
        "ComplianceType": compliance_type,
        "Annotation": annotation,
        "OrderingTimestamp": ORDERING_TIMESTAMP,
    })
}

fn body(rows: &[Value]) -> Value {
    json!({"Evaluations": rows, "ResultToken": "REDACTED"})
}

fn account_passes() -> Value {
    sent("AWS::::Account", ACCOUNT, "COMPLIANT", PASSES)
}

fn trail_passes() -> Value {
    sent(TRAIL, "management-events", "COMPLIANT", PASSES)
}

#[tokio::test]
async fn a_scheduled_run_sends_the_account_with_milliseconds() {
    let wire = Wire::new(&compliant()).await;
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    assert_eq!(wire.bodies(), [body(&[account_passes()])]);
}

#[tokio::test]
async fn a_scheduled_run_with_trail_results_sends_each_discovered_trail_after_the_account() {
    let wire = Wire::new(&account(&[trail("management-events"), stopped_trail("data-events")])).await;
    assert_eq!(compliance_type(&wire.scheduled_with_trail_results().await), "COMPLIANT");
    let other = sent(TRAIL, "data-events", "NOT_APPLICABLE", "logging is off");
    assert_eq!(wire.bodies(), [body(&[account_passes(), other, trail_passes()])]);
}

#[tokio::test]
async fn a_scheduled_run_of_a_failing_account_sends_its_failing_trail_as_non_compliant() {
    let wire = Wire::new(&account(&[stopped_trail("management-events")])).await;
    assert_eq!(compliance_type(&wire.scheduled_with_trail_results().await), "NON_COMPLIANT");
    let why = "No trail passes: management-events: logging is off";
    let rows = [
        sent("AWS::::Account", ACCOUNT, "NON_COMPLIANT", why),
        sent(TRAIL, "management-events", "NON_COMPLIANT", "logging is off"),
    ];
    assert_eq!(wire.bodies(), [body(&rows)]);
}

#[tokio::test]
async fn a_change_sends_what_a_scheduled_run_sends() {
    let wire = Wire::new(&compliant()).await;
    let changed = item("management-events", "OK");
    wire.invoke(wire.event().configuration_item_change(&changed, TIME)).await;
    wire.invoke(wire.event_with_trail_results().configuration_item_change(&changed, TIME)).await;
    assert_eq!(wire.bodies(), [body(&[account_passes()]), body(&[account_passes(), trail_passes()])]);
}

#[tokio::test]
async fn a_changed_trail_counts_as_discovered() {
    let mut evidence = compliant();
    evidence["discoveredTrails"] = json!([]);
    let wire = Wire::new(&evidence).await;
    let changed = item("management-events", "ResourceDiscovered");
    wire.invoke(wire.event_with_trail_results().configuration_item_change(&changed, TIME)).await;
    assert_eq!(wire.bodies(), [body(&[account_passes(), trail_passes()])]);
}

#[tokio::test]
async fn a_deletion_sends_the_account_and_with_trail_results_that_the_trail_is_gone() {
    let mut evidence = account(&[]);
    evidence["discoveredTrails"] = json!(["management-events"]);
    let wire = Wire::new(&evidence).await;
    let deleted = item("management-events", "ResourceDeleted");
    wire.invoke(wire.event().configuration_item_change(&deleted, TIME)).await;
    wire.invoke(wire.event_with_trail_results().configuration_item_change(&deleted, TIME)).await;
    let none = "There is no trail: DescribeTrails in eu-west-1 lists none.";
    let account = sent("AWS::::Account", ACCOUNT, "NON_COMPLIANT", none);
    let gone = sent(TRAIL, "management-events", "NOT_APPLICABLE", GONE);
    assert_eq!(wire.bodies(), [body(std::slice::from_ref(&account)), body(&[account, gone])]);
}

#[tokio::test]
async fn an_oversized_change_sends_what_a_change_sends() {
    let wire = Wire::new(&compliant()).await;
    let changed = item("management-events", "OK");
    wire.invoke(wire.event().oversized_configuration_item_change(&changed, TIME)).await;
    wire.invoke(wire.event_with_trail_results().oversized_configuration_item_change(&changed, TIME)).await;
    assert_eq!(wire.bodies(), [body(&[account_passes()]), body(&[account_passes(), trail_passes()])]);
}

#[tokio::test]
async fn two_ids_of_one_trail_get_a_row_each_exactly_as_config_gives_them() {
    let mut evidence = compliant();
    let arn = evidence["trails"][0]["TrailARN"].clone();
    evidence["discoveredTrails"] = json!(["management-events", arn]);
    let wire = Wire::new(&evidence).await;
    wire.scheduled_with_trail_results().await;
    let by_arn = sent(TRAIL, arn.as_str().unwrap(), "COMPLIANT", PASSES);
    assert_eq!(wire.bodies(), [body(&[account_passes(), by_arn, trail_passes()])]);
}

#[tokio::test]
async fn the_capture_time_orders_the_rows_of_a_change_without_creation_time() {
    let wire = Wire::new(&compliant()).await;
    let mut event = wire.event().configuration_item_change(&item("management-events", "OK"), TIME);
    let mut invoking_event: Value = serde_json::from_str(event["invokingEvent"].as_str().unwrap()).unwrap();
    invoking_event["notificationCreationTime"] = Value::Null;
    invoking_event["configurationItem"]["configurationItemCaptureTime"] = TIME.into();
    event["invokingEvent"] = invoking_event.to_string().into();
    wire.invoke(event).await;
    assert_eq!(wire.bodies(), [body(&[account_passes()])]);
}

#[tokio::test]
async fn the_token_testmode_sets_test_mode() {
    let wire = Wire::new(&compliant()).await;
    let mut event = wire.event().scheduled(TIME);
    event["resultToken"] = "TESTMODE".into();
    assert_eq!(compliance_type(&wire.invoke(event).await), "COMPLIANT");
    let mut expected = body(&[account_passes()]);
    expected["TestMode"] = true.into();
    assert_eq!(wire.bodies(), [expected]);
    assert!(wire.rows().is_empty());
}
