#!/usr/bin/env python3
"""Writes the seed corpus, below fuzz/corpus, from the cases, the events and the example accounts."""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write(target, value):
    if value is None:
        return
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    path = ROOT / "fuzz/corpus" / target / hashlib.sha1(text.encode()).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def evidence(value):
    write("evidence", value)
    trails = value["trails"] if isinstance(value["trails"], list) else []
    for trail in trails:
        selectors = trail.get("GetEventSelectors") or {}
        if "refused" not in selectors and "unanswered" not in selectors:
            write("selectors", selectors)


for path in sorted((ROOT / "tests/events").glob("*.json")):
    event = json.loads(path.read_text())["Event"]
    write("event", event)
    if isinstance(event, dict):
        write("parameters", event.get("ruleParameters"))
for path in sorted((ROOT / "tests/cases/cloudtrail_all_regions").glob("*.json")):
    case = json.loads(path.read_text())
    if isinstance(case["Given"], dict):
        evidence(case["Given"])
    write("parameters", case.get("RuleParameters"))
for path in sorted((ROOT / "examples/accounts").glob("*.json")):
    evidence(json.loads(path.read_text()))
