"""scripts/smoke-test: it asks about the claims that docs/unverified.md says, and no claim ends another."""

import re

import pytest
from support.project import ROOT

PAGE = (ROOT / "docs/unverified.md").read_text()
# Of each claim with an id, who can verify it: the first and the last column.
BY = dict(re.findall(r"^\| `([^`]+)` \|.* \| ([^|]+) \|$", PAGE, re.MULTILINE))
ASKED = {claim for claim, by in BY.items() if by.startswith("`scripts/smoke-test")}
WRITING = {claim for claim, by in BY.items() if by == "`scripts/smoke-test --write`"}
BESIDE = ("-near-real-time", "-trail", "-remediation", "-security-hub")
STACKS = [f"cloudtrail-all-regions{name}" for name in ("", *BESIDE)]
PROBE = "--stack-name cloudtrail-all-regions-probe"


@pytest.fixture
def deployed(account):
    for name in STACKS:
        account.put_stack(name)
    return account


def found(ended):
    """What each claim has come to, and why."""
    lines = (re.fullmatch(r"(\S+) +(holds|REFUTED|cannot tell) +(.*)", line) for line in ended.stdout.splitlines())
    return {line[1]: (line[2], line[3]) for line in lines}


def verdicts(ended):
    return {claim: verdict for claim, (verdict, _) in found(ended).items()}


def test_of_each_claim_the_page_says_who_can_verify_it():
    assert ASKED, "the page has no table"
    for claim, by in BY.items():
        assert claim in ASKED or re.fullmatch(r"a person: \S.+", by), claim


def test_it_asks_about_the_claims_that_the_page_says_and_no_others(deployed):
    ended = deployed.smoke_test("--write", FAKE_AWS_CLAIMS="yes")
    assert set(found(ended)) == ASKED
    assert f"asks the account about {len(ASKED)} of them" in PAGE


def test_without_write_nothing_is_changed_and_it_is_told_what_needs_that(deployed):
    ended = deployed.smoke_test(FAKE_AWS_CLAIMS="yes")
    assert ended.changes == []
    assert {claim for claim, (_, why) in found(ended).items() if why == "needs --write"} == WRITING


ELSEWHERE = {"regions-govcloud", "other-partitions"}


@pytest.mark.parametrize(
    ("claims", "exit_code", "verdict", "others"),
    [
        ("yes", 0, "holds", dict.fromkeys(ELSEWHERE, "cannot tell")),
        (
            "no",
            1,
            "REFUTED",
            dict.fromkeys(ELSEWHERE | {"metrics-arrive", "alarms-have-data"}, "cannot tell")
            | {"security-hub-finding": "holds"},
        ),
        ("neither", 2, "cannot tell", {"start-limit": "holds"}),
    ],
)
def test_a_claim_is_what_the_account_says(deployed, claims, exit_code, verdict, others):
    ended = deployed.smoke_test("--write", FAKE_AWS_CLAIMS=claims)
    assert verdicts(ended) == dict.fromkeys(ASKED, verdict) | others
    assert ended.exit_code == exit_code
    assert [change for change in ended.changes if change.startswith("cloudformation")] == [
        f"cloudformation deploy {PROBE}",
        f"cloudformation delete-stack {PROBE}",
    ]


def test_in_another_partition_its_own_claims_are_told(deployed):
    ended = deployed.smoke_test("--region", "us-gov-west-1", *ELSEWHERE, FAKE_AWS_CLAIMS="yes")
    assert (ended.exit_code, verdicts(ended)) == (0, dict.fromkeys(ELSEWHERE, "holds"))


@pytest.mark.parametrize(
    ("refused", "claims"),
    [
        ("logs filter-log-events", {"function-starts", "platform-report"}),
        ("configservice list-discovered-resources", {"discovered-trail-ids"}),
        ("cloudtrail describe-trails", {"discovered-trail-ids", "member-reads-trail", "selectors-elsewhere"}),
        ("securityhub get-findings", {"security-hub-finding", "security-hub-severity"}),
        ("ssm describe-automation-executions", {"runbook-repairs"}),
    ],
)
def test_a_call_that_fails_ends_its_claims_and_no_others(deployed, refused, claims):
    ended = deployed.smoke_test(FAKE_AWS_CLAIMS="yes", FAKE_AWS_FAIL=refused)
    others = dict.fromkeys(WRITING | ELSEWHERE, "cannot tell")
    assert (ended.exit_code, verdicts(ended)) == (
        2,
        dict.fromkeys(ASKED, "holds") | others | dict.fromkeys(claims, "cannot tell"),
    )
    assert {found(ended)[claim][1] for claim in claims} == {
        f"aws {refused}: An error occurred (AccessDenied) when calling the Any operation: You are not authorized."
    }


def test_an_answer_that_nobody_expects_ends_its_claim_and_no_other(deployed):
    asked = ("metrics-arrive", "alarms-have-data")
    ended = deployed.smoke_test(*asked, FAKE_AWS_CLAIMS="yes", FAKE_AWS_EMPTY="cloudwatch list-metrics")
    assert ended.exit_code == 2
    assert found(ended) == {
        "metrics-arrive": ("cannot tell", "AWS answered otherwise than its documentation says (KeyError: 'Metrics')"),
        "alarms-have-data": ("holds", "their states are: OK OK"),
    }


@pytest.mark.parametrize(
    "refused",
    [
        "cloudformation deploy",
        "configservice get-compliance-details-by-config-rule",
        "configservice start-config-rules-evaluation",
    ],
)
def test_whatever_is_refused_the_stack_of_the_probe_is_deleted(deployed, refused):
    claims = "neither" if "start" in refused else "yes"
    ended = deployed.smoke_test("--write", "older-timestamp", FAKE_AWS_CLAIMS=claims, FAKE_AWS_FAIL=refused)
    assert (ended.exit_code, verdicts(ended)) == (2, {"older-timestamp": "cannot tell"})
    assert ended.changes[-1] == f"cloudformation delete-stack {PROBE}"
    assert deployed.stacks() == sorted(STACKS)


def test_a_run_that_is_ended_from_outside_deletes_the_stack_of_the_probe(deployed):
    interrupted = "configservice get-compliance-details-by-config-rule"
    ended = deployed.smoke_test("--write", "older-timestamp", FAKE_AWS_CLAIMS="yes", FAKE_AWS_INTERRUPT=interrupted)
    assert (ended.exit_code, deployed.stacks()) == (130, sorted(STACKS))


def test_a_stack_that_could_not_be_deleted_is_named_and_the_claim_told_all_the_same(deployed):
    ended = deployed.smoke_test(
        "--write", "older-timestamp", FAKE_AWS_CLAIMS="yes", FAKE_AWS_FAIL="cloudformation delete-stack"
    )
    assert (ended.exit_code, verdicts(ended)) == (2, {"older-timestamp": "holds"})
    assert (
        "delete the stack cloudtrail-all-regions-probe, if it is there: aws cloudformation delete-stack" in ended.stderr
    )


def test_before_a_deployment_nothing_can_be_asked_and_it_is_told(account):
    ended = account.smoke_test()
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "there is no stack cloudtrail-all-regions in eu-central-1; run scripts/deploy first" in ended.stderr


def test_without_credentials_nothing_can_be_asked_and_it_is_told(deployed):
    ended = deployed.smoke_test(FAKE_AWS_FAIL="sts get-caller-identity")
    assert (ended.exit_code, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
    assert "An error occurred (AccessDenied)" in ended.stderr


def test_where_no_other_stack_was_deployed_the_claims_about_it_cannot_be_told(account):
    account.put_stack("cloudtrail-all-regions")
    ended = account.smoke_test(FAKE_AWS_CLAIMS="yes")
    absent = {claim for claim, (_, why) in found(ended).items() if why.startswith("there is no stack ")}
    assert absent == {"trail-delivers", "state-machine", "runbook-repairs", "security-hub-severity"}
    assert ended.exit_code == 0


def test_the_lines_on_the_page_are_what_it_prints(deployed):
    command, *lines = re.search(r"```text\n(.*?)\n```", PAGE, re.DOTALL)[1].splitlines()
    ended = deployed.smoke_test(*command.removeprefix("$ scripts/smoke-test ").split(), FAKE_AWS_CLAIMS="yes")
    first, last = ended.stderr.splitlines()
    assert lines == [first, *ended.stdout.splitlines(), last]


@pytest.mark.parametrize("wrong", ["--regio", "--stack-name", "--region=EU", "no-such-claim", "token-lifetime"])
def test_wrong_usage_is_64_and_asks_nothing(deployed, wrong):
    ended = deployed.smoke_test(wrong)
    assert (ended.exit_code, ended.stdout) == (64, "")
    assert [call for call in ended.calls if call != "--version"] == []


def test_help_is_given_and_nothing_is_called(account):
    ended = account.smoke_test("--help")
    assert (ended.exit_code, ended.stderr, ended.calls) == (0, "", ())
    assert ended.stdout.startswith("usage: scripts/smoke-test")
