//! What every format is made from: a verdict, each trail with its reasons, and the remedies.

use serde::Serialize;
use serde_json::{Map, Value};

use super::remedy::Remedy;
use crate::rule::{
    Verdict,
    cloudtrail_all_regions::{JudgedTrail, RULE, TrailResult},
    evaluation::{ComplianceType, Evaluation},
    evidence::Evidence,
    parameters::RuleParameters,
    provenance::Call,
    timestamp::Timestamp,
};

/// The verdict on one account, for people and for other programs. `report.schema.json` describes it as JSON.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The account.
    pub account_id: String,
    /// The Region from which it was judged.
    pub region: String,
    /// When the evidence was collected.
    pub collected_at: Timestamp,
    /// The rule parameters, as they were given.
    pub rule_parameters: Map<String, Value>,
    /// The verdict; none if a transient error hid it.
    pub compliance_type: Option<ComplianceType>,
    /// Why, in one line.
    pub annotation: String,
    /// What `PutEvaluations` would be sent; the account's row comes first.
    pub evaluations: Vec<Evaluation>,
    /// Every trail, multi-Region ones first.
    pub trails: Vec<TrailReport>,
    /// What to do where no trail is at fault: there is none, or they cannot be listed.
    pub remedies: Vec<Remedy>,
    /// The calls that were made; none where the evidence came from a file that does not tell.
    pub calls: Vec<Call>,
    /// The SHA-256 of the evidence file that the verdict rests on, if it was saved with one.
    pub evidence_sha256: Option<String>,
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
    /// Why it does not pass.
    pub reasons: Vec<ReasonReport>,
    /// The parameter that would let it pass, if one would.
    pub allowed_by: Option<&'static str>,
}

/// A reason, in words, and what to do about it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReasonReport {
    /// Its stable code.
    pub code: &'static str,
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub remedy: Remedy,
}

impl Report {
    /// Decides, and reports.
    #[must_use]
    pub fn of(evidence: &Evidence, parameters: &RuleParameters, rule_parameters: Map<String, Value>) -> Self {
        let Verdict { trails, evaluations } = (RULE.evaluate)(evidence, parameters);
        let remedies = super::remedy::for_account(evidence);
        let mut trails: Vec<TrailReport> =
            trails.iter().map(|judged| TrailReport::of(judged, evidence, parameters)).collect();
        if trails.iter().any(|trail| trail.result == TrailResult::Pass) {
            let nothing =
                Remedy { text: "Nothing needs to be done: another trail passes.".to_owned(), commands: Vec::new() };
            trails.iter_mut().flat_map(|trail| &mut trail.reasons).for_each(|reason| reason.remedy = nothing.clone());
        }
        let (evaluations, no_verdict) = match evaluations {
            Ok(evaluations) => (evaluations, String::new()),
            Err(indeterminate) => (Vec::new(), indeterminate.to_string()),
        };
        let calls = evidence.provenance.as_ref().map(|provenance| provenance.calls.clone()).unwrap_or_default();
        Self {
            trails,
            remedies,
            calls,
            evidence_sha256: evidence.provenance.as_ref().map(|provenance| provenance.sha256.clone()),
            ..Self::without_evidence(
                &evidence.account_id,
                &evidence.region,
                evidence.collected_at,
                rule_parameters,
                evaluations,
                &no_verdict,
            )
        }
    }

    /// A report for which nothing was read; `no_verdict` says why there are no evaluations, if there are none.
    #[must_use]
    pub fn without_evidence(
        account_id: &str,
        region: &str,
        collected_at: Timestamp,
        rule_parameters: Map<String, Value>,
        evaluations: Vec<Evaluation>,
        no_verdict: &str,
    ) -> Self {
        let account = evaluations.first();
        Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            collected_at,
            rule_parameters,
            compliance_type: account.map(|row| row.compliance_type),
            annotation: account.map_or_else(|| no_verdict.to_owned(), |row| row.annotation.to_string()),
            evaluations,
            trails: Vec::new(),
            remedies: Vec::new(),
            calls: Vec::new(),
            evidence_sha256: None,
        }
    }

    /// The verdict in AWS's spelling, or `NO_VERDICT`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        self.compliance_type.map_or("NO_VERDICT", ComplianceType::as_str)
    }
}

impl TrailReport {
    fn of(judged: &JudgedTrail, evidence: &Evidence, parameters: &RuleParameters) -> Self {
        let trail = judged.trail;
        let reasons = judged.reasons.iter().map(|reason| ReasonReport {
            code: reason.code(),
            text: reason.to_string(),
            remedy: Remedy::of(reason, trail, &evidence.account_id, parameters),
        });
        Self {
            name: trail.display_name().to_owned(),
            trail_arn: trail.trail_arn.clone(),
            home_region: trail.home_region().map(str::to_owned),
            s3_bucket_name: trail.s3_bucket_name.clone(),
            is_multi_region_trail: trail.is_multi_region(),
            is_organization_trail: trail.is_organization_trail == Some(true),
            result: judged.result,
            satisfaction: (judged.result == TrailResult::Pass).then(|| judged.satisfaction(parameters).to_string()),
            reasons: reasons.collect(),
            allowed_by: judged.allowed_by,
        }
    }
}
