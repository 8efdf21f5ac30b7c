"""The report about every example account and about hostile ones, in every format."""

import dataclasses
import functools
import json
import subprocess

import pytest
import regex
from support.project import ACCOUNTS, PROGRAM, PROOFS

HOSTILE_NAMES = [
    "a|b",
    "<script>alert(1)</script>",
    "<!-- ",
    "a\nb\r\nc",
    "x]]>y",
    "\x00\x01\x1b[31mred\x85",
    "&amp; &#0; \"'",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\uff1d1",
    "x" * 300,
    "\U0001f512" * 300,
    "é日本語\u202e\u2028\u2029",
    "\ufffe\uffff",
    "`code`",
    "```\n# heading\n```",
    "a\n````\n# heading",
    "**bold** _em_ ~~s~~ $x$",
    "[link](http://example.com) ![i](x)",
    "\\|\\",
    " ",
    "a\\",
    "- item",
    "# heading",
    "1. one",
    "> quote",
    "a; rm -rf / && 'b'",
    "__",
    "https://example.com/?a=1&b=2",
]


def hostile_trail(name, multi_region):
    return {
        "Name": name,
        "TrailARN": f"arn:aws:cloudtrail:us-east-1:123456789012:trail/{name}",
        "HomeRegion": "us-east-1",
        "S3BucketName": name,
        "IsMultiRegionTrail": multi_region,
        "GetTrailStatus": {"IsLogging": True, "LatestDeliveryError": name},
        "GetEventSelectors": {"EventSelectors": []},
        "HasCustomEventSelectors": True,
    }


def passing_trail(name):
    return hostile_trail(name, True) | {"GetTrailStatus": {"IsLogging": True}, "HasCustomEventSelectors": False}


def evidence(trails, region="us-east-1"):
    return {"accountId": "012345678901", "region": region, "collectedAt": "2026-11-01T12:00:00.123Z", "trails": trails}


def refusal(outcome, name):
    return {outcome: {"operation": "DescribeTrails", "code": name}}


def proof_of_many_regions(text):
    """A proof in which more Regions are enabled than there are, some of them with hostile names."""
    proof = json.loads(text)
    names = [f"xx-west-{number}" for number in range(60)] + HOSTILE_NAMES
    listed = [{"RegionName": name, "RegionOptStatus": "ENABLED"} for name in names]
    proof["trails"][0]["delivery"]["ListRegions"] += listed
    return json.dumps(proof)


def accounts():
    """(name, evidence file's text, arguments) of every example account and of hostile ones."""
    found = [(path.stem, path.read_text(), ()) for path in sorted(ACCOUNTS.glob("*.json"))]
    found += [(f"{name}, with rows for trails", text, ("--parameter", "trailResults=true")) for name, text, _ in found]
    proofs = [path.read_text() for path in sorted(PROOFS.glob("*.json"))]
    found += [(f"proof {text[:40]!r}", text, ("prove",)) for text in [*proofs, proof_of_many_regions(proofs[0])]]
    elsewhere = ("--parameter", "reportingRegion=eu-west-1")
    found.append(("in another Region", json.dumps(evidence([])), elsewhere))
    for name in HOSTILE_NAMES:
        bare = {"Name": name, "IsMultiRegionTrail": True}
        for kind, trails in [
            ("failing", [hostile_trail(name, True), hostile_trail(name, False), {"Name": name}]),
            ("passing", [passing_trail(name), hostile_trail(name, False)]),
            ("unknown", [bare]),
            ("refused", refusal("refused", name)),
            ("unanswered", refusal("unanswered", name)),
        ]:
            found.append((f"{kind} {name[:20]!r}", json.dumps(evidence(trails)), ()))
    every = [hostile_trail(name, True) for name in HOSTILE_NAMES]
    found.append(("all at once", json.dumps(evidence(every)), ("--parameter", "maxDeliveryAgeHours=1")))
    many = [hostile_trail('\U0001f512"\\' * 100 + str(n), True) for n in range(150)]
    discovered = [trail["TrailARN"] for trail in many]
    text = json.dumps(evidence(many) | {"discoveredTrails": discovered})
    found.append(("many", text, ("--parameter", "trailResults=true", "--parameter", "s3BucketName=logs")))
    found.append(("a long Region", json.dumps(evidence([hostile_trail("a", True)], "x" * 32)), ()))
    return found


def run(output_format, *files, arguments=()):
    if "prove" not in arguments:
        arguments = ["check", *arguments]
    command = [PROGRAM, *arguments, "--format", output_format, "--evidence", *files]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert ended.returncode in (0, 1, 2), ended.stderr
    return ended.stdout.decode()


@dataclasses.dataclass(frozen=True)
class Reported:
    """An account's report, as `json` has it, and the output of a format."""

    name: str
    report: dict
    output: str

    @property
    def verdicts(self):
        """The account's verdict, for formats that say nothing where there is none."""
        return [self.verdict] if self.report["complianceType"] else []

    @property
    def verdict(self):
        """The verdict as people are shown it."""
        is_refused = self.report["verified"] is False
        return "NOT_VERIFIED" if is_refused else self.report["complianceType"] or "NO_VERDICT"

    @property
    def rule_parameters(self):
        """The rule parameters in one line."""
        pairs = self.report["ruleParameters"].items()
        return ", ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in pairs)


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Every account's name, evidence file, arguments and report."""
    folder = tmp_path_factory.mktemp("evidence")
    found = []
    for index, (name, text, arguments) in enumerate(accounts()):
        path = folder / f"{index}.json"
        path.write_text(text)
        (report,) = json.loads(run("json", path, arguments=arguments))["accounts"]
        found.append((name, path, arguments, report))
    return found


class Reports(list):
    """Every account's report in one format."""

    def each(self, check):
        """Checks each; what fails says whose it is."""
        for reported in self:
            try:
                check(reported)
            except Exception as error:
                error.add_note(f"The account: {reported.name}")
                raise

    def output_of(self, example):
        return next(reported.output for reported in self if reported.name == example)


@pytest.fixture(scope="session")
def reported(reports):
    @functools.cache
    def in_format(output_format):
        return Reports(
            Reported(name, report, run(output_format, path, arguments=arguments))
            for name, path, arguments, report in reports
        )

    return in_format


# What a reader would not see, by Unicode's own properties.
HIDDEN = regex.compile(
    r"[\p{Control}\p{Line_Separator}\p{Paragraph_Separator}\p{Default_Ignorable_Code_Point}"
    r"\p{Noncharacter_Code_Point}\uFFF0-\uFFFB]"
)


def in_a_line(text):
    return HIDDEN.sub(" ", text)
