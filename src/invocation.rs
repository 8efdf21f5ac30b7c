//! What AWS Config asks: its event, read tolerantly, and what it is about.
//!
//! Pure: nothing here reads a clock, the environment or AWS. Fields that are not needed may be missing, `null` or new;
//! known fields of the wrong type are an error, and so is whatever would leave open which account or resource is meant,
//! or since when.
//!
//! Source: the AWS Config developer guide, "Example events for AWS Config rules".

use std::fmt;

use aws_lambda_events::event::config::ConfigEvent;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, Unexpected},
};
use serde_json::{Map, Value};

use crate::rule::{
    arn::{Arn, is_account_id},
    evaluation::EvaluatedResource,
    json,
    parameters::InputParameters,
    region,
    timestamp::Timestamp,
};

/// One invocation of the rule by AWS Config: valid, and decided what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    account_id: String,
    config_rule_arn: String,
    partition: String,
    region: String,
    config_rule_name: Option<String>,
    evaluation_mode: EvaluationMode,
    message_type: MessageType,
    ordering_timestamp: Timestamp,
    result_token: ResultToken,
    rule_parameters: InputParameters,
    subject: Subject,
    warnings: Vec<Warning>,
}

impl Invocation {
    /// Reads the payload with which AWS Config invokes the function.
    ///
    /// `invokingEvent` is a string of JSON, as AWS sends it, or the object itself.
    ///
    /// # Errors
    /// Of several faults, the first in this order: the result token, the type of a field, the identity, the evaluation
    /// mode, the invoking event, the resource. No error holds the result token.
    pub fn parse(payload: Value) -> Result<Self, InvalidInvocation> {
        let mut payload = match payload {
            Value::Object(payload) => payload,
            // What cannot be read as JSON comes as null.
            Value::Null => return Err(InvalidInvocation::NotAnObject { found: "null or no JSON" }),
            other => return Err(InvalidInvocation::NotAnObject { found: json::kind(&other) }),
        };
        if let Some(other) = OtherEvent::of(&payload) {
            return Err(InvalidInvocation::OtherEvent(other));
        }
        let result_token = ResultToken::new(payload.remove("resultToken"))?;
        let rule_parameters = payload.remove("ruleParameters").map(InputParameters::from).unwrap_or_default();
        let event = envelope(payload)?;

        let account_id = event.account_id.ok_or(InvalidInvocation::Missing { path: "accountId" })?;
        if !is_account_id(&account_id) {
            return Err(InvalidInvocation::AccountId { account_id });
        }
        let config_rule_arn = event.config_rule_arn.ok_or(InvalidInvocation::Missing { path: "configRuleArn" })?;
        let Some((partition, region, rule_account)) = split_config_rule_arn(&config_rule_arn) else {
            return Err(InvalidInvocation::ConfigRuleArn { config_rule_arn });
        };
        if rule_account != account_id {
            return Err(InvalidInvocation::AnotherAccount { account_id, config_rule_arn });
        }
        let (partition, region) = (partition.to_owned(), region.to_owned());

        let evaluation_mode = EvaluationMode::new(event.other.get("evaluationMode"))?;

        let invoking_event = event.invoking_event.ok_or(InvalidInvocation::Missing { path: "invokingEvent" })?;
        let invoking_event: InvokingEvent = json::read(&invoking_event)
            .map_err(|error| InvalidInvocation::Unreadable { path: "invokingEvent".to_owned(), problem: error.problem })
            .and_then(|object| read("invokingEvent", object))?;
        let message_type = MessageType::new(invoking_event.message_type)?;
        let item: Option<ConfigurationItem> = match message_type {
            MessageType::ScheduledNotification | MessageType::ConfigurationSnapshotDeliveryCompleted => None,
            MessageType::ConfigurationItemChangeNotification => {
                Some(read_present("invokingEvent.configurationItem", invoking_event.configuration_item)?)
            }
            MessageType::OversizedConfigurationItemChangeNotification => {
                Some(read_present("invokingEvent.configurationItemSummary", invoking_event.configuration_item_summary)?)
            }
        };
        let ordering_timestamp = invoking_event
            .notification_creation_time
            .or(item.as_ref().and_then(|item| item.capture_time))
            .ok_or(InvalidInvocation::NoOrderingTimestamp)?;

        let mut warnings = Vec::new();
        let subject = match (item, evaluation_mode) {
            (Some(item), _) => {
                Subject::of_change(item, &account_id, evaluation_mode, event.event_left_scope, &mut warnings)
            }
            (None, EvaluationMode::Detective) => Subject::Account { withdraw: true, trail: None },
            (None, EvaluationMode::Proactive) => return Err(InvalidInvocation::ProactiveWithoutResource),
        };

        Ok(Self {
            account_id,
            config_rule_arn,
            partition,
            region,
            config_rule_name: event.config_rule_name.filter(|name| !is_blank(name)),
            evaluation_mode,
            message_type,
            ordering_timestamp,
            result_token,
            rule_parameters,
            subject,
            warnings,
        })
    }

    /// The account that owns the rule, 12 digits: the one to evaluate.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// `arn:PARTITION:config:REGION:ACCOUNT:config-rule/ID`.
    #[must_use]
    pub fn config_rule_arn(&self) -> &str {
        &self.config_rule_arn
    }

    /// The rule's partition, such as `aws` or `aws-cn`: lower-case letters and `-` only.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The rule's Region, such as `eu-west-1`: lower-case letters, digits and `-` only.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The rule's name, if the event has one: without it, the rule's earlier rows cannot be asked for.
    #[must_use]
    pub fn config_rule_name(&self) -> Option<&str> {
        self.config_rule_name.as_deref()
    }

    /// Whether a resource that exists is evaluated, or one that is planned.
    #[must_use]
    pub fn evaluation_mode(&self) -> EvaluationMode {
        self.evaluation_mode
    }

    /// What made AWS Config invoke the rule.
    #[must_use]
    pub fn message_type(&self) -> MessageType {
        self.message_type
    }

    /// The time that orders this event's evaluations among those of other events, the same for all of them:
    /// `notificationCreationTime`, else the configuration item's capture time.
    #[must_use]
    pub fn ordering_timestamp(&self) -> Timestamp {
        self.ordering_timestamp
    }

    /// What `PutEvaluations` must be given.
    #[must_use]
    pub fn result_token(&self) -> &ResultToken {
        &self.result_token
    }

    /// `ruleParameters`, not checked yet.
    #[must_use]
    pub fn rule_parameters(&self) -> &InputParameters {
        &self.rule_parameters
    }

    /// What the event is about.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What was odd about the event, though it can be answered.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// What an event is about, and so what is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The account is evaluated.
    Account {
        /// Whether rows of earlier runs are withdrawn: on scheduled runs.
        withdraw: bool,
        /// The trail that a change notification names, if it is this account's.
        trail: Option<NotifiedTrail>,
    },
    /// This resource is `NOT_APPLICABLE`; nothing is read and nothing withdrawn.
    NotApplicable {
        /// Such as `AWS::EC2::Instance`; never blank.
        resource_type: String,
        /// The resource id as AWS Config gives it; never blank.
        resource_id: String,
        /// Why.
        reason: NotApplicableReason,
    },
    /// Nothing is read and nothing reported: what the rule does not evaluate, in an account that is not the rule's; or
    /// an account as a resource, whose row is the verdict's alone.
    Nothing,
}

/// The trail that a change notification names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifiedTrail {
    /// The resource id as AWS Config gives it: a name or an ARN; never blank.
    pub resource_id: String,
    /// Whether the trail is deleted, no longer recorded or out of the rule's scope.
    pub is_gone: bool,
}

/// Why a resource is not evaluated. The text is an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotApplicableReason {
    /// It is no trail.
    ResourceType,
    /// It is evaluated before it exists: only a live trail can be seen to record.
    Proactive,
}

impl fmt::Display for NotApplicableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResourceType => "This rule evaluates the account and its CloudTrail trails only.",
            Self::Proactive => "This rule evaluates live trails only: a planned resource records nothing yet.",
        })
    }
}

impl Subject {
    fn of_change(
        item: ConfigurationItem,
        account_id: &str,
        evaluation_mode: EvaluationMode,
        event_left_scope: bool,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let ConfigurationItem { resource_type, resource_id, aws_account_id, status, .. } = item;
        let is_own = aws_account_id.as_deref().is_none_or(|owner| owner == account_id);
        if let Some(aws_account_id) = aws_account_id.filter(|_| !is_own) {
            warnings.push(Warning::AnotherAccount { aws_account_id });
        }
        let reason = match evaluation_mode {
            EvaluationMode::Proactive => Some(NotApplicableReason::Proactive),
            EvaluationMode::Detective if resource_type != EvaluatedResource::TRAIL => {
                Some(NotApplicableReason::ResourceType)
            }
            EvaluationMode::Detective => None,
        };
        match (reason, is_own) {
            // The account's row is the verdict's alone.
            (Some(_), true) if resource_type == EvaluatedResource::ACCOUNT => Self::Nothing,
            (Some(reason), true) => Self::NotApplicable { resource_type, resource_id, reason },
            (Some(_), false) => Self::Nothing,
            (None, false) => Self::Account { withdraw: false, trail: None },
            (None, true) => {
                let is_gone = match status.as_deref() {
                    Some("OK" | "ResourceDiscovered") => false,
                    Some("ResourceDeleted" | "ResourceDeletedNotRecorded" | "ResourceNotRecorded") => true,
                    _ => {
                        warnings.push(Warning::ConfigurationItemStatus { status });
                        false
                    }
                };
                let trail = NotifiedTrail { resource_id, is_gone: is_gone || event_left_scope };
                Self::Account { withdraw: false, trail: Some(trail) }
            }
        }
    }
}

/// What was odd about an event that can be answered all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The configuration item is another account's: it gets no row.
    AnotherAccount {
        /// The account that the configuration item names.
        aws_account_id: String,
    },
    /// The trail's `configurationItemStatus` is unknown, or absent: taken as `OK`.
    ConfigurationItemStatus {
        /// What the configuration item says.
        status: Option<String>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnotherAccount { aws_account_id } => {
                write!(f, "the configuration item belongs to another account, `{aws_account_id}`, and gets no row")
            }
            Self::ConfigurationItemStatus { status: Some(status) } => {
                write!(f, "the configurationItemStatus `{status}` is unknown and taken as `OK`")
            }
            Self::ConfigurationItemStatus { status: None } => {
                f.write_str("the configurationItemStatus is missing and taken as `OK`")
            }
        }
    }
}

/// AWS Config's `evaluationMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvaluationMode {
    /// Resources that exist; also meant by an event without `evaluationMode`.
    Detective,
    /// Resources before they are deployed.
    Proactive,
}

impl EvaluationMode {
    fn new(value: Option<&Value>) -> Result<Self, InvalidInvocation> {
        match value {
            None | Some(Value::Null) => Ok(Self::Detective),
            Some(value) => match value.as_str() {
                Some("DETECTIVE") => Ok(Self::Detective),
                Some("PROACTIVE") => Ok(Self::Proactive),
                _ => Err(InvalidInvocation::EvaluationMode { value: value.to_string() }),
            },
        }
    }
}

impl fmt::Display for EvaluationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Detective => "DETECTIVE",
            Self::Proactive => "PROACTIVE",
        })
    }
}

/// AWS Config's `messageType`: what made it invoke the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    /// The rule's own frequency.
    ScheduledNotification,
    /// A configuration snapshot was delivered: the older form of a schedule.
    ConfigurationSnapshotDeliveryCompleted,
    /// A resource changed, or is evaluated again on demand.
    ConfigurationItemChangeNotification,
    /// The same, with a summary in place of a configuration item that is too large.
    OversizedConfigurationItemChangeNotification,
}

impl MessageType {
    fn new(message_type: String) -> Result<Self, InvalidInvocation> {
        match message_type.as_str() {
            "ScheduledNotification" => Ok(Self::ScheduledNotification),
            "ConfigurationSnapshotDeliveryCompleted" => Ok(Self::ConfigurationSnapshotDeliveryCompleted),
            "ConfigurationItemChangeNotification" => Ok(Self::ConfigurationItemChangeNotification),
            "OversizedConfigurationItemChangeNotification" => Ok(Self::OversizedConfigurationItemChangeNotification),
            _ => Err(InvalidInvocation::MessageType { message_type }),
        }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The secret that lets its bearer report for one invocation. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ResultToken(String);

impl ResultToken {
    fn new(value: Option<Value>) -> Result<Self, InvalidInvocation> {
        match value {
            Some(Value::String(token)) if !is_blank(&token) => Ok(Self(token)),
            None | Some(Value::Null | Value::String(_)) => Err(InvalidInvocation::Missing { path: "resultToken" }),
            Some(other) => Err(InvalidInvocation::ResultToken { found: json::kind(&other) }),
        }
    }

    /// The token itself, for the request to `PutEvaluations` and nothing else; never blank.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the token is the one with which AWS documents a trial of `PutEvaluations`, which then stores nothing.
    #[must_use]
    pub fn is_test_mode(&self) -> bool {
        self.0 == "TESTMODE"
    }
}

impl fmt::Debug for ResultToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResultToken(hidden)")
    }
}

/// A payload that cannot be answered: nothing is read and nothing reported.
///
/// Fields are named by their path in the payload; below `invokingEvent`, in its JSON.
#[derive(Debug, thiserror::Error)]
pub enum InvalidInvocation {
    /// It is a list, text, a number, a boolean or `null`.
    #[error("the payload is {found}; valid is the object that AWS Config sends to a custom rule")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// It has nothing of the event that AWS Config sends to a rule's function.
    #[error("this is not the event that AWS Config sends to a rule's function: {0}")]
    OtherEvent(OtherEvent),
    /// A field that is needed is absent or `null`; the result token: or blank.
    #[error("`{path}` is missing")]
    Missing {
        /// The field.
        path: &'static str,
    },
    /// A known field is of the wrong type or without sense, or `invokingEvent` is not JSON.
    #[error("`{path}` cannot be read: {problem}")]
    Unreadable {
        /// The field, or the object that lacks one.
        path: String,
        /// What is wrong, and what is valid.
        problem: String,
    },
    /// The result token is not text. It is not shown, whatever it is.
    #[error("`resultToken` is {found}; valid is text")]
    ResultToken {
        /// What it is.
        found: &'static str,
    },
    /// The account id is malformed.
    #[error("`accountId` is `{account_id}`; valid are 12 digits")]
    AccountId {
        /// What the event says.
        account_id: String,
    },
    /// The rule's ARN is malformed.
    #[error("`configRuleArn` is `{config_rule_arn}`; valid is `arn:PARTITION:config:REGION:ACCOUNT:config-rule/ID`")]
    ConfigRuleArn {
        /// What the event says.
        config_rule_arn: String,
    },
    /// The rule is not the account's.
    #[error("`accountId` is `{account_id}`, which is not the account in `configRuleArn`, `{config_rule_arn}`")]
    AnotherAccount {
        /// What the event says.
        account_id: String,
        /// What the event says.
        config_rule_arn: String,
    },
    /// The evaluation mode is unknown.
    #[error("`evaluationMode` is `{value}`; valid are `\"DETECTIVE\"` and `\"PROACTIVE\"`")]
    EvaluationMode {
        /// What the event says, as JSON.
        value: String,
    },
    /// The message type is unknown.
    #[error(
        "`invokingEvent.messageType` is `{message_type}`; valid are `ScheduledNotification`, \
         `ConfigurationSnapshotDeliveryCompleted`, `ConfigurationItemChangeNotification` and \
         `OversizedConfigurationItemChangeNotification`"
    )]
    MessageType {
        /// What the event says.
        message_type: String,
    },
    /// There is nothing to order evaluations by.
    #[error(
        "`invokingEvent` has neither a `notificationCreationTime` nor a configuration item with a \
         `configurationItemCaptureTime`"
    )]
    NoOrderingTimestamp,
    /// A scheduled event is proactive: it names no resource that could be planned.
    #[error("`evaluationMode` is `PROACTIVE`, but `invokingEvent.messageType` is not that of a change")]
    ProactiveWithoutResource,
}

/// An event of something else than AWS Config's rules, by what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherEvent {
    /// One of Amazon `EventBridge`, with its `detail-type`.
    EventBridge(String),
    /// A list of `Records`, as of Amazon SNS, SQS and S3.
    Records,
    /// A configuration snapshot or history that AWS Config delivers.
    ConfigurationItems,
    /// What the Lambda console proposes for a test.
    ConsoleTest,
    /// No fields at all.
    Empty,
    /// Something else, with the names of its first fields.
    Unknown(Vec<String>),
}

impl OtherEvent {
    const CONSOLE_TEST: [&str; 3] = ["key1", "key2", "key3"];
    /// So many names of fields are told, and so many characters of each.
    const TOLD: usize = 5;
    const NAME_LENGTH: usize = 40;

    /// None if there is anything that AWS Config's event must have.
    fn of(payload: &Map<String, Value>) -> Option<Self> {
        let has = |name: &&str| payload.get(*name).is_some_and(|value| !value.is_null());
        if ["resultToken", "invokingEvent", "configRuleArn", "accountId"].iter().any(has) {
            return None;
        }
        let names = || payload.keys().take(Self::TOLD).map(|name| name.chars().take(Self::NAME_LENGTH).collect());
        Some(match payload.get("detail-type") {
            Some(Value::String(detail_type)) => Self::EventBridge(detail_type.clone()),
            _ if has(&"Records") => Self::Records,
            _ if has(&"configurationItems") => Self::ConfigurationItems,
            _ if payload.len() == Self::CONSOLE_TEST.len() && Self::CONSOLE_TEST.iter().all(has) => Self::ConsoleTest,
            _ if payload.is_empty() => Self::Empty,
            _ => Self::Unknown(names().collect()),
        })
    }
}

impl fmt::Display for OtherEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventBridge(detail_type) => {
                write!(f, "it looks like one of Amazon EventBridge, with the detail-type `{detail_type}`")
            }
            Self::Records => f.write_str("it looks like a list of Records, as of Amazon SNS, SQS or S3"),
            Self::ConfigurationItems => {
                f.write_str("it looks like a configuration snapshot or history, with configurationItems")
            }
            Self::ConsoleTest => f.write_str("it looks like the Lambda console's test event"),
            Self::Empty => f.write_str("it has no fields"),
            Self::Unknown(names) => write!(f, "its fields are `{}`", names.join("`, `")),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvokingEvent {
    message_type: String,
    #[serde(default, deserialize_with = "iso_8601")]
    notification_creation_time: Option<Timestamp>,
    configuration_item: Option<Map<String, Value>>,
    configuration_item_summary: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigurationItem {
    #[serde(deserialize_with = "not_blank")]
    resource_type: String,
    #[serde(deserialize_with = "not_blank")]
    resource_id: String,
    aws_account_id: Option<String>,
    #[serde(rename = "configurationItemStatus")]
    status: Option<String>,
    #[serde(rename = "configurationItemCaptureTime", default, deserialize_with = "iso_8601")]
    capture_time: Option<Timestamp>,
}

fn iso_8601<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let (time, as_it_stands) = match Option::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Value::String(text)) => (Timestamp::parse(&text).ok(), text),
        Some(other) => (None, other.to_string()),
    };
    let invalid = || format!("`{as_it_stands}` is not a time; valid is ISO 8601 such as `2026-11-01T12:00:00.123Z`");
    time.map(Some).ok_or_else(|| D::Error::custom(invalid()))
}

/// `ConfigEvent` insists on an `eventLeftScope` and on text as `invokingEvent`.
fn envelope(mut payload: Map<String, Value>) -> Result<ConfigEvent, InvalidInvocation> {
    let event_left_scope = payload.entry("eventLeftScope").or_insert(Value::Null);
    if event_left_scope.is_null() {
        *event_left_scope = Value::Bool(false);
    }
    if let Some(invoking_event) = payload.get_mut("invokingEvent").filter(|invoking_event| invoking_event.is_object()) {
        *invoking_event = Value::String(invoking_event.to_string());
    }
    read("", payload)
}

fn read_present<T: DeserializeOwned>(
    path: &'static str,
    object: Option<Map<String, Value>>,
) -> Result<T, InvalidInvocation> {
    object.ok_or(InvalidInvocation::Missing { path }).and_then(|object| read(path, object))
}

/// Takes an object, because a derived `Deserialize` would read a list as the fields in order.
fn read<T: DeserializeOwned>(parent: &str, object: Map<String, Value>) -> Result<T, InvalidInvocation> {
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let path = match (parent, error.path().to_string().as_str()) {
            (parent, ".") => parent.to_owned(),
            ("", field) => field.to_owned(),
            (parent, field) => format!("{parent}.{field}"),
        };
        InvalidInvocation::Unreadable { path, problem: json::problem(error.inner()) }
    })
}

/// Partition, Region and account. The first two become parts of host names and role ARNs.
fn split_config_rule_arn(arn: &str) -> Option<(&str, &str, &str)> {
    let Arn { partition, service, region, account_id, resource } = Arn::parse(arn)?;
    (service == "config"
        && partition.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'-'))
        && region::is_well_formed(region)
        && resource.strip_prefix("config-rule/").is_some_and(|id| !is_blank(id)))
    .then_some((partition, region, account_id))
}

fn not_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_blank(&text) {
        return Err(D::Error::invalid_value(Unexpected::Str(&text), &"text that is not blank"));
    }
    Ok(text)
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
