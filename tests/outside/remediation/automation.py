"""Systems Manager Automation, as far as the runbook uses it: one step, a script, and its output."""

import collections
import re

import botocore.exceptions

# The status, and the runbook's output or what the step died of.
Execution = collections.namedtuple("Execution", "status message")


class InvalidParameters(Exception):
    """What StartAutomationExecution answers before any step."""


def start_automation_execution(document, parameters):
    """Runs the step with boto3's default session."""
    values = checked(document["parameters"], parameters)
    (step,) = document["mainSteps"]
    assert (step["action"], step["onFailure"], step["isEnd"]) == ("aws:executeScript", "Abort", True)
    inputs = interpolated(step["inputs"], values)
    assert inputs["Runtime"] == "python3.11"
    namespace = {}
    exec(inputs["Script"], namespace)
    try:
        payload = namespace[inputs["Handler"]](inputs["InputPayload"], None)
    except (RuntimeError, botocore.exceptions.ClientError) as error:
        return Execution("Failed", str(error))
    selected = {f"{step['name']}.{output['Name']}": select(payload, output["Selector"]) for output in step["outputs"]}
    (output,) = document["outputs"]
    return Execution("Success", selected[output])


def select(payload, selector):
    first, second, name = selector.split(".")
    assert (first, second) == ("$", "Payload")
    return payload[name]


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
