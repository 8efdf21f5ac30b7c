//! The example accounts get the verdicts that the specification gives them.

use std::{collections::BTreeSet, fs, path::Path};

use cloudtrail_all_regions::rule::{evidence::Evidence, judge, parameters::RuleParameters, reasons::Code};

use crate::evidence_schema::against_evidence_schema;

/// File, the account's compliance type (`-`: nothing is reported), and each trail's reason codes in the order of the
/// annotation: multi-Region trails first, then by ARN.
const VERDICTS: &[(&str, &str, &[&[&str]])] = &[
    ("compliant", "COMPLIANT", &[&[]]),
    ("data-events-only", "NON_COMPLIANT", &[&["no-management-events"]]),
    ("default-selectors", "COMPLIANT", &[&[]]),
    ("delivery-failing", "NON_COMPLIANT", &[&["delivery-failing"]]),
    ("kms-events-excluded", "NON_COMPLIANT", &[&["excluded-event-sources"]]),
    ("no-trail", "NON_COMPLIANT", &[]),
    ("organization-management", "COMPLIANT", &[&[]]),
    ("organization-member-readable", "COMPLIANT", &[&[]]),
    ("organization-member-unreadable", "NON_COMPLIANT", &[&["status-unreadable", "selectors-unreadable"]]),
    ("several-trails", "COMPLIANT", &[&["no-management-events"], &[], &["single-region"]]),
    ("single-region", "NON_COMPLIANT", &[&["single-region"]]),
    ("split-selectors", "NON_COMPLIANT", &[&["split-selectors"]]),
    ("status-refused", "NON_COMPLIANT", &[&["status-unreadable"]]),
    ("stopped", "NON_COMPLIANT", &[&["not-logging"]]),
    ("throttled", "-", &[&["unanswered"]]),
    ("trail-in-another-home-region", "COMPLIANT", &[&[]]),
    ("write-only", "NON_COMPLIANT", &[&["write-only"]]),
];

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/accounts").join(file)).unwrap()
}

#[test]
fn every_example_account_is_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/accounts");
    let files: BTreeSet<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, VERDICTS.iter().map(|(name, ..)| format!("{name}.json")).collect());
}

#[test]
fn every_example_account_has_its_verdict() {
    for (name, compliance_type, reasons) in VERDICTS {
        let text = read(&format!("{name}.json"));
        let problems = against_evidence_schema(&serde_json::from_str(&text).unwrap());
        assert_eq!(problems, Vec::<String>::new(), "{name}");
        let evidence = Evidence::parse(&text).unwrap();
        let verdict = judge(&evidence, &RuleParameters::default());
        let codes: Vec<Vec<&str>> =
            verdict.trails.iter().map(|judged| judged.codes().map(Code::as_str).collect()).collect();
        assert_eq!(codes, *reasons, "{name}");
        let reported = verdict.evaluations.map_or("-", |rows| rows[0].compliance_type.as_str());
        assert_eq!(reported, *compliance_type, "{name}");
    }
}

#[test]
fn an_unreadable_organization_trail_is_trusted_where_asked() {
    let evidence = Evidence::parse(&read("organization-member-unreadable.json")).unwrap();
    let trusting = RuleParameters { trust_organization_trail: true, ..RuleParameters::default() };
    let rows = judge(&evidence, &trusting).evaluations.unwrap();
    assert_eq!(rows[0].compliance_type.as_str(), "COMPLIANT");
    assert!(rows[0].annotation.as_str().starts_with("Trusted, not read:"));
}

#[test]
fn the_trails_of_a_compliant_account_turn_nothing_red() {
    let evidence = Evidence::parse(&read("several-trails.json")).unwrap();
    let with_rows = RuleParameters { trail_results: true, ..RuleParameters::default() };
    let rows = judge(&evidence, &with_rows).evaluations.unwrap();
    let rows: Vec<(&str, &str)> =
        rows.iter().map(|row| (row.resource.resource_id.as_str(), row.compliance_type.as_str())).collect();
    let expected = [
        ("123456789012", "COMPLIANT"),
        ("audit-data-events", "NOT_APPLICABLE"),
        ("legacy-us-east-1", "NOT_APPLICABLE"),
        ("management-events", "COMPLIANT"),
    ];
    assert_eq!(rows, expected);
}
