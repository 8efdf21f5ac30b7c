//! Open Cybersecurity Schema Framework 1.6.0: a Compliance Finding (2003) an account, as JSON lines.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{
    Report, Standing, TrailReport,
    control::{CONTROL, TOOL},
    finding, json,
    reports::Reports,
};
use crate::rule::{
    self,
    evaluation::{ComplianceType, EvaluatedResource},
    reasons::TrailResult,
    timestamp::Timestamp,
};

const COMPLIANCE_FINDING: u32 = 2003;
/// Longer text is cut; OCSF knows no limits.
const MAX_TEXT: usize = 4096;

/// One line an account. Without verdict the status is Unknown: events are a stream, in which an earlier one stands.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    reports.shown().map(event).try_for_each(|event| json::line(&event, out))
}

/// A number of an OCSF enumeration, and its caption.
type Id = (u32, &'static str);

fn event(report: &Report) -> Value {
    const CREATE: Id = (1, "Create");
    const CLOSE: Id = (3, "Close");
    const INFORMATIONAL: Id = (1, "Informational");
    const HIGH: Id = (4, "High");
    let (standing, word) = (report.standing(), report.standing().as_str());
    let (activity, severity, status, compliance): (Id, Id, Id, Id) = match standing {
        Standing::NotVerified => (CREATE, HIGH, (1, "New"), (2, "Warning")),
        Standing::Compliant => (CREATE, INFORMATIONAL, (4, "Resolved"), (1, "Pass")),
        Standing::NonCompliant => (CREATE, HIGH, (1, "New"), (3, "Fail")),
        Standing::NotApplicable | Standing::NotChecked => (CLOSE, INFORMATIONAL, (5, "Archived"), (99, word)),
        Standing::NoVerdict => (CREATE, INFORMATIONAL, (1, "New"), (0, "Unknown")),
    };
    let excepted = report.excepted();
    let status = if excepted.is_some() { (3, "Suppressed") } else { status };
    let Report { account_id, region, .. } = report;
    // A file that does not tell its time is of no time: the start of 1970.
    let time = report.collected_at.unwrap_or(Timestamp::UNIX_EPOCH).epoch_milliseconds();
    let partition = finding::partition(report);
    let requirements = finding::requirements();
    let standards = rule::RECOMMENDATIONS.iter().map(|recommendation| recommendation.benchmark);
    let mut details = vec![report.annotation.clone()];
    let of_trail = |trail: &TrailReport| {
        let lines = trail.reasons.iter().map(|reason| format!("{}: {}: {}", trail.name, reason.code, reason.text));
        lines.collect::<Vec<_>>()
    };
    details.extend(report.trails.iter().flat_map(of_trail));
    details.extend(report.caveats.iter().map(|caveat| caveat.in_words().to_owned()));
    let named = |fixed: Value, optional: &[(&str, &Option<String>)]| {
        let mut object = fixed;
        for (name, value) in optional {
            if let Some(value) = value {
                object[name] = value.as_str().into();
            }
        }
        object
    };
    let account = named(
        json!({"type": EvaluatedResource::ACCOUNT, "cloud_partition": partition}),
        &[("uid", account_id), ("name", &report.account_name), ("region", region)],
    );
    let cloud = json!({
        "provider": "AWS",
        "cloud_partition": partition,
        "account": named(
            json!({"type_id": 10, "type": "AWS Account"}),
            &[("uid", account_id), ("name", &report.account_name)],
        ),
    });
    let cloud = named(cloud, &[("region", region)]);
    let resources: Vec<Value> =
        std::iter::once(account).chain(report.trails.iter().map(|trail| resource(trail, partition))).collect();
    let mut event = json!({
        "activity_id": activity.0,
        "activity_name": activity.1,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": COMPLIANCE_FINDING,
        "class_name": "Compliance Finding",
        "type_uid": COMPLIANCE_FINDING * 100 + activity.0,
        "type_name": format!("Compliance Finding: {}", activity.1),
        "severity_id": severity.0,
        "severity": severity.1,
        "status_id": status.0,
        "status": status.1,
        "time": time,
        "message": report.annotation,
        "metadata": {
            "version": "1.6.0",
            "profiles": ["cloud"],
            "product": {
                "name": TOOL.name,
                "version": TOOL.version,
            },
        },
        "cloud": cloud,
        "finding_info": {
            "uid": finding::uid(report),
            "title": finding::title(),
            "desc": report.annotation,
            "created_time": time,
            "analytic": {"type_id": 1, "type": "Rule", "uid": CONTROL.rule, "name": CONTROL.rule},
        },
        "compliance": {
            "control": finding::title(),
            "desc": rule::DESCRIPTION,
            "standards": standards.collect::<Vec<_>>(),
            "requirements": requirements,
            "status_id": compliance.0,
            "status": compliance.1,
            "status_code": report.compliance_type.map_or(standing.as_str(), ComplianceType::as_str),
            "status_details": details,
        },
        "resources": resources,
    });
    if let Some(excepted) = excepted {
        event["comment"] = finding::line(&excepted, MAX_TEXT).into();
    }
    if let Some(desc) = finding::remediation(report, MAX_TEXT) {
        event["remediation"] = json!({"desc": desc, "references": [finding::REFERENCE]});
    }
    event
}

fn resource(trail: &TrailReport, partition: &str) -> Value {
    let (role_id, role) = match trail.result {
        TrailResult::Fail => (3, "Affected"),
        TrailResult::Pass | TrailResult::Hidden | TrailResult::Unknown => (4, "Related"),
    };
    let mut resource = json!({
        "type": EvaluatedResource::TRAIL,
        "name": trail.name,
        "cloud_partition": partition,
        "role_id": role_id,
        "role": role,
        "data": {
            "Result": trail.result,
            "IsMultiRegionTrail": trail.is_multi_region_trail,
            "IsOrganizationTrail": trail.is_organization_trail,
            "Reasons": trail.reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(),
            "Notes": trail.notes,
            "Facts": trail.facts,
        },
    });
    if let Some(delivery) = &trail.delivery {
        resource["data"]["Delivery"] = json!(delivery);
    }
    if let Some(arn) = &trail.trail_arn {
        resource["uid"] = arn.as_str().into();
    }
    if let Some(region) = &trail.home_region {
        resource["region"] = region.as_str().into();
    }
    if let Some(bucket) = &trail.s3_bucket_name {
        resource["data"]["S3BucketName"] = bucket.as_str().into();
    }
    resource
}
