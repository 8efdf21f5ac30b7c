"""Requests and answers against AWS's service models, as botocore carries them.

An exchange, as the Rust tests leave it:

    {"service", "operation", "account", "region",
     "request": {"method", "headers", "body"}, "answer": {"status", "headers", "body"} or null}
"""

import base64
import datetime
import functools
import json
import re
import urllib.parse
from xml.etree import ElementTree

import botocore.parsers
import botocore.session
import botocore.validate

JSON_COMMON_ERRORS = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "ServiceUnavailable",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}
QUERY_COMMON_ERRORS = {
    "AccessDenied",
    "ExpiredToken",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "MalformedInput",
    "MissingAuthenticationToken",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "Throttling",
    "ValidationError",
}
REFUSALS = {
    "InvalidAction",
    "MalformedInput",
    "SerializationException",
    "UnknownOperationException",
    "ValidationError",
    "ValidationException",
}
JSON_TYPES = {
    "string": str,
    "blob": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "list": list,
    "map": dict,
    "structure": dict,
}


class Violation(Exception):
    pass


def from_json(shape, value, path, constrained):
    """The value as botocore's validator wants it; unknown members and wrong types are violations."""
    if not isinstance(value, JSON_TYPES[shape.type_name]) or (isinstance(value, bool) and shape.type_name != "boolean"):
        raise Violation(f"{path}: {json.dumps(value)[:80]} is no {shape.type_name}")
    if constrained:
        check_constraints(shape, value, path)
    if shape.type_name == "structure":
        members = {shape.serialization.get("name", name): name for name, shape in shape.members.items()}
        if unknown := set(value) - set(members):
            raise Violation(f"{path}: unknown members {sorted(unknown)}")
        if missing := set(shape.required_members) - {members[name] for name in value}:
            raise Violation(f"{path}: missing members {sorted(missing)}")
        return {
            members[name]: from_json(shape.members[members[name]], member, f"{path}.{name}", constrained)
            for name, member in value.items()
        }
    if shape.type_name == "list":
        return [from_json(shape.member, member, f"{path}[{i}]", constrained) for i, member in enumerate(value)]
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    if shape.type_name == "timestamp":
        return datetime.datetime.fromtimestamp(value, datetime.UTC)
    return value


def check_constraints(shape, value, path):
    """Maximum, enumeration and pattern, which botocore's validator leaves to the service."""
    size = value if shape.type_name in ("integer", "long") else len(value) if hasattr(value, "__len__") else None
    if size is not None and size > shape.metadata.get("max", float("inf")):
        raise Violation(f"{path}: {size} is more than {shape.metadata['max']}")
    if "enum" in shape.metadata and value not in shape.metadata["enum"]:
        raise Violation(f"{path}: {value} is not in the enumeration")
    if "pattern" in shape.metadata:
        try:
            pattern = re.compile(shape.metadata["pattern"])
        except re.error:
            return  # A Java pattern that Python has no words for.
        if not pattern.fullmatch(value):
            raise Violation(f"{path}: {value} does not match {shape.metadata['pattern']}")


def from_form(shape, form, prefix=""):
    """JSON form of an AWS query request; takes what it uses out of the form."""
    if shape.type_name == "structure":
        values = {name: from_form(member, form, f"{prefix}{name}") for name, member in shape.members.items()}
        return {name: value for name, value in values.items() if value not in (None, {}, [])}
    if shape.type_name == "list":
        values = []
        while value := from_form(shape.member, form, f"{prefix}.member.{len(values) + 1}"):
            values.append(value)
        return values
    text = form.pop(prefix, None)
    return int(text) if text is not None and shape.type_name == "integer" else text


def check_elements(shape, element, path):
    """Every element of an XML answer is in the model, and every required member is there."""
    if shape.type_name != "structure":
        return
    names = [child.tag.rsplit("}", 1)[-1] for child in element]
    for name, child in zip(names, element, strict=True):
        if name not in shape.members:
            raise Violation(f"{path}: unknown element {name}")
        check_elements(shape.members[name], child, f"{path}.{name}")
    if missing := set(shape.required_members) - set(names):
        raise Violation(f"{path}: missing elements {sorted(missing)}")


def check_request(model, operation, request):
    if request["method"] != operation.http["method"]:
        raise Violation(f"method {request['method']}")
    if model.protocol == "query":
        form = dict(urllib.parse.parse_qsl(request["body"], keep_blank_values=True, strict_parsing=True))
        action, version = form.pop("Action", None), form.pop("Version", None)
        if (action, version) != (operation.name, model.api_version):
            raise Violation(f"Action {action}, Version {version}")
        value = from_form(operation.input_shape, form)
        if form:
            raise Violation(f"unknown parameters {sorted(form)}")
    elif model.protocol == "rest-json":
        if request["headers"]["content-type"] != "application/json":
            raise Violation(f"headers {request['headers']}")
        value = json.loads(request["body"])
    else:
        content_type = f"application/x-amz-json-{model.metadata['jsonVersion']}"
        # The AWS SDK for Rust sends the service's name without the namespace that botocore's prefix has.
        prefix = model.metadata["targetPrefix"]
        targets = [f"{name}.{operation.name}" for name in (prefix, prefix.rsplit(".", 1)[-1])]
        headers = request["headers"]
        if headers["content-type"] != content_type or headers["x-amz-target"] not in targets:
            raise Violation(f"headers {headers}, not {content_type} and one of {targets}")
        value = json.loads(request["body"])
    if operation.input_shape is None:
        if value:
            raise Violation(f"{operation.name} takes no members, not {sorted(value)}")
        return
    params = from_json(operation.input_shape, value, "request", constrained=True)
    if problems := botocore.validate.ParamValidator().validate(params, operation.input_shape).generate_report():
        raise Violation(problems)


def check_answer(model, operation, answer, error_code):
    if "x-amzn-requestid" not in answer["headers"]:
        raise Violation("no x-amzn-RequestId")
    if error_code is not None:
        common = QUERY_COMMON_ERRORS if model.protocol == "query" else JSON_COMMON_ERRORS
        modelled = {shape.error_code for shape in operation.error_shapes} if operation else set()
        if error_code not in common | modelled:
            raise Violation(f"error {error_code} is not of this operation")
        return
    parsed = parse(model, answer, operation.output_shape)
    if model.protocol == "query":
        result = ElementTree.fromstring(answer["body"])[0]
        if not result.tag.endswith(f"}}{operation.name}Result"):
            raise Violation(f"element {result.tag}")
        check_elements(operation.output_shape, result, "answer")
    else:
        from_json(operation.output_shape, json.loads(answer["body"]), "answer", constrained=False)
    if parsed["ResponseMetadata"]["HTTPStatusCode"] != 200:
        raise Violation(f"status {answer['status']}")


def parse(model, answer, shape):
    response = {
        "status_code": answer["status"],
        "headers": answer["headers"],
        "body": answer["body"].encode(),
    }
    try:
        return botocore.parsers.create_parser(model.protocol).parse(response, shape)
    except (LookupError, TypeError, ValueError, botocore.parsers.ResponseParserError) as error:
        raise Violation(f"botocore cannot parse the answer: {error!r}") from error


@functools.cache
def service_model(service):
    return botocore.session.get_session().get_service_model(service)


def check(exchange, refusals_allowed):
    """Checks all but an answer that a fault has touched (null), and a request that was refused as invalid."""
    if exchange["service"] is None:
        if refusals_allowed:
            return
        raise Violation("a request to no known service")
    model = service_model(exchange["service"])
    is_known = exchange["operation"] in model.operation_names
    operation = model.operation_model(exchange["operation"]) if is_known else None
    answer = exchange["answer"]
    error_code = None
    if answer is not None and answer["status"] >= 300:
        error_code = parse(model, answer, None)["Error"]["Code"]
    if error_code in REFUSALS and not refusals_allowed:
        raise Violation(f"refused with {error_code}")
    if error_code not in REFUSALS:
        if operation is None:
            raise Violation("no such operation")
        check_request(model, operation, exchange["request"])
    if answer is not None:
        check_answer(model, operation, answer, error_code)
