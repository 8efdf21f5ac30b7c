//! A row for each trail and reason, for spreadsheets.

use std::io::{self, Write};

use serde::Serialize;

use super::{ReasonReport, Report, TrailReport, command::Command, remedies::Remedy, text::is_hidden};
use crate::rule::{evaluation::ComplianceType, provenance::SavedVerdict, reasons::TrailResult};

/// The columns: AWS's names where AWS has one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    account_id: Cell,
    region: Cell,
    collected_at: Cell,
    compliance_type: Cell,
    verified: Option<bool>,
    annotation: Cell,
    rule_parameters: Cell,
    name: Cell,
    #[serde(rename = "TrailARN")]
    trail_arn: Cell,
    home_region: Cell,
    s3_bucket_name: Cell,
    is_multi_region_trail: Option<bool>,
    is_organization_trail: Option<bool>,
    result: Option<TrailResult>,
    reason: Cell,
    text: Cell,
    remedy: Cell,
    commands: Cell,
}

/// Text that a spreadsheet shows in one line and never takes for a formula.
#[derive(Serialize)]
struct Cell(String);

impl Cell {
    fn new(text: &str) -> Self {
        let line = text.replace(is_hidden, " ");
        let is_formula = line.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        Self(if is_formula { format!("'{line}") } else { line })
    }

    fn optional(text: Option<&str>) -> Self {
        Self::new(text.unwrap_or_default())
    }
}

/// A trail that passes has one row, and so has an account without trails.
pub(super) fn render(reports: &[Report], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    for report in reports {
        if report.trails.is_empty() {
            writer.serialize(row(report, None, None, &report.remedies))?;
        }
        for trail in &report.trails {
            if trail.reasons.is_empty() {
                writer.serialize(row(report, Some(trail), None, &[]))?;
            }
            for reason in &trail.reasons {
                writer.serialize(row(report, Some(trail), Some(reason), std::slice::from_ref(&reason.remedy)))?;
            }
        }
    }
    writer.flush()
}

fn row(report: &Report, trail: Option<&TrailReport>, reason: Option<&ReasonReport>, remedies: &[Remedy]) -> Row {
    let text = match reason {
        Some(reason) => Some(reason.text.as_str()),
        None => trail.and_then(|trail| trail.satisfaction.as_deref()),
    };
    let words: Vec<&str> = remedies.iter().map(|remedy| remedy.text.as_str()).collect();
    let commands: Vec<String> = remedies.iter().flat_map(|remedy| &remedy.commands).map(Command::to_string).collect();
    Row {
        account_id: Cell::new(&report.account_id),
        region: Cell::new(&report.region),
        collected_at: Cell::new(&report.collected_at.to_string()),
        compliance_type: Cell::new(report.compliance_type.map_or(SavedVerdict::NONE, ComplianceType::as_str)),
        verified: report.verified,
        annotation: Cell::new(&report.annotation),
        rule_parameters: Cell::new(&report.parameters()),
        name: Cell::optional(trail.map(|trail| trail.name.as_str())),
        trail_arn: Cell::optional(trail.and_then(|trail| trail.trail_arn.as_deref())),
        home_region: Cell::optional(trail.and_then(|trail| trail.home_region.as_deref())),
        s3_bucket_name: Cell::optional(trail.and_then(|trail| trail.s3_bucket_name.as_deref())),
        is_multi_region_trail: trail.map(|trail| trail.is_multi_region_trail),
        is_organization_trail: trail.map(|trail| trail.is_organization_trail),
        result: trail.map(|trail| trail.result),
        reason: Cell::optional(reason.map(|reason| reason.code.as_str())),
        text: Cell::optional(text),
        remedy: Cell::new(&words.join(" ")),
        commands: Cell::new(&commands.join(" && ")),
    }
}
