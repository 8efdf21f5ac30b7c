//! What happens in a world, all of it from one seed.

use std::{fmt, time::Duration};

use cloudtrail_all_regions::rule::region;
use fastrand::Rng;

/// The accounts of a world; the function is in the first.
pub const ACCOUNTS: [&str; 3] = ["111122223333", "222233334444", "333344445555"];
/// Where every rule is.
pub const REGION: &str = "eu-west-1";
/// The account whose organization trails others see.
pub const MANAGEMENT: &str = "999988887777";
const NAMES: [&str; 4] = ["audit", "management-events", "security", "old-trail"];

/// A world. Steps may be left out: none depends on the chance of another.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What all of it comes from.
    pub seed: u64,
    /// How many accounts there are.
    pub accounts: usize,
    /// After how many invocations it ends, 20 to 60, Lambda's retries included.
    pub invocations: usize,
    /// What happens, in its order.
    pub steps: Vec<Step>,
}

/// Changes, then one event or two at once, and what goes wrong meanwhile.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its place in the whole world.
    pub number: usize,
    /// How long nothing happens before.
    pub wait: Duration,
    /// What is changed before the events.
    pub before: Vec<(usize, Change)>,
    /// What is changed this long after they have begun.
    pub during: Vec<(Duration, usize, Change)>,
    /// The events; two overlap, each in a process of its own.
    pub events: Vec<Event>,
    /// How many calls of a hundred are befallen by something.
    pub faults: u8,
    /// Whether the processes are new ones.
    pub is_cold: bool,
    /// Whether role sessions end before the events.
    pub expires: bool,
}

/// An event of AWS Config.
#[derive(Debug, Clone)]
pub struct Event {
    /// Whose it is.
    pub account: usize,
    /// What woke the rule.
    pub kind: Kind,
    /// How long ago it was made.
    pub age: Duration,
    /// After how many polls the process is killed, in each attempt; none if it lives.
    pub kills: [Option<u32>; 3],
}

/// What wakes the rule.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Its schedule.
    Scheduled,
    /// A change of a trail.
    Changed(&'static str),
    /// One too large to be sent along.
    Oversized(&'static str),
    /// A trail is gone, AWS Config says.
    Deleted(&'static str),
    /// A change of what is no trail.
    OfAnotherType,
    /// The first event of an earlier step, once more.
    Again(usize),
}

/// A change of an account. Trails are told by their place in its list, counted around.
#[derive(Debug, Clone)]
pub enum Change {
    /// A trail is made.
    Make {
        /// Its name.
        name: &'static str,
        /// Its home Region.
        home: &'static str,
        /// Whether it is of all Regions.
        is_multi_region: bool,
        /// Whether it is an organization's, and whether its answers are refused.
        of_organization: Option<bool>,
    },
    /// A trail is deleted.
    Delete(usize),
    /// Its logging is started or stopped.
    Logging(usize, bool),
    /// Its delivery fails, or works again.
    DeliveryError(usize, bool),
    /// Nothing is delivered any more, or again.
    Stall(usize, bool),
    /// Its selectors: one of the kinds of `truth`.
    Selectors(usize, usize),
    /// It becomes one of all Regions, or of one.
    MultiRegion(usize, bool),
    /// Global events.
    GlobalEvents(usize, bool),
    /// It is deleted and made again in another home Region.
    Move(usize, &'static str),
    /// The rule's parameters: one of `truth`.
    Parameters(usize),
}

/// How many kinds of selectors there are.
pub const SELECTORS: usize = 6;
/// How many sets of parameters there are.
pub const PARAMETERS: usize = 8;

impl Plan {
    /// The world of a seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let accounts = rng.usize(1..=ACCOUNTS.len());
        let every: Vec<&'static str> =
            region::known().filter(|known| region::partition(known) == Some("aws")).collect();
        let homes = if rng.u8(..3) == 0 { every } else { vec![REGION, REGION, "us-east-1", "ap-southeast-2"] };
        let invocations = rng.usize(20..=60);
        let steps = (0..invocations).map(|number| step(&mut rng, number, accounts, &homes)).collect();
        Self { seed, accounts, invocations, steps }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} accounts, {} invocations", self.accounts, self.invocations)?;
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} after {:?}", self.number, self.wait)?;
        for (is_so, what) in [(self.is_cold, "new processes"), (self.expires, "the role sessions end")] {
            if is_so {
                write!(f, "; {what}")?;
            }
        }
        for (account, change) in &self.before {
            write!(f, "; {}: {change:?}", ACCOUNTS[*account])?;
        }
        for event in &self.events {
            write!(f, "; event of {}: {:?}", ACCOUNTS[event.account], event.kind)?;
            if !event.age.is_zero() {
                write!(f, ", {:?} late", event.age)?;
            }
            let kills = (1..).zip(event.kills).filter_map(|(attempt, polls)| Some((attempt, polls?)));
            for (attempt, polls) in kills {
                write!(f, ", attempt {attempt} killed after {polls} polls")?;
            }
        }
        for (after, account, change) in &self.during {
            write!(f, "; {after:?} later {}: {change:?}", ACCOUNTS[*account])?;
        }
        if self.faults > 0 {
            write!(f, "; {} of 100 calls are befallen by something", self.faults)?;
        }
        Ok(())
    }
}

fn step(rng: &mut Rng, number: usize, accounts: usize, homes: &[&'static str]) -> Step {
    let wait = match rng.u8(..6) {
        0 | 1 => Duration::from_millis(rng.u64(..60_000)),
        2 => Duration::from_secs(rng.u64(60..3600)),
        3 | 4 => Duration::from_secs(rng.u64(3600..86_400)),
        _ => Duration::from_secs(rng.u64(86_400..4 * 86_400)),
    };
    // A world begins with a trail or two.
    let changes = if number == 0 { rng.usize(1..=4) } else { rng.usize(0..=2) };
    let before = (0..changes).map(|_| change(rng, number == 0, accounts, homes)).collect();
    let moves = if rng.u8(..3) == 0 { rng.usize(1..=2) } else { 0 };
    let mut during: Vec<_> = (0..moves)
        .map(|_| {
            let (account, change) = change(rng, false, accounts, homes);
            (Duration::from_millis(rng.u64(1..4_000)), account, change)
        })
        .collect();
    during.sort_by_key(|(after, ..)| *after);
    let events = if rng.u8(..4) == 0 { 2 } else { 1 };
    let events = (0..events).map(|_| event(rng, number, accounts)).collect();
    let faults = match rng.u8(..10) {
        0..=3 => 0,
        4..=6 => rng.u8(1..15),
        7 | 8 => rng.u8(15..50),
        _ => rng.u8(50..95),
    };
    let (is_cold, expires) = (rng.u8(..5) == 0, rng.u8(..8) == 0);
    Step { number, wait, before, during, events, faults, is_cold, expires }
}

fn event(rng: &mut Rng, number: usize, accounts: usize) -> Event {
    let name = NAMES[rng.usize(..NAMES.len())];
    let kind = match rng.u8(..12) {
        0..=3 => Kind::Scheduled,
        4..=6 => Kind::Changed(name),
        7 => Kind::Oversized(name),
        8 => Kind::Deleted(name),
        9 => Kind::OfAnotherType,
        _ if number > 0 => Kind::Again(number - rng.usize(1..=number.min(6))),
        _ => Kind::Scheduled,
    };
    let longest = [1, 1, 5_000, 7_200_000][rng.usize(..4)];
    let age = rng.u64(..longest);
    let kills = std::array::from_fn(|_| (rng.u8(..10) == 0).then(|| rng.u32(1..60)));
    Event { account: rng.usize(..accounts), kind, age: Duration::from_millis(age), kills }
}

fn change(rng: &mut Rng, is_first: bool, accounts: usize, homes: &[&'static str]) -> (usize, Change) {
    let account = rng.usize(..accounts);
    let (trail, is_on) = (rng.usize(..4), rng.u8(..3) > 0);
    let home = homes[rng.usize(..homes.len())];
    let change = match if is_first { 0 } else { rng.u8(..16) } {
        0..=3 => Change::Make {
            name: NAMES[rng.usize(..NAMES.len())],
            home,
            is_multi_region: is_on,
            of_organization: (rng.u8(..4) == 0).then(|| rng.bool()),
        },
        4 => Change::Delete(trail),
        5 | 6 => Change::Logging(trail, is_on),
        7 => Change::DeliveryError(trail, !is_on),
        8 => Change::Stall(trail, !is_on),
        9 | 10 => Change::Selectors(trail, rng.usize(..SELECTORS)),
        11 => Change::MultiRegion(trail, is_on),
        12 => Change::GlobalEvents(trail, is_on),
        13 => Change::Move(trail, home),
        _ => Change::Parameters(rng.usize(..PARAMETERS)),
    };
    (account, change)
}
