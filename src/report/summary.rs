//! How many accounts stand how.

use std::fmt;

use serde::Serialize;

use super::{Report, Standing};

/// How many accounts stand how; each counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// All of them.
    pub accounts: usize,
    /// `NON_COMPLIANT`, and verified.
    pub non_compliant: usize,
    /// `NON_COMPLIANT` to AWS Config, and not verified.
    pub not_verified: usize,
    /// Without verdict.
    pub no_verdict: usize,
    /// `COMPLIANT`.
    pub compliant: usize,
    /// `NOT_APPLICABLE`.
    pub not_applicable: usize,
    /// Excepted, whatever the verdict; they count nowhere else.
    pub excepted: usize,
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of(reports: &[Report]) -> Self {
        let mut summary = Self { accounts: reports.len(), ..Self::default() };
        for report in reports {
            if !report.exceptions.is_empty() {
                summary.excepted += 1;
                continue;
            }
            *match report.standing() {
                Standing::NonCompliant => &mut summary.non_compliant,
                Standing::NotVerified => &mut summary.not_verified,
                Standing::NoVerdict => &mut summary.no_verdict,
                Standing::Compliant => &mut summary.compliant,
                Standing::NotApplicable => &mut summary.not_applicable,
            } += 1;
        }
        summary
    }

    /// How many stand so, and are not excepted.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        match standing {
            Standing::NonCompliant => self.non_compliant,
            Standing::NotVerified => self.not_verified,
            Standing::NoVerdict => self.no_verdict,
            Standing::Compliant => self.compliant,
            Standing::NotApplicable => self.not_applicable,
        }
    }
}

/// Such as `16 non-compliant, 2 without verdict, 182 compliant`: those that there are.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = Standing::ALL.into_iter().filter(|standing| self.count(*standing) > 0);
        let mut counts: Vec<String> =
            there.map(|standing| format!("{} {}", self.count(standing), standing.in_words())).collect();
        if self.excepted > 0 {
            counts.push(format!("{} excepted", self.excepted));
        }
        if counts.is_empty() { f.write_str("no accounts") } else { f.write_str(&counts.join(", ")) }
    }
}
