"""scripts/release: what a release offers."""

import shutil
import subprocess

import pytest
from scripts.conftest import SCRIPTS, run, version
from support.project import ROOT, TEMPLATES

BUILT = (
    f"lambda/cloudtrail-all-regions-{version()}-arm64.zip",
    f"command-line/cloudtrail_all_regions-{version()}-py3-none-any.whl",
)
CHANGELOG = f"# Changelog\n\n## Unreleased\n\n- Later\n\n## {version()}\n\n- This\n\n## 0.0.1\n\n- Earlier\n"
SBOM = '#!/bin/sh\nmkdir -p "${0%/*}/../target/sbom"\necho {} >"${0%/*}/../target/sbom/bootstrap.cdx.json"\n'


@pytest.fixture
def project(tmp_path):
    """A project in which something of this version and of an earlier one is built, and sbom writes a file."""
    (tmp_path / "scripts").mkdir()
    for name in ("build.sh", "common.sh", "release"):
        shutil.copy(SCRIPTS / name, tmp_path / "scripts")
    for name in ("Cargo.toml", "LICENSE", "THIRD-PARTY-NOTICES.txt", "rule-definition.json"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(TEMPLATES, tmp_path / "cloudformation")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "scripts/sbom").write_text(SBOM)
    (tmp_path / "scripts/sbom").chmod(0o755)
    for place in (*BUILT, "lambda/cloudtrail-all-regions-0.0.1-arm64.zip"):
        file = tmp_path / "target" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(place)
    return tmp_path


def release(project, *arguments):
    return run([], project / "scripts/release", *arguments, CARGO_TARGET_DIR="")


def test_all_of_this_version_and_nothing_else_is_collected_and_has_its_sum(project):
    assert release(project, f"v{version()}").exit_code == 0
    assets = project / "target/assets"
    papers = {"LICENSE", "THIRD-PARTY-NOTICES.txt", "rule-definition.json"}
    made = {place.partition("/")[2] for place in BUILT} | {"bootstrap.cdx.json"}
    templates = {path.name for path in TEMPLATES.glob("*.yaml")}
    assert {path.name for path in assets.iterdir()} == papers | made | templates | {"SHA256SUMS"}
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=assets, check=True, timeout=60)
    summed = {line.split("  ")[1] for line in (assets / "SHA256SUMS").read_text().splitlines()}
    assert summed == papers | made | templates


def test_the_notes_are_the_changelogs_section(project):
    release(project, f"v{version()}")
    assert (project / "target/notes.md").read_text() == "\n- This\n\n"


def test_without_a_section_there_is_no_release(project):
    (project / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Later\n")
    ended = release(project, f"v{version()}")
    assert (ended.exit_code, ended.stderr) == (2, f"release: CHANGELOG.md has no section {version()}")


def test_without_anything_built_there_is_no_release(project):
    shutil.rmtree(project / "target")
    (project / "target").mkdir()
    assert release(project, f"v{version()}").exit_code == 2


@pytest.mark.parametrize("wrong", [[], ["v0.0.1"], [version()], [f"v{version()}", "x"]])
def test_another_tag_than_the_versions_is_wrong_usage(project, wrong):
    ended = release(project, *wrong)
    assert (ended.exit_code, ended.stdout) == (64, "")
