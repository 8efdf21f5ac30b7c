//! `explain`: what a reason or a parameter means, where it comes from, what to do and what that costs.

use std::io::{self, Write};

use anstyle::Style;
use clap::Args;

use super::{
    error::{CliError, Exit},
    output::Destination,
};
use crate::{
    report::remedies::Remedy,
    rule::{
        cloudtrail_all_regions::{RULE, Reason},
        evidence::{Refusal, Trail},
        parameters::{Parameter, RuleParameters},
        spelling::nearest,
    },
};

const BOLD: Style = Style::new().bold();

/// Explain a reason or a parameter: what it means, the CIS number, the remedy, what it costs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions explain
  cloudtrail-all-regions explain not-logging
  cloudtrail-all-regions explain trustOrganizationTrail")]
pub struct Explain {
    /// A reason's code or a parameter's name [default: list them all]
    #[arg(value_name = "REASON|PARAMETER")]
    topic: Option<String>,
    #[command(flatten)]
    destination: Destination,
}

/// What is to be known about a reason, whatever the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The reason's code.
    pub code: &'static str,
    /// What the code means.
    pub meaning: &'static str,
    /// Who asks for it.
    pub asked_by: AskedBy,
    /// The parameter that may allow it.
    pub allowed_by: Option<&'static str>,
    /// What to do; the trail is called `TRAIL`.
    pub remedy: Remedy,
    /// What the remedy costs.
    pub cost: &'static str,
}

/// Who asks for what a reason finds missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// The recommendation of CIS.
    Cis,
    /// A parameter of the rule.
    Parameter(&'static str),
    /// Nobody: a fact could not be read.
    Nobody,
}

/// Every reason code, in the order of the rule's scenarios.
#[must_use]
pub fn reasons() -> Vec<Explanation> {
    let refusal = || Refusal { operation: String::new(), code: String::new(), home_region_code: None };
    [
        Reason::SingleRegion,
        Reason::NoGlobalServiceEvents,
        Reason::Deleted,
        Reason::StatusRefused(refusal()),
        Reason::NotLogging { since: None },
        Reason::DeliveryFailing { s3_error: String::new() },
        Reason::DeliveryStale { latest: None, max_hours: 0 },
        Reason::SelectorsRefused(refusal()),
        Reason::NoManagementEvents,
        Reason::ReadOnly,
        Reason::WriteOnly,
        Reason::SplitSelectors,
        Reason::ExcludedEventSources(Vec::new()),
        Reason::FilteredManagementEvents,
        Reason::OtherBucket { actual: None },
        Reason::OtherTopic { actual: None },
        Reason::OtherLogGroup { actual: None },
        Reason::NoLogFileValidation,
        Reason::NoKmsEncryption,
        Reason::NoCloudWatchLogs,
        Reason::NotOrganizationTrail,
        Reason::Unanswered(refusal()),
    ]
    .iter()
    .map(explanation)
    .collect()
}

fn explanation(reason: &Reason) -> Explanation {
    use AskedBy::{Cis, Nobody, Parameter};
    let (meaning, asked_by, cost) = match reason {
        Reason::SingleRegion => ("It records one Region only.", Cis, EVERY_REGION),
        Reason::NoGlobalServiceEvents => {
            ("It leaves out events of global services such as IAM.", Cis, MANAGEMENT_EVENTS)
        }
        Reason::Deleted => ("Its home Region does not know it any more.", Cis, NEW_TRAIL),
        Reason::NotAddressable | Reason::StatusRefused(_) | Reason::IsLoggingAbsent => {
            ("AWS refused GetTrailStatus, or the answer does not say whether it is logging.", Nobody, NOTHING)
        }
        Reason::NotLogging { .. } => ("Logging is off.", Cis, MANAGEMENT_EVENTS),
        Reason::DeliveryFailing { .. } => {
            ("The latest delivery to S3 failed; the annotation quotes S3's code.", Parameter("checkDelivery"), NOTHING)
        }
        Reason::DeliveryStale { .. } | Reason::DeliveryTimeAbsent => (
            "It has not delivered for longer than the limit, or does not say when it last did.",
            Parameter("maxDeliveryAgeHours"),
            NOTHING,
        ),
        Reason::SelectorsRefused(_) => ("AWS refused GetEventSelectors.", Nobody, NOTHING),
        Reason::NoManagementEvents => ("No selector takes management events.", Cis, MANAGEMENT_EVENTS),
        Reason::ReadOnly => ("Only read events are taken.", Cis, MANAGEMENT_EVENTS),
        Reason::WriteOnly => ("Only write events are taken.", Cis, MANAGEMENT_EVENTS),
        Reason::SplitSelectors => (
            "Reads and writes are taken by different selectors. All events may be recorded, but the audit text of CIS \
             asks for one selector with both.",
            Cis,
            NOTHING,
        ),
        Reason::ExcludedEventSources(_) => (
            "Events of some services are left out, such as those of KMS or of the RDS Data API.",
            Cis,
            MANAGEMENT_EVENTS,
        ),
        Reason::FilteredManagementEvents => {
            ("A selector filters management events in another way.", Cis, MANAGEMENT_EVENTS)
        }
        Reason::OtherBucket { .. } => ("It delivers to another bucket.", Parameter("s3BucketName"), NOTHING),
        Reason::OtherTopic { .. } => {
            ("It notifies another topic.", Parameter("snsTopicArn"), "SNS: by notifications, one for each log file.")
        }
        Reason::OtherLogGroup { .. } => {
            ("It sends to another log group.", Parameter("cloudWatchLogsLogGroupArn"), LOG_GROUP)
        }
        Reason::NoLogFileValidation => (
            "Log file validation is off.",
            Parameter("requireLogFileValidation"),
            "S3: an hour's digest file a Region.",
        ),
        Reason::NoKmsEncryption => (
            "No KMS key encrypts its log files.",
            Parameter("requireKmsEncryption"),
            "KMS: the key, and a request for each log file and each reader.",
        ),
        Reason::NoCloudWatchLogs => ("It sends to no log group.", Parameter("requireCloudWatchLogs"), LOG_GROUP),
        Reason::NotOrganizationTrail => (
            "It is no organization trail.",
            Parameter("requireOrganizationTrail"),
            "CloudTrail: in members that have trails of their own, it is an additional copy, at 2.00 USD per 100,000 \
             management events.",
        ),
        Reason::Unanswered(_) => ("A transient error hid a fact; no verdict rests on it.", Nobody, NOTHING),
    };
    let allowed_by = match reason {
        Reason::StatusRefused(_) | Reason::SelectorsRefused(_) => Some("trustOrganizationTrail"),
        Reason::ExcludedEventSources(_) => Some("allowedExcludedEventSources"),
        _ => None,
    };
    let remedy = Remedy::of(reason, &Trail::default(), "", &RuleParameters::default());
    Explanation { code: reason.code(), meaning, asked_by, allowed_by, remedy, cost }
}

const NOTHING: &str = "Nothing.";
/// AWS CloudTrail pricing, <https://aws.amazon.com/cloudtrail/pricing/>, November 2026.
const MANAGEMENT_EVENTS: &str = "CloudTrail: the first copy of management events in each Region is free, an additional \
                                 one is 2.00 USD per 100,000 events. S3: what is stored.";
const EVERY_REGION: &str = "CloudTrail: the first copy of management events in each Region is free, an additional one is \
                            2.00 USD per 100,000 events; data events that it takes are charged in every Region. S3: what \
                            is stored.";
const NEW_TRAIL: &str = "CloudTrail: the first copy of management events in each Region is free, an additional one is 2.00 \
                         USD per 100,000 events. S3: what is stored. With the template also a KMS key and a log group.";
const LOG_GROUP: &str = "CloudWatch Logs: ingestion and storage of every event.";

impl Explain {
    pub(super) fn run(&self, stdout: &mut dyn Write) -> Result<Exit, CliError> {
        let reasons = reasons();
        let Some(topic) = &self.topic else {
            self.destination.write(stdout, |out| list(&reasons, out))?;
            return Ok(Exit::Compliant);
        };
        let reason = reasons.iter().find(|reason| reason.code.eq_ignore_ascii_case(topic));
        let parameter = RULE.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(topic));
        match (reason, parameter) {
            (Some(reason), _) => self.destination.write(stdout, |out| explain_reason(reason, out))?,
            (None, Some(parameter)) => self.destination.write(stdout, |out| explain_parameter(parameter, out))?,
            (None, None) => {
                let topics = reasons.iter().map(|reason| reason.code);
                let topics = topics.chain(RULE.parameters.iter().map(|parameter| parameter.name));
                let nearest = nearest(topic, topics).unwrap_or_default();
                return Err(CliError::usage(format!(
                    "`{topic}` is no reason and no parameter; the nearest is {nearest}"
                )));
            }
        }
        Ok(Exit::Compliant)
    }
}

fn list(reasons: &[Explanation], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{BOLD}Reasons why a trail does not pass{BOLD:#}")?;
    let width = reasons.iter().map(|reason| reason.code.len()).max().unwrap_or_default();
    for Explanation { code, meaning, .. } in reasons {
        writeln!(out, "  {code:<width$}  {meaning}")?;
    }
    writeln!(out, "\n{BOLD}Parameters{BOLD:#}")?;
    let width = RULE.parameters.iter().map(|parameter| parameter.name.len()).max().unwrap_or_default();
    for Parameter { name, meaning, .. } in RULE.parameters {
        writeln!(out, "  {name:<width$}  {meaning}")?;
    }
    Ok(())
}

fn explain_reason(reason: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let Explanation { code, meaning, asked_by, allowed_by, remedy, cost } = reason;
    writeln!(out, "{BOLD}{code}{BOLD:#}\n  {meaning}")?;
    match asked_by {
        AskedBy::Nobody => {}
        AskedBy::Parameter(parameter) => writeln!(out, "\n{BOLD}Asked for by{BOLD:#}\n  the parameter {parameter}")?,
        AskedBy::Cis => {
            writeln!(out, "\n{BOLD}Asked for by{BOLD:#}")?;
            for recommendation in RULE.recommendations {
                writeln!(out, "  {}, {}", recommendation.benchmark, recommendation.number)?;
            }
        }
    }
    writeln!(out, "\n{BOLD}Remedy{BOLD:#}\n  {}", remedy.text)?;
    for command in &remedy.commands {
        writeln!(out, "  $ {command}")?;
    }
    if let Some(parameter) = allowed_by {
        writeln!(out, "  The parameter {parameter} may allow it.")?;
    }
    writeln!(out, "\n{BOLD}Cost{BOLD:#}\n  {cost}")
}

fn explain_parameter(parameter: &Parameter, out: &mut dyn Write) -> io::Result<()> {
    let Parameter { name, default, valid, meaning, .. } = parameter;
    writeln!(out, "{BOLD}{name}{BOLD:#}\n  {meaning}")?;
    writeln!(out, "\n{BOLD}Valid{BOLD:#}\n  {valid}")?;
    writeln!(out, "\n{BOLD}Default{BOLD:#}\n  {}", default.unwrap_or("unset"))?;
    let asked: Vec<Explanation> =
        reasons().into_iter().filter(|reason| reason.asked_by == AskedBy::Parameter(name)).collect();
    for reason in &asked {
        writeln!(out, "\n{BOLD}Reason{BOLD:#}\n  {}: {}", reason.code, reason.meaning)?;
    }
    // AWS Config pricing, https://aws.amazon.com/config/pricing/, November 2026.
    let cost = match *name {
        "trailResults" => "AWS Config: an evaluation more for each discovered trail and run, at 0.001 USD or less.",
        "reportingRegion" => "AWS Config: the evaluation that answers NOT_APPLICABLE in each other Region.",
        _ => asked.first().map_or(NOTHING, |reason| reason.cost),
    };
    writeln!(out, "\n{BOLD}Cost{BOLD:#}\n  {cost}")
}
