"""scripts/package: the zip file that Lambda gets."""

import re
import subprocess
import tomllib

import pytest
from cloudformation.template import load
from scripts.conftest import Workshop
from support.project import ROOT, TEMPLATES


def test_the_package_is_where_it_is_said_to_be(workshop):
    ended = workshop.package("--architecture", "x86_64")
    assert (ended.exit_code, ended.stdout) == (0, str(workshop.zip("x86_64")))


def test_it_holds_bootstrap_at_its_root_executable_the_licences_and_no_time(workshop):
    workshop.package("--architecture", "x86_64")
    listed = subprocess.run(["unzip", "-Z", workshop.zip("x86_64")], capture_output=True, text=True, check=True).stdout
    entries = [line.split() for line in listed.splitlines() if re.match("[-d][-r]", line)]
    assert [[entry[index] for index in (0, 6, 7, 8)] for entry in entries] == [
        ["-rwxr-xr-x", "80-Jan-01", "00:00", "bootstrap"],
        ["-rw-r--r--", "80-Jan-01", "00:00", "LICENSE"],
        ["-rw-r--r--", "80-Jan-01", "00:00", "THIRD-PARTY-NOTICES.txt"],
    ]


def test_it_is_built_with_the_readmes_command(workshop):
    workshop.package("--architecture", "x86_64")
    options = "--release --bin bootstrap --no-default-features --features lambda"
    assert workshop.cargo()[0] == f"cargo build --target x86_64-unknown-linux-gnu --locked {options}"
    assert (ROOT / "docs/function.md").read_text().splitlines().count(f"cargo build {options}") == 1


def test_no_path_of_this_machine_is_left(workshop):
    workshop.package("--architecture", "x86_64")
    assert f"--remap-path-prefix={workshop.folder}=/source" in workshop.cargo()[-1]


def test_cargo_lambda_deploys_with_the_memory_and_the_timeout_of_the_template():
    theirs = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["metadata"]["lambda"]["deploy"]
    template = load(TEMPLATES / "rule.yaml")
    memory = template["Parameters"]["MemorySize"]["Default"]
    timeout = template["Resources"]["Function"]["Properties"]["Timeout"]
    assert (theirs["memory"], theirs["timeout"]) == (memory, timeout)


def test_another_folder_gives_the_same_bytes(workshop, tmp_path):
    another = Workshop(tmp_path / "another folder")
    for folder in (workshop, another):
        assert folder.package("--architecture", "x86_64").exit_code == 0
    assert workshop.zip("x86_64").read_bytes() == another.zip("x86_64").read_bytes()


def test_arm64_on_x86_64_needs_a_linker_and_how_to_get_it_is_told(workshop):
    ended = workshop.package()
    assert ended.exit_code == 2
    get_tools = "pip install --require-hashes --requirement scripts/requirements.txt"
    assert f"rustup target add aarch64-unknown-linux-gnu && {get_tools}" in ended.stderr


def test_with_the_linker_arm64_is_built_for_the_glibc_of_provided_al2023(workshop):
    ended = workshop.package(path=[workshop.zigbuild])
    assert (ended.exit_code, ended.stdout) == (0, str(workshop.zip("arm64")))
    assert workshop.cargo()[0].startswith("cargo zigbuild --target aarch64-unknown-linux-gnu.2.34 ")


def test_without_rusts_standard_library_for_it_the_way_to_it_is_told(workshop):
    ended = workshop.package(path=[workshop.zigbuild], FAKE_SYSROOT="/nowhere")
    assert ended.exit_code == 2
    assert "run: rustup target add aarch64-unknown-linux-gnu" in ended.stderr


def test_on_arm64_it_needs_no_linker(workshop):
    assert workshop.package(FAKE_RUSTC_HOST="aarch64-unknown-linux-gnu").exit_code == 0


def test_a_bootstrap_that_lambda_cannot_start_is_no_package(workshop):
    ended = workshop.package("--architecture", "x86_64", FAKE_GLIBC="2.39")
    assert (ended.exit_code, workshop.zip("x86_64").exists()) == (2, False)
    assert "bootstrap needs glibc 2.39, and provided.al2023 has 2.34" in ended.stderr


@pytest.mark.parametrize("wrong", ["--architecture arm", "--architecture", "x"])
def test_wrong_usage_is_64_and_says_nothing_on_stdout(workshop, wrong):
    ended = workshop.package(*wrong.split())
    assert (ended.exit_code, ended.stdout) == (64, "")
