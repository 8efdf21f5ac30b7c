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
    /// Accounts of an organization that nobody wanted a verdict on.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_checked: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of(reports: &[Report]) -> Self {
        let mut summary = Self::default();
        for report in reports {
            summary.add(report);
        }
        summary
    }

    /// Counts one more.
    pub fn add(&mut self, report: &Report) {
        self.accounts += 1;
        *match report.standing() {
            _ if !report.exceptions.is_empty() => &mut self.excepted,
            Standing::NonCompliant => &mut self.non_compliant,
            Standing::NotVerified => &mut self.not_verified,
            Standing::NoVerdict => &mut self.no_verdict,
            Standing::Compliant => &mut self.compliant,
            Standing::NotApplicable => &mut self.not_applicable,
            Standing::NotChecked => &mut self.not_checked,
        } += 1;
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
            Standing::NotChecked => self.not_checked,
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
