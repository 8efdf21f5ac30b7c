"""An organization of 200 accounts with an aggregator in the stand-in, and the build of fleet-report.yaml, whose own
commands run in a folder of their own, with an AWS CLI that keeps buckets, messages and the list of accounts."""

import dataclasses
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tarfile

import pytest
import yaml
from cloudformation.template import Stack
from support.aws_cli import Understanding
from support.project import PROGRAM, TEMPLATES
from support.stand_in import key_of

HERE = pathlib.Path(__file__).parent
CENTRAL, REGION = "210987654321", "us-east-1"
RULE = "cis-3-1-cloudtrail-all-regions"
TOPIC = f"arn:aws:sns:{REGION}:{CENTRAL}:fleet-report"
STOPPED = "No trail passes: management-events: logging is off since 2026-11-24 22:41:07 UTC"
understanding = Understanding()


def member(number):
    return str(100_000_000_000 + number)


@dataclasses.dataclass(frozen=True)
class Message:
    subject: str
    text: str

    def named(self):
        """The accounts that it names, in order."""
        lines = [line for line in self.text.splitlines() if line.startswith("  ")]
        return [line.partition("account ")[2][:12] for line in lines]


class Build:
    """The build of a stack with these parameters."""

    def __init__(self, folder, stand_in, **parameters):
        self.folder, self.stand_in, self.number = folder, stand_in, 0
        given = {"ArtifactBucket": "packages", "ArtifactKey": "program.tar.gz", "ArtifactVersion": "v1"}
        stack = Stack(TEMPLATES / "fleet-report.yaml", **given, TopicArn=TOPIC, **parameters)
        project = stack.properties("Build")
        self.variables = {each["Name"]: each["Value"] for each in project["Environment"]["EnvironmentVariables"]}
        self.commands = yaml.safe_load(project["Source"]["BuildSpec"])["phases"]["build"]["commands"]
        self.bucket = folder / "buckets" / self.variables["BUCKET"]
        (folder / "bin").mkdir()
        # What finds a program's interpreter may take longer than the program.
        (folder / "bin/python3").symlink_to(os.path.realpath(sys.executable))
        (folder / "buckets/packages").mkdir(parents=True)
        with tarfile.open(folder / "buckets/packages/program.tar.gz@v1", "w:gz") as archive:
            program = tarfile.TarInfo("cloudtrail-all-regions-0/cloudtrail-all-regions")
            program.type, program.linkname = tarfile.SYMTYPE, str(PROGRAM)
            archive.addfile(program)
        accounts = [*map(member, range(199)), CENTRAL]
        self.list_accounts(accounts)
        stand_in.ask("aggregate", account=CENTRAL, region=REGION, name="organization")
        for account in accounts:
            self.record(account)

    def list_accounts(self, accounts):
        listed = [{"Id": account, "Name": f"team-{account[-3:]}", "State": "ACTIVE"} for account in accounts]
        (self.folder / "accounts.json").write_text(json.dumps({"Accounts": listed}))

    def record(self, account, compliance_type="COMPLIANT", annotation="management-events passes", hours=1):
        given = {"complianceType": compliance_type, "annotation": annotation, "hours": hours}
        self.stand_in.ask("record", account=account, region=REGION, name=RULE, **given)

    def forget(self, account):
        self.stand_in.ask("deleteRule", account=account, region=REGION, name=RULE)

    def refuse(self, command):
        (self.folder / "refuse").write_text(command)

    def run(self):
        """The exit code of a build, and what it published."""
        (self.folder / "messages").write_text("")
        (self.folder / "calls").write_text("")
        self.number += 1
        workspace = self.folder / f"build-{self.number}"
        workspace.mkdir()
        environment = self.variables | {
            "AWS_ACCESS_KEY_ID": key_of(CENTRAL),
            "AWS_ENDPOINT_URL": self.stand_in.endpoint,
            "AWS_REGION": REGION,
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_SESSION_TOKEN": "example",
            "FAKE_AWS": str(self.folder),
            "HOME": str(self.folder),
            "PATH": ":".join([str(self.folder / "bin"), str(HERE / "fake"), os.environ["PATH"]]),
        }
        # CodeBuild runs them in one shell, and none after one that has failed.
        script = "\n".join(["set -e", *self.commands])
        ended = subprocess.run(
            ["bash", "-c", script], cwd=workspace, env=environment, capture_output=True, text=True, timeout=120
        )
        self.said = ended.stdout + ended.stderr
        for call in map(json.loads, (self.folder / "calls").read_text().splitlines()):
            understanding.check(shlex.join(["aws", *call, "--region", REGION]))
        published = [json.loads(line) for line in (self.folder / "messages").read_text().splitlines()]
        assert all(message["TopicArn"] == TOPIC for message in published)
        return ended.returncode, [Message(message["Subject"], message["Message"]) for message in published]

    def kept(self, pattern):
        return sorted(self.bucket.glob(pattern))


@pytest.fixture
def build(tmp_path, stand_in):
    return lambda **parameters: Build(tmp_path, stand_in, **parameters)
