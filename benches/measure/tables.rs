//! The Markdown tables, and their places in the documents.

use std::{fs, path::Path, process::Command, time::Duration};

use crate::{HANDSHAKE, LATENCY, Trigger, endpoint::Connection, function::Invoked, timeline};

/// Samples of processes that were started and invoked once: milliseconds, and MB.
#[derive(Debug, Default)]
pub(crate) struct Cold {
    pub(crate) start: Vec<f64>,
    pub(crate) first: Vec<f64>,
    pub(crate) total: Vec<f64>,
    pub(crate) processor_at_start: Vec<f64>,
    pub(crate) processor: Vec<f64>,
    pub(crate) memory: Vec<f64>,
}

/// First invocations with latency, and what went over the wire in each.
#[derive(Debug, Default)]
pub(crate) struct Slow {
    scheduled: Vec<(Invoked, Vec<Connection>)>,
    changed: Vec<(Invoked, Vec<Connection>)>,
}

impl Slow {
    pub(crate) fn push(&mut self, trigger: Trigger, invoked: Invoked, connections: Vec<Connection>) {
        self.of_mut(trigger).push((invoked, connections));
    }

    fn of_mut(&mut self, trigger: Trigger) -> &mut Vec<(Invoked, Vec<Connection>)> {
        match trigger {
            Trigger::Scheduled => &mut self.scheduled,
            Trigger::Changed => &mut self.changed,
        }
    }

    fn of(&self, trigger: Trigger) -> &[(Invoked, Vec<Connection>)] {
        match trigger {
            Trigger::Scheduled => &self.scheduled,
            Trigger::Changed => &self.changed,
        }
    }

    fn median(&self, trigger: Trigger) -> f64 {
        median(self.of(trigger).iter().map(|(invoked, _)| milliseconds(invoked.duration())))
    }

    /// The one in the middle.
    fn typical(&self, trigger: Trigger) -> &(Invoked, Vec<Connection>) {
        let mut sorted: Vec<_> = self.of(trigger).iter().collect();
        sorted.sort_by_key(|(invoked, _)| invoked.duration());
        sorted[sorted.len() / 2]
    }
}

/// Samples of one kind of warm invocation, in milliseconds.
#[derive(Debug)]
pub(crate) struct Warm {
    pub(crate) trails: usize,
    pub(crate) latency: Duration,
    pub(crate) trigger: Trigger,
    pub(crate) function: Vec<f64>,
    pub(crate) floor: Vec<f64>,
}

/// All that was measured.
pub(crate) struct Report<'a> {
    pub(crate) runs: usize,
    pub(crate) roots: usize,
    pub(crate) bootstrap: &'a Path,
    pub(crate) hello_world: &'a Path,
    pub(crate) hello: Cold,
    pub(crate) cleartext: Cold,
    pub(crate) secure: Cold,
    /// Handshakes and requests over TLS, without a function.
    pub(crate) floors: Vec<f64>,
    pub(crate) slow: Slow,
    pub(crate) warm: Vec<Warm>,
    pub(crate) decision: Option<&'a Path>,
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn median(samples: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = samples.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], sorted[middle]) } else { sorted[middle] }
}

fn of(samples: &[f64]) -> f64 {
    median(samples.iter().copied())
}

fn megabytes(path: &Path) -> f64 {
    let bytes = u32::try_from(fs::metadata(path).unwrap().len()).unwrap();
    f64::from(bytes) / 1e6
}

/// The size of a zip file that holds it, made as `scripts/package` makes it.
fn zipped(path: &Path) -> f64 {
    let zip = std::env::temp_dir().join(format!("bench-{}.zip", std::process::id()));
    let made = Command::new("zip").args(["-q", "-X", "-9", "-j"]).arg(&zip).arg(path).status();
    assert!(made.expect("zip is needed and was not found").success());
    let size = megabytes(&zip);
    fs::remove_file(zip).unwrap();
    size
}

impl Report<'_> {
    /// Name and text of each table.
    pub(crate) fn tables(&self) -> Vec<(String, String)> {
        let tables = [("speed", Some(self.main())), ("warm", Some(self.warm())), ("decision", self.decision())];
        tables.into_iter().filter_map(|(name, table)| Some((name.to_owned(), table?))).collect()
    }

    fn main(&self) -> String {
        let Self { hello, cleartext, secure, .. } = self;
        let (hello_first, floor) = (of(&hello.first), of(&self.floors));
        let slow_floor = milliseconds(HANDSHAKE + 3 * LATENCY);
        let rows = [
            ("start to first poll, ms", of(&secure.start), of(&hello.start), "2"),
            ("first invocation over HTTP, ms", of(&cleartext.first), hello_first, ""),
            ("first invocation over TLS, ms", of(&secure.first), hello_first + floor, ""),
            (
                "**cold total: start and first invocation over TLS, ms**",
                of(&secure.total),
                of(&hello.total) + floor,
                "",
            ),
            ("processor time at start, ms", of(&secure.processor_at_start), of(&hello.processor_at_start), ""),
            ("processor time of the cold total, ms", of(&secure.processor), of(&hello.processor), ""),
            ("the first invocation at 50 ms a round trip, scheduled, ms", self.slow.median(Trigger::Scheduled), slow_floor, ""),
            ("the same, a trail changed, ms", self.slow.median(Trigger::Changed), slow_floor, ""),
            ("peak memory after TLS, MB", of(&secure.memory), of(&hello.memory), "2.5"),
            ("binary, MB", megabytes(self.bootstrap), megabytes(self.hello_world), ""),
            ("zip file, MB (goal: at most 2)", zipped(self.bootstrap), zipped(self.hello_world), ""),
        ];
        let mut table = String::from("| | function | floor | ratio | goal |\n|---|---|---|---|---|\n");
        for (name, ours, floor, goal) in rows {
            let ratio = ours / floor;
            table += &format!("| {name} | {ours:.2} | {floor:.2} | {ratio:.1} | {goal} |\n");
        }
        let Self { runs, roots, .. } = self;
        table + &format!("\nMedians of {runs} runs, {roots} root certificates.\n")
    }

    fn warm(&self) -> String {
        let mut table = String::from(
            "| trails | trigger | ms a call | function, ms | floor, ms | above the floor, ms | above 3 round trips, ms |\n\
             |---|---|---|---|---|---|---|\n",
        );
        for Warm { trails, latency, trigger, function, floor } in &self.warm {
            let trigger = match trigger {
                Trigger::Scheduled => "scheduled",
                Trigger::Changed => "a trail changed",
            };
            let (function, floor, latency) = (of(function), of(floor), milliseconds(*latency));
            let (above_floor, above) = (function - floor, function - 3.0 * latency);
            table += &format!(
                "| {trails} | {trigger} | {latency:.0} | {function:.2} | {floor:.2} | {above_floor:.2} | {above:.2} |\n"
            );
        }
        table
    }

    /// From what divan printed: `├─ 25  FASTEST │ SLOWEST │ MEDIAN │ …`, below the name of a function.
    fn decision(&self) -> Option<String> {
        let printed = fs::read_to_string(self.decision?).unwrap();
        let mut table = String::from("| trails | every trail passes | no trail passes |\n|---|---|---|\n");
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        for line in printed.lines() {
            let columns: Vec<&str> = line.split('│').map(str::trim).collect();
            let Some(place) = columns.iter().position(|column| column.contains("─ ")) else { continue };
            let mut words = columns[place].split_whitespace().skip(1);
            let Some(trails) = words.next().filter(|word| word.parse::<u32>().is_ok()) else { continue };
            let Some(median) = columns.get(place + 2) else { continue };
            match rows.iter_mut().find(|(of, _)| of == trails) {
                Some((_, medians)) => medians.push((*median).to_owned()),
                None => rows.push((trails.to_owned(), vec![(*median).to_owned()])),
            }
        }
        assert!(!rows.is_empty(), "divan printed something else");
        for (trails, medians) in rows {
            table += &format!("| {trails} | {} |\n", medians.join(" | "));
        }
        Some(table)
    }

    /// The picture of a first invocation for each trigger.
    pub(crate) fn timeline(&self) -> String {
        let typical = |trigger| self.slow.typical(trigger);
        timeline::draw(&[("Scheduled", typical(Trigger::Scheduled)), ("A trail changed", typical(Trigger::Changed))])
    }
}

/// Puts a table in its place, between `<!-- benches/run: NAME -->` and `<!-- end -->`, wherever a document has one.
pub(crate) fn put(name: &str, table: &str) {
    let (start, end) = (format!("<!-- benches/run: {name} -->\n"), "<!-- end -->");
    for path in ["README.md", "docs/performance.md"] {
        let text = fs::read_to_string(path).unwrap();
        let Some((before, rest)) = text.split_once(&start) else { continue };
        let (_, after) = rest.split_once(end).unwrap();
        fs::write(path, format!("{before}{start}\n{table}\n{end}{after}")).unwrap();
    }
}
