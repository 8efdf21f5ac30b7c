//! The XML of test reports that GitLab, Jenkins and others read.
//!
//! A test suite with one test case an account, so that the report is red exactly when an account is not compliant; its
//! trails stand in the output of the test case.

use std::io::{self, Write};

use anstream::StripStream;

use super::{
    Caveat, Report, Standing,
    control::{CONTROL, TOOL},
    reports::Reports,
    table,
    text::{Screen, is_hidden},
};

/// The reports as one document.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    let count = |is: fn(&Report) -> bool| reports.shown().filter(|report| is(report)).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        TOOL.name,
        reports.shown().count(),
        count(is_failure),
        count(is_error)
    )?;
    reports.shown().try_for_each(|report| test_suite(report, out))?;
    writeln!(out, "</testsuites>")
}

fn test_suite(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let standing = report.standing();
    let timestamp = report.collected_at.map_or(String::new(), |at| format!(" timestamp=\"{at}\""));
    let account_id = report.account_id.as_ref().or(report.evidence_file.as_ref());
    let [account_id, region] = [account_id, report.region.as_ref()].map(|text| escaped(text.map_or("", |text| text)));
    let (failures, errors) = (u8::from(is_failure(report)), u8::from(is_error(report)));
    let skipped = u8::from(is_skipped(standing) || !report.exceptions.is_empty());
    writeln!(
        out,
        "  <testsuite name=\"{account_id}\" tests=\"1\" failures=\"{failures}\" errors=\"{errors}\" \
         skipped=\"{skipped}\" time=\"0\"{timestamp}>"
    )?;
    properties(report, out)?;
    let name = CONTROL.rule;
    writeln!(out, "    <testcase classname=\"{account_id}.{region}\" name=\"{name}\" time=\"0\">")?;
    let message = escaped(&report.annotation);
    let verdict = standing.as_str();
    let details = escaped(&details(report)?);
    if let Some(excepted) = report.excepted() {
        let message = escaped(&format!("{verdict}, {excepted}: {}", report.annotation));
        writeln!(out, "      <skipped message=\"{message}\"/>")?;
        return writeln!(out, "    </testcase>\n  </testsuite>");
    }
    match standing {
        Standing::Compliant => writeln!(out, "      <system-out>{details}</system-out>"),
        Standing::NotApplicable | Standing::NotChecked => writeln!(out, "      <skipped message=\"{message}\"/>"),
        Standing::NonCompliant => {
            writeln!(out, "      <failure type=\"{verdict}\" message=\"{message}\">{details}</failure>")
        }
        Standing::NotVerified | Standing::NoVerdict => {
            writeln!(out, "      <error type=\"{verdict}\" message=\"{message}\">{details}</error>")
        }
    }?;
    writeln!(out, "    </testcase>\n  </testsuite>")
}

/// What is decided, by what, and whether it may be relied on.
fn properties(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let property = |name: &str, value: &str, out: &mut dyn Write| {
        writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", escaped(value))
    };
    writeln!(out, "    <properties>")?;
    property("control", &CONTROL.to_string(), out)?;
    property("version", &TOOL.to_string(), out)?;
    for caveat in &report.caveats {
        property("caveat", Caveat::in_words(*caveat), out)?;
    }
    writeln!(out, "    </properties>")
}

fn is_failure(report: &Report) -> bool {
    report.exceptions.is_empty() && report.standing() == Standing::NonCompliant
}

fn is_skipped(standing: Standing) -> bool {
    matches!(standing, Standing::NotApplicable | Standing::NotChecked)
}

/// An account about which it is not known.
fn is_error(report: &Report) -> bool {
    report.exceptions.is_empty() && matches!(report.standing(), Standing::NotVerified | Standing::NoVerdict)
}

/// What a terminal shows.
fn details(report: &Report) -> io::Result<String> {
    let mut plain = StripStream::new(Vec::new());
    table::account(report, false, &mut Screen::new(&mut plain))?;
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
