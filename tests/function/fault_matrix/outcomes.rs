//! The matrix as it is written.

use std::sync::LazyLock;

use serde::Deserialize;

/// `outcomes.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matrix {
    pub(super) faults: Vec<Fault>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) name: String,
    pub(super) means: String,
}

#[derive(Deserialize)]
pub(super) struct Outcome {
    pub(super) name: String,
    pub(super) means: String,
    #[serde(flatten)]
    pub(super) end: End,
}

/// What an outcome is told by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct End {
    /// The account's compliance type, or the type of the error.
    pub(super) ends: String,
    /// The account's row: its compliance type, or `earlier` if it is still that of an earlier run.
    pub(super) account: Option<String>,
    /// The row of the trail.
    pub(super) trail: Option<String>,
    /// The row that an earlier run left of a trail that is no more.
    pub(super) old_trail: Option<String>,
    /// Whether an invocation that succeeded logged what went wrong.
    pub(super) warning: bool,
    /// Whether the account's annotation says so.
    pub(super) could_not_verify: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) means: String,
    /// Fault, outcome in an account that passes, outcome in one that fails.
    pub(super) cells: Vec<(String, String, String)>,
}

/// One call, one fault, one account.
pub(super) struct Cell {
    pub(super) call: &'static str,
    pub(super) fault: &'static str,
    pub(super) is_passing: bool,
    pub(super) outcome: &'static Outcome,
}

pub(super) static MATRIX: LazyLock<Matrix> =
    LazyLock::new(|| serde_json::from_str(include_str!("outcomes.json")).unwrap());

impl Matrix {
    pub(super) fn cells(&'static self) -> impl Iterator<Item = Cell> {
        let cells_of = move |call: &'static Call| {
            call.cells.iter().flat_map(move |(fault, passing, failing)| {
                [(true, passing), (false, failing)].map(|(is_passing, outcome)| Cell {
                    call: &call.name,
                    fault,
                    is_passing,
                    outcome: self.outcome(outcome),
                })
            })
        };
        self.calls.iter().flat_map(cells_of)
    }

    fn outcome(&self, name: &str) -> &Outcome {
        let outcome = self.outcomes.iter().find(|outcome| outcome.name == name);
        outcome.unwrap_or_else(|| panic!("no outcome is called {name}"))
    }

    /// The outcome that is told by this end, if there is one.
    pub(super) fn told_by(&self, end: &End) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.end == *end)
    }
}
