//! The benchmarks' tables say which goals are missed.

use std::fs;

use support::goals::goal;

#[test]
fn a_figure_that_misses_its_goal_is_marked() {
    for (row, function, floor, expected) in [
        ("start to first poll, ms", "2.38", "1.19", "2 times"),
        ("start to first poll, ms", "2.39", "1.19", "2 times: **missed**"),
        ("first invocation over HTTP, ms", "99.00", "0.20", ""),
        (
            "first invocation at 50 ms a round trip, scheduled, ms",
            "299.99",
            "250.00",
            "no handshake waits for an answer",
        ),
        (
            "first invocation at 50 ms a round trip, scheduled, ms",
            "300.00",
            "250.00",
            "no handshake waits for an answer: **missed**",
        ),
        ("warm invocation at 50 ms a call, trails: 1, ms", "158.00", "155.26", "3 round trips + 8 ms"),
        ("warm invocation at 50 ms a call, trails: 1, ms", "158.01", "158.00", "3 round trips + 8 ms: **missed**"),
        ("peak memory after TLS, MB", "5.67", "2.27", "2.5 times"),
        ("peak memory after TLS, MB", "5.68", "2.27", "2.5 times: **missed**"),
        ("zip file, MB", "2.00", "0.38", "2 MB"),
        ("zip file, MB", "2.01", "9.00", "2 MB: **missed**"),
        ("the decision on 25 trails that pass, and that fail", "900 ns and 20 µs", "", "20 µs"),
        ("the decision on 25 trails that pass, and that fail", "8.793 µs and 20.01 µs", "", "20 µs: **missed**"),
        ("the decision on 25 trails that pass, and that fail", "0.021 ms and 1 µs", "", "20 µs: **missed**"),
    ] {
        assert_eq!(goal(row, function, floor), expected, "{row} {function} {floor}");
    }
}

#[test]
fn the_page_about_speed_marks_what_is_missed() {
    let text = fs::read_to_string("docs/performance.md").unwrap();
    let (_, table) = text.split_once("<!-- benches/run: speed -->").unwrap();
    let (table, _) = table.split_once("<!-- end -->").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split('|').map(str::trim).collect()).collect();
    let (heading, rows) = rows.split_first().unwrap();
    assert_eq!(heading[..], ["", "function", "floor", "ratio", "goal, at most"]);
    assert!(rows.len() > 10);
    for row in rows {
        assert_eq!(row[4], goal(row[0], row[1], row[2]), "{row:?}");
    }
}
