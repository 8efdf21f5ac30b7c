"""What Lambda gets: the answer, the log, the error type."""

import json
import socket

from end_to_end.conftest import EVENTS, FUNCTION_ACCOUNT, RULE_NAME, Rule

CASES = {path.stem: json.loads(path.read_text()) for path in sorted(EVENTS.glob("*.json"))}
INVALID = {name: case for name, case in CASES.items() if "InvalidInvocation" in case["Expect"]}


def test_the_answer_is_a_small_summary(own, rule):
    own.create_trail()
    answer = rule.invoke()
    compliance_type, annotation = rule.account_row()
    assert answer == {
        "accountId": FUNCTION_ACCOUNT,
        "complianceType": compliance_type,
        "annotation": annotation,
        "rowsSent": 1,
    }


def test_one_line_sums_up_the_invocation_and_carries_the_metrics(own, rule):
    arn = own.create_trail()
    _, annotation = rule.evaluate()
    [line] = rule.function.log()
    assert f"START RequestId: {line['requestId']} " in rule.function.output()
    expected = {
        "level": "INFO",
        "message": "evaluated",
        "accountId": FUNCTION_ACCOUNT,
        "region": "us-east-1",
        "configRuleName": RULE_NAME,
        "messageType": "ScheduledNotification",
        "evaluationMode": "DETECTIVE",
        "ComplianceType": "COMPLIANT",
        "annotation": annotation,
        "trails": [{"trail": arn, "result": "Pass", "reasons": [], "details": []}],
        "calls": {
            "DescribeTrails": 1,
            "GetComplianceDetailsByConfigRule": 1,
            "GetEventSelectors": 1,
            "GetTrailStatus": 1,
            "PutEvaluations": 1,
        },
        "rowsSent": 1,
        "Evaluations": 1,
        "TrailsSeen": 1,
    }
    assert {key: line.get(key) for key in expected} == expected
    assert {each["Namespace"] for each in line["_aws"]["CloudWatchMetrics"]} == {"CloudTrailAllRegions"}


def test_an_invalid_event_has_its_error_type_and_is_no_verdict(own, rule):
    assert len(INVALID) > 20
    for name, case in INVALID.items():
        answer = rule.function.invoke(case["Event"])
        assert answer["errorType"] == "InvalidInvocation", name
        missing = [piece for piece in case["Expect"]["InvalidInvocation"] if piece not in answer["errorMessage"]]
        assert not missing, (name, answer)
    assert {line["errorType"] for line in rule.function.log()} == {"InvalidInvocation"}
    assert rule.put_evaluations() == []
    own.create_trail()
    assert rule.evaluate()[0] == "COMPLIANT"


def test_a_payload_that_is_no_json_is_an_invalid_invocation(rule):
    assert rule.function.invoke_with_text("no JSON")["errorType"] == "InvalidInvocation"
    assert rule.function.summary()["errorType"] == "InvalidInvocation"


def test_a_result_token_that_config_does_not_know_is_a_failed_report_and_stays_secret(own, rule, stand_in):
    own.create_trail()
    stand_in.tokens.append("a-token-that-nobody-issued")
    answer = rule.invoke(resultToken="a-token-that-nobody-issued")
    assert answer["errorType"] == "ReportFailed"
    assert "InvalidResultTokenException" in answer["errorMessage"]
    assert "a-token-that-nobody-issued" not in answer["errorMessage"]
    assert rule.function.summary()["errorType"] == "ReportFailed"


def test_a_rule_that_was_deleted_meanwhile_is_no_error(own, rule, stand_in):
    own.create_trail()
    event = rule.event("trail_changed")
    stand_in.ask("deleteRule", **rule.place)
    assert rule.function.invoke(event)["complianceType"] == "COMPLIANT"
    assert any("NoSuchConfigRule" in line["message"] for line in rule.function.log() if line["level"] == "WARN")


def test_a_cloudtrail_that_cannot_be_reached_is_no_verdict(own, stand_in, start_function):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    function = start_function(AWS_ENDPOINT_URL_CLOUDTRAIL=f"http://127.0.0.1:{port}")
    rule = Rule(stand_in, function, FUNCTION_ACCOUNT)
    answer = rule.invoke()
    assert answer["errorType"] == "Indeterminate" and "DescribeTrails" in answer["errorMessage"]
    assert rule.put_evaluations() == []


def test_a_cloudtrail_that_does_not_answer_is_left_before_lambdas_deadline(own, stand_in, start_function):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        function = start_function(AWS_ENDPOINT_URL_CLOUDTRAIL=endpoint, AWS_LAMBDA_FUNCTION_TIMEOUT="3")
        rule = Rule(stand_in, function, FUNCTION_ACCOUNT)
        answer = rule.invoke()
    assert answer["errorType"] == "DeadlineExceeded" and "DescribeTrails" in answer["errorMessage"]
    assert rule.put_evaluations() == []
