//! Members of event selectors that this version does not know reach the decision as AWS sends them.

use serde_json::{Value, json};

use crate::harness::{PATIENT, Wire, account, compliance_type, trail};

/// The account of one trail with these selectors.
async fn wire(selectors: Value) -> Wire {
    let mut trail = trail("management-events");
    trail["HasCustomEventSelectors"] = true.into();
    trail["GetEventSelectors"] = selectors;
    Wire::with(&account(&[trail]), PATIENT).await
}

fn basic(member: &str, value: &Value) -> Value {
    json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, member: value}]})
}

fn advanced(member: &str, value: &Value) -> Value {
    let fields = json!([{"Field": "eventCategory", "Equals": ["Management"]}]);
    json!({"AdvancedEventSelectors": [{"FieldSelectors": fields, member: value}]})
}

fn field(member: &str, value: &Value) -> Value {
    let fields = json!([{"Field": "eventCategory", "Equals": ["Management"], member: value}]);
    json!({"AdvancedEventSelectors": [{"FieldSelectors": fields}]})
}

#[tokio::test]
async fn a_selector_with_an_unknown_member_of_any_kind_cannot_be_verified() {
    let values = [json!(["x"]), json!("x"), json!(1), json!(false), json!({"a": []}), json!([]), json!("")];
    for selectors in [basic, advanced, field] {
        for (member, value) in
            ["OnlyRegions", "readWriteType", "not_equals", "\u{1b}[2J"].iter().zip(values.iter().cycle())
        {
            let wire = wire(selectors(member, value)).await;
            let outcome = wire.scheduled().await;
            assert_eq!(compliance_type(&outcome), "NON_COMPLIANT", "{member} {value}");
            let codes: Vec<&str> = outcome.record.trails[0].reasons.iter().map(|code| code.as_str()).collect();
            assert_eq!(codes, ["selectors-not-understood"], "{member} {value}");
            assert!(wire.annotation().starts_with("Could not verify: "), "{}", wire.annotation());
            let shown = member.replace('\u{1b}', "?");
            assert!(wire.annotation().contains(&shown), "{}", wire.annotation());
        }
    }
}

#[tokio::test]
async fn an_unknown_member_without_a_value_counts_as_absent() {
    for selectors in [basic, advanced, field] {
        let wire = wire(selectors("OnlyRegions", &Value::Null)).await;
        assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
    }
}

#[tokio::test]
async fn unknown_members_of_data_resources_do_not_matter() {
    let resource = json!({"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"], "Except": ["x"]});
    let wire = wire(basic("DataResources", &json!([resource]))).await;
    assert_eq!(compliance_type(&wire.scheduled().await), "COMPLIANT");
}

#[tokio::test]
async fn what_was_not_understood_is_in_the_evidence_as_it_came() {
    let selectors = basic("OnlyRegions", &json!(["us-east-1"]));
    let outcome = wire(selectors.clone()).await.scheduled().await;
    let evidence = serde_json::to_value(outcome.record.evidence).unwrap();
    assert_eq!(evidence["trails"][0]["GetEventSelectors"], selectors);
}

#[tokio::test]
async fn event_selectors_of_another_trail_are_no_answer() {
    let own = trail("management-events")["TrailARN"].clone();
    let selectors = |arn: &Value| {
        let mut selectors = json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]});
        selectors["TrailARN"] = arn.clone();
        selectors
    };
    let other = wire(selectors(&json!(own.as_str().unwrap().replace("management-events", "other")))).await;
    let outcome = other.scheduled().await;
    assert_eq!(outcome.result.unwrap_err().error_type(), "Indeterminate");
    assert_eq!(other.bodies(), Vec::<Value>::new());
    assert!(
        outcome.record.warnings.iter().any(|line| line.contains("of another trail")),
        "{:?}",
        outcome.record.warnings
    );
    let same = wire(selectors(&own)).await;
    assert_eq!(compliance_type(&same.scheduled().await), "COMPLIANT");
}
