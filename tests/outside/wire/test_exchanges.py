"""What went over the wire in the Rust tests is valid by AWS's own models of its services, as botocore carries them."""

import copy
import json

import pytest
from wire import models


@pytest.mark.parametrize("suite", ["stand_in", "function", "command_line"])
def test_every_request_and_answer_is_as_its_service_models_it(exchanges, suite):
    violations, number = [], 0
    # The stand-in's own tests ask it for what AWS refuses, too.
    refusals_allowed = suite == "stand_in"
    for path in sorted((exchanges / suite).glob("*.jsonl")):
        # What the models do not know, or do not allow, is what these are about.
        if path.name.startswith(("unknown_members-", "decision_cases-", "hostile-", "hostile_text-")):
            continue
        # No other line end: text of others in an answer may hold one of Unicode's.
        for line in filter(None, path.read_text().split("\n")):
            exchange, number = json.loads(line), number + 1
            try:
                models.check(exchange, refusals_allowed)
            except (models.Violation, ValueError) as error:
                violations.append(f"{path.name}: {exchange['service']} {exchange['operation']}: {error}")
    assert number > 0
    assert violations == [], "\n".join(violations)


PUT_EVALUATIONS = {
    "service": "config",
    "operation": "PutEvaluations",
    "request": {
        "method": "POST",
        "headers": {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "StarlingDoveService.PutEvaluations",
        },
        "body": {
            "ResultToken": "token",
            "Evaluations": [
                {
                    "ComplianceResourceType": "AWS::::Account",
                    "ComplianceResourceId": "111122223333",
                    "ComplianceType": "COMPLIANT",
                    "OrderingTimestamp": 1793534400.25,
                }
            ],
        },
    },
    "answer": {"status": 200, "headers": {"x-amzn-requestid": "id"}, "body": {"FailedEvaluations": []}},
}
ASSUME_ROLE = {
    "service": "sts",
    "operation": "AssumeRole",
    "request": {
        "method": "POST",
        "headers": {"content-type": "application/x-www-form-urlencoded", "x-amz-target": None},
        "body": "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/Rule&RoleSessionName=name",
    },
    "answer": {
        "status": 403,
        "headers": {"x-amzn-requestid": "id"},
        "body": "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>",
    },
}


def check(exchange, refusals_allowed=True):
    exchange = copy.deepcopy(exchange)
    for side in ("request", "answer"):
        if not isinstance(exchange[side]["body"], str):
            exchange[side]["body"] = json.dumps(exchange[side]["body"])
    models.check(exchange, refusals_allowed)


def broken(good, *path_and_value):
    *path, last, value = path_and_value
    exchange = copy.deepcopy(good)
    place = exchange
    for key in path:
        place = place[key]
    place[last] = value
    return exchange


def test_good_exchanges_pass():
    check(PUT_EVALUATIONS)
    check(ASSUME_ROLE)


ROW = ("request", "body", "Evaluations", 0)
QUERY = ASSUME_ROLE["request"]["body"]


@pytest.mark.parametrize(
    "exchange",
    [
        broken(PUT_EVALUATIONS, "operation", "PutEvaluation"),
        broken(PUT_EVALUATIONS, "service", None) | {"operation": "x"},
        broken(PUT_EVALUATIONS, "request", "headers", "x-amz-target", "Config.PutEvaluations"),
        broken(PUT_EVALUATIONS, "request", "method", "GET"),
        broken(PUT_EVALUATIONS, "request", "body", "Colour", "red"),
        broken(PUT_EVALUATIONS, "request", "body", {"Evaluations": []}),
        broken(PUT_EVALUATIONS, *ROW, "Annotation", ""),
        broken(PUT_EVALUATIONS, *ROW, "Annotation", "x" * 257),
        broken(PUT_EVALUATIONS, *ROW, "ComplianceType", "GOOD"),
        broken(PUT_EVALUATIONS, *ROW, "OrderingTimestamp", "2026-11-01T12:00:00Z"),
        broken(PUT_EVALUATIONS, "answer", "body", {"Failed": []}),
        broken(PUT_EVALUATIONS, "answer", "body", {"FailedEvaluations": {}}),
        broken(PUT_EVALUATIONS, "answer", "headers", {}),
        broken(
            PUT_EVALUATIONS,
            "answer",
            {
                "status": 400,
                "headers": {"x-amzn-requestid": "id"},
                "body": {"__type": "TrailNotFoundException"},
            },
        ),
        broken(ASSUME_ROLE, "request", "body", QUERY + "&Colour=red"),
        broken(ASSUME_ROLE, "request", "body", QUERY.replace("=name", "=a name")),
        broken(ASSUME_ROLE, "request", "body", QUERY.replace("2011-06-15", "2010-01-01")),
        broken(ASSUME_ROLE, "answer", "status", 200),
    ],
)
def test_each_thing_that_is_wrong_is_found(exchange):
    with pytest.raises(models.Violation):
        check(exchange, refusals_allowed=exchange["service"] is not None)


def test_a_refused_request_is_a_violation_only_if_refusals_are_not_allowed():
    refusal = {"status": 400, "headers": {"x-amzn-requestid": "id"}, "body": {"__type": "ValidationException"}}
    refused = broken(PUT_EVALUATIONS, "answer", refusal)
    check(refused)
    with pytest.raises(models.Violation):
        check(refused, refusals_allowed=False)
