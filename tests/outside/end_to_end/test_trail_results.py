"""`trailResults`: rows for the trails that AWS Config has discovered."""

import pytest
from end_to_end.conftest import FUNCTION_ACCOUNT, REGION

TRAIL_RESULTS = {"trailResults": "true"}


@pytest.fixture
def discover(stand_in):
    return lambda *ids: stand_in.ask("discover", account=FUNCTION_ACCOUNT, region=REGION, ids=ids)


def test_a_discovered_trail_has_a_row_by_the_id_that_config_gives_it(own, rule, discover):
    arn = own.create_trail(region="eu-west-1")
    own.create_trail("by-name")
    discover(arn, "by-name")
    assert rule.evaluate(parameters=TRAIL_RESULTS)[0] == "COMPLIANT"
    assert rule.compliance_types() == {FUNCTION_ACCOUNT: "COMPLIANT", arn: "COMPLIANT", "by-name": "COMPLIANT"}


def test_a_failing_trail_is_red_only_while_the_account_is(own, rule, discover):
    own.create_trail()
    own.create_trail("stopped", is_logging=False)
    discover("management-events", "stopped", "gone")
    rule.evaluate(parameters=TRAIL_RESULTS)
    assert rule.compliance_types() == {FUNCTION_ACCOUNT: "COMPLIANT", "management-events": "COMPLIANT"}
    assert ("AWS::CloudTrail::Trail", "gone", "NOT_APPLICABLE") in rule.put_evaluations()
    own.cloudtrail().stop_logging(Name="management-events")
    rule.evaluate(parameters=TRAIL_RESULTS)
    ids = [FUNCTION_ACCOUNT, "management-events", "stopped"]
    assert rule.compliance_types() == dict.fromkeys(ids, "NON_COMPLIANT")


def test_delete_trail_with_its_event_removes_the_trails_row(own, rule, discover):
    own.create_trail()
    own.create_trail("another")
    discover("management-events", "another")
    rule.evaluate(parameters=TRAIL_RESULTS)
    own.cloudtrail().delete_trail(Name="management-events")
    rule.evaluate("trail_deleted", TRAIL_RESULTS)
    assert rule.compliance_types() == {FUNCTION_ACCOUNT: "COMPLIANT", "another": "COMPLIANT"}


def test_a_scheduled_run_withdraws_rows_that_it_does_not_produce(own, rule, discover):
    own.create_trail()
    discover("management-events")
    rule.evaluate(parameters=TRAIL_RESULTS)
    assert len(rule.rows()) == 2
    rule.evaluate("trail_changed")
    assert len(rule.rows()) == 2
    rule.evaluate()
    assert rule.compliance_types() == {FUNCTION_ACCOUNT: "COMPLIANT"}


def test_the_accounts_row_does_not_fall_with_the_listing(own, rule, discover, stand_in):
    own.create_trail()
    discover("management-events")
    stand_in.ask("fail", operation="ListDiscoveredResources", status=400, code="AccessDeniedException")
    assert rule.evaluate(parameters=TRAIL_RESULTS)[0] == "COMPLIANT"
    assert rule.compliance_types() == {FUNCTION_ACCOUNT: "COMPLIANT"}
    warnings = [line["message"] for line in rule.function.log() if line["level"] == "WARN"]
    assert [warning.split(":")[0] for warning in warnings] == ["ListDiscoveredResources AccessDeniedException"]
