//! CloudTrail: `DescribeTrails`, `GetTrailStatus`, `GetEventSelectors`.

use serde_json::{Map, Value, json};

use super::{
    evidence::{Trail, failure},
    identity::Caller,
    wire::ErrorAnswer,
    world::{Account, World},
};
use crate::rule::arn::{Arn, is_account_id};

const TRAIL_MEMBERS: [&str; 17] = [
    "Name",
    "S3BucketName",
    "S3KeyPrefix",
    "SnsTopicName",
    "SnsTopicARN",
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "HomeRegion",
    "TrailARN",
    "LogFileValidationEnabled",
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "KmsKeyId",
    "HasCustomEventSelectors",
    "HasInsightSelectors",
    "IsOrganizationTrail",
    "RecursiveLogging",
];
const STATUS_MEMBERS: [&str; 17] = [
    "IsLogging",
    "LatestDeliveryError",
    "LatestNotificationError",
    "LatestDeliveryTime",
    "LatestNotificationTime",
    "StartLoggingTime",
    "StopLoggingTime",
    "LatestCloudWatchLogsDeliveryError",
    "LatestCloudWatchLogsDeliveryTime",
    "LatestDigestDeliveryTime",
    "LatestDigestDeliveryError",
    "LatestDeliveryAttemptTime",
    "LatestNotificationAttemptTime",
    "LatestNotificationAttemptSucceeded",
    "LatestDeliveryAttemptSucceeded",
    "TimeLoggingStarted",
    "TimeLoggingStopped",
];
const SELECTOR_MEMBERS: [&str; 3] = ["TrailARN", "EventSelectors", "AdvancedEventSelectors"];

impl World {
    /// Changes the members of a trail as they stand in evidence, times as seconds since 1970. Returns whether the
    /// account has a trail of this name or ARN.
    pub fn change_trail(
        &mut self,
        account: &str,
        name_or_arn: &str,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> bool {
        let trail = self
            .accounts
            .get_mut(account)
            .and_then(|account| account.trails.iter_mut().find(|trail| trail.is_called(name_or_arn)));
        trail.map(|trail| change(&mut trail.0)).is_some()
    }

    /// Stops a trail's logging, as `StopLogging` does. Returns whether there is such a trail.
    pub fn stop_logging(&mut self, account: &str, name_or_arn: &str) -> bool {
        self.change_trail(account, name_or_arn, |trail| {
            let mut status = trail.remove("GetTrailStatus").filter(Value::is_object).unwrap_or_else(|| json!({}));
            status["IsLogging"] = Value::Bool(false);
            trail.insert("GetTrailStatus".to_owned(), status);
        })
    }

    /// Deletes a trail, as `DeleteTrail` does; Config still lists it as discovered. Returns whether there was one.
    pub fn delete_trail(&mut self, account: &str, name_or_arn: &str) -> bool {
        let Some(account) = self.accounts.get_mut(account) else { return false };
        let before = account.trails.len();
        account.trails.retain(|trail| !trail.is_called(name_or_arn));
        account.trails.len() < before
    }
}

pub(super) fn describe_trails(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let mut names = Vec::new();
    for name in input.get("trailNameList").and_then(Value::as_array).into_iter().flatten() {
        names.push(TrailReference::read(name.as_str().unwrap_or_default())?);
    }
    let Some(account) = world.accounts.get(&caller.account) else { return Ok(json!({ "trailList": [] })) };
    if let Some(error) = account.describe_trails_failure.as_ref().and_then(|value| failure(value, true)) {
        return Err(error);
    }
    let with_shadows = input.get("includeShadowTrails") != Some(&Value::Bool(false));
    let is_listed = |trail: &&Trail| {
        let is_of_this_place = trail.is_at_home_in(&caller.region) && trail.is_owned_by(&caller.account);
        trail.is_visible_in(&caller.region)
            && (with_shadows || is_of_this_place)
            && (names.is_empty() || names.iter().any(|name| name.means(trail, caller)))
    };
    let trails: Vec<_> =
        account.trails.iter().filter(is_listed).map(|trail| members(&trail.0, &TRAIL_MEMBERS)).collect();
    Ok(json!({ "trailList": trails }))
}

pub(super) fn get_trail_status(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let trail = asked_trail(world, caller, input, "Name")?;
    let of_region = trail.arn().and_then(|arn| world.trail_statuses.get(&(arn.to_owned(), caller.region.clone())));
    if let Some(told) = of_region {
        return match failure(told, true) {
            Some(error) => Err(error),
            None => Ok(told.clone()),
        };
    }
    let status = trail.answer("GetTrailStatus", trail.is_at_home_in(&caller.region))?;
    Ok(Value::Object(members(status, &STATUS_MEMBERS)))
}

pub(super) fn list_public_keys(world: &World, caller: &Caller, input: &Map<String, Value>) -> Value {
    let asked = |name: &str| input.get(name).and_then(Value::as_f64);
    let is_valid = |key: &&Value| {
        let time = |name: &str| key[name].as_f64().unwrap_or_default();
        asked("EndTime").is_none_or(|end| time("ValidityStartTime") <= end)
            && asked("StartTime").is_none_or(|start| start <= time("ValidityEndTime"))
    };
    let keys = world.public_keys.get(&caller.region).into_iter().flatten().filter(is_valid);
    json!({ "PublicKeyList": keys.collect::<Vec<_>>() })
}

pub(super) fn get_event_selectors(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let trail = asked_trail(world, caller, input, "TrailName")?;
    let is_in_home_region = trail.is_at_home_in(&caller.region);
    let answer = trail.answer("GetEventSelectors", is_in_home_region);
    if !is_in_home_region && !world.event_selectors_in_every_region {
        // A refusal that evidence has for this Region stands before AWS's general one.
        answer?;
        return Err(unknown_trail(input, "TrailName", caller));
    }
    let mut selectors = members(answer?, &SELECTOR_MEMBERS);
    if let Some(arn) = trail.arn() {
        selectors.entry("TrailARN").or_insert_with(|| arn.into());
    }
    Ok(Value::Object(selectors))
}

fn asked_trail<'a>(
    world: &'a World,
    caller: &Caller,
    input: &Map<String, Value>,
    member: &str,
) -> Result<&'a Trail, ErrorAnswer> {
    let asked = TrailReference::read(input.get(member).and_then(Value::as_str).unwrap_or_default())?;
    let trails = world.accounts.get(&caller.account).map(|Account { trails, .. }| trails);
    trails
        .into_iter()
        .flatten()
        .find(|trail| asked.means(trail, caller))
        .ok_or_else(|| unknown_trail(input, member, caller))
}

fn unknown_trail(input: &Map<String, Value>, member: &str, caller: &Caller) -> ErrorAnswer {
    let name = input.get(member).and_then(Value::as_str).unwrap_or_default();
    let message = format!("Unknown trail: {name} for the user: {}", caller.account);
    ErrorAnswer::new("TrailNotFoundException", message)
}

/// How a request names a trail.
enum TrailReference<'a> {
    Arn(&'a str),
    Name(&'a str),
}

impl<'a> TrailReference<'a> {
    fn read(text: &'a str) -> Result<Self, ErrorAnswer> {
        if !text.starts_with("arn:") {
            let message = format!("Trail name is not valid: {text}");
            return is_trail_name(text)
                .then_some(Self::Name(text))
                .ok_or_else(|| ErrorAnswer::new("InvalidTrailNameException", message));
        }
        let arn = Arn::split(text);
        let is_trail_arn = arn.partition.starts_with("aws")
            && arn.service == "cloudtrail"
            && !arn.region.is_empty()
            && is_account_id(arn.account_id)
            && arn.resource.strip_prefix("trail/").is_some_and(is_trail_name);
        if is_trail_arn {
            Ok(Self::Arn(text))
        } else {
            let message = format!("{text} is not a valid trail ARN");
            Err(ErrorAnswer::new("CloudTrailARNInvalidException", message))
        }
    }

    /// By ARN every trail that is visible in the Region, by name only the account's own in its home Region.
    fn means(&self, trail: &Trail, caller: &Caller) -> bool {
        match self {
            Self::Arn(arn) => trail.arn() == Some(arn) && trail.is_visible_in(&caller.region),
            Self::Name(name) => {
                trail.text("Name") == Some(name)
                    && trail.is_at_home_in(&caller.region)
                    && trail.is_owned_by(&caller.account)
            }
        }
    }
}

/// 3 to 128 letters, digits, `.`, `_`, `-`; a letter or digit first and last; no two of `._-` together; no IP address.
fn is_trail_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric();
    let bytes = name.as_bytes();
    (3..=128).contains(&bytes.len())
        && bytes.iter().all(|byte| is_word(*byte) || b"._-".contains(byte))
        && bytes.first().is_some_and(|byte| is_word(*byte))
        && bytes.last().is_some_and(|byte| is_word(*byte))
        && bytes.windows(2).all(|pair| is_word(pair[0]) || is_word(pair[1]))
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

/// The members of `names` that a record has and that are not null.
fn members(record: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), record.get(*name).filter(|value| !value.is_null())?.clone())))
        .collect()
}
