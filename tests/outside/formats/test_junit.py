"""`junit`: test cases for a CI system, by a parser of such files."""

import re

import junitparser
from formats.conftest import HIDDEN, run
from support.project import ACCOUNTS

RESULTS = {
    "COMPLIANT": [],
    "NON_COMPLIANT": [junitparser.Failure],
    "NOT_APPLICABLE": [junitparser.Skipped],
    "NOT_VERIFIED": [junitparser.Error],
    "NO_VERDICT": [junitparser.Error],
}


def test_an_account_is_a_test_case_with_its_verdict(reported):
    def check(account):
        report = account.report
        (suite,) = junitparser.JUnitXml.fromstring(account.output.encode())
        (case,) = suite
        assert [type(result) for result in case.result] == RESULTS[account.verdict]
        counted = {"failures": suite.failures, "errors": suite.errors, "skipped": suite.skipped}
        suite.update_statistics()
        assert counted == {"failures": suite.failures, "errors": suite.errors, "skipped": suite.skipped}
        assert suite.name == report["accountId"]
        assert case.classname == f"{report['accountId']}.{report['region']}"
        text = case.system_out
        for result in case.result:
            # A parser of XML takes white space in an attribute for spaces.
            assert result.message == HIDDEN.sub("\ufffd", re.sub("[\n\t]", " ", report["annotation"]))
            text = result.text or ""
        for trail in report["trails"] if report["complianceType"] != "NOT_APPLICABLE" else []:
            for reason in trail["reasons"]:
                assert f"{reason['code']}: " in text

    reported("junit").each(check)


def test_several_accounts_are_several_suites():
    suites = junitparser.JUnitXml.fromstring(run("junit", ACCOUNTS.parents[1] / "tests" / "cli" / "many").encode())
    assert (len(list(suites)), suites.tests, suites.failures, suites.errors) == (10, 10, 5, 3)
