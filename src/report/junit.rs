//! The XML of test reports that GitLab, Jenkins and others read.
//!
//! A test suite an account or, for an organization, an organizational unit, with one test case an account, so that the
//! report is red exactly when an account is not compliant; its trails stand in the output of the test case.

use std::io::{self, Write};

use anstream::StripStream;

use super::{
    Caveat, Report, Standing,
    account::Account,
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
    let shown: Vec<&Report> = reports.shown().collect();
    let is_of_one_unit = |one: &&Report, other: &&Report| match (&one.account, &other.account) {
        (Some(one), Some(other)) => one.path == other.path,
        _ => false,
    };
    shown.chunk_by(is_of_one_unit).try_for_each(|suite| test_suite(suite, out))?;
    writeln!(out, "</testsuites>")
}

/// Whose a report is: the account, else the file.
fn subject(report: &Report) -> &str {
    report.account_id.as_ref().or(report.evidence_file.as_ref()).map_or("", |subject| subject)
}

/// The accounts of an organizational unit, or one account.
fn test_suite(suite: &[&Report], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = suite.first() else { return Ok(()) };
    let name = first.account.as_ref().map_or(subject(first).to_owned(), Account::place);
    let timestamp = suite.iter().filter_map(|report| report.collected_at).min();
    let timestamp = timestamp.map_or(String::new(), |at| format!(" timestamp=\"{at}\""));
    let count = |is: fn(&Report) -> bool| suite.iter().filter(|report| is(report)).count();
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\"{timestamp}>",
        escaped(&name),
        suite.len(),
        count(is_failure),
        count(is_error),
        count(is_skipped)
    )?;
    properties(suite, out)?;
    suite.iter().try_for_each(|report| test_case(report, out))?;
    writeln!(out, "  </testsuite>")
}

fn test_case(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let standing = report.standing();
    let account_id = escaped(subject(report));
    let region = escaped(report.region.as_deref().unwrap_or_default());
    let name = CONTROL.rule;
    writeln!(out, "    <testcase classname=\"{account_id}.{region}\" name=\"{name}\" time=\"0\">")?;
    let message = escaped(&report.annotation);
    let verdict = standing.as_str();
    let details = escaped(&details(report)?);
    if let Some(excepted) = report.excepted() {
        let message = escaped(&format!("{verdict}, {excepted}: {}", report.annotation));
        writeln!(out, "      <skipped message=\"{message}\"/>")?;
        return writeln!(out, "    </testcase>");
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
    writeln!(out, "    </testcase>")
}

/// What is decided, by what, and whether it may be relied on.
fn properties(suite: &[&Report], out: &mut dyn Write) -> io::Result<()> {
    let property = |name: &str, value: &str, out: &mut dyn Write| {
        writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", escaped(value))
    };
    writeln!(out, "    <properties>")?;
    property("control", &CONTROL.to_string(), out)?;
    property("version", &TOOL.to_string(), out)?;
    for caveat in Caveat::ALL.iter().filter(|caveat| suite.iter().any(|report| report.caveats.contains(caveat))) {
        property("caveat", caveat.in_words(), out)?;
    }
    writeln!(out, "    </properties>")
}

fn is_failure(report: &Report) -> bool {
    report.exceptions.is_empty() && report.standing() == Standing::NonCompliant
}

fn is_skipped(report: &Report) -> bool {
    !report.exceptions.is_empty() || matches!(report.standing(), Standing::NotApplicable | Standing::NotChecked)
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
