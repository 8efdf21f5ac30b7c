//! Enumerate: an organization, its accounts and its tree. One call after another: Organizations refuses a request while
//! another one is in progress.

use std::collections::{BTreeMap, BTreeSet};

use super::{Session, fault::CallError};
use crate::{
    report::account::{self, Account},
    rule::arn::is_account_id,
};
use aws_sdk_organizations::types as sdk;

/// The most units of a tree that is walked; AWS allows 2,000.
const MAX_UNITS: usize = 10_000;
const PAGE: i32 = 20;

/// The organization of the credentials' account.
#[derive(Debug)]
pub struct Described {
    /// Its id.
    pub id: String,
    /// The account that manages it.
    pub management_account_id: String,
}

/// Some of an organization's accounts.
#[derive(Debug)]
pub struct Page {
    /// Which these are.
    pub accounts: Vec<Account>,
    /// The token of the next page; none after the last one.
    pub next: Option<String>,
}

/// Which organization it is. Any account of it may ask.
///
/// # Errors
/// The account is of none, or the call fails.
pub async fn describe(session: &Session<'_>) -> Result<Described, CallError> {
    const OPERATION: &str = "DescribeOrganization";
    let request = session.organizations().describe_organization();
    let answer = session.call(OPERATION, &session.region, "", request.send()).await?;
    let organization = answer.organization.ok_or_else(|| CallError::unparsable(OPERATION, "no Organization"))?;
    match (organization.id, organization.master_account_id) {
        (Some(id), Some(management_account_id)) => Ok(Described { id, management_account_id }),
        _ => Err(CallError::unparsable(OPERATION, "no Id or MasterAccountId")),
    }
}

/// A page of all accounts. It may be empty although another one follows.
///
/// # Errors
/// The call fails.
pub async fn page(session: &Session<'_>, token: Option<String>) -> Result<Page, CallError> {
    const OPERATION: &str = "ListAccounts";
    let request = session.organizations().list_accounts().max_results(PAGE).set_next_token(token);
    let answer = session.call(OPERATION, &session.region, "", request.send()).await?;
    let accounts = answer.accounts.ok_or_else(|| CallError::unparsable(OPERATION, "no Accounts"))?;
    let accounts = accounts.into_iter().map(|account| read(OPERATION, account)).collect::<Result<_, _>>()?;
    Ok(Page { accounts, next: answer.next_token.filter(|token| !token.is_empty()) })
}

fn read(operation: &'static str, account: sdk::Account) -> Result<Account, CallError> {
    // `Status` was retired in September 2026; some partitions may still answer it.
    let status = account.status.map(|status| status.as_str().to_owned());
    let state = account.state.map(|state| state.as_str().to_owned()).or(status);
    let id = account.id.filter(|id| is_account_id(id));
    let id = id.ok_or_else(|| CallError::unparsable(operation, "an account without an id of 12 digits"))?;
    let path = account.paths.unwrap_or_default().into_iter().next().unwrap_or_default();
    Ok(Account::listed(id, account.name, state, account::units_of(&path)))
}

/// The tree, asked unit by unit.
#[derive(Debug, Default)]
pub struct Tree {
    /// The names of roots and units, by their ids.
    pub names: BTreeMap<String, String>,
    /// The ids from the root to the unit of each account; empty where only names were asked for.
    pub paths: BTreeMap<String, Vec<String>>,
}

/// Walks from the roots, for the names of units, and for the accounts in each where `with_accounts` is set.
///
/// # Errors
/// A call fails, or the tree does not end.
pub async fn walk(session: &Session<'_>, with_accounts: bool) -> Result<Tree, CallError> {
    const ROOTS: &str = "ListRoots";
    let mut tree = Tree::default();
    let mut pending: Vec<Vec<String>> = Vec::new();
    let client = session.organizations();
    let answer = session.call(ROOTS, &session.region, "", client.list_roots().send()).await?;
    for root in answer.roots.unwrap_or_default() {
        let id = root.id.ok_or_else(|| CallError::unparsable(ROOTS, "a root without id"))?;
        if let Some(name) = root.name {
            tree.names.insert(id.clone(), name);
        }
        pending.push(vec![id]);
    }
    let mut seen = 0;
    while let Some(path) = pending.pop() {
        seen += 1;
        if seen > MAX_UNITS {
            return Err(CallError::unparsable(ROOTS, "the tree does not end"));
        }
        let parent = path.last().cloned().unwrap_or_default();
        if with_accounts {
            for account in accounts_of(session, &parent).await? {
                tree.paths.insert(account, path.clone());
            }
        }
        for (id, name) in units_of(session, &parent).await? {
            pending.push(path.iter().cloned().chain([id.clone()]).collect());
            tree.names.insert(id, name);
        }
    }
    Ok(tree)
}

async fn accounts_of(session: &Session<'_>, parent: &str) -> Result<Vec<String>, CallError> {
    const OPERATION: &str = "ListAccountsForParent";
    let client = session.organizations();
    let (mut accounts, mut tokens, mut token) = (Vec::new(), BTreeSet::new(), None);
    while tokens.insert(token.clone()) {
        let request = client.list_accounts_for_parent().parent_id(parent).max_results(PAGE).set_next_token(token);
        let answer = session.call(OPERATION, &session.region, parent, request.send()).await?;
        let listed = answer.accounts.ok_or_else(|| CallError::unparsable(OPERATION, "no Accounts"))?;
        accounts.extend(listed.into_iter().filter_map(|account| account.id));
        token = answer.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(accounts);
        }
    }
    Err(CallError::unparsable(OPERATION, "the pages do not end"))
}

async fn units_of(session: &Session<'_>, parent: &str) -> Result<Vec<(String, String)>, CallError> {
    const OPERATION: &str = "ListOrganizationalUnitsForParent";
    let client = session.organizations();
    let (mut units, mut tokens, mut token) = (Vec::new(), BTreeSet::new(), None);
    while tokens.insert(token.clone()) {
        let request =
            client.list_organizational_units_for_parent().parent_id(parent).max_results(PAGE).set_next_token(token);
        let answer = session.call(OPERATION, &session.region, parent, request.send()).await?;
        let found = answer.organizational_units.ok_or_else(|| CallError::unparsable(OPERATION, "no list"))?.into_iter();
        units.extend(found.filter_map(|unit| unit.id.map(|id| (id.clone(), unit.name.unwrap_or(id)))));
        token = answer.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(units);
        }
    }
    Err(CallError::unparsable(OPERATION, "the pages do not end"))
}
