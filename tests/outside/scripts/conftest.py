"""The scripts of scripts/, run with an AWS CLI that is not one, and with a cargo that builds nothing."""

import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

import pytest
from support.aws_cli import Understanding
from support.project import ROOT, TEMPLATES

HERE = pathlib.Path(__file__).parent
SCRIPTS = ROOT / "scripts"
BASH = shutil.which("bash")
CHANGES = (
    "cloudformation deploy",
    "cloudformation delete-stack",
    "s3api put-object",
    "s3api delete-object",
    "configservice start-config-rules-evaluation",
)

understanding = Understanding()


@dataclasses.dataclass(frozen=True)
class Ended:
    exit_code: int
    stdout: str
    stderr: str
    calls: tuple[str, ...] = ()

    @property
    def changes(self):
        """The calls that change something, as far as their first option."""
        return [first_words(call, 4) for call in self.calls if call.startswith(CHANGES)]

    def told(self):
        """The last line that people are told."""
        return self.stderr.splitlines()[-1]


def first_words(text, number):
    return " ".join(text.split(" ")[:number])


def run(path, script, *arguments, stdin="", program=(BASH,), **variables):
    """Runs a script with these folders before all others in PATH."""
    environment = {"HOME": os.devnull, "PATH": ":".join([*map(str, path), os.environ["PATH"]])} | variables
    command = [*program, script, *arguments]
    ended = subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True, timeout=120)
    return Ended(ended.returncode, ended.stdout.rstrip("\n"), ended.stderr.rstrip("\n"))


class Account:
    """An account of fake/aws: its state is a folder. What else it answers, it is told in variables: see there."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "stacks").mkdir()
        self.package = folder / "package.zip"
        self.package.write_text("package\n")

    def run(self, script, *arguments, path=(), scripts=SCRIPTS, **variables):
        for state in ("calls", "started", "looks"):
            (self.folder / state).unlink(missing_ok=True)
        variables["FAKE_AWS"] = str(self.folder)
        return self.understood(run([*path, HERE / "fake"], scripts / script, *arguments, **variables))

    def understood(self, ended):
        """With the calls that were made, each of which the AWS CLI understands."""
        calls = self.folder / "calls"
        calls = tuple(calls.read_text().splitlines()) if calls.exists() else ()
        for call in calls:
            if not call.startswith(("sleep ", "configure ", "--version")):
                understanding.check(f"aws {call}")
        return dataclasses.replace(ended, calls=calls)

    def deploy(self, *arguments, **variables):
        return self.run("deploy", "--region", "eu-central-1", "--package", self.package, *arguments, **variables)

    def remove(self, *arguments, **variables):
        return self.run("remove", "--region", "eu-central-1", "--yes", *arguments, **variables)

    def smoke_test(self, *arguments, **variables):
        for state in ("calls", "started"):
            (self.folder / state).unlink(missing_ok=True)
        # What finds a program's interpreter may take longer than the program.
        (self.folder / "python3").unlink(missing_ok=True)
        (self.folder / "python3").symlink_to(os.path.realpath(sys.executable))
        path = [self.folder, HERE / "fake-account", HERE / "fake"]
        arguments = ["--region", "eu-central-1", *arguments]
        variables["FAKE_AWS"] = str(self.folder)
        ended = run(path, SCRIPTS / "smoke-test", *arguments, program=[sys.executable], **variables)
        return self.understood(ended)

    def put_stack(self, name, status="CREATE_COMPLETE"):
        (self.folder / "stacks" / name).write_text(status + "\n")

    def stacks(self):
        return sorted(path.name for path in (self.folder / "stacks").iterdir())

    def put_object(self, place, version="v0"):
        with (self.folder / "objects").open("a") as objects:
            objects.write(f"{place} {version}\n")

    def objects(self):
        """Bucket, key and version of each."""
        return (self.folder / "objects").read_text().splitlines()

    def keys(self):
        return [line.partition(" ")[0] for line in self.objects()]


@pytest.fixture
def account(tmp_path):
    return Account(tmp_path / "account")


class Organization:
    """An organization of fake-organization/aws: its state is a file. Of an account it holds `parent`, `state`, whether
    it has a `recorder`, why its stack otherwise `fails`, what it `runs` in place of what it was given, that it is
    `silent`, for how often an evaluation is `busy`, and its `annotation`; of all, `throttle` has how often a command is
    put off, and `refuse` the one that is refused. `asked_of_members` has the commands in accounts that were entered."""

    CENTRAL, MANAGEMENT, ROOT = "900000000001", "900000000009", "r-root"

    def __init__(self, folder, accounts=30):
        self.folder = folder
        folder.mkdir()
        # What finds a program's interpreter may take longer than the program.
        (folder / "python3").symlink_to(os.path.realpath(sys.executable))
        self.package = folder / "package.zip"
        self.package.write_text("package\n")
        role = "role/aws-reserved/sso.amazonaws.com/Platform"
        self.principal = f"arn:aws:iam::{self.CENTRAL}:{role}"
        members = {
            self.member(number): {"parent": "ou-root-workloads", "state": "ACTIVE"} for number in range(accounts)
        }
        self.write(
            {
                "organization": "o-exampleorgid",
                "management": self.MANAGEMENT,
                "delegated": [self.CENTRAL],
                "caller": self.CENTRAL,
                "caller_arn": f"arn:aws:sts::{self.CENTRAL}:assumed-role/Platform/somebody",
                "principal": self.principal,
                "units": {self.ROOT: None, "ou-root-workloads": self.ROOT, "ou-root-security": self.ROOT},
                "accounts": members
                | {
                    self.CENTRAL: {"parent": "ou-root-security", "state": "ACTIVE"},
                    self.MANAGEMENT: {"parent": self.ROOT, "state": "ACTIVE"},
                },
                "stack_sets": {},
                "stacks": {},
                "objects": [],
                "operations": 0,
                "seen": [],
                "throttle": {},
            }
        )

    @staticmethod
    def member(number):
        return str(100_000_000_000 + number)

    def read(self):
        return json.loads((self.folder / "organization.json").read_text())

    def write(self, state):
        (self.folder / "organization.json").write_text(json.dumps(state))

    def change(self, **members):
        self.write(self.read() | members)

    def change_account(self, account, **members):
        state = self.read()
        state["accounts"][account] |= members
        self.write(state)

    def run(self, script, *arguments, scripts=SCRIPTS, path=(), stdin="", **variables):
        (self.folder / "calls").unlink(missing_ok=True)
        variables |= {"FAKE_AWS": str(self.folder), "FAKE_AWS_TEMPLATES": str(TEMPLATES)}
        path = [*path, self.folder, HERE / "fake-organization", HERE / "fake"]
        ended = run(path, scripts / script, *arguments, stdin=stdin, program=[sys.executable], **variables)
        calls = (self.folder / "calls").read_text().splitlines() if (self.folder / "calls").exists() else []
        calls = tuple(" ".join(map(shlex.quote, call.split("\0"))) for call in calls)
        for call in calls:
            if not call.startswith(("sleep ", "'sleep ", "configure ", "--version")):
                understanding.check(f"aws {call}")
        return dataclasses.replace(ended, calls=calls)

    def deploy(self, *arguments, **variables):
        given = ["--ou", self.ROOT, "--region", "eu-central-1", "--package", self.package, *arguments]
        return self.run("deploy-organization", *given, **variables)

    def remove(self, *arguments, **variables):
        return self.run("remove-organization", "--region", "eu-central-1", "--yes", *arguments, **variables)

    def instances(self, name):
        """The accounts of a stack set and the status of each."""
        instances = self.read()["stack_sets"][f"cloudtrail-all-regions-{name}"]["instances"]
        return {account: status for account, (status, *_) in instances.items()}


@pytest.fixture
def organization(tmp_path):
    return Organization(tmp_path / "organization")


class Workshop:
    """A folder with scripts/package in it, and what fake-cargo stands in for."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "scripts").mkdir(parents=True)
        for name in ("build.sh", "common.sh", "package"):
            shutil.copy(SCRIPTS / name, folder / "scripts")
        for name in ("Cargo.toml", "LICENSE", "THIRD-PARTY-NOTICES.txt"):
            shutil.copy(ROOT / name, folder)
        self.sysroot = folder / "sysroot"
        (self.sysroot / "lib/rustlib/aarch64-unknown-linux-gnu").mkdir(parents=True)
        self.zigbuild = folder / "zigbuild"
        self.zigbuild.mkdir()
        (self.zigbuild / "cargo-zigbuild").symlink_to(HERE / "fake-cargo/cargo")
        self.calls = folder / "cargo_calls"

    def variables(self):
        return {
            "FAKE_SYSROOT": str(self.sysroot),
            "FAKE_CARGO_CALLS": str(self.calls),
            "CARGO_TARGET_DIR": "",
        }

    def package(self, *arguments, path=(), **variables):
        script = self.folder / "scripts/package"
        return run([*path, HERE / "fake-cargo"], script, *arguments, **(self.variables() | variables))

    def zip(self, architecture):
        return self.folder / f"target/lambda/cloudtrail-all-regions-{version()}-{architecture}.zip"

    def cargo(self):
        """The command of cargo, and the flags for rustc."""
        return self.calls.read_text().splitlines()


def version():
    lines = (ROOT / "Cargo.toml").read_text().splitlines()
    return next(line for line in lines if line.startswith("version = ")).split('"')[1]


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path / "workshop")
