"""examples/evidence-of-my-account.sh in the conditions of accounts and machines that others have."""

import json
import os
import shlex
import shutil
import subprocess

import pytest
from scripts.conftest import BASH, SCRIPTS, run
from support.project import ROOT

EVIDENCE = ROOT / "examples/evidence-of-my-account.sh"
ALL = [
    EVIDENCE,
    *(SCRIPTS / name for name in ("deploy", "package", "remove")),
]
TRAIL = "arn:aws:cloudtrail:us-east-1:111122223333:trail/trail"
AWS = """#!/usr/bin/env bash
case "$1 $2" in
  'sts get-caller-identity') if [[ -z ${NO_CREDENTIALS:-} ]]; then echo 111122223333; exit; fi ;;
  *) answer=$ANSWERS/$2; if [[ -f $answer ]]; then cat "$answer"; exit; fi ;;
esac
case ${AWS_CLI_ERROR_FORMAT:-enhanced} in
  json) printf '\\n{\\n    "Code": "AccessDeniedException",\\n    "Message": "no"\\n}\\n' ;;
  legacy) printf '\\nAn error occurred (AccessDeniedException) when calling the Any operation: no\\n' ;;
  *) printf '\\naws: [ERROR]: An error occurred (AccessDeniedException) when calling the Any operation: no\\n' ;;
esac >&2
exit 254
"""


@pytest.fixture
def answers(tmp_path):
    folder = tmp_path / "answers"
    folder.mkdir()
    return folder


@pytest.fixture
def account(tmp_path, answers):
    """An `aws` that answers what stands in files of the command's name, and refuses all else."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/aws").write_text(AWS)
    (tmp_path / "bin/aws").chmod(0o755)

    def evidence(*arguments, **variables):
        return run(
            [tmp_path / "bin"],
            EVIDENCE,
            "--region",
            "us-east-1",
            *arguments,
            ANSWERS=str(answers),
            **variables,
        )

    return evidence


@pytest.mark.parametrize("error_format", ["json", "yaml", "text", "table", "enhanced", "legacy"])
def test_a_refusal_is_evidence_in_whatever_format_the_aws_cli_is_set_to_tell_it(account, error_format):
    ended = account(AWS_CLI_ERROR_FORMAT=error_format)
    assert ended.exit_code == 0, ended.stderr
    refused = {"operation": "DescribeTrails", "code": "AccessDeniedException"}
    assert json.loads(ended.stdout)["trails"] == {"refused": refused}


def test_answers_that_no_argument_can_hold_are_written(account, answers, tmp_path):
    trails = [
        {
            "Name": f"trail-{number}",
            "TrailARN": f"{TRAIL}-{number}",
            "HomeRegion": "us-east-1",
            "IsMultiRegionTrail": multi,
        }
        for number, multi in enumerate([True, *[False] * 1500])
    ]
    selectors = [{"FieldSelectors": [{"Field": "resources.ARN", "NotEquals": ["x" * 2000] * 100}]}]
    (answers / "describe-trails").write_text(json.dumps({"trailList": trails}))
    (answers / "get-event-selectors").write_text(json.dumps({"AdvancedEventSelectors": selectors}))
    (answers / "get-trail-status").write_text('{"IsLogging": true}')
    discovered = [{"resourceId": f"{TRAIL}-{number}" * 2} for number in range(1500)]
    (answers / "list-discovered-resources").write_text(json.dumps({"resourceIdentifiers": discovered}))
    output = tmp_path / "evidence.json"
    output.write_text("earlier")
    ended = account("--output", output)
    assert ended.exit_code == 0, ended.stderr
    written = json.loads(output.read_text())
    assert len(written["trails"]) == 1501
    assert written["trails"][0]["GetEventSelectors"] == {"AdvancedEventSelectors": selectors}
    assert len(written["discoveredTrails"]) == 1500


def test_an_output_stays_as_it_was_where_no_answer_can_be_used(account, answers, tmp_path):
    (answers / "describe-trails").write_text("<html>")
    output = tmp_path / "evidence.json"
    output.write_text("earlier")
    ended = account("--output", output)
    assert (ended.exit_code, ended.stdout, output.read_text()) == (2, "", "earlier")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("evidence")] == ["evidence.json"]


def test_without_credentials_it_ends_as_documented(account):
    ended = account(NO_CREDENTIALS="yes")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("evidence-of-my-account.sh: GetCallerIdentity: ")


def test_an_output_that_cannot_be_written_ends_as_documented(account, tmp_path):
    ended = account("--output", tmp_path / "absent/evidence.json")
    assert ended.exit_code == 2
    assert ended.told().endswith("absent/evidence.json cannot be written")


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
@pytest.mark.parametrize("shell", [["dash"], [BASH, "--posix"]], ids=["dash", "posix"])
def test_a_shell_that_is_not_bash_is_told_plainly(script, shell):
    assert shutil.which(shell[0])
    ended = subprocess.run(
        [*shell, script, "--help"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    told = f"{script.name}: it is a script for bash; start it with bash, not with sh\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (64, "", told)


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_help_has_a_short_option(script):
    short, long = (run([], script, option) for option in ("-h", "--help"))
    assert short == long
    assert (short.exit_code, short.stderr) == (0, "")
    assert short.stdout.startswith("Usage: ")


def test_the_scripts_that_read_the_aws_clis_words_pin_them(account, tmp_path, answers):
    told = run(
        [tmp_path / "bin"],
        SCRIPTS / "deploy",
        "--region",
        "us-east-1",
        "--dry-run",
        AWS_CLI_ERROR_FORMAT="json",
        ANSWERS=str(answers),
    )
    assert "An error occurred (AccessDeniedException)" in told.stdout + told.stderr


@pytest.mark.usefixtures("account")
def test_a_link_that_another_user_has_planted_beside_the_output_is_not_followed(tmp_path, answers):
    (answers / "describe-trails").write_text('{"trailList": []}')
    (answers / "list-discovered-resources").write_text('{"resourceIdentifiers": []}')
    victim, output = tmp_path / "victim", tmp_path / "evidence.json"
    victim.write_text("as it was")
    # The shell keeps its process id when it becomes the script, so that it knows the name that has this id in it.
    planted = f'ln -s "$VICTIM" "$OUTPUT.$$"; exec {shlex.quote(BASH)} "$@"'
    ended = run(
        [tmp_path / "bin"],
        EVIDENCE,
        "--region",
        "us-east-1",
        "--output",
        str(output),
        program=(BASH, "-c", planted, "bash"),
        ANSWERS=str(answers),
        VICTIM=str(victim),
        OUTPUT=str(output),
    )
    assert ended.exit_code == 0, ended.stderr
    assert victim.read_text() == "as it was"
    assert json.loads(output.read_text())["trails"] == []
    assert output.stat().st_mode & 0o777 == 0o666 & ~current_umask()
    assert [path.name for path in tmp_path.glob("evidence.json.*") if not path.is_symlink()] == []


def current_umask():
    umask = os.umask(0o022)
    os.umask(umask)
    return umask
