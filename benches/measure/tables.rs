//! The Markdown tables, and their places in the documents.

use std::{fs, path::Path, process::Command, time::Duration};

use support::{endpoint::Connection, goals::goal};

use crate::{
    function::Invoked,
    runs::{HANDSHAKE, LATENCY, TRAILS, Trigger, milliseconds},
    timeline,
};

/// Samples of processes that were started and invoked once: milliseconds, and MB.
#[derive(Debug, Default)]
pub(crate) struct Cold {
    pub(crate) start: Vec<f64>,
    pub(crate) first: Vec<f64>,
    pub(crate) total: Vec<f64>,
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
        let mut rows = vec![
            ("start to first poll, ms".to_owned(), of(&secure.start), of(&hello.start)),
            ("first invocation over HTTP, ms".to_owned(), of(&cleartext.first), hello_first),
            ("first invocation over TLS, ms".to_owned(), of(&secure.first), hello_first + floor),
            (
                "**cold total: start and first invocation over TLS, ms**".to_owned(),
                of(&secure.total),
                of(&hello.total) + floor,
            ),
            ("its processor time, ms".to_owned(), of(&secure.processor), of(&hello.processor)),
        ];
        for (name, trigger) in [("scheduled", Trigger::Scheduled), ("a trail changed", Trigger::Changed)] {
            let name = format!("first invocation at 50 ms a round trip, {name}, ms");
            rows.push((name, self.slow.median(trigger), slow_floor));
        }
        for trails in TRAILS {
            let rows_of: Vec<_> =
                self.warm.iter().filter(|row| row.trails == trails && row.latency == LATENCY).collect();
            let function = median(rows_of.iter().flat_map(|row| row.function.iter().copied()));
            let floor = median(rows_of.iter().flat_map(|row| row.floor.iter().copied()));
            let name = format!("warm invocation at 50 ms a call, trails: {trails}, ms");
            rows.push((name, function, floor));
        }
        rows.push(("peak memory after TLS, MB".to_owned(), of(&secure.memory), of(&hello.memory)));
        let sizes = [("binary, MB", megabytes as fn(&Path) -> f64), ("zip file, MB", zipped)];
        rows.extend(sizes.map(|(name, size)| (name.to_owned(), size(self.bootstrap), size(self.hello_world))));
        let mut table = String::from("| | function | floor | ratio | goal, at most |\n|---|---|---|---|---|\n");
        for (name, ours, floor) in rows {
            let ratio = ours / floor;
            let (ours, floor) = (format!("{ours:.2}"), format!("{floor:.2}"));
            table += &format!("| {name} | {ours} | {floor} | {ratio:.1} | {} |\n", goal(&name, &ours, &floor));
        }
        if let Some((_, medians)) = self.decisions().iter().find(|(trails, _)| trails == "25") {
            let slowest = medians.join(" and ");
            let name = "the decision on 25 trails that pass, and that fail";
            table += &format!("| {name} | {slowest} | | | {} |\n", goal(name, &slowest, ""));
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

    /// The number of trails, and the median of each function, from what divan printed:
    /// `├─ 25  FASTEST │ SLOWEST │ MEDIAN │ …` below the function's name.
    fn decisions(&self) -> Vec<(String, Vec<String>)> {
        let Some(path) = self.decision else { return Vec::new() };
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        for line in fs::read_to_string(path).unwrap().lines() {
            let Some((_, row)) = line.split_once("─ ") else { continue };
            let mut words = row.split_whitespace();
            let Some(trails) = words.next().filter(|word| word.parse::<u32>().is_ok()) else { continue };
            let median = row.split('│').nth(2).unwrap().trim().to_owned();
            match rows.iter_mut().find(|(of, _)| of == trails) {
                Some((_, medians)) => medians.push(median),
                None => rows.push((trails.to_owned(), vec![median])),
            }
        }
        assert!(!rows.is_empty(), "divan printed something else");
        rows
    }

    fn decision(&self) -> Option<String> {
        self.decision?;
        let mut table = String::from("| trails | every trail passes | no trail passes |\n|---|---|---|\n");
        for (trails, medians) in self.decisions() {
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

/// Puts a table in its place in `docs/performance.md`, between `<!-- benches/run: NAME -->` and `<!-- end -->`.
pub(crate) fn put(name: &str, table: &str) {
    let (start, end) = (format!("<!-- benches/run: {name} -->\n"), "<!-- end -->");
    let path = "docs/performance.md";
    let text = fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(&start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    fs::write(path, format!("{before}{start}\n{table}\n{end}{after}")).unwrap();
}
