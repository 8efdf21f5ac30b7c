//! An account of an organization: where it is, and what became of it.

use serde::{Deserialize, Serialize};

/// An account as an organization lists it, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// 12 digits.
    pub account_id: String,
    /// Its name, where that is known.
    pub name: Option<String>,
    /// Its state in AWS's spelling, such as `ACTIVE`; none where no organization was asked.
    pub state: Option<String>,
    /// The ids from the root to the organizational unit that it is in; empty where that is not known.
    pub path: Vec<String>,
    /// What became of it.
    pub status: Status,
    /// Why it was not judged.
    pub error: Option<String>,
}

/// The ids from the root to the organizational unit in a path as AWS spells it, such as `o-a/r-b/ou-b-c/111122223333/`.
#[must_use]
pub fn units_of(path: &str) -> Vec<String> {
    let is_unit = |part: &&str| part.starts_with("r-") || part.starts_with("ou-");
    path.split('/').filter(is_unit).map(str::to_owned).collect()
}

/// What became of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Status {
    /// It has a verdict.
    Judged,
    /// Its role could not be assumed.
    Denied,
    /// AWS throttled until the end.
    Throttled,
    /// Something else failed.
    Failed,
    /// It was not reached.
    Pending,
    /// Its state says that there is nothing to check.
    Skipped,
    /// It was not asked for.
    Excluded,
}

impl Status {
    /// Its stable word, such as `denied`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether nobody wanted a verdict on the account.
    #[must_use]
    pub fn is_not_checked(self) -> bool {
        matches!(self, Self::Skipped | Self::Excluded)
    }
}

impl Account {
    /// An account of which only the id is known.
    #[must_use]
    pub fn named(account_id: &str) -> Self {
        Self::listed(account_id.to_owned(), None, None, Vec::new())
    }

    /// An account as it is listed: one whose state says that it cannot be entered is skipped, and every other is to be
    /// checked, also where its state is not known to this version.
    #[must_use]
    pub fn listed(account_id: String, name: Option<String>, state: Option<String>, path: Vec<String>) -> Self {
        const NOT_CHECKED: [&str; 4] = ["SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED"];
        let is_skipped = state.as_deref().is_some_and(|state| NOT_CHECKED.contains(&state));
        let status = if is_skipped { Status::Skipped } else { Status::Pending };
        Self { account_id, name, state, path, status, error: None }
    }

    /// Whether it is in an organizational unit, or in one below that.
    #[must_use]
    pub fn is_below(&self, unit: &str) -> bool {
        self.path.iter().any(|id| id == unit)
    }

    /// The ids from the root to its organizational unit, in one line.
    #[must_use]
    pub fn place(&self) -> String {
        if self.path.is_empty() { "an unknown organizational unit".to_owned() } else { self.path.join("/") }
    }

    /// Why it has no verdict, in one line.
    #[must_use]
    pub fn why_not(&self) -> String {
        match (self.status, &self.error, &self.state) {
            (Status::Skipped, _, Some(state)) => format!("not checked: its state is {state}"),
            (Status::Skipped, _, None) => "not checked: its state".to_owned(),
            (Status::Excluded, ..) => "not checked: it was not asked for".to_owned(),
            (Status::Pending, None, _) => "not reached".to_owned(),
            (Status::Pending, Some(error), _) => format!("not reached: {error}"),
            (Status::Denied, Some(error), _) => format!("its role could not be assumed: {error}"),
            (_, Some(error), _) => error.clone(),
            (status, None, _) => status.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(account_id: &str, state: &str) -> Account {
        Account::listed(account_id.to_owned(), None, Some(state.to_owned()), Vec::new())
    }

    #[test]
    fn an_account_is_to_be_checked_unless_its_state_forbids_it() {
        for (state, status) in [
            ("ACTIVE", Status::Pending),
            ("SOMETHING_NEW", Status::Pending),
            ("SUSPENDED", Status::Skipped),
            ("PENDING_CLOSURE", Status::Skipped),
            ("PENDING_ACTIVATION", Status::Skipped),
            ("CLOSED", Status::Skipped),
        ] {
            assert_eq!(listed("111122223333", state).status, status, "{state}");
        }
        assert_eq!(Account::named("111122223333").status, Status::Pending);
    }
}
