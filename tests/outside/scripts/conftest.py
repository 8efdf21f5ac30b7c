"""The scripts of scripts/, run with an AWS CLI that is not one, and with a cargo that builds nothing."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

import pytest
from support.aws_cli import Understanding
from support.project import ROOT

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


def run(path, script, *arguments, stdin="", **variables):
    """Runs a script with these folders before all others in PATH."""
    environment = {"HOME": os.devnull, "PATH": ":".join([*map(str, path), os.environ["PATH"]])} | variables
    command = [BASH, script, *arguments]
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
        ended = run([*path, HERE / "fake"], scripts / script, *arguments, **variables)
        calls = self.folder / "calls"
        calls = tuple(calls.read_text().splitlines()) if calls.exists() else ()
        for call in calls:
            if not call.startswith(("sleep ", "configure ")):
                understanding.check(f"aws {call}")
        return dataclasses.replace(ended, calls=calls)

    def deploy(self, *arguments, **variables):
        return self.run("deploy", "--region", "eu-central-1", "--package", self.package, *arguments, **variables)

    def remove(self, *arguments, **variables):
        return self.run("remove", "--region", "eu-central-1", "--yes", *arguments, **variables)

    def smoke_test(self, *arguments, **variables):
        return self.run("smoke-test", "--region", "eu-central-1", *arguments, **variables)

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
