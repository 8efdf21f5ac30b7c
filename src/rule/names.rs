//! AWS's names of the members that the decision knows, by the object in which they stand. One list for files and answers.
//!
//! An absent member often means that all is well, so that a name in another spelling, which is dropped, could turn a bad
//! trail good.

use serde_json::Value;

/// An object, by the names of its members.
struct Known {
    names: &'static [&'static str],
    /// The members that are objects of their own, or lists of them.
    parts: &'static [(&'static str, Known)],
    /// Whether other members are kept, and then keep a trail from passing.
    keeps_unknown: bool,
}

const TRAIL: Known = Known {
    names: &[
        "CloudWatchLogsLogGroupArn",
        "GetEventSelectors",
        "GetTrailStatus",
        "HasCustomEventSelectors",
        "HomeRegion",
        "IncludeGlobalServiceEvents",
        "IsMultiRegionTrail",
        "IsOrganizationTrail",
        "KmsKeyId",
        "LogFileValidationEnabled",
        "Name",
        "S3BucketName",
        "S3KeyPrefix",
        "SnsTopicARN",
        "TrailARN",
    ],
    parts: &[("GetTrailStatus", TRAIL_STATUS), ("GetEventSelectors", EVENT_SELECTORS)],
    keeps_unknown: false,
};

const TRAIL_STATUS: Known = Known {
    names: &[
        "IsLogging",
        "LatestDeliveryError",
        "LatestDeliveryTime",
        "LatestDigestDeliveryTime",
        "StartLoggingTime",
        "StopLoggingTime",
        "refused",
        "unanswered",
    ],
    parts: &[],
    keeps_unknown: false,
};

const EVENT_SELECTORS: Known = Known {
    names: &["AdvancedEventSelectors", "EventSelectors", "refused", "unanswered"],
    parts: &[("EventSelectors", EVENT_SELECTOR), ("AdvancedEventSelectors", ADVANCED_EVENT_SELECTOR)],
    keeps_unknown: false,
};

const EVENT_SELECTOR: Known = Known {
    names: &["DataResources", "ExcludeManagementEventSources", "IncludeManagementEvents", "ReadWriteType"],
    parts: &[("DataResources", DATA_RESOURCE)],
    keeps_unknown: true,
};

const DATA_RESOURCE: Known = Known { names: &["Type", "Values"], parts: &[], keeps_unknown: true };

const ADVANCED_EVENT_SELECTOR: Known =
    Known { names: &["FieldSelectors", "Name"], parts: &[("FieldSelectors", FIELD_SELECTOR)], keeps_unknown: true };

const FIELD_SELECTOR: Known = Known {
    names: &["EndsWith", "Equals", "Field", "NotEndsWith", "NotEquals", "NotStartsWith", "StartsWith"],
    parts: &[],
    keeps_unknown: true,
};

/// A name that is AWS's but for letter case and what is neither letter nor digit, such as underscores, hyphens, spaces and
/// what nobody sees; or one that is dropped and has a letter that looks like another, as no name of AWS's has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Respelled {
    /// The object in which it stands, such as `trails[0].GetTrailStatus`.
    pub(super) path: String,
    /// As it stands there.
    pub(super) name: String,
    /// AWS's spelling, if it is known.
    pub(super) valid: Option<&'static str>,
}

/// The first respelled name in the trails of a document.
pub(super) fn respelled(document: &Value) -> Option<Respelled> {
    find(document.get("trails")?, &TRAIL, "trails")
}

fn find(value: &Value, known: &Known, path: &str) -> Option<Respelled> {
    let members = match value {
        Value::Array(items) => {
            return items.iter().enumerate().find_map(|(index, item)| find(item, known, &format!("{path}[{index}]")));
        }
        Value::Object(members) => members,
        _ => return None,
    };
    let unknown = members.keys().filter(|name| !known.names.contains(&name.as_str()));
    let respelled = unknown.into_iter().find_map(|name| {
        let valid = known.names.iter().find(|valid| letters(valid).eq(letters(name))).copied();
        let is_foreign = !known.keeps_unknown && !name.is_ascii();
        (valid.is_some() || is_foreign).then(|| Respelled { path: path.to_owned(), name: name.clone(), valid })
    });
    respelled.or_else(|| {
        known.parts.iter().find_map(|(name, part)| find(members.get(*name)?, part, &format!("{path}.{name}")))
    })
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rule::{
        evidence::{Observed, Trail, TrailStatus},
        selectors::{AdvancedEventSelector, DataResource, EventSelector, EventSelectors, FieldSelector, Unknown},
        timestamp::Timestamp,
    };

    /// A trail with every member that there is.
    fn whole_trail() -> Value {
        let text = || "x".to_owned();
        let time = Some(Timestamp::from_epoch_milliseconds(0).unwrap());
        let field = FieldSelector {
            field: text(),
            equals: vec![text()],
            starts_with: vec![text()],
            ends_with: vec![text()],
            not_equals: vec![text()],
            not_starts_with: vec![text()],
            not_ends_with: vec![text()],
            unknown: Unknown::default(),
        };
        let resource = DataResource { r#type: Some(text()), values: vec![text()], unknown: Unknown::default() };
        let basic = EventSelector {
            read_write_type: Some(text()),
            include_management_events: Some(true),
            exclude_management_event_sources: vec![text()],
            data_resources: vec![resource],
            unknown: Unknown::default(),
        };
        let advanced =
            AdvancedEventSelector { name: Some(text()), field_selectors: vec![field], unknown: Unknown::default() };
        let status = TrailStatus {
            is_logging: Some(true),
            latest_delivery_error: Some(text()),
            latest_delivery_time: time,
            latest_digest_delivery_time: time,
            start_logging_time: time,
            stop_logging_time: time,
        };
        let selectors = EventSelectors { event_selectors: vec![basic], advanced_event_selectors: vec![advanced] };
        let trail = Trail {
            is_multi_region_trail: Some(true),
            trail_arn: Some(text()),
            name: Some(text()),
            home_region: Some(text()),
            s3_bucket_name: Some(text()),
            s3_key_prefix: Some(text()),
            include_global_service_events: Some(true),
            is_organization_trail: Some(true),
            has_custom_event_selectors: Some(true),
            log_file_validation_enabled: Some(true),
            kms_key_id: Some(text()),
            sns_topic_arn: Some(text()),
            cloud_watch_logs_log_group_arn: Some(text()),
            get_trail_status: Some(Observed::Known(status)),
            get_event_selectors: Some(Observed::Known(selectors)),
            delivery: None,
        };
        serde_json::to_value(trail).unwrap()
    }

    fn objects<'v>(value: &'v Value, known: &'static Known, found: &mut Vec<(&'v Value, &'static Known)>) {
        if let Value::Array(items) = value {
            for item in items {
                objects(item, known, found);
            }
        } else {
            found.push((value, known));
            for (name, part) in known.parts {
                objects(&value[*name], part, found);
            }
        }
    }

    #[test]
    fn the_names_are_those_that_are_read() {
        let trail = whole_trail();
        let mut found = Vec::new();
        objects(&trail, &TRAIL, &mut found);
        assert_eq!(found.len(), 7);
        for (object, known) in found {
            let read: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
            let awss = known.names.iter().copied().filter(|name| !["refused", "unanswered"].contains(name));
            assert!(read.iter().copied().eq(awss), "{read:?}");
        }
    }

    #[test]
    fn a_respelled_name_is_found_wherever_it_stands_also_beside_the_right_one() {
        assert_eq!(respelled(&json!({"trails": [whole_trail()]})), None);
        for (pointer, path) in [
            ("", "trails[0]"),
            ("/GetTrailStatus", "trails[0].GetTrailStatus"),
            ("/GetEventSelectors", "trails[0].GetEventSelectors"),
            ("/GetEventSelectors/EventSelectors/0", "trails[0].GetEventSelectors.EventSelectors[0]"),
            (
                "/GetEventSelectors/EventSelectors/0/DataResources/0",
                "trails[0].GetEventSelectors.EventSelectors[0].DataResources[0]",
            ),
            (
                "/GetEventSelectors/AdvancedEventSelectors/0/FieldSelectors/0",
                "trails[0].GetEventSelectors.AdvancedEventSelectors[0].FieldSelectors[0]",
            ),
        ] {
            let names: Vec<String> =
                whole_trail().pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
            for name in names {
                for spelling in [
                    name.to_lowercase(),
                    name.to_uppercase(),
                    format!("{}{}", name[..1].to_lowercase(), &name[1..]),
                    format!("{name}_"),
                    format!("{}-{}", &name[..1], &name[1..]),
                    format!(" {name}"),
                    format!("{name}\u{200b}"),
                    format!("\u{feff}{name}"),
                    format!("{name}\u{a0}\t\0"),
                    format!("{name}."),
                ] {
                    if spelling == name {
                        continue;
                    }
                    let mut trail = whole_trail();
                    trail.pointer_mut(pointer).unwrap()[&spelling] = Value::Null;
                    let found = respelled(&json!({"trails": [trail]})).unwrap();
                    assert_eq!((found.path.as_str(), &found.name, found.valid), (path, &spelling, Some(name.as_str())));
                }
            }
        }
    }

    #[test]
    fn a_name_with_a_letter_that_awss_names_do_not_have_is_refused_in_a_trail_and_its_status() {
        for name in ["Lat\u{435}stDeliveryError", "\u{ff2c}atestDeliveryError", "Late\u{17f}tDeliveryError", "Is\u{e9}"]
        {
            for pointer in ["", "/GetTrailStatus"] {
                let mut trail = whole_trail();
                trail.pointer_mut(pointer).unwrap()[name] = json!("AccessDenied");
                let path = format!("trails[0]{}", pointer.replace('/', "."));
                let found = respelled(&json!({"trails": [trail]})).map(|found| (found.path, found.name));
                assert_eq!(found, Some((path, name.to_owned())));
            }
        }
    }
}
