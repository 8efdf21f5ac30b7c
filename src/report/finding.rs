//! What the findings of `asff` and `ocsf` have in common.

use super::{Report, control::CONTROL, remedies::Remedy, text::is_hidden};
use crate::rule::{self, evaluation::ComplianceType, region};

/// AWS's page about the same control of Security Hub, with the steps in the console.
pub(super) const REFERENCE: &str =
    "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudtrail-controls.html#cloudtrail-1";
/// Where an AWS partition is not known.
const DEFAULT_PARTITION: &str = "aws";
const MORE: &str = " For every remedy run cloudtrail-all-regions check.";

/// The recommendation, with its number.
pub(super) fn title() -> String {
    format!("{CONTROL}: {}", CONTROL.title)
}

/// The same for every run over the same account from the same Region, or over a file that does not tell its account.
pub(super) fn uid(report: &Report) -> String {
    let (region, account_id) = (report.region.as_deref(), report.account_id.as_deref());
    let whose = account_id.or(report.evidence_file.as_deref());
    format!("{}/{}/{}", CONTROL.rule, region.unwrap_or_default(), whose.unwrap_or_default())
}

/// The partition of the report's Region.
pub(super) fn partition(report: &Report) -> &'static str {
    report.region.as_deref().and_then(region::partition).unwrap_or(DEFAULT_PARTITION)
}

/// The number in each benchmark, as Security Hub writes it: `CIS AWS Foundations Benchmark v3.0.0/3.1`.
pub(super) fn requirements() -> Vec<String> {
    let requirements = rule::RECOMMENDATIONS.iter().map(|recommendation| {
        let benchmark = recommendation.benchmark.replacen("Foundations", "Foundations Benchmark", 1);
        format!("{benchmark}/{}", recommendation.number)
    });
    requirements.collect()
}

/// One line of at most `max_bytes` bytes, so of no more characters, and never blank; what is too long ends in `...`.
pub(super) fn line(text: &str, max_bytes: usize) -> String {
    const CUT: &str = "...";
    let mut line = text.replace(is_hidden, " ");
    line.truncate(line.trim_end().len());
    line.drain(..line.len() - line.trim_start().len());
    if line.is_empty() {
        line.push('-');
    }
    if line.len() > max_bytes {
        let end = (0..=max_bytes.saturating_sub(CUT.len())).rev().find(|end| line.is_char_boundary(*end));
        line.truncate(end.unwrap_or_default());
        line.push_str(CUT);
    }
    line
}

/// What to do about an account that is not compliant, in at most `max_bytes` bytes: as many remedies as fit, whole.
pub(super) fn remediation(report: &Report, max_bytes: usize) -> Option<String> {
    if report.compliance_type != Some(ComplianceType::NonCompliant) {
        return None;
    }
    let of_account = report.remedies.iter().map(|remedy| (String::new(), remedy));
    let of_trails = report
        .trails
        .iter()
        .flat_map(|trail| trail.reasons.iter().map(|reason| (format!("{}: ", line(&trail.name, 64)), &reason.remedy)));
    let remedies: Vec<(String, &Remedy)> = of_account.chain(of_trails).collect();
    let mut text = String::new();
    let mut is_whole = true;
    for (opening, remedy) in &remedies {
        let space = if text.is_empty() { "" } else { " " };
        let words = format!("{space}{opening}{}", remedy.text);
        let with_commands = format!("{words} {}", remedy.joined_commands(" && "));
        let room = max_bytes.saturating_sub(text.len() + MORE.len());
        // A command that is cut, or whose line breaks are lost, is another command.
        if with_commands.len() <= room && !with_commands.contains(is_hidden) {
            text.push_str(with_commands.trim_end());
            continue;
        }
        is_whole = false;
        if words.len() <= room {
            text.push_str(&words);
        }
    }
    if !is_whole {
        text.push_str(MORE);
    }
    (!remedies.is_empty()).then(|| line(&text, max_bytes))
}
