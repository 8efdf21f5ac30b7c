"""CloudTrail by moto on 127.0.0.1 and a port that the system chose, and the rule's verdict on what it holds."""

import datetime
import json
import os
import subprocess
import urllib.request

import boto3
import pytest
from moto.server import ThreadedMotoServer

from stack import ACCOUNT, REGION

BUCKET = "trail-logs"


def pytest_terminal_summary(terminalreporter):
    """The rule's verdict before and after the runbook."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "verdicts":
                scenario, *verdicts = value
                terminalreporter.section(scenario, sep="-")
                for when, (compliance_type, annotation) in zip(("before", "after"), verdicts):
                    terminalreporter.line(f"{when:6}  {compliance_type}: {annotation}")


@pytest.fixture(scope="session")
def moto():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def account(moto, monkeypatch, tmp_path):
    request = urllib.request.Request(f"{moto}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    yield Account(tmp_path)
    boto3.DEFAULT_SESSION = None


class Account:
    def __init__(self, folder):
        self._evidence_file = folder / "evidence.json"
        self.cloudtrail = boto3.client("cloudtrail")

    def create_trail(self, name, is_logging=True, is_multi_region=True, selectors=None, **members):
        self.cloudtrail.create_trail(Name=name, S3BucketName=BUCKET, IsMultiRegionTrail=is_multi_region, **members)
        if selectors:
            self.cloudtrail.put_event_selectors(TrailName=name, **selectors)
        if is_logging:
            self.cloudtrail.start_logging(Name=name)

    def selectors(self, name):
        answer = self.cloudtrail.get_event_selectors(TrailName=name)
        return {kind: answer[kind] for kind in ("EventSelectors", "AdvancedEventSelectors") if answer.get(kind)}

    def evidence(self):
        trails = self.cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
        for trail in trails:
            for operation, member in (("get_trail_status", "Name"), ("get_event_selectors", "TrailName")):
                answer = getattr(self.cloudtrail, operation)(**{member: trail["TrailARN"]})
                del answer["ResponseMetadata"]
                trail[operation.title().replace("_", "")] = answer
        return {
            "accountId": ACCOUNT,
            "region": REGION,
            "collectedAt": datetime.datetime.now(datetime.UTC),
            "trails": trails,
        }

    def state(self):
        """All that a runbook could have changed."""
        moving = {"LatestDeliveryAttemptTime", "LatestDeliveryTime"}
        trails = self.evidence()["trails"]
        return [
            trail | {"GetTrailStatus": {k: v for k, v in trail["GetTrailStatus"].items() if k not in moving}}
            for trail in trails
        ]

    def verdict(self, **rule_parameters):
        """What `invoke` shows of the account: compliance type and annotation."""
        self._evidence_file.write_text(json.dumps(self.evidence(), default=datetime.datetime.isoformat))
        command = [os.environ["CLOUDTRAIL_ALL_REGIONS"], "invoke", "--account", self._evidence_file]
        command += ["--parameters", json.dumps(rule_parameters)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.returncode in (0, 1), ended.stderr
        lines = ended.stdout.splitlines()
        row = next(index for index, line in enumerate(lines) if line.split()[1:] == ["AWS::::Account", ACCOUNT])
        return lines[row].split()[0], lines[row + 1].strip()
