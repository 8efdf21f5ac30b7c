//! What to do about a reason: in words, and as `aws` commands.

use serde::Serialize;

use super::text::Plain;
use crate::rule::{
    arn::Arn,
    cloudtrail_all_regions::Reason,
    evidence::{
        AdvancedEventSelector, EventSelector, EventSelectors, Evidence, FieldSelector, Observed, Refusal, Trail,
    },
    parameters::RuleParameters,
    region,
};

/// What to do about a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// In words.
    pub text: String,
    /// The commands, to be run in order. What stands in capitals is to be filled in.
    pub commands: Vec<String>,
}

/// CloudTrail takes at most so many basic event selectors a trail (CloudTrail API, `PutEventSelectors`).
const MAX_EVENT_SELECTORS: usize = 5;

impl Remedy {
    /// What to do about a reason of a trail; the commands leave what else the trail does as it is.
    #[must_use]
    pub fn of(reason: &Reason, trail: &Trail, account_id: &str, parameters: &RuleParameters) -> Self {
        let command = Commands::for_trail(trail);
        let commands = match reason {
            Reason::SingleRegion => {
                // A multi-Region trail must include the events of global services.
                vec![command.update_trail(&["--is-multi-region-trail", "--include-global-service-events"])]
            }
            Reason::NoGlobalServiceEvents => vec![command.update_trail(&["--include-global-service-events"])],
            Reason::Deleted => vec![deploy_compliant_trail(command.region)],
            Reason::StatusRefused(refusal) | Reason::SelectorsRefused(refusal) if is_hidden_from_account(refusal) => {
                Vec::new()
            }
            Reason::StatusRefused(_) | Reason::IsLoggingAbsent | Reason::DeliveryTimeAbsent => {
                vec![command.get_trail_status()]
            }
            Reason::NotLogging { .. } => {
                vec![aws(&["cloudtrail", "start-logging", "--name", command.trail, "--region", command.region])]
            }
            Reason::DeliveryFailing { .. } | Reason::DeliveryStale { .. } => {
                let bucket = trail.s3_bucket_name.as_deref().unwrap_or("BUCKET");
                let policy =
                    ["s3api", "get-bucket-policy", "--bucket", bucket, "--query", "Policy", "--output", "text"];
                let key = trail.kms_key_id.as_deref().map(|key| {
                    // The key is in the bucket's Region, which need not be the trail's.
                    let region = Some(Arn::split(key).region).filter(|region| region::is_well_formed(region));
                    let region = region.unwrap_or(command.region);
                    let policy = ["kms", "get-key-policy", "--key-id", key, "--policy-name", "default"];
                    aws(&[&policy[..], &["--query", "Policy", "--output", "text", "--region", region]].concat())
                });
                [command.get_trail_status(), aws(&policy)].into_iter().chain(key).collect()
            }
            Reason::SelectorsRefused(_) => vec![command.get_event_selectors()],
            Reason::NoManagementEvents
            | Reason::ReadOnly
            | Reason::WriteOnly
            | Reason::SplitSelectors
            | Reason::ExcludedEventSources(_)
            | Reason::FilteredManagementEvents => vec![command.put_event_selectors(trail)],
            Reason::OtherBucket { .. } => vec![
                command.update_trail(&["--s3-bucket-name", parameters.s3_bucket_name.as_deref().unwrap_or("BUCKET")]),
            ],
            Reason::OtherTopic { .. } => vec![
                command.update_trail(&["--sns-topic-name", parameters.sns_topic_arn.as_deref().unwrap_or("TOPIC_ARN")]),
            ],
            Reason::OtherLogGroup { .. } | Reason::NoCloudWatchLogs => {
                let required = parameters.cloud_watch_logs_log_group_arn.as_deref();
                let log_group = required.map_or_else(|| "LOG_GROUP_ARN:*".to_owned(), |arn| format!("{arn}:*"));
                let role = ["--cloud-watch-logs-role-arn", "ROLE_ARN"];
                vec![command.update_trail(&[&["--cloud-watch-logs-log-group-arn", &log_group][..], &role].concat())]
            }
            Reason::NoLogFileValidation => vec![command.update_trail(&["--enable-log-file-validation"])],
            Reason::NoKmsEncryption => vec![command.update_trail(&["--kms-key-id", "KEY_ARN"])],
            Reason::NotOrganizationTrail => vec![command.update_trail(&["--is-organization-trail"])],
            Reason::NotAddressable | Reason::Unanswered(_) => Vec::new(),
        };
        // A command that would not be shown as it is is none to paste.
        let commands: Vec<String> = commands.into_iter().filter(|command| Plain(command).is_whole()).collect();
        let is_change = !matches!(reason, Reason::StatusRefused(_) | Reason::SelectorsRefused(_));
        let owner = trail.owner_account_id().filter(|owner| is_change && *owner != account_id);
        let whose =
            owner.map_or(String::new(), |owner| format!(" The trail is changed in account {owner}, its owner."));
        Self { text: format!("{}{whose}", words(reason)), commands }
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
            text: words(&Reason::Deleted).to_owned(),
            commands: vec![deploy_compliant_trail(&evidence.region)],
        }],
        Observed::Refused { .. } => vec![Remedy {
            text: "Allow `cloudtrail:DescribeTrails`. AWS's own message says which policy denies it.".to_owned(),
            commands: vec![aws(&["cloudtrail", "describe-trails", "--region", &evidence.region])],
        }],
        Observed::Known(_) | Observed::Unanswered { .. } => Vec::new(),
    }
}

/// What to do about a reason, whatever the trail.
#[must_use]
pub fn words(reason: &Reason) -> &'static str {
    match reason {
        Reason::SingleRegion => {
            "Let the trail record every Region. Data events that it takes are then taken, and charged, in every Region."
        }
        Reason::NoGlobalServiceEvents => "Include the events of global services.",
        Reason::Deleted => {
            "Look for an organization's trail first: a second copy of management events is charged. Else make one, such as that of `cloudformation/compliant-trail.yaml` in a clone of this project."
        }
        Reason::NotAddressable => "Look at the answer of DescribeTrails: AWS describes every trail by its ARN.",
        Reason::StatusRefused(refusal) | Reason::SelectorsRefused(refusal) if is_hidden_from_account(refusal) => {
            "CloudTrail does not show this trail to this account; its owner can look at it."
        }
        Reason::StatusRefused(_) => "Allow `cloudtrail:GetTrailStatus`; AWS's own message says which policy denies it.",
        Reason::IsLoggingAbsent => "Look at the answer of GetTrailStatus: AWS always says whether a trail is logging.",
        Reason::NotLogging { .. } => "Start logging.",
        Reason::DeliveryFailing { .. } => {
            "Correct the policy of the bucket or of the KMS key, or name another bucket; the error stays until the next \
             delivery."
        }
        Reason::DeliveryStale { .. } | Reason::DeliveryTimeAbsent => {
            "Look at the policy of the bucket and of the KMS key."
        }
        Reason::SelectorsRefused(_) => {
            "Allow `cloudtrail:GetEventSelectors`; AWS's own message says which policy denies it."
        }
        Reason::NoManagementEvents
        | Reason::ReadOnly
        | Reason::WriteOnly
        | Reason::SplitSelectors
        | Reason::ExcludedEventSources(_)
        | Reason::FilteredManagementEvents => "Put one selector that takes every management event, read and write.",
        Reason::OtherBucket { .. } | Reason::OtherTopic { .. } | Reason::OtherLogGroup { .. } => {
            "Change the trail or the parameter."
        }
        Reason::NoLogFileValidation => "Turn log file validation on.",
        Reason::NoKmsEncryption => "Encrypt the log files with a KMS key whose policy lets CloudTrail use it.",
        Reason::NoCloudWatchLogs => "Send the events to a log group.",
        Reason::NotOrganizationTrail => "Make it an organization trail, in the management account.",
        Reason::Unanswered(_) => "Ask again later.",
    }
}

/// Whether AWS says that it does not know the trail, which no permission changes.
fn is_hidden_from_account(refusal: &Refusal) -> bool {
    ["TrailNotFoundException", "CloudTrailARNInvalidException"].contains(&refusal.code.as_str())
}

/// Commands about one trail, in its home Region.
struct Commands<'t> {
    trail: &'t str,
    region: &'t str,
}

impl<'t> Commands<'t> {
    fn for_trail(trail: &'t Trail) -> Self {
        Self {
            trail: trail.trail_arn.as_deref().or(trail.name.as_deref()).unwrap_or("TRAIL"),
            region: trail.home_region().unwrap_or("HOME_REGION"),
        }
    }

    fn update_trail(&self, options: &[&str]) -> String {
        let start = ["cloudtrail", "update-trail", "--name", self.trail];
        aws(&[&start[..], options, &["--region", self.region]].concat())
    }

    fn get_trail_status(&self) -> String {
        aws(&["cloudtrail", "get-trail-status", "--name", self.trail, "--region", self.region])
    }

    fn get_event_selectors(&self) -> String {
        aws(&["cloudtrail", "get-event-selectors", "--trail-name", self.trail, "--region", self.region])
    }

    /// `PutEventSelectors` replaces all selectors of a trail, so those that the trail has are put again.
    fn put_event_selectors(&self, trail: &Trail) -> String {
        let known = trail.get_event_selectors.as_ref().and_then(Observed::known);
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
        let selectors = selectors.unwrap_or_default();
        let start = ["cloudtrail", "put-event-selectors", "--trail-name", self.trail];
        aws(&[&start[..], &[option, &selectors, "--region", self.region]].concat())
    }
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
    AdvancedEventSelector { name: None, field_selectors: vec![category] }
}

fn deploy_compliant_trail(region: &str) -> String {
    let template = ["cloudformation", "deploy", "--template-file", "cloudformation/compliant-trail.yaml"];
    let rest = ["--stack-name", "cloudtrail-all-regions-trail", "--capabilities", "CAPABILITY_IAM", "--region", region];
    aws(&[&template[..], &rest].concat())
}

/// An `aws` command, each argument quoted for a shell where it must be.
fn aws(arguments: &[&str]) -> String {
    let mut command = "aws".to_owned();
    for argument in arguments {
        command.push(' ');
        // Only a NUL byte cannot be quoted, and no argument of a process can hold one.
        let argument = argument.replace('\0', "");
        command.push_str(&shlex::try_quote(&argument).unwrap_or_default());
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn an_argument_is_one_word_to_a_shell_whatever_it_holds() {
        for argument in ["plain", "two words", "it's", "$(x)", "a;b", "", "ü"] {
            let command = aws(&["cloudtrail", argument]);
            assert_eq!(shlex::split(&command).unwrap(), ["aws", "cloudtrail", argument], "{command}");
        }
    }
}
