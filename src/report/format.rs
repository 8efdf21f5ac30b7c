//! The output formats: each is a file that renders reports, and a row of [`Format::ALL`].

use std::io::{self, Write};

use super::{asff, csv, evaluations, html, json, junit, markdown, ocsf, reports::Reports, table};

/// An output format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What it is called, in lower case.
    pub name: &'static str,
    /// Whom it is for, in one line.
    pub meaning: &'static str,
    /// What the name of a file of it ends in, without the dot; none if no ending tells.
    pub ending: Option<&'static str>,
    render: fn(&Reports, &mut dyn Write) -> io::Result<()>,
}

impl Format {
    /// What a command shows where no other is asked for.
    pub const TABLE: Self = Self { name: "table", meaning: "For people", ending: None, render: table::render };

    /// Rows of `PutEvaluations`.
    pub const EVALUATIONS: Self = Self {
        name: "evaluations",
        meaning: "What `PutEvaluations` would be sent",
        ending: None,
        render: evaluations::render,
    };

    /// All formats.
    pub const ALL: [Self; 9] = [
        Self::TABLE,
        Self {
            name: "json",
            meaning: "For programs; report.schema.json describes it",
            ending: Some("json"),
            render: json::render,
        },
        Self {
            name: "csv",
            meaning: "For spreadsheets: a row for each trail and reason",
            ending: Some("csv"),
            render: csv::render,
        },
        Self { name: "markdown", meaning: "For the summary of a CI job", ending: Some("md"), render: markdown::render },
        Self {
            name: "asff",
            meaning: "For AWS Security Hub: the findings of `BatchImportFindings`",
            ending: None,
            render: asff::render,
        },
        Self {
            name: "ocsf",
            meaning: "For data lakes and SIEMs: OCSF 1.6 Compliance Findings, as JSON lines",
            ending: Some("jsonl"),
            render: ocsf::render,
        },
        Self {
            name: "junit",
            meaning: "For the test reports of a CI server",
            ending: Some("xml"),
            render: junit::render,
        },
        Self::EVALUATIONS,
        Self {
            name: "html",
            meaning: "One page for a browser, a printer or a file cabinet; it loads nothing and runs nothing",
            ending: Some("html"),
            render: html::render,
        },
    ];

    /// The format that the ending of a file's name tells.
    #[must_use]
    pub fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ending.is_some_and(|own| own.eq_ignore_ascii_case(ending)))
    }

    /// Writes reports; none are an empty document.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn render(&self, reports: &Reports, out: &mut dyn Write) -> io::Result<()> {
        (self.render)(reports, out)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;
    use crate::{
        report::{Report, text::is_hidden},
        rule::evaluation::ComplianceType,
    };

    #[test]
    fn no_format_shows_hidden_characters_whatever_stands_in_a_report() {
        let style = Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
        let hostile = "\u{1b}[2J\u{9b}\u{202e}\u{200b}\u{7f}\u{e0041}\r\n";
        for format in Format::ALL {
            for verdict in [None, Some(ComplianceType::Compliant), Some(ComplianceType::NonCompliant)] {
                let report = Report::of_text(hostile, verdict);
                let mut shown = Vec::new();
                format.render(&[report.clone(), report][..].into(), &mut shown).unwrap();
                let shown = String::from_utf8(shown).unwrap();
                let shown = style.replace_all(&shown, "");
                let hidden: Vec<char> = shown.chars().filter(|c| is_hidden(*c) && *c != '\n').collect();
                assert_eq!(hidden, Vec::<char>::new(), "{}: {shown}", format.name);
            }
        }
    }
}
