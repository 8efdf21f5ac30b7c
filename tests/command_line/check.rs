//! `check`.

use std::{fs, net::TcpListener, path::Path};

use super::harness::{Live, Ran, bare, ended, example, read_json};
use cloudtrail_all_regions::stand_in::{Fault, Misbehaviour};
use serde_json::{Value, json};

const RULE: &str = "cis-3-1-cloudtrail-all-regions";

/// What a verdict rests on: the compliance type, and each trail's name, result and reason codes.
fn verdict(ran: &Ran) -> Value {
    let account = &ran.json()["accounts"][0];
    let trails = account["trails"].as_array().unwrap().iter().map(|trail| {
        let codes: Vec<&Value> = trail["reasons"].as_array().unwrap().iter().map(|reason| &reason["code"]).collect();
        json!([trail["name"], trail["result"], codes])
    });
    json!([account["complianceType"], trails.collect::<Vec<_>>()])
}

/// One line that says what is wrong, with an exit code; nothing on standard output.
#[track_caller]
fn assert_says(ran: &Ran, code: i32, says: &[&str]) {
    let Ran { stdout, stderr, .. } = ran;
    assert_eq!(ran.code, Some(code), "{stdout}{stderr}");
    assert_eq!(stdout, "", "{stderr}");
    let (lines, tips) = (stderr.lines().count(), stderr.matches("\n\n  tip: ").count());
    assert_eq!(lines, 1 + 2 * tips, "{stderr}");
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    let &[error] = errors.as_slice() else { panic!("{stderr}") };
    assert_eq!(stderr.lines().next(), Some(error), "{stderr}");
    for text in says {
        assert!(stderr.contains(text), "`{text}` is not in {stderr}");
    }
    for noise in ["panicked", "RUST_BACKTRACE", ".rs:", "SdkError", "DispatchFailure", "{"] {
        assert!(!stderr.contains(noise), "{stderr}");
    }
}

#[tokio::test]
async fn every_example_account_gets_live_the_verdict_of_its_file() {
    let mut examples: Vec<_> =
        fs::read_dir(example("x").parent().unwrap()).unwrap().map(|file| file.unwrap().path()).collect();
    examples.sort();
    assert!(examples.len() > 15);
    let checks = examples.iter().map(|path| async move {
        let live = Live::serve(&read_json(path), |_| {}).await;
        let offline =
            ended(bare(live.home.path(), &["check", "--format", "json", "--evidence", path.to_str().unwrap()])).await;
        let saved = live.path("saved.json").to_str().unwrap().to_owned();
        let online = live.run(&["check", "--format", "json", "--save-evidence", &saved]).await;
        let replayed = ended(bare(live.home.path(), &["check", "--format", "json", "--evidence", &saved])).await;
        assert_eq!((online.code, online.json()), (replayed.code, replayed.json()), "{}", path.display());
        assert_eq!(verdict(&online), verdict(&offline), "{}: {}", path.display(), online.stderr);
        assert_eq!(online.code, offline.code, "{}", path.display());
        let operations = live.operations();
        assert!(operations.contains(&"GetCallerIdentity".to_owned()), "{operations:?}");
        let reads = ["DescribeTrails", "GetCallerIdentity", "GetEventSelectors", "GetTrailStatus"];
        assert!(operations.iter().all(|operation| reads.contains(&operation.as_str())), "{operations:?}");
    });
    for check in checks {
        check.await;
    }
}

#[tokio::test]
async fn the_parameters_of_a_deployed_rule_are_taken() {
    let live = Live::serve(&read_json(&example("stopped")), |world| {
        let rule = world.config_rule("123456789012", "us-east-1", RULE);
        world.change_config_rule(&rule, |rule| {
            rule.insert("InputParameters".to_owned(), r#"{"s3BucketName":"another-bucket"}"#.into());
        });
    })
    .await;
    let ran = live.run(&["check", "--format", "json", "--rule", RULE]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let account = &ran.json()["accounts"][0];
    assert_eq!(account["ruleParameters"], json!({"s3BucketName": "another-bucket"}));
    let codes: Vec<_> =
        account["trails"][0]["reasons"].as_array().unwrap().iter().map(|reason| &reason["code"]).collect();
    assert_eq!(codes, ["not-logging", "other-bucket"]);
    assert!(!live.operations().contains(&"PutEvaluations".to_owned()));
}

#[tokio::test]
async fn rows_for_trails_are_those_that_aws_config_has_discovered() {
    let live = Live::example("compliant").await;
    let ran = live.run(&["check", "--format", "json", "--parameter", "trailResults=true"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(live.operations().contains(&"ListDiscoveredResources".to_owned()));
}

#[tokio::test]
async fn a_misconfigured_rule_is_its_verdict_and_nothing_is_read() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        let rule = world.config_rule("123456789012", "us-east-1", RULE);
        world.change_config_rule(&rule, |rule| {
            rule.insert("InputParameters".to_owned(), r#"{"checkDelivry":"true"}"#.into());
        });
    })
    .await;
    let ran = live.run(&["check", "--rule", RULE, "--save-evidence", "saved.json"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(ran.stderr, "warning: nothing was read, so saved.json is not written\n");
    assert!(!live.path("saved.json").exists());
    assert!(ran.stdout.contains("Rule misconfigured: `checkDelivry` is no parameter; the nearest is checkDelivery"));
    assert_eq!(live.operations(), ["DescribeConfigRules", "GetCallerIdentity"]);
}

#[tokio::test]
async fn broken_parameters_of_a_deployed_rule_are_shown_as_they_are() {
    let live = Live::serve(&read_json(&example("compliant")), |world| {
        let rule = world.config_rule("123456789012", "us-east-1", RULE);
        world.change_config_rule(&rule, |rule| {
            rule.insert("InputParameters".to_owned(), "{\"checkDelivery\"".into());
        });
    })
    .await;
    let shown = async |format| live.run(&["check", "--rule", RULE, "--format", format]).await;
    let table = shown("table").await;
    assert_eq!(table.code, Some(1), "{}", table.stderr);
    assert!(table.stdout.contains("\nParameters: {\"checkDelivery\"\n"), "{}", table.stdout);
    assert_eq!(shown("json").await.json()["accounts"][0]["ruleParameters"], "{\"checkDelivery\"");
    assert!(shown("html").await.stdout.contains("<dd><code>{&#34;checkDelivery&#34;</code></dd>"));
}

#[tokio::test]
async fn a_replay_asks_what_was_asked_and_says_what_was_said() {
    let live = Live::example("compliant").await;
    let file = live.path("evidence.json");
    let path = file.to_str().unwrap();
    let saved = ["check", "--save-evidence", path, "-p", "requireOrganizationTrail=true", "-p", "checkDelivery=false"];
    assert_eq!(live.run(&saved).await.code, Some(1));
    let replay = |more: &'static [&'static str]| {
        ended(bare(live.home.path(), &[&["check", "--format", "json", "--evidence", path], more].concat()))
    };

    let same = replay(&[]).await;
    assert_eq!((same.code, same.stderr.as_str()), (Some(1), ""));
    let other = replay(&["-p", "checkDelivery=true"]).await;
    let asked = json!({"requireOrganizationTrail": "true", "checkDelivery": "true"});
    assert_eq!(other.code, Some(1), "what is not given again is asked as it was saved");
    assert_eq!(other.json()["accounts"][0]["ruleParameters"], asked);

    for more in [&["-p", "requireOrganizationTrail=false"][..], &["-p", "reportingRegion=eu-west-1"]] {
        let other = replay(more).await;
        assert_eq!(other.code, Some(0));
        let warning =
            "decided NON_COMPLIANT (No trail passes: management-events: is no organization trail); with other";
        assert!(other.stderr.starts_with("warning: ") && other.stderr.contains(warning), "{}", other.stderr);
        assert_eq!(other.json()["accounts"][0]["savedVerdict"]["complianceType"], "NON_COMPLIANT");
    }
}

#[tokio::test]
async fn a_result_does_not_take_the_place_of_evidence() {
    let live = Live::example("compliant").await;
    let file = live.path("evidence.json");
    let path = file.to_str().unwrap();
    fs::create_dir(live.path("folder")).unwrap();
    for spelled in [path, "evidence.json", "./evidence.json", "folder/../evidence.json"] {
        let both = live.run(&["check", "--save-evidence", path, "--output", spelled]).await;
        assert_eq!(both.code, Some(64), "{spelled}: {}", both.stderr);
        assert!(!file.exists());
    }
    let mut to_the_same = live.command(&["check", "--save-evidence", path]);
    to_the_same.stdout(fs::File::create(&file).unwrap());
    let refused = tokio::task::spawn_blocking(move || to_the_same.spawn().unwrap().wait().unwrap()).await.unwrap();
    assert_eq!((refused.code(), fs::read_to_string(&file).unwrap().as_str()), (Some(64), ""));
    assert_eq!(live.run(&["check", "--save-evidence", path]).await.code, Some(0));
    let before = fs::read(&file).unwrap();
    for arguments in [["check", "--evidence", path, "--output", path], ["invoke", "--account", path, "--output", path]]
    {
        let ran = ended(bare(live.home.path(), &arguments)).await;
        assert_eq!(ran.code, Some(64));
        assert_eq!(ran.stderr, format!("error: --output would overwrite {path}; valid is another file\n"));
    }
    for command in [["check", "--evidence", path], ["invoke", "--account", path]] {
        let mut appended = bare(live.home.path(), &command);
        appended.stdout(fs::File::options().append(true).open(&file).unwrap());
        let ran = ended(appended).await;
        assert_eq!(ran.code, Some(64));
        assert_eq!(ran.stderr, format!("error: standard output would overwrite {path}; valid is another file\n"));
    }
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn saved_evidence_gives_the_same_verdict_and_holds_request_ids_and_no_secret() {
    let live = Live::example("several-trails").await;
    let file = live.path("evidence.json");
    let path = file.to_str().unwrap();
    let online =
        live.run(&["check", "--format", "json", "--parameter", "checkDelivery=false", "--save-evidence", path]).await;
    let offline = ended(bare(live.home.path(), &["check", "--format", "json", "--evidence", path])).await;
    assert_eq!(offline.stderr, "");
    assert_eq!(online.json(), offline.json());

    let text = fs::read_to_string(&file).unwrap();
    for secret in live.secrets() {
        assert!(!text.contains(secret) && !online.stdout.contains(secret));
    }
    let provenance = read_json(&file)["provenance"].take();
    assert_eq!(provenance["ruleParameters"], json!({"checkDelivery": "false"}));
    let calls = provenance["calls"].as_array().unwrap();
    let answered = live.stand_in.calls();
    assert_eq!(calls.len(), answered.len());
    assert!(calls.iter().all(|call| call["requestId"].as_str().is_some_and(|id| id.len() == 36)), "{calls:?}");
    assert!(!live.operations().contains(&"PutEvaluations".to_owned()));

    for (from, to) in [("us-east-1", "us-east-2"), ("\"checkDelivery\": \"false\"", "\"checkDelivery\": \"true\"")] {
        let changed = live.path("changed.json");
        fs::write(&changed, text.replacen(from, to, 1)).unwrap();
        let ran = ended(bare(live.home.path(), &["check", "--evidence", changed.to_str().unwrap()])).await;
        let sha256 = provenance["sha256"].as_str().unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""));
        assert!(ran.stderr.contains("changed after it was saved: its content checksum is "), "{}", ran.stderr);
        assert!(ran.stderr.contains(sha256), "{}", ran.stderr);
    }
}

/// Two profiles, without credentials.
fn shared_configuration(home: &Path) {
    fs::write(home.join("config"), "[default]\nregion = eu-west-1\n[profile audit]\nregion = eu-west-1\n").unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_credentials_profile_or_region_is_said_in_one_line() {
    let home = tempfile::TempDir::new().unwrap();
    shared_configuration(home.path());
    for (arguments, code, says) in [
        (
            &["check"][..],
            2,
            &[
                "NoCredentials: there are none in the environment or the profile",
                "tip: sign in with `aws sso login` or `aws configure`",
            ][..],
        ),
        (&["compare"], 2, &["NoCredentials", "--profile"]),
        (&["check", "--profile", "audti"], 64, &["there is no profile `audti`; the nearest is audit"]),
        (
            &["check", "--region", "eu-wset-1/x"],
            64,
            &["`eu-wset-1/x` is no name of a Region; the nearest is eu-west-1"],
        ),
        (&["compare", "--region", "EU"], 64, &["`EU` is no name of a Region"]),
        (
            &["check", "--parameter", "checkDelivry=true"],
            64,
            &["`checkDelivry` is no parameter; the nearest is checkDelivery"],
        ),
        (&["compare", "--parameter", "checkDelivery=maybe"], 64, &["checkDelivery is `maybe`; valid: true and false"]),
    ] {
        assert_says(&ended(bare(home.path(), arguments)).await, code, says);
    }
    fs::write(
        home.path().join("config"),
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = gone\n",
    )
    .unwrap();
    let ran = ended(bare(home.path(), &["check", "--region", "eu-west-1"])).await;
    assert_says(&ran, 2, &["NoCredentials: profile `gone` was not defined"]);

    fs::write(home.path().join("config"), "[default]\n").unwrap();
    let ran = ended(bare(home.path(), &["check"])).await;
    assert_says(&ran, 64, &["no Region is named: give --region, or set AWS_REGION or the profile's region"]);

    fs::write(home.path().join("config"), "[profile audit\nregion = eu-west-1\n").unwrap();
    for arguments in
        [&["check", "--profile", "audit"][..], &["check"], &["check", "--region", "eu-west-1"], &["compare"]]
    {
        let ran = ended(bare(home.path(), arguments)).await;
        assert_says(&ran, 64, &["cannot read the shared AWS configuration"]);
    }
}

#[tokio::test]
async fn a_region_that_this_version_does_not_know_is_asked_with_a_warning() {
    let live = Live::example("compliant").await;
    for command in ["check", "compare"] {
        let ran = live.run(&[command, "--region", "eu-wset-1"]).await;
        let warning = "warning: this version knows no Region `eu-wset-1`; the nearest is eu-west-1";
        assert_eq!(ran.stderr.lines().next(), Some(warning));
        assert!(live.stand_in.calls().iter().any(|call| call.region.as_deref() == Some("eu-wset-1")), "{}", ran.stderr);
    }
    let ran = live.run(&["check", "--parameter", "reportingRegion=eu-wset-1"]).await;
    assert_says(&ran, 64, &["reportingRegion is `eu-wset-1`"]);
}

#[tokio::test]
async fn each_call_is_said_where_that_is_wanted() {
    let live = Live::example("stopped").await;
    let ran = live.run(&["check", "--verbose"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let (mut said, ids): (Vec<&str>, Vec<&str>) =
        ran.stderr.lines().map(|line| line.split_once(", request id ").unwrap()).unzip();
    assert!(ids.iter().all(|id| !id.is_empty()));
    said.sort_unstable();
    let calls = ["DescribeTrails", "GetCallerIdentity", "GetEventSelectors", "GetTrailStatus"];
    assert_eq!(said, calls.map(|operation| format!("{operation} in us-east-1: answered")));

    let refused = live.run(&["check", "-v", "--quiet"]).await;
    assert_eq!(refused.code, Some(64));
    let live = Live::example("throttled").await;
    let ran = live.run(&["check", "-v"]).await;
    assert!(ran.stderr.contains("GetTrailStatus in us-east-1: ThrottlingException, request id "), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_profile_outranks_the_credentials_of_the_environment() {
    const OTHER: &str = "999988887777";
    let live = Live::example("compliant").await;
    let (own, keys) = {
        let mut world = live.stand_in.world();
        world.put_account(&json!({ "accountId": OTHER, "region": live.region, "trails": [] })).unwrap();
        (read_json(&example("compliant"))["accountId"].clone(), world.credentials(OTHER))
    };
    shared_configuration(&live.path("."));
    let profile = format!(
        "[audit]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        keys.access_key_id, keys.secret_access_key
    );
    fs::write(live.path("credentials"), profile).unwrap();
    for (arguments, profile_of_environment, account, code) in [
        (&["check", "--format", "json", "--profile", "audit"][..], "", json!(OTHER), 1),
        (&["check", "--format", "json", "--profile", "audit"], "default", json!(OTHER), 1),
        (&["check", "--format", "json"], "audit", own, 0),
    ] {
        let mut command = live.command(arguments);
        command.env("AWS_PROFILE", profile_of_environment);
        let ran = ended(command).await;
        assert_eq!((ran.code, &ran.json()["accounts"][0]["accountId"]), (Some(code), &account), "{}", ran.stderr);
    }
    fs::write(live.path("credentials"), "").unwrap();
    assert_says(&live.run(&["check", "--profile", "audit"]).await, 2, &["NoCredentials"]);
}

#[tokio::test]
async fn what_aws_refuses_is_said_in_one_line_without_credentials() {
    let refused = |status, code: &str| Misbehaviour::Error {
        status,
        code: code.to_owned(),
        message: "The security token AKIASECRET is not valid".to_owned(),
    };
    for (fault, says) in [
        (Fault::always(refused(403, "ExpiredToken")), &["ExpiredToken", "tip: the credentials have expired"][..]),
        (Fault::always(refused(403, "InvalidClientTokenId")), &["InvalidClientTokenId", "tip: AWS does not know"]),
        (Fault::always(refused(403, "SignatureDoesNotMatch")), &["SignatureDoesNotMatch", "clock"]),
        (Fault::on("DescribeTrails", refused(400, "ExpiredTokenException")), &["DescribeTrails ExpiredTokenException"]),
        (Fault::on("GetCallerIdentity", Misbehaviour::Deny), &["GetCallerIdentity AccessDenied"]),
        (Fault::on("GetCallerIdentity", Misbehaviour::Hang), &["GetCallerIdentity TimedOut", "proxy or firewall"]),
        (Fault::on("GetCallerIdentity", Misbehaviour::Throttle), &["GetCallerIdentity Throttling"]),
    ] {
        let live = Live::serve(&read_json(&example("compliant")), |world| world.add_fault(fault)).await;
        let ran = live.run(&["check"]).await;
        assert_says(&ran, 2, says);
        assert!(!ran.stderr.contains("AKIA"), "{}", ran.stderr);
    }
    let live = Live::example("compliant").await;
    let ran = live.run(&["check", "--rule", "no-such-rule"]).await;
    assert_says(&ran, 2, &["NoSuchConfigRuleException", "no-such-rule", "describe-config-rules"]);
}

#[tokio::test]
async fn an_endpoint_that_nobody_serves_is_said_in_one_line() {
    let live = Live::example("compliant").await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = live.command(&["check"]);
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    assert_says(&ended(command).await, 2, &["GetCallerIdentity ConnectionFailed", "tip: is the network up"]);
}

#[tokio::test]
async fn a_throttled_account_has_no_verdict() {
    let live = Live::example("throttled").await;
    let ran = live.run(&["check"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stdout.contains("\nNO_VERDICT  account 123456789012"), "{}", ran.stdout);
    assert!(ran.stderr.contains("error: account 123456789012: no verdict: "), "{}", ran.stderr);
}

#[tokio::test]
async fn evidence_that_cannot_be_read_is_said_in_one_line() {
    let home = tempfile::TempDir::new().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("latin-1.json"), b"{\"accountId\": \"\xe9\"}").unwrap();
    fs::write(at("broken.json"), "{\n  \"accountId\": \"123456789012\",\n  oops\n}").unwrap();
    fs::write(at("empty.json"), "").unwrap();
    fs::write(at("list.json"), "[]").unwrap();
    let files = [
        ("missing.json", "cannot read"),
        ("folder", "no file that ends in .json"),
        ("latin-1.json", "UTF-8"),
        ("broken.json", "line 3 column 3"),
        ("empty.json", "it is empty"),
        ("list.json", "it is a list where an object belongs"),
    ];
    for (name, says) in files {
        let ran = ended(bare(home.path(), &["check", "--evidence", &at(name)])).await;
        assert_says(&ran, 64, &[&at(name), says]);
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_said_and_leaves_nothing_behind() {
    let live = Live::example("compliant").await;
    fs::create_dir(live.path("folder")).unwrap();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(live.home.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    for option in ["--output", "--save-evidence"] {
        for name in ["missing/file.json", "folder"] {
            let path = live.path(name);
            let ran = live.run(&["check", option, path.to_str().unwrap()]).await;
            assert_says(&ran, 2, &[&format!("cannot write {}: ", path.display())]);
        }
    }
    assert_eq!(names(), before);
    assert_eq!(fs::read_dir(live.path("folder")).unwrap().count(), 0);

    let file = live.path("report.json");
    fs::write(&file, "as it was").unwrap();
    let writable = fs::metadata(&file).unwrap().permissions();
    let mut read_only = writable.clone();
    read_only.set_readonly(true);
    fs::set_permissions(&file, read_only).unwrap();
    for option in ["--output", "--save-evidence"] {
        let ran = live.run(&["check", option, file.to_str().unwrap()]).await;
        assert_says(&ran, 2, &["report.json: permission denied"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "as it was");
    }
    fs::set_permissions(&file, writable).unwrap();
    let ran = live.run(&["check", "--output", file.to_str().unwrap(), "--save-evidence", "missing/x"]).await;
    assert_eq!(ran.code, Some(2));
    assert_eq!(fs::read_to_string(&file).unwrap(), "as it was");
    let ran = live.run(&["check", "--format", "json", "--output", file.to_str().unwrap()]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(read_json(&file)["accounts"][0]["complianceType"], "COMPLIANT");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let ran = live.run(&["check", "--save-evidence", file.to_str().unwrap()]).await;
        assert_eq!(ran.code, Some(0));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_an_error_and_a_reader_that_has_left_is_none() {
    let live = Live::example("stopped").await;
    let ran = live.run(&["check", "--output", "/dev/full"]).await;
    assert_says(&ran, 2, &["cannot write /dev/full: No space left on device"]);

    let mut full = live.command(&["check"]);
    full.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let ran = tokio::task::spawn_blocking(move || {
        full.stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
    });
    let ran = ran.await.unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8(ran.stderr).unwrap().starts_with("error: cannot write the result: No space left"));

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut closed = live.command(&["check"]);
    closed.stdout(writer);
    let ran = tokio::task::spawn_blocking(move || {
        closed.stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
    });
    let ran = ran.await.unwrap();
    assert_eq!((ran.status.code(), ran.stderr.as_slice()), (Some(1), &b""[..]));
}

/// A shell shows the end by a signal as 128 and the signal's number: 130 for SIGINT, which is 2.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_interrupt_while_waiting_for_aws_ends_the_command_and_writes_nothing() {
    use std::{os::unix::process::ExitStatusExt as _, process::Command, time::Duration};

    let live = Live::serve(&read_json(&example("compliant")), |world| {
        world.add_fault(Fault::on("DescribeTrails", Misbehaviour::Hang));
    })
    .await;
    let file = live.path("report.txt");
    let waiting = live.command(&["check", "--output", file.to_str().unwrap()]);
    // Where the tests run in the background, SIGINT is ignored, and children inherit that.
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=INT").arg(waiting.get_program()).args(waiting.get_args());
    command.env_clear().envs(waiting.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut waiting = command.spawn().unwrap();
    let is_asked = async {
        while !live.operations().contains(&"DescribeTrails".to_owned()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_asked).await.unwrap();
    assert!(
        Command::new("sh")
            .args(["-c", "kill -INT \"$1\"", "sh", &waiting.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let status = tokio::task::spawn_blocking(move || waiting.wait().unwrap()).await.unwrap();
    assert_eq!(status.signal(), Some(2));
    assert!(!file.exists());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn evidence_that_goes_into_a_pipe_has_no_checksum_beside_it() {
    let live = Live::example("compliant").await;
    let pipe = live.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = tokio::task::spawn_blocking(move || fs::read_to_string(pipe).unwrap());
    let ran = live.run(&["check", "--save-evidence", "pipe"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(serde_json::from_str::<Value>(&reader.await.unwrap()).unwrap()["provenance"]["sha256"].is_string());
    assert!(!live.path("pipe.sha256").exists());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_limit_on_the_size_of_files_is_an_error_and_leaves_nothing_behind() {
    let live = Live::example("compliant").await;
    fs::write(live.path("page.html"), "as it was").unwrap();
    let limited = live.command(&[]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -f 1; exec \"$0\" check --output page.html"]).arg(limited.get_program());
    shell.current_dir(live.home.path()).env_clear().stdin(std::process::Stdio::null());
    shell.envs(limited.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = ended(shell).await;
    assert_says(&ran, 2, &["cannot write page.html: "]);
    assert_eq!(fs::read_to_string(live.path("page.html")).unwrap(), "as it was");
    assert_eq!(fs::read_dir(live.home.path()).unwrap().count(), 1);
}
