"""The justfile: what `just` lists, and that each command of it is there."""

import re
import subprocess

import pytest
from support.project import ROOT, TOOLS


def just(*arguments):
    return subprocess.run([TOOLS / "just", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_it_lists_its_recipes_each_with_what_it_does():
    ended = just()
    assert ended.returncode == 0, ended.stderr
    listed = re.findall(r"^    (\w+)( NAME)? +# \S.*$", ended.stdout, re.MULTILINE)
    assert [name for name, _ in listed] == ["case", "docs", "ci"]
    assert len(ended.stdout.splitlines()) == 1 + len(listed)


@pytest.mark.parametrize("recipe", [["case", "a-case"], ["docs"], ["ci"]], ids=" ".join)
def test_what_a_recipe_runs_is_there(recipe):
    ended = just("--dry-run", *recipe)
    assert ended.returncode == 0, ended.stderr
    for word in re.findall(r"(?<![\w/])(?:\.ci|scripts|tests)/[\w./-]+", ended.stderr):
        assert (ROOT / word).exists() or word.endswith("/a-case.json"), word
    for target in re.findall(r"--test (\w+)", ended.stderr):
        assert (ROOT / "tests" / target / "main.rs").exists(), target
