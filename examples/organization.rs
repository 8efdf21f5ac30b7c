//! An organization of AWS accounts on this machine, to try `check --organization` on, and to measure it.
//!
//! ```text
//! cargo run --example organization -- --accounts 200
//! ```
//!
//! It prints what to export in another terminal, and serves until it is interrupted. Of every hundred accounts eight are
//! not compliant, one has not the role, and one is suspended.

use std::{
    error::Error,
    io::{self, Write},
    time::Duration,
};

use clap::Parser;
use cloudtrail_all_regions::stand_in::{
    Fault, Misbehaviour, StandIn, World,
    organization::{Member, Organization},
};

/// The management account, whose credentials are printed, and that of the evidence files.
const OWN: &str = "123456789012";
const REGION: &str = "us-east-1";
const ROLE: &str = "cloudtrail-all-regions-audit";

/// What is wrong with the first accounts of each hundred.
const FAILING: [&str; 8] = [
    include_str!("accounts/stopped.json"),
    include_str!("accounts/no-trail.json"),
    include_str!("accounts/single-region.json"),
    include_str!("accounts/split-selectors.json"),
    include_str!("accounts/delivery-failing.json"),
    include_str!("accounts/status-refused.json"),
    include_str!("accounts/data-events-only.json"),
    include_str!("accounts/write-only.json"),
];
const COMPLIANT: &str = include_str!("accounts/compliant.json");
/// Whose place in a hundred it is that lacks the role.
const WITHOUT_ROLE: usize = 8;
/// Whose place in a hundred it is that is suspended.
const SUSPENDED: usize = 9;

/// The organizational units, and what they are called.
const UNITS: [&str; 5] = [
    "r-ab12/ou-ab12-workload/ou-ab12-producti",
    "r-ab12/ou-ab12-workload/ou-ab12-developm",
    "r-ab12/ou-ab12-workload",
    "r-ab12/ou-ab12-security",
    "r-ab12/ou-ab12-sandbox1",
];
const NAMES: [(&str, &str); 5] = [
    ("ou-ab12-workload", "Workloads"),
    ("ou-ab12-producti", "Production"),
    ("ou-ab12-developm", "Development"),
    ("ou-ab12-security", "Security"),
    ("ou-ab12-sandbox1", "Sandbox"),
];

#[derive(Parser)]
struct Arguments {
    /// How many accounts there are, with the management account
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    accounts: u32,
    /// After how many milliseconds a call is answered
    #[arg(long, default_value_t = 50)]
    delay: u64,
}

fn world(accounts: usize) -> Result<World, Box<dyn Error + Send + Sync>> {
    let mut world = World::default();
    let mut members = Vec::new();
    for number in 0..accounts {
        let account = if number == 0 { OWN.to_owned() } else { format!("{:012}", 210_000_000_000 + number) };
        let place = number % 100;
        let is_own = number == 0;
        let text = FAILING.get(place).filter(|_| !is_own).unwrap_or(&COMPLIANT);
        world.put_account(&serde_json::from_str(&text.replace(OWN, &account))?)?;
        if place != WITHOUT_ROLE && !is_own {
            world.put_role(&account, ROLE, OWN);
        }
        let path = if is_own { "r-ab12" } else { UNITS[number % UNITS.len()] };
        let mut member = Member::active(&account, path);
        if place == SUSPENDED {
            "SUSPENDED".clone_into(&mut member.state);
        }
        members.push(member);
    }
    world.organization = Some(Organization {
        management_account: OWN.to_owned(),
        accounts: members,
        names: NAMES.map(|(id, name)| (id.to_owned(), name.to_owned())).to_vec(),
        ..Organization::default()
    });
    Ok(world)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments = Arguments::parse();
    let mut world = world(usize::try_from(arguments.accounts)?)?;
    if arguments.delay > 0 {
        world.add_fault(Fault::always(Misbehaviour::Delay(Duration::from_millis(arguments.delay))));
    }
    let credentials = world.credentials(OWN);
    let stand_in = StandIn::start(world).await?;
    let mut stdout = io::stdout().lock();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", stand_in.endpoint().as_str()),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key),
    ] {
        writeln!(stdout, "export {name}={value}")?;
    }
    stdout.flush()?;
    loop {
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
}
