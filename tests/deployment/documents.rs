//! The documents: what they link to is there, and the README can be read in one sitting.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// The project's Markdown files, but for what was installed or built below it.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The text without its blocks of code.
fn prose(text: &str) -> String {
    let mut in_block = false;
    let is_prose = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    };
    text.lines().filter(is_prose).collect::<Vec<_>>().join("\n")
}

/// The names by which GitHub lets a page's headings be linked to.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>())
        .map(|heading| heading.replace(' ', "-"))
        .collect()
}

/// The links of a document that lead nowhere.
fn broken(document: &Path, text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let leads_nowhere = |target: &&str| {
        let (file, anchor) = target.split_once('#').map_or((*target, None), |(file, anchor)| (file, Some(anchor)));
        let path = if file.is_empty() { document.to_owned() } else { document.parent().unwrap().join(file) };
        let has = |anchor| {
            let page = fs::read_to_string(&path).unwrap();
            anchors(&prose(&page)).iter().any(|known| known == anchor)
        };
        !path.exists() || anchor.is_some_and(|anchor| !has(anchor))
    };
    let text = prose(text);
    let targets = link.captures_iter(&text).map(|found| found.get(1).unwrap().as_str());
    targets.filter(|target| !target.contains("://")).filter(leads_nowhere).map(str::to_owned).collect()
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_of_it() {
    let mut pages = Vec::new();
    documents(Path::new(env!("CARGO_MANIFEST_DIR")), &mut pages);
    assert!(pages.len() > 20, "{pages:?}");
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        assert_eq!(broken(&page, &text), Vec::<String>::new(), "{}", page.display());
    }
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = "[a](docs/prove.md#permissions) [b](docs/absent.md) [c](docs/prove.md#absent) [d](https://example.com)\n\
                ```\n[e](absent)\n```\n";
    assert_eq!(broken(&readme, text), ["docs/absent.md", "docs/prove.md#absent"]);
}

#[test]
fn the_readme_has_at_most_250_lines() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(readme.lines().count() <= 250);
}
