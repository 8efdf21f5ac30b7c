"""The role in rule.yaml allows exactly the calls that the handler makes, and what Lambda itself needs it for."""

import json

from cloudformation.template import actions, load, statements
from support.project import TEMPLATES

LAMBDAS_OWN = {
    "logs:CreateLogStream", "logs:PutLogEvents",  # the log
    "sqs:SendMessage",  # the on-failure destination
    "kms:Decrypt", "kms:GenerateDataKey",  # both, and the environment, under a key of one's own
}  # fmt: skip


def allowed():
    policies = load(TEMPLATES / "rule.yaml")["Resources"]["Role"]["Properties"]["Policies"]
    return {action for statement in statements(policies) for action in actions(statement)}


def called(folder, files="*"):
    paths = folder.glob(f"{files}.jsonl")
    exchanges = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    return {f"{exchange['service']}:{exchange['operation']}" for exchange in exchanges}


def differences(allowed, called):
    return [
        *(f"{action} is called, and not allowed" for action in sorted(called - allowed)),
        *(f"{action} is allowed, and not called" for action in sorted(allowed - called - LAMBDAS_OWN)),
        *(f"{action} is needed by Lambda, and not allowed" for action in sorted(LAMBDAS_OWN - allowed)),
    ]


def test_the_role_allows_exactly_what_is_called(exchanges):
    assert differences(allowed(), called(exchanges / "function")) == []


def test_an_action_too_many_or_too_few_is_found():
    role = allowed()
    assert "sts:AssumeRole" in role
    calls = role - LAMBDAS_OWN
    assert differences(role, calls) == []
    for action in role:
        assert len(differences(role - {action}, calls)) == 1, action
    for call in calls:
        assert len(differences(role, calls - {call})) == 1, call


def test_calls_are_those_of_every_exchange(tmp_path):
    for name in ("DescribeTrails", "GetTrailStatus"):
        exchange = {"service": "cloudtrail", "operation": name}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(exchange) + "\n" + json.dumps(exchange))
    assert called(tmp_path) == {"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"}
    assert called(tmp_path, "Describe*") == {"cloudtrail:DescribeTrails"}
