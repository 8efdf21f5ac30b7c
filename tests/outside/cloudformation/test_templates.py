"""The templates of cloudformation/ by cfn-lint and by checkov.

Every Region has a template's resource types, but for those that regions.json says it does not work in: there cfn-lint
must find one missing, and the template's description must name the Region. In the Regions that are linted, one of each
kind, it is clean too; the others would take minutes. Of checkov's findings, each is skipped in
the resource's metadata with a reason, and nothing is skipped that it does not find.
"""

import json
import pathlib
import re
import subprocess

import pytest
from cfnlint.api import ManualArgs, lint_file
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cloudformation.template import load, paths, resources
from support.project import TOOLS

CLAIMS = json.loads((pathlib.Path(__file__).parent / "regions.json").read_text())
TYPE_IS_NOT_IN_THE_REGION = "E3006"

every_template = pytest.mark.parametrize("path", paths(), ids=lambda path: path.name)


def region_problems(path, regions, not_in):
    """What is wrong with a template in these Regions, or with what is claimed of it."""
    missing_in = set()
    for match in lint_file(path, config=ManualArgs(regions=regions)):
        region = re.search(r"does not exist in '(.+)'$", match.message)
        if match.rule.id == TYPE_IS_NOT_IN_THE_REGION and region and region[1] in not_in:
            missing_in.add(region[1])
        else:
            yield f"{match.linenumber}: {match.rule.id} {match.message}"
    for region in not_in:
        if region not in missing_in:
            yield f"cfn-lint knows no reason why it should not work in {region}"
        if region not in load(path)["Description"]:
            yield f"the description does not say that it does not work in {region}"


@every_template
def test_a_template_is_clean_in_each_region_but_where_it_says_that_it_does_not_work(path):
    not_in = [region for region in CLAIMS["not_in"].get(path.name, []) if region in CLAIMS["linted"]]
    assert list(region_problems(path, CLAIMS["linted"], not_in)) == []


def missing(types, region):
    return types - set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))


@every_template
def test_the_types_of_a_template_are_in_each_region_but_where_it_says_that_it_does_not_work(path):
    template = load(path)
    types = {resource["Type"] for resource in resources(template).values()}
    not_in = CLAIMS["not_in"].get(path.name, [])
    assert [region for region in REGIONS if missing(types, region)] == not_in
    assert [region for region in not_in if region not in template["Description"]] == []


def test_a_type_that_a_region_lacks_is_found():
    remediation = {"AWS::Config::RemediationConfiguration", "AWS::SSM::Document"}
    assert (missing(remediation, "us-east-1"), len(missing(remediation, "mx-central-1"))) == (set(), 1)


@pytest.fixture
def problems(tmp_path):
    def problems(text, not_in, region="mx-central-1"):
        path = tmp_path / "a.yaml"
        path.write_text(text)
        return list(region_problems(path, [region], not_in))

    return problems


REMEDIATION = """
Description: Not in {}.
Resources:
  Remediation:
    Type: AWS::Config::RemediationConfiguration
    Properties: {{ConfigRuleName: rule, TargetId: document, TargetType: SSM_DOCUMENT}}
"""


def test_a_template_that_does_not_work_in_a_region_must_say_so(problems):
    claim = ["mx-central-1"]
    assert problems(REMEDIATION.format("mx-central-1"), claim) == []
    assert "E3006" in problems(REMEDIATION.format("mx-central-1"), [])[0]
    assert "the description does not say" in problems(REMEDIATION.format("China"), claim)[0]


def test_a_template_that_works_in_a_region_must_not_be_said_not_to(problems):
    (problem,) = problems(REMEDIATION.format("us-east-1"), ["us-east-1"], "us-east-1")
    assert "knows no reason" in problem


def test_an_error_is_a_problem_wherever_the_template_works(problems):
    (problem,) = problems("Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {Colour: red}}}", [])
    assert "Colour" in problem


def declared_skips():
    """The checks that the templates skip, with their reasons."""
    return {
        (path.name, logical_id, skip["id"]): skip.get("comment", "")
        for path in paths()
        for logical_id, resource in resources(load(path)).items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }


def checkov_findings(folder):
    """What checkov finds if nothing is skipped."""
    for path in paths():
        template = load(path)
        for resource in resources(template).values():
            resource.pop("Metadata", None)
        template["Resources"] = resources(template)
        (folder / f"{path.name}.json").write_text(json.dumps(template, default=str))
    options = ["--skip-download", "--framework", "cloudformation", "-o", "json"]
    ended = subprocess.run([TOOLS / "checkov", *options, "-d", folder], capture_output=True, text=True, timeout=300)
    report = json.loads(ended.stdout)
    assert report["summary"]["parsing_errors"] == 0, report["results"]["parsing_errors"]
    assert report["summary"]["resource_count"] > 0
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


def test_each_finding_of_checkov_is_skipped_with_a_reason_and_nothing_else_is(tmp_path):
    findings = checkov_findings(tmp_path)
    assert ("rule.yaml", "Function", "CKV_AWS_116") in findings
    assert list(checkov_problems(declared_skips(), findings)) == []


def test_a_skip_too_many_or_too_few_or_without_a_reason_is_found():
    findings = {("rule.yaml", "Function", "CKV_AWS_116"), ("rule.yaml", "Queue", "CKV_AWS_27")}
    reasons = dict.fromkeys(findings, "because")
    assert list(checkov_problems(reasons, findings)) == []
    for skips in ({}, reasons | {("rule.yaml", "Function", "CKV_AWS_1"): "because"}, dict.fromkeys(findings, " ")):
        assert list(checkov_problems(skips, findings)) != []
