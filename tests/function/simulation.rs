//! Simulated worlds: docs/simulation.md. All that happens in one comes from its seed.

use std::{process::Command, thread};

use support::simulation::{live, plan::Plan};

const SEEDS: u64 = 20;
/// Set in the other process.
const REVERSED: &str = "SIMULATION_REVERSED";
const NAME: &str = "simulation::a_world_comes_from_its_seed_alone";

/// The SHA-256 over requests, answers, rows, log lines and virtual times of each world, lived in this order.
fn worlds(seeds: impl Iterator<Item = u64>) -> Vec<String> {
    seeds
        .map(|seed| {
            let life = live(&Plan::of(seed));
            assert!(life.violation.is_none(), "seed {seed}: {:?}", life.violation);
            format!("world {seed} {}", life.sha256())
        })
        .collect()
}

#[test]
fn a_world_comes_from_its_seed_alone() {
    if std::env::var_os(REVERSED).is_some() {
        println!("\n{}", worlds((0..SEEDS).rev()).join("\n"));
        return;
    }
    let this = std::env::current_exe().unwrap();
    let other = thread::spawn(|| {
        let mut command = Command::new(this);
        let output = command.args([NAME, "--exact", "--nocapture"]).env(REVERSED, "1").output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let worlds = said.lines().filter(|line| line.starts_with("world "));
        worlds.map(str::to_owned).collect::<Vec<String>>()
    });
    let once = worlds(0..SEEDS);
    assert_eq!(worlds(0..SEEDS), once);
    let mut reversed = other.join().unwrap();
    reversed.reverse();
    assert_eq!(reversed, once);
}
