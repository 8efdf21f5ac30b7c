"""scripts/smoke-test: every claim of docs/unverified.md is answered."""

import collections
import re

import pytest
from support.project import ROOT

CLAIMS = sorted(re.findall(r"^\| `([^`]+)`", (ROOT / "docs/unverified.md").read_text(), re.MULTILINE))


def answers(ended):
    return [line.split(" ")[0] for line in ended.stdout.splitlines()]


def verdicts(ended):
    """How many claims have which verdict."""
    return collections.Counter(line[25:37].split()[0] for line in ended.stdout.splitlines())


def test_before_a_deployment_nothing_can_be_asked_and_it_is_told(account):
    ended = account.smoke_test()
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "there is no stack cloudtrail-all-regions in eu-central-1; run scripts/deploy first" in ended.stderr


@pytest.fixture(params=["yes", "no", "neither"])
def claims(request, account):
    """Whether the account's answers say that the claims are right."""
    for name in ["", "-near-real-time", "-trail", "-remediation"][: 1 if request.param == "neither" else 4]:
        account.put_stack(f"cloudtrail-all-regions{name}")
    return request.param


def test_without_write_every_claim_is_answered_and_nothing_is_changed(account, claims):
    ended = account.smoke_test(FAKE_AWS_CLAIMS=claims)
    assert (sorted(answers(ended)), ended.changes) == (CLAIMS, [])
    assert sum(line.endswith("cannot tell  needs --write") for line in ended.stdout.splitlines()) == 4


def test_with_write_every_claim_is_answered_and_what_it_made_is_deleted(account, claims):
    ended = account.smoke_test("--write", FAKE_AWS_CLAIMS=claims)
    assert sorted(answers(ended)) == CLAIMS
    assert [change for change in ended.changes if not change.startswith("configservice")] == [
        "cloudformation deploy --stack-name cloudtrail-all-regions-probe",
        "cloudformation delete-stack --stack-name cloudtrail-all-regions-probe",
    ]
    expected = {
        "yes": (0, {"answered": 1, "by": 38, "holds": 16}),
        "no": (1, {"REFUTED": 12, "by": 38, "cannot": 4, "holds": 1}),
        "neither": (0, {"by": 38, "cannot": 16, "holds": 1}),
    }
    assert (ended.exit_code, verdicts(ended)) == expected[claims]


def test_a_refused_read_ends_it(account):
    for name in ("", "-near-real-time", "-trail", "-remediation"):
        account.put_stack(f"cloudtrail-all-regions{name}")
    ended = account.smoke_test(FAKE_AWS_CLAIMS="yes", FAKE_AWS_FAIL="logs filter-log-events")
    assert (ended.exit_code, ended.told()) == (
        2,
        "smoke-test: aws logs filter-log-events: An error occurred (AccessDenied) when calling the Any operation: "
        "You are not authorized.",
    )


@pytest.mark.parametrize("wrong", ["--regio", "--stack-name", "x"])
def test_wrong_usage_is_64_and_calls_nothing(account, wrong):
    ended = account.run("smoke-test", wrong)
    assert (ended.exit_code, ended.stdout, ended.calls) == (64, "", ())
