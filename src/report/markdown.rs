//! For the summary of a CI job, an issue or a wiki: Markdown with GitHub's tables.

use std::io::{self, Write};

use super::{
    ReasonReport, Report,
    control::{CONTROL, TOOL},
    organization::Organization,
    remedies::Remedy,
    reports::Reports,
    text::is_hidden,
};
use crate::rule::evaluation::ComplianceType;

/// What is decided, a table of the accounts where there are several, and each below a heading of its own.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {CONTROL}\n\n{}. Rule `{}`, {TOOL}.", CONTROL.title, CONTROL.rule)?;
    let accounts = reports.by_weight();
    if reports.accounts.len() != 1 {
        writeln!(out, "\n{}.", reports.summary())?;
    }
    if let Some(changes) = reports.changes {
        writeln!(out, "\n## Since {}\n\n{}.", text(&changes.since), changes.in_words())?;
        for (index, change) in changes.changed.iter().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            writeln!(out, "{gap}- {}: {}", change.kind.in_words(), text(&change.in_words()))?;
        }
    }
    if let Some(organization) = reports.organization {
        self::organization(organization, reports, out)?;
    }
    if accounts.len() > 1 {
        writeln!(out, "\n| Account | Verdict | Why |\n|---|---|---|")?;
        for report in &accounts {
            let why = text(&report.annotation);
            writeln!(out, "| {} | {} | {why} |", text(&subject(report)), report.standing().as_str())?;
        }
    }
    for report in accounts {
        writeln!(out)?;
        account(report, out)?;
    }
    Ok(())
}

fn organization(organization: &Organization, reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    let id = organization.id.as_deref().unwrap_or("not asked: accounts were named");
    writeln!(out, "\nOrganization {}\n", text(id))?;
    for problem in &organization.problems {
        writeln!(out, "**{}**\n", text(problem))?;
    }
    for unit in organization.units(reports.accounts) {
        let indent = 2 * unit.depth();
        writeln!(out, "{:indent$}- {}: {}", "", text(&unit.title()), unit.below)?;
    }
    Ok(())
}

fn subject(report: &Report) -> String {
    let whose = report.whose();
    whose.strip_prefix("account ").map_or(whose.clone(), str::to_owned)
}

fn account(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}: {}\n", report.standing().as_str(), text(&report.whose()))?;
    let annotation = text(&report.annotation);
    match (&report.region, report.collected_at) {
        (Some(region), Some(at)) => writeln!(out, "Judged from {} at {}: {annotation}", text(region), at.for_people())?,
        _ => writeln!(out, "{annotation}")?,
    }
    if let Some(account) = &report.account {
        let state = account.state.as_deref().unwrap_or("State not known");
        writeln!(out, "\n{}, in {}", text(state), text(&account.place()))?;
    }
    for caveat in &report.caveats {
        writeln!(out, "\n**{}**", caveat.in_words())?;
    }
    if let Some(collected_as) = &report.collected_as {
        writeln!(out, "\nCollected as {}", text(collected_as))?;
    }
    if let Some(excepted) = report.excepted() {
        writeln!(out, "\nThis account is {}.", text(&excepted))?;
    }
    let parameters = report.parameters();
    if !parameters.is_empty() {
        writeln!(out, "\nParameters: {}", text(&parameters))?;
    }
    if !report.trails.is_empty() {
        writeln!(out, "\n| Result | Trail | Home Region | Reason | In words |\n|---|---|---|---|---|")?;
    }
    for trail in &report.trails {
        let home_region = text(trail.home_region.as_deref().unwrap_or_default());
        let trail_cells = format!("| {:?} | {} | {home_region} |", trail.result, text(&trail.name));
        let notes = |words: &str| {
            let words = std::iter::once(words).chain(trail.notes.iter().map(String::as_str));
            text(&words.collect::<Vec<_>>().join(". "))
        };
        if trail.reasons.is_empty() {
            writeln!(out, "{trail_cells} | {} |", notes(trail.satisfaction.as_deref().unwrap_or_default()))?;
        }
        for reason in &trail.reasons {
            writeln!(out, "{trail_cells} `{}` | {} |", reason.code, notes(&reason.text))?;
        }
    }
    for (trail, delivery) in report.trails.iter().filter_map(|trail| Some((trail, trail.delivery.as_ref()?))) {
        writeln!(out, "\n### {}: delivery of {}\n", delivery.proof_in_words(), text(&trail.name))?;
        writeln!(out, "At {}: {}\n", delivery.date.for_people(), text(&delivery.text))?;
        for note in &delivery.notes {
            writeln!(out, "{}.\n", text(note))?;
        }
        writeln!(out, "| Region | Outcome | In words |\n|---|---|---|")?;
        for region in delivery.by_weight() {
            writeln!(out, "| {} | `{}` | {} |", text(&region.region), region.code, text(&region.in_words()))?;
        }
    }
    // Where another trail passes, those that do not need no remedy.
    if report.compliance_type == Some(ComplianceType::Compliant) {
        return Ok(());
    }
    let of_trails = report.trails.iter().flat_map(|trail| {
        trail
            .reasons
            .iter()
            .map(|reason| (format!("**{}**: {}", text(&trail.name), consequence(reason)), &reason.remedy))
    });
    let of_account = report.remedies.iter().map(|remedy| (String::new(), remedy));
    for (index, (opening, remedy)) in of_account.chain(of_trails).enumerate() {
        if index == 0 {
            writeln!(out, "\n### What to do")?;
        }
        // Our own words, with code spans.
        writeln!(out, "\n{opening}{}", remedy.text.replace(is_hidden, " "))?;
        commands(remedy, out)?;
    }
    Ok(())
}

fn consequence(reason: &ReasonReport) -> String {
    reason.consequence.as_ref().map_or(String::new(), |consequence| format!("{} ", text(consequence)))
}

/// The commands in a fence that none of them can close.
fn commands(remedy: &Remedy, out: &mut dyn Write) -> io::Result<()> {
    if remedy.commands.is_empty() {
        return Ok(());
    }
    let commands = remedy.joined_commands("\n").replace(|c| is_hidden(c) && c != '\n', "\u{FFFD}");
    let longest = commands.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(3.max(longest + 1));
    writeln!(out, "\n{fence}sh\n{commands}\n{fence}")
}

/// Text as it is, in one line and with nothing that Markdown or a forge would take for its own: no link, no mention, no
/// number of an issue.
pub(crate) fn text(text: &str) -> String {
    /// A comment that shows nothing and keeps what it parts from being read as one.
    const APART: &str = "<!-- -->";
    let mut escaped = String::new();
    let mut characters = text.trim().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '$' => escaped.extend(['\\', character]),
            '@' | '#' => escaped.extend([&character.to_string(), APART]),
            ':' if characters.peek() == Some(&'/') => escaped.extend([":", APART]),
            '.' if escaped.to_ascii_lowercase().ends_with("www") => escaped.extend([APART, "."]),
            _ if is_hidden(character) => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn text_of_others_is_no_link_no_mention_and_no_number_of_an_issue() {
        for (from, to) in [
            ("see https://example.com", "see https:<!-- -->//example.com"),
            ("WWW.example.com", "WWW<!-- -->.example.com"),
            ("a@example.com @user", "a@<!-- -->example.com @<!-- -->user"),
            ("org/project#12", "org/project#<!-- -->12"),
            ("[a](b) <b> `c` a|b", "\\[a\\](b) \\<b\\> \\`c\\` a\\|b"),
            ("a\u{1b}[2J\u{202e}\nb", "a \\[2J  b"),
            ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x"),
        ] {
            assert_eq!(text(from), to);
        }
    }
}
