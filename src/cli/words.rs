//! The words of a result that are neither a reason's code nor a parameter's name.

use strum::VariantArray as _;

use crate::{
    report::{
        Caveat, Standing,
        account::Status,
        doctor::{Health, Subject},
    },
    rule::RECOMMENDATIONS,
};

/// A word and what it means.
pub(super) struct Word {
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
}

/// What `compare` shows of a rule for which AWS Config has no result.
pub(super) const INSUFFICIENT_DATA: &str = "INSUFFICIENT_DATA";
/// What `compare` shows of a rule whose results could not be read.
pub(super) const NOT_READ: &str = "NOT_READ";

const READ_BACK: [(&str, &str); 3] = [
    ("aggregator", "The verdict was not judged here, but read back from an aggregator of AWS Config."),
    (INSUFFICIENT_DATA, "AWS Config has no result of the rule for the account."),
    (NOT_READ, "What AWS Config has recorded under the rule was not read: the permission for it is missing."),
];

/// What `prove` shows of a trail and of a Region.
const PROVED: [(&str, &str); 16] = [
    ("PROVED", "The files in the bucket show that log files arrive."),
    ("NOT_PROVED", "Nothing shows whether log files arrive. With no trail that is proved, there is no verdict."),
    ("DISPROVED", "The files in the bucket show that log files do not arrive, or were changed."),
    ("not-enabled", "The Region is disabled in the account: it does not count."),
    ("changing", "The Region is being enabled or disabled: it does not count."),
    ("unreadable", "The Region's files were refused, are archived, or are too many: not proved."),
    ("broken", "A digest file is not as AWS signed it, or is not there: disproved."),
    ("unverifiable", "AWS does not list the key with which the digest file is signed: not proved."),
    ("failing", "CloudTrail reports an error of delivery, and no log file arrived: disproved."),
    ("delivering", "A digest file of the window lists log files, or a log file of the window was seen: proved."),
    ("quiet", "A digest file of the window lists no log file, as there was no event: proved."),
    ("starting", "Logging or log file validation is new in the Region: not proved."),
    ("undigested", "Log files arrive, and no digest file: not proved."),
    ("silent", "The newest digest file ended before the window: disproved."),
    ("never", "The trail never had a digest file in the Region: disproved, if it is logging for long enough."),
    ("unproved", "Log file validation is off, and there is no log file in the window: not proved."),
];

/// What `--since` says became of an account.
const CHANGES: [(&str, &str); 6] = [
    ("non-compliant", "Since the earlier report: not compliant, and was, or had no verdict."),
    ("exception-expired", "Since the earlier report: what excepted the account does so no more."),
    ("repaired", "Since the earlier report: compliant again, or the rule does not apply any more."),
    ("moved", "Since the earlier report: in another organizational unit, and standing as it stood."),
    ("joined", "Since the earlier report: the account was not in it."),
    ("left", "Since the earlier report: the account is not in this one."),
];

const RESULTS_AND_EXIT_CODES: [(&str, &str); 14] = [
    ("excepted", "A dated exception stands beside the verdict, which is the same; the exit code is 0."),
    ("PASS", "The trail meets every condition of the rule, or is trusted to where that was asked for."),
    ("FAIL", "The trail definitely misses a condition."),
    (
        "UNKNOWN",
        "Nothing is known to be wrong with the trail, but a fact is permanently withheld; of `doctor`: not seen.",
    ),
    ("HIDDEN", "Nothing is known to be wrong with the trail, but a transient error hid a fact."),
    ("met", "What AWS answered is what the rule asks."),
    ("not met", "What AWS answered is not what the rule asks."),
    ("not known", "There is no answer, or nothing was asked because of another fact."),
    ("0", "Exit code: compliant, or not applicable."),
    ("1", "Exit code: non-compliant."),
    ("2", "Exit code: no verdict, not verified, or too old. It outranks 1."),
    ("64", "Exit code: wrong usage."),
    ("130", "Exit code: interrupted."),
    ("3.1", "The recommendation's number in CIS AWS Foundations v3.0.0: ensure CloudTrail is enabled in all regions."),
];

/// Every such word.
pub(super) fn all() -> impl Iterator<Item = Word> {
    let verdicts =
        Standing::ALL.into_iter().map(|standing| Word { word: standing.as_str(), meaning: verdict(standing) });
    let others = RESULTS_AND_EXIT_CODES.into_iter().chain(READ_BACK).chain(PROVED).chain(CHANGES);
    let others = others.map(|(word, meaning)| Word { word, meaning });
    let statuses = Status::VARIANTS.iter().map(|status| Word { word: status.as_str(), meaning: became(*status) });
    let caveats = Caveat::ALL.iter().map(|caveat| Word { word: caveat.as_str(), meaning: caveat.in_words() });
    // From v6.0 on it has another number.
    let number = RECOMMENDATIONS.last().map(|recommendation| Word {
        word: recommendation.number,
        meaning: "The recommendation's number in CIS AWS Foundations from v6.0.0 on.",
    });
    verdicts.chain(others).chain(statuses).chain(caveats).chain(number).chain(of_doctor())
}

fn verdict(standing: Standing) -> &'static str {
    match standing {
        Standing::NonCompliant => "No trail records management events as the rule requires.",
        Standing::NotVerified => {
            "AWS refused to tell a fact that the verdict needs. AWS Config is told NON_COMPLIANT; the exit code is 2."
        }
        Standing::NoVerdict => "No verdict was reached, and AWS Config is told nothing. The exit code is 2.",
        Standing::Compliant => {
            "Some trail records every management event, read and write, in every Region that is enabled in the account."
        }
        Standing::NotApplicable => "The rule has nothing to say about this account in this Region.",
        Standing::NotChecked => {
            "Its state or the arguments left this account of an organization out; it does not count."
        }
    }
}

/// What `doctor` shows. `unknown` is explained as that of a trail.
fn of_doctor() -> impl Iterator<Item = Word> {
    let subjects = Subject::ALL.iter().map(|subject| {
        let meaning = match subject {
            Subject::Recorder => "Of `doctor`: whether the configuration recorder is there, is on and does not fail.",
            Subject::Rule => "Of `doctor`: the rule as it is deployed, and the function that it invokes.",
            Subject::Evaluation => "Of `doctor`: how AWS Config's invocations of the rule end.",
            Subject::Result => "Of `doctor`: the result that AWS Config keeps for the account.",
        };
        Word { word: subject.as_str(), meaning }
    });
    let healths = Health::ALL.iter().filter_map(|health| {
        let meaning = match health {
            Health::Ok => "Of `doctor`: as it should be.",
            Health::Problem => "Of `doctor`: not as it should be, with what to do.",
            Health::Unknown => return None,
        };
        Some(Word { word: health.as_str(), meaning })
    });
    subjects.chain(healths)
}

/// What became of an account of an organization.
fn became(status: Status) -> &'static str {
    match status {
        Status::Judged => "The account of the organization has a verdict.",
        Status::Denied => "The role in the account could not be assumed: no verdict.",
        Status::Throttled => "AWS throttled the calls for the account until the end: no verdict.",
        Status::Failed => "Something else kept the account from a verdict: the error beside it says what.",
        Status::Pending => "The account was not reached before the run ended: no verdict.",
        Status::Skipped => "The account's state, such as SUSPENDED, leaves nothing to check: it does not count.",
        Status::Excluded => "The arguments left the account out: it does not count.",
    }
}
