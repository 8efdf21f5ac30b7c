"""CloudFormation templates as data, their short forms written out."""

import pathlib

import yaml

FOLDER = pathlib.Path(__file__).parents[3] / "cloudformation"


class Loader(yaml.SafeLoader):
    pass


def intrinsic_function(loader, suffix, node):
    construct = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
        yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
    }
    argument = construct[type(node)](node)
    if suffix == "GetAtt":
        argument = argument.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": argument}


Loader.add_multi_constructor("!", intrinsic_function)


def load(path):
    return yaml.load(path.read_text(), Loader)


def paths(folder=FOLDER):
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
