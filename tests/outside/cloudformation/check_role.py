#!/usr/bin/env python3
"""Checks that the role in rule.yaml allows exactly the calls that the handler makes.

    check_role.py DIR

DIR holds the exchanges of tests/function, one a line in *.jsonl files: all the calls of all its scenarios. What else the
role allows is what Lambda itself needs it for.
"""

import json
import pathlib
import sys

from template import FOLDER, actions, load, statements

LAMBDAS_OWN = {
    "logs:CreateLogStream", "logs:PutLogEvents",  # the log
    "sqs:SendMessage",  # the on-failure destination
    "kms:Decrypt", "kms:GenerateDataKey",  # both, and the environment, under a key of one's own
}


def allowed(template):
    policies = template["Resources"]["Role"]["Properties"]["Policies"]
    return {action for statement in statements(policies) for action in actions(statement)}


def called(folder):
    exchanges = [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return {f"{exchange['service']}:{exchange['operation']}" for exchange in exchanges}


def differences(allowed, called):
    return [
        *(f"{action} is called, and not allowed" for action in sorted(called - allowed)),
        *(f"{action} is allowed, and not called" for action in sorted(allowed - called - LAMBDAS_OWN)),
        *(f"{action} is needed by Lambda, and not allowed" for action in sorted(LAMBDAS_OWN - allowed)),
    ]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    calls = called(pathlib.Path(sys.argv[1]))
    if not calls:
        sys.exit(f"no exchange in {sys.argv[1]}")
    found = differences(allowed(load(FOLDER / "rule.yaml")), calls)
    print(*found, f"{len(calls)} calls, {len(found)} differences", sep="\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
