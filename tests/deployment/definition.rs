//! The rule definition, the documents and the rule's own metadata agree.

use std::{env, fs, path::Path};

use cloudtrail_all_regions::{
    report::format::Format,
    rule::{
        self, Recommendation,
        parameters::{InputParameters, PARAMETERS, Parameter},
        reasons::Code,
    },
};
use serde_json::Value;

const PLACEHOLDER: &str = "arn:aws:lambda:REGION:ACCOUNT:function:cloudtrail-all-regions";

fn rule_definition() -> Value {
    serde_json::from_str(include_str!("../../rule-definition.json")).unwrap()
}

/// `UPDATE_DOCS` writes it.
#[test]
fn rule_definition_json_is_the_rules_own_definition() {
    let definition = rule::definition(rule::DEFAULT_NAME, PLACEHOLDER, InputParameters::default());
    let expected = format!("{}\n", serde_json::to_string_pretty(&definition).unwrap());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rule-definition.json");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let is_current = fs::read_to_string(&path).unwrap() == expected;
    assert!(is_current, "rule-definition.json is stale: run `UPDATE_DOCS=1 cargo test --test deployment`");
}

/// AWS Config API, `ConfigRule`: lengths, and `InputParameters` a string of JSON.
#[test]
fn the_definition_keeps_put_config_rules_limits() {
    let definition = rule_definition();
    let text = |key: &str| definition[key].as_str().unwrap();
    assert!((1..=128).contains(&text("ConfigRuleName").len()));
    assert!(text("Description").len() <= 256);
    assert!((1..=1024).contains(&text("InputParameters").len()));
    let parameters: serde_json::Map<String, Value> = serde_json::from_str(text("InputParameters")).unwrap();
    for (name, value) in &parameters {
        assert!(value.is_string(), "{name}");
        let parameter = PARAMETERS.iter().find(|parameter| parameter.name == name);
        assert_eq!(parameter.unwrap().default, value.as_str(), "{name}");
    }
}

/// The page with these rows in the table whose head begins like this.
fn with_table(page: &str, head: &str, rows: &[String]) -> String {
    let (before, table) = page.split_at(page.find(&format!("\n| {head} |")).unwrap() + 1);
    let heads: String = table.split_inclusive('\n').take(2).collect();
    let rest: String = table.split_inclusive('\n').skip_while(|line| line.starts_with('|')).collect();
    [before, &heads, &rows.concat(), &rest].concat()
}

/// `UPDATE_DOCS` writes them.
#[test]
fn the_documents_reasons_recommendations_and_parameters_are_the_rules_own() {
    let reason = |code: &Code| {
        let about = code.about();
        let allowed_by = about.allowed_by.map_or(String::new(), |name| format!(" `{name}` may allow it."));
        format!("| `{code}` | {} | {}{allowed_by} |\n", about.meaning, about.advice.words)
    };
    let recommendation =
        |Recommendation { benchmark, number }: &Recommendation| format!("| {benchmark} | {number} |\n");
    let parameter = |parameter: &Parameter| {
        let default = parameter.default.map_or("unset".to_owned(), |default| format!("`{default}`"));
        format!("| `{}` | {default} | {} | {} |\n", parameter.name, parameter.valid, parameter.meaning)
    };
    let tables: [(&str, &str, Vec<String>); 3] = [
        ("reasons", "code", Code::ALL.iter().map(reason).collect()),
        ("reasons", "benchmark", rule::RECOMMENDATIONS.iter().map(recommendation).collect()),
        ("parameters", "parameter", PARAMETERS.iter().map(parameter).collect()),
    ];
    for (page, head, rows) in tables {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{page}.md"));
        let expected = with_table(&fs::read_to_string(&path).unwrap(), head, &rows);
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &expected).unwrap();
        }
        let is_current = fs::read_to_string(&path).unwrap() == expected;
        assert!(is_current, "docs/{page}.md is stale: run `UPDATE_DOCS=1 cargo test --test deployment`");
    }
}

#[test]
fn every_output_format_has_its_row_in_the_documents() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md")).unwrap();
    let (_, table) = page.split_once("\n| format |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let names: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(names, Format::ALL.map(|format| format.name));
}
