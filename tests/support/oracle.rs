//! Section 2 of the specification once more, naively, on JSON and without the program's own helpers.

use cloudtrail_all_regions::rule::{parameters::RuleParameters, reasons::TrailResult};
use serde_json::Value;

/// How a trail ends.
pub fn trail(trail: &Value, parameters: &RuleParameters, account: &str, now: i64) -> TrailResult {
    let (mut fails, mut unknown, mut hidden) = (false, false, false);
    let is_multi_region = trail["IsMultiRegionTrail"] == true;
    let arn: Vec<&str> = trail["TrailARN"].as_str().unwrap_or("").split(':').collect();
    let owner = arn.get(4).copied().unwrap_or("");
    let is_trusted = |answer: &Value| {
        parameters.trust_organization_trail
            && is_multi_region
            && trail["IsOrganizationTrail"] == true
            && owner.len() == 12
            && owner != account
            && !["TimedOut", "ConnectionFailed"].contains(&answer["refused"]["homeRegionCode"].as_str().unwrap_or(""))
    };

    fails |= !is_multi_region;
    fails |= trail["IncludeGlobalServiceEvents"] == false;
    fails |= misses_a_requirement(trail, parameters);
    if is_multi_region {
        let (status, selectors) = (&trail["GetTrailStatus"], &trail["GetEventSelectors"]);
        let is_gone = |answer: &Value| {
            answer["refused"]["code"] == "TrailNotFoundException" && answer["refused"]["homeRegionCode"].is_null()
        };
        fails |= owner == account && (is_gone(status) || is_gone(selectors));
        if arn.len() < 6 {
            unknown = true;
        } else {
            match kind(status) {
                Kind::Refused => unknown |= !is_trusted(status),
                Kind::Hidden => hidden = true,
                Kind::Known => {
                    unknown |= status["IsLogging"].is_null();
                    fails |= status["IsLogging"] == false;
                    if status["IsLogging"] != false {
                        fails |= parameters.check_delivery
                            && !["", "None"].contains(&status["LatestDeliveryError"].as_str().unwrap_or("").trim());
                        if let Some(hours) = parameters.max_delivery_age_hours {
                            let latest = milliseconds(&status["LatestDeliveryTime"]);
                            let is_stale = latest.is_some_and(|latest| now - latest > i64::from(hours) * 3_600_000);
                            let has_started = !status["StartLoggingTime"].is_null();
                            fails |= is_stale || latest.is_none() && has_started;
                            unknown |= latest.is_none() && !has_started;
                        }
                    }
                }
            }
            let has_default_selectors = trail["HasCustomEventSelectors"] == false;
            match kind(selectors) {
                Kind::Refused => unknown |= !has_default_selectors && !is_trusted(selectors),
                Kind::Hidden => hidden = true,
                Kind::Known => {
                    let basic = list(&selectors["EventSelectors"]);
                    let advanced = list(&selectors["AdvancedEventSelectors"]);
                    let allowed = &parameters.allowed_excluded_event_sources;
                    let is_default = basic.is_empty() && advanced.is_empty() && has_default_selectors;
                    fails |= !is_default
                        && !basic.iter().any(|selector| basic_takes_all(selector, allowed))
                        && !advanced.iter().any(|selector| advanced_takes_all(selector, allowed));
                }
            }
        }
    }
    match (fails, unknown, hidden) {
        (true, _, _) => TrailResult::Fail,
        (_, true, _) => TrailResult::Unknown,
        (_, _, true) => TrailResult::Hidden,
        _ => TrailResult::Pass,
    }
}

enum Kind {
    Known,
    Refused,
    Hidden,
}

fn kind(answer: &Value) -> Kind {
    if answer.is_null() || !answer["unanswered"].is_null() {
        Kind::Hidden
    } else if answer["refused"].is_null() {
        Kind::Known
    } else {
        Kind::Refused
    }
}

fn misses_a_requirement(trail: &Value, parameters: &RuleParameters) -> bool {
    let field = |name: &str| trail[name].as_str().unwrap_or("");
    let without_star = |arn: &str| arn.strip_suffix(":*").unwrap_or(arn).to_owned();
    let log_group = without_star(field("CloudWatchLogsLogGroupArn"));
    parameters.s3_bucket_name.as_ref().is_some_and(|bucket| bucket != field("S3BucketName"))
        || parameters.sns_topic_arn.as_ref().is_some_and(|topic| topic != field("SnsTopicARN"))
        || parameters.cloud_watch_logs_log_group_arn.as_ref().is_some_and(|group| without_star(group) != log_group)
        || parameters.require_log_file_validation && trail["LogFileValidationEnabled"] != true
        || parameters.require_kms_encryption && field("KmsKeyId").is_empty()
        || parameters.require_cloud_watch_logs && log_group.is_empty()
        || parameters.require_organization_trail && trail["IsOrganizationTrail"] != true
}

fn basic_takes_all(selector: &Value, allowed: &[String]) -> bool {
    selector["IncludeManagementEvents"] != false
        && selector["ReadWriteType"].as_str().unwrap_or("All").to_lowercase() == "all"
        && are_allowed(&selector["ExcludeManagementEventSources"], allowed)
}

fn advanced_takes_all(selector: &Value, allowed: &[String]) -> bool {
    let fields = list(&selector["FieldSelectors"]);
    let categories = fields.iter().filter(|field| field["Field"] == "eventCategory").count();
    categories == 1
        && fields.iter().all(|field| match field["Field"].as_str() {
            Some("eventCategory") => {
                operators(field) == ["Equals"] && field["Equals"] == serde_json::json!(["Management"])
            }
            Some("eventSource") => operators(field) == ["NotEquals"] && are_allowed(&field["NotEquals"], allowed),
            _ => false,
        })
}

fn operators(field: &Value) -> Vec<&str> {
    let members = field.as_object().into_iter().flatten();
    members.filter(|(_, values)| !list(values).is_empty()).map(|(name, _)| name.as_str()).collect()
}

fn are_allowed(sources: &Value, allowed: &[String]) -> bool {
    list(sources).iter().all(|source| allowed.iter().any(|allowed| source == allowed))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn milliseconds(time: &Value) -> Option<i64> {
    let format = &time::format_description::well_known::Rfc3339;
    let time = time::OffsetDateTime::parse(time.as_str()?, format).ok()?;
    Some(time.unix_timestamp() * 1_000 + i64::from(time.millisecond()))
}
