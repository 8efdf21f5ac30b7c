"""The documents' `aws` commands are such as the AWS CLI understands."""

import re
import subprocess

import pytest
from scripts.conftest import understanding
from support.project import ACCOUNTS, PROGRAM, ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "cloudformation/README.md", *sorted((ROOT / "docs").glob("*.md"))]
# What a reader fills in that the AWS CLI looks at before it calls AWS.
FILLED_IN = {
    "file://rule.json": "file://rule-definition.json",
    "file://event.json": "{}",
    "--body ARCHIVE": "--body Cargo.toml",
    "HOME_REGION": "us-east-1",
    "OTHER_REGION": "us-east-1",
    "START": "2026-11-01T00:00:00Z",
    "END": "2026-11-01T01:00:00Z",
}


def commands():
    for document in DOCUMENTS:
        text = document.read_text()
        blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
        lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
        spans = re.findall(r"`(aws [^`]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE))
        for command in [*lines, *(span.replace(r"\|", "|") for span in spans)]:
            command = " ".join(re.sub(r"\s#.*", "", command).split())
            # A command with a subcommand and options; others are a name in a sentence.
            if re.match(r"aws [a-z0-9-]+ [a-z0-9-]+ --", command):
                yield pytest.param(command, id=f"{document.name}: {command}")


@pytest.mark.parametrize("command", list(commands()))
def test_the_aws_cli_understands_it(command, tmp_path):
    findings = tmp_path / "findings.json"
    if findings.name in command:
        finding = [PROGRAM, "check", "--evidence", ACCOUNTS / "stopped.json", "--format", "asff", "--output", findings]
        assert subprocess.run(finding).returncode == 1
    for left_open, value in (FILLED_IN | {"file://findings.json": f"file://{findings}"}).items():
        command = command.replace(left_open, value)
    understanding.check(command if "--region " in command else f"{command} --region us-east-1")


@pytest.mark.parametrize("operation", ["create-stack-instances", "update-stack-set"])
def test_no_operation_on_a_stack_set_goes_account_by_account(operation):
    (command,) = [param.values[0] for param in commands() if f" {operation} " in param.values[0]]
    assert "--operation-preferences" in command
