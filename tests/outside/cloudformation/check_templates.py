#!/usr/bin/env python3
"""Checks cloudformation/*.yaml with cfn-lint, in each Region of regions.json, and with checkov.

A template is clean in each Region, but for those that regions.json says it does not work in: there cfn-lint must find a
resource type missing, and the template's description must name the Region. Of checkov's findings, each is skipped in
the resource's metadata with a reason, and nothing is skipped that it does not find.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from template import FOLDER, load, paths

CLAIMS = json.loads((pathlib.Path(__file__).parent / "regions.json").read_text())
TOOLS = pathlib.Path(sys.executable).parent
TYPE_IS_NOT_IN_THE_REGION = "E3006"


def run(tool, *arguments):
    done = subprocess.run([TOOLS / tool, *arguments], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        sys.exit(f"{tool} failed: {done.stdout}{done.stderr}")


def region_problems(folder, not_in, region):
    """What is wrong with the templates in a Region, or with what is claimed of them."""
    found = {path.name: [] for path in paths(folder)}
    for match in run("cfn-lint", "--format", "json", "--regions", region, "--", *map(str, paths(folder))):
        name = pathlib.Path(match["Filename"]).name
        found[name].append((match["Rule"]["Id"], match["Location"]["Start"]["LineNumber"], match["Message"]))
    for name, matches in found.items():
        missing = [match for match in matches if match[0] == TYPE_IS_NOT_IN_THE_REGION]
        if region in not_in.get(name, []):
            if not missing:
                yield f"{name}, {region}: cfn-lint knows no reason why it should not work there"
            if region not in load(folder / name)["Description"]:
                yield f"{name}: the description does not say that it does not work in {region}"
            matches = [match for match in matches if match not in missing]
        for rule, line, message in matches:
            yield f"{name}:{line}, {region}: {rule} {message}"


def declared_skips(folder):
    """The checks that the templates skip, with their reasons."""
    return {
        (path.name, logical_id, skip["id"]): skip.get("comment", "")
        for path in paths(folder)
        for logical_id, resource in load(path)["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }


def checkov_findings(folder):
    """What checkov finds if nothing is skipped."""
    with tempfile.TemporaryDirectory() as bare:
        for path in paths(folder):
            template = load(path)
            for resource in template["Resources"].values():
                resource.pop("Metadata", None)
            (pathlib.Path(bare) / f"{path.name}.json").write_text(json.dumps(template, default=str))
        report = run("checkov", "--skip-download", "--framework", "cloudformation", "-o", "json", "-d", bare)
    if report["summary"]["parsing_errors"] or report["summary"]["resource_count"] == 0:
        sys.exit(f"checkov cannot read the templates: {report['results']['parsing_errors']}")
    return {
        (
            pathlib.Path(check["file_path"]).name.removesuffix(".json"),
            check["resource"].rpartition(".")[2],
            check["check_id"],
        )
        for check in report["results"]["failed_checks"]
    }


def checkov_problems(skips, findings):
    for finding in sorted(findings - set(skips)):
        yield "{}, {}: checkov finds {}".format(*finding)
    for skip in sorted(set(skips) - findings):
        yield "{}, {}: skips {}, which checkov does not find".format(*skip)
    for skip in sorted(skip for skip, reason in skips.items() if not reason.strip()):
        yield "{}, {}: skips {} without a reason".format(*skip)


def main():
    problems = [
        problem for region in CLAIMS["regions"] for problem in region_problems(FOLDER, CLAIMS["not_in"], region)
    ]
    problems += checkov_problems(declared_skips(FOLDER), checkov_findings(FOLDER))
    print(*problems, f"{len(paths())} templates, {len(CLAIMS['regions'])} Regions, {len(problems)} problems", sep="\n")
    sys.exit(1 if problems or not paths() else 0)


if __name__ == "__main__":
    main()
