//! One account: entered, read, judged and saved, or taken from what was saved.

use std::{panic::AssertUnwindSafe, path::Path};

use futures_util::FutureExt as _;

use super::folder::Folder;
use crate::{
    aws::{
        CallLog, Connections, Session, collect_evidence,
        fault::{CallError, Fault, is_throttling},
    },
    cli::{error::CliError, evidence, terminal::Terminal},
    clock::Clock,
    error::chain,
    report::{Caveat, Report, Subject},
    rule::{Question, ask, evidence::Evidence, parameters::InputParameters},
};

/// The verdict on an evidence file.
pub(crate) type Judge<'a> = &'a dyn Fn(&Path, &mut Terminal<'_>) -> Result<Report, CliError>;

/// What is the same for every account.
pub(super) struct Work<'w> {
    pub(super) connections: &'w Connections,
    pub(super) own: &'w Session<'w>,
    pub(super) caller: Option<String>,
    pub(super) role_name: &'w str,
    pub(super) partition: &'w str,
    pub(super) given: InputParameters,
    pub(super) folder: Option<&'w Folder>,
    pub(super) is_resumed: bool,
    /// How many seconds old evidence may be that is not read again.
    pub(super) max_age: u32,
    pub(super) judge: Judge<'w>,
    /// A log of calls as that of each account.
    pub(super) calls: CallLog,
}

/// How the work on an account has ended.
pub(super) enum Ended {
    Judged {
        report: Box<Report>,
        /// Whether a role was assumed for it.
        is_entered: bool,
        /// Whether CloudTrail throttled what it was asked.
        is_throttled: bool,
        /// Why its evidence was not saved, if it was to be.
        unsaved: Option<String>,
    },
    Denied(String),
    Throttled(String),
    Failed {
        why: String,
        is_entered: bool,
    },
    /// The caller's own credentials are not valid any more.
    NoSession(String),
}

/// The verdict on evidence, by the parameters that are given now.
fn judged(evidence: &Evidence, given: &InputParameters) -> Report {
    match ask(given, &evidence.account_id, &evidence.region, None) {
        Question::Read(parameters) => Report::of(evidence, &parameters, given.clone()),
        Question::Decided { evaluations, .. } => {
            Report::without_evidence(Subject::of(evidence, given.clone()), evaluations)
        }
    }
}

/// The verdict on what was saved of an account, if it is of this run.
///
/// # Errors
/// Why the run may not rest on the file, in words.
pub(super) fn of_run(
    report: Report,
    account_id: &str,
    region: &str,
    rule_parameters: &InputParameters,
) -> Result<Report, String> {
    let name = report.evidence_file.as_deref().unwrap_or_default();
    let (of_account, of_region) = (report.account_id.as_deref(), report.region.as_deref());
    if (of_account, of_region) != (Some(account_id), Some(region)) {
        let [of_account, of_region] = [of_account, of_region].map(Option::unwrap_or_default);
        return Err(format!("{name} is of account {of_account} in {of_region}"));
    }
    if report.caveats.contains(&Caveat::NoChecksum) {
        return Err(format!("{name}: {}", Caveat::NoChecksum.in_words()));
    }
    if report.rule_parameters != *rule_parameters {
        return Err(format!("{name} was judged by other parameters than the run's"));
    }
    Ok(report)
}

/// The end of the work on an account, also where it panics: that is one account's failure, and no other's.
async fn outlived(work: impl Future<Output = Ended>) -> Ended {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().map(ToString::to_string);
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Ended::Failed { why: format!("a fault of this program: {words}"), is_entered: false }
    })
}

impl Work<'_> {
    /// The verdict on what an earlier run has saved, or why that is read again; none if there is nothing.
    pub(super) fn kept(&self, account_id: &str, terminal: &mut Terminal<'_>) -> Option<Result<Report, String>> {
        let path = self.folder.filter(|_| self.is_resumed)?.evidence(account_id);
        if !path.exists() {
            return None;
        }
        let saved = (self.judge)(&path, terminal).map_err(|error| chain(&error));
        let saved = saved.and_then(|report| of_run(report, account_id, &self.own.region, &self.given));
        Some(saved.and_then(|report| match report.collected_at {
            _ if report.compliance_type.is_none() => Err("it had no verdict".to_owned()),
            Some(at) if Clock::System.now().seconds_since(at) > i64::from(self.max_age) => {
                Err(format!("its evidence is of {}", at.for_people()))
            }
            _ => Ok(report),
        }))
    }

    /// Enters an account, reads and judges it.
    pub(super) async fn check(&self, account_id: &str) -> Ended {
        let ended = outlived(Box::pin(self.enter(account_id))).await;
        self.connections.forget_member(account_id);
        ended
    }

    async fn enter(&self, account_id: &str) -> Ended {
        let calls = self.calls.anew();
        let region = &self.own.region;
        if account_id == self.own.account_id {
            let session = self.connections.own(account_id, region, calls);
            return match Box::pin(self.read(&session, self.caller.clone())).await {
                Ok(ended) => ended,
                Err(error) => Ended::NoSession(chain(&error)),
            };
        }
        let role_arn = format!("arn:{}:iam::{account_id}:role/{}", self.partition, self.role_name);
        let session = match self.connections.member(account_id, region, &role_arn, calls).await {
            Ok(session) => session,
            Err(error) if error.fault == Fault::Own => return Ended::NoSession(chain(&error)),
            Err(error) if error.is_throttled() => return Ended::Throttled(chain(&error)),
            Err(error) if error.code == "AccessDenied" => return Ended::Denied(chain(&error)),
            Err(error) => return Ended::Failed { why: chain(&error), is_entered: false },
        };
        let role = self.role_name.rsplit('/').next().unwrap_or_default();
        let partition = self.partition;
        let caller = format!("arn:{partition}:sts::{account_id}:assumed-role/{role}/cloudtrail-all-regions");
        match Box::pin(self.read(&session, Some(caller))).await {
            Ok(ended) => ended,
            // Such as a Region that is off there: the caller's own credentials are as they were.
            Err(error) => Ended::Failed { why: chain(&error), is_entered: true },
        }
    }

    async fn read(&self, session: &Session<'_>, caller: Option<String>) -> Result<Ended, CallError> {
        let collected_at = Clock::System.now();
        let with_rows = match ask(&self.given, &session.account_id, &session.region, None) {
            Question::Read(parameters) => parameters.trail_results,
            Question::Decided { .. } => false,
        };
        let (evidence, _) = collect_evidence(session, collected_at, with_rows).await?;
        let mut report = judged(&evidence, &self.given);
        report.calls = session.calls.ended();
        report.collected_as = caller;
        let codes = report.calls.iter().filter_map(|call| call.error_code.as_deref());
        let is_throttled = codes.into_iter().any(is_throttling);
        let mut unsaved = None;
        if let Some(folder) = self.folder {
            let path = folder.evidence(&session.account_id);
            unsaved = evidence::save(&path, evidence, evidence::PROGRAM, &mut report).err().map(|error| chain(&error));
        }
        Ok(Ended::Judged { report: Box::new(report), is_entered: session.is_member(), is_throttled, unsaved })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_the_end_of_one_accounts_work_alone() {
        let ended = outlived(async { panic!("account {}", 7) }).await;
        let Ended::Failed { why, is_entered: false } = ended else { panic!("it went on") };
        assert_eq!(why, "a fault of this program: account 7");
        let ended = outlived(async { Ended::Denied("no".to_owned()) }).await;
        assert!(matches!(ended, Ended::Denied(why) if why == "no"));
    }
}
