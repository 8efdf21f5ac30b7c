//! The decision: CIS AWS Foundations v3.0.0, recommendation 3.1, ensure CloudTrail is enabled in all Regions. Pure: no SDK,
//! no I/O, no clock, no environment.
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

pub mod account_reasons;
pub mod arn;
pub mod delivery;
#[cfg(feature = "digest")]
pub mod digest;
pub mod evaluation;
pub mod evidence;
pub mod json;
pub mod management_events;
mod names;
mod objects;
pub mod observed;
pub mod parameters;
pub mod provenance;
pub mod reasons;
pub mod region;
pub mod selectors;
pub mod spelling;
#[cfg(test)]
mod tests;
pub mod timestamp;
pub mod trail;
pub mod trail_status;
pub mod withdrawal;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use delivery::Proving;
use evaluation::{Annotation, ComplianceType, EvaluatedResource, Evaluation, Part};
use evidence::{Evidence, Observed, Refusal, Trail, is_same_trail};
use parameters::{InputParameters, Misconfigured, OnIndeterminate, RuleParameters};
use reasons::{Reason, TrailResult};
use trail::JudgedTrail;

/// The name that the rule is deployed under. It is all that a reader of a Security Hub finding sees of it.
pub const DEFAULT_NAME: &str = "cis-3-1-cloudtrail-all-regions";

/// What the rule asks, in at most 256 characters.
pub const DESCRIPTION: &str = "CIS AWS Foundations v3.0.0, 3.1: some CloudTrail trail records every management event, \
                               read and write, in every Region of this account, and is really doing so now.";

/// What it decides, in the numbering of each benchmark version.
pub const RECOMMENDATIONS: &[Recommendation] = &[
    Recommendation { benchmark: "CIS AWS Foundations v1.4.0", number: "3.1" },
    Recommendation { benchmark: "CIS AWS Foundations v2.0.0", number: "3.1" },
    Recommendation { benchmark: "CIS AWS Foundations v3.0.0", number: "3.1" },
    Recommendation { benchmark: "CIS AWS Foundations v4.0.0", number: "3.1" },
    Recommendation { benchmark: "CIS AWS Foundations v5.0.0", number: "3.1" },
    Recommendation { benchmark: "CIS AWS Foundations v6.0.0", number: "4.1" },
    Recommendation { benchmark: "CIS AWS Foundations v7.0.0", number: "4.1" },
];

/// A recommendation of a benchmark.
#[derive(Debug, Clone, Copy)]
pub struct Recommendation {
    /// The benchmark and its version.
    pub benchmark: &'static str,
    /// The number there.
    pub number: &'static str,
}

/// The rule definition for `aws configservice put-config-rule --config-rule`; parameters that are not given have their
/// defaults.
#[must_use]
pub fn definition(config_rule_name: &str, function_arn: &str, given: InputParameters) -> Value {
    let on = |message_type: &str| json!({"EventSource": "aws.config", "MessageType": message_type});
    let mut scheduled = on("ScheduledNotification");
    scheduled["MaximumExecutionFrequency"] = json!("TwentyFour_Hours");
    json!({
        "ConfigRuleName": config_rule_name,
        "Description": DESCRIPTION,
        "Scope": {"ComplianceResourceTypes": [EvaluatedResource::TRAIL]},
        "Source": {
            "Owner": "CUSTOM_LAMBDA",
            "SourceIdentifier": function_arn,
            "SourceDetails": [
                on("ConfigurationItemChangeNotification"),
                on("OversizedConfigurationItemChangeNotification"),
                scheduled,
            ],
        },
        "InputParameters": InputParameters::defaults().overridden_by(given).to_string(),
        "EvaluationModes": [{"Mode": "DETECTIVE"}],
    })
}

/// What the rule decided.
#[derive(Debug)]
pub struct Verdict<'e> {
    /// Every trail, and what became of it: multi-Region ones first, then by ARN.
    pub trails: Vec<JudgedTrail<'e>>,
    /// What to report, the account's evaluation first; or why nothing may be reported.
    pub evaluations: Result<Vec<Evaluation>, Indeterminate>,
    /// Whether nothing was permanently withheld on which the verdict rests. A `NON_COMPLIANT` that is not verified says
    /// "could not verify".
    pub is_verified: bool,
}

/// Nothing may be reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no verdict: {why}")]
pub struct Indeterminate {
    why: String,
}

/// What is to be known before a verdict.
#[derive(Debug)]
pub enum Question {
    /// Nothing: the parameters alone decide.
    Decided {
        /// What to report, the account's evaluation first.
        evaluations: Vec<Evaluation>,
        /// What is wrong with the parameters, if that decides.
        misconfigured: Option<Misconfigured>,
    },
    /// What the trails do: evidence is to be collected, and [judged](judge) by these parameters.
    Read(RuleParameters),
}

/// Asks what the parameters of the rule in `region` leave open about an account. `deleted_trail` is the resource id of the
/// trail that a change notification says is gone.
#[must_use]
pub fn ask(given: &InputParameters, account_id: &str, region: &str, deleted_trail: Option<&str>) -> Question {
    let parsed = RuleParameters::parse(given, region);
    let account = |compliance_type, annotation: &str| Evaluation {
        resource: EvaluatedResource::account(account_id),
        compliance_type,
        annotation: Annotation::new(annotation),
    };
    let valid = parsed.as_ref().unwrap_or_else(|misconfigured| &misconfigured.valid);
    if let Some(reporting_region) = valid.reporting_region.as_ref().filter(|reporting| reporting.as_str() != region) {
        let why = format!("This account is judged in {reporting_region} (parameter reportingRegion), not in {region}");
        let deleted = deleted_trail.filter(|_| valid.trail_results).map(deleted_trail_row);
        let evaluations = std::iter::once(account(ComplianceType::NotApplicable, &why)).chain(deleted).collect();
        return Question::Decided { evaluations, misconfigured: None };
    }
    match parsed {
        Ok(valid) => Question::Read(valid),
        Err(misconfigured) => Question::Decided {
            evaluations: vec![account(ComplianceType::NonCompliant, &misconfigured.to_string())],
            misconfigured: Some(misconfigured),
        },
    }
}

/// Decides.
#[must_use]
pub fn judge<'e>(evidence: &'e Evidence, parameters: &RuleParameters) -> Verdict<'e> {
    decide(evidence, parameters, None)
}

/// Decides, and lets a trail pass only if its log files prove that every Region delivers. So proof makes no account
/// compliant that [`judge`] does not find so.
#[must_use]
pub fn prove<'e>(evidence: &'e Evidence, parameters: &RuleParameters, proving: &Proving<'_>) -> Verdict<'e> {
    decide(evidence, parameters, Some(proving))
}

fn decide<'e>(evidence: &'e Evidence, parameters: &RuleParameters, proving: Option<&Proving<'_>>) -> Verdict<'e> {
    let mut trails: Vec<JudgedTrail> = Vec::new();
    if let Observed::Known(listed) = &evidence.trails {
        let mut listed: Vec<&Trail> = listed.iter().collect();
        evidence::sort(&mut listed);
        trails.extend(listed.into_iter().map(|trail| trail::judge(trail, evidence, parameters)));
        // A trail listed twice counts once, and of contradictory answers the one that ends worse.
        trails.dedup_by(|later, kept| {
            let is_same = is_same_trail(later.trail, kept.trail);
            if is_same && later.result > kept.result {
                std::mem::swap(later, kept);
            }
            is_same
        });
        trails.sort_by_key(|judged| !judged.trail.is_multi_region());
        trail::tell_apart(&mut trails);
        for judged in &mut trails {
            if let Some(proving) = proving {
                judged.hold_to(proving, evidence, parameters);
            }
        }
    }
    let ends_as = |result| trails.iter().any(|judged| judged.result == result);
    let is_verified = match &evidence.trails {
        Observed::Refused { .. } => false,
        Observed::Known(_) | Observed::Unanswered { .. } => {
            ends_as(TrailResult::Pass) || !ends_as(TrailResult::Unknown)
        }
    };
    let evaluations = judge_account(evidence, parameters, &trails).map(|account| {
        let rows = trail_rows(evidence, parameters, &trails, account.compliance_type);
        std::iter::once(account).chain(rows).collect()
    });
    Verdict { trails, evaluations, is_verified }
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
    let parts = |trails: &mut dyn Iterator<Item = &JudgedTrail>| trails.map(JudgedTrail::part).collect::<Vec<Part>>();
    if ends_as(TrailResult::Unknown).next().is_some() {
        let others = trails.iter().filter(|judged| judged.result != TrailResult::Unknown);
        let parts = parts(&mut ends_as(TrailResult::Unknown).chain(others));
        let annotation = Annotation::listing("Could not verify: ", &parts);
        // Operation and code stand in front where the line that has them does not fit.
        let refusal = ends_as(TrailResult::Unknown).flat_map(|judged| &judged.reasons).find_map(Reason::refusal);
        return could_not_verify(match refusal.map(Refusal::to_string) {
            Some(refusal) if !annotation.as_str().contains(&refusal) => {
                Annotation::listing(&format!("Could not verify ({refusal}): "), &parts)
            }
            _ => annotation,
        });
    }
    let annotation = if trails.is_empty() {
        Annotation::new(&format!("There is no trail: DescribeTrails in {} lists none.", evidence.region))
    } else {
        Annotation::listing("No trail passes: ", &parts(&mut trails.iter()))
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
        let by_id = ById::new(evidence, trails);
        rows.extend(ids.into_iter().map(|id| trail_row(id, by_id.find(id), parameters, account)));
    }
    if evidence.trails.known().is_some() {
        rows.extend(evidence.deleted_trail.as_deref().map(deleted_trail_row));
    }
    rows
}

/// The row of a trail that AWS Config says is gone: `NOT_APPLICABLE`, so that its earlier result is removed.
fn deleted_trail_row(resource_id: &str) -> Evaluation {
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
            let annotation = Annotation::listing("", &[Part { text: reasons.join("; "), end: judged.hint() }]);
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

/// Trails by the ids that AWS Config may give them.
struct ById<'t, 'e> {
    by_arn: BTreeMap<&'t str, &'t JudgedTrail<'e>>,
    /// The own trails of each name.
    by_name: BTreeMap<&'t str, Vec<&'t JudgedTrail<'e>>>,
    region: &'t str,
}

impl<'t, 'e> ById<'t, 'e> {
    fn new(evidence: &'t Evidence, trails: &'t [JudgedTrail<'e>]) -> Self {
        let mut by_id = Self { by_arn: BTreeMap::new(), by_name: BTreeMap::new(), region: &evidence.region };
        for judged in trails {
            if let Some(arn) = judged.trail.trail_arn.as_deref() {
                by_id.by_arn.entry(arn).or_insert(judged);
            }
            if judged.trail.is_owned_by(&evidence.account_id) {
                by_id.by_name.entry(judged.trail.display_name()).or_default().push(judged);
            }
        }
        by_id
    }

    /// An ARN matches by ARN; any other id the own trail of that name in the rule's Region, else the only own one.
    fn find(&self, id: &str) -> Option<&'t JudgedTrail<'e>> {
        if id.starts_with("arn:") {
            return self.by_arn.get(id).copied();
        }
        let named = self.by_name.get(id)?;
        let here = named.iter().copied().find(|judged| judged.trail.home_region() == Some(self.region));
        here.or(if let [only] = named[..] { Some(only) } else { None })
    }
}
