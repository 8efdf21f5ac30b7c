//! For people at a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Report, TrailReport, command::Command, remedies::Remedy, text::Plain};
use crate::rule::{evaluation::ComplianceType, reasons::TrailResult};

const DIM: Style = Style::new().dimmed();

/// Reports, with an empty line between accounts.
pub(super) fn render(reports: &[Report], out: &mut dyn Write) -> io::Result<()> {
    for (index, report) in reports.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        account(report, out)?;
    }
    Ok(())
}

/// The verdict, why, and what was asked.
pub(crate) fn heading(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(report.compliance_type);
    let Report { account_id, region, collected_at, .. } = report;
    writeln!(
        out,
        "{style}{}{style:#}  account {account_id}  {DIM}judged from {region} at {collected_at}{DIM:#}",
        report.verdict()
    )?;
    writeln!(out, "{}", Plain(&report.annotation))?;
    let parameters = report.parameters();
    if !parameters.is_empty() {
        writeln!(out, "Parameters: {}", Plain(&parameters))?;
    }
    Ok(())
}

fn account(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    heading(report, out)?;
    if let Some(saved) = report.other_saved_verdict() {
        writeln!(out, "When the evidence was saved: {}: {}", saved.verdict(), Plain(&saved.annotation))?;
    }
    for (index, remedy) in report.remedies.iter().enumerate() {
        if index == 0 {
            writeln!(out)?;
        }
        self::remedy(remedy, "  ", out)?;
    }
    for trail in &report.trails {
        writeln!(out)?;
        self::trail(trail, report, out)?;
    }
    if report.evaluations.len() > 1 {
        writeln!(out, "\nRows for AWS Config:")?;
        for row in &report.evaluations {
            let style = verdict_style(Some(row.compliance_type));
            writeln!(
                out,
                "  {style}{:<14}{style:#}  {}  {}",
                row.compliance_type,
                row.resource.resource_type,
                Plain(&row.resource.resource_id)
            )?;
        }
    }
    Ok(())
}

fn trail(trail: &TrailReport, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let color = match trail.result {
        TrailResult::Pass => AnsiColor::Green,
        TrailResult::Fail => AnsiColor::Red,
        TrailResult::Unknown | TrailResult::Hidden => AnsiColor::Yellow,
    };
    let style = color.on_default().bold();
    let result = format!("{:?}", trail.result).to_uppercase();
    let place = Plain(trail.trail_arn.as_deref().unwrap_or("no ARN"));
    writeln!(out, "  {style}{result:<7}{style:#}  {}  {DIM}{place}{DIM:#}", Plain(&trail.name))?;
    if let Some(satisfaction) = trail.satisfaction.as_ref().filter(|text| **text != report.annotation) {
        writeln!(out, "    {satisfaction}")?;
    }
    for reason in &trail.reasons {
        writeln!(out, "    {}: {}", reason.code, Plain(&reason.text))?;
        remedy(&reason.remedy, "      ", out)?;
    }
    Ok(())
}

fn remedy(remedy: &Remedy, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{indent}{}", Plain(&remedy.text))?;
    let style = AnsiColor::Cyan.on_default();
    let mut commands = remedy.commands.iter().map(Command::to_string);
    commands.try_for_each(|command| writeln!(out, "{indent}$ {style}{}{style:#}", Plain(&command)))
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
