"""What AWS Config sends when a trail changes, and what is no affair of the rule's."""

import pytest
from end_to_end.conftest import FUNCTION_ACCOUNT

NAME = "management-events"
ACCOUNT_ROW = ("AWS::::Account", FUNCTION_ACCOUNT)


def test_create_trail_with_its_event_makes_the_account_compliant(own, rule):
    assert rule.evaluate()[0] == "NON_COMPLIANT"
    own.create_trail()
    assert rule.evaluate("trail_discovered")[0] == "COMPLIANT"


@pytest.mark.parametrize("event", ["trail_deleted", "trail_deleted_not_recorded", "trail_deleted_oversized"])
def test_delete_trail_with_its_event_makes_the_account_non_compliant(own, rule, event):
    own.create_trail()
    assert rule.evaluate()[0] == "COMPLIANT"
    own.cloudtrail().delete_trail(Name=NAME)
    compliance_type, annotation = rule.evaluate(event)
    assert (compliance_type, annotation[:17]) == ("NON_COMPLIANT", "There is no trail")


def test_the_account_stays_compliant_while_another_trail_records_all(own, rule):
    own.create_trail()
    own.create_trail("another", region="ap-southeast-2")
    own.cloudtrail().delete_trail(Name=NAME)
    assert rule.evaluate("trail_deleted")[0] == "COMPLIANT"


@pytest.mark.parametrize(
    "event", ["trail_changed", "trail_changed_oversized", "trail_left_scope", "snapshot_delivered"]
)
def test_every_other_event_wakes_the_rule_up_too(own, rule, event):
    own.create_trail()
    assert rule.evaluate()[0] == "COMPLIANT"
    own.cloudtrail().update_trail(Name=NAME, IsMultiRegionTrail=False)
    assert rule.evaluate(event)[0] == "NON_COMPLIANT"


def test_the_answer_is_live_whatever_the_event_says(own, rule):
    own.create_trail()
    assert rule.evaluate("trail_deleted")[0] == "COMPLIANT"
    assert rule.evaluate("trail_changed")[0] == "COMPLIANT"


def test_another_resource_is_not_applicable_and_nothing_is_read(own, rule):
    answer = rule.invoke("instance_changed")
    assert (answer["complianceType"], answer["rowsSent"]) == ("NOT_APPLICABLE", 1)
    assert [row[0::2] for row in rule.put_evaluations()] == [("AWS::EC2::Instance", "NOT_APPLICABLE")]
    assert (rule.rows(), rule.function.summary()["calls"]) == ({}, {"PutEvaluations": 1})


def test_a_proactive_evaluation_is_not_applicable_and_nothing_is_read(own, rule):
    assert rule.invoke("proactive_trail")["complianceType"] == "NOT_APPLICABLE"
    assert (rule.rows(), rule.function.summary()["calls"]) == ({}, {"PutEvaluations": 1})


def test_a_bad_parameter_is_non_compliant_and_nothing_is_read(own, rule):
    own.create_trail()
    compliance_type, annotation = rule.evaluate("trail_changed", {"checkDeliveries": "true"})
    assert compliance_type == "NON_COMPLIANT" and annotation.startswith("Rule misconfigured:")
    assert "checkDelivery" in annotation
    summary = rule.function.summary()
    assert (summary["calls"], summary["Misconfigured"]) == ({"PutEvaluations": 1}, 1)


def test_outside_the_reporting_region_the_account_is_not_applicable_and_its_old_row_goes(own, rule):
    own.create_trail()
    assert rule.evaluate()[0] == "COMPLIANT"
    assert rule.invoke(parameters={"reportingRegion": "eu-west-1"})["complianceType"] == "NOT_APPLICABLE"
    assert rule.rows() == {}
    assert rule.evaluate(parameters={"reportingRegion": "us-east-1"})[0] == "COMPLIANT"


def test_test_mode_is_passed_on_and_stores_nothing(own, rule):
    own.create_trail()
    assert rule.invoke(resultToken="TESTMODE")["complianceType"] == "COMPLIANT"
    assert (rule.rows(), rule.put_evaluations()) == ({}, [(*ACCOUNT_ROW, "COMPLIANT")])
