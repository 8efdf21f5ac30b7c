//! What an account really is, at every moment; and what is to be said of it, by the tests' own oracle.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cloudtrail_all_regions::rule::{
    parameters::{InputParameters, OnIndeterminate, RuleParameters},
    reasons::TrailResult,
    timestamp::Timestamp,
};
use serde_json::{Value, json};

use super::plan::{Change, MANAGEMENT, REGION};
use crate::oracle;

/// A trail and its answers, as evidence has them.
pub(super) type Trail = Value;

/// An account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Its id.
    pub(super) id: &'static str,
    /// Its trails now.
    pub(super) trails: Vec<Trail>,
    /// The resource ids under which AWS Config knows trails.
    pub(super) discovered: Vec<String>,
    /// The rule's parameters.
    pub(super) parameters: Value,
    /// Every state of its trails, with the time from which on it held.
    pub(super) history: Vec<(Timestamp, Arc<[Trail]>)>,
}

/// What parameters say before anything is read.
#[derive(Debug)]
pub(super) enum Given {
    /// They are of no use: the account is `NON_COMPLIANT`.
    Misconfigured,
    /// Another Region reports: `NOT_APPLICABLE`.
    Elsewhere,
    /// What the trails do decides.
    Read(Box<RuleParameters>),
}

/// The sets of parameters.
pub(super) fn parameters(number: usize) -> Value {
    match number {
        1 => json!({"trailResults": "true"}),
        2 => json!({"trailResults": "true", "trustOrganizationTrail": "true"}),
        3 => json!({"maxDeliveryAgeHours": "24", "onIndeterminate": "ERROR"}),
        4 => json!({"allowedExcludedEventSources": "kms.amazonaws.com", "trailResults": "true"}),
        5 => json!({"trustOrganizationTrail": "true", "maxDeliveryAgeHours": "3"}),
        6 => json!({"noSuchParameter": "1"}),
        7 => json!({"reportingRegion": "us-east-1", "trailResults": "true"}),
        _ => json!({}),
    }
}

/// What the parameters of an event come to, told by the sets and not by the rule.
pub(super) fn given(parameters: &Value) -> Given {
    if parameters.get("noSuchParameter").is_some() {
        return Given::Misconfigured;
    }
    if parameters.get("reportingRegion").is_some() {
        return Given::Elsewhere;
    }
    let given = InputParameters::from(parameters.clone());
    Given::Read(Box::new(RuleParameters::parse(&given, REGION).unwrap()))
}

fn selectors(kind: usize) -> Value {
    let advanced = |fields: Value| json!({"AdvancedEventSelectors": [{"FieldSelectors": fields}]});
    match kind {
        1 => json!({"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]}),
        2 => advanced(json!([{"Field": "eventCategory", "Equals": ["Data"]}])),
        3 => advanced(json!([
            {"Field": "eventCategory", "Equals": ["Management"]},
            {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]},
        ])),
        4 => advanced(json!([
            {"Field": "eventCategory", "Equals": ["Management"]},
            {"Field": "readOnly", "Equals": ["false"]},
        ])),
        5 => advanced(json!([{"Field": "eventCategory", "Equals": ["Management"]}])),
        _ => json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]}),
    }
}

fn made(account: &str, name: &str, home: &str, now: Timestamp) -> Trail {
    json!({
        "Name": name,
        "TrailARN": format!("arn:aws:cloudtrail:{home}:{account}:trail/{name}"),
        "HomeRegion": home,
        "IsMultiRegionTrail": true,
        "IncludeGlobalServiceEvents": true,
        "IsOrganizationTrail": false,
        "S3BucketName": "log-bucket",
        "HasCustomEventSelectors": false,
        "GetTrailStatus": {"IsLogging": true, "StartLoggingTime": now, "LatestDeliveryTime": now},
        "GetEventSelectors": selectors(0),
    })
}

/// The same time as long before.
pub(super) fn before(time: Timestamp, age: Duration) -> Timestamp {
    let age = i64::try_from(age.as_millis()).unwrap();
    Timestamp::from_epoch_milliseconds(time.epoch_milliseconds() - age).unwrap()
}

impl Account {
    /// One without trails.
    pub(super) fn new(id: &'static str, now: Timestamp) -> Self {
        let (trails, discovered) = (Vec::new(), Vec::new());
        Self { id, trails, discovered, parameters: json!({}), history: vec![(now, Arc::from([]))] }
    }

    /// As evidence has it.
    pub(super) fn evidence(&self) -> Value {
        json!({"accountId": self.id, "region": REGION, "trails": self.trails, "discoveredTrails": self.discovered})
    }

    /// What time does: trails deliver.
    pub(super) fn passes_time(&mut self, now: Timestamp) {
        let delivered = before(now, Duration::from_mins(5));
        for trail in &mut self.trails {
            let status = &mut trail["GetTrailStatus"];
            if status["IsLogging"] == true && status["isStalled"] != true {
                status["LatestDeliveryTime"] = json!(delivered);
            }
        }
        self.history.push((now, self.trails.as_slice().into()));
    }

    /// Makes a change.
    pub(super) fn change(&mut self, change: &Change, now: Timestamp) {
        let count = self.trails.len();
        let at = |index: &usize| (count > 0).then(|| index % count.max(1));
        match change {
            Change::Make { name, home, is_multi_region, of_organization } => {
                let owner = if of_organization.is_some() { MANAGEMENT } else { self.id };
                let mut trail = made(owner, name, home, now);
                trail["IsMultiRegionTrail"] = (*is_multi_region).into();
                if let Some(is_refused) = of_organization {
                    trail["IsMultiRegionTrail"] = true.into();
                    trail["IsOrganizationTrail"] = true.into();
                    if *is_refused {
                        for operation in ["GetTrailStatus", "GetEventSelectors"] {
                            let refused = json!({"operation": operation, "code": "AccessDeniedException"});
                            trail[operation] = json!({"refused": refused});
                        }
                        trail["HasCustomEventSelectors"] = true.into();
                    }
                }
                self.put(trail);
            }
            Change::Delete(index) => {
                if let Some(index) = at(index) {
                    self.trails.remove(index);
                }
            }
            Change::Move(index, home) => {
                if let Some(index) = at(index).filter(|index| self.is_own(*index)) {
                    let old = self.trails.remove(index);
                    self.put(made(self.id, old["Name"].as_str().unwrap(), home, now));
                }
            }
            Change::Logging(index, is_on) => self.status(at(index), |status| {
                status["IsLogging"] = (*is_on).into();
                status[if *is_on { "StartLoggingTime" } else { "StopLoggingTime" }] = json!(now);
            }),
            Change::DeliveryError(index, fails) => self.status(at(index), |status| {
                status["LatestDeliveryError"] = if *fails { "AccessDenied".into() } else { Value::Null };
            }),
            Change::Stall(index, is_stalled) => {
                self.status(at(index), |status| status["isStalled"] = (*is_stalled).into());
            }
            Change::Selectors(index, kind) => {
                if let Some(index) = at(index).filter(|index| self.is_own(*index)) {
                    self.trails[index]["GetEventSelectors"] = selectors(*kind);
                    self.trails[index]["HasCustomEventSelectors"] = (*kind != 0).into();
                }
            }
            Change::MultiRegion(index, is_on) => self.member(at(index), "IsMultiRegionTrail", *is_on),
            Change::GlobalEvents(index, is_on) => self.member(at(index), "IncludeGlobalServiceEvents", *is_on),
            Change::Parameters(number) => self.parameters = parameters(*number),
        }
        self.history.push((now, self.trails.as_slice().into()));
    }

    fn is_own(&self, index: usize) -> bool {
        self.trails[index]["IsOrganizationTrail"] == false
    }

    fn member(&mut self, index: Option<usize>, name: &str, value: bool) {
        if let Some(index) = index.filter(|index| self.is_own(*index)) {
            self.trails[index][name] = value.into();
        }
    }

    fn status(&mut self, index: Option<usize>, change: impl FnOnce(&mut Value)) {
        let status = index.map(|index| &mut self.trails[index]["GetTrailStatus"]);
        if let Some(status) = status.filter(|status| status["refused"].is_null()) {
            change(status);
        }
    }

    /// Makes a trail, in place of one of the same ARN. AWS Config discovers what is at home in the rule's Region.
    fn put(&mut self, trail: Trail) {
        self.trails.retain(|other| other["TrailARN"] != trail["TrailARN"]);
        let id = if trail["IsOrganizationTrail"] == true { &trail["TrailARN"] } else { &trail["Name"] };
        let id = id.as_str().unwrap().to_owned();
        if trail["HomeRegion"] == REGION && !self.discovered.contains(&id) {
            self.discovered.push(id);
        }
        self.trails.push(trail);
    }

    /// The states that held at some moment of a time.
    pub(super) fn states(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &[Trail]> {
        let first = self.history.iter().rposition(|(since, _)| *since <= from).unwrap_or(0);
        self.history[first..].iter().filter(move |(since, _)| *since <= to).map(|(_, trails)| &**trails)
    }

    /// The state now, by its place in the history.
    pub(super) fn state(&self) -> usize {
        self.history.len() - 1
    }

    /// What is to be said of a state by these parameters; none if it is to be an error.
    pub(super) fn verdict(&self, state: usize, parameters: &Value, now: Timestamp) -> Option<&'static str> {
        match given(parameters) {
            Given::Misconfigured => Some("NON_COMPLIANT"),
            Given::Elsewhere => Some("NOT_APPLICABLE"),
            Given::Read(parameters) => verdict(&self.history[state].1, &parameters, self.id, now),
        }
    }

    /// What AWS Config must show, with trails as they are now; nothing where the rule may not say anything.
    pub(super) fn rows(&self, now: Timestamp) -> Option<BTreeMap<(String, String), &'static str>> {
        let account = ("AWS::::Account".to_owned(), self.id.to_owned());
        let parameters = match given(&self.parameters) {
            Given::Misconfigured => return Some(BTreeMap::from([(account, "NON_COMPLIANT")])),
            Given::Elsewhere => return Some(BTreeMap::new()),
            Given::Read(parameters) => parameters,
        };
        let verdict = verdict(&self.trails, &parameters, self.id, now)?;
        let mut rows = BTreeMap::from([(account, verdict)]);
        if parameters.trail_results {
            for id in &self.discovered {
                let Some(trail) = self.called(id) else { continue };
                let passes = result(trail, &parameters, self.id, now) == TrailResult::Pass;
                let row = if passes { "COMPLIANT" } else { "NON_COMPLIANT" };
                if passes || verdict == "NON_COMPLIANT" {
                    rows.insert(("AWS::CloudTrail::Trail".to_owned(), id.clone()), row);
                }
            }
        }
        Some(rows)
    }

    fn called(&self, id: &str) -> Option<&Trail> {
        let shown = || self.trails.iter().filter(|trail| is_shown(trail));
        if id.starts_with("arn:") {
            return shown().find(|trail| trail["TrailARN"] == id);
        }
        let named: Vec<&Trail> =
            shown().filter(|trail| trail["Name"] == id && trail["IsOrganizationTrail"] == false).collect();
        let here = named.iter().copied().find(|trail| trail["HomeRegion"] == REGION);
        here.or(if let [only] = named[..] { Some(only) } else { None })
    }
}

/// Whether the rule's Region shows a trail.
pub(super) fn is_shown(trail: &Trail) -> bool {
    trail["IsMultiRegionTrail"] == true || trail["HomeRegion"] == REGION
}

/// How a trail ends.
pub(super) fn result(trail: &Trail, parameters: &RuleParameters, account: &str, now: Timestamp) -> TrailResult {
    oracle::trail(trail, parameters, account, now.epoch_milliseconds())
}

/// The account's verdict where every call is answered; none if it is to be an error.
fn verdict(trails: &[Trail], parameters: &RuleParameters, account: &str, now: Timestamp) -> Option<&'static str> {
    let results: Vec<TrailResult> =
        trails.iter().filter(|trail| is_shown(trail)).map(|trail| result(trail, parameters, account, now)).collect();
    if results.contains(&TrailResult::Pass) {
        return Some("COMPLIANT");
    }
    let is_error = parameters.on_indeterminate == OnIndeterminate::Error;
    (!(is_error && results.contains(&TrailResult::Unknown))).then_some("NON_COMPLIANT")
}
