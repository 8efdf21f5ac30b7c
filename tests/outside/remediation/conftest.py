"""An account in moto, what the runbook asks of it, and the rule's verdict on what it holds."""

import collections
import datetime
import io
import json
import shlex
import subprocess

import boto3
import botocore.awsrequest
import botocore.session
import pytest
from cloudformation.template import ACCOUNT, REGION
from support.project import PROGRAM

BUCKET = "trail-logs"


def pytest_terminal_summary(terminalreporter):
    """The rule's verdict before and after the runbook."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "verdicts":
                scenario, *verdicts = value
                terminalreporter.section(scenario, sep="-")
                for when, (compliance_type, annotation) in zip(("before", "after"), verdicts, strict=False):
                    terminalreporter.line(f"{when:6}  {compliance_type}: {annotation}")


@pytest.fixture
def account(moto, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return Account(tmp_path)


@pytest.fixture
def calls(account, monkeypatch):
    """What the runbook asks of AWS."""
    calls = Calls(account)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", calls.session)
    # Between attempts boto3 sleeps.
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    return calls


# To read AWS's models takes longer than most tests.
MODELS = botocore.session.get_session().get_component("data_loader")


def session():
    session = botocore.session.get_session()
    session.register_component("data_loader", MODELS)
    return session


class Calls:
    """The calls that were sent, as (operation, members), and what AWS answers some of them with."""

    def __init__(self, account):
        self._account = account
        self._answers = collections.defaultdict(list)
        self.sent = []
        self.session = boto3.Session(botocore_session=session())
        self.session.events.register("before-parameter-build", self._record)
        self.session.events.register("before-send", self._answer)

    def fail(self, operation, status, code, times=1):
        """AWS answers the next calls of the operation with an error."""
        self._answers[operation] += [(status, {"__type": code, "message": f"{operation} says {code}"})] * times

    def say(self, operation, body):
        """AWS answers the next call of the operation so, and does nothing."""
        self._answers[operation].append((200, body))

    def clear(self):
        self.sent.clear()

    @property
    def operations(self):
        return [operation for operation, _ in self.sent]

    @property
    def writes(self):
        return [operation for operation in self.operations if ":Get" not in operation]

    def _record(self, params, model, **_):
        self.sent.append((f"{model.service_model.endpoint_prefix}:{model.name}", dict(params)))

    def _answer(self, request, **_):
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        if self._answers[operation]:
            return answer(request, *self._answers[operation].pop(0))
        if operation == "GetComplianceDetailsByConfigRule":
            return answer(request, 200, {"EvaluationResults": self._account.results(json.loads(request.body))})
        return None


def answer(request, status, body):
    class Raw(io.BytesIO):
        def stream(self, **_):
            yield self.read()

    return botocore.awsrequest.AWSResponse(request.url, status, {}, Raw(json.dumps(body).encode()))


class Account:
    def __init__(self, folder):
        self._evidence_file = folder / "evidence.json"
        self.cloudtrail = boto3.client("cloudtrail")
        self._row = None

    def results(self, request):
        """What AWS Config holds for the rule: its verdict, if it was run."""
        if self._row is None or self._row[0] not in request["ComplianceTypes"]:
            return []
        rule = {"ConfigRuleName": request["ConfigRuleName"]}
        trail = rule | {"ResourceType": "AWS::CloudTrail::Trail", "ResourceId": "another"}
        account = rule | {"ResourceType": "AWS::::Account", "ResourceId": ACCOUNT}
        rows = [(trail, "Could not verify"), (account, self._row[1])]
        return [
            {
                "EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier},
                "ComplianceType": self._row[0],
                "Annotation": annotation,
            }
            for qualifier, annotation in rows
        ]

    def create_trail(self, name, is_logging=True, is_multi_region=True, selectors=None, **members):
        self.cloudtrail.create_trail(Name=name, S3BucketName=BUCKET, IsMultiRegionTrail=is_multi_region, **members)
        if selectors:
            self.cloudtrail.put_event_selectors(TrailName=name, **selectors)
        if is_logging:
            self.cloudtrail.start_logging(Name=name)

    def selectors(self, name):
        answer = self.cloudtrail.get_event_selectors(TrailName=name)
        return {kind: answer[kind] for kind in ("EventSelectors", "AdvancedEventSelectors") if answer.get(kind)}

    def described(self, name):
        (trail,) = self.cloudtrail.describe_trails(trailNameList=[name])["trailList"]
        return trail

    def evidence(self, refused=None):
        """What the rule reads, with the operation that AWS refuses to it."""
        error = {"operation": refused, "code": "AccessDeniedException"}
        return {
            "accountId": ACCOUNT,
            "region": REGION,
            "collectedAt": datetime.datetime.now(datetime.UTC),
            "trails": {"refused": error} if refused == "DescribeTrails" else self._trails(refused, error),
        }

    def _trails(self, refused, error):
        trails = self.cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
        for trail in trails:
            for operation, member in (("get_trail_status", "Name"), ("get_event_selectors", "TrailName")):
                answer = getattr(self.cloudtrail, operation)(**{member: trail["TrailARN"]})
                del answer["ResponseMetadata"]
                name = operation.title().replace("_", "")
                trail[name] = {"refused": error | {"homeRegionCode": error["code"]}} if name == refused else answer
        return trails

    def state(self):
        """All that a runbook could have changed."""
        moving = {"LatestDeliveryAttemptTime", "LatestDeliveryTime"}
        trails = self.evidence()["trails"]
        return [
            trail | {"GetTrailStatus": {k: v for k, v in trail["GetTrailStatus"].items() if k not in moving}}
            for trail in trails
        ]

    def verdict(self, refused=None, **rule_parameters):
        """What `invoke` shows of the account, and AWS Config then holds: compliance type and annotation."""
        self._evidence_file.write_text(json.dumps(self.evidence(refused), default=datetime.datetime.isoformat))
        command = [PROGRAM, "invoke", "--account", self._evidence_file]
        command += ["--parameters", json.dumps(rule_parameters)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.returncode in (0, 1, 2), ended.stderr
        lines = ended.stdout.splitlines()
        row = next(index for index, line in enumerate(lines) if line.split()[1:] == ["AWS::::Account", ACCOUNT])
        self._row = lines[row].split()[0], lines[row + 1].strip()
        return self._row

    def put_event_selectors_of_the_remedy(self):
        """The selectors in the command that `check` prints for the trail, as the CLI's JSON."""
        self._evidence_file.write_text(json.dumps(self.evidence(), default=datetime.datetime.isoformat))
        command = [PROGRAM, "check", "--evidence", self._evidence_file, "--format", "json"]
        (report,) = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60).stdout)["accounts"]
        (trail,) = report["trails"]
        (printed,) = [command for reason in trail["reasons"] for command in reason["remedy"]["commands"]]
        words = shlex.split(printed)
        assert words[:3] == ["aws", "cloudtrail", "put-event-selectors"]
        kinds = {"--event-selectors": "EventSelectors", "--advanced-event-selectors": "AdvancedEventSelectors"}
        return {kinds[word]: json.loads(words[index + 1]) for index, word in enumerate(words) if word in kinds}
