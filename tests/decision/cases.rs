//! Every case below `tests/cases/cloudtrail_all_regions` holds, and every row of the specification has a case.
//!
//! A case gives an Evidence, or the file that holds it, and rule parameters, and expects what the row of
//! `tests/cases/rows.json` that it names says. A new case is a new file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cloudtrail_all_regions::rule::{
    Question, ask,
    evaluation::{EvaluatedResource, Evaluation},
    evidence::Evidence,
    judge,
    observed::Observed,
    parameters::PARAMETERS,
    reasons::{AskedBy, Code},
    trail::JudgedTrail,
};
use serde::Deserialize;
use serde_json::Value;

use crate::evidence_schema::against_evidence_schema;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Case {
    row: String,
    given: Value,
    rule_parameters: Option<Value>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Expect {
    compliance_type: Option<String>,
    #[serde(default)]
    indeterminate: bool,
    /// By name, or by ARN where names are the same. Absent exactly where the parameters decide.
    trails: Option<BTreeMap<String, ExpectedTrail>>,
    annotation_starts_with: Option<String>,
    #[serde(default)]
    annotation_contains: Vec<String>,
    #[serde(default)]
    annotation_in_order: Vec<String>,
    #[serde(default)]
    annotation_once: Vec<String>,
    #[serde(default)]
    annotation_lacks: Vec<String>,
    trail_rows: Option<BTreeSet<(String, String)>>,
    #[serde(default)]
    trail_row_annotation_contains: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ExpectedTrail {
    result: String,
    /// Absent where the specification names no code.
    reasons: Option<Vec<String>>,
}

/// The rows of section 4 that are about no one parameter.
const ROWS_OF_ALL_PARAMETERS: [&str; 7] =
    ["unknown-name", "bad-value", "not-an-object", "trimmed", "json-booleans-and-numbers", "string-or-object", "unset"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

fn rows() -> BTreeMap<String, String> {
    serde_json::from_str(&fs::read_to_string(folder("rows.json")).unwrap()).unwrap()
}

/// The evidence itself, where a case names its file.
fn given(case: &Case) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &String| serde_json::from_str(&fs::read_to_string(root.join(file)).unwrap()).unwrap();
    if let Value::String(file) = &case.given { read(file) } else { case.given.clone() }
}

fn case_files() -> Vec<(String, String)> {
    let files = fs::read_dir(folder("cloudtrail_all_regions")).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<(String, String)> = files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

#[test]
fn every_case_holds() {
    let mut failures = Vec::new();
    for (file, text) in case_files() {
        let outcome = serde_json::from_str::<Case>(&text).map_err(|error| vec![error.to_string()]);
        if let Err(wrong) = outcome.and_then(|case| run(&case)) {
            failures.extend(wrong.into_iter().map(|what| format!("{file}: {what}")));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_case_names_a_row_and_every_row_has_a_case() {
    let rows: BTreeSet<String> = rows().into_keys().collect();
    let named: BTreeSet<String> = case_files()
        .iter()
        .filter_map(|(_, text)| serde_json::from_str::<Case>(text).ok())
        .map(|case| case.row)
        .collect();
    assert_eq!(named, rows);
}

#[test]
fn every_example_account_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = fs::read_dir(root.join("examples/accounts")).unwrap().map(|entry| entry.unwrap().path());
    let examples: BTreeSet<PathBuf> = examples.map(|path| path.strip_prefix(root).unwrap().to_owned()).collect();
    let named: BTreeSet<PathBuf> = case_files()
        .iter()
        .filter_map(|(_, text)| serde_json::from_str::<Case>(text).ok()?.given.as_str().map(PathBuf::from))
        .collect();
    assert_eq!(named, examples);
}

#[test]
fn every_parameter_has_a_row_and_every_row_a_parameter() {
    let rows = rows();
    let of_section_4: BTreeSet<&str> = rows.keys().filter_map(|row| row.strip_prefix("4.")).collect();
    let declared = PARAMETERS.iter().map(|parameter| parameter.name).chain(ROWS_OF_ALL_PARAMETERS);
    assert_eq!(of_section_4, declared.collect::<BTreeSet<&str>>());
}

#[test]
fn every_reason_has_a_row_and_a_case_that_expects_it() {
    let (rows, cases) = (rows(), case_files());
    let cases: Vec<Case> = cases.iter().filter_map(|(_, text)| serde_json::from_str(text).ok()).collect();
    let trails = || cases.iter().flat_map(|case| case.expect.trails.iter().flat_map(BTreeMap::values));
    let expected: BTreeSet<&str> =
        trails().flat_map(|trail| trail.reasons.iter().flatten()).map(String::as_str).collect();
    // `prove` has cases of its own: `tests/cases/delivery`.
    let of_rule = || Code::ALL.iter().filter(|code| code.about().asked_by != AskedBy::Prove);
    assert_eq!(of_rule().map(|code| code.as_str()).collect::<BTreeSet<_>>(), expected);
    for code in of_rule() {
        let row = code.about().row;
        assert!(rows.keys().any(|key| key == row || key.starts_with(&format!("{row}."))), "{code}: {row}");
    }
}

/// Runs a case as the handler would; what is wrong, if anything is.
fn run(case: &Case) -> Result<(), Vec<String>> {
    let given = given(case);
    let against_schema = against_evidence_schema(&given);
    if !against_schema.is_empty() {
        return Err(against_schema);
    }
    let evidence = Evidence::parse(&given.to_string()).map_err(|error| vec![error.to_string()])?;
    let parameters = case.rule_parameters.clone().unwrap_or_default().into();
    let mut wrong = Vec::new();
    let evaluations = match ask(&parameters, &evidence.account_id, &evidence.region, evidence.deleted_trail.as_deref())
    {
        Question::Decided { evaluations, .. } => {
            check(&mut wrong, case.expect.trails.is_none(), || {
                "the parameters decide, so no trail is judged".to_owned()
            });
            Ok(evaluations)
        }
        Question::Read(parameters) => {
            let verdict = judge(&evidence, &parameters);
            check_trails(&mut wrong, &case.expect, &verdict.trails);
            let is_verified = is_verified(&case.expect, &evidence);
            check(&mut wrong, verdict.is_verified == is_verified, || format!("verified: {}", verdict.is_verified));
            verdict.evaluations
        }
    };
    match evaluations {
        Err(indeterminate) => check(&mut wrong, case.expect.indeterminate, || indeterminate.to_string()),
        Ok(evaluations) => check_evaluations(&mut wrong, &case.expect, &evidence, &evaluations),
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// What section 3 of the specification says of the trails that the case expects.
fn is_verified(expect: &Expect, evidence: &Evidence) -> bool {
    let results: BTreeSet<&str> = expect.trails.iter().flatten().map(|(_, trail)| trail.result.as_str()).collect();
    let is_listed = !matches!(evidence.trails, Observed::Refused { .. });
    is_listed && (results.contains("Pass") || !results.contains("Unknown"))
}

fn check(wrong: &mut Vec<String>, holds: bool, what: impl FnOnce() -> String) {
    if !holds {
        wrong.push(what());
    }
}

fn check_trails(wrong: &mut Vec<String>, expect: &Expect, judged: &[JudgedTrail]) {
    let Some(expected) = &expect.trails else {
        return wrong.push("the case does not say what becomes of each trail".to_owned());
    };
    check(wrong, judged.len() == expected.len(), || format!("{} trails were judged", judged.len()));
    for trail in judged {
        let (name, arn) = (trail.trail.display_name(), trail.trail.trail_arn.as_deref().unwrap_or_default());
        let Some(expected) = expected.get(arn).or_else(|| expected.get(name)) else {
            wrong.push(format!("nothing is expected of trail {name}"));
            continue;
        };
        let result = format!("{:?}", trail.result);
        let reasons: Vec<&str> = trail.codes().map(Code::as_str).collect();
        check(wrong, result == expected.result, || format!("trail {name} is {result} for {reasons:?}"));
        if let Some(expected) = &expected.reasons {
            check(wrong, reasons == *expected, || format!("the reasons of trail {name} are {reasons:?}"));
        }
        check(wrong, (result == "Pass") == reasons.is_empty(), || format!("trail {name} is {result} for {reasons:?}"));
    }
}

fn check_evaluations(wrong: &mut Vec<String>, expect: &Expect, evidence: &Evidence, evaluations: &[Evaluation]) {
    let [account, rows @ ..] = evaluations else {
        return wrong.push("the account has no row".to_owned());
    };
    let account_resource = EvaluatedResource::account(&evidence.account_id);
    check(wrong, account.resource == account_resource, || format!("the first row is of {:?}", account.resource));
    let compliance_type = account.compliance_type.as_str();
    let annotation = account.annotation.as_str();
    check(wrong, !expect.indeterminate && expect.compliance_type.as_deref() == Some(compliance_type), || {
        format!("the account is {compliance_type}: {annotation}")
    });
    for evaluation in evaluations {
        let text = evaluation.annotation.as_str();
        let is_legal = (1..=256).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        check(wrong, is_legal, || format!("no legal annotation: {text:?}"));
    }
    if let Some(start) = &expect.annotation_starts_with {
        check(wrong, annotation.starts_with(start), || format!("does not start with `{start}`: {annotation}"));
    }
    for piece in &expect.annotation_contains {
        check(wrong, annotation.contains(piece), || format!("`{piece}` is not in: {annotation}"));
    }
    for piece in &expect.annotation_lacks {
        check(wrong, !annotation.contains(piece), || format!("`{piece}` is in: {annotation}"));
    }
    for piece in &expect.annotation_once {
        check(wrong, annotation.matches(piece).count() == 1, || format!("`{piece}` is not once in: {annotation}"));
    }
    let places: Vec<Option<usize>> = expect.annotation_in_order.iter().map(|piece| annotation.find(piece)).collect();
    check(wrong, places.is_sorted() && !places.contains(&None), || format!("not in order: {annotation}"));

    let given: Vec<(String, String)> =
        rows.iter().map(|row| (row.resource.resource_id.clone(), row.compliance_type.as_str().to_owned())).collect();
    let of_trails = rows.iter().all(|row| row.resource.resource_type == EvaluatedResource::TRAIL);
    check(wrong, of_trails, || format!("a row that is no trail's: {rows:?}"));
    if let Some(expected) = &expect.trail_rows {
        let is_exact = given.len() == expected.len() && given.iter().all(|row| expected.contains(row));
        check(wrong, is_exact, || format!("the trail rows are {given:?}"));
    }
    for (id, pieces) in &expect.trail_row_annotation_contains {
        let text = rows.iter().find(|row| row.resource.resource_id == *id).map_or("", |row| row.annotation.as_str());
        for piece in pieces {
            check(wrong, text.contains(piece), || format!("`{piece}` is not in the row of {id}: {text}"));
        }
    }
}
