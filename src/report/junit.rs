//! The XML of test reports that GitLab, Jenkins and others read.
//!
//! A test suite with one test case an account, so that the report is red exactly when an account is not compliant; its
//! trails stand in the output of the test case.

use std::io::{self, Write};

use anstream::StripStream;

use super::{Report, table, text::is_hidden};
use crate::rule::{self, evaluation::ComplianceType};

/// The reports as one document.
pub(super) fn render(reports: &[Report], out: &mut dyn Write) -> io::Result<()> {
    let count =
        |verdict: Option<ComplianceType>| reports.iter().filter(|report| report.compliance_type == verdict).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        env!("CARGO_PKG_NAME"),
        reports.len(),
        count(Some(ComplianceType::NonCompliant)),
        count(None)
    )?;
    reports.iter().try_for_each(|report| test_suite(report, out))?;
    writeln!(out, "</testsuites>")
}

fn test_suite(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Report { collected_at, compliance_type, .. } = report;
    let (account_id, region) = (escaped(&report.account_id), escaped(&report.region));
    let count = |verdict| u8::from(*compliance_type == verdict);
    let (failures, errors) = (count(Some(ComplianceType::NonCompliant)), count(None));
    let skipped = count(Some(ComplianceType::NotApplicable));
    writeln!(
        out,
        "  <testsuite name=\"{account_id}\" tests=\"1\" failures=\"{failures}\" errors=\"{errors}\" \
         skipped=\"{skipped}\" time=\"0\" timestamp=\"{collected_at}\">"
    )?;
    let name = rule::DEFAULT_NAME;
    writeln!(out, "    <testcase classname=\"{account_id}.{region}\" name=\"{name}\" time=\"0\">")?;
    let message = escaped(&report.annotation);
    let verdict = report.verdict();
    let details = escaped(&details(report)?);
    match compliance_type {
        Some(ComplianceType::Compliant) => writeln!(out, "      <system-out>{details}</system-out>"),
        Some(ComplianceType::NotApplicable) => writeln!(out, "      <skipped message=\"{message}\"/>"),
        Some(ComplianceType::NonCompliant) => {
            writeln!(out, "      <failure type=\"{verdict}\" message=\"{message}\">{details}</failure>")
        }
        None => writeln!(out, "      <error type=\"{verdict}\" message=\"{message}\">{details}</error>"),
    }?;
    writeln!(out, "    </testcase>\n  </testsuite>")
}

/// What a terminal shows.
fn details(report: &Report) -> io::Result<String> {
    let mut plain = StripStream::new(Vec::new());
    table::render(std::slice::from_ref(report), &mut plain)?;
    Ok(String::from_utf8_lossy(&plain.into_inner()).into_owned())
}

/// Text between tags or double quotes; what a reader would not see, or XML 1.0 cannot hold, becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(character),
            _ if is_hidden(character) => escaped.push('\u{FFFD}'),
            _ => escaped.push(character),
        }
    }
    escaped
}
