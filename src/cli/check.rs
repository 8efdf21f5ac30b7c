//! `check`: evaluates an account, live or from saved evidence, and reports nothing to AWS Config.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum, ValueHint};

use super::{
    account::Account,
    delivery::{Asked, duration},
    error::{CliError, Exit},
    evidence,
    exceptions::ExceptionsFile,
    files::{self, Place},
    organization::{self, Checked, OfOrganization},
    output::{Output, Rendering, write_reports},
    parameters::{self, ParameterArguments},
    since::Since,
    terminal::Terminal,
};
use crate::{
    aws::{collect_evidence, config_rules::input_parameters},
    clock::Clock,
    error::chain,
    report::{
        Caveat, Report, Standing, Subject, changes::Earlier, exceptions::Exceptions, format::Format, reports::Reports,
    },
    rule::{
        Question, ask,
        evidence::Evidence,
        parameters::{InputParameters, RuleParameters},
        prove,
        timestamp::Timestamp,
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
  cloudtrail-all-regions check --exceptions exceptions.toml
  cloudtrail-all-regions check --organization --save-evidence run
  cloudtrail-all-regions check --organization --resume run")]
pub(super) struct Check {
    #[command(flatten)]
    evaluate: Evaluate,
    #[command(flatten)]
    of_organization: OfOrganization,
    #[command(flatten)]
    since: Since,
}

impl Check {
    /// Evaluates an account, or those of an organization.
    pub(super) async fn run(&self, terminal: &mut Terminal<'_>) -> Result<Exit, CliError> {
        let Self { evaluate, of_organization, since } = self;
        if of_organization.organization {
            return Box::pin(evaluate.organization(of_organization, since, terminal)).await;
        }
        Box::pin(evaluate.run(None, since, terminal)).await
    }
}

/// What is evaluated, and where the result goes.
#[derive(Debug, Args)]
pub(super) struct Evaluate {
    /// Decide from evidence files, offline; a folder stands for its .json files, - for standard input
    #[arg(long, value_name = "FILE|FOLDER", num_args = 1.., group = "saved", conflicts_with_all = ["save_evidence", "profile", "region", "rule"])]
    evidence: Vec<PathBuf>,
    /// The evidence file must have this SHA-256, as `sha256sum` prints it
    #[arg(long, value_name = "HEX", requires = "evidence", value_parser = sha256, value_hint = ValueHint::Other)]
    sha256: Option<String>,
    /// No verdict on evidence that does not say how it came to be
    #[arg(long, requires = "evidence")]
    require_provenance: bool,
    /// Evidence that is older is marked, and the exit code is 2: 1h to 365d
    #[arg(long, value_name = "DURATION", requires = "saved", value_parser = max_age, value_hint = ValueHint::Other)]
    max_age: Option<u32>,
    /// Save what was read, with request ids and the verdict, and beside it FILE.sha256
    #[arg(long, value_name = "FILE")]
    save_evidence: Option<PathBuf>,
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    parameters: ParameterArguments,
    /// Take the parameters from this rule, as it is deployed in the Region
    #[arg(long, value_name = "NAME", conflicts_with = "parameters", value_hint = ValueHint::Other)]
    rule: Option<String>,
    /// Show every fact, and not only those that fail
    #[arg(long)]
    facts: bool,
    /// Leave out the accounts that need no attention
    #[arg(long, value_enum, ignore_case = true, value_name = "WHICH")]
    only: Option<Only>,
    #[command(flatten)]
    exceptions: ExceptionsFile,
    #[command(flatten)]
    output: Output,
}

/// Which accounts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Those that are not compliant, or not known to be
    Failing,
}

fn sha256(text: &str) -> Result<String, String> {
    let is_valid = text.len() == 64 && text.chars().all(|character| character.is_ascii_hexdigit());
    if is_valid { Ok(text.to_ascii_lowercase()) } else { Err("valid are 64 hexadecimal digits".to_owned()) }
}

pub(super) fn max_age(text: &str) -> Result<u32, String> {
    duration(text, 3600, 365 * 86400, "1h to 365d")
}

/// What is to be known of the age of evidence, where one of at most `max_age` seconds was asked for. A proof has a second
/// clock, that of S3, and rests on the earlier of the two.
fn caveat_of_age(evidence: &Evidence, is_proof: bool, max_age: u32) -> Option<Caveat> {
    let trails = evidence.trails.known().into_iter().flatten().filter(|_| is_proof);
    let mut times: Vec<Timestamp> = trails.filter_map(|trail| trail.delivery.as_ref()?.date).collect();
    times.push(evidence.collected_at);
    times.sort_unstable();
    let now = Clock::System.now();
    times.into_iter().find_map(|time| Caveat::of_age(now.seconds_since(time), max_age))
}

/// From this age on, evidence is worth a warning.
const OLD_SECONDS: i64 = 24 * 3600;

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

impl Evaluate {
    /// Evaluates, and proves what is asked.
    pub(super) async fn run(
        &self,
        asked: Option<&Asked>,
        since: &Since,
        terminal: &mut Terminal<'_>,
    ) -> Result<Exit, CliError> {
        if let Some(folder) = self.evidence.iter().find(|path| organization::Folder::is_of_run(path)) {
            return self.run_again(folder, asked, since, terminal);
        }
        let files = files::evidence_files(&self.evidence)?;
        let renderings = self.refuse_overwriting(&files, since)?;
        let exceptions = self.exceptions.read()?;
        let earlier = since.read()?;
        let (mut accounts, is_whole) = if self.evidence.is_empty() {
            let (report, is_whole) = Box::pin(self.live(asked, terminal)).await?;
            (vec![report], is_whole)
        } else {
            (self.saved(&files, asked, terminal)?, true)
        };
        let notes = exceptions.apply(&mut accounts, |_| None, Clock::System.now());
        self.exceptions.say(&notes, terminal);
        let only_failing = self.only == Some(Only::Failing);
        let changes = since.changes(earlier.as_ref(), &accounts);
        let changes = changes.as_ref();
        let reports = Reports { changes, with_facts: self.facts, only_failing, ..Reports::from(&accounts[..]) };
        write_reports(&renderings, &reports, terminal)?;
        let is_silent = |rendering: &Rendering| rendering.format == Format::EVALUATIONS;
        if renderings.iter().any(is_silent) {
            let marked = accounts.iter().flat_map(|report| report.caveats.iter().map(move |caveat| (report, caveat)));
            for (report, caveat) in marked {
                let file = report.evidence_file.as_deref().unwrap_or_default();
                terminal.warning(format_args!("{file}: {}", caveat.in_words()));
            }
        }
        for report in accounts.iter().filter(|report| report.compliance_type.is_none()) {
            let file = report.evidence_file.as_ref().filter(|_| report.account_id.is_some());
            let file = file.map_or(String::new(), |file| format!("{file}: "));
            terminal.error(format_args!("{file}{}: {}", report.whose(), report.annotation));
        }
        if is_whole { Ok(Exit::of(&accounts)) } else { Ok(Exit::Interrupted) }
    }

    /// Checks the accounts of an organization.
    async fn organization(
        &self,
        of: &OfOrganization,
        since: &Since,
        terminal: &mut Terminal<'_>,
    ) -> Result<Exit, CliError> {
        let renderings = self.renderings_of_organization(of.folder().or(self.save_evidence.as_deref()), since)?;
        let exceptions = self.exceptions.read()?;
        let earlier = since.read()?;
        let asked = organization::Asked {
            credentials: &self.account,
            given: self.parameters.given()?,
            save: self.save_evidence.as_deref(),
            max_age: self.max_age,
            judge: &|path, terminal| self.replay(Read::of(path)?, path, None, terminal),
        };
        let checked = Box::pin(of.check(asked, terminal)).await?;
        self.show(checked, &renderings, &exceptions, (since, earlier.as_ref()), terminal)
    }

    /// Decides from what was saved of an organization.
    fn run_again(
        &self,
        folder: &Path,
        asked: Option<&Asked>,
        since: &Since,
        terminal: &mut Terminal<'_>,
    ) -> Result<Exit, CliError> {
        let name = files::input_name(folder);
        if asked.is_some() {
            return Err(CliError::usage(format!("{name} is of check --organization; prove proves one account")));
        }
        if self.evidence.len() > 1 {
            return Err(CliError::usage(format!("{name} is of an organization; valid is it alone")));
        }
        if self.sha256.is_some() {
            return Err(CliError::usage("--sha256 is of one file; several were given"));
        }
        let renderings = self.renderings_of_organization(Some(folder), since)?;
        let exceptions = self.exceptions.read()?;
        let earlier = since.read()?;
        let judge = |path: &Path, terminal: &mut Terminal<'_>| self.replay(Read::of(path)?, path, None, terminal);
        let checked = organization::replay(folder, self.parameters.given()?, &judge, terminal)?;
        warn_of_age(&checked.reports, terminal);
        self.show(checked, &renderings, &exceptions, (since, earlier.as_ref()), terminal)
    }

    /// Where the result goes: into no folder of a run, whose files are evidence.
    fn renderings_of_organization(&self, folder: Option<&Path>, since: &Since) -> Result<Vec<Rendering>, CliError> {
        let renderings = self.refuse_overwriting(&[], since)?;
        let folder = folder.map(Place::of_output);
        let is_in_it = |file: &&Path| {
            let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            folder.as_ref().is_some_and(|folder| Place::of_output(parent).is(folder))
        };
        if let Some(file) = renderings.iter().filter_map(|rendering| rendering.destination.file()).find(is_in_it) {
            return Err(CliError::usage(format!(
                "--output {} is in the folder of the run; valid is a file elsewhere",
                file.display()
            )));
        }
        if renderings.iter().any(|rendering| rendering.format.name == "asff") {
            return Err(CliError::usage(
                "--format asff: findings must be imported in each account; valid for an organization is --format ocsf",
            ));
        }
        Ok(renderings)
    }

    /// Shows every account of an organization.
    fn show(
        &self,
        checked: Checked,
        renderings: &[Rendering],
        exceptions: &Exceptions,
        (since, earlier): (&Since, Option<&Earlier>),
        terminal: &mut Terminal<'_>,
    ) -> Result<Exit, CliError> {
        let Checked { mut reports, organization, exit } = checked;
        let units: BTreeMap<String, Vec<String>> = reports
            .iter()
            .filter_map(|report| report.account.as_ref())
            .filter(|account| !account.path.is_empty())
            .map(|account| (account.account_id.clone(), account.path.clone()))
            .collect();
        let notes = exceptions.apply(&mut reports, |id| units.get(id).map(Vec::as_slice), Clock::System.now());
        self.exceptions.say(&notes, terminal);
        let only_failing = self.only == Some(Only::Failing);
        let changes = since.changes(earlier, &reports);
        let shown = Reports {
            changes: changes.as_ref(),
            organization: Some(&organization),
            with_facts: self.facts,
            only_failing,
            ..Reports::from(&reports[..])
        };
        write_reports(renderings, &shown, terminal)?;
        let is_without = |report: &&Report| report.standing() == Standing::NoVerdict && report.exceptions.is_empty();
        let without = reports.iter().filter(is_without).count();
        // What ends a run has been said, and leaves more without.
        if without > 0 && exit == Exit::Compliant {
            terminal.error(format_args!("without a verdict: {without} of {} accounts", reports.len()));
        }
        Ok(exit.max(Exit::of(&reports)))
    }

    /// Decides from files. Of several, one that cannot be used has no verdict; alone, it is an error.
    fn saved(
        &self,
        files: &[PathBuf],
        asked: Option<&Asked>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Vec<Report>, CliError> {
        let is_alone = matches!(&self.evidence[..], [only] if !only.is_dir());
        if self.sha256.is_some() && !is_alone {
            return Err(CliError::usage("--sha256 is of one file; several were given"));
        }
        let mut reports = Vec::new();
        for path in files {
            match Read::of(path) {
                Ok(read) => reports.push(self.replay(read, path, asked, terminal)?),
                Err(error) if is_alone => return Err(error),
                Err(error) => {
                    let name = files::input_name(path).into_owned();
                    let why = chain(&error);
                    let why = why.strip_prefix(&format!("{name}: ")).unwrap_or(&why);
                    reports.push(Report::without_verdict(name, format!("no verdict: {why}")));
                }
            }
        }
        let reports = latest_of_each(reports, terminal);
        warn_of_age(&reports, terminal);
        Ok(reports)
    }

    /// Returns also whether all was read; if not, the user has interrupted it.
    async fn live(&self, asked: Option<&Asked>, terminal: &mut Terminal<'_>) -> Result<(Report, bool), CliError> {
        let mut given = self.parameters.given()?;
        let connected = self.account.connect(terminal).await?;
        parameters::check(&given, &connected.region)?;
        let progress = terminal.progress("asking who the credentials belong to");
        let (session, caller) = connected.session(terminal).await?;
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
        report.collected_as = caller;
        if let Some(path) = &self.save_evidence {
            let by = format!("{}{}", evidence::PROGRAM, asked.map_or("", |_| " prove"));
            evidence::save(path, evidence, &by, &mut report)?;
        }
        Ok((report, is_whole))
    }

    /// Why nothing may rest on the file, if it is not the one that was asked for.
    fn refusal(&self, Read { evidence, checksum }: &Read) -> Option<String> {
        if let Some(wanted) = self.sha256.as_ref().filter(|wanted| *wanted != checksum) {
            return Some(format!("no verdict: the file's SHA-256 is {checksum}, and --sha256 asks for {wanted}"));
        }
        let is_refused = self.require_provenance && evidence.provenance.is_none();
        is_refused.then(|| format!("no verdict: {}", Caveat::NoChecksum.in_words()))
    }

    /// Decides from a file, with the parameters that are saved in it, and those that are given in place of theirs.
    fn replay(
        &self,
        read: Read,
        path: &Path,
        asked: Option<&Asked>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Report, CliError> {
        let refusal = self.refusal(&read);
        let Read { evidence, checksum } = read;
        let Evidence { account_id, region, provenance, .. } = &evidence;
        let given = self.parameters.given()?;
        parameters::check(&given, region)?;
        let saved = provenance.as_ref().map(|saved| saved.rule_parameters.clone());
        let given = saved.clone().unwrap_or_default().overridden_by(given);
        parameters::check(&given, region).map_err(|error| error.about(&files::input_name(path)))?;
        let is_as_saved = saved.as_ref() == Some(&given);
        let report = match ask(&given, account_id, region, None) {
            _ if refusal.is_some() => Report::without_evidence(Subject::of(&evidence, given), Vec::new()),
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
        let is_refused = refusal.is_some();
        if let Some(why) = refusal {
            report = report.unless_decided(why);
        }
        let is_proof = asked.is_some();
        report.caveats.extend(self.max_age.and_then(|max_age| caveat_of_age(&evidence, is_proof, max_age)));
        report.evidence_file = Some(files::input_name(path).into_owned());
        report.evidence_sha256 = Some(checksum);
        if let (Some(saved), Some(provenance), false) = (report.other_saved_verdict(), provenance, is_refused) {
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
    fn refuse_overwriting(&self, files: &[PathBuf], since: &Since) -> Result<Vec<Rendering>, CliError> {
        let of_others = self.evidence.iter().chain(since.path()).filter(|path| files::is_standard(path)).count();
        if of_others + usize::from(self.exceptions.is_standard()) > 1 {
            return Err(CliError::usage("--evidence, --exceptions, --since: standard input can be read only once"));
        }
        let checksum = self.save_evidence.as_deref().map(evidence::checksum_file);
        let exceptions = self.exceptions.path();
        let read_or_saved =
            files.iter().chain(&self.save_evidence).chain(&checksum).chain(exceptions).chain(since.path());
        let renderings = self.output.renderings(read_or_saved)?;
        let standard = Path::new("-");
        let shows = renderings.iter().any(|rendering| rendering.destination.file().is_none());
        let takes_its_place = |path: &PathBuf| {
            files::is_standard(path) || shows && Place::of_output(path).is(&Place::of_output(standard))
        };
        if self.save_evidence.as_ref().is_some_and(takes_its_place) {
            return Err(CliError::usage("--save-evidence: valid is a file; standard output carries the result"));
        }
        if let (Some(saved), Some(read)) = (&self.save_evidence, exceptions)
            && Place::of_output(saved).is(&Place::of_input(read))
        {
            return Err(CliError::usage(format!(
                "--save-evidence would overwrite {}; valid is another file",
                files::input_name(read)
            )));
        }
        Ok(renderings)
    }
}

/// Evidence that was read, and the checksum of its file.
struct Read {
    evidence: Evidence,
    checksum: String,
}

impl Read {
    fn of(path: &Path) -> Result<Self, CliError> {
        let bytes = files::read_bytes(path)?;
        let (evidence, _) = evidence::parse(&files::text(&bytes, path)?, path)?;
        Ok(Self { evidence, checksum: evidence::checksum(&bytes) })
    }
}

/// Of the files of one account from one Region, the one that was collected last, or of those the worst.
fn latest_of_each(reports: Vec<Report>, terminal: &mut Terminal<'_>) -> Vec<Report> {
    let mut kept: Vec<Report> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for report in reports {
        let (Some(account_id), Some(region)) = (report.account_id.clone(), report.region.clone()) else {
            kept.push(report);
            continue;
        };
        let Some(other) = places.get(&(account_id.clone(), region.clone())).and_then(|place| kept.get_mut(*place))
        else {
            places.insert((account_id, region), kept.len());
            kept.push(report);
            continue;
        };
        let weight = |report: &Report| (report.collected_at, Reverse(report.standing()));
        let name = |report: &Report| report.evidence_file.clone().unwrap_or_default();
        let (first, second) = (name(other), name(&report));
        if weight(&report) > weight(other) {
            *other = report;
        }
        terminal.warning(format_args!(
            "{first} and {second} are of one account and Region ({account_id}, {region}): {} counts",
            name(other)
        ));
    }
    kept
}

/// Says which files are old, or of a time to come, by the clock of this machine.
fn warn_of_age(reports: &[Report], terminal: &mut Terminal<'_>) {
    let now = Clock::System.now();
    let saved = reports.iter().filter(|report| report.content_sha256.is_some());
    let dated = saved.filter_map(|report| Some((report.collected_at?, report.evidence_file.as_deref()?)));
    let (to_come, past): (Vec<_>, Vec<_>) = dated.partition(|(collected_at, _)| *collected_at > now);
    let old: Vec<_> = past.into_iter().filter(|(at, _)| now.seconds_since(*at) > OLD_SECONDS).collect();
    let mut warn = |dated: &[(Timestamp, &str)], what: &str| {
        let more = match dated.len() {
            0 | 1 => String::new(),
            count => format!(", the first of {count} such files"),
        };
        if let Some((at, file)) = dated.iter().min() {
            terminal.warning(format_args!("{file}: collected at {}, {what}{more}", at.for_people()));
        }
    };
    warn(&old, "more than 24 hours ago");
    warn(&to_come, "which is later than this machine's clock");
}
