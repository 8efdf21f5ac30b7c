//! `explain`: what a reason or a parameter means, where it comes from, what to do and what that costs.

use std::{fmt::Display, io};

use anstyle::Style;
use clap::{Args, ValueEnum};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use serde::Serialize;

use super::{
    error::{CliError, Exit},
    output::Destination,
    shell::candidates,
    terminal::Terminal,
    words::{self, Word},
};
use crate::{
    report::{json, remedies::Remedy, text::Screen},
    rule::{
        self,
        account_reasons::AccountCode,
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
pub(super) struct Explain {
    /// A reason's code, a parameter's name, or another word of a result [default: list them all]
    #[arg(value_name = "WORD", add = ArgValueCandidates::new(topics))]
    topic: Option<String>,
    /// How the result looks [default: as --output ends, else table]
    #[arg(long, short, value_enum, ignore_case = true, value_name = "FORMAT")]
    format: Option<ExplainFormat>,
    #[command(flatten)]
    destination: Destination,
}

/// An output format of `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// For people.
    Table,
    /// For programs: a list of words, each with its kind and meaning.
    Json,
}

/// A word for programs.
#[derive(Serialize)]
struct Explained {
    word: &'static str,
    kind: &'static str,
    meaning: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'static str>,
}

/// Every word that is explained.
fn explained() -> Vec<Explained> {
    let word = |word, kind, meaning| Explained { word, kind, meaning, remedy: None, cost: None };
    let reasons = Code::ALL.iter().map(|code| {
        let About { meaning, advice, cost, .. } = code.about();
        Explained { remedy: Some(advice.words), cost: Some(cost), ..word(code.as_str(), "reason", meaning) }
    });
    let of_accounts = AccountCode::ALL.iter().map(|code| word(code.as_str(), "reason of an account", code.meaning()));
    let parameters = PARAMETERS.iter().map(|parameter| word(parameter.name, "parameter", parameter.meaning));
    let others = words::all().map(|other| word(other.word, "word", other.meaning));
    reasons.chain(of_accounts).chain(parameters).chain(others).collect()
}

/// Every word that is explained, for a shell.
fn topics() -> Vec<CompletionCandidate> {
    candidates(explained().into_iter().map(|Explained { word, meaning, .. }| (word, meaning)))
}

impl Explain {
    fn as_json(&self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let is_wanted =
            |explained: &Explained| self.topic.as_ref().is_none_or(|topic| explained.word.eq_ignore_ascii_case(topic));
        let wanted: Vec<Explained> = explained().into_iter().filter(is_wanted).collect();
        if let (Some(topic), true) = (&self.topic, wanted.is_empty()) {
            return Err(unknown(topic));
        }
        self.destination.write(terminal, |out| json::pretty(&wanted, out))?;
        Ok(Exit::Compliant)
    }

    pub(super) fn run(&self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        if self.destination.format(self.format, ExplainFormat::Table)? == ExplainFormat::Json {
            return self.as_json(terminal);
        }
        let Some(topic) = &self.topic else {
            self.destination.show(terminal, list)?;
            return Ok(Exit::Compliant);
        };
        let code = Code::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(topic));
        let parameter = PARAMETERS.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(topic));
        let of_account = AccountCode::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(topic));
        if let Some(code) = of_account {
            self.destination.show(terminal, |screen| explain_account_reason(*code, screen))?;
            return Ok(Exit::Compliant);
        }
        match (code, parameter) {
            (Some(code), _) => self.destination.show(terminal, |screen| explain_reason(*code, screen))?,
            (None, Some(parameter)) => {
                self.destination.show(terminal, |screen| explain_parameter(parameter, screen))?;
            }
            (None, None) => {
                let word = words::all().find(|word| word.word.eq_ignore_ascii_case(topic));
                let Some(Word { word, meaning }) = word else { return Err(unknown(topic)) };
                self.destination.show(terminal, |screen| {
                    heading(word, screen)?;
                    screen.line(format_args!("  {meaning}"))
                })?;
            }
        }
        Ok(Exit::Compliant)
    }
}

fn unknown(topic: &str) -> CliError {
    let nearest = or_nearest(topic, explained().into_iter().map(|explained| explained.word));
    CliError::usage(format!("`{topic}` is no word of a result{nearest}; without one, all are listed"))
}

fn list(screen: &mut Screen) -> io::Result<()> {
    heading("Reasons why a trail does not pass", screen)?;
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    for code in Code::ALL {
        screen.line(format_args!("  {code:<width$}  {}", code.about().meaning))?;
    }
    screen.empty_line()?;
    heading("Reasons of the account, where no trail says it", screen)?;
    let width = AccountCode::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    for code in AccountCode::ALL {
        screen.line(format_args!("  {code:<width$}  {}", code.meaning()))?;
    }
    screen.empty_line()?;
    heading("Parameters", screen)?;
    let width = PARAMETERS.iter().map(|parameter| parameter.name.len()).max().unwrap_or_default();
    for Parameter { name, meaning, .. } in PARAMETERS {
        screen.line(format_args!("  {name:<width$}  {meaning}"))?;
    }
    screen.empty_line()?;
    heading("Other words of a result", screen)?;
    let width = words::all().map(|word| word.word.len()).max().unwrap_or_default();
    for Word { word, meaning } in words::all() {
        screen.line(format_args!("  {word:<width$}  {meaning}"))?;
    }
    Ok(())
}

fn heading(text: &str, screen: &mut Screen) -> io::Result<()> {
    screen.styled_line(&[(BOLD, &text)])
}

fn section(title: &str, text: impl Display, screen: &mut Screen) -> io::Result<()> {
    screen.empty_line()?;
    heading(title, screen)?;
    screen.line(format_args!("  {text}"))
}

fn explain_reason(code: Code, screen: &mut Screen) -> io::Result<()> {
    let About { meaning, asked_by, allowed_by, cost, .. } = code.about();
    heading(code.as_str(), screen)?;
    screen.line(format_args!("  {meaning}"))?;
    match asked_by {
        AskedBy::Prove => section("Asked for by", "the command prove", screen)?,
        AskedBy::Nobody => {}
        AskedBy::Parameter(parameter) => section("Asked for by", format_args!("the parameter {parameter}"), screen)?,
        AskedBy::Cis => {
            screen.empty_line()?;
            heading("Asked for by", screen)?;
            for recommendation in rule::RECOMMENDATIONS {
                screen.line(format_args!("  {}, {}", recommendation.benchmark, recommendation.number))?;
            }
        }
    }
    let remedy = Remedy::of_code(code);
    section("Remedy", &remedy.text, screen)?;
    for command in &remedy.commands {
        screen.line(format_args!("  $ {command}"))?;
    }
    if let Some(parameter) = allowed_by {
        screen.line(format_args!("  The parameter {parameter} may allow it."))?;
    }
    section("Cost", cost, screen)
}

fn explain_account_reason(code: AccountCode, screen: &mut Screen) -> io::Result<()> {
    heading(code.as_str(), screen)?;
    screen.line(format_args!("  {}", code.meaning()))?;
    section("Remedy", code.remedy(), screen)
}

fn explain_parameter(parameter: &Parameter, screen: &mut Screen) -> io::Result<()> {
    let Parameter { name, default, valid, meaning, .. } = parameter;
    heading(name, screen)?;
    screen.line(format_args!("  {meaning}"))?;
    section("Valid", valid, screen)?;
    section("Default", default.unwrap_or("unset"), screen)?;
    let asked = || Code::ALL.iter().filter(|code| code.about().asked_by == AskedBy::Parameter(name));
    for code in asked() {
        section("Reason", format_args!("{code}: {}", code.about().meaning), screen)?;
    }
    let cost = parameter.cost.or_else(|| Some(asked().next()?.about().cost)).unwrap_or("Nothing.");
    section("Cost", cost, screen)
}
