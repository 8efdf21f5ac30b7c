#!/usr/bin/env python3
"""Holds the Regions that the rule knows against AWS's own list, as botocore carries it.

    validate_regions.py DIR

Reads every *.jsonl file in DIR, one Region a line: {"region", "partition"}. Prints each difference; exits 1 if there is
one, or no file.
"""

import json
import pathlib
import sys

import botocore.session


def of_aws():
    """Pairs of partition and Region, without the pseudo-Regions of global endpoints (`aws-global`)."""
    partitions = botocore.session.get_session().get_data("partitions")["partitions"]
    return {(partition["id"], region)
            for partition in partitions for region in partition["regions"] if not region.endswith("-global")}


def differences(known, aws):
    kinds = [("AWS has it, the rule does not", aws - known), ("the rule has it, AWS does not", known - aws)]
    return [f"{partition}: {region}: {what}" for what, pairs in kinds for partition, region in sorted(pairs)]


def main(folder):
    lines = [line for path in pathlib.Path(folder).glob("*.jsonl") for line in path.read_text().splitlines()]
    known = {(region["partition"], region["region"]) for region in map(json.loads, lines)}
    if not known:
        sys.exit(f"{folder}: no Regions")
    found = differences(known, of_aws())
    if found:
        sys.exit("\n".join(found))
    print(f"{len(known)} Regions: AWS's own")


if __name__ == "__main__":
    main(*sys.argv[1:])
