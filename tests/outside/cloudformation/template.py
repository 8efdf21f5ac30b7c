"""CloudFormation templates as data, and as the stack that they make."""

import re

from cfnlint.decode import cfn_yaml
from support.project import TEMPLATES

ACCOUNT = "123456789012"
REGION = "us-east-1"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": "stack",
}

NO_VALUE = object()


def load(path):
    """The template, its short forms written out: `!Ref A` is `{"Ref": "A"}`."""
    return cfn_yaml.load(str(path))


def resources(template):
    """The resources by their logical ids; what Fn::ForEach repeats is there once."""
    repeated = {}
    for name, resource in template["Resources"].items():
        repeated |= resource[2] if name.startswith("Fn::ForEach::") else {name: resource}
    return repeated


def paths(folder=TEMPLATES):
    return sorted(folder.glob("*.yaml"))


def statements(document):
    """Every policy statement in a document, whatever condition it is under."""
    if isinstance(document, list):
        for item in document:
            yield from statements(item)
    elif isinstance(document, dict):
        if "Effect" in document and "Action" in document:
            yield document
        for member in document.values():
            yield from statements(member)


def actions(statement):
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


class Stack:
    """A template with its intrinsic functions resolved, as far as the templates use them that are tried here."""

    def __init__(self, path, **parameters):
        self.template = load(path)
        unknown = parameters.keys() - self.template["Parameters"].keys()
        assert not unknown, f"no parameters of the template: {unknown}"
        self._values = dict(PSEUDO_PARAMETERS)
        for name, declared in self.template["Parameters"].items():
            value = parameters[name] if name in parameters else declared["Default"]
            self._values[name] = value.split(",") if declared["Type"] == "CommaDelimitedList" else value

    def properties(self, resource):
        return self._resolve(self.template["Resources"][resource]["Properties"])

    def attribute(self, resource, name):
        """Anything that tells one attribute from another."""
        return f"arn:aws:{resource}:{name}"

    def _substituted(self, name):
        return self.attribute(*name.split(".")) if "." in name else self._values[name]

    def _resolve(self, value):
        match value:
            case {"Ref": "AWS::NoValue"}:
                return NO_VALUE
            case {"Ref": name}:
                return self._values.get(name, f"the-{name}")
            case {"Fn::GetAtt": [resource, name]}:
                return self.attribute(resource, name)
            case {"Fn::Sub": str() as text}:
                return re.sub(r"\$\{([^}]+)\}", lambda name: self._substituted(name[1]), text)
            case {"Fn::Split": [separator, text]}:
                return self._resolve(text).split(separator)
            case {"Fn::If": [condition, then, otherwise]}:
                return self._resolve(then if self._holds(self.template["Conditions"][condition]) else otherwise)
            case dict():
                assert not any(key.startswith("Fn::") for key in value), f"not known: {value}"
                members = ((key, self._resolve(member)) for key, member in value.items())
                return {key: member for key, member in members if member is not NO_VALUE}
            case list():
                return [item for item in map(self._resolve, value) if item is not NO_VALUE]
            case _:
                return value

    def _holds(self, condition):
        match condition:
            case {"Fn::Not": [negated]}:
                return not self._holds(negated)
            case {"Fn::Equals": [left, right]}:
                return self._resolve(left) == self._resolve(right)
            case {"Fn::Or": conditions}:
                return any(map(self._holds, conditions))
        raise AssertionError(f"not known: {condition}")
