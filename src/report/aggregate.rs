//! Reports of what an aggregator of AWS Config keeps: verdicts that the rule itself has reported, from many accounts.

use std::collections::BTreeSet;

use super::{Caveat, Report, Subject};
use crate::rule::{
    account_reasons::AccountCode,
    evaluation::{Annotation, ComplianceType, EvaluatedResource, Evaluation},
    parameters::InputParameters,
    reasons::Code,
    timestamp::Timestamp,
};

/// What the rule came to in an account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The account.
    pub account_id: String,
    /// The rule's Region.
    pub region: String,
    /// `ConfigRuleName`, as it is in that account.
    pub config_rule_name: String,
    /// The verdict; none where AWS Config has no result.
    pub compliance_type: Option<ComplianceType>,
}

/// What AWS Config keeps of the rule's result on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotated {
    /// The verdict on the account alone; a row is about the rule and every resource that it has evaluated.
    pub compliance_type: Option<ComplianceType>,
    /// Why.
    pub annotation: Option<String>,
    /// When AWS Config recorded it.
    pub result_recorded_time: Option<Timestamp>,
}

/// A source of which an aggregator has nothing, or nothing new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// An account, or the organization.
    pub id: String,
    /// Of which Region.
    pub region: Option<String>,
    /// `FAILED` or `OUTDATED`.
    pub status: String,
    /// AWS's code.
    pub error_code: Option<String>,
}

/// Where a report comes from that is read back.
pub const SOURCE: &str = "aggregator";

/// The report on a row. `annotated` is what was read about its result, or why that could not be read; none where it was not
/// asked. A result older than `max_age` seconds before `now`, of a time to come, or of which the age is not told, is marked.
/// Where the rule as a whole and its result on the account differ, the worse counts.
#[must_use]
pub fn report(
    row: &Row,
    annotated: Option<&Result<Option<Annotated>, String>>,
    max_age: Option<u32>,
    now: Timestamp,
) -> Report {
    let Row { account_id, region, config_rule_name, compliance_type } = row;
    let told = annotated.and_then(|annotated| annotated.as_ref().ok()?.as_ref());
    let recorded = told.and_then(|told| told.result_recorded_time);
    let subject = Subject {
        account_id: account_id.clone(),
        region: region.clone(),
        collected_at: recorded.unwrap_or(now),
        rule_parameters: InputParameters::default(),
    };
    let Some(of_rule) = *compliance_type else {
        let why = format!("without verdict: AWS Config has no result of {config_rule_name}");
        return without_verdict(Report::without_evidence(subject, Vec::new()).unless_decided(why));
    };
    let words = told.and_then(|told| told.annotation.clone());
    let keeps = format!("AWS Config keeps {of_rule} of {config_rule_name}");
    let other = told.and_then(|told| told.compliance_type).filter(|of_account| *of_account != of_rule);
    let compliance_type = other.filter(|other| *other == ComplianceType::NonCompliant).unwrap_or(of_rule);
    let why = match (annotated, other, &words) {
        (Some(Err(error)), ..) => format!("{keeps}; why was not read ({error})"),
        (_, Some(other), _) => {
            format!("{keeps}, and {other} of the account: {}", words.as_deref().unwrap_or("without a reason"))
        }
        (.., Some(words)) => words.clone(),
        (.., None) => keeps,
    };
    let annotation = Annotation::new(&why);
    let resource = EvaluatedResource::account(account_id);
    let mut report = Report::without_evidence(subject, vec![Evaluation { resource, compliance_type, annotation }]);
    let words = words.unwrap_or_default();
    report.source = Some(SOURCE);
    report.collected_at = recorded;
    report.verified = Some(!words.starts_with("Could not verify"));
    if compliance_type == ComplianceType::NonCompliant {
        report.reason = reason(&words);
        report.trail_codes = codes(&words);
    }
    let caveat = |max_age| recorded.map_or(Some(Caveat::TooOld), |at| Caveat::of_age(now.seconds_since(at), max_age));
    report.caveats.extend(max_age.and_then(caveat));
    report
}

fn without_verdict(mut report: Report) -> Report {
    report.source = Some(SOURCE);
    report.collected_at = None;
    report.reason = Some(AccountCode::Unreachable);
    report
}

/// The account's own reason, by the words of the rule.
fn reason(annotation: &str) -> Option<AccountCode> {
    let of = [
        ("There is no trail: ", AccountCode::NoTrail),
        ("Could not verify: DescribeTrails ", AccountCode::TrailsUnreadable),
        ("Rule misconfigured: ", AccountCode::Misconfigured),
    ];
    of.into_iter().find(|(opening, _)| annotation.starts_with(opening)).map(|(_, code)| code)
}

/// The reasons of trails, by the words of the rule; none unless all of them are known.
fn codes(annotation: &str) -> Vec<Code> {
    const CUT: &str = "...";
    let openings = ["No trail passes: ", "Could not verify: "];
    let parts = openings.into_iter().find_map(|opening| annotation.strip_prefix(opening));
    let Some(parts) = parts.filter(|_| !annotation.contains(CUT)) else { return Vec::new() };
    let codes: Option<Vec<Vec<Code>>> = parts.split("; ").map(of_trail).collect();
    codes.unwrap_or_default().concat()
}

/// The reasons of a trail, as in `audit: logging is off, log file validation is off (PARAMETER would allow it)`.
fn of_trail(part: &str) -> Option<Vec<Code>> {
    let (_, words) = part.split_once(": ")?;
    let words =
        words.strip_suffix(" would allow it)").and_then(|words| words.rsplit_once(" (")).map_or(words, |of| of.0);
    let is_more_of_the_same = |words: &&str| {
        words.starts_with("last delivered at ") || words.starts_with("more than ") && words.ends_with(" h ago")
    };
    words.split(", ").filter(|words| !is_more_of_the_same(words)).map(Code::of_words).collect()
}

/// The reports on those of the accounts of which there is no row.
#[must_use]
pub fn missing(accounts: &[String], rows: &[Row]) -> Vec<Report> {
    let seen: BTreeSet<&str> = rows.iter().map(|row| row.account_id.as_str()).collect();
    let missing = accounts.iter().filter(|id| !seen.contains(id.as_str())).map(|id| {
        let why = "without verdict: no row in the aggregator, which does not tell NOT_APPLICABLE from none".to_owned();
        let report = Report::without_verdict(String::new(), why);
        without_verdict(Report { account_id: Some(id.clone()), evidence_file: None, ..report })
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_known_by_their_words_only_where_all_are_told() {
        let no_trail_passes = "No trail passes: audit: logging is off since 2026-10-31 01:02:03 UTC, log file validation is \
                               off; other (eu-west-1, 111122223333): delivery to S3 fails (NoSuchBucket), last delivered \
                               at 2026-10-31 01:02:03 UTC (trustOrganizationTrail would allow it)";
        let not_verified = "Could not verify: audit: status unreadable (GetTrailStatus AccessDeniedException)";
        for (annotation, expected) in [
            (no_trail_passes, &[Code::NotLogging, Code::NoLogFileValidation, Code::DeliveryFailing][..]),
            (not_verified, &[Code::StatusUnreadable]),
            (
                "No trail passes: audit: last delivered to S3 at 2026-10-31 01:02:03 UTC, more than 24 h ago",
                &[Code::DeliveryStale],
            ),
            ("No trail passes: audit: logging is off; +1 more", &[]),
            ("No trail passes: audit: logging is off, leaves out events of a...", &[]),
            ("No trail passes: audit: logging is off, something of a later version", &[]),
            ("No trail passes: logging is off", &[]),
            ("logging is off", &[]),
            ("", &[]),
        ] {
            assert_eq!(codes(annotation), expected, "{annotation}");
        }
    }
}
