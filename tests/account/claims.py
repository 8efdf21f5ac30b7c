"""What the tests of this folder stand on: how they end, what they share, and the lines that are printed."""

import collections
import pathlib
import signal
import sys

import organization as org
import pytest

PROBE = pathlib.Path(__file__).with_name("probe.yaml")


class Found(Exception):
    """What a claim has come to, and why; each test ends by raising it."""


class Holds(Found):
    word = "holds"


class Refuted(Found):
    word = "REFUTED"


class CannotTell(Found):
    word = "cannot tell"


class Claims:
    """Each test is a claim of docs/unverified.md, by whose id it is named. A call that fails ends that claim only."""

    def __init__(self, options):
        self.given = options
        self.counts = collections.Counter()
        self.has_failed = self.is_interrupted = False

    def fails(self, message):
        self.has_failed = True
        return message

    @pytest.fixture(scope="session")
    def options(self):
        return self.given

    @pytest.fixture(scope="session")
    def fails_with(self):
        """Tells of what has failed beside a claim."""
        return lambda message: org.note(self.fails(message))

    def pytest_configure(self):
        # A run that is ended from outside deletes what it made, too.
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    def pytest_collection_modifyitems(self, items):
        known = {claim_of(item): item for item in items}
        for claim in self.given.claims:
            if claim not in known:
                org.note(f"an account cannot be asked about {claim!r}; valid are {', '.join(known)}")
                pytest.exit("", 64)
        items[:] = [item for claim, item in known.items() if claim in (self.given.claims or known)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if call.when == "call" or call.excinfo:
            found = call.excinfo.value if call.excinfo else AssertionError("its test does not say what it found")
            if isinstance(found, org.AwsError):
                found = CannotTell(self.fails(str(found)))
            elif not isinstance(found, Found):
                why = f"AWS answered otherwise than its documentation says ({type(found).__name__}: {found})"
                found = CannotTell(self.fails(why))
            self.counts[type(found)] += 1
            print(f"{claim_of(item):<24} {found.word:<12} {org.printable(str(found))}", flush=True)
        return report

    def pytest_collectreport(self, report):
        if report.failed:
            print(report.longrepr, file=sys.stderr)

    def pytest_internalerror(self, excrepr):
        print(excrepr, file=sys.stderr)

    def pytest_keyboard_interrupt(self, excinfo):
        self.is_interrupted = isinstance(excinfo.value, KeyboardInterrupt)

    def pytest_sessionfinish(self, session, exitstatus):
        if self.is_interrupted:
            session.exitstatus = 130
        elif exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            holds, refuted, cannot_tell = (self.counts[kind] for kind in (Holds, Refuted, CannotTell))
            org.note(f"{holds} hold, {refuted} are refuted, {cannot_tell} cannot be told")
            session.exitstatus = 1 if refuted else 2 if self.has_failed else 0
        elif exitstatus != 64:
            session.exitstatus = 2


def claim_of(item):
    return item.originalname.removeprefix("test_").replace("_", "-")


class Deployment:
    """The rule's stack, and those that stand beside it."""

    def __init__(self, aws, stack_name):
        self.aws, self.stack_name = aws, stack_name
        self.account = aws.ask("sts", "get-caller-identity")["Account"]
        stack = aws.stack(stack_name)
        if stack is None:
            org.fail(2, f"there is no stack {stack_name} in {aws.region}; run scripts/deploy first")
        self.status = stack["StackStatus"]
        outputs = org.outputs(stack)
        self.rule, self.log_group = outputs["ConfigRuleName"], outputs["LogGroupName"]
        org.note(f"account {self.account}, Region {aws.region}, stack {stack_name}")

    def beside(self, name):
        """The stack of another template."""
        stack = self.aws.stack(f"{self.stack_name}-{name}")
        if stack is None:
            raise CannotTell(f"there is no stack {self.stack_name}-{name}")
        return stack

    def lines_of_log(self, pattern):
        """How many lines of the function's log match a filter pattern."""
        group = ["--log-group-name", self.log_group]
        return len(self.aws.ask("logs", "filter-log-events", *group, "--filter-pattern", pattern)["events"])

    def results(self, rule):
        """The rule's results: by type and id of the resource, the verdict and when it was recorded."""
        answer = self.aws.ask("configservice", "get-compliance-details-by-config-rule", "--config-rule-name", rule)
        results = {}
        for each in answer["EvaluationResults"]:
            resource = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
            place = resource["ResourceType"], resource["ResourceId"]
            results[place] = each["ComplianceType"], str(each["ResultRecordedTime"])
        return results

    def verdict(self):
        """The account's result, if there is one."""
        return self.results(self.rule).get(("AWS::::Account", self.account))

    def start(self, rule):
        """Starts an evaluation; answers whether AWS Config does, or has one running already."""
        try:
            self.aws.ask("configservice", "start-config-rules-evaluation", "--config-rule-names", rule)
        except org.AwsError as error:
            if error.code != "LimitExceededException":
                raise
            return False
        return True

    def trails(self, are_own):
        """The trails that DescribeTrails lists: this account's, or those of others."""
        trails = self.aws.ask("cloudtrail", "describe-trails")["trailList"]
        return [trail for trail in trails if (trail["TrailARN"].split(":")[4] == self.account) == are_own]


def waited_for(seconds):
    """Each time at which to look again."""
    for _ in range(0, seconds, org.POLL_SECONDS):
        yield
        org.sleep(org.POLL_SECONDS)
