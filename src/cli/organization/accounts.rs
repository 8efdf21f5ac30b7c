//! Which accounts are asked for.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, ValueHint};

use crate::{
    cli::{accounts_from, error::CliError},
    report::account::{Account, Status},
    rule::arn::is_account_id,
};

/// Which accounts are asked for; without any of these, all.
#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// Only the accounts in this organizational unit and in those below it; may be given again
    #[arg(long, value_name = "ID", requires = "organization", conflicts_with_all = ["account", "accounts_from"], value_hint = ValueHint::Other)]
    pub(super) ou: Vec<String>,
    /// Only this account; the organization is not asked; may be given again
    #[arg(long, value_name = "ID", requires = "organization", value_parser = account_id, value_hint = ValueHint::Other)]
    account: Vec<String>,
    /// Only the accounts of a file: 12 digits a line, or what `aws organizations list-accounts` prints
    #[arg(long, value_name = "FILE", requires = "organization", value_hint = ValueHint::FilePath)]
    accounts_from: Option<PathBuf>,
    /// All but this account; may be given again
    #[arg(long, value_name = "ID", requires = "organization", value_parser = account_id, value_hint = ValueHint::Other)]
    exclude_account: Vec<String>,
}

fn account_id(text: &str) -> Result<String, String> {
    if is_account_id(text) { Ok(text.to_owned()) } else { Err("valid are 12 digits".to_owned()) }
}

impl Chosen {
    /// The accounts that are named, each once; none if the organization is to be asked.
    ///
    /// # Errors
    /// The file cannot be read, or holds what is no account.
    pub(super) fn named(&self) -> Result<Option<Vec<Account>>, CliError> {
        let mut named = match &self.accounts_from {
            Some(path) => accounts_from::read(path)?,
            None => BTreeMap::new(),
        };
        for id in &self.account {
            named.entry(id.clone()).or_insert_with(|| Account::named(id));
        }
        Ok((!named.is_empty()).then(|| named.into_values().collect()))
    }

    /// Excludes an account that was not asked for.
    pub(super) fn apply(&self, account: &mut Account) {
        let is_in_unit = self.ou.is_empty() || self.ou.iter().any(|unit| account.is_below(unit));
        if account.status == Status::Pending && (!is_in_unit || self.exclude_account.contains(&account.account_id)) {
            account.status = Status::Excluded;
        }
    }
}
