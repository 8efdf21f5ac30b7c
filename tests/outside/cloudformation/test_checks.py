"""The checks find what they are there for."""

import json
import pathlib
import shutil
import tempfile
import unittest

from check_role import LAMBDAS_OWN, allowed, called, differences
from check_templates import checkov_findings, checkov_problems, region_problems
from template import FOLDER, load

REMEDIATION = """
Description: Not in {}.
Resources:
  Remediation:
    Type: AWS::Config::RemediationConfiguration
    Properties: {{ConfigRuleName: rule, TargetId: document, TargetType: SSM_DOCUMENT}}
"""


class Checks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def problems(self, not_in, region="mx-central-1"):
        return list(region_problems(self.folder, not_in, region))

    def test_a_template_that_does_not_work_in_a_region_must_say_so(self):
        (self.folder / "a.yaml").write_text(REMEDIATION.format("mx-central-1"))
        claim = {"a.yaml": ["mx-central-1"]}
        self.assertEqual(self.problems(claim), [])
        self.assertIn("E3006", self.problems({})[0])
        (self.folder / "a.yaml").write_text(REMEDIATION.format("China"))
        self.assertIn("the description does not say", self.problems(claim)[0])

    def test_a_template_that_works_in_a_region_must_not_be_said_not_to(self):
        (self.folder / "a.yaml").write_text(REMEDIATION.format("us-east-1"))
        [problem] = self.problems({"a.yaml": ["us-east-1"]}, "us-east-1")
        self.assertIn("knows no reason", problem)

    def test_an_error_is_a_problem_wherever_the_template_works(self):
        (self.folder / "a.yaml").write_text("Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {Colour: red}}}")
        [problem] = self.problems({})
        self.assertIn("Colour", problem)

    def test_each_skip_is_a_finding_with_a_reason(self):
        shutil.copy(FOLDER / "rule.yaml", self.folder)
        findings = checkov_findings(self.folder)
        self.assertIn(("rule.yaml", "Function", "CKV_AWS_116"), findings)
        reasons = dict.fromkeys(findings, "because")
        self.assertEqual(list(checkov_problems(reasons, findings)), [])
        for skips in ({}, reasons | {("rule.yaml", "Function", "CKV_AWS_1"): "because"}, dict.fromkeys(findings, " ")):
            self.assertNotEqual(list(checkov_problems(skips, findings)), [])

    def test_the_role_allows_exactly_what_is_called(self):
        role = allowed(load(FOLDER / "rule.yaml"))
        self.assertIn("sts:AssumeRole", role)
        calls = role - LAMBDAS_OWN
        self.assertEqual(differences(role, calls), [])
        for action in role:
            self.assertEqual(len(differences(role - {action}, calls)), 1, action)
        for call in calls:
            self.assertEqual(len(differences(role, calls - {call})), 1, call)

    def test_calls_are_those_of_every_exchange(self):
        for name in ("DescribeTrails", "GetTrailStatus"):
            exchange = {"service": "cloudtrail", "operation": name}
            (self.folder / f"{name}.jsonl").write_text(json.dumps(exchange) + "\n" + json.dumps(exchange))
        self.assertEqual(called(self.folder), {"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"})


if __name__ == "__main__":
    unittest.main()
