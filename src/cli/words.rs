//! The words of a result that are neither a reason's code nor a parameter's name.

use crate::{
    report::{Caveat, Standing},
    rule::RECOMMENDATIONS,
};

/// A word and what it means.
pub(super) struct Word {
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
}

const RESULTS_AND_EXIT_CODES: [(&str, &str); 13] = [
    ("PASS", "The trail meets every condition of the rule, or is trusted to where that was asked for."),
    ("FAIL", "The trail definitely misses a condition."),
    ("UNKNOWN", "Nothing is known to be wrong with the trail, but a fact is permanently withheld."),
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
    let others = RESULTS_AND_EXIT_CODES.into_iter().map(|(word, meaning)| Word { word, meaning });
    let caveats = Caveat::ALL.iter().map(|caveat| Word { word: caveat.as_str(), meaning: caveat.in_words() });
    // From v6.0 on it has another number.
    let number = RECOMMENDATIONS.last().map(|recommendation| Word {
        word: recommendation.number,
        meaning: "The recommendation's number in CIS AWS Foundations from v6.0.0 on.",
    });
    verdicts.chain(others).chain(caveats).chain(number)
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
    }
}
