//! `check`: evaluates an account, live or from saved evidence, and reports nothing to AWS Config.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use super::{
    account::Account,
    delivery::Asked,
    error::{CliError, Exit},
    evidence,
    exceptions::ExceptionsFile,
    files::{self, Place},
    output::Output,
    parameters::{self, ParameterArguments},
    progress::Progress,
    terminal::Terminal,
};
use crate::{
    aws::{collect_evidence, config_rules::input_parameters},
    clock::Clock,
    report::{Caveat, Report, Subject},
    rule::{
        Question, ask,
        evidence::Evidence,
        parameters::{InputParameters, RuleParameters},
        prove,
        provenance::{Provenance, SavedVerdict},
    },
};

/// Evaluate the account of the current credentials, or saved evidence; AWS Config is told nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cloudtrail-all-regions check
  cloudtrail-all-regions check --profile audit --region eu-west-1 --parameter maxDeliveryAgeHours=24
  cloudtrail-all-regions check --rule cis-3-1-cloudtrail-all-regions
  cloudtrail-all-regions check --save-evidence evidence.json --format html --output report.html
  cloudtrail-all-regions check --evidence evidence.json
  cloudtrail-all-regions check --exceptions exceptions.toml")]
pub(super) struct Check {
    /// Decide from evidence files, offline; - is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["save_evidence", "profile", "region", "rule"])]
    evidence: Vec<PathBuf>,
    /// Save what was read, with request ids, the verdict and a SHA-256
    #[arg(long, value_name = "FILE")]
    save_evidence: Option<PathBuf>,
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    parameters: ParameterArguments,
    /// Take the parameters from this rule, as it is deployed in the Region
    #[arg(long, value_name = "NAME", conflicts_with = "parameters", value_hint = ValueHint::Other)]
    rule: Option<String>,
    #[command(flatten)]
    exceptions: ExceptionsFile,
    #[command(flatten)]
    output: Output,
}

const PROGRAM: &str = concat!("cloudtrail-all-regions ", env!("CARGO_PKG_VERSION"));

/// Decides, with what is asked to be proved.
fn report(
    evidence: &Evidence,
    valid: &RuleParameters,
    rule_parameters: InputParameters,
    asked: Option<&Asked>,
) -> Result<Report, CliError> {
    Ok(match asked {
        None => Report::of(evidence, valid, rule_parameters),
        Some(asked) => {
            let verdict = prove(evidence, valid, &asked.proving(evidence)?);
            Report::of_verdict(verdict, evidence, valid, rule_parameters)
        }
    })
}

impl Check {
    /// Evaluates, and proves what is asked.
    pub(super) async fn run(&self, asked: Option<&Asked>, terminal: &mut Terminal<'_>) -> Result<Exit, CliError> {
        self.refuse_overwriting()?;
        let exceptions = self.exceptions.read()?;
        let mut is_whole = true;
        let mut reports = if self.evidence.is_empty() {
            let (report, is_all) = Box::pin(self.live(asked, terminal)).await?;
            is_whole = is_all;
            vec![report]
        } else {
            self.evidence.iter().map(|path| self.replay(path, asked, terminal)).collect::<Result<_, _>>()?
        };
        let notes = exceptions.apply(&mut reports, |_| None, Clock::System.now());
        self.exceptions.say(&notes, terminal);
        self.output.write_reports(&reports, terminal)?;
        for (index, report) in reports.iter().enumerate().filter(|(_, report)| report.compliance_type.is_none()) {
            let file = self.evidence.get(index).map_or(String::new(), |path| format!("{}: ", files::input_name(path)));
            terminal.error(format_args!("{file}{}: {}", report.whose(), report.annotation));
        }
        if is_whole { Ok(Exit::of(&reports)) } else { Ok(Exit::Interrupted) }
    }

    /// Returns also whether all was read; if not, the user has interrupted it.
    async fn live(&self, asked: Option<&Asked>, terminal: &mut Terminal<'_>) -> Result<(Report, bool), CliError> {
        let mut given = self.parameters.given()?;
        let connected = self.account.connect().await?;
        parameters::check(&given, &connected.region)?;
        let progress = Progress::new("asking who the credentials belong to");
        let (session, caller) = connected.session().await?;
        let collected_at = Clock::System.now();
        if let Some(rule) = &self.rule {
            progress.say(format_args!("reading the parameters of {rule}"));
            let deployed = input_parameters(&session, rule).await.map_err(CliError::Aws)?;
            given = InputParameters::from_text(&deployed);
        }
        // What is wrong with a deployed rule is its verdict, and not a wrong argument.
        let parameters = match ask(&given, &session.account_id, &session.region, None) {
            Question::Read(parameters) => parameters,
            Question::Decided { evaluations, .. } => {
                if let Some(path) = &self.save_evidence {
                    terminal.warning(format_args!("nothing was read, so {} is not written", path.display()));
                }
                let subject = Subject {
                    account_id: session.account_id.clone(),
                    region: session.region.clone(),
                    collected_at,
                    rule_parameters: given,
                };
                return Ok((Report::without_evidence(subject, evaluations), true));
            }
        };
        progress.say(format_args!("reading the trails of account {} from {}", session.account_id, session.region));
        let (evidence, is_whole) = if let Some(asked) = asked {
            let is_to_be_proved = |evidence: &Evidence| asked.trails_to_read(evidence, &parameters);
            Box::pin(asked.collect(&connected, &session, collected_at, is_to_be_proved, &progress, terminal)).await?
        } else {
            let (evidence, warnings) =
                collect_evidence(&session, collected_at, parameters.trail_results).await.map_err(CliError::Aws)?;
            for warning in warnings {
                terminal.warning(warning);
            }
            (evidence, true)
        };
        drop(progress);
        let mut report = report(&evidence, &parameters, given, asked)?;
        report.calls = session.calls.ended();
        report.collected_as.clone_from(&caller);
        if let Some(path) = &self.save_evidence {
            let provenance = Provenance {
                collected_by: format!("{PROGRAM}{}", asked.map_or("", |_| " prove")),
                collected_as: caller,
                rule_parameters: report.rule_parameters.clone(),
                calls: report.calls.clone(),
                verdict: SavedVerdict {
                    compliance_type: report.compliance_type,
                    annotation: report.annotation.clone(),
                },
                sha256: String::new(),
            };
            let (provenance, checksum) = evidence::save(path, evidence, provenance)?;
            report = report.resting_on(&provenance);
            report.evidence_file = Some(path.to_string_lossy().into_owned());
            report.evidence_sha256 = Some(checksum);
        }
        Ok((report, is_whole))
    }

    /// Decides from a file, with the parameters that are saved in it, and those that are given in place of theirs.
    fn replay(&self, path: &Path, asked: Option<&Asked>, terminal: &mut Terminal<'_>) -> Result<Report, CliError> {
        let bytes = files::read_bytes(path)?;
        let (evidence, _) = evidence::parse(&files::text(&bytes, path)?, path)?;
        let Evidence { account_id, region, provenance, .. } = &evidence;
        let given = self.parameters.given()?;
        parameters::check(&given, region)?;
        let saved = provenance.as_ref().map(|saved| saved.rule_parameters.clone());
        let given = saved.clone().unwrap_or_default().overridden_by(given);
        parameters::check(&given, region).map_err(|error| error.about(&files::input_name(path)))?;
        let is_as_saved = saved.as_ref() == Some(&given);
        let report = match ask(&given, account_id, region, None) {
            Question::Read(parameters) => {
                report(&evidence, &parameters, given, asked).map_err(|error| error.about(&files::input_name(path)))?
            }
            Question::Decided { evaluations, .. } => {
                Report::without_evidence(Subject::of(&evidence, given), evaluations)
            }
        };
        let mut report = match provenance {
            Some(provenance) => report.resting_on(provenance),
            None => Report { caveats: vec![Caveat::NoChecksum], ..report },
        };
        report.evidence_file = Some(files::input_name(path).into_owned());
        report.evidence_sha256 = Some(evidence::checksum(&bytes));
        if let (Some(saved), Some(provenance)) = (report.other_saved_verdict(), provenance) {
            let why = if is_as_saved { "this version" } else { "with other parameters, this" };
            terminal.warning(format_args!(
                "{}: {} decided {} ({}); {why} decides {}",
                files::input_name(path),
                provenance.collected_by,
                saved.verdict(),
                saved.annotation,
                report.standing().as_str()
            ));
        }
        Ok(report)
    }

    /// A result must not take the place of evidence.
    fn refuse_overwriting(&self) -> Result<(), CliError> {
        let of_evidence = self.evidence.iter().filter(|path| files::is_standard(path)).count();
        if of_evidence + usize::from(self.exceptions.is_standard()) > 1 {
            return Err(CliError::usage("--evidence, --exceptions: standard input can be read only once"));
        }
        let standard = Path::new("-");
        let takes_its_place = |path: &PathBuf| {
            files::is_standard(path)
                || self.output.destination.file().is_none() && Place::of_output(path).is(&Place::of_output(standard))
        };
        if self.save_evidence.as_ref().is_some_and(takes_its_place) {
            return Err(CliError::usage("--save-evidence: valid is a file; standard output carries the result"));
        }
        let exceptions = self.exceptions.path();
        if let (Some(saved), Some(read)) = (&self.save_evidence, exceptions)
            && Place::of_output(saved).is(&Place::of_input(read))
        {
            return Err(CliError::usage(format!(
                "--save-evidence would overwrite {}; valid is another file",
                files::input_name(read)
            )));
        }
        let checksum = self.save_evidence.as_deref().map(evidence::checksum_file);
        self.output
            .destination
            .is_none_of(self.evidence.iter().chain(&self.save_evidence).chain(&checksum).chain(exceptions))
    }
}
