"""The parts, each on 127.0.0.1 and a port that the system chose, and ended with the test that started it."""

import contextlib
import datetime
import itertools
import json
import platform
import socket
import subprocess
import sysconfig
import time
import urllib.request

import pytest
from support.moto import REGION
from support.project import BOOTSTRAP, EVENTS

# The account and Region of the emulator's function ARN.
FUNCTION_ACCOUNT = "012345678912"
MEMBER = "111122223333"
OTHER_MEMBER = "444455556666"
RULE_NAME = "cis-3-1-cloudtrail-all-regions"

# Of the package aws-sam-cli nothing else is used.
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64"}[platform.machine()]
EMULATOR = f"{sysconfig.get_path('purelib')}/samcli/local/rapid/aws-lambda-rie-{ARCHITECTURE}"


class Account:
    """A person who works in an account."""

    def __init__(self, moto, account):
        self.id = account
        self._moto = moto

    def client(self, service, region=REGION):
        return self._moto.client(service, self.id, region)

    def cloudtrail(self, region=REGION):
        return self.client("cloudtrail", region)

    def create_trail(self, name="management-events", region=REGION, is_logging=True, **members):
        """A multi-Region trail, unless told otherwise, with a bucket of its own."""
        self.client("s3").create_bucket(Bucket=f"logs-of-{name}-{self.id}")
        members = {"IsMultiRegionTrail": True} | members
        trail = self.cloudtrail(region).create_trail(Name=name, S3BucketName=f"logs-of-{name}-{self.id}", **members)
        if is_logging:
            self.cloudtrail(region).start_logging(Name=trail["TrailARN"])
        return trail["TrailARN"]

    def create_role(self, name, actions):
        """A role that anybody may assume and that may do these actions."""
        iam = self.client("iam")
        statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(statement))
        if actions:
            # moto matches CloudTrail's actions with no other resource.
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            iam.put_role_policy(RoleName=name, PolicyName="Actions", PolicyDocument=policy(statement))


def policy(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Function:
    """The shipped `bootstrap` under the Lambda Runtime Interface Emulator. One process for all its invocations."""

    def __init__(self, directory, environment):
        self._stdout, self._stderr = directory / "stdout", directory / "stderr"
        self.invocations = 0
        for _ in range(3):
            if self._start(environment):
                return
        raise AssertionError(f"the emulator does not start: {self.output()}")

    def _start(self, environment):
        with socket.create_server(("127.0.0.1", 0)) as runtime, socket.create_server(("127.0.0.1", 0)) as emulator:
            runtime_port, self._port = runtime.getsockname()[1], emulator.getsockname()[1]
        command = [
            EMULATOR,
            "--runtime-api-address",
            f"127.0.0.1:{runtime_port}",
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{self._port}",
            BOOTSTRAP,
        ]
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(command, env=environment, stdout=stdout, stderr=stderr)
        for _ in range(200):
            if self._process.poll() is not None:
                return False
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return True
            time.sleep(0.05)
        self.stop()
        return False

    def invoke(self, payload):
        return self.invoke_with_text(json.dumps(payload))

    def invoke_with_text(self, payload):
        url = f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations"
        self.invocations += 1
        with urllib.request.urlopen(url, payload.encode(), timeout=60) as answer:
            return json.load(answer)

    def log(self):
        """The JSON lines so far, all there once every invocation has left its summary."""
        for _ in range(100):
            lines = [json.loads(line) for line in self._stdout.read_text().splitlines() if line.startswith("{")]
            if sum("_aws" in line for line in lines) == self.invocations:
                return lines
            time.sleep(0.05)
        raise AssertionError(f"not every invocation has left its summary: {self.output()}")

    def summary(self):
        """The summary line of the last invocation."""
        return self.log()[-1]

    def output(self):
        return self._stdout.read_text() + self._stderr.read_text()

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        finally:
            self._process.kill()


class Rule:
    """The rule in one account and Region, as AWS Config invokes it and keeps its results."""

    _clock = itertools.count()

    def __init__(self, stand_in, function, account, region=REGION):
        self.function = function
        self._stand_in = stand_in
        self._account, self._region = account, region
        self.place = {"account": account, "region": region, "name": RULE_NAME}

    def event(self, name="scheduled", parameters=None, trail="management-events", **members):
        """An event of tests/events, made this rule's and this moment's."""
        text = json.dumps(json.loads((EVENTS / f"{name}.json").read_text())["Event"])
        text = text.replace("123456789012", self._account).replace("us-east-1", self._region)
        event = json.loads(text.replace("management-events", trail))
        invoking_event = json.loads(event["invokingEvent"])
        # Config orders by it; no two are the same.
        now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(milliseconds=next(self._clock))
        invoking_event["notificationCreationTime"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event["invokingEvent"] = json.dumps(invoking_event)
        event["ruleParameters"] = json.dumps(parameters or {})
        event |= self._stand_in.ask("invocation", **self.place)
        self._stand_in.tokens.append(event["resultToken"])
        return event | members

    def invoke(self, name="scheduled", parameters=None, **members):
        """Invokes the function with an event; the answer is the function's."""
        return self.function.invoke(self.event(name, parameters, **members))

    def rows(self):
        """What Config shows: compliance type and annotation by resource."""
        return {
            (row["ComplianceResourceType"], row["ComplianceResourceId"]): (row["ComplianceType"], row["Annotation"])
            for row in self._stand_in.ask("rows", **self.place)
        }

    def compliance_types(self):
        return {resource_id: compliance_type for (_, resource_id), (compliance_type, _) in self.rows().items()}

    def account_row(self):
        return self.rows()["AWS::::Account", self._account]

    def evaluate(self, name="scheduled", parameters=None, **members):
        """Invokes the function; what Config then shows for the account, which is what the function said too."""
        answer = self.invoke(name, parameters, **members)
        assert answer.get("accountId") == self._account, answer
        row = self.account_row()
        assert (answer["complianceType"], answer["annotation"]) == row
        return row

    def reason_codes(self):
        """The reason codes of the last invocation, by the name of the trail."""
        trails = self.function.summary()["trails"]
        return {trail["trail"].rpartition("/")[2]: trail["reasons"] for trail in trails}

    def put_evaluations(self):
        """The rows of every PutEvaluations since this was last asked, whether Config keeps them or not."""
        return [
            (row["ComplianceResourceType"], row["ComplianceResourceId"], row["ComplianceType"])
            for call in self._stand_in.calls()
            if call["operation"] == "PutEvaluations"
            for row in call["request"]["Evaluations"]
        ]


@pytest.fixture
def own(moto):
    """The function's own account."""
    return Account(moto, FUNCTION_ACCOUNT)


@pytest.fixture
def member(moto):
    return Account(moto, MEMBER)


@pytest.fixture
def start_function(moto, stand_in, tmp_path):
    """Starts the function with the credentials of a role of its account, as Lambda does."""
    functions = []

    def start(role="Function", **environment):
        directory = tmp_path / f"function-{len(functions)}"
        directory.mkdir()
        function = Function(
            directory,
            {
                "AWS_REGION": REGION,
                **moto.credentials(FUNCTION_ACCOUNT, role=role),
                "AWS_ENDPOINT_URL_CLOUDTRAIL": moto.url,
                "AWS_ENDPOINT_URL_STS": moto.url,
                "AWS_ENDPOINT_URL_CONFIG_SERVICE": stand_in.endpoint,
                **environment,
            },
        )
        functions.append(function)
        return function

    yield start
    for function in functions:
        function.stop()
    output = "".join(function.output() for function in functions)
    assert functions and "START RequestId" in output
    assert not [secret for secret in moto.secrets + stand_in.tokens if secret in output]


@pytest.fixture
def rule(stand_in, start_function):
    """The rule in the function's own account."""
    return Rule(stand_in, start_function(), FUNCTION_ACCOUNT)
