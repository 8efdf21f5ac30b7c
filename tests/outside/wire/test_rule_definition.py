"""rule-definition.json is what PutConfigRule takes, by AWS's own model of it."""

import json

from support.project import ROOT
from wire.models import from_json, service_model

EVENT_MESSAGE_TYPES = {
    "ConfigurationItemChangeNotification",
    "OversizedConfigurationItemChangeNotification",
    "ScheduledNotification",
}


def test_the_rule_definition_is_valid_for_put_config_rule():
    definition = json.loads((ROOT / "rule-definition.json").read_text())
    operation = service_model("config").operation_model("PutConfigRule")
    from_json(operation.input_shape, {"ConfigRule": definition}, "PutConfigRule", constrained=True)
    assert {detail["MessageType"] for detail in definition["Source"]["SourceDetails"]} == EVENT_MESSAGE_TYPES
