//! What a verdict looks like: a report with each trail, its reasons and the remedies, and the formats that show it.
//!
//! Pure: it knows no SDK, no arguments and no files.

pub mod account;
pub mod aggregate;
mod asff;
pub mod changes;
pub mod command;
mod consequence;
pub mod control;
mod csv;
pub mod delivery;
pub mod doctor;
mod evaluations;
pub mod exceptions;
pub mod facts;
mod finding;
pub mod format;
mod html;
pub(crate) mod json;
mod junit;
pub(crate) mod markdown;
mod ocsf;
pub mod organization;
pub mod remedies;
pub mod reports;
mod selected;
pub mod summary;
pub(crate) mod table;
pub(crate) mod text;

use std::fmt;

use serde::{Serialize, Serializer};
use strum::VariantArray as _;
use time::Date;

use crate::rule::{
    Verdict,
    account_reasons::AccountCode,
    evaluation::{ComplianceType, EvaluatedResource, Evaluation},
    evidence::{Evidence, Observed},
    judge,
    parameters::{InputParameters, RuleParameters},
    provenance::{Call, Provenance, SavedVerdict},
    reasons::{Code, TrailResult},
    timestamp::Timestamp,
    trail::JudgedTrail,
};
use account::Account;
use delivery::DeliveryReport;
use facts::Facts;
use remedies::Remedy;

/// Of a report as JSON. A change of which a program must know makes it another.
const FORMAT_VERSION: u32 = 1;

/// The verdict on one account, for people and for other programs. `report.schema.json` describes it as JSON.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The account; none where a file does not tell.
    pub account_id: Option<String>,
    /// Its name, where that is known.
    pub account_name: Option<String>,
    /// Where it is in its organization and what became of it, where an organization is checked.
    #[serde(rename = "organization", skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// The Region from which it was judged.
    pub region: Option<String>,
    /// When the evidence was collected.
    pub collected_at: Option<Timestamp>,
    /// Whose credentials read it, as an ARN; none if the evidence does not tell.
    pub collected_as: Option<String>,
    /// The file that the evidence is from; none if AWS was read.
    pub evidence_file: Option<String>,
    /// The rule parameters, as they were given.
    pub rule_parameters: InputParameters,
    /// The verdict; none if a transient error hid it.
    pub compliance_type: Option<ComplianceType>,
    /// Whether nothing was permanently withheld on which the verdict rests; none without a verdict.
    pub verified: Option<bool>,
    /// Why, in one line.
    pub annotation: String,
    /// Where it was read back from; none where it was judged here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// Why, where it is the account's reason and no trail's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<AccountCode>,
    /// The reasons of its trails, where an aggregator keeps their words, and all of them; each trail in turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trail_codes: Vec<Code>,
    /// What excepts the account: together, every reason that it has; the verdict is the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Excepted>,
    /// What `PutEvaluations` would be sent; the account's row comes first.
    pub evaluations: Vec<Evaluation>,
    /// Every trail, multi-Region ones first.
    pub trails: Vec<TrailReport>,
    /// What to do where no trail is at fault: there is none, or they cannot be listed.
    pub remedies: Vec<Remedy>,
    /// The calls that were made; none where the evidence came from a file that does not tell.
    pub calls: Vec<Call>,
    /// The SHA-256 of the bytes of the evidence file that the verdict rests on, as `sha256sum` prints it.
    pub evidence_sha256: Option<String>,
    /// The SHA-256 of what that file says, whatever its layout, as its provenance has it.
    pub content_sha256: Option<String>,
    /// What is to be known before the verdict is relied on.
    pub caveats: Vec<Caveat>,
    /// What the evidence file says that was decided when it was saved.
    pub saved_verdict: Option<SavedVerdict>,
}

/// What a report is about.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The account.
    pub account_id: String,
    /// The Region from which it is judged.
    pub region: String,
    /// When the evidence was collected, or the verdict came to be without.
    pub collected_at: Timestamp,
    /// The rule parameters, as they were given.
    pub rule_parameters: InputParameters,
}

impl Subject {
    /// What evidence is about.
    #[must_use]
    pub fn of(evidence: &Evidence, rule_parameters: InputParameters) -> Self {
        Self {
            account_id: evidence.account_id.clone(),
            region: evidence.region.clone(),
            collected_at: evidence.collected_at,
            rule_parameters,
        }
    }
}

/// An exception as a report shows it beside the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Excepted {
    /// The last day on which it holds, in UTC.
    #[serde(serialize_with = "as_text")]
    pub expires: Date,
    /// Who answers for it.
    pub owner: String,
    /// Why the deviation is accepted.
    pub justification: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn as_text<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

impl fmt::Display for Excepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "until {} ({}: {})", self.expires, self.owner, self.justification)
    }
}

/// A trail and what became of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrailReport {
    /// The trail's name.
    pub name: String,
    /// Its ARN.
    pub trail_arn: Option<String>,
    /// Where it can be changed.
    pub home_region: Option<String>,
    /// The bucket that gets its log files.
    pub s3_bucket_name: Option<String>,
    /// Whether it records every Region.
    pub is_multi_region_trail: bool,
    /// Whether it is an organization's.
    pub is_organization_trail: bool,
    /// How it ends.
    pub result: TrailResult,
    /// How it satisfies the rule, if it does.
    pub satisfaction: Option<String>,
    /// What is to be known though it passes: when it was stopped, and what a second copy of management events costs.
    pub notes: Vec<String>,
    /// What was asked of it, and what AWS answered.
    #[serde(flatten)]
    pub facts: Facts,
    /// Why it does not pass.
    pub reasons: Vec<ReasonReport>,
    /// The parameter that would let it pass, if one would.
    pub allowed_by: Option<&'static str>,
    /// What its delivery proves, if that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryReport>,
}

/// A reason, in words, and what to do about it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReasonReport {
    /// Its stable code.
    pub code: Code,
    /// What is wrong.
    pub text: String,
    /// What follows from it; none where nothing can be said.
    pub consequence: Option<String>,
    /// What to do.
    pub remedy: Remedy,
}

impl Report {
    /// Decides, and reports.
    #[must_use]
    pub fn of(evidence: &Evidence, parameters: &RuleParameters, rule_parameters: InputParameters) -> Self {
        Self::of_verdict(judge(evidence, parameters), evidence, parameters, rule_parameters)
    }

    /// Reports a verdict on this evidence.
    #[must_use]
    pub fn of_verdict(
        verdict: Verdict<'_>,
        evidence: &Evidence,
        parameters: &RuleParameters,
        rule_parameters: InputParameters,
    ) -> Self {
        let Verdict { trails, evaluations, is_verified } = verdict;
        let is_choice = trails.len() > 1 && trails.iter().all(|judged| judged.result != TrailResult::Pass);
        let remedies = remedies::for_account(evidence, is_choice);
        let mut trails: Vec<TrailReport> =
            trails.iter().map(|judged| TrailReport::of(judged, evidence, parameters)).collect();
        if let Some(first) = trails.iter().position(|trail| trail.result == TrailResult::Pass) {
            let is_copy =
                |(index, trail): &(usize, &mut TrailReport)| *index != first && trail.facts.takes_management_events();
            let copies = trails.iter_mut().enumerate().filter(is_copy);
            copies.for_each(|(_, trail)| trail.notes.push(consequence::SECOND_COPY.to_owned()));
            trails.sort_by_key(|trail| trail.result != TrailResult::Pass);
            let nothing =
                Remedy { text: "Nothing needs to be done: another trail passes.".to_owned(), commands: Vec::new() };
            trails.iter_mut().flat_map(|trail| &mut trail.reasons).for_each(|reason| reason.remedy = nothing.clone());
        }
        let (evaluations, why) = match evaluations {
            Ok(evaluations) => (evaluations, String::new()),
            Err(indeterminate) => (Vec::new(), indeterminate.to_string()),
        };
        let report = Self::without_evidence(Subject::of(evidence, rule_parameters), evaluations).unless_decided(why);
        let reason = match &evidence.trails {
            Observed::Known(_) => trails.is_empty().then_some(AccountCode::NoTrail),
            Observed::Refused { .. } => Some(AccountCode::TrailsUnreadable),
            Observed::Unanswered { .. } => Some(AccountCode::Unreachable),
        };
        Self { trails, remedies, reason, verified: report.verified.map(|_| is_verified), ..report }
    }

    /// What the parameters or the event alone decide: nothing was read.
    #[must_use]
    pub fn without_evidence(subject: Subject, evaluations: Vec<Evaluation>) -> Self {
        let Subject { account_id, region, collected_at, rule_parameters } = subject;
        let account = evaluations.iter().find(|row| row.resource == EvaluatedResource::account(&account_id));
        let is_misconfigured = account.is_some_and(|row| row.compliance_type == ComplianceType::NonCompliant);
        Self {
            reason: is_misconfigured.then_some(AccountCode::Misconfigured),
            compliance_type: account.map(|row| row.compliance_type),
            verified: account.map(|_| true),
            annotation: account.map(|row| row.annotation.to_string()).unwrap_or_default(),
            evaluations,
            ..Self::of_nothing(Some(account_id), Some(region), Some(collected_at), rule_parameters)
        }
    }

    /// Why a file has no verdict: it cannot be read, is no evidence, or was changed.
    #[must_use]
    pub fn without_verdict(evidence_file: String, why: String) -> Self {
        let nothing = Self::of_nothing(None, None, None, InputParameters::default());
        Self { annotation: why, evidence_file: Some(evidence_file), ..nothing }
    }

    /// An account of an organization that was not judged, and the Region that it was to be judged from.
    #[must_use]
    pub fn without_entry(account: Account, region: Option<String>) -> Self {
        let nothing = Self::of_nothing(Some(account.account_id.clone()), region, None, InputParameters::default());
        let reason = (!account.status.is_not_checked()).then_some(AccountCode::Unreachable);
        Self { annotation: account.why_not(), reason, ..nothing }.of_organization(account)
    }

    /// The report, of an account of an organization.
    #[must_use]
    pub fn of_organization(mut self, account: Account) -> Self {
        self.account_name.clone_from(&account.name);
        self.account = Some(account);
        self
    }

    fn of_nothing(
        account_id: Option<String>,
        region: Option<String>,
        collected_at: Option<Timestamp>,
        rule_parameters: InputParameters,
    ) -> Self {
        Self {
            account_id,
            account_name: None,
            account: None,
            region,
            collected_at,
            collected_as: None,
            evidence_file: None,
            rule_parameters,
            compliance_type: None,
            verified: None,
            annotation: String::new(),
            source: None,
            reason: None,
            trail_codes: Vec::new(),
            exceptions: Vec::new(),
            evaluations: Vec::new(),
            trails: Vec::new(),
            remedies: Vec::new(),
            calls: Vec::new(),
            evidence_sha256: None,
            content_sha256: None,
            caveats: Vec::new(),
            saved_verdict: None,
        }
    }

    /// The report, with why it has no verdict, where it has none.
    #[must_use]
    pub fn unless_decided(mut self, why: String) -> Self {
        if self.compliance_type.is_none() {
            self.annotation = why;
        }
        self
    }

    /// The report, with what the evidence file says of itself.
    #[must_use]
    pub fn resting_on(mut self, provenance: &Provenance) -> Self {
        self.calls.clone_from(&provenance.calls);
        self.collected_as.clone_from(&provenance.collected_as);
        self.content_sha256 = Some(provenance.sha256.clone());
        self.saved_verdict = Some(provenance.verdict.clone());
        self
    }

    /// What was decided when the evidence was saved, if that was not the same.
    #[must_use]
    pub fn other_saved_verdict(&self) -> Option<&SavedVerdict> {
        let is_other = |saved: &&SavedVerdict| {
            saved.compliance_type != self.compliance_type || saved.annotation != self.annotation
        };
        self.saved_verdict.as_ref().filter(is_other)
    }

    /// Whose it is: the account, and its name where that is known, else the file.
    #[must_use]
    pub fn whose(&self) -> String {
        match (&self.account_id, &self.account_name, &self.evidence_file) {
            (Some(account_id), Some(name), _) => format!("account {account_id} ({name})"),
            (Some(account_id), None, _) => format!("account {account_id}"),
            (None, _, Some(file)) => format!("file {file}"),
            (None, _, None) => "no account".to_owned(),
        }
    }

    /// Whether somebody should look at it: it is not compliant, is not known to be, or is not to be relied on, and that
    /// is not excepted.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.standing().needs_attention() && self.exceptions.is_empty() || !self.is_fresh()
    }

    /// Whether nothing is known against the age of its evidence.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        !self.caveats.iter().any(|caveat| caveat.is_of_age())
    }

    /// The rule parameters that are set, in one line, `NAME=VALUE` each; empty if none are.
    #[must_use]
    pub fn parameters(&self) -> String {
        self.rule_parameters.lines().join(", ")
    }

    /// What is to be known before the verdict is relied on, in one line; empty if nothing is.
    #[must_use]
    pub fn caveats_in_words(&self) -> String {
        self.caveats.iter().copied().map(Caveat::in_words).collect::<Vec<_>>().join("; ")
    }

    /// What excepts the account, in words; none if nothing does.
    #[must_use]
    pub fn excepted(&self) -> Option<String> {
        let words: Vec<String> = self.exceptions.iter().map(Excepted::to_string).collect();
        (!words.is_empty()).then(|| format!("excepted {}", words.join(" and ")))
    }

    /// The verdict as people are shown it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.account {
            Some(account) if self.compliance_type.is_none() && account.status.is_not_checked() => Standing::NotChecked,
            _ => Standing::of(self.compliance_type, self.verified),
        }
    }
}

/// A verdict as people are shown it, weightiest first: those that need attention stand in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// `NON_COMPLIANT`.
    NonCompliant,
    /// `NON_COMPLIANT` to AWS Config, because a fact that it rests on was permanently withheld.
    NotVerified,
    /// A transient error hid it.
    NoVerdict,
    /// `COMPLIANT`.
    Compliant,
    /// `NOT_APPLICABLE`.
    NotApplicable,
    /// An account of an organization that nobody wanted a verdict on.
    NotChecked,
}

/// What is to be known before a verdict is relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Caveat {
    /// The evidence file has no provenance.
    NoChecksum,
    /// The evidence was collected longer ago than was asked for.
    TooOld,
    /// The evidence's date is later than now, where its age was asked for.
    OfTheFuture,
}

impl Caveat {
    /// Every caveat.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its stable code, such as `no-checksum`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// It, in words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NoChecksum => "no checksum: nobody can tell whether it was changed",
            Self::TooOld => "too old: the evidence was collected before what --max-age allows",
            Self::OfTheFuture => "of the future: the evidence's date is later than this machine's clock",
        }
    }

    /// What is to be known of a result or evidence of this age, in seconds, where one of at most `max_age` was asked for.
    #[must_use]
    pub fn of_age(age: i64, max_age: u32) -> Option<Self> {
        /// So far apart the clocks of two machines may be.
        const CLOCKS_APART_SECONDS: i64 = 300;
        if age > i64::from(max_age) {
            Some(Self::TooOld)
        } else {
            (age < -CLOCKS_APART_SECONDS).then_some(Self::OfTheFuture)
        }
    }

    /// Whether the evidence is not as fresh as was asked for, or cannot be known to be, so that its verdict is not to be
    /// relied on.
    #[must_use]
    pub fn is_of_age(self) -> bool {
        match self {
            Self::TooOld | Self::OfTheFuture => true,
            Self::NoChecksum => false,
        }
    }
}

impl Standing {
    /// Every standing, in this order.
    pub const ALL: [Self; 6] = [
        Self::NonCompliant,
        Self::NotVerified,
        Self::NoVerdict,
        Self::Compliant,
        Self::NotApplicable,
        Self::NotChecked,
    ];

    /// That of a verdict, and of whether nothing was withheld on which it rests.
    #[must_use]
    pub fn of(compliance_type: Option<ComplianceType>, verified: Option<bool>) -> Self {
        match compliance_type {
            None => Self::NoVerdict,
            Some(ComplianceType::NonCompliant) if verified == Some(false) => Self::NotVerified,
            Some(ComplianceType::NonCompliant) => Self::NonCompliant,
            Some(ComplianceType::Compliant) => Self::Compliant,
            Some(ComplianceType::NotApplicable) => Self::NotApplicable,
        }
    }

    /// Whether somebody should look at the account.
    #[must_use]
    pub fn needs_attention(self) -> bool {
        matches!(self, Self::NonCompliant | Self::NotVerified | Self::NoVerdict)
    }

    /// For people, within a sentence.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NonCompliant => "non-compliant",
            Self::NotVerified => "not verified",
            Self::NoVerdict => "without verdict",
            Self::Compliant => "compliant",
            Self::NotApplicable => "not applicable",
            Self::NotChecked => "not checked",
        }
    }

    /// In AWS's spelling, else `NOT_VERIFIED`, `NO_VERDICT` or `NOT_CHECKED`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NonCompliant => ComplianceType::NonCompliant.as_str(),
            Self::NotVerified => "NOT_VERIFIED",
            Self::NoVerdict => SavedVerdict::NONE,
            Self::Compliant => ComplianceType::Compliant.as_str(),
            Self::NotApplicable => ComplianceType::NotApplicable.as_str(),
            Self::NotChecked => "NOT_CHECKED",
        }
    }
}

impl TrailReport {
    fn of(judged: &JudgedTrail, evidence: &Evidence, parameters: &RuleParameters) -> Self {
        let trail = judged.trail;
        let allowed_by = judged.allowed_by.map_or(String::new(), |name| format!(" Or the parameter {name} allows it."));
        let reasons = judged.reasons.iter().map(|reason| {
            let Remedy { text, commands } = Remedy::of(reason, trail, &evidence.account_id, parameters);
            let remedy = Remedy { text: format!("{text}{allowed_by}"), commands };
            let consequence = consequence::of(reason, evidence.collected_at);
            ReasonReport { code: reason.code(), text: reason.to_string(), consequence, remedy }
        });
        let facts = Facts::of(judged, evidence, parameters);
        let notes = facts.gap().map(consequence::of_gap);
        Self {
            name: trail.display_name().to_owned(),
            trail_arn: trail.trail_arn.clone(),
            home_region: trail.home_region().map(str::to_owned),
            s3_bucket_name: trail.s3_bucket_name.clone(),
            is_multi_region_trail: trail.is_multi_region(),
            is_organization_trail: trail.is_organization_trail == Some(true),
            result: judged.result,
            notes: notes.into_iter().collect(),
            facts,
            satisfaction: (judged.result == TrailResult::Pass).then(|| judged.satisfaction(parameters).to_string()),
            reasons: reasons.collect(),
            allowed_by: judged.allowed_by,
            delivery: judged.proof.as_ref().map(DeliveryReport::of),
        }
    }
}

#[cfg(test)]
impl Report {
    /// A report each of whose texts is `text`.
    pub(crate) fn of_text(text: &str, compliance_type: Option<ComplianceType>) -> Self {
        use crate::rule::evaluation::Annotation;
        use command::Command;

        let text = || text.to_owned();
        let at = Timestamp::parse("2026-11-01T12:00:00.123Z").unwrap();
        let remedy = || Remedy { text: text(), commands: vec![Command::new([text()]), Command::new([text()])] };
        let row = Evaluation {
            resource: EvaluatedResource { resource_type: text(), resource_id: text() },
            compliance_type: ComplianceType::NonCompliant,
            annotation: Annotation::new(&text()),
        };
        Self {
            account_id: Some(text()),
            account_name: Some(text()),
            account: None,
            region: Some(text()),
            collected_at: Some(at),
            collected_as: Some(text()),
            evidence_file: Some(text()),
            rule_parameters: [(text(), text().into()), ("number".to_owned(), 24.into())].into_iter().collect(),
            compliance_type,
            verified: compliance_type.map(|_| true),
            annotation: text(),
            source: Some("aggregator"),
            reason: Some(AccountCode::Unreachable),
            trail_codes: vec![Code::Deleted],
            exceptions: vec![Excepted { expires: Date::MAX, owner: text(), justification: text() }],
            evaluations: vec![row.clone(), row],
            trails: vec![TrailReport {
                name: text(),
                trail_arn: Some(text()),
                home_region: Some(text()),
                s3_bucket_name: Some(text()),
                is_multi_region_trail: true,
                is_organization_trail: true,
                result: TrailResult::Fail,
                satisfaction: Some(text()),
                notes: vec![text()],
                facts: Facts {
                    latest_delivery_error: Some(text()),
                    excluded_event_sources: vec![text()],
                    recorded_by: Some(text()),
                    event_selectors: vec![text()],
                    kms_key_id: Some(text()),
                    cloud_watch_logs_log_group_arn: Some(text()),
                    sns_topic_arn: Some(text()),
                    s3_key_prefix: Some(text()),
                    not_read: vec![text()],
                    all: vec![facts::Fact { name: "Bucket", asked: Some(text()), answered: text(), met: Some(false) }],
                    ..Facts::default()
                },
                reasons: vec![ReasonReport {
                    code: Code::SingleRegion,
                    text: text(),
                    consequence: Some(text()),
                    remedy: remedy(),
                }],
                allowed_by: None,
                delivery: Some(DeliveryReport {
                    proof: "DISPROVED",
                    text: text(),
                    is_signed_by_aws: true,
                    date: at,
                    within_seconds: 3 * 3600,
                    notes: vec![text()],
                    regions: vec![delivery::RegionReport {
                        region: text(),
                        code: "silent",
                        text: text(),
                        proof: Some("DISPROVED"),
                        notes: vec![text()],
                        digest_ends: vec![at],
                        log_files: vec![at],
                        newest_digest: Some(text()),
                    }],
                }),
            }],
            remedies: vec![remedy()],
            calls: vec![Call {
                operation: text(),
                region: text(),
                at,
                request_id: Some(text()),
                error_code: Some(text()),
            }],
            evidence_sha256: Some(text()),
            content_sha256: Some(text()),
            caveats: Caveat::ALL.to_vec(),
            saved_verdict: Some(SavedVerdict { compliance_type: None, annotation: text() }),
        }
    }
}
