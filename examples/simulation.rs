//! Lives seeded worlds, and prints the first that does not hold, shrunk: docs/simulation.md.
//!
//!     cargo run --release --example simulation -- --seeds N [--from S] [--seconds T] [--lives L]
//!         [--reverse] [--trace] [--sha256 FILE]

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs, panic,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use clap::Parser;
use support::simulation::{Life, live, plan::Plan, shrink};
use tokio::time::Instant;

#[derive(Debug, Parser)]
struct Arguments {
    /// How many worlds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Begin no world after so many seconds, but live at least 200
    #[arg(long)]
    seconds: Option<u64>,
    /// Print all that happens in each world
    #[arg(long)]
    trace: bool,
    /// Write a line of each seed and its world's SHA-256
    #[arg(long, value_name = "FILE")]
    sha256: Option<PathBuf>,
    /// How often each world is lived; it must be the same each time
    #[arg(long, default_value_t = 1)]
    lives: u32,
    /// The last seed first
    #[arg(long)]
    reverse: bool,
}

thread_local! {
    /// The seed of the world that lives.
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// The fewest worlds of a run that is bounded in time.
const AT_LEAST: u64 = 200;

#[derive(Default)]
struct Total {
    worlds: u64,
    lasted: Duration,
    invocations: usize,
    kills: u64,
    faults: BTreeMap<&'static str, u64>,
    failed: BTreeMap<u64, String>,
    sha256: Vec<(u64, String)>,
}

impl Total {
    fn add(&mut self, seed: u64, life: &Life, arguments: &Arguments) {
        self.worlds += 1;
        self.lasted += life.lasted;
        self.invocations += life.invocations;
        self.kills += life.kills;
        for (name, count) in &life.faults {
            *self.faults.entry(name).or_default() += count;
        }
        if let Some(violation) = &life.violation {
            self.failed.insert(seed, format!("{}: {}", violation.invariant, violation.what));
        }
        if arguments.sha256.is_some() {
            self.sha256.push((seed, life.sha256()));
        }
    }

    fn and(mut self, other: Self) -> Self {
        for (name, count) in other.faults {
            *self.faults.entry(name).or_default() += count;
        }
        self.failed.extend(other.failed);
        self.sha256.extend(other.sha256);
        Self {
            worlds: self.worlds + other.worlds,
            lasted: self.lasted + other.lasted,
            invocations: self.invocations + other.invocations,
            kills: self.kills + other.kills,
            ..self
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let said = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        eprintln!("seed {} panics", SEED.get());
        said(info);
    }));
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        let mut total = Total::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let is_late = arguments.seconds.is_some_and(|seconds| began.elapsed() > Duration::from_secs(seconds));
            if number >= arguments.seeds || is_over.load(Ordering::Relaxed) || (is_late && number >= AT_LEAST) {
                return total;
            }
            let place = if arguments.reverse { arguments.seeds - 1 - number } else { number };
            let seed = arguments.from + place;
            SEED.set(seed);
            let life = live(&Plan::of(seed));
            if arguments.trace {
                println!("{}", life.trace.join("\n"));
            }
            total.add(seed, &life, &arguments);
            if (1..arguments.lives).any(|_| live(&Plan::of(seed)).sha256() != life.sha256()) {
                total.failed.insert(seed, "it is another when it is lived again".to_owned());
            }
            if !total.failed.is_empty() {
                is_over.store(true, Ordering::Relaxed);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let total = thread::scope(|scope| {
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = working.into_iter().map(|thread| thread.join().ok());
        done.reduce(|one, other| Some(one?.and(other?))).flatten()
    });
    let Some(total) = total else { return ExitCode::FAILURE };
    if let Some(path) = arguments.sha256 {
        let mut sha256 = total.sha256;
        sha256.sort();
        let lines: Vec<String> = sha256.iter().map(|(seed, sha256)| format!("{seed} {sha256}\n")).collect();
        if let Err(error) = fs::write(&path, lines.concat()) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = total.worlds as f64 / seconds;
    eprintln!(
        "{} worlds, {:.1} years, {} invocations, {} processes killed; {seconds:.0} s, {rate:.1} worlds a second",
        total.worlds,
        total.lasted.as_secs_f64() / 86_400.0 / 365.25,
        total.invocations,
        total.kills,
    );
    for (name, count) in &total.faults {
        eprintln!("{count:>9}  {name}");
    }
    let Some((seed, what)) = total.failed.first_key_value() else { return ExitCode::SUCCESS };
    println!("seed {seed} fails: {what}");
    explain(*seed);
    ExitCode::FAILURE
}

/// Prints the shortest world that fails as the seed's does.
fn explain(seed: u64) {
    SEED.set(seed);
    let plan = Plan::of(seed);
    let Some(violation) = live(&plan).violation else {
        return println!("and nothing is violated when it is lived again");
    };
    let is_it = |life: &Life| life.violation.as_ref().is_some_and(|other| other.invariant == violation.invariant);
    let shortest = shrink(&plan, is_it);
    println!("shrunk to {} of {} steps: {shortest}", shortest.steps.len(), plan.steps.len());
    let (once, again) = (live(&shortest), live(&shortest));
    println!("{}\nSHA-256 {}", once.trace.join("\n"), once.sha256());
    println!("lived again: SHA-256 {}", again.sha256());
}
