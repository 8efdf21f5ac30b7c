//! A mutator whose inputs stay JSON, so that they get past the parser; each leaf is drawn from AWS's words.

use cloudtrail_all_regions::rule::parameters::PARAMETERS;
use libfuzzer_sys::fuzzer_mutate;
use serde_json::{Map, Value};

/// Names and values that mean something to the program, or nearly do. What is JSON stands for itself, the rest is text.
const WORDS: &[&str] = &[
    // Values of any field.
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "1.5",
    "1e300",
    "[]",
    "{}",
    "\"\"",
    "\" \"",
    "\"true\"",
    "\"24\"",
    "é",
    "\u{1F600}",
    "123456789012",
    "\"123456789012\"",
    "\"210987654321\"",
    "us-east-1",
    "eu-west-1",
    "cn-north-1",
    "us-gov-west-1",
    "1-us",
    "2026-11-01T12:00:00.000Z",
    "2026-10-31T11:59:59.999Z",
    "2026-11-01T23:59:60Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59-23:59",
    "1793534400.5",
    // The event.
    "accountId",
    "configRuleArn",
    "configRuleName",
    "evaluationMode",
    "eventLeftScope",
    "invokingEvent",
    "resultToken",
    "ruleParameters",
    "messageType",
    "notificationCreationTime",
    "configurationItem",
    "configurationItemSummary",
    "configurationItemStatus",
    "configurationItemCaptureTime",
    "awsAccountId",
    "resourceType",
    "resourceId",
    "DETECTIVE",
    "PROACTIVE",
    "TESTMODE",
    "ScheduledNotification",
    "ConfigurationSnapshotDeliveryCompleted",
    "ConfigurationItemChangeNotification",
    "OversizedConfigurationItemChangeNotification",
    "AWS::CloudTrail::Trail",
    "AWS::EC2::Instance",
    "OK",
    "ResourceDiscovered",
    "ResourceDeleted",
    "ResourceDeletedNotRecorded",
    "ResourceNotRecorded",
    "arn:aws:config:us-east-1:123456789012:config-rule/config-rule-1",
    // Values of parameters.
    "NON_COMPLIANT",
    "ERROR",
    "kms.amazonaws.com,rdsdata.amazonaws.com",
    "arn:aws:sns:us-east-1:123456789012:topic",
    "arn:aws:logs:us-east-1:123456789012:log-group:trail:*",
    "logs-bucket",
    "168",
    "169",
    // The evidence.
    "region",
    "collectedAt",
    "trails",
    "discoveredTrails",
    "deletedTrail",
    "refused",
    "unanswered",
    "operation",
    "code",
    "homeRegionCode",
    "DescribeTrails",
    "GetTrailStatus",
    "GetEventSelectors",
    "AccessDeniedException",
    "TrailNotFoundException",
    "ThrottlingException",
    "IsMultiRegionTrail",
    "TrailARN",
    "Name",
    "HomeRegion",
    "S3BucketName",
    "IncludeGlobalServiceEvents",
    "IsOrganizationTrail",
    "HasCustomEventSelectors",
    "LogFileValidationEnabled",
    "KmsKeyId",
    "SnsTopicARN",
    "CloudWatchLogsLogGroupArn",
    "IsLogging",
    "LatestDeliveryError",
    "LatestDeliveryTime",
    "StartLoggingTime",
    "StopLoggingTime",
    "None",
    "AccessDenied",
    "management-events",
    "arn:aws:cloudtrail:us-east-1:123456789012:trail/management-events",
    "arn:aws:cloudtrail:eu-west-1:210987654321:trail/o",
    "{\"refused\":{\"operation\":\"GetTrailStatus\",\"code\":\"AccessDeniedException\"}}",
    "{\"unanswered\":{\"operation\":\"GetEventSelectors\",\"code\":\"ThrottlingException\"}}",
    "{\"IsLogging\":true}",
    // The selectors.
    "EventSelectors",
    "AdvancedEventSelectors",
    "FieldSelectors",
    "Field",
    "Equals",
    "NotEquals",
    "StartsWith",
    "NotStartsWith",
    "EndsWith",
    "NotEndsWith",
    "ReadWriteType",
    "IncludeManagementEvents",
    "ExcludeManagementEventSources",
    "eventCategory",
    "eventSource",
    "readOnly",
    "eventName",
    "eventType",
    "resources.type",
    "userIdentity.arn",
    "sessionCredentialFromConsole",
    "Management",
    "Data",
    "Man",
    "ment",
    "All",
    "ReadOnly",
    "WriteOnly",
    "\"false\"",
    "t",
    "e",
    "kms.amazonaws.com",
    "rdsdata.amazonaws.com",
    "iam.amazonaws.com",
    ".com",
    "ConsoleLogin",
    "AwsApiCall",
    "[\"Management\"]",
    "[\"kms.amazonaws.com\"]",
    "[\"\"]",
    "{\"FieldSelectors\":[{\"Field\":\"eventCategory\",\"Equals\":[\"Management\"]}]}",
    "{\"Field\":\"eventSource\",\"NotEquals\":[\"kms.amazonaws.com\"]}",
    "{\"Field\":\"readOnly\",\"Equals\":[\"true\"]}",
    "{\"ReadWriteType\":\"All\",\"IncludeManagementEvents\":true}",
];

/// Changes a JSON input to another; three times in four as a tree, else byte by byte. For `fuzz_mutator!`.
pub fn json(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random(seed);
    if random.below(4) > 0
        && let Ok(mut tree) = serde_json::from_slice::<Value>(&data[..size])
    {
        for _ in 0..=random.below(3) {
            change(&mut tree, &mut random);
        }
        let text = tree.to_string();
        if let Some(room) = data.get_mut(..text.len()).filter(|room| room.len() <= max_size) {
            room.copy_from_slice(text.as_bytes());
            return text.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
}

/// Xorshift: libFuzzer's seed decides all.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9);
        let mut mixed = self.0;
        for shift in [16, 15, 16] {
            mixed = (mixed ^ (mixed >> shift)).wrapping_mul(0x85EB_CA6B);
        }
        mixed as usize % limit.max(1)
    }

    /// One of the words or of the names of the parameters.
    fn word(&mut self) -> &'static str {
        let number = self.below(WORDS.len() + PARAMETERS.len());
        WORDS.get(number).map_or_else(|| PARAMETERS[number - WORDS.len()].name, |word| word)
    }

    fn value(&mut self) -> Value {
        let word = self.word();
        serde_json::from_str(word).unwrap_or_else(|_| Value::from(word))
    }
}

fn change(tree: &mut Value, random: &mut Random) {
    let count = count(tree);
    let other = nth(tree, random.below(count)).map_or(Value::Null, |node| node.clone());
    let Some(node) = nth(tree, random.below(count)) else { return };
    if let Value::String(text) = node
        && let Ok(mut inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
        && random.below(4) > 0
    {
        change(&mut inner, random);
        *text = inner.to_string();
        return;
    }
    match (random.below(4), node) {
        (0, Value::Object(members)) => drop(take_any(members, random)),
        (0, Value::Array(items)) if !items.is_empty() => drop(items.remove(random.below(items.len()))),
        (1, Value::Object(members)) => {
            if let Some(value) = take_any(members, random) {
                members.insert(random.word().to_owned(), value);
            }
        }
        (1, Value::Array(items)) if !items.is_empty() => items.push(items[random.below(items.len())].clone()),
        (2, Value::Object(members)) => drop(members.insert(random.word().to_owned(), random.value())),
        (2, Value::Array(items)) => items.insert(random.below(items.len() + 1), random.value()),
        (2, Value::String(text)) => match random.below(4) {
            0 => *text = text.to_uppercase(),
            1 => drop(text.pop()),
            2 => text.insert(0, ' '),
            _ => text.push_str(random.word()),
        },
        (3, node) => *node = other,
        (_, node) => *node = random.value(),
    }
}

fn take_any(members: &mut Map<String, Value>, random: &mut Random) -> Option<Value> {
    let name = members.keys().nth(random.below(members.len()))?.clone();
    members.remove(&name)
}

fn count(tree: &Value) -> usize {
    1 + match tree {
        Value::Object(members) => members.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// The node of that number, depth first.
fn nth(tree: &mut Value, number: usize) -> Option<&mut Value> {
    let mut left = number;
    let mut stack = vec![tree];
    while let Some(node) = stack.pop() {
        if left == 0 {
            return Some(node);
        }
        left -= 1;
        match node {
            Value::Object(members) => stack.extend(members.values_mut()),
            Value::Array(items) => stack.extend(items.iter_mut()),
            _ => {}
        }
    }
    None
}
