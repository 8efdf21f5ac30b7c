//! Each output format says what the report says. `tests/outside/formats` checks them against their published schemas.

use std::{env, ffi::OsString, fs, path::Path};

use cloudtrail_all_regions::{
    cli,
    report::{Report, Subject, format::Format},
    rule::{
        Question, ask,
        evidence::Evidence,
        parameters::{InputParameters, RuleParameters},
        reasons::Code,
    },
};
use serde_json::{Map, Value, json};

/// One account of each outcome.
const OUTCOMES: [(&str, &str); 4] = [
    ("compliant", "COMPLIANT"),
    ("stopped", "NON_COMPLIANT"),
    ("throttled", "NO_VERDICT"),
    ("in another Region", "NOT_APPLICABLE"),
];

fn example(name: &str) -> Report {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/accounts");
    report(&fs::read_to_string(folder.join(format!("{name}.json"))).unwrap())
}

fn report(evidence: &str) -> Report {
    Report::of(&Evidence::parse(evidence).unwrap(), &RuleParameters::default(), InputParameters::default())
}

fn by_parameters(parameters: &Value) -> Report {
    let evidence = example("compliant");
    let given: InputParameters = parameters.clone().into();
    let (account_id, region) = (evidence.account_id.unwrap(), evidence.region.unwrap());
    let Question::Decided { evaluations, .. } = ask(&given, &account_id, &region, None) else {
        panic!("{parameters} decides nothing");
    };
    let collected_at = evidence.collected_at.unwrap();
    Report::without_evidence(Subject { account_id, region, collected_at, rule_parameters: given }, evaluations)
}

fn outcome(name: &str) -> Report {
    match name {
        "in another Region" => by_parameters(&json!({"reportingRegion": "eu-west-1"})),
        name => example(name),
    }
}

/// An account whose trails all fail, one for each name.
fn failing(names: &[&str]) -> Report {
    let trails: Vec<Value> =
        names.iter().map(|name| json!({"Name": name, "S3BucketName": name, "IsMultiRegionTrail": false})).collect();
    let evidence = json!({
        "accountId": "123456789012", "region": "us-east-1", "collectedAt": "2026-11-01T12:00:00.123Z", "trails": trails,
    });
    report(&evidence.to_string())
}

fn render(format: &str, reports: &[Report]) -> String {
    let mut out = Vec::new();
    let format = Format::ALL.iter().find(|known| known.name == format).unwrap();
    format.render(&reports.into(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_could_not_be_verified_is_shown_as_such_and_counted_apart_in_every_format() {
    let refused = example("status-refused");
    let reports = [refused.clone(), example("stopped")];
    let json: Value = serde_json::from_str(&render("json", &reports)).unwrap();
    assert_eq!(json["accounts"][0]["complianceType"], "NON_COMPLIANT");
    assert_eq!([&json["accounts"][0]["verified"], &json["accounts"][1]["verified"]], [&json!(false), &json!(true)]);
    assert!(render("table", &reports).contains("NOT_VERIFIED"));
    assert!(render("markdown", &reports).contains("## NOT_VERIFIED: account"));
    assert!(render("csv", &reports).contains(",NON_COMPLIANT,false,"));
    let asff: Value = serde_json::from_str(&render("asff", &reports)).unwrap();
    assert_eq!(asff[0]["Compliance"]["Status"], "WARNING");
    let ocsf: Value = serde_json::from_str(render("ocsf", &[refused]).trim()).unwrap();
    assert_eq!((&ocsf["compliance"]["status"], &ocsf["compliance"]["status_id"]), (&json!("Warning"), &json!(2)));
    let junit = render("junit", &reports);
    assert!(
        junit.contains("tests=\"2\" failures=\"1\" errors=\"1\"") && junit.contains("<error type=\"NOT_VERIFIED\"")
    );
    let html = render("html", &reports);
    assert!(html.contains("<title>1 non-compliant, 1 not verified - "), "{html}");
    assert_eq!(render("evaluations", &reports).matches("\"NON_COMPLIANT\"").count(), 2);
}

#[test]
fn a_misconfigured_rule_is_verified() {
    assert_eq!(by_parameters(&json!({"checkDelivery": "x"})).verified, Some(true));
}

fn json(format: &str, reports: &[Report]) -> Value {
    serde_json::from_str(&render(format, reports)).unwrap()
}

fn csv(reports: &[Report]) -> Vec<Map<String, Value>> {
    let text = render("csv", reports);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

mod json {
    use super::*;

    fn schema() -> Value {
        serde_json::from_str(include_str!("../../src/report/report.schema.json")).unwrap()
    }

    fn is_valid(document: &Value) -> bool {
        jsonschema::draft202012::new(&schema()).unwrap().is_valid(document)
    }

    #[test]
    fn every_example_account_is_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/accounts");
        let mut seen = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let document = json("json", &[report(&text)]);
            let schema = schema();
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            let problems: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert_eq!(problems, Vec::<String>::new(), "{document:#}");
            seen += 1;
        }
        assert!(seen > 10);
    }

    #[test]
    fn what_is_decided_by_parameters_saved_with_calls_or_of_several_accounts_is_valid() {
        let mut called = example("compliant");
        called.calls = serde_json::from_value(json!([
            {"operation": "DescribeTrails", "region": "us-east-1", "at": "2026-11-01T12:00:00.123Z", "requestId": "1"},
            {"operation": "GetTrailStatus", "region": "us-east-1", "at": "2026-11-01T12:00:01Z", "errorCode": "TimedOut"},
        ]))
        .unwrap();
        let misconfigured = by_parameters(&json!({"checkDelivery": "perhaps"}));
        let broken = by_parameters(&json!("{checkDelivery"));
        let reports = [called, misconfigured, broken, outcome("in another Region"), failing(&["a", ""])];
        assert!(is_valid(&json("json", &reports)));
    }

    #[test]
    fn a_broken_document_is_not_valid() {
        let valid = json("json", &[example("stopped"), example("throttled"), example("compliant")]);
        assert!(is_valid(&valid));
        for (pointer, broken) in [
            ("/accounts", json!(null)),
            ("/accounts/0/accountId", json!("12345678901")),
            ("/accounts/0/collectedAt", json!(1_793_534_400)),
            ("/accounts/0/collectedAt", json!("2026-11-01T12:00:00+01:00")),
            ("/accounts/0/complianceType", json!("INSUFFICIENT_DATA")),
            ("/accounts/0/complianceType", json!(null)),
            ("/accounts/0/annotation", json!("")),
            ("/accounts/0/evaluations", json!([])),
            ("/accounts/1/complianceType", json!("COMPLIANT")),
            ("/accounts/0/evaluations/0/annotation", json!("x".repeat(257))),
            ("/accounts/0/evaluations/0/annotation", json!("\n")),
            ("/accounts/0/evaluations/0/resourceType", json!("AWS::S3::Bucket")),
            ("/accounts/0/trails/0/reasons", json!([])),
            ("/accounts/0/trails/0/reasons/0/code", json!("bad-luck")),
            ("/accounts/0/trails/0/reasons/0/remedy/commands", json!("aws")),
            ("/accounts/0/trails/0/result", json!("Pass")),
            ("/accounts/0/trails/0/allowedBy", json!("checkDelivery")),
            ("/accounts/2/trails/0/satisfaction", json!(null)),
            ("/accounts/0/calls", json!([{"operation": "DescribeTrails"}])),
        ] {
            let mut document = valid.clone();
            *document.pointer_mut(pointer).unwrap() = broken.clone();
            assert!(!is_valid(&document), "{pointer}: {broken}");
        }
        for pointer in ["", "/accounts/0", "/accounts/0/trails/0", "/accounts/0/trails/0/reasons/0/remedy"] {
            let mut more = valid.clone();
            more.pointer_mut(pointer).unwrap()["more"] = json!(1);
            assert!(!is_valid(&more), "{pointer}");
            let names: Vec<String> = valid.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
            for name in names {
                let mut less = valid.clone();
                less.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(&name);
                assert!(!is_valid(&less), "{pointer}/{name}");
            }
        }
    }

    #[test]
    fn every_property_of_the_schema_is_described() {
        fn visit(path: &str, schema: &Value, seen: &mut usize) {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                assert!(property["title"].is_string() && property["description"].is_string(), "{path}/{name}");
                *seen += 1;
            }
            for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
                assert!(definition["title"].is_string() && definition["description"].is_string(), "{name}");
                visit(name, definition, seen);
            }
        }
        let mut seen = 0;
        visit("", &schema(), &mut seen);
        assert!(seen > 30, "{seen}");
    }

    /// `UPDATE_DOCS` writes them.
    #[test]
    fn the_schema_lists_the_reason_codes() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/report.schema.json");
        let text = fs::read_to_string(&path).unwrap();
        let start = "\"description\": \"Stable; docs/reasons.md explains each.\",\n          \"enum\": [\n";
        let (before, rest) = text.split_at(text.find(start).unwrap() + start.len());
        let codes: Vec<String> = Code::ALL.iter().map(|code| format!("            \"{code}\"")).collect();
        let expected = format!("{before}{}{}", codes.join(",\n"), &rest[rest.find("\n          ]").unwrap()..]);
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &expected).unwrap();
        }
        let is_current = fs::read_to_string(&path).unwrap() == expected;
        assert!(is_current, "report.schema.json is stale: run `UPDATE_DOCS=1 cargo test --test command_line`");
    }
}

mod asff {
    use super::*;

    #[test]
    fn each_outcome_has_its_status_and_no_verdict_makes_no_finding() {
        for (name, verdict) in OUTCOMES {
            let findings = json("asff", &[outcome(name)]);
            let said = |finding: &Value| {
                [&finding["Compliance"]["Status"], &finding["Severity"]["Label"], &finding["RecordState"]]
                    .map(|value| value.as_str().unwrap().to_owned())
            };
            let found: Vec<[String; 3]> = findings.as_array().unwrap().iter().map(said).collect();
            let expected: &[[&str; 3]] = match verdict {
                "COMPLIANT" => &[["PASSED", "INFORMATIONAL", "ACTIVE"]],
                "NON_COMPLIANT" => &[["FAILED", "HIGH", "ACTIVE"]],
                "NOT_APPLICABLE" => &[["NOT_AVAILABLE", "INFORMATIONAL", "ARCHIVED"]],
                _ => &[],
            };
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_finding_keeps_its_id_when_the_verdict_changes() {
        let findings = json("asff", &[example("compliant"), example("stopped")]);
        assert_eq!(findings[0]["Id"], findings[1]["Id"]);
        assert_eq!(findings[0]["GeneratorId"], findings[1]["GeneratorId"]);
    }

    #[test]
    fn the_product_is_the_accounts_own_in_the_partition_of_the_region() {
        for (region, partition) in
            [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("us-iso-east-1", "aws-iso")]
        {
            let mut report = example("stopped");
            report.region = Some(region.to_owned());
            let arn = format!("arn:{partition}:securityhub:{region}:123456789012:product/123456789012/default");
            assert_eq!(json("asff", &[report])[0]["ProductArn"], arn);
        }
    }

    #[test]
    fn an_account_with_many_trails_has_32_resources_and_says_how_many_trails_there_were() {
        let names: Vec<String> = (0..40).map(|n| format!("trail-{n:02}")).collect();
        let findings = json("asff", &[failing(&names.iter().map(String::as_str).collect::<Vec<_>>())]);
        assert_eq!(findings[0]["Resources"].as_array().unwrap().len(), 32);
        assert_eq!(findings[0]["ProductFields"]["TrailsSeen"], "40");
    }

    #[test]
    fn rule_parameters_are_cut_at_what_a_product_field_takes() {
        let mut report = example("stopped");
        report.rule_parameters = json!({"s3BucketName": "é".repeat(2048)}).into();
        let findings = json("asff", &[report]);
        let field = findings[0]["ProductFields"]["RuleParameters"].as_str().unwrap();
        assert!(field.len() <= 2048 && field.ends_with("é..."), "{field}");
    }

    #[test]
    fn a_remedy_is_whole_or_not_there() {
        let recommended = |names: &[&str]| {
            let findings = json("asff", &[failing(names)]);
            findings[0]["Remediation"]["Recommendation"]["Text"].as_str().unwrap().to_owned()
        };
        let one = recommended(&["audit"]);
        let words = "Let the trail record every Region. Data events that it takes are then taken, and charged, in every \
                     Region.";
        assert!(one.starts_with(&format!("audit: {words} aws cloudtrail update-trail --name audit ")), "{one}");
        assert!(one.ends_with("--region HOME_REGION"), "{one}");

        let closing = "For every remedy run cloudtrail-all-regions check.";
        let long = recommended(&[&"x".repeat(400)]);
        assert!(long.ends_with(&format!("{words} {closing}")), "{long}");
        let broken = recommended(&["a\nb"]);
        let left_out =
            "A command is left out: one of its values would be taken for a file, an option or control characters.";
        assert_eq!(broken, format!("a b: {words} {left_out}"), "a command that would not be shown as it is is none");
        let many = recommended(&["one", "two", "three", "four", "five", "six", "seven"]);
        assert!(many.len() <= 512 && many.ends_with(closing), "{many}");
        assert!(!many.contains("..."), "{many}");
    }
}

mod ocsf {
    use super::*;

    #[test]
    fn each_outcome_has_its_status_and_no_verdict_is_unknown() {
        for (name, verdict) in OUTCOMES {
            let lines = render("ocsf", &[outcome(name)]);
            let said = |line: &str| {
                let event: Value = serde_json::from_str(line).unwrap();
                let number = |value: &Value| value.as_u64().unwrap();
                assert_eq!(number(&event["type_uid"]), 200_300 + number(&event["activity_id"]));
                (number(&event["compliance"]["status_id"]), number(&event["status_id"]), number(&event["severity_id"]))
            };
            let events: Vec<(u64, u64, u64)> = lines.lines().map(said).collect();
            let expected: &[(u64, u64, u64)] = match verdict {
                "COMPLIANT" => &[(1, 4, 1)],
                "NON_COMPLIANT" => &[(3, 1, 4)],
                "NOT_APPLICABLE" => &[(99, 5, 1)],
                _ => &[(0, 1, 1)],
            };
            assert_eq!(events, expected, "{name}");
        }
    }

    #[test]
    fn an_account_is_a_line_and_time_is_in_milliseconds() {
        let lines = render("ocsf", &[failing(&["a\nb"]), example("compliant"), example("throttled")]);
        assert_eq!(lines.lines().count(), 3);
        let event: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(event["time"], 1_793_534_400_123_u64);
    }
}

mod junit {
    use super::*;

    fn count(text: &str, of: &str) -> usize {
        text.matches(of).count()
    }

    #[test]
    fn each_outcome_is_a_test_case() {
        let reports = OUTCOMES.map(|(name, _)| outcome(name));
        let all = render("junit", &reports);
        assert!(
            all.contains("<testsuites name=\"cloudtrail-all-regions\" tests=\"4\" failures=\"1\" errors=\"1\">"),
            "{all}"
        );
        assert_eq!((count(&all, "<testsuite "), count(&all, "<testcase ")), (4, 4));
        for (name, verdict) in OUTCOMES {
            let one = render("junit", &[outcome(name)]);
            let elements = ["<failure ", "<error ", "<skipped "].map(|element| count(&one, element));
            let counted =
                ["failures=\"1\"", "errors=\"1\"", "skipped=\"1\""].map(|attribute| count(&one, attribute).min(1));
            let expected = match verdict {
                "NON_COMPLIANT" => [1, 0, 0],
                "NO_VERDICT" => [0, 1, 0],
                "NOT_APPLICABLE" => [0, 0, 1],
                _ => [0, 0, 0],
            };
            assert_eq!(elements, expected, "{name}");
            assert_eq!(counted, expected, "{name}");
        }
    }

    #[test]
    fn a_failing_second_trail_turns_nothing_red() {
        let text = render("junit", &[example("several-trails")]);
        assert_eq!(count(&text, "<failure"), 0);
        assert!(text.contains("<system-out>COMPLIANT"), "{text}");
        assert!(text.contains("FAIL     audit-data-events"), "{text}");
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let text = render("junit", &[failing(&["<a>&\"]]>\u{1}\u{FFFF}é"])]);
        assert!(text.contains("&lt;a&gt;&amp;&quot;]]&gt;"), "{text}");
        let forbidden = |c: char| matches!(c, '\0'..'\t' | '\u{B}'..' ' | '\u{FFFE}' | '\u{FFFF}');
        assert!(!text.contains(forbidden), "{text}");
        assert!(text.contains('é'));
    }
}

mod delivery {
    use super::*;

    /// What `prove` prints about the account of which one Region is silent.
    fn prove(format: &str) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/proofs/a-region-is-silent.json");
        let arguments = ["cloudtrail-all-regions", "prove", "--format", format, "--evidence"].map(OsString::from);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        cli::run(arguments.into_iter().chain([file.into_os_string()]), &mut out, &mut err);
        String::from_utf8(out).unwrap()
    }

    fn regions() -> Vec<Value> {
        let report: Value = serde_json::from_str(&prove("json")).unwrap();
        report["accounts"][0]["trails"][0]["delivery"]["regions"].as_array().unwrap().clone()
    }

    #[test]
    fn every_format_shows_every_region_and_the_one_that_is_silent() {
        let regions = regions();
        let silent: Vec<&Value> = regions.iter().filter(|region| region["code"] == "silent").collect();
        assert_eq!((regions.len(), silent.len()), (18, 1));
        for format in Format::ALL.iter().map(|format| format.name).filter(|name| *name != "evaluations") {
            let shown = prove(format);
            for region in &regions {
                assert!(shown.contains(region["region"].as_str().unwrap()), "{format}: {region}");
            }
            assert!(shown.contains("is silent since"), "{format}: {shown}");
        }
    }

    #[test]
    fn in_csv_the_regions_are_a_column_those_that_need_attention_first() {
        let text = prove("csv");
        let rows: Vec<Map<String, Value>> =
            ::csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.unwrap()).collect();
        assert_eq!(rows[0]["Delivery"], "DISPROVED");
        let cell = rows[0]["Regions"].as_str().unwrap();
        let lines: Vec<&str> = cell.split("; ").collect();
        assert_eq!(lines.len(), 18);
        assert!(lines[0].contains(": silent: is silent since") && lines[1].contains(": delivering: "), "{cell}");
        let without = super::csv(&[example("compliant")]);
        assert_eq!((&without[0]["Delivery"], &without[0]["Regions"]), (&json!(""), &json!("")));
    }

    #[test]
    fn in_findings_the_trail_has_its_regions() {
        let asff: Value = serde_json::from_str(&prove("asff")).unwrap();
        let other = asff[0]["Resources"][1]["Details"]["Other"].as_object().unwrap();
        assert_eq!(other.len(), 1 + 18);
        assert!(other["Delivery"].as_str().unwrap().starts_with("DISPROVED: "));
        let ocsf: Value = serde_json::from_str(prove("ocsf").trim()).unwrap();
        let delivery = &ocsf["resources"][1]["data"]["Delivery"];
        assert_eq!(delivery["regions"], json!(regions()));
        for region in regions() {
            let line = other[region["region"].as_str().unwrap()].as_str().unwrap();
            assert!(line.starts_with(&format!("{}: ", region["code"].as_str().unwrap())), "{line}");
        }
        let plain = json("asff", &[example("compliant")]);
        assert!(plain[0]["Resources"][1]["Details"].get("Other").is_none());
    }
}

mod csv {
    use super::*;

    #[test]
    fn a_trail_has_a_row_for_each_reason_and_one_if_it_passes() {
        let rows = super::csv(&[example("several-trails"), example("organization-member-unreadable")]);
        let said: Vec<(&str, &str)> =
            rows.iter().map(|row| (row["Name"].as_str().unwrap(), row["Reason"].as_str().unwrap_or(""))).collect();
        assert_eq!(
            said,
            [
                ("management-events", ""),
                ("audit-data-events", "no-management-events"),
                ("legacy-us-east-1", "single-region"),
                ("organization-trail", "status-unreadable"),
                ("organization-trail", "selectors-unreadable"),
            ]
        );
    }

    #[test]
    fn an_account_without_trails_has_a_row_with_its_remedy() {
        for (name, verdict) in OUTCOMES {
            assert_eq!(super::csv(&[outcome(name)])[0]["ComplianceType"], verdict);
        }
        let rows = super::csv(&[example("no-trail"), outcome("in another Region")]);
        assert_eq!(rows.len(), 2);
        assert!(rows[0]["Commands"].as_str().unwrap().starts_with("aws cloudformation deploy "));
        assert_eq!(rows[1]["Remedy"], "");
    }

    #[test]
    fn no_cell_is_a_formula_or_more_than_a_line() {
        for (name, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "' =1"),
            ("\r\n=1", "'  =1"),
            ("＝1", "'＝1"),
            ("a=1\nb, \"c\"", "a=1 b, \"c\""),
            ("a-b", "a-b"),
        ] {
            assert_eq!(super::csv(&[failing(&[name])])[0]["Name"], cell);
        }
    }
}

mod markdown {
    use super::*;

    #[test]
    fn text_stands_for_itself() {
        let text = render("markdown", &[failing(&["a|b`<i>*c*_d_[e](f)&amp;\\"])]);
        let cell = "| a\\|b\\`\\<i\\>\\*c\\*\\_d\\_\\[e\\](f)\\&amp;\\\\ |";
        assert!(text.contains(cell), "{text}");
    }

    #[test]
    fn commands_stay_in_their_fence() {
        let text = render("markdown", &[failing(&["a ``` # b"])]);
        assert_eq!(text.lines().filter(|line| line.trim_end_matches("sh") == "````").count(), 2, "{text}");
    }

    #[test]
    fn an_account_that_is_compliant_needs_no_remedy() {
        let text = render("markdown", &[example("several-trails")]);
        assert!(text.contains("\n## COMPLIANT: account 123456789012\n"), "{text}");
        assert!(text.contains("| Fail | legacy-us-east-1 | us-east-1 | `single-region` |"), "{text}");
        assert!(!text.contains("```"), "{text}");
        assert!(render("markdown", &[example("stopped")]).contains("\n```sh\naws cloudtrail start-logging "));
    }

    #[test]
    fn each_account_has_a_heading() {
        let text = render("markdown", &OUTCOMES.map(|(name, _)| outcome(name)));
        let headings: Vec<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(|heading| heading.replace(": account 123456789012", ""))
            .collect();
        assert_eq!(headings, ["NON_COMPLIANT", "NO_VERDICT", "COMPLIANT", "NOT_APPLICABLE"]);
    }
}

mod evaluations {
    use super::*;

    #[test]
    fn the_rows_are_those_of_the_report_and_no_verdict_has_none() {
        for (name, verdict) in OUTCOMES {
            let document = json("evaluations", &[outcome(name)]);
            let rows = document["Evaluations"].as_array().unwrap();
            let types: Vec<&Value> = rows.iter().map(|row| &row["ComplianceType"]).collect();
            let expected: &[&str] = if verdict == "NO_VERDICT" { &[] } else { &[verdict] };
            assert_eq!(types, expected);
        }
    }

    #[test]
    fn trails_have_rows_and_the_time_is_that_of_the_evidence() {
        let text =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/accounts/several-trails.json"));
        let evidence = Evidence::parse(&text.unwrap()).unwrap();
        let parameters = RuleParameters { trail_results: true, ..RuleParameters::default() };
        let document = json("evaluations", &[Report::of(&evidence, &parameters, InputParameters::default())]);
        let rows = document["Evaluations"].as_array().unwrap();
        assert!(rows.len() > 1);
        assert_eq!(rows[0]["ComplianceResourceType"], "AWS::::Account");
        assert_eq!(rows[1]["ComplianceResourceType"], "AWS::CloudTrail::Trail");
        assert!(rows.iter().all(|row| row["OrderingTimestamp"] == "2026-11-01T12:00:00Z"));
    }
}

#[test]
fn no_accounts_are_an_empty_document_of_every_format() {
    for format in Format::ALL {
        render(format.name, &[]);
    }
    assert_eq!(json("asff", &[]), json!([]));
    assert_eq!(json("evaluations", &[]), json!({"Evaluations": []}));
    let header = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (none, one) = (header(&render("csv", &[])), header(&render("csv", &[example("compliant")])));
    assert_eq!(none, one[..1]);
}
