"""examples/evidence-of-my-account.sh, which writes an evidence file with the AWS CLI and jq, by a fake `aws`."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from support.project import ROOT

HERE = pathlib.Path(__file__).parent
SCRIPT = ROOT / "examples/evidence-of-my-account.sh"
BASH = shutil.which("bash")


@pytest.fixture
def calls(tmp_path):
    return tmp_path / "calls"


@pytest.fixture
def run(calls):
    def run(*arguments, region="eu-central-1", path=f"{HERE}/fake:{os.environ['PATH']}", **variables):
        environment = {"PATH": path, "FAKE_AWS_CALLS": str(calls)} | variables
        command = [BASH, SCRIPT, *(["--region", region] if region else []), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    return run


def test_the_syntax_is_right():
    assert subprocess.run([BASH, "-n", SCRIPT]).returncode == 0


def test_an_account_is_written_as_expected_and_no_call_is_made_twice(run, calls, tmp_path):
    ended = run("--output", tmp_path / "evidence.json")
    assert ended.returncode == 0, ended.stderr
    written = json.loads((tmp_path / "evidence.json").read_text())
    written["collectedAt"] = "2026-11-01T12:00:00Z"
    assert written == json.loads((HERE / "evidence.json").read_text())
    made = calls.read_text().splitlines()
    assert (len(made), len(set(made))) == (11, 11)


def test_standard_output_and_the_region_of_the_environment_are_the_defaults(run):
    assert json.loads(run(region=None, AWS_REGION="eu-central-1").stdout)["region"] == "eu-central-1"


def test_a_refused_listing_is_evidence(run):
    evidence = json.loads(run(FAKE_AWS_FAULT="AccessDeniedException").stdout)
    assert evidence["trails"]["refused"]["code"] == "AccessDeniedException"


def test_an_unanswered_listing_of_trails_and_a_refused_one_by_config_are_evidence(run):
    evidence = json.loads(run(FAKE_AWS_FAULT="503").stdout)
    assert evidence["trails"]["unanswered"]["code"] == "503"
    assert evidence["discoveredTrails"]["refused"]["operation"] == "ListDiscoveredResources"


@pytest.mark.parametrize(
    "fault", ["ExpiredTokenException", "UnrecognizedClientException", "Unable to locate credentials."]
)
def test_a_fault_of_our_own_says_nothing_about_the_account_and_is_told(run, fault):
    ended = run(FAKE_AWS_FAULT=fault)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert fault in ended.stderr


@pytest.mark.parametrize("command", ["get-trail-status", "get-event-selectors"])
def test_credentials_that_expire_on_the_way_say_nothing_about_the_account(run, command):
    ended = run(FAKE_AWS_FAULT="ExpiredToken", FAKE_AWS_FAULT_OF=command)
    assert (ended.returncode, ended.stdout) == (2, "")


def test_a_listing_that_config_refuses_is_evidence(run):
    evidence = json.loads(run(FAKE_AWS_FAULT="ExpiredToken", FAKE_AWS_FAULT_OF="list-discovered-resources").stdout)
    assert list(evidence["discoveredTrails"]) == ["refused"]


def test_help_is_given(run):
    assert run("--help", region=None).returncode == 0


@pytest.mark.parametrize("wrong", ["--regio x", "--region", "--region US/1", "--output", "x", ""])
def test_wrong_usage_is_64_and_says_nothing_on_stdout(run, wrong):
    ended = run(*wrong.split(), region=None)
    assert (ended.returncode, ended.stdout) == (64, "")


@pytest.mark.parametrize("tool", ["aws", "jq"])
def test_without_a_tool_it_is_told_what_is_needed(run, tmp_path, tool):
    if tool != "aws":
        (tmp_path / "aws").symlink_to(HERE / "fake/aws")
    ended = run(path=str(tmp_path))
    needed = f"evidence-of-my-account.sh: {tool} is needed and was not found"
    assert (ended.returncode, ended.stderr.rstrip()) == (2, needed)
