"""What the roles must be allowed, as far as moto checks it: actions, not resources or conditions."""

import pytest

from conftest import MEMBER, Rule

READS = ["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"]


def test_three_actions_are_all_that_reading_needs(moto, own, rule):
    own.create_trail()
    own.create_role("Function", READS)
    with moto.permissions_checked():
        assert rule.evaluate()[0] == "COMPLIANT"
    assert {line["level"] for line in rule.function.log()} == {"INFO"}


@pytest.mark.parametrize("missing", READS)
def test_each_of_them_is_needed(moto, own, rule, missing):
    own.create_trail()
    own.create_role("Function", [action for action in READS if action != missing])
    with moto.permissions_checked():
        answer = rule.invoke()
    assert answer["errorType"] == "Indeterminate" and missing.partition(":")[2] in answer["errorMessage"]
    assert rule.put_evaluations() == []


def test_a_central_function_needs_to_assume_and_the_member_role_to_read(moto, own, member, stand_in, start_function):
    own.create_role("Function", ["sts:AssumeRole"])
    member.create_role("ConfigRule", READS)
    member.create_trail()
    rule = Rule(stand_in, start_function(MEMBER_ROLE_NAME="ConfigRule"), MEMBER)
    with moto.permissions_checked():
        assert rule.evaluate()[0] == "COMPLIANT"


def test_a_central_function_that_may_not_assume_says_which_role(moto, own, member, stand_in, start_function):
    own.create_role("Function", READS)
    member.create_role("ConfigRule", READS)
    rule = Rule(stand_in, start_function(MEMBER_ROLE_NAME="ConfigRule"), MEMBER)
    with moto.permissions_checked():
        answer = rule.invoke()
    assert answer["errorType"] == "AssumeRoleFailed"
    assert f"arn:aws:iam::{MEMBER}:role/ConfigRule" in answer["errorMessage"]
    assert rule.put_evaluations() == []
