"""What AWS takes of a call's parameters: its model, and the limits that only its documentation has."""

import re

import botocore.serialize
import botocore.validate
from wire.models import Violation, check_constraints, service_model


def documented_limits(documentation):
    """Limits that AWS documents, but does not put into the model. (botocore carries the documentation.)"""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", documentation or ""))
    if found := re.search(r"Maximum (?:length of|of) (\d+)(?: length)?", text):
        yield "length", int(found[1])
    if found := re.search(r"Length Constraints: (\d+)\.", text):
        yield "length", int(found[1])
    if found := re.search(r"Maximum number of (\d+) item", text):
        yield "length", int(found[1])
    pairs = r"up to (\d+) key-value pairs.*key can contain up to (\d+).*value can contain up to (\d+)"
    if found := re.search(pairs, text):
        yield "map", tuple(map(int, found.groups()))


def size(value):
    """In UTF-16 units, the most that AWS might count as characters; the number of items of a list."""
    return len(value.encode("utf-16-le")) // 2 if isinstance(value, str) else len(value)


def check_member(shape, value, path, checked):
    check_constraints(shape, value, path)
    if shape.type_name == "structure":
        if unknown := set(value) - set(shape.members):
            raise Violation(f"{path}: unknown members {sorted(unknown)}")
        for name, member in value.items():
            for kind, limit in documented_limits(shape.members[name].documentation):
                checked.add(f"{shape.name}.{name}")
                if kind == "length" and not 1 <= size(member) <= limit:
                    raise Violation(f"{path}.{name}: {size(member)} is not 1 to {limit}")
                if kind == "map":
                    pairs, key_length, value_length = limit
                    if (
                        len(member) > pairs
                        or any(size(key) > key_length for key in member)
                        or any(size(text) > value_length for text in member.values())
                    ):
                        raise Violation(f"{path}.{name}: more than {limit}")
            check_member(shape.members[name], member, f"{path}.{name}", checked)
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            check_member(shape.member, member, f"{path}[{index}]", checked)
    elif shape.type_name == "map":
        for name, member in value.items():
            check_member(shape.value, member, f"{path}.{name}", checked)


def check_parameters(service, operation, parameters, checked=None):
    model = service_model(service).operation_model(operation)
    if report := botocore.validate.ParamValidator().validate(parameters, model.input_shape).generate_report():
        raise Violation(report)
    check_member(model.input_shape, parameters, operation, set() if checked is None else checked)
    protocol = model.service_model.metadata["protocol"]
    botocore.serialize.create_serializer(protocol).serialize_to_request(parameters, model)
