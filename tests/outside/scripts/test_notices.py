"""THIRD-PARTY-NOTICES.txt, which whoever gets a program gets with it."""

import re
import shlex
import subprocess

from support.project import ROOT

TARGETS = [
    f"{architecture}-{system}"
    for architecture in ("x86_64", "aarch64")
    for system in ("unknown-linux-gnu", "apple-darwin")
]


def linked():
    """Names and versions of the crates below this one that are linked into a program on one of the targets."""
    tree = shlex.split("cargo tree --locked --quiet --all-features --edges normal,no-proc-macro --prefix none --target")
    found = set()
    for target in TARGETS:
        listed = subprocess.run([*tree, target], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        found |= {tuple(line.split()[:2]) for line in listed.stdout.splitlines()[1:]}
    return {(name, version.removeprefix("v")) for name, version in found}


def test_each_crate_that_is_linked_stands_in_the_notices_with_its_version():
    noticed = set(re.findall(r"^  (\S+) (\d\S*)", (ROOT / "THIRD-PARTY-NOTICES.txt").read_text(), re.MULTILINE))
    assert linked() <= noticed, "run scripts/notices"
