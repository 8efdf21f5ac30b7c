//! The table of conventions and its cases, which `cli` and `example_account` run.

use std::{fs, path::Path};

use regex::Regex;

const CASES: [&str; 2] = ["tests/cli/conventions.md", "tests/cli/example_account/compare.md"];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The sections of the cases: where each is, as a link of the table has it, and what it runs and prints.
fn sections() -> Vec<(String, String)> {
    let mut sections = Vec::new();
    for file in CASES {
        for section in read(file).split("\n## ").skip(1) {
            let (title, text) = section.split_once('\n').unwrap();
            let consoles = text.split("```console\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0);
            let anchor = title.to_lowercase().replace(' ', "-");
            sections.push((format!("../{file}#{anchor}"), consoles.collect::<Vec<_>>().join("\n")));
        }
    }
    sections
}

#[test]
fn every_convention_has_a_case_that_holds_its_words_and_every_case_a_convention() {
    let document = read("docs/conventions.md");
    let rows = Regex::new(r"(?m)^\| (.+) \| \[[^\]]+\]\(([^)]+)\) \|$").unwrap();
    let rows: Vec<(&str, &str)> =
        rows.captures_iter(&document).map(|row| row.extract().1).map(|[words, link]| (words, link)).collect();
    let of_table = document.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(of_table, 2 + rows.len(), "a row has no link to a case");
    let sections = sections();
    let links: Vec<&str> = rows.iter().map(|(_, link)| *link).collect();
    assert_eq!(links, sections.iter().map(|(link, _)| link.as_str()).collect::<Vec<_>>());
    let code = Regex::new("`([^`]+)`").unwrap();
    for ((words, _), (link, console)) in rows.iter().zip(&sections) {
        assert!(console.contains("$ ") && console.contains("cloudtrail-all-regions "), "{link} runs nothing");
        for [word] in code.captures_iter(words).map(|word| word.extract().1) {
            assert!(console.contains(word), "`{word}` is not in {link}: {console}");
        }
    }
}
