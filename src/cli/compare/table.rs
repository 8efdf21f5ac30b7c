//! A comparison for people at a terminal.

use std::io;

use anstyle::Style;

use super::{
    age::age,
    comparison::{ComparedRule, Comparison},
};
use crate::{
    report::{
        Report,
        table::{heading, verdict_style},
        text::Screen,
    },
    rule::parameters::InputParameters,
};

const PLAIN: Style = Style::new();
const DIM: Style = Style::new().dimmed();

pub(super) fn render(report: &Report, comparison: &Comparison, screen: &mut Screen) -> io::Result<()> {
    heading(report, screen)?;
    let region = &comparison.region;
    if !comparison.rules.is_empty() {
        screen.empty_line()?;
        screen.line(format_args!("AWS Config in {region} has recorded:"))?;
    }
    for rule in &comparison.rules {
        screen.empty_line()?;
        self::rule(rule, screen)?;
    }
    if !comparison.not_deployed.is_empty() {
        let is_own = comparison.rules.iter().all(|rule| rule.managed.is_some());
        let tip = if is_own { " (--rule takes another name)" } else { "" };
        screen.empty_line()?;
        screen.line(format_args!("Not deployed in {region}: {}{tip}", comparison.not_deployed.join(", ")))?;
    }
    for (index, not_read) in comparison.not_read.iter().enumerate() {
        if index == 0 {
            screen.empty_line()?;
        }
        let rules = if not_read.rules.is_empty() { String::new() } else { format!(" ({})", not_read.rules.join(", ")) };
        screen.line(format_args!("Not read, as {} failed{rules}: {}", not_read.action, not_read.error))?;
    }
    Ok(())
}

fn rule(rule: &ComparedRule, screen: &mut Screen) -> io::Result<()> {
    let recorded = rule.recorded();
    let identifier = rule.managed_rule_identifier.unwrap_or("this rule");
    let by = rule.created_by.as_deref().map(|service| format!(", made by {service}")).unwrap_or_default();
    screen.styled_line(&[
        (PLAIN, &"  "),
        (verdict_style(rule.result()), &recorded),
        (PLAIN, &format_args!("  {}  ", rule.config_rule_name)),
        (DIM, &format_args!("{identifier}{by}")),
    ])?;
    if let Some(annotation) = &rule.annotation {
        screen.line(format_args!("    {annotation}"))?;
    }
    if let (Some(time), Some(seconds)) = (rule.result_recorded_time, rule.result_age_seconds) {
        let evaluated = rule
            .last_evaluated()
            .filter(|evaluated| *evaluated > time)
            .map(|evaluated| format!("; evaluated again at {}", evaluated.for_people()))
            .unwrap_or_default();
        screen.line(format_args!("    Recorded at {}, {} ago{evaluated}", time.for_people(), age(seconds)))?;
    }
    let parameters = rule.input_parameters.as_ref().map(InputParameters::lines).unwrap_or_default();
    if !parameters.is_empty() {
        screen.line(format_args!("    Parameters: {}", parameters.join(", ")))?;
    }
    match rule.agrees {
        Some(true) => screen.line("    Says the same.")?,
        Some(false) => screen.line("    Differs:")?,
        None => {}
    }
    rule.why.iter().try_for_each(|line| screen.line(format_args!("    - {line}")))
}
