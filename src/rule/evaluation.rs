//! What AWS Config is told: a compliance type and an annotation for a resource.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::timestamp::Timestamp;

/// The compliance types that a custom rule may report. (`INSUFFICIENT_DATA` is refused by `PutEvaluations`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ComplianceType {
    /// The resource complies.
    Compliant,
    /// The resource does not comply, or could not be verified.
    NonCompliant,
    /// The rule has nothing to say about the resource; AWS Config removes an earlier result.
    NotApplicable,
}

impl ComplianceType {
    /// AWS's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "COMPLIANT",
            Self::NonCompliant => "NON_COMPLIANT",
            Self::NotApplicable => "NOT_APPLICABLE",
        }
    }
}

impl fmt::Display for ComplianceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The resource that an evaluation is about, as AWS Config names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvaluatedResource {
    /// Such as `AWS::::Account`.
    pub resource_type: String,
    /// The id exactly as AWS Config gives it.
    pub resource_id: String,
}

impl EvaluatedResource {
    /// AWS Config's resource type for an account.
    pub const ACCOUNT: &str = "AWS::::Account";
    /// AWS Config's resource type for a trail.
    pub const TRAIL: &str = "AWS::CloudTrail::Trail";

    /// An account.
    #[must_use]
    pub fn account(account_id: &str) -> Self {
        Self { resource_type: Self::ACCOUNT.to_owned(), resource_id: account_id.to_owned() }
    }

    /// A trail, by the id that AWS Config gives it: a name or an ARN.
    #[must_use]
    pub fn trail(resource_id: &str) -> Self {
        Self { resource_type: Self::TRAIL.to_owned(), resource_id: resource_id.to_owned() }
    }
}

/// One row for `PutEvaluations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// What it is about.
    #[serde(flatten)]
    pub resource: EvaluatedResource,
    /// The verdict.
    pub compliance_type: ComplianceType,
    /// Why.
    pub annotation: Annotation,
}

/// How the last evaluations of a rule went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct EvaluationStatus {
    /// The last time that it was invoked.
    pub last_successful_invocation_time: Option<Timestamp>,
    /// The last time that it could not be invoked.
    pub last_failed_invocation_time: Option<Timestamp>,
    /// The last time that it evaluated.
    pub last_successful_evaluation_time: Option<Timestamp>,
    /// The last time that it could not evaluate.
    pub last_failed_evaluation_time: Option<Timestamp>,
    /// AWS's code of the last failure.
    pub last_error_code: Option<String>,
    /// AWS's words for it.
    pub last_error_message: Option<String>,
    /// Whether it has been evaluated at least once.
    pub first_evaluation_started: bool,
}

/// A part of an annotation.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// What may be cut where it is too long.
    pub text: String,
    /// What is not cut with it.
    pub end: String,
}

impl Part {
    fn whole(&self) -> String {
        format!("{}{}", self.text, self.end)
    }
}

/// One line that says why: 1 to 256 printable ASCII characters (so as many UTF-16 units), by construction.
///
/// `PutEvaluations` refuses the whole call for an annotation of another length (AWS Config API, `Evaluation`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annotation(String);

impl Annotation {
    /// The most characters that an annotation may have.
    pub const MAX_LENGTH: usize = 256;
    const CUT: &str = "...";

    /// White space becomes a space, any other character outside printable ASCII a question mark; what is too long
    /// ends in `...`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::from_printable(printable(text))
    }

    /// `opening`, the parts that fit, and `+N more` for those that do not. The end of the first part always fits.
    #[must_use]
    pub fn listing(opening: &str, parts: &[Part]) -> Self {
        let opening = printable(opening);
        let mut length = 0;
        let joinable = parts.iter().map(|part| printable(&part.whole())).take_while(|part| {
            length += part.len() + "; ".len();
            length <= Self::MAX_LENGTH + "; ".len()
        });
        let joinable: Vec<String> = joinable.collect();
        let more = |count: usize| match parts.len().saturating_sub(count) {
            0 => String::new(),
            more => format!("; +{more} more"),
        };
        let whole = |count: usize| format!("{opening}{}{}", joinable[..count].join("; "), more(count));
        let fitting = (1..=joinable.len()).rev().map(whole).find(|text| text.len() <= Self::MAX_LENGTH);
        if let Some(text) = fitting {
            return Self::from_printable(text);
        }
        let (text, end) =
            parts.first().map(|first| (printable(&first.text), printable(&first.end))).unwrap_or_default();
        let end = format!("{}{end}{}", Self::CUT, more(1));
        let mut text = format!("{opening}{text}");
        text.truncate(Self::MAX_LENGTH.saturating_sub(end.len()));
        Self::from_printable(format!("{}{end}", text.trim_end()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn from_printable(mut text: String) -> Self {
        if text.trim().is_empty() {
            "no reason was given".clone_into(&mut text);
        }
        if text.len() > Self::MAX_LENGTH {
            text.truncate(Self::MAX_LENGTH - Self::CUT.len());
            text.truncate(text.trim_end().len());
            text.push_str(Self::CUT);
        }
        Self(text)
    }
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            ' '..='~' => character,
            _ if character.is_whitespace() => ' ',
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_of_256_characters_is_kept_and_one_more_is_cut_visibly() {
        let fits = "x".repeat(256);
        assert_eq!(Annotation::new(&fits).as_str(), fits);
        let cut = Annotation::new(&"x".repeat(257));
        assert_eq!(cut.as_str(), format!("{}...", "x".repeat(253)));
    }

    #[test]
    fn an_annotation_is_never_empty_nor_outside_printable_ascii() {
        assert_eq!(Annotation::new("").as_str(), "no reason was given");
        assert_eq!(Annotation::new(" \n").as_str(), "no reason was given");
        assert_eq!(Annotation::new("a\u{0}b\tc\u{1F600}").as_str(), "a?b c?");
    }

    #[test]
    fn compliance_types_are_spelled_and_padded() {
        for (compliance_type, text) in [
            (ComplianceType::Compliant, "COMPLIANT     |"),
            (ComplianceType::NonCompliant, "NON_COMPLIANT |"),
            (ComplianceType::NotApplicable, "NOT_APPLICABLE|"),
        ] {
            assert_eq!(format!("{compliance_type:14}|"), text);
            assert_eq!(serde_json::to_value(compliance_type).unwrap(), compliance_type.as_str());
        }
    }

    fn part(text: &str, end: &str) -> Part {
        Part { text: text.to_owned(), end: end.to_owned() }
    }

    #[test]
    fn parts_that_all_fit_are_not_counted() {
        let parts = [part("a", ""), part("b", ". End")];
        assert_eq!(Annotation::listing("Opening: ", &parts).as_str(), "Opening: a; b. End");
        let alone = Annotation::listing("", &[part(&"y".repeat(300), ". End")]).to_string();
        assert_eq!(alone, format!("{}.... End", "y".repeat(248)));
    }

    #[test]
    fn parts_that_do_not_fit_are_counted() {
        let parts: Vec<Part> = (0..20).map(|n| part(&format!("trail-{n:02}: logging is off"), " (x)")).collect();
        let text = Annotation::listing("No trail passes. ", &parts).to_string();
        assert!(text.starts_with("No trail passes. trail-00: logging is off (x); trail-01"), "{text}");
        assert!(text.ends_with(" (x); +13 more"), "{text}");
        assert!(text.len() <= 256);
    }

    #[test]
    fn a_first_part_that_does_not_fit_is_cut_visibly_and_its_end_is_kept() {
        let parts = [part(&"y".repeat(300), ". End"), part("z", "")];
        let text = Annotation::listing("Opening: ", &parts).to_string();
        assert!(text.starts_with("Opening: yyy") && text.ends_with("y.... End; +1 more"), "{text}");
        assert_eq!(text.len(), 256);
    }
}
