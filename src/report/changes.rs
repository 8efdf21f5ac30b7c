//! What became different since an earlier report: every account that is not as it was, and how many are.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::VariantArray as _;

use super::{Caveat, FORMAT_VERSION, Report, Standing, account::Status};
use crate::rule::{
    evaluation::ComplianceType,
    json::{self, Unreadable},
};

/// An earlier report, as `--format json` wrote it: as much of it as is compared.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Earlier {
    format_version: u32,
    summary: EarlierSummary,
    accounts: Vec<EarlierAccount>,
}

#[derive(Debug, Clone, Deserialize)]
struct EarlierSummary {
    accounts: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EarlierAccount {
    account_id: Option<String>,
    account_name: Option<String>,
    compliance_type: Option<ComplianceType>,
    verified: Option<bool>,
    annotation: String,
    caveats: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Value>,
    organization: Option<Place>,
}

#[derive(Debug, Clone, Deserialize)]
struct Place {
    path: Vec<String>,
    status: Status,
}

/// Why a file is no earlier report.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEarlier {
    /// It is no document of that form.
    #[error("is no report that --format json wrote: {0}")]
    Form(Unreadable),
    /// A later or an earlier program wrote it.
    #[error("has formatVersion {0}; valid is {FORMAT_VERSION}")]
    Version(u32),
    /// Some of its accounts were left out.
    #[error("shows only some of its accounts; valid is a report without --only")]
    Partial,
}

/// What became of an account, weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Kind {
    /// It is not compliant, and was, or had no verdict.
    NonCompliant,
    /// It has no verdict, or one that is too old, and had one.
    Unreachable,
    /// What excepted it does so no more.
    ExceptionExpired,
    /// It is compliant again, or the rule does not apply any more.
    Repaired,
    /// It is in another organizational unit, and stands as it stood.
    Moved,
    /// It was not in the earlier report.
    Joined,
    /// It is not in this report.
    Left,
}

impl Kind {
    /// In words, such as `newly non-compliant`.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NonCompliant => "newly non-compliant",
            Self::Unreachable => "newly without a fresh verdict",
            Self::ExceptionExpired => "excepted no more",
            Self::Repaired => "repaired",
            Self::Moved => "moved",
            Self::Joined => "joined",
            Self::Left => "left",
        }
    }
}

/// An account that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What became of it.
    pub kind: Kind,
    /// The account.
    pub account_id: String,
    /// Its name, where that is known.
    pub account_name: Option<String>,
    /// How it stood, such as `COMPLIANT`; none where it was not there.
    pub was: Option<&'static str>,
    /// How it stands; none where it is not there.
    pub is: Option<&'static str>,
    /// Why it stands so, or stood so where it left.
    pub annotation: String,
}

impl Change {
    /// In one line, without its kind.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { account_id, account_name, was, is, annotation, .. } = self;
        let name = account_name.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        let of = match (was, is) {
            (Some(was), Some(is)) if was == is => (*is).to_owned(),
            (Some(was), Some(is)) => format!("{is}, was {was}"),
            (Some(was), None) => format!("was {was}"),
            (None, is) => is.unwrap_or_default().to_owned(),
        };
        format!("account {account_id}{name}: {of}: {annotation}")
    }
}

/// What became different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The earlier report's file.
    pub since: String,
    /// The accounts that are not as they were: by kind, weightiest first, then by id.
    pub changed: Vec<Change>,
    /// How many accounts are as they were.
    pub unchanged: usize,
}

/// How an account stands in a report: of several Regions the one that stands worst.
#[derive(Debug)]
struct Stands<'r> {
    name: Option<&'r str>,
    standing: Standing,
    is_old: bool,
    is_excepted: bool,
    /// The ids from the root to its organizational unit; empty where that is not known.
    path: &'r [String],
    annotation: &'r str,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Fine,
    NonCompliant,
    Unknown,
}

impl Stands<'_> {
    fn weight(&self) -> Weight {
        match self.standing {
            _ if self.is_old => Weight::Unknown,
            Standing::NoVerdict => Weight::Unknown,
            Standing::NonCompliant | Standing::NotVerified => Weight::NonCompliant,
            Standing::Compliant | Standing::NotApplicable | Standing::NotChecked => Weight::Fine,
        }
    }
}

type Accounts<'r> = BTreeMap<&'r str, Stands<'r>>;

fn insert<'r>(accounts: &mut Accounts<'r>, id: &'r str, stands: Stands<'r>) {
    match accounts.get(id) {
        Some(other) if other.weight() >= stands.weight() => {}
        _ => {
            accounts.insert(id, stands);
        }
    }
}

impl Earlier {
    /// Reads a report.
    ///
    /// # Errors
    /// It is none, or not of this form.
    pub fn parse(text: &str) -> Result<Self, InvalidEarlier> {
        let earlier: Self = json::read_object(text).map_err(InvalidEarlier::Form)?;
        if earlier.format_version != FORMAT_VERSION {
            return Err(InvalidEarlier::Version(earlier.format_version));
        }
        if earlier.summary.accounts != earlier.accounts.len() {
            return Err(InvalidEarlier::Partial);
        }
        Ok(earlier)
    }

    fn accounts(&self) -> Accounts<'_> {
        let mut accounts = BTreeMap::new();
        for account in &self.accounts {
            let Some(id) = &account.account_id else { continue };
            let place = account.organization.as_ref();
            if place.is_some_and(|place| place.status.is_not_checked()) {
                continue;
            }
            let stands = Stands {
                path: place.map(|place| &place.path[..]).unwrap_or_default(),
                name: account.account_name.as_deref(),
                standing: Standing::of(account.compliance_type, account.verified),
                is_old: account.caveats.iter().any(|caveat| caveat == Caveat::TooOld.as_str()),
                is_excepted: !account.exceptions.is_empty(),
                annotation: &account.annotation,
            };
            insert(&mut accounts, id, stands);
        }
        accounts
    }

    fn not_asked_for<'a>(&'a self, reports: &'a [Report]) -> BTreeSet<&'a str> {
        let before = self
            .accounts
            .iter()
            .map(|account| (account.account_id.as_deref(), account.organization.as_ref().map(|place| place.status)));
        let now = reports
            .iter()
            .map(|report| (report.account_id.as_deref(), report.account.as_ref().map(|account| account.status)));
        before.chain(now).filter(|(_, status)| *status == Some(Status::Excluded)).filter_map(|(id, _)| id).collect()
    }

    /// What became different; `since` is the earlier report's file.
    #[must_use]
    pub fn compared(&self, reports: &[Report], since: String) -> Changes {
        let mut earlier = self.accounts();
        let mut now: Accounts = BTreeMap::new();
        for report in reports {
            let Some(id) = &report.account_id else { continue };
            let place = report.account.as_ref();
            if place.is_some_and(|place| place.status.is_not_checked()) {
                continue;
            }
            let stands = Stands {
                path: place.map(|place| &place.path[..]).unwrap_or_default(),
                name: report.account_name.as_deref(),
                standing: report.standing(),
                is_old: report.caveats.contains(&Caveat::TooOld),
                is_excepted: !report.exceptions.is_empty(),
                annotation: &report.annotation,
            };
            insert(&mut now, id, stands);
        }
        // Who was not asked for on one of the two days has neither joined nor left.
        for id in self.not_asked_for(reports) {
            earlier.remove(id);
            now.remove(id);
        }
        let (mut changed, mut unchanged) = (Vec::new(), 0);
        for (id, stands) in &now {
            let was = earlier.get(id);
            match kind(was, stands) {
                Some(kind) => changed.push(change(kind, id, was, Some(stands))),
                None => unchanged += 1,
            }
        }
        let left = earlier.iter().filter(|(id, _)| !now.contains_key(*id));
        changed.extend(left.map(|(id, stood)| change(Kind::Left, id, Some(stood), None)));
        changed.sort_by(|one, other| (one.kind, &one.account_id).cmp(&(other.kind, &other.account_id)));
        Changes { since, changed, unchanged }
    }
}

fn kind(was: Option<&Stands<'_>>, is: &Stands<'_>) -> Option<Kind> {
    let Some(was) = was else { return Some(Kind::Joined) };
    match (was.weight(), is.weight()) {
        (before, now) if before == now => {
            let is_moved = !was.path.is_empty() && !is.path.is_empty() && was.path != is.path;
            let is_expired = was.is_excepted && !is.is_excepted && now != Weight::Fine;
            is_expired.then_some(Kind::ExceptionExpired).or(is_moved.then_some(Kind::Moved))
        }
        (_, Weight::Fine) => Some(Kind::Repaired),
        (_, Weight::NonCompliant) => Some(Kind::NonCompliant),
        (_, Weight::Unknown) => Some(Kind::Unreachable),
    }
}

fn change(kind: Kind, id: &str, was: Option<&Stands<'_>>, is: Option<&Stands<'_>>) -> Change {
    let shown = is.or(was);
    Change {
        kind,
        account_id: id.to_owned(),
        account_name: shown.and_then(|stands| stands.name).map(str::to_owned),
        was: was.map(|stands| stands.standing.as_str()),
        is: is.map(|stands| stands.standing.as_str()),
        annotation: shown.map(|stands| stands.annotation.to_owned()).unwrap_or_default(),
    }
}

impl Changes {
    /// Such as `1 newly non-compliant, 2 joined, 197 unchanged`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let count = |kind: &Kind| self.changed.iter().filter(|change| change.kind == *kind).count();
        let there = Kind::VARIANTS.iter().map(|kind| (count(kind), kind.in_words()));
        let all = there.chain([(self.unchanged, "unchanged")]).filter(|(count, _)| *count > 0);
        let words: Vec<String> = all.map(|(count, words)| format!("{count} {words}")).collect();
        if words.is_empty() { "no accounts".to_owned() } else { words.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::reports::Reports;

    fn report(id: &str, compliance_type: Option<ComplianceType>, change: impl FnOnce(&mut Report)) -> Report {
        let mut report = Report::of_text("why", compliance_type);
        report.account_id = Some(id.to_owned());
        report.exceptions.clear();
        report.caveats.clear();
        change(&mut report);
        report
    }

    fn saved(reports: &[Report]) -> String {
        let mut saved = Vec::new();
        crate::report::json::render(&Reports::from(reports), &mut saved).unwrap();
        String::from_utf8(saved).unwrap()
    }

    type Case = (&'static str, Option<Report>, Option<Report>, Option<Kind>);

    #[test]
    fn what_became_of_an_account_is_said_and_what_is_as_it_was_is_counted() {
        use ComplianceType::{Compliant, NonCompliant};
        let excepted = |report: &mut Report| {
            report.exceptions = Report::of_text("x", None).exceptions;
        };
        let old = |report: &mut Report| report.caveats.push(Caveat::TooOld);
        let as_it_is = |_: &mut Report| {};
        let of: [Case; 11] = [
            ("1", Some(report("1", Some(Compliant), as_it_is)), Some(report("1", Some(Compliant), as_it_is)), None),
            (
                "2",
                Some(report("2", Some(Compliant), as_it_is)),
                Some(report("2", Some(NonCompliant), as_it_is)),
                Some(Kind::NonCompliant),
            ),
            (
                "3",
                Some(report("3", Some(NonCompliant), as_it_is)),
                Some(report("3", Some(Compliant), as_it_is)),
                Some(Kind::Repaired),
            ),
            ("4", Some(report("4", Some(Compliant), as_it_is)), None, Some(Kind::Left)),
            ("5", None, Some(report("5", Some(Compliant), as_it_is)), Some(Kind::Joined)),
            (
                "6",
                Some(report("6", Some(NonCompliant), as_it_is)),
                Some(report("6", None, as_it_is)),
                Some(Kind::Unreachable),
            ),
            (
                "7",
                Some(report("7", Some(Compliant), as_it_is)),
                Some(report("7", Some(Compliant), old)),
                Some(Kind::Unreachable),
            ),
            (
                "8",
                Some(report("8", Some(NonCompliant), excepted)),
                Some(report("8", Some(NonCompliant), as_it_is)),
                Some(Kind::ExceptionExpired),
            ),
            (
                "9",
                Some(report("9", Some(NonCompliant), as_it_is)),
                Some(report("9", Some(NonCompliant), excepted)),
                None,
            ),
            (
                "a",
                Some(report("a", None, as_it_is)),
                Some(report("a", Some(NonCompliant), as_it_is)),
                Some(Kind::NonCompliant),
            ),
            ("b", Some(report("b", None, as_it_is)), Some(report("b", None, as_it_is)), None),
        ];
        let earlier: Vec<Report> = of.iter().filter_map(|(_, was, ..)| was.clone()).collect();
        let now: Vec<Report> = of.iter().filter_map(|(_, _, is, _)| is.clone()).collect();
        let changes = Earlier::parse(&saved(&earlier)).unwrap().compared(&now, "earlier.json".to_owned());
        for (id, _, _, kind) in of {
            let found = changes.changed.iter().find(|change| change.account_id == id).map(|change| change.kind);
            assert_eq!(found, kind, "{id}");
        }
        assert!(changes.changed.is_sorted_by_key(|change| (change.kind, change.account_id.clone())));
        assert_eq!(
            changes.in_words(),
            "2 newly non-compliant, 2 newly without a fresh verdict, 1 excepted no more, 1 repaired, \
             1 joined, 1 left, 3 unchanged"
        );
        assert_eq!(changes.changed[0].in_words(), "account 2 (why): NON_COMPLIANT, was COMPLIANT: why");
    }

    #[test]
    fn of_two_regions_of_an_account_the_worse_counts() {
        use ComplianceType::{Compliant, NonCompliant};
        let both = |worse| [report("1", Some(Compliant), |_| {}), report("1", Some(worse), |_| {})];
        let changes = Earlier::parse(&saved(&both(Compliant))).unwrap().compared(&both(NonCompliant), String::new());
        assert_eq!((changes.changed.len(), changes.changed[0].kind, changes.unchanged), (1, Kind::NonCompliant, 0));
    }

    #[test]
    fn what_is_no_whole_report_is_refused() {
        let whole = saved(&[report("1", None, |_| {}), report("2", None, |_| {})]);
        assert!(Earlier::parse(&whole).is_ok());
        let mut other: Value = serde_json::from_str(&whole).unwrap();
        other["formatVersion"] = json!(2);
        assert!(matches!(Earlier::parse(&other.to_string()), Err(InvalidEarlier::Version(2))));
        other["formatVersion"] = json!(1);
        other["accounts"].as_array_mut().unwrap().pop();
        assert!(matches!(Earlier::parse(&other.to_string()), Err(InvalidEarlier::Partial)));
        assert!(matches!(Earlier::parse("{}"), Err(InvalidEarlier::Form(_))));
    }
}
