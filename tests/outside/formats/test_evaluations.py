"""`evaluations`: rows for AWS Config."""

import json

import pytest
from formats.limits import check_parameters
from wire.models import Violation


def put_evaluations(rows):
    check_parameters("config", "PutEvaluations", {"Evaluations": rows, "ResultToken": "token"})


def test_rows_are_valid_for_put_evaluations(reported):
    most = 0

    def check(account):
        nonlocal most
        document = json.loads(account.output)
        assert set(document) == {"Evaluations"}
        rows = document["Evaluations"]
        most = max(most, len(rows))
        compliance_type = account.report["complianceType"]
        assert [row["ComplianceType"] for row in rows[:1]] == ([compliance_type] if compliance_type else [])
        # A call takes 100.
        for start in range(0, len(rows), 100):
            put_evaluations(rows[start : start + 100])

    reported("evaluations").each(check)
    assert most > 100


def test_a_broken_row_is_refused(reported):
    (row,) = json.loads(reported("evaluations").output_of("stopped"))["Evaluations"]
    put_evaluations([row])
    for change in [
        {"Annotation": "x" * 257},
        {"ComplianceType": "NO_VERDICT"},
        {"OrderingTimestamp": "now"},
        {"ComplianceResourceId": ""},
        {"complianceType": "COMPLIANT"},
    ]:
        with pytest.raises(Violation):
            put_evaluations([row | change])
