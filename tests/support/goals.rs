//! What the benchmarks' figures are to be at most, and which of them miss that.

/// A round trip, in milliseconds, in the rows that name one.
const ROUND_TRIP: f64 = 50.0;

/// Whether the function's figure is good enough beside its floor's.
type IsMet = fn(f64, f64) -> bool;

/// The rows that have a goal, by what their names begin with.
const GOALS: [(&str, &str, IsMet); 6] = [
    ("start to first poll", "2 times", |function, floor| function <= 2.0 * floor),
    (
        "first invocation at 50 ms a round trip",
        "no handshake waits for an answer",
        // One that waited would cost another round trip.
        |function, floor| function < floor + ROUND_TRIP,
    ),
    ("warm invocation at 50 ms a call", "3 round trips + 8 ms", |function, _| function <= 3.0 * ROUND_TRIP + 8.0),
    ("peak memory", "2.5 times", |function, floor| function <= 2.5 * floor),
    ("zip file", "2 MB", |function, _| function <= 2.0),
    ("the decision on 25 trails", "20 µs", |function, _| function <= 20.0),
];

/// The goal of a row with these figures as they are printed, marked where one of them misses it; empty if there is none.
/// Several figures have ` and ` between them, and a unit where it is that of a time other than the row's.
pub fn goal(row: &str, function: &str, floor: &str) -> String {
    let Some((_, goal, is_met)) = GOALS.iter().find(|(start, ..)| row.starts_with(start)) else {
        return String::new();
    };
    let floor = if floor.is_empty() { 0.0 } else { figure(floor) };
    if function.split(" and ").all(|function| is_met(figure(function), floor)) {
        (*goal).to_owned()
    } else {
        format!("{goal}: **missed**")
    }
}

/// A figure, in microseconds if it has a unit.
fn figure(text: &str) -> f64 {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let microseconds = match unit {
        "ns" => 1e-3,
        "" | "µs" => 1.0,
        "ms" => 1e3,
        other => panic!("{other} in {text}"),
    };
    number.parse::<f64>().unwrap() * microseconds
}
