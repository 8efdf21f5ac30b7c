"""Every output format against its published schema, or by a parser that others use."""

import csv
import functools
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import botocore.serialize
import botocore.session
import botocore.validate
import jsonschema
import junitparser
from markdown_it import MarkdownIt
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

ROOT = pathlib.Path(__file__).parents[3]
sys.path.append(str(ROOT / "tests/outside/botocore"))
from validate_exchanges import Violation, check_constraints  # noqa: E402

HOSTILE_NAMES = [
    "a|b", "<script>alert(1)</script>", "<!-- ", "a\nb\r\nc", "x]]>y", "\x00\x01\x1b[31mred\x85", "&amp; &#0; \"'",
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "x" * 300, "\U0001F512" * 300, "é日本語\u202e\u2028\u2029",
    "\ufffe\uffff",
    "`code`", "```\n# heading\n```", "a\n````\n# heading",
    "**bold** _em_ ~~s~~ $x$", "[link](http://example.com) ![i](x)", "\\|\\", " ", "a\\",
    "- item", "# heading", "1. one", "> quote", "a; rm -rf / && 'b'", "__", "https://example.com/?a=1&b=2",
]
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


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


def accounts():
    """(name, evidence file's text, arguments) of every example account and of hostile ones."""
    found = [(path.stem, path.read_text(), ()) for path in sorted((ROOT / "examples/accounts").glob("*.json"))]
    found += [(f"{name}, with rows for trails", text, ("--parameter", "trailResults=true")) for name, text, _ in found]
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
    many = [hostile_trail("\U0001F512\"\\" * 100 + str(n), True) for n in range(150)]
    discovered = [trail["TrailARN"] for trail in many]
    text = json.dumps(evidence(many) | {"discoveredTrails": discovered})
    found.append(("many", text, ("--parameter", "trailResults=true", "--parameter", "s3BucketName=logs")))
    found.append(("a long Region", json.dumps(evidence([hostile_trail("a", True)], "x" * 32)), ()))
    return found


def run(output_format, *files, arguments=()):
    program = os.environ["CLOUDTRAIL_ALL_REGIONS"]
    command = [program, "check", "--format", output_format, *arguments, "--evidence", *files]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
    if ended.returncode not in (0, 1, 2):
        raise AssertionError(f"{command}: {ended.stderr}")
    return ended.stdout.decode()


FOLDER = tempfile.TemporaryDirectory()


@functools.cache
def reports():
    """(name, evidence file, arguments, report as `json` has it) of every account."""
    found = []
    for index, (name, text, arguments) in enumerate(accounts()):
        path = pathlib.Path(FOLDER.name, f"{index}.json")
        path.write_text(text)
        [report] = json.loads(run("json", path, arguments=arguments))["accounts"]
        found.append((name, path, arguments, report))
    return found


class FormatTest(unittest.TestCase):
    """Hands each account's output to `check`, with the report as `json` has it."""

    output_format = None

    @classmethod
    def setUpClass(cls):
        cls.outputs = [(name, report, run(cls.output_format, path, arguments=arguments))
                       for name, path, arguments, report in reports()]

    def each(self, check):
        for name, report, output in self.outputs:
            with self.subTest(name):
                check(report, output)

    def output_of(self, example):
        return next(output for name, _, output in self.outputs if name == example)


def verdicts(report):
    """The account's verdict, for formats that say nothing where there is none."""
    return [report["complianceType"]] if report["complianceType"] else []


def in_a_line(text):
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text)


# Limits that AWS documents, but does not put into the model. (botocore carries the documentation.)

def documented_limits(documentation):
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
                    if (len(member) > pairs or any(size(key) > key_length for key in member)
                            or any(size(text) > value_length for text in member.values())):
                        raise Violation(f"{path}.{name}: more than {limit}")
            check_member(shape.members[name], member, f"{path}.{name}", checked)
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            check_member(shape.member, member, f"{path}[{index}]", checked)
    elif shape.type_name == "map":
        for name, member in value.items():
            check_member(shape.value, member, f"{path}.{name}", checked)


def check_parameters(service, operation, parameters, checked=None):
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    if report := botocore.validate.ParamValidator().validate(parameters, model.input_shape).generate_report():
        raise Violation(report)
    check_member(model.input_shape, parameters, operation, set() if checked is None else checked)
    protocol = model.service_model.metadata["protocol"]
    botocore.serialize.create_serializer(protocol).serialize_to_request(parameters, model)


class Asff(FormatTest):
    output_format = "asff"
    statuses = {"COMPLIANT": "PASSED", "NON_COMPLIANT": "FAILED", "NOT_APPLICABLE": "NOT_AVAILABLE"}

    def test_findings_are_valid_for_batch_import_findings(self):
        checked = set()

        def check(report, output):
            findings = json.loads(output)
            self.assertEqual([finding["Compliance"]["Status"] for finding in findings],
                             [self.statuses[verdict] for verdict in verdicts(report)])
            for finding in findings:
                check_parameters("securityhub", "BatchImportFindings", {"Findings": [finding]}, checked)
                self.assertLess(len(json.dumps(finding, ensure_ascii=False).encode()), 240_000)
                self.assertRegex(finding["CreatedAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$")
                self.assertRegex(finding["ProductArn"], r"^arn:aws:securityhub:[a-z0-9-]+:(\d{12}):product/\1/default$")
                self.assertEqual(finding["Resources"][0]["Id"], f"AWS::::Account:{report['accountId']}")
                for kind in finding["Types"]:
                    self.assertRegex(kind, "^Software and Configuration Checks/[^/]+/[^/]+$")
                requirements = finding["Compliance"]["RelatedRequirements"]
                self.assertIn("CIS AWS Foundations Benchmark v3.0.0/3.1", requirements)
                self.assertIn("CIS AWS Foundations Benchmark v6.0.0/4.1", requirements)

        self.each(check)
        # The documentation was found and read.
        for limit in ["AwsSecurityFinding.Title", "AwsSecurityFinding.Description", "AwsSecurityFinding.Resources",
                      "AwsSecurityFinding.AwsAccountId", "AwsSecurityFinding.ProductFields", "Recommendation.Text",
                      "Compliance.RelatedRequirements", "Resource.Region", "Severity.Original"]:
            self.assertIn(limit, checked)

    def test_a_command_in_a_recommendation_is_one_of_the_reports(self):
        seen = 0

        def check(report, output):
            nonlocal seen
            commands = {command for trail in report["trails"] for reason in trail["reasons"]
                        for command in reason["remedy"]["commands"]}
            commands |= {command for remedy in report["remedies"] for command in remedy["commands"]}
            for finding in json.loads(output):
                text = finding.get("Remediation", {}).get("Recommendation", {}).get("Text", "")
                for part in re.findall(r" (aws .*)", text):
                    self.assertTrue(any(part.startswith(command) for command in commands), part)
                    seen += 1

        self.each(check)
        self.assertGreater(seen, 10)

    def test_a_broken_finding_is_refused(self):
        finding = json.loads(self.output_of("stopped"))[0]
        check_parameters("securityhub", "BatchImportFindings", {"Findings": [finding]})
        for change in [
            {"Title": "x" * 257}, {"Description": "x" * 1025}, {"Description": " "}, {"AwsAccountId": "1234567890123"},
            {"Resources": []}, {"Resources": finding["Resources"] * 17}, {"Compliance": {"Status": "COMPLIANT"}},
            {"Remediation": {"Recommendation": {"Text": "x" * 513}}}, {"ProductFields": {"a": "x" * 2049}},
            {"ProductFields": {"a": 1}}, {"ProductFields": {str(n): "" for n in range(51)}}, {"More": "x"},
            {"RecordState": "ACTIV"}, {"Id": None}, {"Resources": [finding["Resources"][0] | {"Region": "x" * 17}]},
        ]:
            with self.subTest(change), self.assertRaises(Violation):
                check_parameters("securityhub", "BatchImportFindings", {"Findings": [finding | change]})


class Evaluations(FormatTest):
    output_format = "evaluations"

    def test_rows_are_valid_for_put_evaluations(self):
        most = 0

        def check(report, output):
            nonlocal most
            document = json.loads(output)
            self.assertEqual(set(document), {"Evaluations"})
            rows = document["Evaluations"]
            most = max(most, len(rows))
            self.assertEqual([row["ComplianceType"] for row in rows[:1]], verdicts(report))
            # A call takes 100.
            for start in range(0, len(rows), 100):
                check_parameters("config", "PutEvaluations",
                                 {"Evaluations": rows[start:start + 100], "ResultToken": "token"})

        self.each(check)
        self.assertGreater(most, 100)

    def test_a_broken_row_is_refused(self):
        row = json.loads(self.output_of("stopped"))["Evaluations"][0]
        for change in [{"Annotation": "x" * 257}, {"ComplianceType": "NO_VERDICT"}, {"OrderingTimestamp": "now"},
                       {"ComplianceResourceId": ""}, {"complianceType": "COMPLIANT"}]:
            with self.subTest(change), self.assertRaises(Violation):
                check_parameters("config", "PutEvaluations", {"Evaluations": [row | change], "ResultToken": "token"})


class Ocsf(FormatTest):
    output_format = "ocsf"
    statuses = {"COMPLIANT": 1, "NON_COMPLIANT": 3, "NOT_APPLICABLE": 99}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ocsf = get_ocsf_schema("1.6.0")
        cls.schema = OcsfJsonSchemaEmbedded(cls.ocsf).get_class_schema("compliance_finding", ["cloud"])
        cls.validator = jsonschema.Draft202012Validator(cls.schema)

    def problems(self, event):
        # additionalProperties is false throughout.
        yield from (error.message for error in self.validator.iter_errors(event))
        yield from self.beyond_the_schema(self.ocsf["classes"]["compliance_finding"], event)

    def beyond_the_schema(self, kind, value):
        """Deprecated attributes, and captions that are not those of their numbers."""
        for name, member in value.items():
            attribute = kind["attributes"].get(name, {})
            if "@deprecated" in attribute:
                yield f"{name} is deprecated"
            sibling, number = attribute.get("sibling"), str(member)
            if sibling in value and number in attribute.get("enum", {}) and number != "99":
                if value[sibling] != attribute["enum"][number]["caption"]:
                    yield f"{sibling} {value[sibling]} is not {name} {number}"
            if "object_type" in attribute:
                for item in member if isinstance(member, list) else [member]:
                    yield from self.beyond_the_schema(self.ocsf["objects"][attribute["object_type"]], item)

    def test_events_are_compliance_findings_of_ocsf_1_6(self):
        def check(report, output):
            self.assertTrue(output == "" or output.endswith("\n"))
            events = [json.loads(line) for line in output.split("\n")[:-1]]
            self.assertEqual([event["compliance"]["status_id"] for event in events],
                             [self.statuses[verdict] for verdict in verdicts(report)])
            for event in events:
                self.assertEqual(list(self.problems(event)), [])
                self.assertEqual((event["class_uid"], event["category_uid"]), (2003, 2))
                self.assertEqual(event["metadata"]["version"], "1.6.0")
                self.assertEqual(event["type_uid"], 200300 + event["activity_id"])
                self.assertEqual(len(event["resources"]), 1 + len(report["trails"]))

        self.each(check)

    def test_a_broken_event_is_refused(self):
        event = json.loads(self.output_of("stopped"))
        for change in [{"more": 1}, {"time": "2026-11-01T12:00:00Z"}, {"severity_id": 7}, {"severity": "Low"},
                       {"compliance": event["compliance"] | {"status_detail": "x"}}, {"cloud": {"region": "us-east-1"}},
                       {"finding_info": {"title": "x"}}, {"class_uid": 2001}, {"resources": [{"type": "x"}]}]:
            with self.subTest(change):
                self.assertTrue(list(self.problems(event | change)))


class Junit(FormatTest):
    output_format = "junit"
    results = {"COMPLIANT": None, "NON_COMPLIANT": junitparser.Failure, "NOT_APPLICABLE": junitparser.Skipped,
               None: junitparser.Error}

    def test_an_account_is_a_test_case_with_its_verdict(self):
        def check(report, output):
            [suite] = junitparser.JUnitXml.fromstring(output.encode())
            [case] = suite
            expected = self.results[report["complianceType"]]
            self.assertEqual([type(result) for result in case.result], [expected] if expected else [])
            counted = {"failures": suite.failures, "errors": suite.errors, "skipped": suite.skipped}
            suite.update_statistics()
            self.assertEqual(counted, {"failures": suite.failures, "errors": suite.errors, "skipped": suite.skipped})
            self.assertEqual(suite.name, report["accountId"])
            self.assertEqual(case.classname, f"{report['accountId']}.{report['region']}")
            if expected:
                message = re.sub("[\x00-\x08\x0b-\x1f\ufffe\uffff]", "\ufffd", report["annotation"])
                # A parser of XML takes white space in an attribute for spaces.
                self.assertEqual(case.result[0].message, re.sub("[\n\t]", " ", message))
            text = case.system_out if not expected else case.result[0].text or ""
            for trail in report["trails"] if report["complianceType"] != "NOT_APPLICABLE" else []:
                for reason in trail["reasons"]:
                    self.assertIn(f"{reason['code']}: ", text)

        self.each(check)

    def test_several_accounts_are_several_suites(self):
        files = [ROOT / f"examples/accounts/{name}.json" for name in ("compliant", "stopped", "throttled")]
        suites = junitparser.JUnitXml.fromstring(run("junit", *files).encode())
        self.assertEqual((len(list(suites)), suites.tests, suites.failures, suites.errors), (3, 3, 1, 1))


def given(report):
    """The rule parameters in one line."""
    pairs = report["ruleParameters"].items()
    return ", ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in pairs)


class Csv(FormatTest):
    output_format = "csv"
    columns = ["AccountId", "Region", "CollectedAt", "ComplianceType", "Annotation", "RuleParameters", "Name",
               "TrailARN", "HomeRegion", "S3BucketName", "IsMultiRegionTrail", "IsOrganizationTrail", "Result", "Reason", "Text", "Remedy",
               "Commands"]

    def cell(self, text):
        line = in_a_line(text or "")
        return f"'{line}" if line.strip().startswith(FORMULA) else line

    def test_rows_are_the_reports_trails_and_reasons(self):
        def check(report, output):
            reader = csv.DictReader(io.StringIO(output, newline=""), strict=True)
            rows = list(reader)
            self.assertEqual(reader.fieldnames, self.columns)
            expected = [(self.cell(trail["name"]), self.cell(trail["trailArn"]), reason.get("code", ""))
                        for trail in report["trails"] for reason in trail["reasons"] or [{}]]
            found = [(row["Name"], row["TrailARN"], row["Reason"]) for row in rows]
            self.assertEqual(found, expected or [("", "", "")])
            for row in rows:
                self.assertEqual(set(row), set(self.columns))
                self.assertEqual(row["ComplianceType"], report["complianceType"] or "NO_VERDICT")
                self.assertEqual(row["Annotation"], self.cell(report["annotation"]))
                self.assertEqual(row["RuleParameters"], self.cell(given(report)))
                for cell in row.values():
                    self.assertFalse(cell.strip().startswith(FORMULA), cell)
                    self.assertEqual(cell, in_a_line(cell))

        self.each(check)


class Markdown(FormatTest):
    output_format = "markdown"
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    kinds = {"inline", "fence"} | {f"{part}_{end}" for end in ("open", "close") for part in
                                   ("heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td")}

    def text(self, inline, allowed=("text",)):
        kinds = {child.type for child in inline.children}
        self.assertLessEqual(kinds, set(allowed), inline.content)
        return "".join(child.content for child in inline.children)

    def test_the_table_and_the_remedies_are_those_of_the_report(self):
        def check(report, output):
            tokens = self.markdown.parse(output)
            self.assertLessEqual({token.type for token in tokens}, self.kinds)
            inlines = {"heading_open": [], "td_open": [], "th_open": [], "paragraph_open": []}
            for before, token in zip(tokens, tokens[1:]):
                if token.type == "inline":
                    inlines[before.type].append(token)
            headings = [self.text(token) for token in inlines["heading_open"]]
            self.assertEqual(headings[0], f"{report['complianceType'] or 'NO_VERDICT'}: account {report['accountId']}")
            cells = [self.text(token, ("text", "code_inline")) for token in inlines["td_open"]]
            expected = [cell for trail in report["trails"] for reason in trail["reasons"] or [{}] for cell in (
                trail["result"], trail["name"], trail["homeRegion"] or "", reason.get("code", ""),
                reason.get("text", trail["satisfaction"]))]
            self.assertEqual(cells, [in_a_line(cell).strip() for cell in expected])
            remedies = list(report["remedies"])
            remedies += [reason["remedy"] for trail in report["trails"] for reason in trail["reasons"]]
            if report["complianceType"] == "COMPLIANT":
                remedies = []
            marked = ("text", "strong_open", "strong_close", "code_inline")
            paragraphs = [self.text(token, marked) for token in inlines["paragraph_open"]]
            opening = 2 if report["ruleParameters"] else 1
            self.assertEqual(paragraphs[1:opening], [f"Parameters: {in_a_line(given(report)).strip()}"] * (opening - 1))
            self.assertEqual(len(paragraphs), opening + len(remedies))
            for paragraph, remedy in zip(paragraphs[opening:], remedies):
                self.assertTrue(paragraph.endswith(remedy["text"].replace("`", "")), paragraph)
            fences = [token.content for token in tokens if token.type == "fence"]
            commands = ["\n".join(remedy["commands"]) + "\n" for remedy in remedies if remedy["commands"]]
            self.assertEqual(fences, [re.sub("[\x00-\x09\x0b-\x1f\x7f-\x9f]", "\ufffd", text) for text in commands])

        self.each(check)


del FormatTest  # It has no tests of its own.

if __name__ == "__main__":
    unittest.main()
