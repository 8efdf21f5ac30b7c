//! Section 2 of the specification once more, naively, on JSON and without the program's own helpers.

use std::collections::BTreeMap;

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
            && !answer["refused"].is_null()
    };

    fails |= !is_multi_region;
    fails |= trail["IncludeGlobalServiceEvents"] == false;
    fails |= misses_a_requirement(trail, parameters);
    if is_multi_region {
        let (status, selectors) = (&trail["GetTrailStatus"], &trail["GetEventSelectors"]);
        let is_gone = |answer: &Value| {
            answer["refused"]["code"] == "TrailNotFoundException" && answer["refused"]["homeRegionCode"].is_null()
        };
        if trail["TrailARN"].as_str().unwrap_or("").trim().is_empty() || arn.len() < 6 {
            unknown = true;
        } else {
            fails |= owner == account && (is_gone(status) || is_gone(selectors));
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
                            let times = ["LatestDeliveryTime", "StartLoggingTime"];
                            let times: Vec<i64> =
                                times.iter().filter_map(|name| milliseconds(&status[*name])).collect();
                            fails |=
                                !times.is_empty() && times.iter().all(|time| now - time > i64::from(hours) * 3_600_000);
                            unknown |= times.is_empty();
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
                    let known = |selector: &Value, names: &[&str]| only(selector, names) == without_nulls(selector);
                    let is_enough = |whole: bool| {
                        basic
                            .iter()
                            .any(|selector| basic_takes_all(selector, allowed) && (!whole || known(selector, &BASIC)))
                            || advanced.iter().any(|selector| {
                                let fields = list(&selector["FieldSelectors"]);
                                advanced_takes_all(selector, allowed)
                                    && (!whole
                                        || known(selector, &ADVANCED)
                                            && fields.iter().all(|field| known(field, &FIELD)))
                            })
                    };
                    unknown |= !is_default && !is_enough(true) && is_enough(false);
                    fails |= !is_default && !is_enough(false);
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
    let of_home_region = answer["refused"]["homeRegionCode"].as_str().unwrap_or("");
    let is_out_of_reach = ["TimedOut", "ConnectionFailed"].contains(&of_home_region);
    if answer.is_null() || !answer["unanswered"].is_null() || is_out_of_reach {
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

const BASIC: [&str; 4] = ["ReadWriteType", "IncludeManagementEvents", "ExcludeManagementEventSources", "DataResources"];
const ADVANCED: [&str; 2] = ["Name", "FieldSelectors"];
const FIELD: [&str; 7] = ["Field", "Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith"];

fn only(object: &Value, names: &[&str]) -> BTreeMap<String, Value> {
    without_nulls(object).into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect()
}

fn without_nulls(object: &Value) -> BTreeMap<String, Value> {
    object.as_object().unwrap().clone().into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn operators(field: &Value) -> Vec<&str> {
    FIELD[1..].iter().copied().filter(|name| !list(&field[*name]).is_empty()).collect()
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
