//! The payloads with which AWS Config invokes a rule's function, as it really sends them.
//!
//! Forms: the developer guide's examples, and recorded events (which have `evaluationMode` though no example shows it,
//! and lack `ruleParameters` if the rule has none).

use serde_json::{Value, json};

use super::{identity::partition, results::ConfigRule};

/// An invocation of a rule, to be completed with what woke it.
#[derive(Clone)]
pub struct Event {
    payload: Value,
    account: String,
    region: String,
}

/// The part of a configuration item that decides what happens to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationItem {
    /// Such as `AWS::CloudTrail::Trail`.
    pub resource_type: String,
    /// As Config has discovered it: a name or an ARN.
    pub resource_id: String,
    /// `OK`, `ResourceDiscovered`, `ResourceNotRecorded`, `ResourceDeleted` or `ResourceDeletedNotRecorded`.
    pub status: String,
    /// ISO 8601.
    pub capture_time: String,
}

impl ConfigurationItem {
    /// An item of a trail.
    #[must_use]
    pub fn of_trail(resource_id: &str, status: &str, capture_time: &str) -> Self {
        Self {
            resource_type: "AWS::CloudTrail::Trail".to_owned(),
            resource_id: resource_id.to_owned(),
            status: status.to_owned(),
            capture_time: capture_time.to_owned(),
        }
    }

    fn is_gone(&self) -> bool {
        self.status.starts_with("ResourceDeleted")
    }
}

impl Event {
    /// An invocation of the rule with a result token, in mode `DETECTIVE` and without rule parameters.
    #[must_use]
    pub fn new(rule: &ConfigRule, result_token: &str) -> Self {
        let ConfigRule { account_id, region, name, arn, id } = rule;
        let recorder = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";
        let payload = json!({
            "version": "1.0",
            "resultToken": result_token,
            "eventLeftScope": false,
            "executionRoleArn": format!("arn:{}:iam::{account_id}:role/{recorder}", partition(region)),
            "configRuleArn": arn,
            "configRuleName": name,
            "configRuleId": id,
            "accountId": account_id,
            "evaluationMode": "DETECTIVE",
        });
        Self { payload, account: account_id.clone(), region: region.clone() }
    }

    /// With rule parameters, which Config sends as JSON in a string.
    #[must_use]
    pub fn rule_parameters(self, parameters: &Value) -> Self {
        self.rule_parameters_as_text(&parameters.to_string())
    }

    /// With rule parameters as they stand in the rule, JSON or not.
    #[must_use]
    pub fn rule_parameters_as_text(mut self, parameters: &str) -> Self {
        self.payload["ruleParameters"] = parameters.into();
        self
    }

    /// With another mode, such as `PROACTIVE`.
    #[must_use]
    pub fn evaluation_mode(mut self, mode: &str) -> Self {
        self.payload["evaluationMode"] = mode.into();
        self
    }

    /// For a resource that has left the rule's scope.
    #[must_use]
    pub fn left_scope(mut self) -> Self {
        self.payload["eventLeftScope"] = true.into();
        self
    }

    /// `ScheduledNotification`, made at a time in ISO 8601.
    #[must_use]
    pub fn scheduled(self, notification_creation_time: &str) -> Value {
        let invoking_event = json!({
            "awsAccountId": self.account,
            "notificationCreationTime": notification_creation_time,
            "messageType": "ScheduledNotification",
            "recordVersion": "1.0",
        });
        self.invoked_by(&invoking_event)
    }

    /// `ConfigurationSnapshotDeliveryCompleted`, made at a time in ISO 8601.
    #[must_use]
    pub fn configuration_snapshot_delivery_completed(self, notification_creation_time: &str) -> Value {
        let (account, region) = (&self.account, &self.region);
        let invoking_event = json!({
            "configSnapshotId": "00000000-0000-4000-8000-000000000001",
            "s3ObjectKey": format!("AWSLogs/{account}/Config/{region}/{account}_ConfigSnapshot.json.gz"),
            "s3Bucket": format!("config-bucket-{account}"),
            "notificationCreationTime": notification_creation_time,
            "messageType": "ConfigurationSnapshotDeliveryCompleted",
            "recordVersion": "1.1",
        });
        self.invoked_by(&invoking_event)
    }

    /// `ConfigurationItemChangeNotification`, made at a time in ISO 8601.
    #[must_use]
    pub fn configuration_item_change(self, item: &ConfigurationItem, notification_creation_time: &str) -> Value {
        let mut configuration_item = self.summary(item);
        configuration_item["relatedEvents"] = json!([]);
        configuration_item["relationships"] = json!([]);
        configuration_item["configuration"] =
            if item.is_gone() { Value::Null } else { json!({ "name": item.resource_id }) };
        configuration_item["supplementaryConfiguration"] = json!({});
        configuration_item["tags"] = json!({});
        let diff = json!({ "changedProperties": {}, "changeType": change_type(item) });
        let invoking_event = json!({
            "configurationItemDiff": diff,
            "configurationItem": configuration_item,
            "notificationCreationTime": notification_creation_time,
            "messageType": "ConfigurationItemChangeNotification",
            "recordVersion": "1.3",
        });
        self.invoked_by(&invoking_event)
    }

    /// `OversizedConfigurationItemChangeNotification`, made at a time in ISO 8601.
    #[must_use]
    pub fn oversized_configuration_item_change(
        self,
        item: &ConfigurationItem,
        notification_creation_time: &str,
    ) -> Value {
        let mut summary = self.summary(item);
        summary["changeType"] = change_type(item).into();
        let invoking_event = json!({
            "configurationItemSummary": summary,
            "s3DeliverySummary": {
                "s3BucketLocation": format!("config-bucket-{}/oversized.json.gz", self.account),
                "errorCode": null,
                "errorMessage": null,
            },
            "notificationCreationTime": notification_creation_time,
            "messageType": "OversizedConfigurationItemChangeNotification",
            "recordVersion": "1.0",
        });
        self.invoked_by(&invoking_event)
    }

    fn summary(&self, item: &ConfigurationItem) -> Value {
        let (account, region, id) = (&self.account, &self.region, &item.resource_id);
        let arn = if id.starts_with("arn:") {
            id.clone()
        } else {
            format!("arn:{}:cloudtrail:{region}:{account}:trail/{id}", partition(region))
        };
        json!({
            "configurationItemVersion": "1.3",
            "configurationItemCaptureTime": item.capture_time,
            "configurationStateId": 1_682_607_669_102_u64,
            "awsAccountId": account,
            "configurationItemStatus": item.status,
            "resourceType": item.resource_type,
            "resourceId": id,
            "resourceName": null,
            "ARN": arn,
            "awsRegion": region,
            "availabilityZone": "Regional",
            "configurationStateMd5Hash": "",
            "resourceCreationTime": null,
        })
    }

    fn invoked_by(mut self, invoking_event: &Value) -> Value {
        self.payload["invokingEvent"] = invoking_event.to_string().into();
        self.payload
    }
}

fn change_type(item: &ConfigurationItem) -> &'static str {
    match item.status.as_str() {
        "ResourceDiscovered" => "CREATE",
        _ if item.is_gone() => "DELETE",
        _ => "UPDATE",
    }
}
