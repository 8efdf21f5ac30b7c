"""The Regions that the rule knows are AWS's own, as botocore carries them."""

import json

import botocore.session
import pytest


def of_aws():
    """Pairs of partition and Region, without the pseudo-Regions of global endpoints (`aws-global`)."""
    partitions = botocore.session.get_session().get_data("partitions")["partitions"]
    return {
        (partition["id"], region)
        for partition in partitions
        for region in partition["regions"]
        if not region.endswith("-global")
    }


def differences(known, aws):
    kinds = [("AWS has it, the rule does not", aws - known), ("the rule has it, AWS does not", known - aws)]
    return [f"{partition}: {region}: {what}" for what, pairs in kinds for partition, region in sorted(pairs)]


def test_the_regions_that_the_rule_knows_are_aws_own(exchanges):
    lines = [line for path in (exchanges / "regions").glob("*.jsonl") for line in path.read_text().splitlines()]
    known = {(region["partition"], region["region"]) for region in map(json.loads, lines)}
    assert known
    assert differences(known, of_aws()) == []


TOKYO, BERLIN = ("aws", "ap-northeast-1"), ("aws-eusc", "eusc-de-east-1")


@pytest.mark.parametrize(
    ("missing", "invented", "count"),
    [
        (set(), set(), 0),
        ({TOKYO}, set(), 1),
        (set(), {("aws", "eu-west-9")}, 1),
        ({BERLIN}, {("aws", "eusc-de-east-1")}, 2),
    ],
)
def test_a_region_that_is_missing_or_invented_or_of_another_partition_is_found(missing, invented, count):
    aws = of_aws()
    assert missing <= aws
    assert len(differences(aws - missing | invented, aws)) == count
