#!/usr/bin/env python3
"""Checks rule-definition.json against AWS's own model of PutConfigRule, as botocore carries it."""

import json
import pathlib
import sys

import botocore.session

from validate_exchanges import Violation, from_json

EVENT_MESSAGE_TYPES = {"ConfigurationItemChangeNotification", "OversizedConfigurationItemChangeNotification",
                       "ScheduledNotification"}


def main():
    path = pathlib.Path(__file__).parents[3] / "rule-definition.json"
    definition = json.loads(path.read_text())
    model = botocore.session.get_session().get_service_model("config").operation_model("PutConfigRule")
    from_json(model.input_shape, {"ConfigRule": definition}, "PutConfigRule", constrained=True)
    details = definition["Source"]["SourceDetails"]
    if {detail["MessageType"] for detail in details} != EVENT_MESSAGE_TYPES:
        raise Violation("SourceDetails: a message type is missing or unknown")
    print(f"{path.name}: valid for PutConfigRule")


if __name__ == "__main__":
    try:
        main()
    except Violation as violation:
        sys.exit(f"{violation}")
