"""What landing zones are given has the form that they take, and the templates take its parameters. The forms are those
of the AWS Control Tower User Guide, "The resources section of the CfCT manifest file", and of the Landing Zone
Accelerator's ICloudFormationStackSet."""

import copy
import datetime
import re

import jsonschema
import pytest
import yaml
from cloudformation.template import load, resources
from support.project import ROOT

MANIFEST = ROOT / "examples/control-tower/manifest.yaml"
ACCELERATOR = re.search(
    r"^```yaml\n(customizations:.*?)^```", (ROOT / "docs/organization.md").read_text(), re.M | re.S
)[1]

NAME = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9-]*$"}
TEXTS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
OF_CONTROL_TOWER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["region", "version", "resources"],
    "properties": {
        "region": {"type": "string"},
        "version": {"const": datetime.date(2021, 3, 15)},
        "resources": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "resource_file", "deploy_method", "deployment_targets"],
                "properties": {
                    "name": NAME,
                    "description": {"type": "string"},
                    "resource_file": {"type": "string"},
                    "deploy_method": {"enum": ["scp", "rcp", "stack_set"]},
                    "deployment_targets": {
                        "type": "object",
                        "additionalProperties": False,
                        "minProperties": 1,
                        "properties": {"accounts": TEXTS, "organizational_units": TEXTS},
                    },
                    "regions": TEXTS,
                    "parameters": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["parameter_key", "parameter_value"],
                            "properties": {"parameter_key": {"type": "string"}, "parameter_value": {"type": "string"}},
                        },
                    },
                },
            },
        },
    },
}
OF_THE_ACCELERATOR = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "template", "regions", "deploymentTargets"],
        "properties": {
            "name": NAME,
            "template": {"type": "string"},
            "capabilities": {"items": {"enum": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]}},
            "regions": TEXTS,
            "dependsOn": TEXTS,
            "deploymentTargets": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"accounts": TEXTS, "organizationalUnits": TEXTS, "excludedAccounts": TEXTS},
            },
            "parameters": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name", "value"],
                    "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
                },
            },
        },
    },
}
# What a reader fills in.
FILLED_IN = {
    "o-EXAMPLE": "o-exampleorgid",
    "ACCOUNT": "111122223333",
    "AUDITORS": "Audit",
    "BUCKET": "bucket",
    "KEY": "cloudtrail-all-regions/package.zip",
    "VERSION": "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
}


def filled_in(value):
    for left_open, value_given in FILLED_IN.items():
        value = value.replace(left_open, value_given)
    return value


def of_control_tower():
    for resource in yaml.safe_load(MANIFEST.read_text())["resources"]:
        given = {each["parameter_key"]: each["parameter_value"] for each in resource["parameters"]}
        # CfCT gives the capabilities itself.
        yield resource["name"], resource["resource_file"], given, None


def of_the_accelerator():
    for stack_set in yaml.safe_load(ACCELERATOR)["customizations"]["cloudFormationStackSets"]:
        given = {each["name"]: each["value"] for each in stack_set["parameters"]}
        yield stack_set["name"], stack_set["template"], given, stack_set["capabilities"]


def problems(template, given, capabilities):
    """Why CloudFormation would refuse the parameters and capabilities."""
    declared = template["Parameters"]
    yield from (f"no parameter {name}" for name in given.keys() - declared.keys())
    yield from (f"{name} is not given" for name in declared if "Default" not in declared[name] and name not in given)
    for name in given.keys() & declared.keys():
        values, pattern = declared[name].get("AllowedValues"), declared[name].get("AllowedPattern", "")
        if not re.search(pattern, given[name]) or (values and given[name] not in values):
            yield f"{name} is {given[name]}"
    roles = [each for each in resources(template).values() if each["Type"] == "AWS::IAM::Role"]
    is_named = any("RoleName" in role["Properties"] for role in roles)
    if capabilities is not None and capabilities != [f"CAPABILITY_{'NAMED_' if is_named else ''}IAM"]:
        yield f"the capabilities are {capabilities}"


def test_what_landing_zones_are_given_has_their_form():
    jsonschema.validate(yaml.safe_load(MANIFEST.read_text()), OF_CONTROL_TOWER)
    jsonschema.validate(yaml.safe_load(ACCELERATOR)["customizations"]["cloudFormationStackSets"], OF_THE_ACCELERATOR)


@pytest.mark.parametrize("stack_sets", [of_control_tower, of_the_accelerator])
def test_the_roles_come_before_the_rule_and_the_templates_take_what_they_are_given(stack_sets):
    found = list(stack_sets())
    assert [name for name, *_ in found] == ["cloudtrail-all-regions-role", "cloudtrail-all-regions-rule"]
    for _, path, given, capabilities in found:
        given = {name: filled_in(value) for name, value in given.items()}
        assert list(problems(load(ROOT / path), given, capabilities)) == []


def test_a_parameter_that_is_wrong_or_missing_is_found():
    _, path, given, capabilities = next(of_the_accelerator())
    template = load(ROOT / path)
    given = {name: filled_in(value) for name, value in given.items()}
    assert list(problems(template, given, capabilities)) == []
    for wrong in (given | {"Organization": "o-exampleorgid"}, given | {"OrganizationId": "example"}):
        assert len(list(problems(template, wrong, capabilities))) == 1, wrong
    del given["CentralAccountId"]
    assert len(list(problems(template, given, []))) == 2


@pytest.mark.parametrize("member", ["resource_file", "deploy_method", "deployment_targets", "name"])
def test_a_manifest_without_what_it_needs_or_with_an_unknown_key_is_found(member):
    manifest = yaml.safe_load(MANIFEST.read_text())
    for change in (lambda of: of.pop(member), lambda of: of.update({f"{member}s": 1})):
        wrong = copy.deepcopy(manifest)
        change(wrong["resources"][0])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, OF_CONTROL_TOWER)
