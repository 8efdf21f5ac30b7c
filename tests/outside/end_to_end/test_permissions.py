"""What the roles must be allowed, as far as moto checks it: actions, not resources or conditions.

The actions are those of the role in cloudformation/rule.yaml.
"""

import pytest
from cloudformation.template import actions, load, statements
from end_to_end.conftest import FUNCTION_ACCOUNT, MEMBER, Rule
from support.project import TEMPLATES

ROLE = {
    action
    for statement in statements(load(TEMPLATES / "rule.yaml")["Resources"]["Role"]["Properties"]["Policies"])
    for action in actions(statement)
}


def of(*services):
    """The role's actions of these services."""
    return {action for action in ROLE if action.partition(":")[0] in services}


@pytest.fixture
def config_is_motos(moto):
    """Config by moto, which checks permissions and stores nothing: it takes PutEvaluations in test mode only."""
    return {"AWS_ENDPOINT_URL_CONFIG_SERVICE": moto.url}


def test_the_role_is_enough(moto, own, rule):
    own.create_trail()
    own.create_role("Function", sorted(ROLE))
    with moto.permissions_checked():
        assert rule.evaluate()[0] == "COMPLIANT"
    assert {line["level"] for line in rule.function.log()} == {"INFO"}


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("cloudtrail:DescribeTrails", ("NON_COMPLIANT", "Could not verify: DescribeTrails AccessDeniedException")),
        ("cloudtrail:GetTrailStatus", ("NON_COMPLIANT", "GetTrailStatus AccessDeniedException")),
        # A trail without custom selectors has the default ones, which record everything: its status decides.
        ("cloudtrail:GetEventSelectors", ("COMPLIANT", "management-events")),
    ],
)
def test_without_a_read_the_rule_says_so(moto, own, rule, missing, expected):
    own.create_trail()
    own.create_role("Function", sorted(ROLE - {missing}))
    with moto.permissions_checked():
        compliance_type, annotation = rule.evaluate()
    assert compliance_type == expected[0] and expected[1] in annotation
    assert any(missing.partition(":")[2] in line["message"] for line in rule.function.log() if line["level"] == "WARN")


def test_every_read_is_one_of_those():
    assert of("cloudtrail") == {
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
    }


@pytest.mark.parametrize("missing", ["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"])
def test_without_a_read_nothing_is_reported_where_that_is_an_error(moto, own, rule, missing):
    own.create_trail()
    own.create_role("Function", sorted(ROLE - {missing}))
    with moto.permissions_checked():
        answer = rule.invoke(parameters={"onIndeterminate": "ERROR"})
    assert answer["errorType"] == "Indeterminate" and missing.partition(":")[2] in answer["errorMessage"]
    assert rule.put_evaluations() == []


def test_put_evaluations_is_needed(moto, own, stand_in, start_function, config_is_motos):
    own.create_trail()
    own.create_role("Function", sorted(ROLE))
    own.create_role("Mute", sorted(ROLE - {"config:PutEvaluations"}))
    allowed = Rule(stand_in, start_function(**config_is_motos), FUNCTION_ACCOUNT)
    refused = Rule(stand_in, start_function("Mute", **config_is_motos), FUNCTION_ACCOUNT)
    with moto.permissions_checked():
        assert allowed.invoke("trail_changed", resultToken="TESTMODE")["complianceType"] == "COMPLIANT"
        answer = refused.invoke("trail_changed", resultToken="TESTMODE")
    assert answer["errorType"] == "ReportFailed" and "AccessDeniedException" in answer["errorMessage"]


def test_without_list_discovered_resources_the_rows_of_trails_are_left_out(
    moto, own, stand_in, start_function, config_is_motos
):
    own.create_trail()
    own.create_role("Function", sorted(ROLE - {"config:ListDiscoveredResources"}))
    rule = Rule(stand_in, start_function(**config_is_motos), FUNCTION_ACCOUNT)
    with moto.permissions_checked():
        answer = rule.invoke("trail_changed", {"trailResults": "true"}, resultToken="TESTMODE")
    assert (answer["complianceType"], answer["rowsSent"]) == ("COMPLIANT", 1)
    warnings = [line["message"] for line in rule.function.log() if line["level"] == "WARN"]
    assert any("ListDiscoveredResources AccessDeniedException" in warning for warning in warnings), warnings


def test_without_get_compliance_details_earlier_rows_stay(moto, own, stand_in, start_function, config_is_motos):
    own.create_trail()
    own.create_role("Function", sorted(ROLE - {"config:GetComplianceDetailsByConfigRule"}))
    rule = Rule(stand_in, start_function(**config_is_motos), FUNCTION_ACCOUNT)
    with moto.permissions_checked():
        assert rule.invoke("scheduled", resultToken="TESTMODE")["complianceType"] == "COMPLIANT"
    warnings = [line["message"] for line in rule.function.log() if line["level"] == "WARN"]
    assert any("GetComplianceDetailsByConfigRule AccessDeniedException" in warning for warning in warnings), warnings


def test_a_central_function_needs_to_assume_and_the_member_role_to_read(moto, own, member, stand_in, start_function):
    own.create_role("Function", sorted(of("sts")))
    member.create_role("ConfigRule", sorted(of("cloudtrail", "config")))
    member.create_trail()
    rule = Rule(stand_in, start_function(MEMBER_ROLE_NAME="ConfigRule"), MEMBER)
    with moto.permissions_checked():
        assert rule.evaluate()[0] == "COMPLIANT"


def test_a_central_function_that_may_not_assume_says_which_role(moto, own, member, stand_in, start_function):
    own.create_role("Function", sorted(ROLE - of("sts")))
    member.create_role("ConfigRule", sorted(of("cloudtrail", "config")))
    rule = Rule(stand_in, start_function(MEMBER_ROLE_NAME="ConfigRule"), MEMBER)
    with moto.permissions_checked():
        answer = rule.invoke()
    assert answer["errorType"] == "AssumeRoleFailed"
    assert f"arn:aws:iam::{MEMBER}:role/ConfigRule" in answer["errorMessage"]
    assert rule.put_evaluations() == []
