//! Operations, and the constraints that AWS's service models put on their requests.

use serde_json::{Map, Value};

use super::wire::{ErrorAnswer, Service};

/// An operation that the stand-in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    DescribeTrails,
    GetTrailStatus,
    GetEventSelectors,
    ListPublicKeys,
    ListRegions,
    HeadBucket,
    ListObjectsV2,
    GetObject,
    PutEvaluations,
    GetComplianceDetailsByConfigRule,
    ListDiscoveredResources,
    DescribeConfigRules,
    DescribeConfigRuleEvaluationStatus,
    DescribeConfigurationRecorderStatus,
    DescribeConfigurationAggregators,
    DescribeConfigurationAggregatorSourcesStatus,
    DescribeAggregateComplianceByConfigRules,
    GetAggregateComplianceDetailsByConfigRule,
    AssumeRole,
    GetCallerIdentity,
    DescribeOrganization,
    ListAccounts,
    ListRoots,
    ListAccountsForParent,
    ListOrganizationalUnitsForParent,
}

impl Operation {
    pub(super) fn named(service: Service, name: &str) -> Option<Self> {
        Some(match (service, name) {
            (Service::CloudTrail, "DescribeTrails") => Self::DescribeTrails,
            (Service::CloudTrail, "GetTrailStatus") => Self::GetTrailStatus,
            (Service::CloudTrail, "GetEventSelectors") => Self::GetEventSelectors,
            (Service::CloudTrail, "ListPublicKeys") => Self::ListPublicKeys,
            (Service::Account, "ListRegions") => Self::ListRegions,
            (Service::S3, "HeadBucket") => Self::HeadBucket,
            (Service::S3, "ListObjectsV2") => Self::ListObjectsV2,
            (Service::S3, "GetObject") => Self::GetObject,
            (Service::Config, "PutEvaluations") => Self::PutEvaluations,
            (Service::Config, "GetComplianceDetailsByConfigRule") => Self::GetComplianceDetailsByConfigRule,
            (Service::Config, "ListDiscoveredResources") => Self::ListDiscoveredResources,
            (Service::Config, "DescribeConfigRules") => Self::DescribeConfigRules,
            (Service::Config, "DescribeConfigRuleEvaluationStatus") => Self::DescribeConfigRuleEvaluationStatus,
            (Service::Config, "DescribeConfigurationRecorderStatus") => Self::DescribeConfigurationRecorderStatus,
            (Service::Config, "DescribeConfigurationAggregators") => Self::DescribeConfigurationAggregators,
            (Service::Config, "DescribeConfigurationAggregatorSourcesStatus") => {
                Self::DescribeConfigurationAggregatorSourcesStatus
            }
            (Service::Config, "DescribeAggregateComplianceByConfigRules") => {
                Self::DescribeAggregateComplianceByConfigRules
            }
            (Service::Config, "GetAggregateComplianceDetailsByConfigRule") => {
                Self::GetAggregateComplianceDetailsByConfigRule
            }
            (Service::Organizations, "DescribeOrganization") => Self::DescribeOrganization,
            (Service::Organizations, "ListAccounts") => Self::ListAccounts,
            (Service::Organizations, "ListRoots") => Self::ListRoots,
            (Service::Organizations, "ListAccountsForParent") => Self::ListAccountsForParent,
            (Service::Organizations, "ListOrganizationalUnitsForParent") => Self::ListOrganizationalUnitsForParent,
            (Service::Sts, "AssumeRole") => Self::AssumeRole,
            (Service::Sts, "GetCallerIdentity") => Self::GetCallerIdentity,
            _ => return None,
        })
    }

    fn input(self) -> &'static [Member] {
        match self {
            Self::DescribeTrails => DESCRIBE_TRAILS,
            Self::GetTrailStatus => GET_TRAIL_STATUS,
            Self::GetEventSelectors => GET_EVENT_SELECTORS,
            Self::ListPublicKeys => LIST_PUBLIC_KEYS,
            Self::ListRegions => LIST_REGIONS,
            Self::HeadBucket => HEAD_BUCKET,
            Self::ListObjectsV2 => LIST_OBJECTS_V2,
            Self::GetObject => GET_OBJECT,
            Self::PutEvaluations => PUT_EVALUATIONS,
            Self::GetComplianceDetailsByConfigRule => GET_COMPLIANCE_DETAILS_BY_CONFIG_RULE,
            Self::ListDiscoveredResources => LIST_DISCOVERED_RESOURCES,
            Self::DescribeConfigRules => DESCRIBE_CONFIG_RULES,
            Self::DescribeConfigRuleEvaluationStatus => DESCRIBE_CONFIG_RULE_EVALUATION_STATUS,
            Self::DescribeConfigurationRecorderStatus => DESCRIBE_CONFIGURATION_RECORDER_STATUS,
            Self::DescribeConfigurationAggregators => DESCRIBE_CONFIGURATION_AGGREGATORS,
            Self::DescribeConfigurationAggregatorSourcesStatus => DESCRIBE_CONFIGURATION_AGGREGATOR_SOURCES_STATUS,
            Self::DescribeAggregateComplianceByConfigRules => DESCRIBE_AGGREGATE_COMPLIANCE_BY_CONFIG_RULES,
            Self::GetAggregateComplianceDetailsByConfigRule => GET_AGGREGATE_COMPLIANCE_DETAILS_BY_CONFIG_RULE,
            Self::AssumeRole => ASSUME_ROLE,
            Self::GetCallerIdentity | Self::DescribeOrganization => &[],
            Self::ListAccounts | Self::ListRoots => LIST_OF_ORGANIZATIONS,
            Self::ListAccountsForParent | Self::ListOrganizationalUnitsForParent => LIST_FOR_PARENT,
        }
    }

    /// Refuses a request that breaks the service model: wrong types first, then all constraints at once.
    pub(super) fn check(self, service: Service, input: &Map<String, Value>) -> Result<(), ErrorAnswer> {
        let mut violations = Vec::new();
        check_members(self.input(), input, "", &mut violations)
            .map_err(|message| ErrorAnswer::common(Some(service), "SerializationException", message))?;
        if violations.is_empty() {
            return Ok(());
        }
        let (count, s) = (violations.len(), if violations.len() == 1 { "" } else { "s" });
        let message = format!("{count} validation error{s} detected: {}", violations.join("; "));
        Err(ErrorAnswer::common(Some(service), "ValidationException", message))
    }
}

struct Member {
    name: &'static str,
    is_required: bool,
    shape: Shape,
}

enum Shape {
    /// Lengths in UTF-16 units, as AWS's Java services count.
    Text {
        min: usize,
        max: usize,
    },
    OneOf(&'static [&'static str]),
    Integer {
        min: i64,
        max: i64,
    },
    Boolean,
    /// Seconds since 1970 as a number.
    Timestamp,
    List {
        max: usize,
        member: &'static Shape,
    },
    Structure(&'static [Member]),
}

const fn required(name: &'static str, shape: Shape) -> Member {
    Member { name, is_required: true, shape }
}

const fn optional(name: &'static str, shape: Shape) -> Member {
    Member { name, is_required: false, shape }
}

const ANY_TEXT: Shape = Shape::Text { min: 0, max: usize::MAX };
const UP_TO_256: Shape = Shape::Text { min: 1, max: 256 };
const RESOURCE_ID: Shape = Shape::Text { min: 1, max: 768 };
const COMPLIANCE_TYPE: Shape = Shape::OneOf(&["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE", "INSUFFICIENT_DATA"]);
const PAGE_LIMIT: Shape = Shape::Integer { min: 0, max: 100 };

const DESCRIBE_TRAILS: &[Member] = &[
    optional("trailNameList", Shape::List { max: usize::MAX, member: &ANY_TEXT }),
    optional("includeShadowTrails", Shape::Boolean),
];
const GET_TRAIL_STATUS: &[Member] = &[required("Name", ANY_TEXT)];
const GET_EVENT_SELECTORS: &[Member] = &[required("TrailName", ANY_TEXT)];
const LIST_PUBLIC_KEYS: &[Member] =
    &[optional("StartTime", Shape::Timestamp), optional("EndTime", Shape::Timestamp), optional("NextToken", ANY_TEXT)];
const LIST_REGIONS: &[Member] = &[
    optional("AccountId", Shape::Text { min: 12, max: 12 }),
    optional("MaxResults", Shape::Integer { min: 1, max: 50 }),
    optional("NextToken", Shape::Text { min: 0, max: 1000 }),
];
const BUCKET: Shape = Shape::Text { min: 3, max: 63 };
const HEAD_BUCKET: &[Member] = &[required("Bucket", BUCKET)];
const GET_OBJECT: &[Member] = &[required("Bucket", BUCKET), required("Key", Shape::Text { min: 1, max: 1024 })];
const LIST_OBJECTS_V2: &[Member] = &[
    required("Bucket", BUCKET),
    required("list-type", Shape::OneOf(&["2"])),
    optional("prefix", ANY_TEXT),
    optional("delimiter", ANY_TEXT),
    optional("start-after", ANY_TEXT),
    optional("continuation-token", ANY_TEXT),
    optional("max-keys", Shape::Integer { min: 0, max: 1000 }),
];
const EVALUATION: Shape = Shape::Structure(&[
    required("ComplianceResourceType", UP_TO_256),
    required("ComplianceResourceId", RESOURCE_ID),
    required("ComplianceType", COMPLIANCE_TYPE),
    optional("Annotation", UP_TO_256),
    required("OrderingTimestamp", Shape::Timestamp),
]);
const PUT_EVALUATIONS: &[Member] = &[
    optional("Evaluations", Shape::List { max: 100, member: &EVALUATION }),
    required("ResultToken", ANY_TEXT),
    optional("TestMode", Shape::Boolean),
];
const GET_COMPLIANCE_DETAILS_BY_CONFIG_RULE: &[Member] = &[
    required("ConfigRuleName", Shape::Text { min: 1, max: 64 }),
    optional("ComplianceTypes", Shape::List { max: 3, member: &COMPLIANCE_TYPE }),
    optional("Limit", PAGE_LIMIT),
    optional("NextToken", ANY_TEXT),
];
const LIST_DISCOVERED_RESOURCES: &[Member] = &[
    required("resourceType", ANY_TEXT),
    // The model has no maximum; its documentation says 20.
    optional("resourceIds", Shape::List { max: 20, member: &RESOURCE_ID }),
    optional("resourceName", ANY_TEXT),
    optional("limit", PAGE_LIMIT),
    optional("includeDeletedResources", Shape::Boolean),
    optional("nextToken", ANY_TEXT),
];
const CONFIG_RULE_NAMES: Shape = Shape::List { max: 25, member: &Shape::Text { min: 1, max: 128 } };
const DESCRIBE_CONFIG_RULES: &[Member] =
    &[optional("ConfigRuleNames", CONFIG_RULE_NAMES), optional("NextToken", ANY_TEXT)];
const DESCRIBE_CONFIG_RULE_EVALUATION_STATUS: &[Member] = &[
    optional("ConfigRuleNames", CONFIG_RULE_NAMES),
    optional("NextToken", ANY_TEXT),
    optional("Limit", Shape::Integer { min: 0, max: 50 }),
];
const DESCRIBE_CONFIGURATION_RECORDER_STATUS: &[Member] = &[
    optional("ConfigurationRecorderNames", Shape::List { max: usize::MAX, member: &UP_TO_256 }),
    optional("ServicePrincipal", Shape::Text { min: 1, max: 128 }),
    optional("Arn", Shape::Text { min: 1, max: 1000 }),
];
const ACCOUNT_ID: Shape = Shape::Text { min: 12, max: 12 };
const REGION: Shape = Shape::Text { min: 1, max: 64 };
const CONFIG_RULE_NAME: Shape = Shape::Text { min: 1, max: 128 };
const DESCRIBE_CONFIGURATION_AGGREGATORS: &[Member] = &[
    optional("ConfigurationAggregatorNames", Shape::List { max: 10, member: &UP_TO_256 }),
    optional("NextToken", ANY_TEXT),
    optional("Limit", PAGE_LIMIT),
];
const DESCRIBE_CONFIGURATION_AGGREGATOR_SOURCES_STATUS: &[Member] = &[
    required("ConfigurationAggregatorName", UP_TO_256),
    optional(
        "UpdateStatus",
        Shape::List { max: usize::MAX, member: &Shape::OneOf(&["FAILED", "SUCCEEDED", "OUTDATED"]) },
    ),
    optional("NextToken", ANY_TEXT),
    optional("Limit", PAGE_LIMIT),
];
const DESCRIBE_AGGREGATE_COMPLIANCE_BY_CONFIG_RULES: &[Member] = &[
    required("ConfigurationAggregatorName", UP_TO_256),
    optional(
        "Filters",
        Shape::Structure(&[
            optional("ConfigRuleName", CONFIG_RULE_NAME),
            optional("ComplianceType", COMPLIANCE_TYPE),
            optional("AccountId", ACCOUNT_ID),
            optional("AwsRegion", REGION),
        ]),
    ),
    optional("Limit", Shape::Integer { min: 0, max: 1000 }),
    optional("NextToken", ANY_TEXT),
];
const GET_AGGREGATE_COMPLIANCE_DETAILS_BY_CONFIG_RULE: &[Member] = &[
    required("ConfigurationAggregatorName", UP_TO_256),
    required("ConfigRuleName", CONFIG_RULE_NAME),
    required("AccountId", ACCOUNT_ID),
    required("AwsRegion", REGION),
    optional("ComplianceType", COMPLIANCE_TYPE),
    optional("Limit", PAGE_LIMIT),
    optional("NextToken", ANY_TEXT),
];
const PAGE_OF_ORGANIZATIONS: Shape = Shape::Integer { min: 1, max: 20 };
const PAGE_TOKEN: Shape = Shape::Text { min: 0, max: 100_000 };
const LIST_OF_ORGANIZATIONS: &[Member] =
    &[optional("MaxResults", PAGE_OF_ORGANIZATIONS), optional("NextToken", PAGE_TOKEN)];
const LIST_FOR_PARENT: &[Member] = &[
    required("ParentId", Shape::Text { min: 0, max: 100 }),
    optional("MaxResults", PAGE_OF_ORGANIZATIONS),
    optional("NextToken", PAGE_TOKEN),
];
const ASSUME_ROLE: &[Member] = &[
    required("RoleArn", Shape::Text { min: 20, max: 2048 }),
    required("RoleSessionName", Shape::Text { min: 2, max: 64 }),
    optional("DurationSeconds", Shape::Integer { min: 900, max: 43200 }),
    optional("ExternalId", Shape::Text { min: 2, max: 1224 }),
    optional("Policy", Shape::Text { min: 1, max: usize::MAX }),
    optional("SourceIdentity", Shape::Text { min: 2, max: 64 }),
];

fn check_members(
    members: &[Member],
    given: &Map<String, Value>,
    path: &str,
    violations: &mut Vec<String>,
) -> Result<(), String> {
    for Member { name, is_required, shape } in members {
        let path = format!("{path}{}{}", name[..1].to_lowercase(), &name[1..]);
        match given.get(*name).filter(|value| !value.is_null()) {
            Some(value) => check_value(shape, value, &path, violations)?,
            None if *is_required => {
                let constraint = "failed to satisfy constraint: Member must not be null";
                violations.push(format!("Value null at '{path}' {constraint}"));
            }
            None => {}
        }
    }
    Ok(())
}

fn check_value(shape: &Shape, value: &Value, path: &str, violations: &mut Vec<String>) -> Result<(), String> {
    let mut demand = |is_met: bool, constraint: String| {
        if !is_met {
            violations.push(format!("Value at '{path}' failed to satisfy constraint: Member must {constraint}"));
        }
    };
    match (shape, value) {
        (Shape::Text { min, max }, Value::String(text)) => {
            let length = text.encode_utf16().count();
            demand(length >= *min, format!("have length greater than or equal to {min}"));
            demand(length <= *max, format!("have length less than or equal to {max}"));
        }
        (Shape::OneOf(values), Value::String(text)) => {
            demand(values.contains(&text.as_str()), format!("satisfy enum value set: [{}]", values.join(", ")));
        }
        (Shape::Integer { min, max }, Value::Number(_) | Value::String(_)) => {
            // A form has only text.
            let number = value.as_str().map_or_else(|| value.as_i64(), |text| text.parse().ok());
            let number = number.ok_or_else(|| format!("{path} is not an integer"))?;
            demand(number >= *min, format!("have value greater than or equal to {min}"));
            demand(number <= *max, format!("have value less than or equal to {max}"));
        }
        (Shape::Boolean, Value::Bool(_)) | (Shape::Timestamp, Value::Number(_)) => {}
        (Shape::List { max, member }, Value::Array(values)) => {
            demand(values.len() <= *max, format!("have length less than or equal to {max}"));
            for (index, value) in values.iter().enumerate() {
                check_value(member, value, &format!("{path}.{}.member", index + 1), violations)?;
            }
        }
        (Shape::Structure(members), Value::Object(given)) => {
            check_members(members, given, &format!("{path}."), violations)?;
        }
        _ => return Err(format!("{path} has the wrong type")),
    }
    Ok(())
}
