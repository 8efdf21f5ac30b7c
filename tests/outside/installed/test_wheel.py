"""scripts/command-line: what a person installs, in a place where nothing else is."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from scripts.conftest import version
from support.project import ROOT, TARGET, TOOLS

NAME = "cloudtrail-all-regions"
PAPERS = ["LICENSE", "THIRD-PARTY-NOTICES.txt"]


def run(*command, path, **variables):
    """Runs a command in an environment that has nothing but this PATH and what is given."""
    environment = {"PATH": os.pathsep.join(map(str, path))} | {name: str(value) for name, value in variables.items()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture
def built():
    """The wheel and the archive, which ../run has had built."""
    wheel, archive = map(Path, (TARGET / "outside/command-line").read_text().splitlines())
    return wheel, archive


def test_the_wheel_holds_the_program_and_the_licences(built):
    wheel = zipfile.ZipFile(built[0])
    data, info = f"cloudtrail_all_regions-{version()}.data/", f"cloudtrail_all_regions-{version()}.dist-info/"
    assert sorted(wheel.namelist()) == sorted(
        [f"{data}scripts/{NAME}", *(info + name for name in ("METADATA", "RECORD", "WHEEL"))]
        + [f"{info}licenses/{name}" for name in PAPERS]
    )
    for name in PAPERS:
        assert wheel.read(f"{info}licenses/{name}") == (ROOT / name).read_bytes()


def test_it_says_what_cargo_toml_says(built):
    wheel = zipfile.ZipFile(built[0])
    metadata = email.message_from_bytes(wheel.read(f"cloudtrail_all_regions-{version()}.dist-info/METADATA"))
    said = (metadata["Name"], metadata["Version"], metadata["License"])
    assert said == (NAME, version(), "Apache-2.0")
    repository = re.search('^repository = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert metadata.get_all("Project-URL") == [f"Source Code, {repository}"]


def test_the_archive_holds_the_same(built):
    folder = built[1].name.removesuffix(".tar.gz")
    assert re.fullmatch(rf"{NAME}-{re.escape(version())}-\w+-unknown-linux-gnu", folder)
    with tarfile.open(built[1]) as archive:
        members = {member.name: member.mode & 0o777 for member in archive.getmembers() if member.isfile()}
    assert members == {f"{folder}/{NAME}": 0o755} | {f"{folder}/{name}": 0o644 for name in PAPERS}


def is_installed(program, home):
    """It starts, and does the README's main job, where there is neither cargo nor a home with anything in it."""
    path = [program.parent]
    assert shutil.which("cargo", path=str(program.parent)) is None
    said = run(program, "--version", path=path, HOME=home)
    assert (said.returncode, said.stdout, said.stderr) == (0, f"{NAME} {version()}\n", "")
    said = run(program, "invoke", path=path, HOME=home)
    assert said.returncode == 0, said.stderr
    assert re.search("^  COMPLIANT +AWS::::Account  123456789012$", said.stdout, re.MULTILINE)


def test_pip_installs_it_into_an_empty_environment(built, tmp_path):
    home, environment = tmp_path / "home", tmp_path / "environment"
    home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=120)
    pip = [environment / "bin/python", "-m", "pip", "install", "--no-index", "--quiet", built[0]]
    ended = run(*pip, path=[environment / "bin"], HOME=home)
    assert ended.returncode == 0, ended.stderr
    is_installed(environment / f"bin/{NAME}", home)


def test_uv_installs_it_as_a_tool(built, tmp_path):
    """What `uvx` does, too: a tool in an environment of its own."""
    home = tmp_path / "home"
    home.mkdir()
    options = ["--offline", "--no-config", "--python", sys.executable]
    ended = run(TOOLS / "uv", "tool", "install", *options, built[0], path=[], HOME=home)
    assert ended.returncode == 0, ended.stderr
    is_installed(home / f".local/bin/{NAME}", home)


@pytest.mark.parametrize("wrong", ["--profile debug", "--target x", "--target", "x"])
def test_wrong_usage_is_64_and_says_nothing_on_stdout(wrong):
    ended = subprocess.run([ROOT / "scripts/command-line", *wrong.split()], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (64, "")
