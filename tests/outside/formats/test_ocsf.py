"""`ocsf`: compliance findings of the Open Cybersecurity Schema Framework, by its published schema."""

import json

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

STATUSES = {"COMPLIANT": 1, "NON_COMPLIANT": 3, "NOT_VERIFIED": 2, "NOT_APPLICABLE": 99, "NO_VERDICT": 0}


@pytest.fixture(scope="module")
def problems():
    """A function of an event that finds what is wrong with it."""
    ocsf = get_ocsf_schema("1.6.0")
    schema = OcsfJsonSchemaEmbedded(ocsf).get_class_schema("compliance_finding", ["cloud"])
    validator = jsonschema.Draft202012Validator(schema)

    def problems(event):
        # additionalProperties is false throughout.
        found = [error.message for error in validator.iter_errors(event)]
        return found + list(beyond_the_schema(ocsf, ocsf["classes"]["compliance_finding"], event))

    return problems


def beyond_the_schema(ocsf, kind, value):
    """Deprecated attributes, and captions that are not those of their numbers."""
    for name, member in value.items():
        attribute = kind["attributes"].get(name, {})
        if "@deprecated" in attribute:
            yield f"{name} is deprecated"
        sibling, number = attribute.get("sibling"), str(member)
        is_named = sibling in value and number in attribute.get("enum", {}) and number != "99"
        if is_named and value[sibling] != attribute["enum"][number]["caption"]:
            yield f"{sibling} {value[sibling]} is not {name} {number}"
        if "object_type" in attribute:
            for item in member if isinstance(member, list) else [member]:
                yield from beyond_the_schema(ocsf, ocsf["objects"][attribute["object_type"]], item)


def test_events_are_compliance_findings_of_ocsf_1_6(reported, problems):
    def check(account):
        assert account.output == "" or account.output.endswith("\n")
        events = [json.loads(line) for line in account.output.split("\n")[:-1]]
        statuses = [event["compliance"]["status_id"] for event in events]
        assert statuses == [STATUSES[account.verdict]]
        for event in events:
            assert problems(event) == []
            assert (event["class_uid"], event["category_uid"]) == (2003, 2)
            assert event["metadata"]["version"] == "1.6.0"
            assert event["type_uid"] == 200_300 + event["activity_id"]
            assert len(event["resources"]) == 1 + len(account.report["trails"])

    reported("ocsf").each(check)


def test_a_broken_event_is_refused(reported, problems):
    event = json.loads(reported("ocsf").output_of("stopped"))
    for change in [
        {"more": 1},
        {"time": "2026-11-01T12:00:00Z"},
        {"severity_id": 7},
        {"severity": "Low"},
        {"compliance": event["compliance"] | {"status_detail": "x"}},
        {"cloud": {"region": "us-east-1"}},
        {"finding_info": {"title": "x"}},
        {"class_uid": 2001},
        {"resources": [{"type": "x"}]},
    ]:
        assert problems(event | change) != []
