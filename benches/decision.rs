//! The pure decision: evidence of 1 to 1,000 multi-Region trails becomes a verdict. Built as what ships.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use cloudtrail_all_regions::rule::{evidence::Evidence, judge, parameters::RuleParameters};
use divan::{Bencher, black_box};
use serde_json::Value;

const TRAILS: [usize; 5] = [1, 5, 25, 100, 1000];

/// The example's trail, so many times under other names.
fn evidence(account: &str, trails: usize) -> Evidence {
    let mut evidence: Value = serde_json::from_str(account).unwrap();
    let trail = evidence["trails"][0].clone();
    let arn = trail["TrailARN"].as_str().unwrap();
    let named = (0..trails).map(|number| {
        let mut trail = trail.clone();
        trail["Name"] = format!("management-events-{number}").into();
        trail["TrailARN"] = format!("{arn}-{number}").into();
        trail["GetEventSelectors"]["TrailARN"] = trail["TrailARN"].clone();
        trail
    });
    evidence["trails"] = named.collect();
    Evidence::parse(&evidence.to_string()).unwrap()
}

fn decide(bencher: Bencher, evidence: &Evidence) {
    let parameters = RuleParameters::default();
    bencher.bench_local(|| judge(black_box(evidence), black_box(&parameters)));
}

/// Every trail passes.
#[divan::bench(args = TRAILS)]
fn compliant(bencher: Bencher, trails: usize) {
    decide(bencher, &evidence(include_str!("../examples/accounts/compliant.json"), trails));
}

/// No trail is logging, so that the annotation has a reason of each.
#[divan::bench(args = TRAILS)]
fn non_compliant(bencher: Bencher, trails: usize) {
    decide(bencher, &evidence(include_str!("../examples/accounts/stopped.json"), trails));
}

fn main() {
    divan::main();
}
