//! Seeded worlds: the unmodified handler and SDK over an in-process transport, on a paused clock.

mod life;
mod network;
pub mod plan;
mod run;
mod truth;

use std::time::{Duration, SystemTime};

use cloudtrail_all_regions::clock::Clock;
use tokio::{runtime, time::Instant};

pub use life::{Invariant, Life, Violation};
use plan::Plan;

/// When every world begins: 2026-11-01T12:00:00Z.
const BEGINNING: Duration = Duration::from_hours(498_204);

/// Lives a world.
pub fn live(plan: &Plan) -> Life {
    // The SDK's chance: back-off, jitter, invocation ids.
    fastrand::seed(plan.seed);
    let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let began = Instant::now();
        let clock = Clock::Runtime { at: SystemTime::UNIX_EPOCH + BEGINNING, since: began };
        let life = run::live(plan, clock).await;
        Life { lasted: began.elapsed(), ..life }
    })
}

/// The shortest world found in which it still happens: steps, then events, changes, faults and kills are left out as
/// long as it does.
pub fn shrink(plan: &Plan, happens: impl Fn(&Life) -> bool) -> Plan {
    let mut shortest = plan.clone();
    let still_happens = |plan: &Plan| happens(&live(plan));
    let mut size = shortest.steps.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        while from < shortest.steps.len() {
            let mut tried = shortest.clone();
            tried.steps.drain(from..(from + size).min(tried.steps.len()));
            if still_happens(&tried) {
                shortest = tried;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    loop {
        let simpler = simpler(&shortest).into_iter().find(|tried| still_happens(tried));
        let Some(tried) = simpler else { return shortest };
        shortest = tried;
    }
}

/// Worlds with one thing less.
fn simpler(plan: &Plan) -> Vec<Plan> {
    let mut worlds = Vec::new();
    for step in 0..plan.steps.len() {
        let mut without = |change: &dyn Fn(&mut plan::Step)| {
            let mut world = plan.clone();
            change(&mut world.steps[step]);
            worlds.push(world);
        };
        let of = &plan.steps[step];
        for event in 0..of.events.len() {
            without(&|step| _ = step.events.remove(event));
            if of.events[event].kills.iter().any(Option::is_some) {
                without(&|step| step.events[event].kills = [None; 3]);
            }
            if !of.events[event].age.is_zero() {
                without(&|step| step.events[event].age = Duration::ZERO);
            }
        }
        for change in 0..of.before.len() {
            without(&|step| _ = step.before.remove(change));
        }
        for change in 0..of.during.len() {
            without(&|step| _ = step.during.remove(change));
        }
        if of.faults > 0 {
            without(&|step| step.faults = 0);
        }
        if of.is_cold {
            without(&|step| step.is_cold = false);
        }
        if of.expires {
            without(&|step| step.expires = false);
        }
    }
    worlds
}
