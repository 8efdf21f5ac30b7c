"""The validator accepts good exchanges and finds each thing that is wrong.

    python -m unittest discover tests/outside/botocore
"""

import copy
import json
import unittest

import botocore.session

import validate_exchanges

SESSION = botocore.session.get_session()
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
            "Evaluations": [{
                "ComplianceResourceType": "AWS::::Account",
                "ComplianceResourceId": "111122223333",
                "ComplianceType": "COMPLIANT",
                "OrderingTimestamp": 1793534400.25,
            }],
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
    validate_exchanges.check(SESSION, exchange, refusals_allowed)


def broken(good, *path_and_value):
    *path, last, value = path_and_value
    exchange = copy.deepcopy(good)
    place = exchange
    for key in path:
        place = place[key]
    place[last] = value
    return exchange


class ValidateExchanges(unittest.TestCase):
    def test_good_exchanges_pass(self):
        check(PUT_EVALUATIONS)
        check(ASSUME_ROLE)

    def test_each_thing_that_is_wrong_is_found(self):
        row = ("request", "body", "Evaluations", 0)
        query = ASSUME_ROLE["request"]["body"]
        for exchange in (
            broken(PUT_EVALUATIONS, "operation", "PutEvaluation"),
            broken(PUT_EVALUATIONS, "service", None) | {"operation": "x"},
            broken(PUT_EVALUATIONS, "request", "headers", "x-amz-target", "Config.PutEvaluations"),
            broken(PUT_EVALUATIONS, "request", "method", "GET"),
            broken(PUT_EVALUATIONS, "request", "body", "Colour", "red"),
            broken(PUT_EVALUATIONS, "request", "body", {"Evaluations": []}),
            broken(PUT_EVALUATIONS, *row, "Annotation", ""),
            broken(PUT_EVALUATIONS, *row, "Annotation", "x" * 257),
            broken(PUT_EVALUATIONS, *row, "ComplianceType", "GOOD"),
            broken(PUT_EVALUATIONS, *row, "OrderingTimestamp", "2026-11-01T12:00:00Z"),
            broken(PUT_EVALUATIONS, "answer", "body", {"Failed": []}),
            broken(PUT_EVALUATIONS, "answer", "body", {"FailedEvaluations": {}}),
            broken(PUT_EVALUATIONS, "answer", "headers", {}),
            broken(PUT_EVALUATIONS, "answer", {
                "status": 400, "headers": {"x-amzn-requestid": "id"}, "body": {"__type": "TrailNotFoundException"},
            }),
            broken(ASSUME_ROLE, "request", "body", query + "&Colour=red"),
            broken(ASSUME_ROLE, "request", "body", query.replace("=name", "=a name")),
            broken(ASSUME_ROLE, "request", "body", query.replace("2011-06-15", "2010-01-01")),
            broken(ASSUME_ROLE, "answer", "status", 200),
        ):
            with self.subTest(exchange=exchange), self.assertRaises(validate_exchanges.Violation):
                check(exchange, refusals_allowed=exchange["service"] is not None)

    def test_a_refused_request_is_a_violation_only_if_refusals_are_not_allowed(self):
        refused = broken(PUT_EVALUATIONS, "answer", {
            "status": 400, "headers": {"x-amzn-requestid": "id"}, "body": {"__type": "ValidationException"},
        })
        check(refused)
        with self.assertRaises(validate_exchanges.Violation):
            check(refused, refusals_allowed=False)


if __name__ == "__main__":
    unittest.main()
