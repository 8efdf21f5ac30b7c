//! CIS AWS Foundations v3.0.0, recommendation 3.1: ensure CloudTrail is enabled in all Regions.
//!
//! Scenarios, each a case below `tests/cases/cloudtrail_all_regions`:
//!
//! 1. A trail that records one Region only fails, and is not asked anything.
//! 2. A trail without the events of global services fails.
//! 3. An own trail that its home Region does not know any more fails.
//! 4. A trail whose status may not be read, or does not say whether it is logging, is unknown.
//! 5. A trail that is not logging fails.
//! 6. A trail whose delivery to S3 fails, fails.
//! 7. A trail that has not delivered for longer than `maxDeliveryAgeHours` fails.
//! 8. A trail whose selectors may not be read is unknown, unless it has the default selectors.
//! 9. A trail without selectors fails, unless it has the default selectors.
//! 10. A trail of which no one selector takes all management events, read and write, fails.
//! 11. A trail that misses an optional requirement fails.
//!
//! The account is `COMPLIANT` if some trail passes all of these. Else, a transient error leaves it without a verdict; a
//! permanent refusal makes it `NON_COMPLIANT`, "could not verify"; and so does everything else.

use std::fmt;

use serde::Serialize;

use super::{
    Recommendation, Rule, Verdict,
    evaluation::{Annotation, ComplianceType, EvaluatedResource, Evaluation},
    evidence::{Evidence, Observed, Refusal, Trail, list_each_trail_once},
    management_events::ManagementEvents,
    parameters::{EXCLUDABLE_EVENT_SOURCES, OnIndeterminate, PARAMETERS, RuleParameters, log_group_arn},
    timestamp::Timestamp,
};

/// The rule.
pub const RULE: Rule = Rule {
    default_name: "cis-3-1-cloudtrail-all-regions",
    description: "CIS AWS Foundations v3.0.0, 3.1: some CloudTrail trail records every management event, read and \
                  write, in every Region of this account, and is really doing so now.",
    resource_type: EvaluatedResource::TRAIL,
    recommendations: &[
        Recommendation { benchmark: "CIS AWS Foundations v1.4.0", number: "3.1" },
        Recommendation { benchmark: "CIS AWS Foundations v2.0.0", number: "3.1" },
        Recommendation { benchmark: "CIS AWS Foundations v3.0.0", number: "3.1" },
        Recommendation { benchmark: "CIS AWS Foundations v4.0.0", number: "3.1" },
        Recommendation { benchmark: "CIS AWS Foundations v5.0.0", number: "3.1" },
        Recommendation { benchmark: "CIS AWS Foundations v6.0.0", number: "4.1" },
        Recommendation { benchmark: "CIS AWS Foundations v7.0.0", number: "4.1" },
    ],
    parameters: PARAMETERS,
    evaluate,
};

/// Why a trail does not pass: the facts; [`Reason::code`] is stable, `Display` is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "`code` and `Display` name each")]
pub enum Reason {
    SingleRegion,
    NoGlobalServiceEvents,
    Deleted,
    NotAddressable,
    StatusRefused(Refusal),
    IsLoggingAbsent,
    NotLogging { since: Option<Timestamp> },
    DeliveryFailing { s3_error: String },
    DeliveryStale { latest: Option<Timestamp>, max_hours: u32 },
    DeliveryTimeAbsent,
    SelectorsRefused(Refusal),
    NoManagementEvents,
    ReadOnly,
    WriteOnly,
    SplitSelectors,
    ExcludedEventSources(Vec<String>),
    FilteredManagementEvents,
    OtherBucket { actual: Option<String> },
    OtherTopic { actual: Option<String> },
    OtherLogGroup { actual: Option<String> },
    NoLogFileValidation,
    NoKmsEncryption,
    NoCloudWatchLogs,
    NotOrganizationTrail,
    Unanswered(Refusal),
}

impl Reason {
    /// The stable code, for logs and machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::SingleRegion => "single-region",
            Self::NoGlobalServiceEvents => "no-global-service-events",
            Self::Deleted => "deleted",
            Self::NotAddressable | Self::StatusRefused(_) | Self::IsLoggingAbsent => "status-unreadable",
            Self::NotLogging { .. } => "not-logging",
            Self::DeliveryFailing { .. } => "delivery-failing",
            Self::DeliveryStale { .. } | Self::DeliveryTimeAbsent => "delivery-stale",
            Self::SelectorsRefused(_) => "selectors-unreadable",
            Self::NoManagementEvents => "no-management-events",
            Self::ReadOnly => "read-only",
            Self::WriteOnly => "write-only",
            Self::SplitSelectors => "split-selectors",
            Self::ExcludedEventSources(_) => "excluded-event-sources",
            Self::FilteredManagementEvents => "filtered-management-events",
            Self::OtherBucket { .. } => "other-bucket",
            Self::OtherTopic { .. } => "other-topic",
            Self::OtherLogGroup { .. } => "other-log-group",
            Self::NoLogFileValidation => "no-log-file-validation",
            Self::NoKmsEncryption => "no-kms-encryption",
            Self::NoCloudWatchLogs => "no-cloudwatch-logs",
            Self::NotOrganizationTrail => "not-organization-trail",
            Self::Unanswered(_) => "unanswered",
        }
    }

    /// What a trail is that has this reason and no weightier one.
    fn result(&self) -> TrailResult {
        match self {
            Self::Unanswered(_) => TrailResult::Hidden,
            Self::NotAddressable
            | Self::StatusRefused(_)
            | Self::IsLoggingAbsent
            | Self::DeliveryTimeAbsent
            | Self::SelectorsRefused(_) => TrailResult::Unknown,
            _ => TrailResult::Fail,
        }
    }

    /// The refused call, where the reason is that a call was permanently refused.
    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::StatusRefused(refusal) | Self::SelectorsRefused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The refused call, where `trustOrganizationTrail` may stand for it: AWS's permanent word, and no time-out behind it.
    fn trustable(&self) -> Option<&Refusal> {
        self.refusal().filter(|refusal| refusal.is_of_home_region())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = |f: &mut fmt::Formatter<'_>, what: &str, actual: &Option<String>| match actual {
            Some(actual) => write!(f, "uses another {what} ({actual})"),
            None => write!(f, "has no {what}"),
        };
        match self {
            Self::SingleRegion => f.write_str("records one Region only"),
            Self::NoGlobalServiceEvents => f.write_str("leaves out global service events"),
            Self::Deleted => f.write_str("does not exist any more"),
            Self::NotAddressable => f.write_str("DescribeTrails gives no ARN or no Region to ask about it"),
            Self::StatusRefused(refusal) => write!(f, "status unreadable ({refusal})"),
            Self::IsLoggingAbsent => f.write_str("GetTrailStatus does not say whether it is logging"),
            Self::NotLogging { since: Some(since) } => write!(f, "logging is off since {since}"),
            Self::NotLogging { since: None } => f.write_str("logging is off"),
            Self::DeliveryFailing { s3_error } => write!(f, "delivery to S3 fails ({s3_error})"),
            Self::DeliveryStale { latest: Some(latest), max_hours } => {
                write!(f, "last delivered to S3 at {latest}, more than {max_hours} h ago")
            }
            Self::DeliveryStale { latest: None, .. } => f.write_str("has not delivered to S3 since logging started"),
            Self::DeliveryTimeAbsent => f.write_str("GetTrailStatus does not say when it last delivered to S3"),
            Self::SelectorsRefused(refusal) => write!(f, "event selectors unreadable ({refusal})"),
            Self::NoManagementEvents => f.write_str("records no management events"),
            Self::ReadOnly => f.write_str("records only read management events"),
            Self::WriteOnly => f.write_str("records only write management events"),
            Self::SplitSelectors => f.write_str("no one selector takes both read and write management events"),
            Self::ExcludedEventSources(sources) => write!(f, "leaves out events of {}", sources.join(" and ")),
            Self::FilteredManagementEvents => f.write_str("its selectors filter management events"),
            Self::OtherBucket { actual } => other(f, "bucket", actual),
            Self::OtherTopic { actual } => other(f, "SNS topic", actual),
            Self::OtherLogGroup { actual } => other(f, "log group", actual),
            Self::NoLogFileValidation => f.write_str("log file validation is off"),
            Self::NoKmsEncryption => f.write_str("no KMS key encrypts its log files"),
            Self::NoCloudWatchLogs => f.write_str("sends to no log group"),
            Self::NotOrganizationTrail => f.write_str("is no organization trail"),
            Self::Unanswered(refusal) => write!(f, "not read this time ({refusal})"),
        }
    }
}

/// How a trail ends. The later, the weightier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum TrailResult {
    /// It was seen to record every management event in every Region, or is trusted to.
    Pass,
    /// Nothing fails, and a transient error withheld a fact.
    Hidden,
    /// Nothing fails, and a fact that is needed is permanently withheld.
    Unknown,
    /// It definitely does not.
    Fail,
}

/// A trail and what became of it.
#[derive(Debug, Clone)]
pub struct JudgedTrail<'e> {
    /// The trail.
    pub trail: &'e Trail,
    /// How it ends.
    pub result: TrailResult,
    /// Why it does not pass: all reasons of its result, in the order of the scenarios.
    pub reasons: Vec<Reason>,
    /// The refused calls in place of which `trustOrganizationTrail` stands.
    pub trusted: Vec<Refusal>,
    /// By which event selectors it records, if it does.
    recorded: Option<Recorded>,
    /// The parameter that would let it pass, if one would.
    pub allowed_by: Option<&'static str>,
}

/// By which event selectors a trail records every management event.
#[derive(Debug, Clone)]
enum Recorded {
    /// One that leaves out these event sources, as allowed.
    Selector { except: Vec<String> },
    /// The default ones, which `HasCustomEventSelectors` shows; `GetEventSelectors` may have been refused.
    Default(Option<Refusal>),
}

/// Nothing may be reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no verdict: {why}")]
pub struct Indeterminate {
    why: String,
}

fn evaluate<'e>(evidence: &'e Evidence, parameters: &RuleParameters) -> Verdict<'e> {
    let mut trails: Vec<JudgedTrail> = Vec::new();
    if let Observed::Known(listed) = &evidence.trails {
        let mut listed: Vec<&Trail> = listed.iter().collect();
        list_each_trail_once(&mut listed);
        listed.sort_by_key(|trail| !trail.is_multi_region());
        trails.extend(listed.into_iter().map(|trail| judge(trail, evidence, parameters)));
    }
    let evaluations = judge_account(evidence, parameters, &trails).map(|account| {
        let rows = trail_rows(evidence, parameters, &trails, account.compliance_type);
        std::iter::once(account).chain(rows).collect()
    });
    Verdict { trails, evaluations }
}

/// Judges one trail by the scenarios above.
fn judge<'e>(trail: &'e Trail, evidence: &Evidence, parameters: &RuleParameters) -> JudgedTrail<'e> {
    let is_own = trail.is_owned_by(&evidence.account_id);
    let is_of_another_account = !is_own && trail.owner_account_id().is_some();
    let is_foreign_organization_trail =
        trail.is_multi_region() && trail.is_organization_trail == Some(true) && is_of_another_account;
    let mut reasons = Vec::new();
    let mut recorded = None;

    if !trail.is_multi_region() {
        reasons.push(Reason::SingleRegion);
    }
    if trail.include_global_service_events == Some(false) {
        reasons.push(Reason::NoGlobalServiceEvents);
    }
    if trail.is_multi_region() {
        if is_own && is_deleted(trail) {
            reasons.push(Reason::Deleted);
        }
        if trail.trail_arn.is_none() || trail.home_region().is_none() {
            reasons.push(Reason::NotAddressable);
        } else {
            judge_status(trail, evidence.collected_at, parameters, &mut reasons);
            match judge_selectors(trail, parameters) {
                Ok(by) => recorded = Some(by),
                Err(reason) => reasons.push(reason),
            }
        }
    }
    judge_requirements(trail, parameters, &mut reasons);

    let mut trusted = Vec::new();
    if is_foreign_organization_trail && parameters.trust_organization_trail {
        trusted.extend(reasons.iter().filter_map(Reason::trustable).cloned());
        reasons.retain(|reason| reason.trustable().is_none());
    }
    let allowed_by = match &reasons[..] {
        [Reason::ExcludedEventSources(sources)]
            if sources.iter().all(|source| EXCLUDABLE_EVENT_SOURCES.contains(&source.as_str())) =>
        {
            Some("allowedExcludedEventSources")
        }
        [_, ..] if is_foreign_organization_trail && reasons.iter().all(|reason| reason.trustable().is_some()) => {
            Some("trustOrganizationTrail")
        }
        _ => None,
    };
    let result = reasons.iter().map(Reason::result).max().unwrap_or(TrailResult::Pass);
    reasons.retain(|reason| reason.result() == result);
    JudgedTrail { trail, result, reasons, trusted, recorded, allowed_by }
}

/// Whether the home Region of the trail answered either call that it does not know the trail.
fn is_deleted(trail: &Trail) -> bool {
    let says_so = |refusal: &Refusal| refusal.code == "TrailNotFoundException" && refusal.home_region_code.is_none();
    matches!(&trail.get_trail_status, Some(Observed::Refused { refused }) if says_so(refused))
        || matches!(&trail.get_event_selectors, Some(Observed::Refused { refused }) if says_so(refused))
}

fn not_asked(operation: &str) -> Reason {
    Reason::Unanswered(Refusal { operation: operation.to_owned(), code: "NotAsked".to_owned(), home_region_code: None })
}

fn judge_status(trail: &Trail, now: Timestamp, parameters: &RuleParameters, reasons: &mut Vec<Reason>) {
    let status = match &trail.get_trail_status {
        Some(Observed::Known(status)) => status,
        Some(Observed::Refused { refused }) => return reasons.push(Reason::StatusRefused(refused.clone())),
        Some(Observed::Unanswered { unanswered }) => return reasons.push(Reason::Unanswered(unanswered.clone())),
        None => return reasons.push(not_asked("GetTrailStatus")),
    };
    match status.is_logging {
        Some(false) => return reasons.push(Reason::NotLogging { since: status.stop_logging_time }),
        Some(true) => {}
        None => reasons.push(Reason::IsLoggingAbsent),
    }
    let s3_error = status.latest_delivery_error.as_deref().map_or("", str::trim);
    if parameters.check_delivery && !s3_error.is_empty() && s3_error != "None" {
        reasons.push(Reason::DeliveryFailing { s3_error: s3_error.to_owned() });
    }
    if let Some(max_hours) = parameters.max_delivery_age_hours {
        match (status.latest_delivery_time, status.start_logging_time) {
            (Some(latest), _) if !latest.is_older_than_hours(max_hours, now) => {}
            (None, None) => reasons.push(Reason::DeliveryTimeAbsent),
            (latest, _) => reasons.push(Reason::DeliveryStale { latest, max_hours }),
        }
    }
}

fn judge_selectors(trail: &Trail, parameters: &RuleParameters) -> Result<Recorded, Reason> {
    let has_default_selectors = trail.has_custom_event_selectors == Some(false);
    let selectors = match &trail.get_event_selectors {
        Some(Observed::Known(selectors)) => selectors,
        Some(Observed::Refused { refused }) if has_default_selectors => {
            return Ok(Recorded::Default(Some(refused.clone())));
        }
        Some(Observed::Refused { refused }) => return Err(Reason::SelectorsRefused(refused.clone())),
        Some(Observed::Unanswered { unanswered }) => return Err(Reason::Unanswered(unanswered.clone())),
        None => return Err(not_asked("GetEventSelectors")),
    };
    let has_none = selectors.event_selectors.is_empty() && selectors.advanced_event_selectors.is_empty();
    if has_none && has_default_selectors {
        return Ok(Recorded::Default(None));
    }
    match ManagementEvents::recorded_by(selectors, &parameters.allowed_excluded_event_sources) {
        ManagementEvents::All { except } => Ok(Recorded::Selector { except }),
        ManagementEvents::NoneAtAll => Err(Reason::NoManagementEvents),
        ManagementEvents::ReadOnly => Err(Reason::ReadOnly),
        ManagementEvents::WriteOnly => Err(Reason::WriteOnly),
        ManagementEvents::Split => Err(Reason::SplitSelectors),
        ManagementEvents::ExceptEventSources(sources) => Err(Reason::ExcludedEventSources(sources)),
        ManagementEvents::Filtered => Err(Reason::FilteredManagementEvents),
    }
}

fn judge_requirements(trail: &Trail, parameters: &RuleParameters, reasons: &mut Vec<Reason>) {
    let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let differs = |actual: &Option<String>, required: &Option<String>| required.is_some() && actual != required;
    let (bucket, topic) = (set(&trail.s3_bucket_name), set(&trail.sns_topic_arn));
    let log_group = set(&trail.cloud_watch_logs_log_group_arn.as_deref().map(|arn| log_group_arn(arn).to_owned()));
    if differs(&bucket, &parameters.s3_bucket_name) {
        reasons.push(Reason::OtherBucket { actual: bucket });
    }
    if differs(&topic, &parameters.sns_topic_arn) {
        reasons.push(Reason::OtherTopic { actual: topic });
    }
    if differs(&log_group, &parameters.cloud_watch_logs_log_group_arn) {
        reasons.push(Reason::OtherLogGroup { actual: log_group.clone() });
    }
    if parameters.require_log_file_validation && trail.log_file_validation_enabled != Some(true) {
        reasons.push(Reason::NoLogFileValidation);
    }
    if parameters.require_kms_encryption && set(&trail.kms_key_id).is_none() {
        reasons.push(Reason::NoKmsEncryption);
    }
    if parameters.require_cloud_watch_logs && log_group.is_none() {
        reasons.push(Reason::NoCloudWatchLogs);
    }
    if parameters.require_organization_trail && trail.is_organization_trail != Some(true) {
        reasons.push(Reason::NotOrganizationTrail);
    }
}

fn judge_account(
    evidence: &Evidence,
    parameters: &RuleParameters,
    trails: &[JudgedTrail],
) -> Result<Evaluation, Indeterminate> {
    let row = |compliance_type, annotation| Evaluation {
        resource: EvaluatedResource::account(&evidence.account_id),
        compliance_type,
        annotation,
    };
    let could_not_verify = |annotation: Annotation| match parameters.on_indeterminate {
        OnIndeterminate::NonCompliant => Ok(row(ComplianceType::NonCompliant, annotation)),
        OnIndeterminate::Error => Err(Indeterminate { why: annotation.to_string() }),
    };
    match &evidence.trails {
        Observed::Unanswered { unanswered } => return Err(Indeterminate { why: unanswered.to_string() }),
        Observed::Refused { refused } => {
            return could_not_verify(Annotation::new(&format!("Could not verify: {refused}")));
        }
        Observed::Known(_) => {}
    }
    let ends_as = |result: TrailResult| trails.iter().filter(move |judged| judged.result == result);
    if let Some(passing) = ends_as(TrailResult::Pass).min_by_key(|judged| !judged.trusted.is_empty()) {
        return Ok(row(ComplianceType::Compliant, passing.satisfaction(parameters)));
    }
    if ends_as(TrailResult::Hidden).next().is_some() {
        let why: Vec<String> = ends_as(TrailResult::Hidden).map(JudgedTrail::to_string).collect();
        return Err(Indeterminate { why: why.join("; ") });
    }
    let lines: Vec<String> = trails.iter().map(JudgedTrail::to_string).collect();
    let closing = remedies(trails.iter());
    if ends_as(TrailResult::Unknown).next().is_some() {
        let annotation = Annotation::listing("Could not verify: ", &lines, &closing);
        // Operation and code stand in front where the line that has them does not fit.
        let refusal = ends_as(TrailResult::Unknown).flat_map(|judged| &judged.reasons).find_map(Reason::refusal);
        return could_not_verify(match refusal.map(Refusal::to_string) {
            Some(refusal) if !annotation.as_str().contains(&refusal) => {
                Annotation::listing(&format!("Could not verify ({refusal}): "), &lines, &closing)
            }
            _ => annotation,
        });
    }
    let annotation = if trails.is_empty() {
        Annotation::new(&format!("There is no trail: DescribeTrails in {} lists none.", evidence.region))
    } else {
        Annotation::listing("No trail passes: ", &lines, &closing)
    };
    Ok(row(ComplianceType::NonCompliant, annotation))
}

/// A row for each trail that AWS Config has discovered, and for the one that it says is gone.
fn trail_rows(
    evidence: &Evidence,
    parameters: &RuleParameters,
    trails: &[JudgedTrail],
    account: ComplianceType,
) -> Vec<Evaluation> {
    let mut rows = Vec::new();
    if !parameters.trail_results {
        return rows;
    }
    if let (Some(Observed::Known(ids)), Observed::Known(_)) = (&evidence.discovered_trails, &evidence.trails) {
        let mut ids: Vec<&String> = ids.iter().filter(|id| Some(*id) != evidence.deleted_trail.as_ref()).collect();
        ids.sort();
        ids.dedup();
        rows.extend(ids.into_iter().map(|id| trail_row(id, find(id, evidence, trails), parameters, account)));
    }
    if evidence.trails.known().is_some() {
        rows.extend(evidence.deleted_trail.as_deref().map(deleted_trail_row));
    }
    rows
}

/// The row of a trail that AWS Config says is gone: `NOT_APPLICABLE`, so that its earlier result is removed.
pub(super) fn deleted_trail_row(resource_id: &str) -> Evaluation {
    Evaluation {
        resource: EvaluatedResource::trail(resource_id),
        compliance_type: ComplianceType::NotApplicable,
        annotation: Annotation::new("AWS Config says that this trail is deleted or not recorded any more"),
    }
}

fn trail_row(
    resource_id: &str,
    judged: Option<&JudgedTrail>,
    parameters: &RuleParameters,
    account: ComplianceType,
) -> Evaluation {
    let (compliance_type, annotation) = match judged {
        None => (ComplianceType::NotApplicable, Annotation::new("There is no live trail of this name or ARN")),
        Some(judged) if judged.result == TrailResult::Pass => {
            (ComplianceType::Compliant, judged.satisfaction(parameters))
        }
        Some(judged) => {
            let reasons: Vec<String> = judged.reasons.iter().map(Reason::to_string).collect();
            let annotation = Annotation::listing("", &reasons, &remedies(std::iter::once(judged)));
            match account {
                ComplianceType::NonCompliant => (ComplianceType::NonCompliant, annotation),
                ComplianceType::Compliant | ComplianceType::NotApplicable => {
                    (ComplianceType::NotApplicable, annotation)
                }
            }
        }
    };
    Evaluation { resource: EvaluatedResource::trail(resource_id), compliance_type, annotation }
}

/// An ARN matches by ARN; any other id the own trail of that name in the rule's Region, else the only own one.
fn find<'t, 'e>(id: &str, evidence: &Evidence, trails: &'t [JudgedTrail<'e>]) -> Option<&'t JudgedTrail<'e>> {
    if id.starts_with("arn:") {
        return trails.iter().find(|judged| judged.trail.trail_arn.as_deref() == Some(id));
    }
    let named =
        |judged: &&JudgedTrail| judged.trail.is_owned_by(&evidence.account_id) && judged.trail.display_name() == id;
    let is_here = |judged: &&JudgedTrail| judged.trail.home_region() == Some(evidence.region.as_str());
    trails.iter().filter(named).find(is_here).or_else(|| {
        let mut all = trails.iter().filter(named);
        all.next().filter(|_| all.next().is_none())
    })
}

/// Names the parameters that would let a trail pass.
fn remedies<'t, 'e: 't>(trails: impl Iterator<Item = &'t JudgedTrail<'e>>) -> String {
    let mut remedies: Vec<&str> = trails.filter_map(|judged| judged.allowed_by).collect();
    remedies.sort_unstable();
    remedies.dedup();
    if remedies.is_empty() { String::new() } else { format!(" ({} would allow it)", remedies.join(" or ")) }
}

impl JudgedTrail<'_> {
    /// How the trail, which passes, satisfies the rule. The bucket always fits.
    #[must_use]
    pub fn satisfaction(&self, parameters: &RuleParameters) -> Annotation {
        let name = self.trail.display_name();
        let bucket = self.trail.s3_bucket_name.as_deref().unwrap_or("(not named)");
        if !self.trusted.is_empty() {
            let refusals: Vec<String> = self.trusted.iter().map(Refusal::to_string).collect();
            let text = format!("{}. Organization trail {name} of another account", refusals.join("; "));
            return Annotation::listing("Trusted, not read: ", &[text], &format!(", bucket {bucket}"));
        }
        let how = match &self.recorded {
            Some(Recorded::Selector { except }) if !except.is_empty() => {
                format!(" except those of {}, as allowed,", except.join(" and "))
            }
            Some(Recorded::Default(Some(refusal))) => format!(" by its default event selectors ({refusal})"),
            Some(Recorded::Default(None)) => " by its default event selectors".to_owned(),
            Some(Recorded::Selector { .. }) | None => String::new(),
        };
        let delivery = if parameters.check_delivery { "" } else { "; delivery not checked" };
        let text = format!("{name} records all management events{how} in all Regions");
        Annotation::listing("", &[text], &format!(" to bucket {bucket}{delivery}"))
    }
}

impl fmt::Display for JudgedTrail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<String> = self.reasons.iter().map(Reason::to_string).collect();
        write!(f, "{}: {}", self.trail.display_name(), reasons.join(", "))
    }
}
