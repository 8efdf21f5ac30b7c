"""Automatic remediation beside near-real-time.yaml ends, whatever the rule goes on saying."""

import pytest
from cloudformation.template import Stack
from remediation.conftest import BUCKET
from remediation.test_remediation import BROKEN, TRAIL, remediate, stack
from support.project import TEMPLATES

WAKING = Stack(TEMPLATES / "near-real-time.yaml").properties("TrailCall")["EventPattern"]["detail"]["eventName"]


def rounds(account, calls, runbook, **rule):
    """The calls of each run of the runbook, until no event is left that wakes the rule."""
    made = []
    while len(made) < 10:
        compliance_type, _ = account.verdict(**rule)
        if compliance_type != "NON_COMPLIANT":
            return made
        calls.clear()
        assert remediate(runbook).status == "Success"
        made.append(calls.writes)
        # CloudTrail tells EventBridge of calls that change something, and near-real-time.yaml wakes the rule.
        if not any(operation.partition(":")[2] in WAKING for operation in calls.operations):
            return made
    raise AssertionError(f"it does not end: {made}")


# What the rule goes on saying, whatever the runbook does.
STAYS = {
    "another bucket is asked for": {"s3BucketName": "another-bucket"},
    "could not verify": {"refused": "GetTrailStatus"},
    "misconfigured": {"maxDeliveryAgeHours": "never"},
}


@pytest.mark.parametrize("rule", STAYS)
def test_where_nothing_is_wrong_that_it_repairs_one_run_is_the_last(account, calls, rule):
    account.create_trail(TRAIL)

    assert rounds(account, calls, stack(), **STAYS[rule]) == [[]]


@pytest.mark.parametrize("scenario", BROKEN)
def test_what_it_repairs_wakes_the_rule_and_the_next_run_is_the_last(account, calls, scenario):
    members, _, needed = BROKEN[scenario]
    account.create_trail(TRAIL, **members)

    assert rounds(account, calls, stack(), **STAYS["another bucket is asked for"]) == [needed, []]


@pytest.mark.parametrize("scenario", BROKEN)
def test_a_repaired_account_needs_no_second_run(account, calls, scenario):
    members, _, needed = BROKEN[scenario]
    account.create_trail(TRAIL, **members)

    assert rounds(account, calls, stack()) == [needed]


def test_a_missing_trail_is_made_once(account, calls):
    made = ["cloudtrail:CreateTrail", "cloudtrail:StartLogging"]

    assert rounds(account, calls, stack(BucketName=BUCKET), **STAYS["another bucket is asked for"]) == [made, []]
