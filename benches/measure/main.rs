//! Size, start, memory and invocations of the Lambda binary, each beside its floor in the same run. Linux only.
//!
//! `benches/run` builds what is measured, runs this and says where its tables go.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "the tables are its output")]
#![expect(clippy::format_push_string, reason = "it is easier to read, and a dozen rows")]

mod floor;
mod function;
mod runs;
mod tables;
mod timeline;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use cloudtrail_all_regions::stand_in::{
    ConfigRule, Credentials, StandIn, World,
    events::{ConfigurationItem, Event},
};
use floor::Floor;
use function::{Function, Invoked};
use runs::{HANDSHAKE, LATENCY, TRAILS, Trigger, milliseconds};
use serde_json::Value;
use support::{
    certificates::Certificates,
    endpoint::{Connection, Endpoint, Log},
};
use tables::{Cold, Report, Slow, Warm};
use tokio::{task::spawn_blocking, time::Instant};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const TIME: &str = "2026-11-01T12:00:00.000Z";

/// Where distributions keep their roots.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

struct Arguments {
    runs: usize,
    bootstrap: PathBuf,
    hello_world: PathBuf,
    /// What the bench of the decision printed.
    decision: Option<PathBuf>,
    /// Whether the documents get the tables.
    write: bool,
}

impl Arguments {
    fn parse() -> Self {
        let (mut runs, mut bootstrap, mut hello_world, mut decision, mut write) = (40, None, None, None, false);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
            match argument.as_str() {
                "--runs" => runs = value().parse().expect("--runs is a number"),
                "--bootstrap" => bootstrap = Some(value().into()),
                "--hello-world" => hello_world = Some(value().into()),
                "--decision" => decision = Some(value().into()),
                "--write" => write = true,
                // Cargo's own.
                "--bench" => {}
                _ => panic!("unknown argument {argument}"),
            }
        }
        assert!(runs > 0, "--runs is at least 1");
        let (bootstrap, hello_world) =
            (bootstrap.expect("--bootstrap is needed"), hello_world.expect("--hello-world is needed"));
        Self { runs, bootstrap, hello_world, decision, write }
    }
}

/// The endpoints of CloudTrail and of Config.
struct Endpoints {
    cloudtrail: Endpoint,
    config: Endpoint,
}

impl Endpoints {
    async fn start(stand_in: SocketAddr, certificates: Option<&Certificates>, handshake: Duration, log: &Log) -> Self {
        let start = |service| {
            let acceptor = certificates.map(|certificates| certificates.acceptor.clone());
            Endpoint::start(service, stand_in, acceptor, handshake, log.clone())
        };
        Self { cloudtrail: start("CloudTrail").await, config: start("Config").await }
    }

    fn address(&self, service: &str) -> SocketAddr {
        if service == "Config" { self.config.address } else { self.cloudtrail.address }
    }
}

/// The system's root certificates and one more, in a file for `SSL_CERT_FILE`.
struct Bundle {
    path: PathBuf,
    roots: usize,
}

impl Bundle {
    fn write(root: &str) -> Self {
        let system = BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok());
        let roots = system.expect("no bundle of root certificates; install ca-certificates") + "\n" + root;
        let path = std::env::temp_dir().join(format!("roots-{}.pem", std::process::id()));
        fs::write(&path, &roots).unwrap();
        Self { path, roots: roots.matches("BEGIN CERTIFICATE").count() }
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

struct Bench {
    stand_in: StandIn,
    log: Log,
    rule: ConfigRule,
    key: Credentials,
    certificates: Certificates,
    bundle: Bundle,
    cleartext: Endpoints,
    secure: Endpoints,
    /// With TLS, and handshakes that take two round trips.
    distant: Endpoints,
    arguments: Arguments,
}

impl Bench {
    async fn new(arguments: Arguments) -> Self {
        let mut world = World::default();
        let rule = world.config_rule(ACCOUNT, REGION, "cis-3-1-cloudtrail-all-regions");
        let key = world.credentials(ACCOUNT);
        let stand_in = StandIn::start(world).await.unwrap();
        let address = stand_in.endpoint().strip_prefix("http://").unwrap().parse().unwrap();
        let (log, certificates) = (Log::default(), Certificates::make());
        let cleartext = Endpoints::start(address, None, Duration::ZERO, &log).await;
        let secure = Endpoints::start(address, Some(&certificates), Duration::ZERO, &log).await;
        let distant = Endpoints::start(address, Some(&certificates), HANDSHAKE, &log).await;
        let bundle = Bundle::write(&certificates.root);
        let bench = Self { stand_in, log, rule, key, certificates, bundle, cleartext, secure, distant, arguments };
        bench.set(1, Duration::ZERO);
        bench
    }

    /// Serves so many trails like the example's, and takes so long for each call.
    fn set(&self, trails: usize, latency: Duration) {
        let mut account: Value = serde_json::from_str(include_str!("../../examples/accounts/compliant.json")).unwrap();
        let trail = account["trails"][0].clone();
        let arn = trail["TrailARN"].as_str().unwrap();
        let named = (0..trails).map(|number| {
            let mut trail = trail.clone();
            trail["Name"] = format!("management-events-{number}").into();
            trail["TrailARN"] = format!("{arn}-{number}").into();
            trail["GetEventSelectors"]["TrailARN"] = trail["TrailARN"].clone();
            trail
        });
        account["trails"] = named.collect();
        let mut world = self.stand_in.world();
        world.put_account(&account).unwrap();
        world.latency = latency;
    }

    fn event(&self, trigger: Trigger) -> Vec<u8> {
        let result_token = self.stand_in.world().result_token(&self.rule);
        let event = Event::new(&self.rule, &result_token);
        let event = match trigger {
            Trigger::Scheduled => event.scheduled(TIME),
            Trigger::Changed => {
                let item = ConfigurationItem::of_trail("management-events-0", "OK", TIME);
                event.configuration_item_change(&item, TIME)
            }
        };
        event.to_string().into_bytes()
    }

    async fn start(&self, binary: &Path, endpoints: &Endpoints) -> (Function, Duration) {
        let environment = [
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", self.key.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.key.secret_access_key.clone()),
            ("AWS_ENDPOINT_URL_CLOUDTRAIL", endpoints.cloudtrail.url()),
            ("AWS_ENDPOINT_URL_CONFIG_SERVICE", endpoints.config.url()),
            ("SSL_CERT_FILE", self.bundle.path.display().to_string()),
        ];
        Function::start(binary, &environment).await
    }

    /// A process's start and first invocation.
    async fn first(&self, binary: &Path, endpoints: &Endpoints, trigger: Trigger, samples: &mut Cold) -> Invoked {
        let event = self.event(trigger);
        let (mut function, start) = self.start(binary, endpoints).await;
        let invoked = function.invoke(&event).await;
        samples.start.push(milliseconds(start));
        samples.first.push(milliseconds(invoked.duration()));
        samples.total.push(milliseconds(start + invoked.duration()));
        samples.processor.push(milliseconds(function.processor_time()));
        samples.memory.push(function.peak_memory());
        invoked
    }

    /// The floor of what was logged last.
    fn floor(&self, connections: &[Connection], endpoints: &Endpoints) -> Floor {
        let client = endpoints.cloudtrail.is_secure.then(|| self.certificates.client.clone());
        Floor::of(connections, |service| endpoints.address(service), client)
    }

    async fn cold(&self) -> (Cold, Cold, Cold, Vec<f64>) {
        let (bootstrap, hello_world) = (&self.arguments.bootstrap, &self.arguments.hello_world);
        let (mut hello, mut cleartext, mut secure) = (Cold::default(), Cold::default(), Cold::default());
        let mut floors = Vec::new();
        for _ in 0..self.arguments.runs {
            self.first(hello_world, &self.cleartext, Trigger::Scheduled, &mut hello).await;
            self.first(bootstrap, &self.cleartext, Trigger::Scheduled, &mut cleartext).await;
            self.log.take();
            self.first(bootstrap, &self.secure, Trigger::Scheduled, &mut secure).await;
            let floor = self.floor(&self.log.take(), &self.secure);
            let elapsed = spawn_blocking(move || {
                let began_at = Instant::now();
                floor.run(&mut floor.connect());
                began_at.elapsed()
            });
            floors.push(milliseconds(elapsed.await.unwrap()));
        }
        (hello, cleartext, secure, floors)
    }

    /// First invocations of processes far from AWS, and the timeline of one of them for each trigger.
    async fn slow(&self) -> Slow {
        self.set(1, LATENCY);
        let mut slow = Slow::default();
        for _ in 0..self.arguments.runs.div_ceil(4) {
            for trigger in [Trigger::Scheduled, Trigger::Changed] {
                let mut samples = Cold::default();
                self.log.take();
                let invoked = self.first(&self.arguments.bootstrap, &self.distant, trigger, &mut samples).await;
                slow.push(trigger, invoked, self.log.take());
            }
        }
        self.set(1, Duration::ZERO);
        slow
    }

    /// Invocations of processes that have had some before.
    async fn warm(&self) -> Vec<Warm> {
        let mut rows = Vec::new();
        for (trails, latency) in TRAILS.into_iter().flat_map(|trails| [(trails, Duration::ZERO), (trails, LATENCY)]) {
            self.set(trails, latency);
            let runs = if latency.is_zero() { self.arguments.runs } else { self.arguments.runs.div_ceil(4) };
            for trigger in [Trigger::Scheduled, Trigger::Changed] {
                let (mut function, _) = self.start(&self.arguments.bootstrap, &self.secure).await;
                function.invoke(&self.event(trigger)).await;
                self.log.take();
                // A connection is logged when it is opened, so the floor is that of a first invocation.
                let (mut first, _) = self.start(&self.arguments.bootstrap, &self.secure).await;
                first.invoke(&self.event(trigger)).await;
                drop(first);
                let floor = self.floor(&self.log.take(), &self.secure);
                let open = floor.clone();
                let mut sockets = spawn_blocking(move || open.connect()).await.unwrap();
                let mut row = Warm { trails, latency, trigger, function: Vec::new(), floor: Vec::new() };
                for _ in 0..=runs {
                    row.function.push(milliseconds(function.invoke(&self.event(trigger)).await.duration()));
                    let floor = floor.clone();
                    let replay = move || (floor.run(&mut sockets), sockets);
                    let elapsed;
                    (elapsed, sockets) = spawn_blocking(replay).await.unwrap();
                    row.floor.push(milliseconds(elapsed));
                }
                rows.push(row);
            }
        }
        self.set(1, Duration::ZERO);
        rows
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bench = Bench::new(Arguments::parse()).await;
    let (hello, cleartext, secure, floors) = bench.cold().await;
    let slow = bench.slow().await;
    let warm = bench.warm().await;
    let Arguments { runs, bootstrap, hello_world, decision, write } = &bench.arguments;
    let report = Report {
        runs: *runs,
        roots: bench.bundle.roots,
        bootstrap,
        hello_world,
        hello,
        cleartext,
        secure,
        floors,
        slow,
        warm,
        decision: decision.as_deref(),
    };
    for (name, table) in report.tables() {
        println!("{table}");
        if *write {
            tables::put(&name, &table);
        }
    }
    if *write {
        fs::write("docs/timeline.svg", report.timeline()).unwrap();
    }
}
