//! What to do about a reason: in words, and as `aws` commands.

use serde::Serialize;

use super::{command::Command, text::is_hidden};
use crate::rule::{
    arn::Arn,
    evidence::{Evidence, Observed, Trail},
    parameters::RuleParameters,
    reasons::{Code, Reason, Step},
    region,
    selectors::{AdvancedEventSelector, EventSelector, EventSelectors, FieldSelector},
};

/// What to do about a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// In words.
    pub text: String,
    /// The commands, to be run in order. What stands in capitals is to be filled in.
    pub commands: Vec<Command>,
}

/// CloudTrail takes at most so many basic event selectors a trail (CloudTrail API, `PutEventSelectors`).
const MAX_EVENT_SELECTORS: usize = 5;

impl Remedy {
    /// What to do about a reason, whatever the trail.
    #[must_use]
    pub fn of_code(code: Code) -> Self {
        let advice = code.about().advice;
        let (commands, _) = commands(advice.steps, &Trail::default(), &RuleParameters::default());
        Self { text: advice.words.to_owned(), commands }
    }

    /// What to do about a reason of a trail; the commands leave what else the trail does as it is.
    #[must_use]
    pub fn of(reason: &Reason, trail: &Trail, account_id: &str, parameters: &RuleParameters) -> Self {
        let advice = reason.advice();
        let is_change = reason.refusal().is_none() && reason.code() != Code::Unanswered;
        let owner = trail.owner_account_id().filter(|owner| is_change && *owner != account_id);
        let whose =
            owner.map_or(String::new(), |owner| format!(" The trail is changed in account {owner}, its owner."));
        let (commands, left_out) = commands(advice.steps, trail, parameters);
        Self { text: format!("{}{whose}{left_out}", advice.words), commands }
    }

    /// The commands with something between them.
    #[must_use]
    pub fn joined_commands(&self, separator: &str) -> String {
        self.commands.iter().map(Command::to_string).collect::<Vec<_>>().join(separator)
    }
}

/// What to do about an account as a whole; `is_choice` if any of several trails may be changed.
#[must_use]
pub fn for_account(evidence: &Evidence, is_choice: bool) -> Vec<Remedy> {
    match &evidence.trails {
        Observed::Known(_) if is_choice => vec![Remedy {
            text: "One trail that passes is enough: choose one. A second copy of management events is \
                   charged."
                .to_owned(),
            commands: Vec::new(),
        }],
        Observed::Known(trails) if trails.is_empty() => vec![Remedy {
            text: Code::Deleted.about().advice.words.to_owned(),
            commands: vec![deploy_compliant_trail(&evidence.region)],
        }],
        Observed::Refused { .. } => vec![Remedy {
            text: "Allow `cloudtrail:DescribeTrails`. AWS's own message says which policy denies it.".to_owned(),
            commands: vec![aws(&["cloudtrail", "describe-trails", "--region", &evidence.region])],
        }],
        Observed::Known(_) | Observed::Unanswered { .. } => Vec::new(),
    }
}

/// The steps as commands about a trail, in its home Region; and a sentence where one is left out.
fn commands(steps: &[Step], trail: &Trail, parameters: &RuleParameters) -> (Vec<Command>, &'static str) {
    const LEFT_OUT: &str = " A command is left out: one of its values would be taken for a file, an option or control \
                            characters.";
    let has_key = trail.kms_key_id.is_some();
    let steps = steps.iter().filter(|step| has_key || !matches!(step, Step::GetKeyPolicy));
    let commands: Vec<Option<Command>> = steps.map(|step| command(*step, trail, parameters)).collect();
    let left_out = if commands.iter().any(Option::is_none) { LEFT_OUT } else { "" };
    (commands.into_iter().flatten().collect(), left_out)
}

/// A value that the AWS CLI takes as it is, and a terminal shows as it is; none if it is another.
fn value(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let is_taken_for_another = ["file:", "fileb:", "http:", "https:", "-"].iter().any(|start| lower.starts_with(start));
    (!text.is_empty() && !is_taken_for_another && !text.contains(is_hidden)).then_some(text)
}

/// None if it would hold a value that is taken for something else.
fn command(step: Step, trail: &Trail, parameters: &RuleParameters) -> Option<Command> {
    let name = value(trail.trail_arn.as_deref().or(trail.name.as_deref()).unwrap_or("TRAIL"))?;
    let region = trail.home_region().unwrap_or("HOME_REGION");
    let update_trail = |options: &[&str]| {
        let start = ["cloudtrail", "update-trail", "--name", name];
        aws(&[&start[..], options, &["--region", region]].concat())
    };
    Some(match step {
        Step::GetTrailStatus => aws(&["cloudtrail", "get-trail-status", "--name", name, "--region", region]),
        Step::GetEventSelectors => {
            aws(&["cloudtrail", "get-event-selectors", "--trail-name", name, "--region", region])
        }
        Step::GetBucketPolicy => {
            let bucket = value(trail.s3_bucket_name.as_deref().unwrap_or("BUCKET"))?;
            aws(&["s3api", "get-bucket-policy", "--bucket", bucket, "--query", "Policy", "--output", "text"])
        }
        Step::GetKeyPolicy => {
            let key = value(trail.kms_key_id.as_deref()?)?;
            // The key is in the bucket's Region, which need not be the trail's.
            let region = Some(Arn::split(key).region).filter(|region| region::is_well_formed(region)).unwrap_or(region);
            let policy = ["kms", "get-key-policy", "--key-id", key, "--policy-name", "default"];
            aws(&[&policy[..], &["--query", "Policy", "--output", "text", "--region", region]].concat())
        }
        Step::StartLogging => aws(&["cloudtrail", "start-logging", "--name", name, "--region", region]),
        Step::PutEventSelectors => {
            let known = trail.get_event_selectors.as_ref().and_then(Observed::known);
            // Put again, a member that is not understood could be lost, or mean something else.
            if known.is_some_and(|known| !known.are_understood()) {
                return None;
            }
            let (option, selectors) = sufficient_selectors(known);
            let start = ["cloudtrail", "put-event-selectors", "--trail-name", name];
            aws(&[&start[..], &[option, value(&selectors)?, "--region", region]].concat())
        }
        Step::UpdateTrail(options) => update_trail(options),
        Step::SetBucket => {
            update_trail(&["--s3-bucket-name", value(parameters.s3_bucket_name.as_deref().unwrap_or("BUCKET"))?])
        }
        Step::SetTopic => {
            update_trail(&["--sns-topic-name", value(parameters.sns_topic_arn.as_deref().unwrap_or("TOPIC_ARN"))?])
        }
        Step::SetLogGroup => {
            let log_group = value(parameters.cloud_watch_logs_log_group_arn.as_deref().unwrap_or("LOG_GROUP_ARN"))?;
            let log_group = format!("{log_group}:*");
            let role = ["--cloud-watch-logs-role-arn", "ROLE_ARN"];
            update_trail(&[&["--cloud-watch-logs-log-group-arn", &log_group][..], &role].concat())
        }
        Step::DeployCompliantTrail => deploy_compliant_trail(region),
    })
}

/// The option of `put-event-selectors`, and its value. `PutEventSelectors` replaces all selectors of a trail, so those that
/// the trail has are put again.
fn sufficient_selectors(known: Option<&EventSelectors>) -> (&'static str, String) {
    let (option, selectors) = match known.map(|known| sufficient(known.clone())) {
        Some(EventSelectors { event_selectors, .. }) if !event_selectors.is_empty() => {
            ("--event-selectors", serde_json::to_string(&event_selectors))
        }
        Some(EventSelectors { advanced_event_selectors, .. }) => {
            ("--advanced-event-selectors", serde_json::to_string(&advanced_event_selectors))
        }
        None => ("--advanced-event-selectors", serde_json::to_string(&[every_management_event()])),
    };
    // Strings and lists of strings always serialize.
    (option, selectors.unwrap_or_default())
}

/// The selectors with one that takes every management event; those that this one makes superfluous are left out.
fn sufficient(selectors: EventSelectors) -> EventSelectors {
    let EventSelectors { mut event_selectors, mut advanced_event_selectors } = selectors;
    if event_selectors.is_empty() {
        advanced_event_selectors.retain(|selector| !takes_only_management_events(selector));
        advanced_event_selectors.push(every_management_event());
        return EventSelectors { event_selectors, advanced_event_selectors };
    }
    event_selectors.retain(|selector| !selector.data_resources.is_empty());
    let all = EventSelector {
        read_write_type: Some("All".to_owned()),
        include_management_events: Some(true),
        ..EventSelector::default()
    };
    if event_selectors.len() >= MAX_EVENT_SELECTORS {
        event_selectors = one_for_each_read_write_type(event_selectors);
    }
    event_selectors.push(all);
    EventSelectors { event_selectors, advanced_event_selectors: Vec::new() }
}

/// The same data events, taken by as few selectors as can be: there are three read-write types.
fn one_for_each_read_write_type(selectors: Vec<EventSelector>) -> Vec<EventSelector> {
    let mut merged: Vec<EventSelector> = Vec::new();
    for selector in selectors {
        let Some(other) = merged.iter_mut().find(|other| other.read_write_type == selector.read_write_type) else {
            merged.push(selector);
            continue;
        };
        for resources in selector.data_resources {
            match other.data_resources.iter_mut().find(|others| others.r#type == resources.r#type) {
                Some(others) => others.values.extend(resources.values),
                None => other.data_resources.push(resources),
            }
        }
    }
    merged
}

fn takes_only_management_events(selector: &AdvancedEventSelector) -> bool {
    let is_category = |field: &&FieldSelector| field.field == "eventCategory";
    selector.field_selectors.iter().any(|field| is_category(&field) && field.equals == ["Management"])
}

fn every_management_event() -> AdvancedEventSelector {
    let category = FieldSelector {
        field: "eventCategory".to_owned(),
        equals: vec!["Management".to_owned()],
        ..FieldSelector::default()
    };
    AdvancedEventSelector { field_selectors: vec![category], ..AdvancedEventSelector::default() }
}

fn deploy_compliant_trail(region: &str) -> Command {
    let template = ["cloudformation", "deploy", "--template-file", "cloudformation/compliant-trail.yaml"];
    let rest = ["--stack-name", "cloudtrail-all-regions-trail", "--capabilities", "CAPABILITY_IAM", "--region", region];
    aws(&[&template[..], &rest].concat())
}

fn aws(arguments: &[&str]) -> Command {
    Command::new(["aws"].iter().chain(arguments).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::evidence::Refusal;

    fn selectors(json: &str) -> EventSelectors {
        serde_json::from_str(json).unwrap()
    }

    fn data(read_write_type: &str, bucket: &str) -> String {
        format!(
            r#"{{"ReadWriteType":"{read_write_type}","IncludeManagementEvents":false,"DataResources":[{{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::{bucket}/"]}}]}}"#
        )
    }

    #[test]
    fn basic_selectors_of_data_events_are_kept_beside_one_that_takes_every_management_event() {
        let read_only = r#"{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true}"#;
        let before = selectors(&format!(r#"{{"EventSelectors":[{},{read_only}]}}"#, data("All", "a")));
        let after = sufficient(before.clone()).event_selectors;
        assert_eq!(after[0], before.event_selectors[0]);
        assert_eq!(
            serde_json::to_string(&after[1..]).unwrap(),
            r#"[{"ReadWriteType":"All","IncludeManagementEvents":true}]"#
        );
        assert_eq!(after.len(), 2);
    }

    #[test]
    fn where_there_is_no_room_for_another_basic_selector_those_of_one_read_write_type_become_one() {
        let full = [("WriteOnly", "a"), ("ReadOnly", "b"), ("WriteOnly", "c"), ("WriteOnly", "d"), ("ReadOnly", "e")];
        let full = full.map(|(read_write_type, bucket)| data(read_write_type, bucket)).join(",");
        let writes = data("WriteOnly", r#"a/","arn:aws:s3:::c/","arn:aws:s3:::d"#);
        let reads = data("ReadOnly", r#"b/","arn:aws:s3:::e"#);
        let all = r#"{"ReadWriteType":"All","IncludeManagementEvents":true}"#;
        assert_eq!(
            serde_json::to_string(&sufficient(selectors(&format!(r#"{{"EventSelectors":[{full}]}}"#)))).unwrap(),
            format!(r#"{{"EventSelectors":[{writes},{reads},{all}]}}"#)
        );
    }

    #[test]
    fn what_was_not_answered_is_asked_again_and_changed_by_nobody() {
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/organization";
        let trail = Trail { trail_arn: Some(arn.to_owned()), ..Trail::default() };
        let words = |reason: &Reason| Remedy::of(reason, &trail, "123456789012", &RuleParameters::default()).text;
        let unanswered =
            Refusal { operation: "GetTrailStatus".to_owned(), code: "TimedOut".to_owned(), home_region_code: None };
        assert_eq!(words(&Reason::Unanswered(unanswered)), "Ask again later.");
        let stopped = words(&Reason::NotLogging { since: None });
        assert_eq!(stopped, "Start logging. The trail is changed in account 111122223333, its owner.");
    }

    #[test]
    fn advanced_selectors_of_other_categories_are_kept_whole() {
        let others = r#"{"Name":"objects","FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]}"#;
        let management = r#"{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["true"]}]}"#;
        let before = selectors(&format!(r#"{{"AdvancedEventSelectors":[{management},{others}]}}"#));
        let after = sufficient(before).advanced_event_selectors;
        assert_eq!(
            serde_json::to_string(&after).unwrap(),
            format!(r#"[{others},{{"FieldSelectors":[{{"Field":"eventCategory","Equals":["Management"]}}]}}]"#)
        );
    }
}
