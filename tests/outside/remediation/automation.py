"""Systems Manager Automation, as far as the runbook uses it: its step kinds, and which step comes next."""

import re

import boto3
import botocore.exceptions


class InvalidParameters(Exception):
    """What StartAutomationExecution answers before any step."""


class StepFailed(Exception):
    pass


def start_automation_execution(document, parameters):
    """Runs the steps with boto3's default session. Answers the status and the names of the steps in their order."""
    values = checked(document["parameters"], parameters)
    steps = document["mainSteps"]
    names = [step["name"] for step in steps]
    status, trace, position = "Success", [], 0
    while position < len(steps):
        step = steps[position]
        assert len(trace) < len(steps), f"a loop: {trace}"
        trace.append(step["name"])
        try:
            ACTIONS[step["action"]](interpolated(step["inputs"], values))
        except (StepFailed, botocore.exceptions.ClientError):
            if step.get("isCritical", True):
                status = "Failed"
            on_failure = step.get("onFailure", "Abort")
            if on_failure == "Abort":
                return "Failed", trace
            position = names.index(on_failure.removeprefix("step:"))
            continue
        if step.get("isEnd"):
            break
        position = names.index(step["nextStep"]) if "nextStep" in step else position + 1
    return status, trace


def checked(declared, given):
    if unknown := given.keys() - declared.keys():
        raise InvalidParameters(f"unknown: {unknown}")
    values = {}
    for name, declaration in declared.items():
        if name not in given and "default" not in declaration:
            raise InvalidParameters(f"missing: {name}")
        values[name] = given.get(name, declaration.get("default"))
        if values[name] not in declaration.get("allowedValues", [values[name]]):
            raise InvalidParameters(f"{name} is none of {declaration['allowedValues']}")
    return values


def interpolated(value, values):
    if isinstance(value, dict):
        return {key: interpolated(member, values) for key, member in value.items()}
    if isinstance(value, list):
        return [interpolated(item, values) for item in value]
    if isinstance(value, str):
        return re.sub(r"\{\{ *(\w+) *\}\}", lambda name: values[name[1]], value)
    return value


def execute_aws_api(inputs):
    members = dict(inputs)
    client = boto3.client(members.pop("Service"))
    operations = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    return getattr(client, operations[members.pop("Api")])(**members)


def assert_aws_resource_property(inputs):
    members = dict(inputs)
    desired, path = members.pop("DesiredValues"), members.pop("PropertySelector").split(".")
    assert path.pop(0) == "$"
    found = execute_aws_api(members)
    for name in path:
        if name not in found:
            raise StepFailed(f"no {name}")
        found = found[name]
    if str(found) not in desired:
        raise StepFailed(f"{found} is none of {desired}")


def execute_script(inputs):
    assert inputs["Runtime"] == "python3.11"
    namespace = {}
    exec(inputs["Script"], namespace)
    namespace[inputs["Handler"]](inputs["InputPayload"], None)


ACTIONS = {
    "aws:executeAwsApi": execute_aws_api,
    "aws:assertAwsResourceProperty": assert_aws_resource_property,
    "aws:executeScript": execute_script,
}
