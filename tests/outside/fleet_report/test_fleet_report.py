"""The fleet report of an organization of 200 accounts: what is kept, what people are told, and when nobody is."""

import datetime
import html.parser
import json
import re

import pytest
from fleet_report.conftest import CENTRAL, STOPPED, member
from support.project import ROOT

RED, SILENT, WITHOUT_RULE, OTHER = (member(number) for number in (7, 42, 99, 150))


@pytest.fixture
def fleet(build):
    """Of 200 accounts one is red, one has gone quiet, and one has no rule."""
    fleet = build()
    fleet.record(RED, "NON_COMPLIANT", STOPPED)
    fleet.record(SILENT, hours=72)
    fleet.forget(WITHOUT_RULE)
    return fleet


def told(fleet):
    exit_code, messages = fleet.run()
    assert (exit_code, len(messages)) == (0, 1), fleet.said
    return messages[0]


def test_the_first_report_names_each_account_that_is_not_well(fleet):
    message = told(fleet)
    assert message.named() == [RED, SILENT, WITHOUT_RULE]
    assert (
        message.subject
        == "cloudtrail-all-regions: 0 changed; 200 accounts, 1 non compliant, 1 no verdict, 198 compliant"
    )
    lines = message.text.splitlines()
    assert lines[2:6] == [
        "Not well:",
        f"  account {RED} (team-007): NON_COMPLIANT: {STOPPED}",
        f"  account {SILENT} (team-042): COMPLIANT, too-old: management-events passes",
        f"  account {WITHOUT_RULE} (team-099): NO_VERDICT: without verdict: no row in the aggregator, which does not "
        "tell NOT_APPLICABLE from none",
    ]


def test_the_page_and_the_report_are_kept_and_the_message_says_where(fleet):
    message = told(fleet)
    ((page,), (report,)) = fleet.kept("reports/*.html"), fleet.kept("reports/*.json")
    assert message.text.splitlines()[-1] == f"All of it: aws s3 cp s3://the-Bucket/reports/{page.name} report.html"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}Z", page.stem) and page.stem == report.stem
    document = json.loads(report.read_text())
    assert len(document["accounts"]) == document["summary"]["accounts"] == 200
    text = []
    parser = html.parser.HTMLParser()
    parser.handle_data = text.append
    parser.feed(page.read_text())
    assert all(account in "".join(text) for account in (RED, SILENT, WITHOUT_RULE))
    assert fleet.kept("state/*") == [fleet.bucket / "state/last.json"]
    assert json.loads((fleet.bucket / "state/last.json").read_text()) == document


def test_the_second_report_tells_only_what_changed_and_who_is_still_silent(fleet):
    told(fleet)
    fleet.record(SILENT)
    fleet.record(OTHER, "NON_COMPLIANT", STOPPED)
    message = told(fleet)
    assert message.named() == [OTHER, SILENT, WITHOUT_RULE]
    assert "Changed since the last report:\n  non-compliant: account" in message.text
    assert f"  repaired: account {SILENT} (team-042): COMPLIANT: management-events passes" in message.text
    assert f"Still without a fresh verdict:\n  account {WITHOUT_RULE}" in message.text
    shown = re.sub(r"s3://the-Bucket/reports/[^.]+", "s3://BUCKET/reports/2026-11-25T070000Z", message.text)
    assert f"```text\n{shown}\n```" in (ROOT / "docs/organization.md").read_text()


def test_an_account_without_a_verdict_is_named_every_day_until_it_has_one(fleet):
    told(fleet)
    assert told(fleet).named() == [SILENT, WITHOUT_RULE]
    fleet.record(SILENT)
    fleet.record(WITHOUT_RULE)
    assert told(fleet).named() == [SILENT, WITHOUT_RULE]
    assert fleet.run() == (0, []), "one that fails as it did is no news"
    assert len(fleet.kept("state/last.json")) == 1 and len(fleet.kept("reports/*.json")) >= 1


def test_what_is_excepted_is_counted_and_not_told(fleet):
    fleet.record(SILENT)
    fleet.forget(OTHER)
    (fleet.bucket / "state").mkdir(parents=True)
    exception = """
        [[exception]]
        accounts = ["{}"]
        reasons = ["all"]
        justification = "Sandbox"
        owner = "team@example.com"
        expires = {}
    """
    tomorrow = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1)
    excepted = [exception.format(account, tomorrow) for account in (RED, WITHOUT_RULE)]
    (fleet.bucket / "state/exceptions.toml").write_text("".join(excepted))
    message = told(fleet)
    assert message.named() == [OTHER]
    assert "1 no verdict, 197 compliant, 2 excepted" in message.text


def test_an_account_that_joins_or_leaves_is_told(fleet):
    told(fleet)
    fleet.forget(member(0))
    fleet.list_accounts([*(member(number) for number in range(1, 201)), CENTRAL])
    changed = told(fleet).text.partition("Changed since the last report:\n")[2]
    assert f"  joined: account {member(200)} (team-200): NO_VERDICT, was not there" in changed
    assert f"  left: account {member(0)}" in changed


def test_at_most_fifty_accounts_are_named(build):
    fleet = build()
    for number in range(60):
        fleet.record(member(number), "NON_COMPLIANT", STOPPED)
    message = told(fleet)
    assert message.named() == [member(number) for number in range(50)]
    assert "\n... and 10 more\n" in message.text
    for number in range(55):
        fleet.record(member(number))
    fleet.forget(WITHOUT_RULE)
    message = told(fleet)
    assert len(message.named()) == 50 and "\n... and 6 more\n" in message.text
    assert WITHOUT_RULE in message.named(), "the weightiest come first"


def test_no_hidden_character_reaches_a_mailbox(fleet):
    fleet.record(RED, "NON_COMPLIANT", "No trail passes: a\u001b[2J\u202eb: logging is off")
    message = told(fleet)
    assert not re.search(r"[^\n -~]", message.text), message.text


def test_a_report_that_cannot_be_made_is_told_with_why(fleet):
    told(fleet)
    last = (fleet.bucket / "state/last.json").read_bytes()
    fleet.stand_in.ask(
        "fail", operation="DescribeAggregateComplianceByConfigRules", status=400, code="AccessDeniedException"
    )
    message = told(fleet)
    assert message.subject == "cloudtrail-all-regions: no report, exit code 2"
    assert message.text.startswith("Nobody knows how the accounts stand: there is no report.\n\nerror: ")
    assert "AccessDeniedException" in message.text
    assert (fleet.bucket / "state/last.json").read_bytes() == last


def test_an_exceptions_file_with_a_fault_is_told_and_silences_nobody(fleet):
    (fleet.bucket / "state").mkdir(parents=True)
    (fleet.bucket / "state/exceptions.toml").write_text("[[exception]]\nreasons = ['single-regions']\n")
    message = told(fleet)
    assert message.subject == "cloudtrail-all-regions: no report, exit code 64"
    assert "exceptions.toml: line" in message.text


@pytest.mark.parametrize("command", ["organizations list-accounts", "s3 cp", "s3api get-object", "sns publish"])
def test_a_build_that_could_tell_nobody_fails_and_the_next_one_tells_it(fleet, command):
    fleet.refuse(command)
    exit_code, messages = fleet.run()
    assert (exit_code != 0, messages, fleet.kept("state/*")) == (True, [], [])
    fleet.refuse("")
    assert told(fleet).named() == [RED, SILENT, WITHOUT_RULE]


def test_a_problem_that_doctor_sees_is_told(fleet):
    assert "problem" not in told(fleet).text
    fleet.forget(CENTRAL)
    text = told(fleet).text
    assert f"account {CENTRAL}  rule " in text and "\n  problem  " in text
