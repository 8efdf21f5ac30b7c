//! `check --organization`: every account of an organization is listed, entered and judged, and none is silently left out.

mod accounts;
mod folder;
mod work;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::IsTerminal as _,
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use clap::{Args, ValueHint};
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};

use super::{
    account::Account as Credentials,
    error::{CliError, Exit},
    files, parameters,
    progress::Progress,
    terminal::Terminal,
};
use crate::{
    aws::{
        Session,
        fault::CallError,
        organizations::{self, Page, Tree},
    },
    error::chain,
    report::{
        Report,
        account::{Account, Status},
        organization::Organization,
    },
    rule::{parameters::InputParameters, region::partition, timestamp::Timestamp},
};
use accounts::Chosen;
pub(super) use folder::Folder;
use folder::Run;
use work::{Ended, Judge, Work};

/// An organization, and how its accounts are entered.
#[derive(Debug, Args)]
#[command(next_help_heading = "Organization")]
pub(super) struct OfOrganization {
    /// Check every account of the organization; --save-evidence is then a folder
    #[arg(long, conflicts_with_all = ["evidence", "rule"])]
    pub(super) organization: bool,
    /// The role to assume in each account, path allowed
    #[arg(long, value_name = "NAME", requires = "organization", default_value = ROLE_NAME, value_hint = ValueHint::Other)]
    role_name: String,
    #[command(flatten)]
    chosen: Chosen,
    /// How many accounts are checked at the same time
    #[arg(long, value_name = "NUMBER", requires = "organization", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Go on with the run whose evidence is in this folder: what has a verdict is not read again
    #[arg(long, value_name = "FOLDER", requires = "organization", conflicts_with = "save_evidence", group = "saved", value_hint = ValueHint::DirPath)]
    resume: Option<PathBuf>,
}

/// As `member-role.yaml` names the auditor's role.
const ROLE_NAME: &str = "cloudtrail-all-regions-audit";
/// When so many accounts have refused the role and none has let us in, the others would, too.
const REFUSALS: usize = 50;
/// How often `run.json` is written at most; what a kill takes is found again by the evidence files.
const BETWEEN_WRITES: Duration = Duration::from_secs(2);
/// How often a line of progress is written where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(30);
const BETWEEN_MESSAGES: Duration = Duration::from_millis(200);
const DEFAULT_MAX_AGE_SECONDS: u32 = 24 * 3600;

/// What is asked of every account.
pub(super) struct Asked<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) given: InputParameters,
    pub(super) save: Option<&'a Path>,
    pub(super) max_age: Option<u32>,
    pub(super) judge: Judge<'a>,
}

/// What became of the accounts.
pub(super) struct Checked {
    pub(super) reports: Vec<Report>,
    pub(super) organization: Organization,
    /// What the exit code is at least.
    pub(super) exit: Exit,
}

/// An account, and its verdict when it has one.
struct Entry {
    account: Account,
    report: Option<Report>,
    is_retried: bool,
    /// Whether it is not known yet if it is asked for.
    is_held: bool,
}

/// What Organizations is asked at the moment: one thing at a time.
enum Listed {
    Page(Result<Page, CallError>),
    Tree(Result<Tree, CallError>),
}

type Listing<'l> = Pin<Box<dyn Future<Output = Listed> + 'l>>;

fn list_page<'l>(session: &'l Session<'_>, token: Option<String>) -> Listing<'l> {
    Box::pin(async move { Listed::Page(organizations::page(session, token).await) })
}

fn list_tree<'l>(session: &'l Session<'_>, with_accounts: bool) -> Listing<'l> {
    Box::pin(async move { Listed::Tree(organizations::walk(session, with_accounts).await) })
}

/// A run under way.
struct State<'a> {
    of: &'a OfOrganization,
    organization: Organization,
    entries: Vec<Entry>,
    numbers: BTreeMap<String, usize>,
    queue: VecDeque<usize>,
    /// How many accounts are checked at the same time: halved when STS throttles.
    limit: usize,
    others_started: usize,
    others_denied: usize,
    /// Whether an account other than the own one has let us in.
    is_entered: bool,
    /// Why nothing new is started.
    stopped: Option<String>,
    /// Whether every page was read.
    is_listed: bool,
    /// The tokens of the pages that were asked for.
    tokens: BTreeSet<String>,
    /// How many accounts are as an earlier run has read them.
    kept: usize,
    /// When the oldest of these was read.
    oldest: Option<Timestamp>,
    /// What the exit code is at least.
    exit: Exit,
}

impl OfOrganization {
    /// The folder of the run with which it goes on.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.resume.as_deref()
    }

    /// Checks the accounts that are asked for.
    ///
    /// # Errors
    /// Nothing can be checked: the arguments, the folder, the caller's credentials, or no organization.
    pub(super) async fn check(&self, mut asked: Asked<'_>, terminal: &mut Terminal<'_>) -> Result<Checked, CliError> {
        let named = self.chosen.named()?;
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&byte);
        let role_name = self.role_name.trim_start_matches('/');
        if role_name.is_empty() || !role_name.bytes().all(is_valid) {
            return Err(CliError::usage("--role-name: valid is a role's name, path allowed, and no ARN"));
        }
        let (folder, earlier) = match (&self.resume, asked.save) {
            (Some(path), _) => {
                let folder = Folder::open(path)?;
                let run = folder.run()?;
                (Some(folder), Some(run))
            }
            (None, Some(path)) => (Some(Folder::create(path)?), None),
            (None, None) => (None, None),
        };
        if let Some(earlier) = &earlier {
            if !asked.given.is_empty() && asked.given != earlier.rule_parameters {
                return Err(CliError::usage(format!(
                    "--resume: the parameters of that run are {}; valid are the same, or none",
                    match &earlier.rule_parameters.lines()[..] {
                        [] => "none".to_owned(),
                        lines => lines.join(", "),
                    }
                )));
            }
            asked.given = earlier.rule_parameters.clone();
        }
        files::await_interrupts();
        let connected = asked.credentials.connect(terminal).await?;
        parameters::check(&asked.given, &connected.region)?;
        if let Some(earlier) = earlier.as_ref().filter(|earlier| earlier.region != connected.region) {
            return Err(CliError::usage(format!(
                "--resume: that run judged from {}; valid is --region {}",
                earlier.region, earlier.region
            )));
        }
        let progress = terminal.progress("asking who the credentials belong to");
        let (session, caller) = connected.session(terminal).await?;
        let mut organization =
            Organization { id: None, management_account_id: None, problems: Vec::new(), names: BTreeMap::new() };
        if named.is_none() {
            let described = organizations::describe(&session).await.map_err(CliError::Aws)?;
            organization.id = Some(described.id);
            organization.management_account_id = Some(described.management_account_id);
        }
        if let Some(earlier) = earlier.as_ref().filter(|earlier| earlier.organization.id != organization.id) {
            let name = |id: &Option<String>| id.clone().unwrap_or_else(|| "named accounts".to_owned());
            return Err(CliError::usage(format!(
                "--resume: that run is of {}, and this one of {}; valid is a run of the same",
                name(&earlier.organization.id),
                name(&organization.id)
            )));
        }
        let work = Work {
            connections: connected.connections(),
            own: &session,
            caller,
            role_name,
            partition: partition(&session.region).unwrap_or("aws"),
            given: asked.given,
            folder: folder.as_ref(),
            is_resumed: earlier.is_some(),
            max_age: asked.max_age.unwrap_or(DEFAULT_MAX_AGE_SECONDS),
            judge: asked.judge,
            calls: terminal.calls(),
        };
        // No evidence is in the folder without a list that says that it is not whole.
        if let (Some(folder), None) = (&folder, &earlier) {
            folder.write(&Run::new(session.region.clone(), work.given.clone(), organization.clone()))?;
        }
        let mut state = State {
            of: self,
            organization,
            entries: Vec::new(),
            numbers: BTreeMap::new(),
            queue: VecDeque::new(),
            limit: usize::from(self.concurrency),
            others_started: 0,
            others_denied: 0,
            is_entered: false,
            stopped: None,
            is_listed: named.is_some(),
            tokens: BTreeSet::new(),
            kept: 0,
            oldest: None,
            exit: Exit::Compliant,
        };
        let listing = match named {
            Some(named) => {
                state.take(named, &work, terminal);
                None
            }
            None => Some(list_page(&session, None)),
        };
        Box::pin(state.run(&work, listing, &progress, terminal)).await?;
        drop(progress);
        Ok(state.ended(&work, terminal))
    }
}

/// What was read of a run, judged anew without any call, by the parameters of the run and those that are given in place
/// of them.
///
/// # Errors
/// The folder is not that of a run, or others may write it.
pub(super) fn replay(
    path: &Path,
    given: InputParameters,
    judge: Judge<'_>,
    terminal: &mut Terminal<'_>,
) -> Result<Checked, CliError> {
    let folder = Folder::open(path)?;
    let Run { mut organization, accounts, region, rule_parameters, is_listed, .. } = folder.run()?;
    if !is_listed && organization.problems.is_empty() {
        organization.problems.push("the list of accounts is not whole: the run ended before it was".to_owned());
    }
    let rule_parameters = rule_parameters.overridden_by(given);
    parameters::check(&rule_parameters, &region)?;
    let mut reports = Vec::new();
    for mut account in accounts {
        if account.status.is_not_checked() {
            reports.push(Report::without_entry(account, Some(region.clone())));
            continue;
        }
        let evidence = folder.evidence(&account.account_id);
        let saved = judge(&evidence, terminal).map_err(|error| chain(&error));
        match saved.and_then(|report| work::of_run(report, &account.account_id, &region, &rule_parameters)) {
            Ok(report) => {
                account.status = Status::Judged;
                account.error = None;
                reports.push(report.of_organization(account));
            }
            Err(why) => {
                if evidence.exists() || account.status == Status::Judged {
                    account.status = Status::Failed;
                    account.error = Some(why);
                }
                reports.push(Report::without_entry(account, Some(region.clone())));
            }
        }
    }
    let exit = if organization.problems.is_empty() { Exit::Compliant } else { Exit::NotEvaluated };
    for problem in &organization.problems {
        terminal.error(problem);
    }
    Ok(Checked { exit: exit.max(none_checked(&reports)), reports, organization })
}

/// A report on no account at all is no pass.
fn none_checked(reports: &[Report]) -> Exit {
    let is_checked = |report: &Report| report.compliance_type.is_some();
    if reports.iter().any(is_checked) { Exit::Compliant } else { Exit::NotEvaluated }
}

impl State<'_> {
    /// Takes accounts that were listed; those that have evidence of an earlier run are not read again.
    fn take(&mut self, accounts: Vec<Account>, work: &Work<'_>, terminal: &mut Terminal<'_>) {
        for mut account in accounts {
            // Its place is not known before the tree is walked.
            let is_held = !self.of.chosen.ou.is_empty() && account.path.is_empty();
            if !is_held {
                self.of.chosen.apply(&mut account);
            }
            let number = self.entries.len();
            if self.numbers.insert(account.account_id.clone(), number).is_some() {
                // A page that was asked for again.
                continue;
            }
            self.entries.push(Entry { account, report: None, is_retried: false, is_held });
            if !is_held {
                self.enqueue(number, work, terminal);
            }
        }
    }

    fn enqueue(&mut self, number: usize, work: &Work<'_>, terminal: &mut Terminal<'_>) {
        let entry = &mut self.entries[number];
        if entry.account.status != Status::Pending {
            return;
        }
        match work.kept(&entry.account.account_id, terminal) {
            Some(Ok(report)) => {
                self.kept += 1;
                self.oldest = self.oldest.into_iter().chain(report.collected_at).min();
                entry.account.status = Status::Judged;
                entry.report = Some(report);
            }
            Some(Err(why)) => {
                terminal.remark(format_args!("account {} is read again: {why}", entry.account.account_id));
                self.queue.push_back(number);
            }
            None => self.queue.push_back(number),
        }
    }

    async fn run<'w>(
        &mut self,
        work: &'w Work<'w>,
        mut listing: Option<Listing<'w>>,
        progress: &Progress,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), CliError> {
        let began = Instant::now();
        let mut running = FuturesUnordered::new();
        let (mut next_write, mut next_said, mut next_line) = (began, began, began + BETWEEN_LINES);
        let mut interrupt = Box::pin(tokio::signal::ctrl_c().fuse());
        loop {
            while running.len() < self.limit
                && let Some(number) = self.next(work, running.is_empty())
            {
                let account_id = self.entries[number].account.account_id.clone();
                running.push(async move { (number, work.check(&account_id).await) });
            }
            if running.is_empty() && listing.is_none() {
                if self.is_started_again() {
                    continue;
                }
                break;
            }
            if Instant::now() >= next_said {
                progress.say(self.said(began));
                next_said = Instant::now() + BETWEEN_MESSAGES;
            }
            tokio::select! {
                Some((number, ended)) = running.next(), if !running.is_empty() => self.note(number, ended, terminal),
                Some(listed) = async { Some(listing.as_mut()?.await) }, if listing.is_some() => {
                    listing = self.listed(listed, work, terminal)?;
                }
                Ok(()) = &mut interrupt => {
                    interrupt.set(tokio::signal::ctrl_c().fuse());
                    if self.exit == Exit::Interrupted {
                        break;
                    }
                    self.exit = Exit::Interrupted;
                    self.stopped = Some("interrupted".to_owned());
                    listing = None;
                    if !self.is_listed {
                        self.organization.problems.push("the list of accounts is not whole: interrupted".to_owned());
                    }
                }
                () = sleep_until(next_line), if !std::io::stderr().is_terminal() => {
                    next_line = Instant::now() + BETWEEN_LINES;
                    terminal.remark(self.said(began));
                }
            }
            if Instant::now() >= next_write {
                self.write(work, terminal);
                next_write = Instant::now() + BETWEEN_WRITES;
            }
        }
        Ok(())
    }

    /// The next account to start, if one may be started.
    fn next(&mut self, work: &Work<'_>, is_idle: bool) -> Option<usize> {
        if self.stopped.is_some() {
            return None;
        }
        let number = *self.queue.front()?;
        let is_own = self.entries[number].account.account_id == work.own.account_id;
        if !is_own && !self.is_entered && self.others_started >= REFUSALS {
            if self.others_denied >= REFUSALS {
                self.stopped = Some(format!("the first {REFUSALS} accounts refused the role {}", work.role_name));
                self.exit = self.exit.max(Exit::NotEvaluated);
            }
            // Those that have ended otherwise tell nothing of the others.
            if self.stopped.is_some() || !is_idle {
                return None;
            }
            self.is_entered = true;
        }
        self.others_started += usize::from(!is_own && !self.entries[number].is_retried);
        self.queue.pop_front()
    }

    /// Whether accounts that were throttled are tried once more.
    fn is_started_again(&mut self) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        let throttled = self
            .entries
            .iter_mut()
            .enumerate()
            .filter(|(_, entry)| entry.account.status == Status::Throttled && !entry.is_retried);
        let again: Vec<usize> = throttled
            .map(|(number, entry)| {
                entry.is_retried = true;
                number
            })
            .collect();
        self.queue.extend(again);
        !self.queue.is_empty()
    }

    fn note(&mut self, number: usize, ended: Ended, terminal: &mut Terminal<'_>) {
        let entry = &mut self.entries[number];
        let (status, error) = match ended {
            Ended::Judged { report, is_entered, is_throttled, unsaved } => {
                self.is_entered |= is_entered;
                if let Some(why) = unsaved {
                    terminal.warning(format_args!("account {}: {why}", entry.account.account_id));
                    self.exit = self.exit.max(Exit::NotEvaluated);
                }
                let why = report.annotation.clone();
                let has_verdict = report.compliance_type.is_some();
                entry.report = Some(*report);
                match (has_verdict, is_throttled) {
                    (true, _) => (Status::Judged, None),
                    (false, true) => (Status::Throttled, Some(why)),
                    (false, false) => (Status::Failed, Some(why)),
                }
            }
            Ended::Denied(why) => {
                self.others_denied += 1;
                (Status::Denied, Some(why))
            }
            Ended::Throttled(why) => {
                self.limit = (self.limit / 2).max(1);
                (Status::Throttled, Some(why))
            }
            Ended::Failed { why, is_entered } => {
                self.is_entered |= is_entered;
                (Status::Failed, Some(why))
            }
            Ended::NoSession(why) => {
                self.exit = self.exit.max(Exit::NotEvaluated);
                if self.stopped.is_none() {
                    self.stopped = Some(format!("the caller's own session has ended: {why}"));
                }
                (Status::Pending, None)
            }
        };
        entry.account.status = status;
        entry.account.error = error;
    }

    /// What was listed, and what is listed next.
    fn listed<'w>(
        &mut self,
        listed: Listed,
        work: &'w Work<'w>,
        terminal: &mut Terminal<'_>,
    ) -> Result<Option<Listing<'w>>, CliError> {
        match listed {
            Listed::Page(Ok(Page { accounts, next })) => {
                self.take(accounts, work, terminal);
                if let Some(token) = next {
                    if self.tokens.insert(token.clone()) {
                        return Ok(Some(list_page(work.own, Some(token))));
                    }
                    let problem = "the list of accounts is not whole: the pages of ListAccounts do not end";
                    self.organization.problems.push(problem.to_owned());
                    return Ok(Some(list_tree(work.own, self.lacks_paths())));
                }
                self.is_listed = true;
                for (what, id) in [
                    ("own", Some(&work.own.account_id)),
                    ("management", self.organization.management_account_id.as_ref()),
                ] {
                    if let Some(id) = id.filter(|id| !self.numbers.contains_key(*id)) {
                        let problem =
                            format!("the list of accounts is not whole: the {what} account {id} is not in it");
                        self.organization.problems.push(problem);
                    }
                }
                Ok(Some(list_tree(work.own, self.lacks_paths())))
            }
            Listed::Page(Err(error)) if self.entries.is_empty() => Err(CliError::Aws(error)),
            Listed::Page(Err(error)) => {
                let problem = format!("the list of accounts is not whole: {}", chain(&error));
                self.organization.problems.push(problem);
                Ok(Some(list_tree(work.own, self.lacks_paths())))
            }
            Listed::Tree(tree) => {
                match tree {
                    Ok(Tree { names, mut paths }) => {
                        self.organization.names = names;
                        for entry in self.entries.iter_mut().filter(|entry| entry.account.path.is_empty()) {
                            entry.account.path = paths.remove(&entry.account.account_id).unwrap_or_default();
                        }
                    }
                    Err(error) if self.lacks_paths() => {
                        let problem = format!("the organizational units are not known: {}", chain(&error));
                        if self.of.chosen.ou.is_empty() {
                            terminal.warning(problem);
                        } else {
                            self.organization.problems.push(problem);
                        }
                    }
                    Err(error) => terminal.warning(format_args!("units are shown by their ids: {}", chain(&error))),
                }
                self.admit_held(work, terminal)?;
                Ok(None)
            }
        }
    }

    fn lacks_paths(&self) -> bool {
        self.entries.iter().any(|entry| entry.account.path.is_empty())
    }

    /// Takes up the accounts whose place was not known, and makes sure that every unit that was asked for is there, and
    /// that no account may be in it unseen.
    fn admit_held(&mut self, work: &Work<'_>, terminal: &mut Terminal<'_>) -> Result<(), CliError> {
        let units = &self.of.chosen.ou;
        let known = |unit: &String| self.entries.iter().any(|entry| entry.account.is_below(unit));
        if let Some(unit) = units.iter().find(|unit| !known(unit)) {
            let mut there: Vec<&str> =
                self.entries.iter().flat_map(|entry| entry.account.path.iter().map(String::as_str)).collect();
            there.sort_unstable();
            there.dedup();
            return Err(CliError::NotEvaluated(format!(
                "--ou {unit} holds no account; those that hold some: {}",
                there.join(", ")
            )));
        }
        for number in 0..self.entries.len() {
            if let Some(entry) = self.entries.get_mut(number).filter(|entry| entry.is_held) {
                entry.is_held = false;
                self.of.chosen.apply(&mut entry.account);
                if entry.account.status == Status::Excluded && entry.account.path.is_empty() {
                    self.organization.problems.push(format!(
                        "account {} may be below --ou: no unit of the tree has it",
                        entry.account.account_id
                    ));
                }
                self.enqueue(number, work, terminal);
            }
        }
        Ok(())
    }

    fn said(&self, began: Instant) -> String {
        let mut checked = 0_usize;
        let (mut non_compliant, mut without, mut of) = (0_usize, 0_usize, 0_usize);
        for entry in self.entries.iter().filter(|entry| !entry.account.status.is_not_checked()) {
            of += 1;
            checked += usize::from(entry.account.status != Status::Pending);
            match &entry.report {
                Some(report) if report.compliance_type.is_some() => {
                    non_compliant += usize::from(report.standing().needs_attention());
                }
                _ => without += usize::from(entry.account.status != Status::Pending),
            }
        }
        let seconds = began.elapsed().as_secs();
        let left = u64::try_from(of - checked).unwrap_or_default() * seconds
            / u64::try_from(checked).unwrap_or_default().max(1);
        let left = match left {
            _ if checked == 0 || checked == of => String::new(),
            0..=59 => ", less than a minute left".to_owned(),
            seconds => format!(", about {} min left", seconds.div_ceil(60)),
        };
        format!("{checked} of {of} checked, {non_compliant} non-compliant, {without} without a verdict{left}")
    }

    fn write(&mut self, work: &Work<'_>, terminal: &mut Terminal<'_>) {
        let Some(folder) = work.folder else { return };
        let run = Run {
            is_listed: self.is_listed,
            accounts: self.entries.iter().map(|entry| entry.account.clone()).collect(),
            ..Run::new(work.own.region.clone(), work.given.clone(), self.organization.clone())
        };
        if let Err(error) = folder.write(&run) {
            if self.exit == Exit::Compliant {
                terminal.error(chain(&error));
            }
            self.exit = self.exit.max(Exit::NotEvaluated);
        }
    }

    /// Every account with its line, sorted by its place.
    fn ended(mut self, work: &Work<'_>, terminal: &mut Terminal<'_>) -> Checked {
        let stopped = self.stopped.clone();
        for entry in &mut self.entries {
            if entry.account.status == Status::Pending {
                entry.account.error.clone_from(&stopped);
            }
        }
        self.entries
            .sort_by(|a, b| (&a.account.path, &a.account.account_id).cmp(&(&b.account.path, &b.account.account_id)));
        self.write(work, terminal);
        if let Some(oldest) = self.oldest {
            let oldest = oldest.for_people();
            terminal.remark(format_args!(
                "{} accounts are as an earlier run has read them, the first at {oldest}",
                self.kept
            ));
        }
        let others_asked = self.others_started > 0;
        if others_asked && !self.is_entered && self.others_denied == self.others_started && self.others_denied > 1 {
            terminal.error(format_args!(
                "no account lets us in: look at the name of the role ({}), at what it trusts, and at whether the \
                 caller may sts:AssumeRole",
                work.role_name
            ));
        } else if let Some(why) = &stopped {
            terminal.error(why);
        }
        if stopped.is_some() && work.folder.is_some() {
            terminal.remark("--resume with the folder of this run goes on with it");
        }
        for problem in &self.organization.problems {
            terminal.error(problem);
        }
        let region = &work.own.region;
        let reports: Vec<Report> = self
            .entries
            .into_iter()
            .map(|Entry { account, report, .. }| match report {
                Some(report) => report.of_organization(account),
                None => Report::without_entry(account, Some(region.clone())),
            })
            .collect();
        let is_whole = self.organization.problems.is_empty();
        let exit = self.exit.max(if is_whole { none_checked(&reports) } else { Exit::NotEvaluated });
        Checked { reports, organization: self.organization, exit }
    }
}
