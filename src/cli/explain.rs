//! `explain`: what a reason or a parameter means, where it comes from, what to do and what that costs.

use std::io::{self, Write};

use anstyle::Style;
use clap::Args;

use super::{
    error::{CliError, Exit},
    output::Destination,
};
use crate::{
    report::remedies::Remedy,
    rule::{
        self,
        parameters::{PARAMETERS, Parameter},
        reasons::{About, AskedBy, Code},
        spelling::or_nearest,
    },
};

const BOLD: Style = Style::new().bold();

/// Explain a reason or a parameter: what it means, the CIS number, the remedy, what it costs
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions explain
  cloudtrail-all-regions explain not-logging
  cloudtrail-all-regions explain trustOrganizationTrail")]
pub struct Explain {
    /// A reason's code or a parameter's name [default: list them all]
    #[arg(value_name = "REASON|PARAMETER")]
    topic: Option<String>,
    #[command(flatten)]
    destination: Destination,
}

impl Explain {
    pub(super) fn run(&self, stdout: &mut dyn Write) -> Result<Exit, CliError> {
        let Some(topic) = &self.topic else {
            self.destination.write(stdout, list)?;
            return Ok(Exit::Compliant);
        };
        let code = Code::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(topic));
        let parameter = PARAMETERS.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(topic));
        match (code, parameter) {
            (Some(code), _) => self.destination.write(stdout, |out| explain_reason(*code, out))?,
            (None, Some(parameter)) => self.destination.write(stdout, |out| explain_parameter(parameter, out))?,
            (None, None) => {
                let topics = Code::ALL.iter().map(|code| code.as_str());
                let topics = topics.chain(PARAMETERS.iter().map(|parameter| parameter.name));
                let nearest = or_nearest(topic, topics);
                return Err(CliError::usage(format!(
                    "`{topic}` is no reason and no parameter{nearest}; without one, all are listed"
                )));
            }
        }
        Ok(Exit::Compliant)
    }
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{BOLD}Reasons why a trail does not pass{BOLD:#}")?;
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    for code in Code::ALL {
        writeln!(out, "  {code:<width$}  {}", code.about().meaning)?;
    }
    writeln!(out, "\n{BOLD}Parameters{BOLD:#}")?;
    let width = PARAMETERS.iter().map(|parameter| parameter.name.len()).max().unwrap_or_default();
    for Parameter { name, meaning, .. } in PARAMETERS {
        writeln!(out, "  {name:<width$}  {meaning}")?;
    }
    Ok(())
}

fn explain_reason(code: Code, out: &mut dyn Write) -> io::Result<()> {
    let About { meaning, asked_by, allowed_by, cost, .. } = code.about();
    writeln!(out, "{BOLD}{code}{BOLD:#}\n  {meaning}")?;
    match asked_by {
        AskedBy::Nobody => {}
        AskedBy::Parameter(parameter) => writeln!(out, "\n{BOLD}Asked for by{BOLD:#}\n  the parameter {parameter}")?,
        AskedBy::Cis => {
            writeln!(out, "\n{BOLD}Asked for by{BOLD:#}")?;
            for recommendation in rule::RECOMMENDATIONS {
                writeln!(out, "  {}, {}", recommendation.benchmark, recommendation.number)?;
            }
        }
    }
    let remedy = Remedy::of_code(code);
    writeln!(out, "\n{BOLD}Remedy{BOLD:#}\n  {}", remedy.text)?;
    for command in &remedy.commands {
        writeln!(out, "  $ {command}")?;
    }
    if let Some(parameter) = allowed_by {
        writeln!(out, "  The parameter {parameter} may allow it.")?;
    }
    writeln!(out, "\n{BOLD}Cost{BOLD:#}\n  {cost}")
}

fn explain_parameter(parameter: &Parameter, out: &mut dyn Write) -> io::Result<()> {
    let Parameter { name, default, valid, meaning, .. } = parameter;
    writeln!(out, "{BOLD}{name}{BOLD:#}\n  {meaning}")?;
    writeln!(out, "\n{BOLD}Valid{BOLD:#}\n  {valid}")?;
    writeln!(out, "\n{BOLD}Default{BOLD:#}\n  {}", default.unwrap_or("unset"))?;
    let asked = || Code::ALL.iter().filter(|code| code.about().asked_by == AskedBy::Parameter(name));
    for code in asked() {
        writeln!(out, "\n{BOLD}Reason{BOLD:#}\n  {code}: {}", code.about().meaning)?;
    }
    let cost = parameter.cost.or_else(|| Some(asked().next()?.about().cost)).unwrap_or("Nothing.");
    writeln!(out, "\n{BOLD}Cost{BOLD:#}\n  {cost}")
}
