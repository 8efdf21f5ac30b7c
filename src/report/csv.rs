//! A row for each trail and reason, for spreadsheets.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Excepted, ReasonReport, Report, TrailReport,
    command::Command,
    control::{CONTROL, TOOL},
    delivery::DeliveryReport,
    facts::Facts,
    remedies::Remedy,
    reports::Reports,
    text::is_hidden,
};
use crate::rule::{evaluation::ComplianceType, reasons::TrailResult, timestamp::Timestamp};

/// The columns: AWS's names where AWS has one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    account_id: Cell,
    account_name: Cell,
    region: Cell,
    collected_at: Cell,
    collected_as: Cell,
    compliance_type: Cell,
    verified: Option<bool>,
    annotation: Cell,
    caveats: Cell,
    rule_parameters: Cell,
    name: Cell,
    #[serde(rename = "TrailARN")]
    trail_arn: Cell,
    home_region: Cell,
    s3_bucket_name: Cell,
    is_multi_region_trail: Option<bool>,
    is_organization_trail: Option<bool>,
    include_global_service_events: Option<bool>,
    is_logging: Option<bool>,
    start_logging_time: Option<Timestamp>,
    stop_logging_time: Option<Timestamp>,
    latest_delivery_time: Option<Timestamp>,
    latest_delivery_error: Cell,
    latest_digest_delivery_time: Option<Timestamp>,
    has_custom_event_selectors: Option<bool>,
    include_management_events: Option<bool>,
    read_write_type: Option<&'static str>,
    excluded_event_sources: Cell,
    recorded_by: Cell,
    event_selectors: Cell,
    log_file_validation_enabled: Option<bool>,
    kms_key_id: Cell,
    cloud_watch_logs_log_group_arn: Cell,
    #[serde(rename = "SnsTopicARN")]
    sns_topic_arn: Cell,
    s3_key_prefix: Cell,
    not_read: Cell,
    notes: Cell,
    /// What is proved of its delivery, where that was asked.
    delivery: Option<&'static str>,
    regions: Cell,
    result: Option<TrailResult>,
    reason: Cell,
    text: Cell,
    consequence: Cell,
    remedy: Cell,
    commands: Cell,
    evidence_file: Cell,
    evidence_sha256: Cell,
    content_sha256: Cell,
    control: Cell,
    rule: Cell,
    version: Cell,
    /// The first of the days until which it is excepted.
    excepted_until: Cell,
    exception_owner: Cell,
    exception_justification: Cell,
    state: Cell,
    organizational_unit: Cell,
    status: Cell,
    error: Cell,
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

/// A trail that passes has one row, and so have an account without trails and each account of an organization.
pub(super) fn render(reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
    if reports.shown().next().is_none() {
        return out.write_all(&header()?);
    }
    let mut writer = ::csv::Writer::from_writer(out);
    for report in reports.shown() {
        if reports.organization.is_some() {
            writer.serialize(row(report, None, None, &report.remedies))?;
            continue;
        }
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

/// The names of the columns, which are written with the first row, without one.
fn header() -> io::Result<Vec<u8>> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.serialize(row(&Report::without_verdict(String::new(), String::new()), None, None, &[]))?;
    let mut text = writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))?;
    let line = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| end + 1);
    text.truncate(line);
    Ok(text)
}

fn row(report: &Report, trail: Option<&TrailReport>, reason: Option<&ReasonReport>, remedies: &[Remedy]) -> Row {
    let text = match reason {
        Some(reason) => Some(reason.text.as_str()),
        None => trail.and_then(|trail| trail.satisfaction.as_deref()),
    };
    let words: Vec<&str> = remedies.iter().map(|remedy| remedy.text.as_str()).collect();
    let commands: Vec<String> = remedies.iter().flat_map(|remedy| &remedy.commands).map(Command::to_string).collect();
    let until = report.exceptions.iter().map(|exception| exception.expires).min();
    let of_exceptions = |text: fn(&Excepted) -> &str| report.exceptions.iter().map(text).collect::<Vec<_>>().join("; ");
    let none = Facts::default();
    let facts = trail.map_or(&none, |trail| &trail.facts);
    let delivery = trail.and_then(|trail| trail.delivery.as_ref());
    let regions: Vec<String> = delivery
        .map(DeliveryReport::by_weight)
        .unwrap_or_default()
        .into_iter()
        .map(|region| format!("{}: {}: {}", region.region, region.code, region.in_words()))
        .collect();
    let account = report.account.as_ref();
    Row {
        account_id: Cell::optional(report.account_id.as_deref()),
        account_name: Cell::optional(report.account_name.as_deref()),
        region: Cell::optional(report.region.as_deref()),
        collected_at: Cell::new(&report.collected_at.map(|at| at.to_string()).unwrap_or_default()),
        collected_as: Cell::optional(report.collected_as.as_deref()),
        compliance_type: Cell::new(
            report.compliance_type.map_or_else(|| report.standing().as_str(), ComplianceType::as_str),
        ),
        verified: report.verified,
        annotation: Cell::new(&report.annotation),
        caveats: Cell::new(&report.caveats_in_words()),
        rule_parameters: Cell::new(&report.parameters()),
        name: Cell::optional(trail.map(|trail| trail.name.as_str())),
        trail_arn: Cell::optional(trail.and_then(|trail| trail.trail_arn.as_deref())),
        home_region: Cell::optional(trail.and_then(|trail| trail.home_region.as_deref())),
        s3_bucket_name: Cell::optional(trail.and_then(|trail| trail.s3_bucket_name.as_deref())),
        is_multi_region_trail: trail.map(|trail| trail.is_multi_region_trail),
        is_organization_trail: trail.map(|trail| trail.is_organization_trail),
        include_global_service_events: facts.include_global_service_events,
        is_logging: facts.is_logging,
        start_logging_time: facts.start_logging_time,
        stop_logging_time: facts.stop_logging_time,
        latest_delivery_time: facts.latest_delivery_time,
        latest_delivery_error: Cell::optional(facts.latest_delivery_error.as_deref()),
        latest_digest_delivery_time: facts.latest_digest_delivery_time,
        has_custom_event_selectors: facts.has_custom_event_selectors,
        include_management_events: facts.include_management_events,
        read_write_type: facts.read_write_type,
        excluded_event_sources: Cell::new(&facts.excluded_event_sources.join("; ")),
        recorded_by: Cell::optional(facts.recorded_by.as_deref()),
        event_selectors: Cell::new(&facts.event_selectors.join("; ")),
        log_file_validation_enabled: facts.log_file_validation_enabled,
        kms_key_id: Cell::optional(facts.kms_key_id.as_deref()),
        cloud_watch_logs_log_group_arn: Cell::optional(facts.cloud_watch_logs_log_group_arn.as_deref()),
        sns_topic_arn: Cell::optional(facts.sns_topic_arn.as_deref()),
        s3_key_prefix: Cell::optional(facts.s3_key_prefix.as_deref()),
        not_read: Cell::new(&facts.not_read.join("; ")),
        notes: Cell::new(&trail.map(|trail| trail.notes.join(" ")).unwrap_or_default()),
        delivery: delivery.map(|delivery| delivery.proof),
        regions: Cell::new(&regions.join("; ")),
        result: trail.map(|trail| trail.result),
        reason: Cell::optional(reason.map(|reason| reason.code.as_str())),
        text: Cell::optional(text),
        consequence: Cell::optional(reason.and_then(|reason| reason.consequence.as_deref())),
        remedy: Cell::new(&words.join(" ")),
        commands: Cell::new(&commands.join(" && ")),
        evidence_file: Cell::optional(report.evidence_file.as_deref()),
        evidence_sha256: Cell::optional(report.evidence_sha256.as_deref()),
        content_sha256: Cell::optional(report.content_sha256.as_deref()),
        control: Cell::new(&CONTROL.to_string()),
        rule: Cell::new(CONTROL.rule),
        version: Cell::new(&TOOL.to_string()),
        excepted_until: Cell::new(&until.map(|date| date.to_string()).unwrap_or_default()),
        exception_owner: Cell::new(&of_exceptions(|exception| &exception.owner)),
        exception_justification: Cell::new(&of_exceptions(|exception| &exception.justification)),
        state: Cell::optional(account.and_then(|account| account.state.as_deref())),
        organizational_unit: Cell::new(&account.map(|account| account.path.join("/")).unwrap_or_default()),
        status: Cell::optional(account.map(|account| account.status.as_str())),
        error: Cell::optional(account.and_then(|account| account.error.as_deref())),
    }
}
