//! One trail: does it record every management event, read and write, in every Region, and is it really doing so now?

use std::{collections::BTreeMap, fmt};

use super::{
    delivery::{self, Proof, Proving, TrailProof},
    evaluation::{Annotation, Part},
    evidence::{Evidence, Observed, Refusal, Trail},
    management_events::ManagementEvents,
    parameters::{EXCLUDABLE_EVENT_SOURCES, RuleParameters, log_group_arn},
    reasons::{Code, Delivered, Reason, TrailResult, Unreadable},
    timestamp::Timestamp,
};

/// A trail and what became of it.
#[derive(Debug, Clone)]
pub struct JudgedTrail<'e> {
    /// The trail.
    pub trail: &'e Trail,
    /// What it is called where others are, too: its name, and its Region and account where another has the same.
    pub label: String,
    /// How it ends.
    pub result: TrailResult,
    /// Why it does not pass: all reasons of its result, in the order of the scenarios.
    pub reasons: Vec<Reason>,
    /// What else is wrong or not known, where a weightier reason decides.
    pub outweighed: Vec<Reason>,
    /// The refused calls in place of which `trustOrganizationTrail` stands.
    pub trusted: Vec<Refusal>,
    /// By which event selectors it records, if it does.
    recorded: Option<Recorded>,
    /// The parameter that would let it pass, if one would.
    pub allowed_by: Option<&'static str>,
    /// What its delivery proves, if that was asked.
    pub proof: Option<TrailProof>,
}

/// By which event selectors a trail records every management event.
#[derive(Debug, Clone)]
enum Recorded {
    /// One that leaves out these event sources, as allowed.
    Selector { except: Vec<String> },
    /// The default ones, which `HasCustomEventSelectors` shows; `GetEventSelectors` may have been refused.
    Default(Option<Refusal>),
}

/// Judges one trail by the scenarios of [`rule`](super).
pub(super) fn judge<'e>(trail: &'e Trail, evidence: &Evidence, parameters: &RuleParameters) -> JudgedTrail<'e> {
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
        if trail.known_arn().is_none() || trail.home_region().is_none() {
            reasons.push(Reason::StatusUnreadable(Unreadable::NotAddressable));
        } else {
            if is_own && is_deleted(trail) {
                reasons.push(Reason::Deleted);
            }
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
        trusted.extend(reasons.iter().filter_map(Reason::refusal).cloned());
        reasons.retain(|reason| reason.refusal().is_none());
    }
    let is_allowable = |reason: &Reason| {
        if let Reason::ExcludedEventSources(_) = reason {
            passes_with_every_exclusion(trail)
        } else {
            is_foreign_organization_trail && reason.refusal().is_some()
        }
    };
    let allowing = reasons.iter().map(|reason| reason.code().about().allowed_by.filter(|_| is_allowable(reason)));
    let allowed_by = allowing.reduce(|one, other| one.filter(|_| one == other)).flatten();
    let result = reasons.iter().map(Reason::result).max().unwrap_or(TrailResult::Pass);
    let outweighed = reasons.extract_if(.., |reason| reason.result() != result).collect();
    let label = trail.display_name().to_owned();
    JudgedTrail { trail, label, result, reasons, outweighed, trusted, recorded, allowed_by, proof: None }
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
        Some(Observed::Refused { refused }) => {
            return reasons.push(Reason::StatusUnreadable(Unreadable::Refused(refused.clone())));
        }
        Some(Observed::Unanswered { unanswered }) => {
            return reasons.push(Reason::Unanswered(unanswered.clone()));
        }
        None => return reasons.push(not_asked("GetTrailStatus")),
    };
    match status.is_logging {
        Some(false) => return reasons.push(Reason::NotLogging { since: status.stop_logging_time }),
        Some(true) => {}
        None => reasons.push(Reason::StatusUnreadable(Unreadable::NotSaid)),
    }
    let s3_error = status.latest_delivery_error.as_deref().map_or("", str::trim);
    if parameters.check_delivery && !s3_error.is_empty() && s3_error != "None" {
        reasons.push(Reason::DeliveryFailing { s3_error: s3_error.to_owned(), latest: status.latest_delivery_time });
    }
    if let Some(max_hours) = parameters.max_delivery_age_hours {
        let (delivered, started) = (status.latest_delivery_time, status.start_logging_time);
        let is_recent = |time: Timestamp| !time.is_older_than_hours(max_hours, now);
        if delivered.max(started).is_some_and(is_recent) {
            return;
        }
        let delivered = match (delivered, started) {
            (Some(latest), _) => Delivered::At(latest),
            (None, Some(_)) => Delivered::NotSinceStart,
            (None, None) => Delivered::NotSaid,
        };
        reasons.push(Reason::DeliveryStale { delivered, max_hours });
    }
}

fn judge_selectors(trail: &Trail, parameters: &RuleParameters) -> Result<Recorded, Reason> {
    let is_default = trail.has_default_event_selectors();
    let selectors = match &trail.get_event_selectors {
        Some(Observed::Known(_)) if is_default => return Ok(Recorded::Default(None)),
        Some(Observed::Refused { refused }) if is_default => return Ok(Recorded::Default(Some(refused.clone()))),
        Some(Observed::Known(selectors)) => selectors,
        Some(Observed::Refused { refused }) => return Err(Reason::SelectorsUnreadable(refused.clone())),
        Some(Observed::Unanswered { unanswered }) => return Err(Reason::Unanswered(unanswered.clone())),
        None => return Err(not_asked("GetEventSelectors")),
    };
    match ManagementEvents::recorded_by(selectors, &parameters.allowed_excluded_event_sources) {
        ManagementEvents::All { except } => Ok(Recorded::Selector { except }),
        ManagementEvents::NotUnderstood(member) => Err(Reason::SelectorsNotUnderstood { member }),
        ManagementEvents::NoneAtAll => Err(Reason::NoManagementEvents),
        ManagementEvents::ReadOnly => Err(Reason::ReadOnly),
        ManagementEvents::WriteOnly => Err(Reason::WriteOnly),
        ManagementEvents::Split => Err(Reason::SplitSelectors),
        ManagementEvents::ExceptEventSources(sources) => Err(Reason::ExcludedEventSources(sources)),
        ManagementEvents::Filtered(filters) => Err(Reason::FilteredManagementEvents(filters)),
    }
}

/// Whether `allowedExcludedEventSources` could let the selectors of the trail pass.
fn passes_with_every_exclusion(trail: &Trail) -> bool {
    let selectors = trail.get_event_selectors.as_ref().and_then(Observed::known);
    let allowed = EXCLUDABLE_EVENT_SOURCES.map(str::to_owned);
    let recorded = selectors.map(|selectors| ManagementEvents::recorded_by(selectors, &allowed));
    matches!(recorded, Some(ManagementEvents::All { .. }))
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

impl JudgedTrail<'_> {
    /// Lets the trail, if it passes, pass only with the proof of its delivery. Proof is never a reason for a trail.
    pub(super) fn hold_to(&mut self, proving: &Proving<'_>, evidence: &Evidence, parameters: &RuleParameters) {
        let named = proving.trail.as_ref();
        let is_named = named.is_some() && named == self.trail.trail_arn.as_ref();
        let is_asked = named.is_none() || is_named;
        let passes = self.result == TrailResult::Pass;
        let reason = if !is_asked {
            Reason::DeliveryUnproved { why: "its delivery was not asked for".to_owned() }
        } else if self.trail.delivery.is_none() && passes {
            Reason::DeliveryUnproved {
                why: "the evidence has nothing of its delivery: it was saved by check".to_owned(),
            }
        } else if passes || is_named {
            let is_other = |other: &&Trail| other.trail_arn != self.trail.trail_arn;
            let shares = |other: &Trail| {
                other.s3_bucket_name == self.trail.s3_bucket_name && other.s3_key_prefix == self.trail.s3_key_prefix
            };
            let mut others = evidence.trails.known().into_iter().flatten().filter(is_other);
            let question = delivery::Question {
                account_id: &evidence.account_id,
                collected_at: evidence.collected_at,
                within_seconds: proving.within_seconds,
                check_delivery: parameters.check_delivery,
                shares_bucket: others.any(shares),
            };
            let proof = delivery::judge(self.trail, &question, proving.read);
            let (state, line) = (proof.proof, proof.to_string());
            self.proof = Some(proof);
            match state {
                Proof::Proved => return,
                Proof::Disproved => Reason::NotDelivered { regions: line },
                Proof::NotProved => Reason::DeliveryUnproved { why: line },
            }
        } else {
            return;
        };
        if passes {
            self.result = reason.result();
            self.reasons.push(reason);
        }
    }

    /// Its reasons without their facts.
    pub fn codes(&self) -> impl Iterator<Item = Code> {
        self.reasons.iter().map(Reason::code)
    }

    /// How the trail, which passes, satisfies the rule. The bucket always fits.
    #[must_use]
    pub fn satisfaction(&self, parameters: &RuleParameters) -> Annotation {
        let name = &self.label;
        let bucket = self.trail.s3_bucket_name.as_deref().unwrap_or("(not named)");
        if !self.trusted.is_empty() {
            let refusals: Vec<String> = self.trusted.iter().map(Refusal::to_string).collect();
            let text = format!("{}. Organization trail {name} of another account", refusals.join("; "));
            let proof = self.proof.as_ref().map_or(String::new(), |proof| format!(". {proof}"));
            let end = format!(", bucket {bucket}{proof}");
            return Annotation::listing("Trusted, not read: ", &[Part { text, end }]);
        }
        let how = match &self.recorded {
            Some(Recorded::Selector { except }) if !except.is_empty() => {
                format!(" except those of {}, as allowed,", except.join(" and "))
            }
            Some(Recorded::Default(Some(refusal))) => format!(" by its default event selectors ({refusal})"),
            Some(Recorded::Default(None)) => " by its default event selectors".to_owned(),
            Some(Recorded::Selector { .. }) | None => String::new(),
        };
        let delivery = match &self.proof {
            Some(proof) => format!(". {proof}"),
            None if parameters.check_delivery => String::new(),
            None => "; delivery not checked".to_owned(),
        };
        let text = format!("{name} records all management events{how} in all Regions");
        Annotation::listing("", &[Part { text, end: format!(" to bucket {bucket}{delivery}") }])
    }

    /// The trail and its reasons, with the parameter that would let it pass beside them.
    pub(super) fn part(&self) -> Part {
        Part { text: self.to_string(), end: self.hint() }
    }

    /// The parameter that would let it pass, for the end of a line.
    pub(super) fn hint(&self) -> String {
        self.allowed_by.map_or(String::new(), |parameter| format!(" ({parameter} would allow it)"))
    }
}

/// Tells trails of one name apart: by Region, and by account where that is the same.
pub(super) fn tell_apart(trails: &mut [JudgedTrail]) {
    let mut by_name: BTreeMap<&str, BTreeMap<Option<&str>, usize>> = BTreeMap::new();
    for judged in trails.iter() {
        let trail: &Trail = judged.trail;
        *by_name.entry(trail.display_name()).or_default().entry(trail.home_region()).or_default() += 1;
    }
    for judged in trails {
        let trail: &Trail = judged.trail;
        let of_name = &by_name[trail.display_name()];
        let region = trail.home_region().unwrap_or("no Region");
        match of_name.get(&trail.home_region()) {
            Some(2..) => {
                let account = trail.owner_account_id().unwrap_or("no account");
                judged.label = format!("{} ({region}, {account})", trail.display_name());
            }
            _ if of_name.len() > 1 => judged.label = format!("{} ({region})", trail.display_name()),
            _ => {}
        }
    }
}

impl fmt::Display for JudgedTrail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<String> = self.reasons.iter().map(Reason::to_string).collect();
        write!(f, "{}: {}", self.label, reasons.join(", "))
    }
}
