//! `--accounts-from`: the accounts that a file names.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{error::CliError, files};
use crate::{
    report::account::{self, Account},
    rule::{arn::is_account_id, json},
};

/// What `aws organizations list-accounts` prints, as much of it as is of use.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    accounts: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    name: Option<String>,
    state: Option<String>,
    status: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
}

/// The accounts that a file names, each once, by their ids: 12 digits a line, or what `aws organizations list-accounts`
/// prints.
///
/// # Errors
/// The file cannot be read, names no account or what is none, or is a list that was cut off.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Account>, CliError> {
    let (text, name) = (files::read(path)?, files::input_name(path));
    let accounts: Vec<Account> = if text.trim_start().starts_with('{') {
        let Document { accounts, next_token } =
            json::read(&text).map_err(|error| CliError::input(name.to_string(), error))?;
        if next_token.is_some() {
            return Err(CliError::usage(format!(
                "{name}: has a NextToken, so that accounts are missing; valid is the whole list, without --max-items"
            )));
        }
        let listed = |Listed { id, name, state, status, paths }| {
            let path = paths.first().map(|path| account::units_of(path)).unwrap_or_default();
            Account::listed(id, name, state.or(status), path)
        };
        accounts.into_iter().map(listed).collect()
    } else {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Account::named).collect()
    };
    if let Some(Account { account_id: other, .. }) = accounts.iter().find(|account| !is_account_id(&account.account_id))
    {
        return Err(CliError::usage(format!(
            "{name}: `{other}` is no account id; valid are 12 digits a line, or what `aws organizations list-accounts` \
             prints"
        )));
    }
    if accounts.is_empty() {
        return Err(CliError::usage(format!("{name}: names no account")));
    }
    Ok(accounts.into_iter().map(|account| (account.account_id.clone(), account)).collect())
}
