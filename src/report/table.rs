//! For people at a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{
    ReasonReport, Report, Standing, TrailReport,
    command::Command,
    control::{CONTROL, TOOL},
    delivery::DeliveryReport,
    organization::Organization,
    remedies::Remedy,
    reports::Reports,
    text::Screen,
};
use crate::rule::{
    evaluation::ComplianceType,
    reasons::{Code, TrailResult},
};

const PLAIN: Style = Style::new();
const DIM: Style = Style::new().dimmed();

/// Reports, those that need attention first, with an empty line between them, and how many accounts stand how.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    let screen = &mut Screen::new(out);
    let shown = reports.by_weight();
    let is_alone = reports.accounts.len() == 1;
    head(screen)?;
    if let Some(organization) = reports.organization {
        screen.empty_line()?;
        self::organization(organization, reports, screen)?;
    }
    for group in groups(&shown) {
        screen.empty_line()?;
        match group[..] {
            [report] if is_alone || reports.with_facts || report.needs_attention() => {
                account(report, reports.with_facts, screen)?;
            }
            [report] => in_short(report, screen)?,
            _ => together(&group, reports.with_facts, screen)?,
        }
    }
    if !is_alone {
        screen.empty_line()?;
        screen.line(reports.summary())?;
    }
    if let Some(changes) = reports.changes {
        screen.empty_line()?;
        screen.line(format_args!("Since {}: {}", changes.since, changes.in_words()))?;
        for change in &changes.changed {
            screen.line(format_args!("  {}: {}", change.kind.in_words(), change.in_words()))?;
        }
    }
    Ok(())
}

/// Accounts in a row that many reasons make one of: what is the same for all of them is said once.
fn groups<'r>(reports: &[&'r Report]) -> Vec<Vec<&'r Report>> {
    /// Fewer are shown one by one.
    const MANY: usize = 5;
    let mut groups: Vec<(Option<Vec<Code>>, Vec<&Report>)> = Vec::new();
    for report in reports {
        let codes = shared_codes(report);
        match groups.iter_mut().find(|(others, _)| codes.is_some() && *others == codes) {
            Some((_, group)) => group.push(report),
            None => groups.push((codes, vec![report])),
        }
    }
    let mut split = Vec::new();
    for (_, group) in groups {
        if group.len() < MANY { split.extend(group.into_iter().map(|report| vec![report])) } else { split.push(group) }
    }
    split.sort_by_key(|group| group.first().map(|report| (!report.needs_attention(), report.standing())));
    split
}

/// The reasons of an account that fails with its only trail by them.
fn shared_codes(report: &Report) -> Option<Vec<Code>> {
    let [trail] = &report.trails[..] else { return None };
    let is_failing =
        report.needs_attention() && report.standing() == Standing::NonCompliant && report.remedies.is_empty();
    let is_plain = trail.delivery.is_none() && report.evaluations.len() == 1 && report.other_saved_verdict().is_none();
    (is_failing && is_plain).then(|| trail.reasons.iter().map(|reason| reason.code).collect())
}

/// Accounts that share their reasons: what these mean and what to do is said once.
fn together(group: &[&Report], with_facts: bool, screen: &mut Screen) -> io::Result<()> {
    let reasons = || group.iter().take(1).flat_map(|report| &report.trails).flat_map(|trail| &trail.reasons);
    let codes: Vec<&str> = reasons().map(|reason| reason.code.as_str()).collect();
    screen.styled_line(&[
        (style(Standing::NonCompliant), &Standing::NonCompliant.as_str()),
        (PLAIN, &format_args!("  {} accounts  ", group.len())),
        (DIM, &codes.join(", ")),
    ])?;
    for reason in reasons() {
        screen.line(format_args!("  {}: {} {}", reason.code, reason.code.about().meaning, reason.remedy.text))?;
    }
    for report in group {
        screen.empty_line()?;
        screen.styled_line(&[(PLAIN, &format_args!("  {}", report.whose())), (DIM, &judged(report))])?;
        caveats(report, "  ", screen)?;
        for trail in &report.trails {
            title(trail, false, screen)?;
            for reason in &trail.reasons {
                screen.line(format_args!("    {}", with_consequence(reason)))?;
                reason.remedy.commands.iter().try_for_each(|command| self::command(command, "      ", screen))?;
            }
            facts(trail, with_facts, screen)?;
        }
    }
    Ok(())
}

/// An account that needs no attention, among others.
fn in_short(report: &Report, screen: &mut Screen) -> io::Result<()> {
    heading(report, screen)?;
    let notes = report.trails.iter().flat_map(|trail| trail.notes.iter().map(move |note| (trail, note)));
    for (trail, note) in notes {
        screen.line(format_args!("  {}: {note}", trail.name))?;
    }
    Ok(())
}

/// What is decided, and by what.
pub(crate) fn head(screen: &mut Screen) -> io::Result<()> {
    screen.styled_line(&[(DIM, &format_args!("{CONTROL}  rule {}  {TOOL}", CONTROL.rule))])
}

/// The tree with how the accounts of each unit and of those below it stand, and why accounts may be missing.
fn organization(organization: &Organization, reports: &Reports, screen: &mut Screen) -> io::Result<()> {
    screen.line(format_args!(
        "Organization {}",
        organization.id.as_deref().unwrap_or("not asked: accounts were named")
    ))?;
    for problem in &organization.problems {
        screen.styled_line(&[(AnsiColor::Yellow.on_default(), problem)])?;
    }
    for unit in organization.units(reports.accounts) {
        let indent = 2 * (unit.depth() + 1);
        screen.styled_line(&[
            (PLAIN, &format_args!("{:indent$}{}  {}", "", unit.title(), unit.below)),
            (DIM, &if unit.own == unit.below { String::new() } else { format!("  (its own: {})", unit.own) }),
        ])?;
    }
    Ok(())
}

/// The verdict, why, and what was asked.
pub(crate) fn heading(report: &Report, screen: &mut Screen) -> io::Result<()> {
    screen.styled_line(&[
        (style(report.standing()), &report.standing().as_str()),
        (PLAIN, &format_args!("  {}", report.whose())),
        (DIM, &judged(report)),
    ])?;
    screen.line(&report.annotation)?;
    if let Some(account) = report.account.as_ref().filter(|account| account.state.is_some()) {
        let state = account.state.as_deref().unwrap_or_default();
        screen.styled_line(&[(DIM, &format_args!("{state}, in {}", account.place()))])?;
    }
    caveats(report, "", screen)?;
    if let Some(collected_as) = &report.collected_as {
        screen.styled_line(&[(DIM, &format_args!("Collected as {collected_as}"))])?;
    }
    if let Some(excepted) = report.excepted() {
        screen.line(format_args!("This account is {excepted}."))?;
    }
    let parameters = report.parameters();
    if !parameters.is_empty() {
        screen.line(format_args!("Parameters: {parameters}"))?;
    }
    Ok(())
}

fn judged(report: &Report) -> String {
    let is_judged = report.compliance_type.is_some() || report.collected_at.is_some();
    match (report.region.as_ref().filter(|_| is_judged), report.collected_at) {
        (Some(region), Some(at)) => format!("  judged from {region} at {}", at.for_people()),
        (Some(region), None) => format!("  judged from {region}"),
        (None, _) => String::new(),
    }
}

fn caveats(report: &Report, indent: &str, screen: &mut Screen) -> io::Result<()> {
    let mut caveats = report.caveats.iter();
    caveats.try_for_each(|caveat| {
        screen.styled_line(&[(PLAIN, &indent), (AnsiColor::Yellow.on_default(), &caveat.in_words())])
    })
}

/// One account.
pub(super) fn account(report: &Report, with_facts: bool, screen: &mut Screen) -> io::Result<()> {
    heading(report, screen)?;
    if let Some(saved) = report.other_saved_verdict() {
        screen.line(format_args!("When the evidence was saved: {}: {}", saved.verdict(), saved.annotation))?;
    }
    for (index, remedy) in report.remedies.iter().enumerate() {
        if index == 0 {
            screen.empty_line()?;
        }
        self::remedy(remedy, "  ", screen)?;
    }
    for trail in &report.trails {
        screen.empty_line()?;
        self::trail(trail, report, with_facts, screen)?;
    }
    if report.evaluations.len() > 1 {
        screen.empty_line()?;
        screen.line("Rows for AWS Config:")?;
        for row in &report.evaluations {
            let (style, resource) = (verdict_style(Some(row.compliance_type)), &row.resource);
            screen.styled_line(&[
                (PLAIN, &"  "),
                (style, &format_args!("{:<14}", row.compliance_type)),
                (PLAIN, &format_args!("  {}  {}", resource.resource_type, resource.resource_id)),
            ])?;
        }
    }
    Ok(())
}

/// Its result, name and ARN.
fn title(trail: &TrailReport, is_dim: bool, screen: &mut Screen) -> io::Result<()> {
    let color = match trail.result {
        TrailResult::Pass => AnsiColor::Green,
        TrailResult::Fail => AnsiColor::Red,
        TrailResult::Unknown | TrailResult::Hidden => AnsiColor::Yellow,
    };
    let result = format!("{:?}", trail.result).to_uppercase();
    screen.styled_line(&[
        (PLAIN, &"  "),
        (if is_dim { DIM } else { color.on_default().bold() }, &format_args!("{result:<7}")),
        (if is_dim { DIM } else { PLAIN }, &format_args!("  {}  ", trail.name)),
        (DIM, &trail.trail_arn.as_deref().unwrap_or("no ARN")),
    ])
}

fn trail(trail: &TrailReport, report: &Report, with_facts: bool, screen: &mut Screen) -> io::Result<()> {
    // One that passes is enough: beside it, others are no alarm.
    let is_compliant = report.compliance_type == Some(ComplianceType::Compliant);
    let is_dim = is_compliant && trail.result != TrailResult::Pass;
    title(trail, is_dim, screen)?;
    if let Some(satisfaction) = trail.satisfaction.as_ref().filter(|text| **text != report.annotation) {
        screen.line(format_args!("    {satisfaction}"))?;
    }
    for note in &trail.notes {
        screen.line(format_args!("    {note}"))?;
    }
    for reason in &trail.reasons {
        let style = if is_dim { DIM } else { PLAIN };
        let text = if is_dim { reason.text.clone() } else { with_consequence(reason) };
        screen.styled_line(&[(style, &format_args!("    {}: {text}", reason.code))])?;
        if !is_dim {
            remedy(&reason.remedy, "      ", screen)?;
        }
    }
    facts(trail, with_facts, screen)?;
    trail.delivery.as_ref().map_or(Ok(()), |delivery| regions(delivery, screen))
}

fn with_consequence(reason: &ReasonReport) -> String {
    let consequence = reason.consequence.as_ref().map_or(String::new(), |consequence| format!(". {consequence}"));
    format!("{}{}", reason.text, consequence.trim_end_matches('.'))
}

/// What was asked, and what was answered.
fn facts(trail: &TrailReport, with_facts: bool, screen: &mut Screen) -> io::Result<()> {
    for fact in trail.facts.all.iter().filter(|_| with_facts) {
        let style = match fact.met {
            Some(true) => AnsiColor::Green.on_default(),
            Some(false) => AnsiColor::Red.on_default(),
            None => DIM,
        };
        let asked = fact.asked.as_ref().map_or(String::new(), |asked| format!("  (asked: {asked})"));
        screen.styled_line(&[
            (PLAIN, &"    "),
            (style, &format_args!("{:<9}", fact.in_words())),
            (PLAIN, &format_args!("  {:<22}  {}", fact.name, fact.answered)),
            (DIM, &asked),
        ])?;
    }
    Ok(())
}

/// Every Region, those that need attention first.
fn regions(delivery: &DeliveryReport, screen: &mut Screen<'_>) -> io::Result<()> {
    screen.line(format_args!(
        "    {}, at {}: {}",
        delivery.proof_in_words(),
        delivery.date.for_people(),
        delivery.text
    ))?;
    for note in &delivery.notes {
        screen.line(format_args!("    Note: {note}"))?;
    }
    let width = delivery.regions.iter().map(|region| region.region.len()).max().unwrap_or_default();
    for region in delivery.by_weight() {
        let style = match region.proof {
            Some("PROVED") => AnsiColor::Green.on_default(),
            Some("DISPROVED") => AnsiColor::Red.on_default(),
            Some(_) => AnsiColor::Yellow.on_default(),
            None => DIM,
        };
        screen.styled_line(&[
            (PLAIN, &format_args!("      {:<width$}  ", region.region)),
            (style, &format_args!("{:<12}", region.code)),
            (PLAIN, &format_args!("  {}", region.text)),
        ])?;
        for note in &region.notes {
            screen.line(format_args!("      {:<width$}  {:<12}  {note}", "", ""))?;
        }
    }
    Ok(())
}

fn remedy(remedy: &Remedy, indent: &str, screen: &mut Screen) -> io::Result<()> {
    screen.line(format_args!("{indent}{}", remedy.text))?;
    remedy.commands.iter().try_for_each(|command| self::command(command, indent, screen))
}

fn command(command: &Command, indent: &str, screen: &mut Screen) -> io::Result<()> {
    screen.styled_line(&[(PLAIN, &format_args!("{indent}$ ")), (AnsiColor::Cyan.on_default(), command)])
}

/// Green, red, or yellow for neither.
fn style(standing: Standing) -> Style {
    verdict_style(match standing {
        Standing::Compliant => Some(ComplianceType::Compliant),
        Standing::NonCompliant => Some(ComplianceType::NonCompliant),
        Standing::NotVerified | Standing::NoVerdict | Standing::NotApplicable | Standing::NotChecked => None,
    })
}

/// Green, red, or yellow for neither.
pub(crate) fn verdict_style(compliance_type: Option<ComplianceType>) -> Style {
    let color = match compliance_type {
        Some(ComplianceType::Compliant) => AnsiColor::Green,
        Some(ComplianceType::NonCompliant) => AnsiColor::Red,
        Some(ComplianceType::NotApplicable) | None => AnsiColor::Yellow,
    };
    color.on_default().bold()
}
