"""What holds for every script, and whether the fakes are as good as what they stand in for."""

import shutil
import subprocess

import pytest
from scripts.conftest import BASH, HERE, SCRIPTS, run
from support.aws_cli import Understanding
from support.project import ROOT, TOOLS

NAMES = ("command-line", "deploy", "notices", "package", "release", "remove", "sbom")
PROGRAMS = [SCRIPTS / name for name in NAMES]
SOURCED = [SCRIPTS / name for name in ("build.sh", "common.sh", "lib.sh")]
SUITES = [ROOT / name for name in ("tests/outside/install", "tests/outside/run")]
CI = [ROOT / ".ci" / name for name in ("prepare", "prepare-release", "run")]
FAKES = sorted(path for folder in ("fake", "fake-cargo") for path in (HERE / folder).iterdir())


@pytest.mark.parametrize("script", [*PROGRAMS, *SOURCED], ids=lambda script: script.name)
def test_the_syntax_is_right(script):
    assert subprocess.run([BASH, "-n", script]).returncode == 0


def test_shellcheck_finds_nothing():
    scripts = [path.relative_to(ROOT) for path in [*PROGRAMS, *CI, *FAKES, *SUITES]]
    found = subprocess.run([TOOLS / "shellcheck", "-x", *scripts], cwd=ROOT, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize("script", NAMES)
def test_help_is_given_and_nothing_is_called(account, script):
    ended = account.run(script, "--help")
    assert (ended.exit_code, ended.calls) == (0, ())
    assert f"Usage: scripts/{script}" in ended.stdout


@pytest.mark.parametrize("script", ["deploy", "remove"])
def test_without_aws_it_is_told_what_is_needed(tmp_path, script):
    for tool in ("bash", "cat", "dirname", "mktemp", "sed", "grep", "tail", "cut", "rm", "basename"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    ended = run([], SCRIPTS / script, "--region", "eu-central-1", PATH=str(tmp_path))
    assert (ended.exit_code, ended.stderr) == (2, f"{script}: aws is needed and was not found")


def test_a_call_that_the_aws_cli_does_not_understand_is_found():
    understanding = Understanding()
    understanding.check("aws cloudtrail describe-trails --region us-east-1")
    for wrong in ("describe-trail", "describe-trails --regions us-east-1", "get-trail-status --region us-east-1"):
        with pytest.raises(AssertionError, match="usage: "):
            understanding.check(f"aws cloudtrail {wrong}")
