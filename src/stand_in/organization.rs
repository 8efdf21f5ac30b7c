//! An organization: accounts in a tree of organizational units.

use serde_json::{Value, json};

/// An organization. Who is not its management account may only describe it.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    /// The account that manages it.
    pub management_account: String,
    /// Its accounts, in the order in which they are listed.
    pub accounts: Vec<Member>,
    /// The names of its organizational units, by their ids; those that are not named are called by their id.
    pub names: Vec<(String, String)>,
    /// Whether accounts have `Status` in place of `State`, as before September 2026.
    pub has_status: bool,
    /// Whether accounts lack `Paths`.
    pub lacks_paths: bool,
}

/// An account of an organization.
#[derive(Debug, Clone)]
pub struct Member {
    /// 12 digits.
    pub account: String,
    /// Such as `ACTIVE`.
    pub state: String,
    /// The ids from the root, which is `r-ab12`, to the unit that it is in.
    pub path: Vec<String>,
}

impl Member {
    /// An active account in a unit, which is named by the ids from the root, parted by slashes.
    #[must_use]
    pub fn active(account: &str, path: &str) -> Self {
        let path = path.split('/').map(str::to_owned).collect();
        Self { account: account.to_owned(), state: "ACTIVE".to_owned(), path }
    }
}

impl Organization {
    /// Its id.
    pub const ID: &str = "o-exampleorgid";
    pub(super) const ROOT: &str = "r-ab12";

    pub(super) fn item(&self, member: &Member) -> Value {
        let Member { account, state, path } = member;
        let arn = format!("arn:aws:organizations::{}:account/{}/{account}", self.management_account, Self::ID);
        let mut item = json!({
            "Id": account,
            "Arn": arn,
            "Email": format!("{account}@example.com"),
            "Name": format!("account-{account}"),
            "JoinedMethod": "CREATED",
        });
        item[if self.has_status { "Status" } else { "State" }] = state.as_str().into();
        if !self.lacks_paths {
            item["Paths"] = json!([format!("{}/{}/{account}/", Self::ID, path.join("/"))]);
        }
        item
    }

    /// The units right below one.
    pub(super) fn units_below(&self, parent: &str) -> Vec<&str> {
        let mut below: Vec<&str> = Vec::new();
        for member in &self.accounts {
            let place = member.path.iter().position(|id| id == parent);
            let unit = place.and_then(|place| member.path.get(place + 1));
            if let Some(unit) = unit.filter(|unit| !below.contains(&unit.as_str())) {
                below.push(unit);
            }
        }
        below
    }
}
