"""scripts/remove-organization: what is deleted, in which order, and what is not."""

import pytest
from scripts.conftest import Organization

RULE, ROLE = "cloudtrail-all-regions-rule", "cloudtrail-all-regions-role"


@pytest.fixture
def deployed(organization):
    assert organization.deploy("--way", "central").exit_code == 0
    return organization


def test_the_rules_go_before_the_roles_and_both_before_the_function_and_nothing_is_left(deployed):
    ended = deployed.remove()
    state = deployed.read()
    assert (ended.exit_code, state["stack_sets"], state["stacks"], state["objects"]) == (0, {}, {}, [])
    deleted = [call.split()[1:4] for call in ended.calls if " delete-stack" in call]
    assert [(operation, name) for operation, _, name in deleted] == [
        ("delete-stack-instances", RULE),
        ("delete-stack-set", RULE),
        ("delete-stack-instances", ROLE),
        ("delete-stack-set", ROLE),
        ("delete-stack", "cloudtrail-all-regions-organization"),
        ("delete-stack", "cloudtrail-all-regions"),
        ("delete-stack", "cloudtrail-all-regions-artifacts"),
    ]
    assert f"delete-stack --stack-name {RULE} --region eu-central-1" in ended.stdout
    assert deployed.remove().exit_code == 0


def test_a_dry_run_removes_nothing_and_says_what_would(deployed):
    before = deployed.read()
    ended = deployed.remove("--dry-run")
    after = deployed.read()
    assert (ended.exit_code, after["stack_sets"], after["stacks"]) == (0, before["stack_sets"], before["stacks"])
    assert ended.stdout.splitlines()[0].startswith(f"aws cloudformation delete-stack-instances --stack-set-name {RULE}")


@pytest.mark.parametrize(("answer", "exit_code"), [("", 64), ("no\n", 2)])
def test_without_a_yes_nothing_is_removed(deployed, answer, exit_code):
    ended = deployed.run("remove-organization", "--region", "eu-central-1", stdin=answer)
    assert (ended.exit_code, len(deployed.read()["stack_sets"])) == (exit_code, 2)


def test_a_package_that_another_stack_set_names_stays_and_with_it_all_else(deployed):
    state = deployed.read()
    bucket = "made-by-cloudtrail-all-regions-artifacts"
    state["stack_sets"]["another"] = state["stack_sets"][RULE] | {"parameters": {"ArtifactBucket": bucket}}
    deployed.write(state)
    ended = deployed.remove()
    assert (ended.exit_code, deployed.read()["stack_sets"].keys()) == (2, {"another", RULE, ROLE})
    assert "the stack set another takes its package from" in ended.told()


def test_a_package_that_another_stack_names_stays_and_with_it_all_else(deployed):
    state = deployed.read()
    bucket = "made-by-cloudtrail-all-regions-artifacts"
    state["stacks"]["fleet-report"] = {"parameters": {"ArtifactBucket": bucket}, "outputs": {}}
    deployed.write(state)
    ended = deployed.remove()
    assert (ended.exit_code, deployed.read()["stack_sets"].keys()) == (2, {RULE, ROLE})
    assert "the stack fleet-report takes its package from" in ended.told()


def test_what_is_in_a_suspended_account_is_left_there(deployed):
    deployed.change_account(Organization.member(3), state="SUSPENDED")
    state = deployed.read()
    for each in state["stack_sets"].values():
        each["instances"][Organization.member(3)] = ["OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT", ""]
    deployed.write(state)
    assert (deployed.remove().exit_code, deployed.read()["stack_sets"]) == (0, {})


def test_wrong_usage_is_64_and_calls_nothing(organization):
    ended = organization.run("remove-organization", "--regio")
    assert (ended.exit_code, ended.stdout, ended.calls) == (64, "", ())
