//! Hostile text in every string of every input: whatever the command and the format, nothing of it acts on who reads.

use std::{ffi::OsString, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloudtrail_all_regions::{
    cli,
    report::format::Format,
    stand_in::{Fault, Misbehaviour, digests::gzip},
};
use flate2::read::GzDecoder;
use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Live, ended, example, read_json};

/// Escape sequences, marks of direction, invisible characters, line breaks; HTML, Markdown, links, mentions; what the AWS
/// CLI takes for a file. It sets no style: a style is what this program itself may send.
const HOSTILE: &str = "file://x\u{1b}]0;t\u{7}\u{1b}[2J\u{9b}2J\u{202e}\u{2066}\u{200b}\u{feff}\u{ad}\u{e0041}\r\n\u{7f}\u{85}\u{2028}\
                       `x` <b>|</b> [l](http://e.example) @user www.e.example https://e.example #1 ${x} =1+1";

/// A path to every string of a document.
fn strings(document: &Value) -> Vec<String> {
    let of = |members: Vec<(String, &Value)>| {
        members
            .into_iter()
            .flat_map(|(name, member)| {
                let name = name.replace('~', "~0").replace('/', "~1");
                strings(member).into_iter().map(move |path| format!("/{name}{path}"))
            })
            .collect()
    };
    match document {
        Value::String(_) => vec![String::new()],
        Value::Array(items) => of(items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()),
        Value::Object(members) => of(members.iter().map(|(name, member)| (name.clone(), member)).collect()),
        _ => Vec::new(),
    }
}

/// The document once for each of its strings, hostile there; with control characters as they can be in JSON alone, too.
fn hostile(document: &Value) -> impl Iterator<Item = Value> {
    strings(document).into_iter().map(|path| {
        let mut document = document.clone();
        *document.pointer_mut(&path).unwrap() = format!("{HOSTILE}\0").into();
        document
    })
}

/// An account with a text of others in each place that has one.
fn account() -> Value {
    let mut account = read_json(&example("several-trails"));
    let failing = json!({
        "Name": "failing", "TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/failing", "HomeRegion": "us-east-1",
        "S3BucketName": "logs", "SnsTopicARN": "arn:aws:sns:us-east-1:123456789012:t", "KmsKeyId": "key",
        "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g", "IsMultiRegionTrail": true,
        "HasCustomEventSelectors": true,
        "GetTrailStatus": {"IsLogging": true, "LatestDeliveryError": "AccessDenied"},
        "GetEventSelectors": {"AdvancedEventSelectors": [{"Name": "n", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "eventType", "NotEquals": ["AwsServiceEvent"]},
        ]}]},
    });
    let refused = json!({"refused": {"operation": "GetTrailStatus", "code": "AccessDeniedException"}});
    let mut unreadable = failing.clone();
    unreadable["TrailARN"] = "arn:aws:cloudtrail:us-east-1:210987654321:trail/org".into();
    unreadable["GetTrailStatus"] = refused;
    account["trails"].as_array_mut().unwrap().extend([failing, unreadable]);
    account["discoveredTrails"] = json!(["failing", "gone"]);
    account
}

fn is_hidden(character: char) -> bool {
    character.is_control() || "\u{202e}\u{2066}\u{200b}\u{feff}\u{ad}\u{e0041}\u{2028}".contains(character)
}

/// What reaches a terminal, without the styles that the program sets itself.
fn assert_harmless(shown: &str, what: &str) {
    let styles = Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let shown = styles.replace_all(shown, "");
    assert!(!shown.contains(|character| character != '\n' && is_hidden(character)), "{what}: {shown:?}");
}

fn assert_sound(format: &str, shown: &str) {
    assert_harmless(shown, format);
    match format {
        // Refused, and said on standard error.
        _ if shown.is_empty() => {}
        "json" | "asff" | "evaluations" => assert!(serde_json::from_str::<Value>(shown).is_ok(), "{shown}"),
        "ocsf" => assert!(shown.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{shown}"),
        "csv" => {
            let mut reader = csv::Reader::from_reader(shown.as_bytes());
            let cells: Vec<String> =
                reader.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
            assert!(!cells.iter().any(|cell| cell.starts_with(['=', '+', '-', '@'])), "{shown}");
        }
        "html" | "junit" => assert!(!shown.contains("<b>") && !shown.contains("<a href=\"http://e"), "{shown}"),
        "markdown" => {
            let fences = Regex::new("(?s)\n(````*)sh\n.*?\n````*\n").unwrap();
            let prose = fences.replace_all(shown, "\n");
            for link in ["https://", "http://", "www.", "@user", "#1"] {
                assert!(!prose.contains(link), "{link}: {prose}");
            }
            let prose = prose.replace("<!-- -->", "");
            let mut before = ' ';
            for character in prose.chars() {
                assert!(character != '<' || before == '\\', "{prose}");
                before = character;
            }
        }
        _ => {}
    }
}

/// The program in this process: whatever it writes is seen as it is.
fn run(arguments: &[&str]) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("cloudtrail-all-regions").chain(arguments.iter().copied());
    cli::run(arguments.map(OsString::from), &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(out), text(err));
    assert_harmless(&err, "standard error");
    (out, err)
}

fn written(folder: &TempDir, document: &Value) -> String {
    let path = folder.path().join("input.json");
    fs::write(&path, document.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn in_every_string_of_evidence_it_does_nothing_in_any_format() {
    let folder = TempDir::new().unwrap();
    let mut seen = 0;
    for evidence in hostile(&account()) {
        let path = written(&folder, &evidence);
        for format in Format::ALL {
            let (out, _) =
                run(&["check", "--evidence", &path, "--parameter", "trailResults=true", "--format", format.name]);
            assert_sound(format.name, &out);
            seen += usize::from(out.contains("file://x") || out.contains("file:<!-- -->//x"));
        }
    }
    assert!(seen > 100, "{seen}");
}

/// What `prove` saves, with every member that such a file may have, of two Regions.
fn proof() -> Value {
    let mut proof = read_json(Path::new("examples/proofs/a-region-is-silent.json"));
    let delivery = &mut proof["trails"][0]["delivery"];
    let is_read = |read: &&Value| read["GetObject"].is_array();
    let mut one = delivery["regions"].as_array().unwrap().iter().find(is_read).unwrap().clone();
    let log_file = json!({"Key": "x", "LastModified": "2026-11-25T01:00:00Z"});
    let mut another = json!({"region": "ca-central-1", "digestFiles": [], "earlierDigestFiles": [log_file]});
    one["ownCall"] = json!({"requestId": "id", "at": "2026-11-25T01:00:00Z", "foundIn": log_file});
    one["GetTrailStatus"] = json!({"LatestDeliveryError": "AccessDenied"});
    another["logFiles"] = json!({"refused": {"operation": "ListObjectsV2", "code": "AccessDenied"}});
    let regions = [one, another];
    let listed = regions.iter().map(|read| json!({"RegionName": read["region"], "RegionOptStatus": "ENABLED"}));
    delivery["ListRegions"] = listed.collect();
    delivery["regions"] = json!(regions);
    proof
}

/// Proofs whose first digest file has hostile text inside, once in each of its strings.
fn hostile_digests(proof: &Value) -> impl Iterator<Item = Value> {
    const BODY: &str = "/trails/0/delivery/regions/0/GetObject/0/Object/Body";
    let bytes = STANDARD.decode(proof.pointer(BODY).unwrap().as_str().unwrap()).unwrap();
    let digest: Value = serde_json::from_reader(GzDecoder::new(&bytes[..])).unwrap();
    hostile(&digest).collect::<Vec<_>>().into_iter().map(|digest| {
        let mut proof = proof.clone();
        *proof.pointer_mut(BODY).unwrap() = STANDARD.encode(gzip(digest.to_string().as_bytes())).into();
        proof
    })
}

#[test]
fn in_every_string_of_a_proof_and_of_its_digest_files_it_does_nothing_in_any_format() {
    let folder = TempDir::new().unwrap();
    let proof = proof();
    let mut seen = 0;
    for evidence in hostile(&proof).chain(hostile_digests(&proof)) {
        let path = written(&folder, &evidence);
        for format in Format::ALL {
            let (out, err) = run(&["prove", "--evidence", &path, "--format", format.name]);
            assert_sound(format.name, &out);
            seen += usize::from(format!("{out}{err}").replace("<!-- -->", "").contains("file://x"));
        }
    }
    assert!(seen > 100, "{seen}");
}

/// What a run's folder says of an organization, with every member that it may have.
fn run_of_an_organization() -> Value {
    let account = |account_id: &str, path: Value, status: &str, error: Value| json!({"accountId": account_id, "name": "n", "state": "ACTIVE", "path": path, "status": status, "error": error});
    json!({
        "formatVersion": 1, "region": "us-east-1", "ruleParameters": {"s3BucketName": "logs"}, "isListed": true,
        "organization": {
            "id": "o-exampleorgid", "managementAccountId": "123456789012", "problems": ["a page was refused"],
            "names": {"r-1": "Root", "ou-1": "Sandbox"},
        },
        "accounts": [
            account("123456789012", json!(["r-1"]), "denied", json!("AssumeRole AccessDenied")),
            account("210987654321", json!(["r-1", "ou-1"]), "skipped", Value::Null),
        ],
    })
}

#[test]
fn in_every_string_of_an_organizations_run_it_does_nothing_in_any_format() {
    let mut seen = 0;
    for run_file in hostile(&run_of_an_organization()) {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("run.json"), run_file.to_string()).unwrap();
        for format in Format::ALL {
            let path = folder.path().to_str().unwrap();
            let (out, err) = run(&["check", "--evidence", path, "--format", format.name]);
            assert_sound(format.name, &out);
            seen += usize::from(format!("{out}{err}").replace("<!-- -->", "").contains("file://x"));
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn no_printed_command_holds_what_the_aws_cli_takes_for_a_file_or_an_option() {
    let folder = TempDir::new().unwrap();
    for value in ["file:///etc/passwd", "fileb://x", "http://x", "--endpoint-url=http://x", "-x", "FILE://x"] {
        let mut evidence = account();
        for trail in evidence["trails"].as_array_mut().unwrap() {
            for name in ["TrailARN", "Name", "S3BucketName", "KmsKeyId"] {
                trail[name] = value.into();
            }
            if let Some(told) = trail.pointer_mut("/GetEventSelectors/TrailARN") {
                *told = value.into();
            }
        }
        let (out, _) = run(&["check", "--evidence", &written(&folder, &evidence)]);
        let commands: Vec<&str> = out.lines().filter(|line| line.trim_start().starts_with("$ ")).collect();
        assert!(!commands.iter().any(|command| command.contains(value)), "{commands:?}");
        assert!(out.contains("A command is left out"), "{out}");
    }
}

#[test]
fn in_every_string_of_an_event_and_of_its_account_it_does_nothing() {
    let folder = TempDir::new().unwrap();
    let event = read_json(Path::new("tests/cli/events/trail-changed.json"));
    let account = folder.path().join("account.json");
    let mut of_event = read_json(&example("stopped"));
    of_event["accountId"] = event["accountId"].clone();
    fs::write(&account, of_event.to_string()).unwrap();
    let account = account.to_str().unwrap();
    let mut events: Vec<Value> = hostile(&event).collect();
    let invoking: Value = serde_json::from_str(event["invokingEvent"].as_str().unwrap()).unwrap();
    events.extend(hostile(&invoking).map(|invoking| {
        let mut event = event.clone();
        event["invokingEvent"] = invoking.to_string().into();
        event
    }));
    events.extend([json!({HOSTILE: 1}), json!({"detail-type": HOSTILE}), json!({"Records": HOSTILE})]);
    let mut seen = 0;
    for event in events {
        let path = written(&folder, &event);
        for format in ["table", "json", "evaluations"] {
            let (out, err) = run(&["invoke", "--account", account, "--event", &path, "--log", "--format", format]);
            assert_sound(format, &out);
            seen += usize::from(out.contains("file://x")) + usize::from(err.contains("file://x"));
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn in_what_an_invocation_records_it_does_nothing() {
    let folder = TempDir::new().unwrap();
    let mut account = read_json(&example("stopped"));
    let arn = format!("arn:aws:cloudtrail:us-east-1:123456789012:trail/{HOSTILE}");
    account["trails"][0]["TrailARN"] = arn.as_str().into();
    account["trails"][0]["GetEventSelectors"]["TrailARN"] = arn.as_str().into();
    account["discoveredTrails"] = json!([arn, format!("gone {HOSTILE}")]);
    let (out, _) = run(&["invoke", "--account", &written(&folder, &account), "--parameter", "trailResults=true"]);
    assert_harmless(&out, "invoke");
    for shown in ["AWS::CloudTrail::Trail  arn:aws:cloudtrail:us-east-1:123456789012:trail/file://x?", "gone file://x?"]
    {
        assert!(out.contains(shown), "{shown}: {out}");
    }
}

#[tokio::test]
async fn in_what_aws_says_of_an_error_it_does_nothing() {
    for (status, code, message, ends, shown) in [
        (400, "AccessDeniedException", HOSTILE, 2, "GetTrailStatus AccessDeniedException: file://x?]0;t??[2J"),
        (503, HOSTILE, "", 2, "error: account 123456789012: "),
    ] {
        let live = Live::example("compliant").await;
        let (code, message) = (code.to_owned(), message.to_owned());
        live.stand_in.world().add_fault(Fault::on("GetTrailStatus", Misbehaviour::Error { status, code, message }));
        for command in ["check", "compare"] {
            let mut command = live.command(&[command]);
            command.env("CLICOLOR_FORCE", "1");
            let ran = ended(command).await;
            assert_harmless(&ran.stdout, "standard output");
            assert_harmless(&ran.stderr, "standard error");
            assert_eq!(ran.code, Some(ends), "{ran:?}");
            assert!(ran.stderr.contains(shown), "{ran:?}");
        }
    }
}

#[test]
fn in_every_argument_it_does_nothing() {
    let pair = format!("s3BucketName={HOSTILE}");
    let unknown = format!("{HOSTILE}=1");
    let evidence = example("stopped");
    let evidence = evidence.to_str().unwrap();
    let function = format!("arn:aws:lambda:{HOSTILE}:123456789012:function:f");
    for arguments in [
        &["check", "--evidence", HOSTILE][..],
        &["check", "--evidence", evidence, "--output", &format!("/absent/{HOSTILE}")],
        &["check", "--evidence", evidence, "--parameter", &pair],
        &["check", "--evidence", evidence, "--parameter", &unknown],
        &["check", "--evidence", evidence, "--parameter", &unknown, "--parameter", &unknown],
        &["invoke", "--account", HOSTILE],
        &["invoke", "--event", HOSTILE],
        &["invoke", "--parameters", HOSTILE],
        &["invoke", "--parameters", &json!({"s3BucketName": HOSTILE}).to_string()],
        &["invoke", "--parameters", &json!({HOSTILE: HOSTILE}).to_string()],
        &["explain", HOSTILE],
        &["definition", "--function-arn", &function],
        &["definition", "--function-arn", "arn:aws:lambda:us-east-1:123456789012:function:f", "--name", HOSTILE],
        &["definition", "--function-arn", "arn:aws:lambda:us-east-1:123456789012:function:f", "-p", &pair],
        &["check", "--format", HOSTILE],
        &["prove", "--evidence", HOSTILE],
        &["prove", "--evidence", evidence, "--trail", HOSTILE],
        &["prove", "--within", HOSTILE],
        &["prove", "--verify", HOSTILE],
        &["prove", "--wait", HOSTILE],
        &["prove", "--bucket-role", HOSTILE],
        &["check", HOSTILE],
        &[HOSTILE],
        &["man", HOSTILE],
        &["completions", HOSTILE],
    ] {
        let (out, _) = run(arguments);
        assert_harmless(&out, &arguments.join(" "));
    }
}

#[tokio::test]
async fn in_what_aws_answers_it_does_nothing() {
    let mut evidence = account();
    for trail in evidence["trails"].as_array_mut().unwrap() {
        for name in ["Name", "S3BucketName", "KmsKeyId", "SnsTopicARN", "CloudWatchLogsLogGroupArn"] {
            trail[name] = HOSTILE.into();
        }
    }
    let live = Live::serve(&evidence, |world| {
        for name in ["OrgConfigRule-cis-3-1-cloudtrail-all-regions-".to_owned() + HOSTILE, HOSTILE.to_owned()] {
            world.config_rule("123456789012", "us-east-1", &name);
        }
    })
    .await;
    for arguments in [
        &["check"][..],
        &["check", "--rule", HOSTILE],
        &["check", "--profile", HOSTILE],
        &["check", "--region", HOSTILE],
        &["check", "--save-evidence", "evidence.json"],
        &["prove", "--trail", "arn:aws:cloudtrail:us-east-1:123456789012:trail/failing"],
        &["prove", "--bucket-profile", HOSTILE],
        &["prove", "--bucket-role", &format!("arn:aws:iam::123456789012:role/{HOSTILE}")],
        &["compare"],
        &["doctor"],
        &["report", "--aggregator", HOSTILE],
        &["doctor", "--rule", HOSTILE],
        &["doctor", "--function", HOSTILE],
        &["compare", "--format", "json"],
        &["compare", "--rule", HOSTILE],
        &["compare", "--rule", &format!("x{HOSTILE}")],
    ] {
        let mut command = live.command(arguments);
        // So that nothing is taken away on the way.
        command.env("CLICOLOR_FORCE", "1");
        let ran = ended(command).await;
        assert_harmless(&ran.stdout, &arguments.join(" "));
        assert_harmless(&ran.stderr, &arguments.join(" "));
    }
}
