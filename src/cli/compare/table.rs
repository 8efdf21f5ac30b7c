//! A comparison for people at a terminal.

use std::io::{self, Write};

use anstyle::Style;
use serde_json::Value;

use super::{
    age::age,
    comparison::{ComparedRule, Comparison, RecordedCompliance},
    managed::set,
};
use crate::report::{
    Report,
    table::{heading, verdict_style},
    text::Plain,
};

const DIM: Style = Style::new().dimmed();

pub(super) fn render(report: &Report, comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    heading(report, out)?;
    let region = &comparison.region;
    writeln!(out, "\nAWS Config in {region} has recorded:")?;
    for rule in &comparison.rules {
        writeln!(out)?;
        self::rule(rule, out)?;
    }
    if !comparison.not_deployed.is_empty() {
        let is_own = comparison.rules.iter().all(|rule| rule.managed.is_some());
        let tip = if is_own { " (--rule takes another name)" } else { "" };
        writeln!(out, "\nNot deployed in {region}: {}{tip}", Plain(&comparison.not_deployed.join(", ")))?;
    }
    for (index, not_read) in comparison.not_read.iter().enumerate() {
        if index == 0 {
            writeln!(out)?;
        }
        let rules = if not_read.rules.is_empty() { String::new() } else { format!(" ({})", not_read.rules.join(", ")) };
        writeln!(out, "Not read, as {} failed{}: {}", not_read.action, Plain(&rules), Plain(&not_read.error))?;
    }
    Ok(())
}

fn rule(rule: &ComparedRule, out: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(rule.result());
    let recorded = match rule.compliance_type {
        Some(RecordedCompliance::Result(compliance_type)) => compliance_type.as_str(),
        Some(RecordedCompliance::InsufficientData) => "INSUFFICIENT_DATA",
        None => "NOT_READ",
    };
    let identifier = rule.managed_rule_identifier.unwrap_or("this rule");
    let by = rule.created_by.as_deref().map(|service| format!(", made by {service}")).unwrap_or_default();
    let name = Plain(&rule.config_rule_name);
    writeln!(out, "  {style}{recorded}{style:#}  {name}  {DIM}{identifier}{}{DIM:#}", Plain(&by))?;
    if let Some(annotation) = &rule.annotation {
        writeln!(out, "    {}", Plain(annotation))?;
    }
    if let (Some(time), Some(seconds)) = (rule.result_recorded_time, rule.result_age_seconds) {
        let evaluated = rule
            .last_evaluated()
            .filter(|evaluated| *evaluated > time)
            .map(|evaluated| format!("; evaluated again at {evaluated}"))
            .unwrap_or_default();
        writeln!(out, "    Recorded at {time}, {} ago{evaluated}", age(seconds))?;
    }
    if let Some(parameters) = rule.input_parameters.as_ref().and_then(parameters) {
        writeln!(out, "    Parameters: {}", Plain(&parameters))?;
    }
    match rule.agrees {
        Some(true) => writeln!(out, "    Says the same.")?,
        Some(false) => writeln!(out, "    Differs:")?,
        None => {}
    }
    rule.why.iter().try_for_each(|line| writeln!(out, "    - {}", Plain(line)))
}

fn parameters(parameters: &Value) -> Option<String> {
    match parameters {
        Value::Object(by_name) => {
            let set = by_name.keys().filter_map(|name| Some(format!("{name}={}", set(by_name, name)?)));
            let set: Vec<String> = set.collect();
            (!set.is_empty()).then(|| set.join(", "))
        }
        other => other.as_str().map(str::to_owned),
    }
}
