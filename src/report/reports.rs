//! The reports of a run.

use super::{Report, changes::Changes, organization::Organization, summary::Summary};

/// Reports that belong together, and how much of them is shown.
#[derive(Debug, Clone, Copy)]
pub struct Reports<'r> {
    /// One an account, in the order of the input.
    pub accounts: &'r [Report],
    /// What became different since an earlier report, if that was asked.
    pub changes: Option<&'r Changes>,
    /// The organization whose accounts they are, if one is checked.
    pub organization: Option<&'r Organization>,
    /// Whether every fact is shown, and not only those that fail, where a format has the choice.
    pub with_facts: bool,
    /// Whether accounts are left out that need no attention. The summary counts them, too.
    pub only_failing: bool,
}

impl<'r> From<&'r [Report]> for Reports<'r> {
    fn from(accounts: &'r [Report]) -> Self {
        Self { accounts, changes: None, organization: None, with_facts: false, only_failing: false }
    }
}

impl<'r> Reports<'r> {
    /// Those that are shown, in the order of the input.
    pub fn shown(&self) -> impl Iterator<Item = &'r Report> {
        let only_failing = self.only_failing;
        self.accounts.iter().filter(move |report| !only_failing || report.needs_attention())
    }

    /// Those that are shown, those that need attention first.
    #[must_use]
    pub fn by_weight(&self) -> Vec<&'r Report> {
        let mut shown: Vec<&Report> = self.shown().collect();
        shown.sort_by_key(|report| (!report.needs_attention(), report.standing()));
        shown
    }

    /// How many accounts stand how, whether they are shown or not.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(self.accounts)
    }
}
