//! Why a recorded result is not the verdict here: one line for each fact that tells.

use std::collections::BTreeSet;

use super::{
    age::{age, seconds_between},
    comparison::ComparedRule,
    here::Here,
    managed::{Documented, ManagedRule},
};
use crate::rule::{
    evaluation::ComplianceType,
    evidence::{Evidence, Observed, Trail, TrailStatus},
    judge,
    parameters::{InputParameters, PARAMETERS, RuleParameters},
    reasons::{Reason, TrailResult},
    trail::JudgedTrail,
};

impl Here {
    /// Why the rule's recorded result differs, or why it has none; empty if both say the same.
    pub(super) fn why(&self, rule: &ComparedRule) -> Vec<String> {
        let Some(recorded) = rule.result() else { return without_result(rule) };
        let Some(verdict) = self.report.compliance_type else {
            return vec![format!("there is no verdict here to compare with: {}", self.report.annotation)];
        };
        if recorded == verdict {
            return Vec::new();
        }
        let mut lines = Vec::new();
        match (&self.judged, rule.managed) {
            (None, _) => lines.push(format!("here the parameters decide: {}", self.report.annotation)),
            (Some(_), None) => lines.extend(self.other_parameters(rule)),
            (Some((evidence, valid)), Some(managed)) => {
                let parameters = rule.input_parameters.clone().unwrap_or_default();
                lines.extend(by_documentation(evidence, valid, verdict, managed, &parameters));
            }
        }
        lines.extend(self.changes_since(rule));
        lines
    }

    /// What the times show.
    fn changes_since(&self, rule: &ComparedRule) -> Vec<String> {
        let Some(evaluated) = rule.last_evaluated() else { return Vec::new() };
        let mut lines = Vec::new();
        let is_red = self.report.compliance_type == Some(ComplianceType::NonCompliant);
        let trails = self.judged.as_ref().and_then(|(evidence, _)| evidence.trails.known());
        for trail in trails.into_iter().flatten() {
            let Some(Observed::Known(status)) = &trail.get_trail_status else { continue };
            let TrailStatus { is_logging, start_logging_time: started, stop_logging_time: stopped, .. } = status;
            let did = match (is_logging, started, stopped) {
                (Some(false), _, Some(stopped)) if *stopped > evaluated => {
                    format!("was stopped at {}, after that result", stopped.for_people())
                }
                (Some(false), _, Some(stopped)) if is_red => {
                    format!("was already off at that result, since {}", stopped.for_people())
                }
                (Some(true) | None, Some(started), _) if *started > evaluated => {
                    format!("was started at {}, after that result", started.for_people())
                }
                _ => continue,
            };
            lines.push(format!("trail {} {did}", trail.display_name()));
        }
        if evaluated < self.subject.collected_at {
            let age = age(seconds_between(evaluated, self.subject.collected_at));
            lines.push(format!("what was read here is {age} newer; a change since then shows here first"));
        }
        lines
    }

    /// Whether every trail that is here now was off already at the rule's result.
    fn all_were_off_at(&self, rule: &ComparedRule) -> bool {
        let trails = self.judged.as_ref().and_then(|(evidence, _)| evidence.trails.known());
        let (Some(trails), Some(evaluated)) = (trails, rule.last_evaluated()) else { return false };
        let was_off = |trail: &Trail| match &trail.get_trail_status {
            Some(Observed::Known(TrailStatus {
                is_logging: Some(false), stop_logging_time: Some(stopped), ..
            })) => *stopped <= evaluated,
            _ => false,
        };
        !trails.is_empty() && trails.iter().all(was_off)
    }

    fn other_parameters(&self, rule: &ComparedRule) -> Vec<String> {
        let Some(input_parameters) = &rule.input_parameters else {
            return vec!["the parameters that it is deployed with are not known".to_owned()];
        };
        let deployed = RuleParameters::parse(input_parameters, &self.subject.region);
        if let (Ok(deployed), Some((_, valid))) = (&deployed, &self.judged)
            && deployed == valid
        {
            let changed =
                if self.all_were_off_at(rule) { "a trail has been deleted since" } else { "the account has changed" };
            return vec![format!(
                "the parameters are the same: {changed}, or the deployed function is another version or may read other \
                 things"
            )];
        }
        let (deployed, here) = (input_parameters, &self.report.rule_parameters);
        let names: BTreeSet<&str> = deployed.names().chain(here.names()).collect();
        let value = |given: &InputParameters, name: &str| {
            given.get(name).or_else(|| {
                let default = PARAMETERS.iter().find(|parameter| parameter.name == name)?.default?;
                Some(default.to_owned())
            })
        };
        let differing = names.into_iter().filter_map(|name| {
            let (there, here) = (value(deployed, name), value(here, name));
            let text = |value: Option<String>| value.unwrap_or_else(|| "not set".to_owned());
            (there != here).then(|| format!("its parameter {name} is {}, and here {}", text(there), text(here)))
        });
        differing.collect()
    }
}

/// Why a rule has no result for the account.
fn without_result(rule: &ComparedRule) -> Vec<String> {
    if rule.hides_results {
        return vec!["AWS shows nobody the results of this rule (RuleEvaluationVisibility is INTERNAL)".to_owned()];
    }
    let Some(others) = rule.other_resources else { return Vec::new() };
    let mut lines = Vec::new();
    if others > 0 {
        lines.push(format!("it has no result for the account, and {others} for other resources"));
    }
    let Some(status) = &rule.evaluation_status else { return lines };
    if let Some(code) = &status.last_error_code {
        let message = status.last_error_message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
        lines.push(format!("its last evaluation failed with {code}{message}"));
    }
    if status.last_successful_invocation_time.is_none() && !status.first_evaluation_started {
        lines.push("AWS Config has not evaluated it yet".to_owned());
    } else if others == 0 && rule.managed.is_none() && status.last_error_code.is_none() {
        lines.push("it was invoked and keeps no result: NOT_APPLICABLE was reported, or nothing".to_owned());
    }
    lines
}

/// What AWS documents about the managed rule, held against the trails.
fn by_documentation(
    evidence: &Evidence,
    valid: &RuleParameters,
    verdict: ComplianceType,
    managed: ManagedRule,
    parameters: &InputParameters,
) -> Vec<String> {
    let here = judge(evidence, valid).trails;
    let as_documented = managed.as_documented(parameters);
    let documented = judge(evidence, &as_documented).trails;
    let asked = |judged: &JudgedTrail| -> Vec<&Reason> {
        let same = documented.iter().find(|other| std::ptr::eq(other.trail, judged.trail));
        let reasons = same.into_iter().flat_map(|other| &other.reasons);
        reasons.filter(|reason| managed.asks(reason.code(), parameters) == Documented::Asked).collect()
    };
    if verdict == ComplianceType::Compliant {
        let passing = here.iter().filter(|judged| judged.result == TrailResult::Pass);
        return passing.flat_map(|judged| why_not_compliant(judged, evidence, managed, &asked(judged))).collect();
    }
    if evidence.trails.known().is_none() {
        return vec!["here DescribeTrails was refused, so that nothing can be held against its result".to_owned()];
    }
    let meets_it = |judged: &&JudgedTrail| asked(judged).is_empty();
    let lines: Vec<String> = here
        .iter()
        .filter(meets_it)
        .flat_map(|judged| {
            judged.reasons.iter().map(|reason| {
                let (trail, code) = (judged.trail.display_name(), reason.code());
                match managed.asks(code, parameters) {
                    Documented::NotAsked(because) => {
                        format!("trail {trail}, {code}: {} does not take this as a fault: {because}", managed.name())
                    }
                    Documented::Asked => {
                        format!("trail {trail}, {code}: {} has another parameter there, and it is met", managed.name())
                    }
                    Documented::Near(what) => format!(
                        "trail {trail}, {code}: AWS's documentation of {} says that {what}; not whether it sees \
                         this filter",
                        managed.name()
                    ),
                    Documented::NotSaid => format!(
                        "trail {trail}, {code}: AWS's documentation does not say that {} takes this as a fault",
                        managed.name()
                    ),
                }
            })
        })
        .collect();
    if lines.is_empty() {
        return vec![format!("no trail that is here now meets what AWS's documentation of {} names", managed.name())];
    }
    lines
}

/// Why a managed rule may be red for a trail that passes here.
fn why_not_compliant(
    judged: &JudgedTrail,
    evidence: &Evidence,
    managed: ManagedRule,
    asked: &[&Reason],
) -> Vec<String> {
    let (trail, rule) = (judged.trail.display_name(), managed.name());
    if !asked.is_empty() {
        let line = |reason: &&Reason| {
            let code = reason.code();
            format!(
                "trail {trail}, {code} ({reason}): {rule} is documented to take this as a fault, and here it is none"
            )
        };
        return asked.iter().map(line).collect();
    }
    let mut lines = Vec::new();
    let mut does_not_say = |whether: String| {
        lines.push(format!("trail {trail} {whether}: AWS's documentation does not say whether {rule} counts it"));
    };
    if !judged.trusted.is_empty() {
        does_not_say("is trusted here and was not read (trustOrganizationTrail)".to_owned());
    } else if let Some(owner) = judged.trail.owner_account_id().filter(|owner| *owner != evidence.account_id) {
        does_not_say(format!("belongs to account {owner}"));
    }
    if let Some(home) = judged.trail.home_region().filter(|home| *home != evidence.region) {
        does_not_say(format!("has its home in {home}"));
    }
    if lines.is_empty() {
        lines.push(format!("trail {trail} meets all that AWS's documentation of {rule} names"));
    }
    lines
}
