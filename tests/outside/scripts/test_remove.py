"""scripts/remove: what is deleted, and what is not."""

import pytest
from scripts.conftest import first_words

STACKS = ["cloudtrail-all-regions", "cloudtrail-all-regions-artifacts"]


@pytest.fixture
def deployed(account):
    assert account.deploy().exit_code == 0
    return account


def test_a_dry_run_removes_nothing_and_says_what_would(deployed):
    ended = deployed.remove("--dry-run")
    assert (ended.exit_code, ended.changes, deployed.stacks()) == (0, [], STACKS)
    assert [first_words(line, 5) for line in ended.stdout.splitlines()] == [
        "aws cloudformation delete-stack --stack-name cloudtrail-all-regions",
        "aws cloudformation wait stack-delete-complete --stack-name",
        "aws s3api delete-object --bucket made-by-cloudtrail-all-regions-artifacts",
        "aws cloudformation delete-stack --stack-name cloudtrail-all-regions-artifacts",
        "aws cloudformation wait stack-delete-complete --stack-name",
    ]


@pytest.mark.parametrize(("answer", "exit_code"), [("", 64), ("no\n", 2)])
def test_without_a_yes_nothing_is_removed(deployed, answer, exit_code):
    ended = deployed.run("remove", "--region", "eu-central-1", stdin=answer)
    assert (ended.exit_code, ended.changes, deployed.stacks()) == (exit_code, [], STACKS)


def test_a_yes_removes_the_stacks_and_empties_the_bucket(deployed):
    ended = deployed.run("remove", "--region", "eu-central-1", stdin="yes\n")
    assert (ended.exit_code, deployed.stacks(), deployed.objects()) == (0, [], [])


def test_a_repetition_finds_nothing_and_says_so(deployed):
    assert deployed.remove().exit_code == 0
    ended = deployed.remove()
    assert (ended.exit_code, ended.changes) == (0, [])
    assert "there is nothing to remove" in ended.stderr


def test_in_a_bucket_of_yours_only_its_own_packages_are_deleted_and_no_other_stack_is_touched(account):
    account.deploy("--artifact-bucket", "mine")
    account.deploy("--artifact-bucket", "mine")
    others = ["mine/other/package.zip", "mine/cloudtrail-all-regions/another-stack/package.zip"]
    for place in others:
        account.put_object(place)
    account.put_stack("another-stack")
    account.remove()
    assert (account.keys(), account.stacks()) == (others, ["another-stack"])


def test_every_version_of_every_package_is_deleted(deployed):
    deployed.deploy()
    deployed.package.write_text("another package\n")
    deployed.deploy()
    assert len(deployed.objects()) == 3
    assert (deployed.remove().exit_code, deployed.objects()) == (0, [])


PACKAGE = "cloudtrail-all-regions/cloudtrail-all-regions/package.zip"


@pytest.mark.parametrize("bucket", ["made-by-cloudtrail-all-regions-artifacts", "mine"])
@pytest.mark.parametrize("call_as", ["SELF", "DELEGATED_ADMIN"])
def test_a_package_that_a_stack_set_names_stays_and_with_it_all_else(account, bucket, call_as):
    account.deploy(*(["--artifact-bucket", "mine"] if bucket == "mine" else []))
    before = account.objects(), account.stacks()
    ended = account.remove(FAKE_AWS_STACK_SET=f"{bucket} {PACKAGE}", FAKE_AWS_CALL_AS=call_as)
    assert (ended.exit_code, ended.changes, (account.objects(), account.stacks())) == (2, [], before)
    assert ended.told() == (
        f"remove: the stack set organization takes its package from s3://{bucket}/{PACKAGE}; "
        "delete it first, or give it another package"
    )


@pytest.mark.parametrize("other", [f"other {PACKAGE}", "mine other/package.zip", "None None"])
def test_a_stack_set_with_another_package_does_not_matter(account, other):
    account.deploy("--artifact-bucket", "mine")
    assert (account.remove(FAKE_AWS_STACK_SET=other).exit_code, account.objects()) == (0, [])


def test_a_remediation_must_go_first_and_it_is_told(deployed):
    ended = deployed.remove(FAKE_AWS_REMEDIATIONS="1")
    assert (ended.exit_code, ended.changes) == (2, [])
    assert "delete the stack of remediation.yaml first" in ended.stderr


@pytest.mark.parametrize(
    "refused",
    [
        "sts get-caller-identity",
        "cloudformation describe-stacks",
        "configservice describe-remediation-configurations",
        "cloudformation list-stack-sets",
        "cloudformation delete-stack",
        "s3api list-object-versions",
        "s3api delete-object",
        "cloudformation wait",
    ],
)
def test_a_refused_call_ends_it_and_the_next_run_finishes_it(deployed, refused):
    ended = deployed.remove(FAKE_AWS_FAIL=refused)
    assert (ended.exit_code, first_words(ended.calls[-1], 2)) == (2, refused)
    assert (deployed.remove().exit_code, deployed.stacks()) == (0, [])


@pytest.mark.parametrize("wrong", ["--regio", "--region", "x"])
def test_wrong_usage_is_64_and_calls_nothing(account, wrong):
    ended = account.run("remove", wrong)
    assert (ended.exit_code, ended.stdout, ended.calls) == (64, "", ())
