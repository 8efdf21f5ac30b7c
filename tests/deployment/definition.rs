//! The rule definition, the README and the rule's own metadata agree.

use cloudtrail_all_regions::rule::cloudtrail_all_regions::RULE;
use serde_json::Value;

const PLACEHOLDER: &str = "arn:aws:lambda:REGION:ACCOUNT:function:cloudtrail-all-regions";

fn rule_definition() -> Value {
    serde_json::from_str(include_str!("../../rule-definition.json")).unwrap()
}

#[test]
fn rule_definition_json_is_the_rules_own_definition() {
    assert_eq!(rule_definition(), RULE.definition(PLACEHOLDER));
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
        let parameter = RULE.parameters.iter().find(|parameter| parameter.name == name);
        assert_eq!(parameter.unwrap().default, value.as_str(), "{name}");
    }
}

#[test]
fn the_readmes_table_is_the_rules_own_parameters() {
    let readme = include_str!("../../README.md");
    let rows: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| parameter "))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected: Vec<String> = RULE
        .parameters
        .iter()
        .map(|parameter| {
            let default = parameter.default.map_or("unset".to_owned(), |default| format!("`{default}`"));
            format!("| `{}` | {default} | {} | {} |", parameter.name, parameter.valid, parameter.meaning)
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_readme_has_the_recommendations_number_in_each_benchmark() {
    let readme = include_str!("../../README.md");
    for recommendation in RULE.recommendations {
        let row = format!("| {} | {} |", recommendation.benchmark, recommendation.number);
        assert!(readme.lines().any(|line| line == row), "{row}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn the_readmes_reasons_are_those_that_the_command_line_explains() {
    let rows: Vec<&str> = include_str!("../../README.md")
        .lines()
        .skip_while(|line| !line.starts_with("| code "))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected: Vec<String> = cloudtrail_all_regions::cli::explain::reasons()
        .iter()
        .map(|reason| {
            let allowed_by = reason.allowed_by.map_or(String::new(), |name| format!(" `{name}` may allow it."));
            format!("| `{}` | {} | {}{allowed_by} |", reason.code, reason.meaning, reason.remedy.text)
        })
        .collect();
    assert_eq!(rows, expected);
}

#[cfg(feature = "cli")]
#[test]
fn every_reason_code_is_explained_once() {
    let source = include_str!("../../src/rule/cloudtrail_all_regions.rs");
    let (_, rest) = source.split_once("pub fn code(&self)").unwrap();
    let (codes, _) = rest.split_once("/// What a trail is").unwrap();
    let codes: Vec<&str> = codes.split('"').skip(1).step_by(2).collect();
    let explained: Vec<&str> =
        cloudtrail_all_regions::cli::explain::reasons().iter().map(|reason| reason.code).collect();
    assert_eq!(codes, explained);
}
