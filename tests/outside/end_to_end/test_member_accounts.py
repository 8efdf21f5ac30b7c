"""One function for many accounts: the member role."""

import pytest
from end_to_end.conftest import MEMBER, OTHER_MEMBER, Account, Rule


@pytest.fixture
def central(stand_in, start_function):
    """The rule of an account, evaluated by one central function."""
    function = start_function(MEMBER_ROLE_NAME="ConfigRule")
    return lambda account: Rule(stand_in, function, account)


def test_a_member_account_is_judged_and_reported_with_its_own_credentials(own, member, central, stand_in):
    own.create_trail()
    rule = central(MEMBER)
    assert rule.evaluate()[0] == "NON_COMPLIANT"
    member.create_trail(region="eu-central-1")
    assert rule.evaluate()[0] == "COMPLIANT"
    assert {call["account"] for call in stand_in.calls()} == {MEMBER}
    assert rule.function.summary()["accountId"] == MEMBER


def test_accounts_do_not_mix_in_one_process(moto, own, member, central):
    other = Account(moto, OTHER_MEMBER)
    own.create_trail()
    other.create_trail()
    for _ in range(2):
        judged = {account.id: central(account.id).evaluate()[0] for account in (own, member, other)}
        assert judged == {own.id: "COMPLIANT", member.id: "NON_COMPLIANT", other.id: "COMPLIANT"}
        # The role is assumed once: its session is kept.
        assert central(member.id).function.summary()["calls"]["DescribeTrails"] == 1
    assumed = [line["calls"].get("AssumeRole") for line in central(member.id).function.log()]
    assert assumed == [None, 1, 1, None, None, None]


def test_the_roles_partition_is_the_rules(moto, member, stand_in, start_function):
    member.create_trail(region="us-gov-west-1")
    function = start_function(MEMBER_ROLE_NAME="audit/ConfigRule")
    assert Rule(stand_in, function, MEMBER, "us-gov-west-1").evaluate()[0] == "COMPLIANT"


def test_an_organization_trail_of_the_management_account_is_not_the_members_own(own, member, central):
    own.create_trail(IsOrganizationTrail=True)
    assert central(MEMBER).evaluate()[1].startswith("There is no trail")


def test_a_role_that_may_not_be_assumed_is_asked_for_once_and_named(member, stand_in, start_function):
    # moto does not refuse as STS does; the stand-in does, for a role that it was not told of.
    function = start_function(MEMBER_ROLE_NAME="ConfigRule", AWS_ENDPOINT_URL_STS=stand_in.endpoint)
    answer = Rule(stand_in, function, MEMBER).invoke()
    assert answer["errorType"] == "AssumeRoleFailed"
    assert f"cannot assume arn:aws:iam::{MEMBER}:role/ConfigRule: AssumeRole AccessDenied" in answer["errorMessage"]
    assert [call["operation"] for call in stand_in.calls()] == ["AssumeRole"]


@pytest.mark.parametrize("environment", [{}, {"MEMBER_ROLE_NAME": " "}])
def test_without_a_member_role_the_error_says_what_to_set(member, stand_in, start_function, environment):
    member.create_trail()
    answer = Rule(stand_in, start_function(**environment), MEMBER).invoke()
    assert answer["errorType"] == "AssumeRoleFailed"
    assert "MEMBER_ROLE_NAME" in answer["errorMessage"] and MEMBER in answer["errorMessage"]
    assert stand_in.calls() == []
