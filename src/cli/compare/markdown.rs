//! A comparison for the summary of a CI job: Markdown with GitHub's tables.

use std::io::{self, Write};

use super::{
    age::age,
    comparison::{ComparedRule, Comparison},
};
use crate::report::{
    Report,
    control::{CONTROL, TOOL},
    markdown::text,
};

pub(super) fn render(report: &Report, comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let region = text(&comparison.region);
    writeln!(out, "# {CONTROL}\n\n{}. Rule `{}`, {TOOL}.\n", CONTROL.title, CONTROL.rule)?;
    writeln!(out, "## {}: {}\n", report.standing().as_str(), text(&report.whose()))?;
    let at = report.collected_at.map_or(String::new(), |at| format!(" at {}", at.for_people()));
    writeln!(out, "Judged from {region}{at}: {}", text(&report.annotation))?;
    if !comparison.rules.is_empty() {
        writeln!(out, "\nAWS Config in {region} has recorded:\n")?;
        writeln!(out, "| Rule | Kind | Recorded | Since | Says the same |\n|---|---|---|---|---|")?;
    }
    for rule in &comparison.rules {
        let kind = rule.managed_rule_identifier.unwrap_or("this rule");
        let since = match (rule.result_recorded_time, rule.result_age_seconds) {
            (Some(time), Some(seconds)) => format!("{}, {} ago", time.for_people(), age(seconds)),
            _ => String::new(),
        };
        let agrees = match rule.agrees {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        writeln!(
            out,
            "| {} | {} | {} | {since} | {agrees} |",
            text(&rule.config_rule_name),
            text(kind),
            text(rule.recorded())
        )?;
    }
    for ComparedRule { config_rule_name, annotation, why, .. } in &comparison.rules {
        let lines: Vec<&String> = annotation.iter().chain(why).collect();
        if !lines.is_empty() {
            writeln!(out, "\n### {}\n", text(config_rule_name))?;
        }
        lines.into_iter().try_for_each(|line| writeln!(out, "- {}", text(line)))?;
    }
    if !comparison.not_deployed.is_empty() {
        writeln!(out, "\nNot deployed in {region}: {}", text(&comparison.not_deployed.join(", ")))?;
    }
    for not_read in &comparison.not_read {
        let rules = if not_read.rules.is_empty() { String::new() } else { format!(" ({})", not_read.rules.join(", ")) };
        let line = format!("Not read, as {} failed{rules}: {}", not_read.action, not_read.error);
        writeln!(out, "\n{}", text(&line))?;
    }
    Ok(())
}
