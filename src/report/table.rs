//! For people at a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{
    Report, Standing, TrailReport,
    control::{CONTROL, TOOL},
    delivery::DeliveryReport,
    remedies::Remedy,
    reports::Reports,
    text::Screen,
};
use crate::rule::{evaluation::ComplianceType, reasons::TrailResult};

const PLAIN: Style = Style::new();
const DIM: Style = Style::new().dimmed();

/// Reports, those that need attention first, with an empty line between them, and how many accounts stand how.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    let screen = &mut Screen::new(out);
    head(screen)?;
    for report in reports.by_weight() {
        screen.empty_line()?;
        account(report, screen)?;
    }
    if reports.accounts.len() != 1 {
        screen.empty_line()?;
        screen.line(reports.summary())?;
    }
    Ok(())
}

/// What is decided, and by what.
pub(crate) fn head(screen: &mut Screen) -> io::Result<()> {
    screen.styled_line(&[(DIM, &format_args!("{CONTROL}  rule {}  {TOOL}", CONTROL.rule))])
}

/// The verdict, why, and what was asked.
pub(crate) fn heading(report: &Report, screen: &mut Screen) -> io::Result<()> {
    let judged = match (&report.region, report.collected_at) {
        (Some(region), Some(at)) => format!("judged from {region} at {at}"),
        (Some(region), None) => format!("judged from {region}"),
        (None, _) => String::new(),
    };
    screen.styled_line(&[
        (style(report.standing()), &report.standing().as_str()),
        (PLAIN, &format_args!("  {}  ", report.whose())),
        (DIM, &judged),
    ])?;
    screen.line(&report.annotation)?;
    for caveat in &report.caveats {
        screen.styled_line(&[(AnsiColor::Yellow.on_default(), &caveat.in_words())])?;
    }
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

/// One account.
pub(super) fn account(report: &Report, screen: &mut Screen) -> io::Result<()> {
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
        self::trail(trail, report, screen)?;
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

fn trail(trail: &TrailReport, report: &Report, screen: &mut Screen) -> io::Result<()> {
    let color = match trail.result {
        TrailResult::Pass => AnsiColor::Green,
        TrailResult::Fail => AnsiColor::Red,
        TrailResult::Unknown | TrailResult::Hidden => AnsiColor::Yellow,
    };
    let result = format!("{:?}", trail.result).to_uppercase();
    screen.styled_line(&[
        (PLAIN, &"  "),
        (color.on_default().bold(), &format_args!("{result:<7}")),
        (PLAIN, &format_args!("  {}  ", trail.name)),
        (DIM, &trail.trail_arn.as_deref().unwrap_or("no ARN")),
    ])?;
    if let Some(satisfaction) = trail.satisfaction.as_ref().filter(|text| **text != report.annotation) {
        screen.line(format_args!("    {satisfaction}"))?;
    }
    for reason in &trail.reasons {
        screen.line(format_args!("    {}: {}", reason.code, reason.text))?;
        remedy(&reason.remedy, "      ", screen)?;
    }
    trail.delivery.as_ref().map_or(Ok(()), |delivery| regions(delivery, screen))
}

/// Every Region, those that need attention first.
fn regions(delivery: &DeliveryReport, screen: &mut Screen<'_>) -> io::Result<()> {
    screen.line(format_args!("    {}, at {}: {}", delivery.proof_in_words(), delivery.date, delivery.text))?;
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
    remedy.commands.iter().try_for_each(|command| {
        screen.styled_line(&[(PLAIN, &format_args!("{indent}$ ")), (AnsiColor::Cyan.on_default(), command)])
    })
}

/// Green, red, or yellow for neither.
fn style(standing: Standing) -> Style {
    verdict_style(match standing {
        Standing::Compliant => Some(ComplianceType::Compliant),
        Standing::NonCompliant => Some(ComplianceType::NonCompliant),
        Standing::NotVerified | Standing::NoVerdict | Standing::NotApplicable => None,
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
