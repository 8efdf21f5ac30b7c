"""`asff`: findings for Security Hub."""

import json
import re

import pytest
from formats.limits import check_parameters
from wire.models import Violation

STATUSES = {
    "COMPLIANT": "PASSED",
    "NON_COMPLIANT": "FAILED",
    "NOT_VERIFIED": "WARNING",
    "NOT_APPLICABLE": "NOT_AVAILABLE",
}


def import_findings(finding, checked=None):
    check_parameters("securityhub", "BatchImportFindings", {"Findings": [finding]}, checked)


def test_findings_are_valid_for_batch_import_findings(reported):
    checked = set()

    def check(account):
        findings = json.loads(account.output)
        statuses = [finding["Compliance"]["Status"] for finding in findings]
        assert statuses == [STATUSES[verdict] for verdict in account.verdicts]
        for finding in findings:
            import_findings(finding, checked)
            assert len(json.dumps(finding, ensure_ascii=False).encode()) < 240_000
            assert re.search(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$", finding["CreatedAt"])
            assert re.search(r"^arn:aws:securityhub:[a-z0-9-]+:(\d{12}):product/\1/default$", finding["ProductArn"])
            assert finding["Resources"][0]["Id"] == f"AWS::::Account:{account.report['accountId']}"
            for kind in finding["Types"]:
                assert re.search("^Software and Configuration Checks/[^/]+/[^/]+$", kind)
            requirements = finding["Compliance"]["RelatedRequirements"]
            assert "CIS AWS Foundations Benchmark v3.0.0/3.1" in requirements
            assert "CIS AWS Foundations Benchmark v6.0.0/4.1" in requirements

    reported("asff").each(check)
    # The documentation was found and read.
    assert checked >= {
        "AwsSecurityFinding.Title",
        "AwsSecurityFinding.Description",
        "AwsSecurityFinding.Resources",
        "AwsSecurityFinding.AwsAccountId",
        "AwsSecurityFinding.ProductFields",
        "Recommendation.Text",
        "Compliance.RelatedRequirements",
        "Resource.Region",
        "Severity.Original",
    }


def test_a_command_in_a_recommendation_is_one_of_the_reports(reported):
    seen = 0

    def check(account):
        nonlocal seen
        remedies = [reason["remedy"] for trail in account.report["trails"] for reason in trail["reasons"]]
        commands = {command for remedy in remedies + account.report["remedies"] for command in remedy["commands"]}
        for finding in json.loads(account.output):
            text = finding.get("Remediation", {}).get("Recommendation", {}).get("Text", "")
            for part in re.findall(r" (aws .*)", text):
                assert any(part.startswith(command) for command in commands), part
                seen += 1

    reported("asff").each(check)
    assert seen > 10


def test_a_broken_finding_is_refused(reported):
    (finding,) = json.loads(reported("asff").output_of("stopped"))
    import_findings(finding)
    for change in [
        {"Title": "x" * 257},
        {"Description": "x" * 1025},
        {"Description": " "},
        {"AwsAccountId": "1234567890123"},
        {"Resources": []},
        {"Resources": finding["Resources"] * 17},
        {"Compliance": {"Status": "COMPLIANT"}},
        {"Remediation": {"Recommendation": {"Text": "x" * 513}}},
        {"ProductFields": {"a": "x" * 2049}},
        {"ProductFields": {"a": 1}},
        {"ProductFields": {str(n): "" for n in range(51)}},
        {"More": "x"},
        {"RecordState": "ACTIV"},
        {"Id": None},
        {"Resources": [finding["Resources"][0] | {"Region": "x" * 17}]},
    ]:
        with pytest.raises(Violation):
            import_findings(finding | change)
