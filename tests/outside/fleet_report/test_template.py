"""fleet-report.yaml: who may silence, what the build may do, and that a build that fails or does not run is told."""

import json
import re
import subprocess

import pytest
from cloudformation.template import Stack, actions, load
from fleet_report.conftest import CENTRAL, RULE, TOPIC, member
from support.project import TEMPLATES, TOOLS

PATH = TEMPLATES / "fleet-report.yaml"
PACKAGE = {"ArtifactBucket": "packages", "ArtifactKey": "program.tar.gz", "ArtifactVersion": "v1"}
# What the build's commands need in IAM's names.
OF_THE_AWS_CLI = {
    "organizations list-accounts": {"organizations:ListAccounts"},
    "s3api get-object": {"s3:GetObjectVersion"},
    "sns publish": {"sns:Publish"},
}
OF_CODEBUILD = {"logs:CreateLogStream", "logs:PutLogEvents"}


def stack(**parameters):
    return Stack(PATH, **PACKAGE, **parameters)


def denied(parameters, sid):
    (statement,) = [
        each
        for each in stack(**parameters).properties("BucketPolicy")["PolicyDocument"]["Statement"]
        if each["Sid"] == sid
    ]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    return statement


def test_nobody_writes_exceptions_but_those_who_are_named():
    nobody = denied({}, "OnlyNamedPrincipalsWriteExceptions")
    assert nobody["Action"] == ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert nobody["Resource"] == "arn:aws:Bucket:Arn/state/exceptions.toml"
    assert "Condition" not in nobody
    writers = [f"arn:aws:iam::{CENTRAL}:role/Risk", f"arn:aws:iam::{CENTRAL}:user/somebody"]
    named = denied({"ExceptionWriterArns": ",".join(writers)}, "OnlyNamedPrincipalsWriteExceptions")
    assert named == nobody | {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": writers}}}


def test_nobody_writes_reports_but_the_build():
    statement = denied({}, "OnlyTheBuildWritesReports")
    assert statement["Action"] == ["s3:PutObject", "s3:DeleteObjectVersion"]
    assert statement["Resource"] == ["arn:aws:Bucket:Arn/reports/*", "arn:aws:Bucket:Arn/state/last.json"]
    assert statement["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:BuildRole:Arn"}}


def test_nothing_goes_to_the_bucket_in_the_clear():
    statement = denied({}, "TlsOnly")
    assert (statement["Action"], len(statement["Resource"])) == ("s3:*", 2)
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def allowed(policy, **parameters):
    policies = stack(**parameters).properties("BuildRole")["Policies"]
    (document,) = [each["PolicyDocument"] for each in policies if each["PolicyName"] == policy]
    return {action for statement in document["Statement"] for action in actions(statement)}


def test_the_build_may_do_exactly_what_its_commands_do(build):
    fleet = build()
    fleet.record(member(7), "NON_COMPLIANT", "There is no trail: DescribeTrails lists none.")
    assert fleet.run()[0] == 0
    config = {f"config:{call['operation']}" for call in fleet.stand_in.calls()} - {"config:GetCallerIdentity"}
    called = [json.loads(line) for line in (fleet.folder / "calls").read_text().splitlines()]
    named = {" ".join(call[:2]) for call in called}
    assert named == OF_THE_AWS_CLI.keys() | {"s3 cp"}
    organizations = OF_THE_AWS_CLI["organizations list-accounts"]
    assert allowed("report") == config | organizations
    copies = {"s3:ListBucket", "s3:GetObject", "s3:PutObject"}
    others = set().union(*OF_THE_AWS_CLI.values()) - organizations
    assert allowed("build") == copies | others | OF_CODEBUILD
    key = f"arn:aws:kms:us-east-1:{CENTRAL}:key/1234"
    assert allowed("build", KmsKeyArn=key) - allowed("build") == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_shellcheck_finds_nothing_in_the_commands(build, tmp_path):
    assert build().run()[0] == 0
    script = tmp_path / "build-1/fleet-report.sh"
    found = subprocess.run([TOOLS / "shellcheck", "--shell", "bash", script], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


def test_a_build_that_does_not_end_well_is_told_at_once():
    rule = stack(TopicArn=TOPIC).properties("BuildFailed")
    pattern = rule["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.codebuild"], ["CodeBuild Build State Change"])
    assert pattern["detail"]["project-name"] == ["the-Build"]
    # AWS CodeBuild API, Build: buildStatus has these, SUCCEEDED and IN_PROGRESS.
    assert set(pattern["detail"]["build-status"]) == {"FAILED", "FAULT", "STOPPED", "TIMED_OUT"}
    (target,) = rule["Targets"]
    transformer = target["InputTransformer"]
    assert target["Arn"] == TOPIC
    names = set(re.findall(r"<(\w+)>", transformer["InputTemplate"]))
    assert names == transformer["InputPathsMap"].keys()
    lines = [json.loads(line) for line in transformer["InputTemplate"].splitlines()]
    assert "nobody was told" in lines[0]


def test_a_build_that_does_not_run_is_told_by_an_alarm():
    alarm = stack(TopicArn=TOPIC).properties("SilenceAlarm")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/CodeBuild", "SucceededBuilds", "Sum")
    assert alarm["Dimensions"] == [{"Name": "ProjectName", "Value": "the-Build"}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["Period"] * alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (30 * 3600, "breaching")
    assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]


@pytest.mark.parametrize(
    ("expression", "is_admitted"),
    [
        ("cron(0 7 * * ? *)", True),
        ("cron(30 1,13 * * ? *)", True),
        ("cron(0 7 ? * MON *)", False),
        ("cron(0 7 1 * ? *)", False),
        ("rate(7 days)", False),
    ],
)
def test_no_schedule_is_admitted_that_the_alarm_would_take_for_silence(expression, is_admitted):
    pattern = load(PATH)["Parameters"]["ScheduleExpression"]["AllowedPattern"]
    assert bool(re.search(pattern, expression)) == is_admitted


def test_only_its_own_rule_and_alarm_publish_to_the_topic():
    policy = stack().properties("TopicPolicy")["PolicyDocument"]["Statement"]
    sources = {each["Principal"]["Service"]: each["Condition"] for each in policy}
    assert sources == {
        "events.amazonaws.com": {"ArnEquals": {"aws:SourceArn": "arn:aws:BuildFailed:Arn"}},
        "cloudwatch.amazonaws.com": {"ArnEquals": {"aws:SourceArn": "arn:aws:SilenceAlarm:Arn"}},
    }
    assert all((each["Effect"], each["Action"]) == ("Allow", "sns:Publish") for each in policy)


def test_the_key_that_is_given_encrypts_all_that_is_kept_and_sent():
    key = f"arn:aws:kms:us-east-1:{CENTRAL}:key/1234"
    given = stack(KmsKeyArn=key)
    (rule,) = given.properties("Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert given.properties("LogGroup")["KmsKeyId"] == given.properties("Topic")["KmsMasterKeyId"] == key
    assert given.properties("Build")["EncryptionKey"] == key
    (rule,) = stack().properties("Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}


def test_it_looks_for_the_rule_under_its_default_name():
    assert load(PATH)["Parameters"]["RuleNames"]["Default"] == RULE
