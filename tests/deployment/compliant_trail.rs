//! `cloudformation/compliant-trail.yaml`: what CloudTrail would answer of its trail passes with every requirement on,
//! and changing any one property of the trail, or what lets it deliver, fails it for that reason.

use std::collections::BTreeSet;

use cloudtrail_all_regions::rule::{
    evidence::Evidence,
    judge,
    parameters::{PARAMETERS, RuleParameters},
    reasons::Code,
};
use serde_json::{Map, Value, json};

use crate::cloudformation::{Stack, template};

const NOW: &str = "2026-11-01T12:00:00Z";
const ACCOUNT: &str = "123456789012";
const ORGANIZATION: &str = "o-exampleorgid";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:log-files";
/// Every parameter that the template can meet a requirement with.
const DEMANDING: &[(&str, &str)] = &[("OrganizationId", ORGANIZATION), ("SnsTopicArn", TOPIC)];

/// Attributes of resources, as they stand in the properties of others, and what they are.
const ARNS: [(&str, &str); 4] = [
    ("Bucket.Arn", "arn:aws:s3:::Bucket"),
    ("Key.Arn", "arn:aws:kms:us-east-1:123456789012:key/36812ccf-daaf-49b1-a24b-0eef254ffe41"),
    ("LogGroup.Arn", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/cloudtrail/management-events:*"),
    ("LogRole.Arn", "arn:aws:iam::123456789012:role/LogRole"),
];

fn with_arns(value: &Value) -> Value {
    let text = ARNS.iter().fold(value.to_string(), |text, (attribute, arn)| text.replace(attribute, arn));
    serde_json::from_str(&text).unwrap()
}

/// What the rule says where no log file arrives.
const UNDELIVERED: [&str; 2] = ["delivery-failing", "delivery-stale"];

/// The properties of every resource, by logical id.
fn resources(parameters: &[(&str, &str)]) -> Value {
    let template = template("compliant-trail.yaml");
    let stack = Stack::new(&template, parameters);
    let ids = template["Resources"].as_object().unwrap().keys();
    with_arns(&ids.map(|id| (id.clone(), stack.properties(id).unwrap())).collect::<Map<_, _>>().into())
}

fn output(name: &str) -> Value {
    let template = template("compliant-trail.yaml");
    with_arns(&Stack::new(&template, &[]).resolve(&template["Outputs"][name]["Value"]).unwrap())
}

/// Every requirement on, with the values that the stack puts out.
fn every_requirement() -> Value {
    json!({
        "allowedExcludedEventSources": "",
        "checkDelivery": "true",
        "cloudWatchLogsLogGroupArn": output("LogGroupArn"),
        "includeManagementEvents": "true",
        "maxDeliveryAgeHours": "1",
        "onIndeterminate": "NON_COMPLIANT",
        "readWriteType": "All",
        "reportingRegion": "us-east-1",
        "requireCloudWatchLogs": "true",
        "requireKmsEncryption": "true",
        "requireLogFileValidation": "true",
        "requireOrganizationTrail": "true",
        "s3BucketName": output("BucketName"),
        "snsTopicArn": TOPIC,
        "trailResults": "false",
        "trustOrganizationTrail": "false",
    })
}

/// What a service may do by a policy of a resource: allowed, and not denied.
fn allows(policy: &Value, service: &str, action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
    let applies = |statement: &&Value| {
        principal_is(&statement["Principal"], service)
            && any(&statement["Action"], |pattern| matches(pattern, action))
            && any(&statement["Resource"], |pattern| matches(pattern, resource))
            && conditions_hold(&statement["Condition"], context)
    };
    let effects: Vec<&Value> =
        policy["Statement"].as_array().unwrap().iter().filter(applies).map(|statement| &statement["Effect"]).collect();
    effects.iter().any(|effect| *effect == "Allow") && !effects.iter().any(|effect| *effect == "Deny")
}

fn principal_is(principal: &Value, service: &str) -> bool {
    principal == "*" || any(&principal["Service"], |name| name == service)
}

fn conditions_hold(conditions: &Value, context: &[(&str, &str)]) -> bool {
    conditions.as_object().into_iter().flatten().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let actual = context.iter().find_map(|(name, value)| (name == key).then_some(*value));
            actual.is_some_and(|actual| {
                any(values, |value| match operator.as_str() {
                    "StringEquals" | "ArnEquals" | "Bool" => value == actual,
                    "StringLike" | "ArnLike" => matches(value, actual),
                    _ => panic!("{operator} is not evaluated here"),
                })
            })
        })
    })
}

fn any(one_or_many: &Value, holds: impl Fn(&str) -> bool) -> bool {
    match one_or_many {
        Value::String(one) => holds(one),
        Value::Array(many) => many.iter().any(|each| holds(each.as_str().unwrap())),
        _ => false,
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches(tail, rest)))),
    }
}

fn trail_arn(trail: &Value) -> String {
    format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{}", trail["TrailName"].as_str().unwrap())
}

/// Whether CloudTrail can write this trail's log files: the bucket's policy and the key's let it.
fn delivers(resources: &Value) -> bool {
    let trail = &resources["Trail"];
    let arn = trail_arn(trail);
    let bucket = format!("arn:aws:s3:::{}", trail["S3BucketName"].as_str().unwrap());
    let may = |policy: &Value, action: &str, resource: &str, context: &[(&str, &str)]| {
        let context = [&[("aws:SourceArn", arn.as_str()), ("aws:SecureTransport", "true")], context].concat();
        allows(policy, "cloudtrail.amazonaws.com", action, resource, &context)
    };
    let of_bucket = &resources["BucketPolicy"]["PolicyDocument"];
    let writes_below = |folder: &str| {
        let object = format!("{bucket}/AWSLogs/{folder}/CloudTrail/us-east-1/2026/11/01/x.json.gz");
        may(of_bucket, "s3:PutObject", &object, &[("s3:x-amz-acl", "bucket-owner-full-control")])
    };
    let of_key = &resources["Key"]["KeyPolicy"];
    let is_encrypted = trail.get("KMSKeyId").is_some();
    may(of_bucket, "s3:GetBucketAcl", &bucket, &[])
        && writes_below(ACCOUNT)
        && (trail["IsOrganizationTrail"] != true || writes_below(ORGANIZATION))
        && (!is_encrypted
            || may(of_key, "kms:DescribeKey", "the key", &[])
                && may(of_key, "kms:GenerateDataKey", "the key", &[("kms:EncryptionContext:aws:cloudtrail:arn", &arn)]))
}

/// What CloudTrail would answer of the stack's trail.
fn evidence(resources: &Value) -> Evidence {
    let trail = &resources["Trail"];
    let has = |property: &str| trail.get(property).is_some();
    let is = |property: &str, default: bool| trail.get(property).map_or(json!(default), Value::clone);
    let has_custom_event_selectors = has("EventSelectors") || has("AdvancedEventSelectors");
    let mut status = json!({"IsLogging": trail["IsLogging"], "StartLoggingTime": "2026-10-01T00:00:00Z"});
    if delivers(resources) {
        status["LatestDeliveryTime"] = json!(NOW);
    } else {
        status["LatestDeliveryError"] = json!("AccessDenied");
    }
    let event_selectors = if has_custom_event_selectors {
        json!({"EventSelectors": trail["EventSelectors"], "AdvancedEventSelectors": trail["AdvancedEventSelectors"]})
    } else {
        json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]})
    };
    let described = json!({
        "Name": trail["TrailName"],
        "TrailARN": trail_arn(trail),
        "HomeRegion": "us-east-1",
        "S3BucketName": trail["S3BucketName"],
        "SnsTopicARN": trail["SnsTopicName"],
        "IsMultiRegionTrail": is("IsMultiRegionTrail", false),
        "IncludeGlobalServiceEvents": is("IncludeGlobalServiceEvents", true),
        "IsOrganizationTrail": is("IsOrganizationTrail", false),
        "LogFileValidationEnabled": is("EnableLogFileValidation", false),
        "CloudWatchLogsLogGroupArn": trail["CloudWatchLogsLogGroupArn"],
        "KmsKeyId": trail["KMSKeyId"],
        "HasCustomEventSelectors": has_custom_event_selectors,
        "GetTrailStatus": status,
        "GetEventSelectors": event_selectors,
    });
    // CloudTrail takes a log group and its role together or not at all.
    let is_made = has("CloudWatchLogsLogGroupArn") == has("CloudWatchLogsRoleArn");
    let evidence = json!({
        "accountId": ACCOUNT,
        "region": "us-east-1",
        "collectedAt": NOW,
        "trails": if is_made { json!([described]) } else { json!([]) },
    });
    Evidence::parse(&evidence.to_string()).unwrap()
}

/// The account's compliance type and its trails' reason codes.
fn judged(resources: &Value, rule_parameters: &Value) -> (&'static str, Vec<&'static str>) {
    let parameters = RuleParameters::parse(&rule_parameters.clone().into(), "us-east-1").unwrap();
    let evidence = evidence(resources);
    let verdict = judge(&evidence, &parameters);
    let codes = verdict.trails.iter().flat_map(|trail| trail.codes().map(Code::as_str)).collect();
    (verdict.evaluations.unwrap()[0].compliance_type.as_str(), codes)
}

#[test]
fn every_parameter_of_the_rule_is_considered() {
    let considered = every_requirement();
    let declared: BTreeSet<&str> = PARAMETERS.iter().map(|parameter| parameter.name).collect();
    assert_eq!(considered.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), declared);
}

#[test]
fn the_trail_passes_with_every_requirement_on() {
    assert_eq!(judged(&resources(DEMANDING), &every_requirement()), ("COMPLIANT", vec![]));
}

#[test]
fn with_the_templates_defaults_the_trail_passes_all_but_what_needs_a_parameter() {
    let mut requirements = every_requirement();
    let resources = resources(&[]);
    assert_eq!(judged(&resources, &requirements), ("NON_COMPLIANT", vec!["other-topic", "not-organization-trail"]));
    for name in ["snsTopicArn", "requireOrganizationTrail"] {
        requirements.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(judged(&resources, &requirements), ("COMPLIANT", vec![]));
}

/// A property as a JSON pointer below `Trail`, the value that it is changed to (null: the property is left out), and
/// the reasons that the rule then gives.
fn changes_of_the_trail() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let selecting = |fields: Value| json!([{"Name": "one", "FieldSelectors": fields}]);
    let management = json!({"Field": "eventCategory", "Equals": ["Management"]});
    let narrowed = |field: Value| selecting(json!([management, field]));
    let category = "/AdvancedEventSelectors/0/FieldSelectors/0";
    vec![
        // The policies admit a trail of this name only.
        ("/TrailName", json!("another"), UNDELIVERED.into()),
        ("/IsLogging", json!(false), vec!["not-logging"]),
        ("/IsMultiRegionTrail", json!(false), vec!["single-region"]),
        ("/IsMultiRegionTrail", json!(null), vec!["single-region"]),
        ("/IncludeGlobalServiceEvents", json!(false), vec!["no-global-service-events"]),
        ("/IsOrganizationTrail", json!(false), vec!["not-organization-trail"]),
        ("/IsOrganizationTrail", json!(null), vec!["not-organization-trail"]),
        (category, json!({"Field": "eventCategory", "Equals": ["Data"]}), vec!["no-management-events"]),
        (category, json!({"Field": "eventCategory", "NotEquals": ["Data"]}), vec!["filtered-management-events"]),
        ("/AdvancedEventSelectors", narrowed(json!({"Field": "readOnly", "Equals": ["true"]})), vec!["read-only"]),
        ("/AdvancedEventSelectors", narrowed(json!({"Field": "readOnly", "Equals": ["false"]})), vec!["write-only"]),
        (
            "/AdvancedEventSelectors",
            narrowed(json!({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]})),
            vec!["excluded-event-sources"],
        ),
        (
            "/AdvancedEventSelectors",
            narrowed(json!({"Field": "eventName", "NotEquals": ["Decrypt"]})),
            vec!["filtered-management-events"],
        ),
        ("/EnableLogFileValidation", json!(false), vec!["no-log-file-validation"]),
        ("/EnableLogFileValidation", json!(null), vec!["no-log-file-validation"]),
        ("/KMSKeyId", json!(null), vec!["no-kms-encryption"]),
        ("/S3BucketName", json!("another"), vec!["delivery-failing", "delivery-stale", "other-bucket"]),
        (
            "/CloudWatchLogsLogGroupArn",
            json!("arn:aws:logs:us-east-1:123456789012:log-group:another"),
            vec!["other-log-group"],
        ),
        // There is no trail then.
        ("/CloudWatchLogsLogGroupArn", json!(null), vec![]),
        ("/CloudWatchLogsRoleArn", json!(null), vec![]),
        ("/SnsTopicName", json!("arn:aws:sns:us-east-1:123456789012:another"), vec!["other-topic"]),
        ("/SnsTopicName", json!(null), vec!["other-topic"]),
    ]
}

/// A policy, a place in it and what it is changed to; CloudTrail then cannot deliver.
fn changes_that_end_delivery() -> [(&'static str, &'static str, Value); 17] {
    let another = json!("arn:aws:cloudtrail:us-east-1:123456789012:trail/another");
    let bucket = "/BucketPolicy/PolicyDocument/Statement";
    let key = "/Key/KeyPolicy/Statement";
    [
        (bucket, "/0", json!({})),
        (bucket, "/0/Condition/StringEquals/aws:SourceArn", another.clone()),
        (bucket, "/0/Principal/Service", json!("config.amazonaws.com")),
        (bucket, "/0/Resource", json!("arn:aws:s3:::another")),
        (bucket, "/1/Effect", json!("Deny")),
        (bucket, "/1/Action", json!("s3:GetObject")),
        (bucket, "/1/Condition/StringEquals/aws:SourceArn", another.clone()),
        (bucket, "/1/Condition/StringEquals/s3:x-amz-acl", json!("private")),
        (bucket, "/1/Resource/0", json!("arn:aws:s3:::Bucket/AWSLogs/999999999999/*")),
        (bucket, "/1/Resource/1", json!("arn:aws:s3:::Bucket/AWSLogs/o-another/*")),
        (bucket, "/2/Condition/Bool/aws:SecureTransport", json!("true")),
        (key, "/1", json!({})),
        (key, "/1/Condition/StringEquals/aws:SourceArn", another.clone()),
        (
            key,
            "/1/Condition/StringLike/kms:EncryptionContext:aws:cloudtrail:arn",
            json!("arn:aws:cloudtrail:*:999999999999:trail/*"),
        ),
        (key, "/1/Action", json!("kms:Encrypt")),
        (key, "/2", json!({})),
        (key, "/2/Condition/StringEquals/aws:SourceArn", another),
    ]
}

fn change(resources: &mut Value, pointer: &str, value: &Value) {
    let place = resources.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in the template"));
    assert_ne!(place, value, "{pointer}");
    *place = value.clone();
    if value.is_null() {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        resources.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    }
}

#[test]
fn changing_any_property_of_the_trail_fails_it_for_that_reason() {
    for (pointer, value, reasons) in changes_of_the_trail() {
        let mut resources = resources(DEMANDING);
        change(&mut resources, &format!("/Trail{pointer}"), &value);
        let judged = judged(&resources, &every_requirement());
        assert_eq!(judged, ("NON_COMPLIANT", reasons), "{pointer}: {value}");
    }
}

#[test]
fn every_property_of_the_trail_is_changed_by_that_test() {
    let changed: BTreeSet<&str> =
        changes_of_the_trail().iter().map(|(pointer, ..)| pointer.split('/').nth(1).unwrap()).collect();
    let resources = resources(DEMANDING);
    let properties: BTreeSet<&str> = resources["Trail"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(changed, properties);
}

#[test]
fn changing_what_lets_the_trail_deliver_fails_it_for_its_delivery() {
    for (policy, below, value) in changes_that_end_delivery() {
        let mut resources = resources(DEMANDING);
        change(&mut resources, &format!("{policy}{below}"), &value);
        let judged = judged(&resources, &every_requirement());
        assert_eq!(judged, ("NON_COMPLIANT", UNDELIVERED.into()), "{policy}{below}: {value}");
    }
}

#[test]
fn nothing_is_deleted_with_the_stack() {
    for (id, resource) in template("compliant-trail.yaml")["Resources"].as_object().unwrap() {
        assert_eq!(
            (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]),
            (&json!("Retain"), &json!("Retain")),
            "{id}"
        );
    }
}

#[test]
fn nobody_reads_or_writes_without_tls() {
    let resources = resources(DEMANDING);
    let policy = &resources["BucketPolicy"]["PolicyDocument"];
    let arn = trail_arn(&resources["Trail"]);
    for (secure, allowed) in [("true", true), ("false", false)] {
        let context = [("aws:SourceArn", arn.as_str()), ("aws:SecureTransport", secure)];
        let service = "cloudtrail.amazonaws.com";
        assert_eq!(allows(policy, service, "s3:GetBucketAcl", "arn:aws:s3:::Bucket", &context), allowed);
    }
    let everybody = &policy["Statement"][2];
    assert_eq!(
        (&everybody["Effect"], &everybody["Principal"], &everybody["Action"]),
        (&json!("Deny"), &json!("*"), &json!("s3:*"))
    );
    assert_eq!(everybody["Resource"], json!(["arn:aws:s3:::Bucket", "arn:aws:s3:::Bucket/*"]));
}

#[test]
fn without_an_organization_no_other_accounts_log_files_are_admitted() {
    let resources = resources(&[]);
    let written = &resources["BucketPolicy"]["PolicyDocument"]["Statement"][1]["Resource"];
    assert_eq!(*written, json!([format!("arn:aws:s3:::Bucket/AWSLogs/{ACCOUNT}/*")]));
    assert_eq!(resources["Trail"]["IsOrganizationTrail"], false);
    assert!(!resources.to_string().contains("/o-"), "{resources}");
}

#[test]
fn the_bucket_is_private_and_versioned() {
    let bucket = &resources(&[])["Bucket"];
    for setting in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        assert_eq!(bucket["PublicAccessBlockConfiguration"][setting], true, "{setting}");
    }
    assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
    assert_eq!(bucket["OwnershipControls"]["Rules"], json!([{"ObjectOwnership": "BucketOwnerEnforced"}]));
    assert_eq!((bucket.get("BucketName"), bucket.get("LoggingConfiguration")), (None, None));
}

#[test]
fn a_name_and_access_logs_for_the_bucket_are_parameters() {
    let bucket = &resources(&[("BucketName", "our-trail"), ("AccessLogBucketName", "our-access-logs")])["Bucket"];
    assert_eq!(bucket["BucketName"], "our-trail");
    assert_eq!(bucket["LoggingConfiguration"]["DestinationBucketName"], "our-access-logs");
}

#[test]
fn glacier_and_expiry_are_parameters() {
    let rules = |glacier: &str, expiry: &str| {
        let resources = resources(&[("GlacierAfterDays", glacier), ("ExpireAfterDays", expiry)]);
        resources["Bucket"]["LifecycleConfiguration"]["Rules"].as_array().unwrap()[1..].to_vec()
    };
    let glacier = json!({"Id": "MoveToGlacier", "Status": "Enabled", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": "90"}]});
    let expiry = json!({
        "Id": "Expire",
        "Status": "Enabled",
        "ExpirationInDays": "400",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    });
    assert_eq!(rules("0", "0"), Vec::<Value>::new());
    assert_eq!(rules("90", "0"), vec![glacier.clone()]);
    assert_eq!(rules("0", "400"), vec![expiry.clone()]);
    assert_eq!(rules("90", "400"), vec![glacier, expiry]);
}

#[test]
fn the_log_group_keeps_events_for_a_time_and_is_encrypted() {
    let resources = resources(&[("LogRetentionDays", "731")]);
    assert_eq!(resources["LogGroup"]["RetentionInDays"], "731");
    assert_eq!(resources["LogGroup"]["KmsKeyId"], resources["Trail"]["KMSKeyId"]);
    assert_eq!(resources["Key"]["EnableKeyRotation"], true);
    let may = |log_group: &str| {
        let arn = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{log_group}");
        let context = [("kms:EncryptionContext:aws:logs:arn", arn.as_str())];
        allows(
            &resources["Key"]["KeyPolicy"],
            "logs.us-east-1.amazonaws.com",
            "kms:GenerateDataKey",
            "the key",
            &context,
        )
    };
    assert!(may("/aws/cloudtrail/management-events"));
    assert!(!may("another"));
}

#[test]
fn the_log_role_writes_to_this_trails_streams_only() {
    let statement = |parameters: &[(&str, &str)]| {
        let resources = resources(parameters);
        let trusted = &resources["LogRole"]["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(trusted.as_array().unwrap().len(), 1);
        assert_eq!(trusted[0]["Principal"], json!({"Service": "cloudtrail.amazonaws.com"}));
        let policies = resources["LogRole"]["Policies"].as_array().unwrap().clone();
        assert_eq!(policies.len(), 1);
        let statements = policies[0]["PolicyDocument"]["Statement"].as_array().unwrap().clone();
        assert_eq!(statements.len(), 1);
        statements[0].clone()
    };
    let streams = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:LogGroup:log-stream:");
    let own = json!(format!("{streams}{ACCOUNT}_CloudTrail_us-east-1*"));
    let organizations = json!(format!("{streams}{ORGANIZATION}_*"));
    assert_eq!(statement(&[])["Action"], json!(["logs:CreateLogStream", "logs:PutLogEvents"]));
    assert_eq!(statement(&[])["Resource"], json!([own]));
    assert_eq!(statement(DEMANDING)["Resource"], json!([own, organizations]));
}

#[test]
fn in_china_every_arn_and_the_principal_of_the_log_group_are_chinas() {
    let china = [("AWS::Partition", "aws-cn"), ("AWS::Region", "cn-north-1"), ("AWS::URLSuffix", "amazonaws.com.cn")];
    let template = template("compliant-trail.yaml");
    let stack = Stack::new(&template, &china);
    for id in template["Resources"].as_object().unwrap().keys() {
        let properties = stack.properties(id).unwrap().to_string();
        assert!(!properties.contains("arn:aws:") && !properties.contains("us-east-1"), "{properties}");
    }
    let key = stack.properties("Key").unwrap();
    assert_eq!(key["KeyPolicy"]["Statement"][3]["Principal"]["Service"], "logs.cn-north-1.amazonaws.com.cn");
}
