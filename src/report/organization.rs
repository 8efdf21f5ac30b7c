//! An organization: its tree, and how the accounts of each unit stand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct as _};

use super::{Report, Standing, summary::Summary};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Organization {
    /// Its id; none where accounts were named and it was not asked.
    pub id: Option<String>,
    /// The account that manages it.
    pub management_account_id: Option<String>,
    /// Why accounts may be missing from the list; empty where it is whole.
    pub problems: Vec<String>,
    /// The names of roots and organizational units, by their ids, as far as they are known.
    pub names: BTreeMap<String, String>,
}

/// A root or an organizational unit, and how its accounts stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit<'o> {
    /// The ids from the root to it.
    pub path: Vec<String>,
    /// Its name, where that is known.
    pub name: Option<&'o str>,
    /// The accounts that are in it.
    pub own: Summary,
    /// These, and those of all units below.
    pub below: Summary,
}

impl Unit<'_> {
    /// What it is called: its name and id.
    #[must_use]
    pub fn title(&self) -> String {
        let id = self.path.last().map_or("", String::as_str);
        self.name.map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
    }

    /// Whether somebody should look at an account in it or below it.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        Standing::ALL.into_iter().any(|standing| standing.needs_attention() && self.below.count(standing) > 0)
    }

    /// How far it is from its root.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.path.len().saturating_sub(1)
    }
}

impl Serialize for Unit<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut unit = serializer.serialize_struct("Unit", 4)?;
        unit.serialize_field("path", &self.path)?;
        unit.serialize_field("name", &self.name)?;
        unit.serialize_field("own", &self.own)?;
        unit.serialize_field("below", &self.below)?;
        unit.end()
    }
}

impl Organization {
    /// The tree: roots and units that hold accounts or units, each before those below it.
    #[must_use]
    pub fn units(&self, reports: &[Report]) -> Vec<Unit<'_>> {
        let mut units: BTreeMap<&[String], (Summary, Summary)> = BTreeMap::new();
        for report in reports {
            let path = report.account.as_ref().map(|account| account.path.as_slice()).unwrap_or_default();
            for length in 1..=path.len() {
                let (own, below) = units.entry(&path[..length]).or_default();
                below.add(report);
                if length == path.len() {
                    own.add(report);
                }
            }
        }
        let unit = |(path, (own, below)): (&[String], _)| Unit {
            path: path.to_vec(),
            name: path.last().and_then(|id| self.names.get(id)).map(String::as_str),
            own,
            below,
        };
        units.into_iter().map(unit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::account::Account;

    fn listed(account_id: &str, state: &str, path: &[&str]) -> Account {
        let path = path.iter().map(|id| (*id).to_owned()).collect();
        Account::listed(account_id.to_owned(), None, Some(state.to_owned()), path)
    }

    #[test]
    fn a_unit_counts_its_own_accounts_and_those_below() {
        let report = |account: Account| Report::without_entry(account, None);
        let reports = [
            report(listed("111111111111", "ACTIVE", &["r-1", "ou-1"])),
            report(listed("222222222222", "CLOSED", &["r-1", "ou-1", "ou-2"])),
            report(listed("333333333333", "ACTIVE", &["r-1"])),
            report(Account::named("444444444444")),
        ];
        let organization = Organization {
            id: None,
            management_account_id: None,
            problems: Vec::new(),
            names: BTreeMap::from([("ou-1".to_owned(), "Sandbox".to_owned())]),
        };
        let counts = |summary: &Summary| (summary.accounts, summary.no_verdict, summary.not_checked);
        let units: Vec<_> = organization
            .units(&reports)
            .iter()
            .map(|unit| (unit.title(), unit.depth(), counts(&unit.own), counts(&unit.below)))
            .collect();
        assert_eq!(
            units,
            [
                ("r-1".to_owned(), 0, (1, 1, 0), (3, 2, 1)),
                ("Sandbox (ou-1)".to_owned(), 1, (1, 1, 0), (2, 1, 1)),
                ("ou-2".to_owned(), 2, (1, 0, 1), (1, 0, 1)),
            ]
        );
    }
}
