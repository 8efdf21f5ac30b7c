"""Saved evidence is as it says of itself, by jq and sha256sum alone."""

import json
import os
import subprocess

import pytest
from support.project import PROGRAM

ACCOUNT = "123456789012"


def jq(*arguments, text=None):
    return subprocess.run(["jq", *arguments], input=text, capture_output=True, text=True, check=True).stdout


def documented_sha256(path):
    """The SHA-256 as the documentation has it made."""
    document = jq("-cSj", "del(.provenance.sha256)", path)
    return subprocess.run(["sha256sum"], input=document, capture_output=True, text=True).stdout.split()[0]


@pytest.fixture
def run(stand_in, tmp_path):
    def run(*arguments):
        environment = {
            "HOME": str(tmp_path),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ENDPOINT_URL": stand_in.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            # The account is in it.
            "AWS_ACCESS_KEY_ID": "AKIABZPUZDIKAAAAAAAA",
            "AWS_SECRET_ACCESS_KEY": "not-to-be-seen",
        }
        return subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True, timeout=60)

    return run


@pytest.fixture
def saved(run, tmp_path):
    """The evidence of an account without trails, and what was printed about it."""
    path = tmp_path / "evidence.json"
    live = run("check", "--parameter", "maxDeliveryAgeHours=24", "--save-evidence", path)
    assert (live.returncode, live.stderr) == (1, "")
    return path, live


def test_the_account_is_the_one_of_the_credentials(saved):
    assert jq("-r", ".accountId", saved[0]).strip() == ACCOUNT


def test_the_sha_256_is_that_of_the_document_without_it(saved):
    assert jq("-r", ".provenance.sha256", saved[0]).strip() == documented_sha256(saved[0])


def test_sha256sum_checks_the_file_beside_which_its_checksum_is(run, saved):
    path, _ = saved
    listed = path.with_name(f"{path.name}.sha256")

    def checked():
        command = ["sha256sum", "--check", "--strict", listed.name]
        return subprocess.run(command, cwd=path.parent, capture_output=True, text=True)

    assert (checked().returncode, checked().stdout) == (0, f"{path.name}: OK\n")
    sha256 = listed.read_text().split()[0]
    asked = run("check", "--evidence", path, "--sha256", sha256, "--format", "json")
    assert (asked.returncode, json.loads(asked.stdout)["accounts"][0]["evidenceSha256"]) == (1, sha256)
    path.write_bytes(path.read_bytes() + b"\n")
    assert (checked().returncode, checked().stdout) == (1, f"{path.name}: FAILED\n")
    assert run("check", "--evidence", path, "--sha256", sha256).returncode == 2


def test_every_call_has_a_request_id(saved):
    calls = json.loads(jq(".provenance.calls", saved[0]))
    assert calls
    assert all(call["requestId"] for call in calls)


def test_no_credential_is_in_it(saved):
    text = saved[0].read_text()
    assert "AKIA" not in text
    assert "not-to-be-seen" not in text


def test_the_verdict_is_the_same_at_any_later_time(run, saved):
    path, live = saved
    later = run("check", "--evidence", path)
    assert (later.returncode, later.stdout.splitlines()[0]) == (1, live.stdout.splitlines()[0])


def test_white_space_does_not_matter(run, saved, tmp_path):
    reformatted = tmp_path / "reformatted.json"
    reformatted.write_text(jq("-c", ".", saved[0]))
    assert reformatted.read_bytes() != saved[0].read_bytes()
    ended = run("check", "--evidence", reformatted)
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.fixture
def changed(saved, tmp_path):
    path = tmp_path / "changed.json"
    path.write_text(jq('.collectedAt = "2020-01-01T00:00:00Z"', saved[0]))
    return path


def test_a_change_is_refused_and_the_sha_256_that_was_found_is_told(run, changed):
    ended = run("check", "--evidence", changed)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert documented_sha256(changed) in ended.stderr


def test_jq_seals_as_the_program_does(run, changed, tmp_path):
    sealed = tmp_path / "sealed.json"
    sealed.write_text(jq("--arg", "sha256", documented_sha256(changed), ".provenance.sha256 = $sha256", changed))
    ended = run("check", "--evidence", sealed)
    assert ended.returncode == 1
    assert ended.stderr == f"warning: {sealed}: collected at 2020-01-01 00:00:00 UTC, more than 24 hours ago\n"
