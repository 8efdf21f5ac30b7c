//! `doctor`: why an account has no verdict in AWS Config, or an old one.

use std::io;

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};

use super::{
    account::Account,
    error::{CliError, Exit},
    output::Destination,
    terminal::Terminal,
};
use crate::{
    aws::doctor::look,
    clock::Clock,
    report::{
        doctor::{Diagnosis, Health, Line, diagnose},
        json,
        text::Screen,
    },
    rule,
};

/// Say why AWS Config has no verdict on the account of the current credentials, or an old one, and what to do
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 all is as it should be, 1 a problem,
2 no problem was seen, but not all could be, 64 wrong usage

Examples:
  cloudtrail-all-regions doctor
  cloudtrail-all-regions doctor --profile audit --region eu-west-1
  cloudtrail-all-regions doctor --rule my-name-for-it --format json --output diagnosis.json")]
pub(super) struct Doctor {
    #[command(flatten)]
    account: Account,
    /// The name under which the rule is deployed
    #[arg(long, value_name = "NAME", default_value = rule::DEFAULT_NAME)]
    rule: String,
    /// The function that the rule should invoke [default: any]
    #[arg(long, value_name = "ARN")]
    function: Option<String>,
    /// How the result looks [default: as --output ends, else table]
    #[arg(long, short, value_enum, ignore_case = true, value_name = "FORMAT")]
    format: Option<DoctorFormat>,
    #[command(flatten)]
    destination: Destination,
}

/// An output format of `doctor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DoctorFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Doctor {
    pub(super) async fn run(&self, terminal: &mut Terminal<'_>) -> Result<Exit, CliError> {
        let format = self.destination.format(self.format, DoctorFormat::Table)?;
        let connected = self.account.connect(terminal).await?;
        let progress = terminal.progress("asking who the credentials belong to");
        let (session, _) = connected.session(terminal).await?;
        progress.say(format_args!("looking at {} in {}", session.account_id, session.region));
        let seen = look(&session, &self.rule, self.function.as_deref(), Clock::System.now()).await;
        drop(progress);
        let diagnosis = diagnose(&seen.map_err(CliError::Aws)?);
        match format {
            DoctorFormat::Table => self.destination.show(terminal, |screen| table(&diagnosis, screen))?,
            DoctorFormat::Json => self.destination.write(terminal, |out| json::pretty(&diagnosis, out))?,
        }
        Ok(match diagnosis.health() {
            Health::Ok => Exit::Compliant,
            Health::Problem => Exit::NonCompliant,
            Health::Unknown => Exit::NotEvaluated,
        })
    }
}

fn table(diagnosis: &Diagnosis, screen: &mut Screen) -> io::Result<()> {
    const PLAIN: Style = Style::new();
    let Diagnosis { account_id, region, config_rule_name, read_at, lines } = diagnosis;
    let seen_at = read_at.for_people();
    screen.line(format_args!("account {account_id}  rule {config_rule_name} in {region}, seen at {seen_at}"))?;
    for Line { subject, health, text, advice, commands } in lines {
        let color = match health {
            Health::Ok => AnsiColor::Green,
            Health::Problem => AnsiColor::Red,
            Health::Unknown => AnsiColor::Yellow,
        };
        screen.styled_line(&[
            (PLAIN, &"  "),
            (color.on_default().bold(), &format_args!("{:<7}", health.as_str())),
            (PLAIN, &format_args!("  {:<10}  {text}", subject.as_str())),
        ])?;
        if let Some(advice) = advice {
            screen.line(format_args!("           {advice}"))?;
        }
        for command in commands {
            screen.styled_line(&[(PLAIN, &"           $ "), (AnsiColor::Cyan.on_default(), command)])?;
        }
    }
    Ok(())
}
