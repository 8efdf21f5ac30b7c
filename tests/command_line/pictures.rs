//! The README's pictures of a terminal show what the command prints now; `docs/pictures/make` draws them anew.

use std::{fs, process::Command};

use regex::Regex;

#[test]
fn pictures_of_a_terminal_show_what_the_command_prints() {
    for (picture, command, evidence) in [
        ("terminal-non-compliant", "check", "examples/accounts/stopped.json"),
        ("terminal-proved", "prove", "examples/proofs/every-region-delivers.json"),
    ] {
        let ran = Command::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions"))
            .args([command, "--evidence", evidence])
            .env_remove("CLICOLOR_FORCE")
            .output()
            .unwrap();
        let printed = String::from_utf8(ran.stdout).unwrap();
        let svg = fs::read_to_string(format!("docs/pictures/{picture}.svg")).unwrap();
        let expected = format!("$ cloudtrail-all-regions {command} --evidence {evidence}\n{printed}");
        assert_eq!(lines(&svg), expected, "docs/pictures/make draws {picture}.svg anew");
    }
}

/// What a picture says: one `g` is one line.
fn lines(svg: &str) -> String {
    let tag = Regex::new("<[^>]*>").unwrap();
    let line = Regex::new("(?s)<g>(.*?)</g>").unwrap();
    let text = |line: regex::Captures| {
        let text = tag.replace_all(&line[1], "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        format!("{text}\n")
    };
    line.captures_iter(svg).map(text).collect()
}
