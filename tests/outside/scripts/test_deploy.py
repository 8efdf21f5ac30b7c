"""scripts/deploy: what it calls, in which order, and how it ends."""

import base64
import hashlib
import shutil

import pytest
from scripts.conftest import first_words, version
from support.project import ROOT, TEMPLATES

DIGEST = hashlib.sha256(b"package\n").hexdigest()[:16]
KEY = f"cloudtrail-all-regions/cloudtrail-all-regions/package-{DIGEST}.zip"


def times(ended, start):
    return sum(call.startswith(start) for call in ended.calls)


def changes(account):
    """Of a whole deployment, in their order."""
    return [
        "cloudformation deploy --stack-name cloudtrail-all-regions-artifacts",
        "s3api put-object --bucket made-by-cloudtrail-all-regions-artifacts",
        "cloudformation deploy --stack-name cloudtrail-all-regions",
        "configservice start-config-rules-evaluation --config-rule-names cis-3-1-cloudtrail-all-regions",
    ]


def test_a_first_deployment_ends_compliant_and_its_result_is_printed_as_the_command_line_prints_it(account):
    ended = account.deploy()
    assert ended.exit_code == 0
    assert ended.stdout == (
        "AWS Config's results for the rule cis-3-1-cloudtrail-all-regions in eu-central-1:\n"
        "\n"
        "  COMPLIANT      AWS::::Account          123456789012\n"
        '                 says "why", in one line\n'
        "  NON_COMPLIANT  AWS::CloudTrail::Trail  one-region\n"
        "                 single-region"
    )


def test_the_bucket_comes_before_the_package_the_package_before_the_stack_the_stack_before_the_evaluation(account):
    ended = account.deploy()
    assert ended.changes == changes(account)
    given = f"ArtifactBucket=made-by-cloudtrail-all-regions-artifacts ArtifactKey={KEY} ArtifactVersion=v1"
    assert f"--parameter-overrides {given} Architecture=arm64 --region" in "\n".join(ended.calls)


def test_the_package_is_uploaded_with_its_checksum_to_a_bucket_of_the_account(account):
    (upload,) = [call for call in account.deploy().calls if call.startswith("s3api put-object")]
    assert f"--key {KEY} --body {account.package} --checksum-algorithm SHA256" in upload
    assert "--expected-bucket-owner 123456789012" in upload


def test_a_bucket_of_another_account_is_taken_only_where_that_is_named(account):
    refused = account.deploy("--artifact-bucket", "theirs", FAKE_AWS_BUCKET_OWNER="210987654321")
    assert (refused.exit_code, refused.changes[1:]) == (2, [])
    named = ["--artifact-bucket", "theirs", "--artifact-bucket-owner", "210987654321"]
    assert account.deploy(*named, FAKE_AWS_BUCKET_OWNER="210987654321").exit_code == 0


@pytest.mark.parametrize("versioning", ["Suspended", "Off"])
def test_in_a_bucket_without_versions_none_is_named_and_what_that_costs_is_told(account, versioning):
    ended = account.deploy("--artifact-bucket", "mine", FAKE_AWS_VERSIONING=versioning)
    assert ended.exit_code == 0
    assert f"ArtifactKey={KEY} ArtifactVersion= Architecture" in "\n".join(ended.calls).replace("''", "")
    assert "the bucket mine keeps no versions: whoever may write to it can put another package there" in ended.stderr


def test_where_the_function_runs_another_package_nothing_is_evaluated_and_both_are_told(account):
    other = account.folder / "other.zip"
    other.write_text("another package\n")
    ended = account.deploy(FAKE_AWS_RUNS=str(other))
    assert (ended.exit_code, times(ended, "configservice start")) == (2, 0)
    packages = (b"package\n", b"another package\n")
    ours, theirs = (base64.b64encode(hashlib.sha256(text).digest()).decode() for text in packages)
    assert ended.told() == (
        "deploy: function-of-cloudtrail-all-regions runs another package than "
        f"{account.package}: its CodeSha256 is {theirs}, not {ours}"
    )


def test_it_waits_for_the_new_result_not_for_the_old_one(account):
    assert times(account.deploy(), "sleep ") == 1


def test_a_repetition_does_the_same_and_another_package_has_another_key(account):
    account.deploy()
    again = account.deploy()
    assert (again.exit_code, again.changes) == (0, changes(account))
    assert len(set(account.keys())) == 1
    account.package.write_text("another package\n")
    account.deploy()
    assert len(set(account.keys())) == 2


@pytest.mark.parametrize(
    ("outcome", "exit_code", "out", "err"),
    [
        ("COMPLIANT", 0, "", ""),
        ("NON_COMPLIANT", 1, "", ""),
        ("NOT_APPLICABLE", 0, "Reported as NOT_APPLICABLE: Reported in us-east-1 only.", ""),
        ("FAILED", 2, "", "DescribeTrails ExpiredToken"),
        ("SILENT", 2, "", "no result within 30 seconds; look at the log group /aws/lambda/cloudtrail-all-regions"),
    ],
)
def test_the_exit_code_is_that_of_the_outcome_and_its_cause_is_told(account, outcome, exit_code, out, err):
    ended = account.deploy("--timeout", "30", FAKE_AWS_OUTCOME=outcome)
    assert ended.exit_code == exit_code
    assert out in ended.stdout
    assert err in ended.stderr


def test_it_waits_no_longer_than_it_was_told(account):
    ended = account.deploy("--timeout", "30", FAKE_AWS_OUTCOME="SILENT")
    assert ended.calls.count("sleep 10") == 3


@pytest.mark.parametrize(("busy", "exit_code"), [("2", 0), ("99", 2)])
def test_an_evaluation_that_runs_already_is_waited_for_but_not_for_ever(account, busy, exit_code):
    ended = account.deploy("--timeout", "20", FAKE_AWS_BUSY=busy)
    assert (ended.exit_code, times(ended, "configservice start")) == (exit_code, 3)


def test_a_bucket_of_yours_is_taken_and_none_is_made_and_all_options_reach_cloudformation(account):
    options = ["--artifact-bucket", "mine", "--stack-name", "s", "--architecture", "x86_64"]
    options += ["--role-arn", "arn:aws:iam::1:role/r", "--tag", "a=b", "--tag", "c=d e"]
    ended = account.deploy(*options, "MaximumExecutionFrequency=Six_Hours")
    assert [call for call in ended.changes if "deploy" in call] == ["cloudformation deploy --stack-name s"]
    given = "Architecture=x86_64 MaximumExecutionFrequency=Six_Hours --role-arn arn:aws:iam::1:role/r"
    assert rf"{given} --tags a=b c=d\ e --region eu-central-1" in "\n".join(ended.calls)


@pytest.mark.parametrize(("region", "setting"), [("cn-north-1", "AWS_REGION"), ("us-gov-west-1", "FAKE_AWS_REGION")])
def test_the_region_of_the_environment_and_of_the_aws_cli_is_taken(account, region, setting):
    ended = account.run("deploy", "--package", account.package, FAKE_AWS_IN=region, **{setting: region})
    assert ended.exit_code == 0


def test_a_stack_whose_creation_failed_is_deleted_first(account):
    account.put_stack("cloudtrail-all-regions", "ROLLBACK_COMPLETE")
    ended = account.deploy()
    first = "cloudformation delete-stack --stack-name cloudtrail-all-regions"
    assert (ended.exit_code, ended.changes[0]) == (0, first)


def test_a_stack_whose_update_failed_is_not_deleted(account):
    account.put_stack("cloudtrail-all-regions", "UPDATE_ROLLBACK_COMPLETE")
    ended = account.deploy()
    assert (ended.exit_code, times(ended, "cloudformation delete-stack")) == (0, 0)


def test_a_dry_run_changes_nothing_and_says_what_would(account):
    ended = account.deploy("--dry-run")
    assert (ended.exit_code, ended.changes) == (0, [])
    assert [first_words(line, 5) for line in ended.stdout.splitlines()] == [
        "aws cloudformation deploy --stack-name cloudtrail-all-regions-artifacts",
        "aws s3api put-object --bucket BUCKET",
        "aws cloudformation deploy --stack-name cloudtrail-all-regions",
        "aws configservice start-config-rules-evaluation --config-rule-names CONFIG_RULE_NAME",
    ]


def test_a_dry_run_builds_nothing_and_does_not_know_the_digest(account):
    ended = account.run("deploy", "--region", "eu-central-1", "--dry-run")
    assert ended.stdout.splitlines()[0] == "scripts/package --architecture arm64"
    assert "PACKAGE-DIGEST.zip" in ended.stdout


@pytest.fixture
def deploy_and_build(account, workshop):
    """Runs a copy of the scripts that builds the package itself."""
    shutil.copytree(ROOT / "scripts", workshop.folder / "scripts", dirs_exist_ok=True)
    shutil.copytree(TEMPLATES, workshop.folder / "cloudformation")

    def deploy(architecture):
        arguments = ["deploy", "--region", "eu-central-1", "--architecture", architecture]
        path = [ROOT / "tests/outside/scripts/fake-cargo"]
        return account.run(*arguments, path=path, scripts=workshop.folder / "scripts", **workshop.variables())

    return deploy


def test_without_a_package_it_is_built(account, deploy_and_build):
    assert deploy_and_build("x86_64").exit_code == 0
    (uploaded,) = account.keys()
    assert f"/cloudtrail-all-regions-{version()}-x86_64-" in uploaded
    digest = uploaded.removesuffix(".zip").rpartition("-")[2]
    assert len(digest) == 16
    assert int(digest, 16) >= 0


def test_a_package_that_cannot_be_built_ends_it(deploy_and_build):
    # There is no linker for it.
    ended = deploy_and_build("arm64")
    assert (ended.exit_code, ended.changes) == (2, [])


@pytest.mark.parametrize(
    "refused",
    [
        "sts get-caller-identity",
        "configservice describe-configuration-recorder-status",
        "cloudformation deploy",
        "cloudformation describe-stacks",
        "s3api put-object",
        "lambda get-function-configuration",
        "configservice start-config-rules-evaluation",
        "configservice get-compliance-details-by-config-rule",
    ],
)
def test_a_refused_call_ends_it_and_is_told_and_is_the_last_but_for_the_reason(account, refused):
    ended = account.deploy(FAKE_AWS_FAIL=refused)
    assert ended.exit_code == 2
    assert "You are not authorized" in ended.stderr
    calls = [call for call in ended.calls if "describe-stack-events" not in call]
    assert first_words(calls[-1], 2) == refused


def test_the_cause_of_a_failed_deployment_is_told_of_this_one(account):
    assert account.deploy(FAKE_AWS_FAIL="cloudformation deploy").told() == (
        "deploy: the stack cloudtrail-all-regions-artifacts was not deployed: Function: The bucket is in another Region"
    )


def test_without_a_recorder_nothing_is_deployed_and_the_cause_is_told(account):
    ended = account.deploy(FAKE_AWS_RECORDING="None")
    assert (ended.exit_code, ended.changes) == (2, [])
    assert "AWS Config has no configuration recorder in eu-central-1" in ended.stderr


def test_a_recorder_that_is_off_is_enough_but_what_it_costs_is_told(account):
    ended = account.deploy(FAKE_AWS_RECORDING="False")
    assert ended.exit_code == 0
    assert "is not woken by changes" in ended.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        "--regio",
        "--region",
        "--region US/1",
        "--architecture arm",
        "--artifact-bucket-owner 1",
        "--timeout x",
        "--timeout 0",
        "--package /nowhere",
        "Nonsense=1",
        "ArtifactKey=x",
        "CreateRule=false",
        "lower=1",
        "x",
    ],
)
def test_wrong_usage_is_64_and_calls_nothing(account, wrong):
    ended = account.run("deploy", "--region", "eu-central-1", *wrong.split())
    assert (ended.exit_code, ended.stdout, ended.calls) == (64, "", ())


def test_no_region_is_wrong_usage(account):
    ended = account.run("deploy")
    assert (ended.exit_code, ended.stdout) == (64, "")
