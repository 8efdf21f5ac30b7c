//! AWS Security Finding Format, 2018-10-08: a list for `aws securityhub batch-import-findings --findings file://FILE`.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    Report, Standing, TrailReport,
    control::{CONTROL, TOOL},
    finding, json,
    reports::Reports,
};
use crate::rule::evaluation::{ComplianceType, EvaluatedResource};

/// What AWS's documentation of `AwsSecurityFinding` allows. Text is cut by bytes, which are never fewer than characters.
const MAX_DESCRIPTION: usize = 1024;
const MAX_RECOMMENDATION: usize = 512;
const MAX_PRODUCT_FIELD: usize = 2048;
const MAX_RESOURCES: usize = 32;
const MAX_REGION: usize = 16;
/// Pairs of `Details.Other`, and bytes of a name there.
const MAX_OTHER: usize = 50;
const MAX_NAME: usize = 64;
/// What the line about a trail's delivery is called there, beside those about its Regions.
const DELIVERY: &str = "Delivery";
/// Where AWS documents no limit. A finding may have 240 KB.
const MAX_TEXT: usize = 512;

/// One finding an account; none for an account without verdict, so that an earlier finding stands.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    json::pretty(&Findings(reports), out)
}

/// Made one after the other: together those of many accounts take more memory than all else.
struct Findings<'r>(&'r Reports<'r>);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.shown().filter_map(finding))
    }
}

fn finding(report: &Report) -> Option<Value> {
    let Report { account_id: Some(account_id), region: Some(region), collected_at, .. } = report else { return None };
    let compliance_type = report.compliance_type?;
    let partition = finding::partition(report);
    let (status, severity, workflow, record_state) = match compliance_type {
        _ if report.standing() == Standing::NotVerified => ("WARNING", "HIGH", "NEW", "ACTIVE"),
        ComplianceType::Compliant => ("PASSED", "INFORMATIONAL", "RESOLVED", "ACTIVE"),
        // The severity of Security Hub's own control CloudTrail.1.
        ComplianceType::NonCompliant => ("FAILED", "HIGH", "NEW", "ACTIVE"),
        // As Security Hub treats NOT_APPLICABLE of AWS Config.
        ComplianceType::NotApplicable => ("NOT_AVAILABLE", "INFORMATIONAL", "NEW", "ARCHIVED"),
    };
    let excepted = report.excepted();
    let workflow = if excepted.is_some() { "SUPPRESSED" } else { workflow };
    let severity = json!({"Label": severity, "Original": compliance_type.as_str()});
    let types =
        json!(["Software and Configuration Checks/Industry and Regulatory Standards/CIS AWS Foundations Benchmark"]);
    let mut compliance = json!({"Status": status, "RelatedRequirements": finding::requirements()});
    let reasons = status_reasons(report, compliance_type);
    if !reasons.is_empty() {
        compliance["StatusReasons"] = reasons.into();
    }
    let account = json!({
        "Type": "AwsAccount",
        "Id": format!("{}:{account_id}", EvaluatedResource::ACCOUNT),
    });
    let resources = std::iter::once(in_region(account, Some(region), partition))
        .chain(report.trails.iter().take(MAX_RESOURCES - 1).map(|trail| trail_resource(trail, partition)));
    let mut finding = json!({
        "SchemaVersion": "2018-10-08",
        "Id": finding::uid(report),
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account_id}:product/{account_id}/default"),
        "GeneratorId": CONTROL.rule,
        "AwsAccountId": account_id,
        "CreatedAt": collected_at,
        "UpdatedAt": collected_at,
        "Title": finding::title(),
        "Description": finding::line(&report.annotation, MAX_DESCRIPTION),
        "Severity": severity,
        "Types": types,
        // Security Hub takes later changes of the two only from here.
        "FindingProviderFields": {"Severity": severity, "Types": types},
        "Compliance": compliance,
        "Resources": resources.collect::<Vec<_>>(),
        "Workflow": {"Status": workflow},
        "RecordState": record_state,
        "ProductFields": {
            "ProviderName": TOOL.name,
            "ProviderVersion": TOOL.version,
            "ComplianceType": compliance_type,
            "RuleParameters": finding::line(&report.rule_parameters.set().to_string(), MAX_PRODUCT_FIELD),
            "TrailsSeen": report.trails.len().to_string(),
        },
    });
    if let Some(excepted) = excepted {
        finding["ProductFields"]["Exception"] = finding::line(&excepted, MAX_PRODUCT_FIELD).into();
    }
    if let Some(text) = finding::remediation(report, MAX_RECOMMENDATION) {
        finding["Remediation"] = json!({"Recommendation": {"Text": text, "Url": finding::REFERENCE}});
    }
    let fields = [
        ("CollectedAs", &report.collected_as),
        ("EvidenceSha256", &report.evidence_sha256),
        ("ContentSha256", &report.content_sha256),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            finding["ProductFields"][name] = finding::line(value, MAX_PRODUCT_FIELD).into();
        }
    }
    if !report.caveats.is_empty() {
        finding["ProductFields"]["Caveats"] = report.caveats_in_words().into();
    }
    Some(finding)
}

/// Why each trail does not pass, as far as the account fails by it.
fn status_reasons(report: &Report, compliance_type: ComplianceType) -> Vec<Value> {
    if compliance_type != ComplianceType::NonCompliant {
        return Vec::new();
    }
    let reasons = report.trails.iter().flat_map(|trail| trail.reasons.iter().map(move |reason| (trail, reason)));
    let reasons = reasons.take(MAX_RESOURCES).map(|(trail, reason)| {
        let description = format!("{}: {}", trail.name, reason.text);
        json!({"ReasonCode": reason.code, "Description": finding::line(&description, MAX_TEXT)})
    });
    reasons.collect()
}

fn trail_resource(trail: &TrailReport, partition: &str) -> Value {
    let text = |text: &str| finding::line(text, MAX_TEXT);
    let mut details = json!({
        "Name": text(&trail.name),
        "IsMultiRegionTrail": trail.is_multi_region_trail,
        "IsOrganizationTrail": trail.is_organization_trail,
    });
    let facts = &trail.facts;
    let optional = [
        ("TrailArn", &trail.trail_arn),
        ("HomeRegion", &trail.home_region),
        ("S3BucketName", &trail.s3_bucket_name),
        ("S3KeyPrefix", &facts.s3_key_prefix),
        ("KmsKeyId", &facts.kms_key_id),
        ("CloudWatchLogsLogGroupArn", &facts.cloud_watch_logs_log_group_arn),
        ("SnsTopicArn", &facts.sns_topic_arn),
    ];
    let answers = [
        ("IncludeGlobalServiceEvents", facts.include_global_service_events),
        ("HasCustomEventSelectors", facts.has_custom_event_selectors),
        ("LogFileValidationEnabled", facts.log_file_validation_enabled),
    ];
    for (name, answer) in answers {
        if let Some(answer) = answer {
            details[name] = answer.into();
        }
    }
    for (name, value) in optional {
        if let Some(value) = value {
            details[name] = text(value).into();
        }
    }
    let mut resource = json!({
        "Type": "AwsCloudTrailTrail",
        "Id": text(trail.trail_arn.as_deref().unwrap_or(&trail.name)),
        "Details": {"AwsCloudTrailTrail": details},
    });
    if let Some(delivery) = &trail.delivery {
        let line = (DELIVERY.to_owned(), format!("{}: {}", delivery.proof, delivery.text));
        let regions = delivery.by_weight().into_iter().map(|region| {
            let name = finding::line(&region.region, MAX_NAME);
            (name, format!("{}: {}", region.code, region.in_words()))
        });
        let lines = std::iter::once(line).chain(regions).take(MAX_OTHER);
        resource["Details"]["Other"] = lines.map(|(name, line)| (name, Value::from(text(&line)))).collect();
    }
    in_region(resource, trail.home_region.as_deref(), partition)
}

fn in_region(mut resource: Value, region: Option<&str>, partition: &str) -> Value {
    // Security Hub names the isolated partitions in another way than their ARNs do.
    if ["aws", "aws-cn", "aws-us-gov"].contains(&partition) {
        resource["Partition"] = partition.into();
    }
    if let Some(region) = region.filter(|region| region.len() <= MAX_REGION) {
        resource["Region"] = region.into();
    }
    resource
}
