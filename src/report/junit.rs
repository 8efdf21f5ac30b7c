//! The XML of test reports that GitLab, Jenkins and others read.
//!
//! A test suite with one test case an account, so that the report is red exactly when an account is not compliant; its
//! trails stand in the output of the test case.

use std::io::{self, Write};

use anstream::StripStream;

use super::{Report, Standing, table, text::is_hidden};
use crate::rule;

/// The reports as one document.
pub(super) fn render(reports: &[Report], out: &mut dyn Write) -> io::Result<()> {
    let count = |is: fn(Standing) -> bool| reports.iter().filter(|report| is(report.standing())).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        env!("CARGO_PKG_NAME"),
        reports.len(),
        count(is_failure),
        count(is_error)
    )?;
    reports.iter().try_for_each(|report| test_suite(report, out))?;
    writeln!(out, "</testsuites>")
}

fn test_suite(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (standing, collected_at) = (report.standing(), report.collected_at);
    let (account_id, region) = (escaped(&report.account_id), escaped(&report.region));
    let (failures, errors) = (u8::from(is_failure(standing)), u8::from(is_error(standing)));
    let skipped = u8::from(standing == Standing::NotApplicable);
    writeln!(
        out,
        "  <testsuite name=\"{account_id}\" tests=\"1\" failures=\"{failures}\" errors=\"{errors}\" \
         skipped=\"{skipped}\" time=\"0\" timestamp=\"{collected_at}\">"
    )?;
    let name = rule::DEFAULT_NAME;
    writeln!(out, "    <testcase classname=\"{account_id}.{region}\" name=\"{name}\" time=\"0\">")?;
    let message = escaped(&report.annotation);
    let verdict = standing.as_str();
    let details = escaped(&details(report)?);
    match standing {
        Standing::Compliant => writeln!(out, "      <system-out>{details}</system-out>"),
        Standing::NotApplicable => writeln!(out, "      <skipped message=\"{message}\"/>"),
        Standing::NonCompliant => {
            writeln!(out, "      <failure type=\"{verdict}\" message=\"{message}\">{details}</failure>")
        }
        Standing::NotVerified | Standing::NoVerdict => {
            writeln!(out, "      <error type=\"{verdict}\" message=\"{message}\">{details}</error>")
        }
    }?;
    writeln!(out, "    </testcase>\n  </testsuite>")
}

fn is_failure(standing: Standing) -> bool {
    standing == Standing::NonCompliant
}

/// An account about which it is not known.
fn is_error(standing: Standing) -> bool {
    matches!(standing, Standing::NotVerified | Standing::NoVerdict)
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
