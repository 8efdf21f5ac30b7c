"""What scripts/deploy-organization and scripts/remove-organization have in common: the AWS CLI, the organization's
accounts, and its stack sets."""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "cloudformation"
PROGRAM = pathlib.Path(sys.argv[0]).name

ACCOUNT = re.compile(r"^[0-9]{12}$")
UNIT = re.compile(r"^(r-[a-z0-9]{4,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})$")
STACK_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,99}$")
REGION = re.compile(r"^[a-z][a-z0-9-]{0,31}$")

POLL_SECONDS = 10
TRIES = 60  # of a call that AWS throttles, or that waits for another operation: ten minutes
LATER = re.compile("Throttl|TooManyRequests|RequestLimitExceeded|OperationInProgress|StaleRequest")
# AWS's default is one account after the other, and none after the first failure.
PREFERENCES = "MaxConcurrentPercentage=100,FailureTolerancePercentage=100,ConcurrencyMode=SOFT_FAILURE_TOLERANCE"
# Accounts in one argument, which has 131,072 bytes on Linux; more are their whole organizational units.
NAMED_AT_MOST = 8_000

STACK_SETS = "member.org.stacksets.cloudformation.amazonaws.com"


def printable(text):
    """Text of others, without what a terminal obeys."""
    return re.sub(r"[^\x20-\x7e]+", " ", text)


def note(message):
    print(f"{PROGRAM}: {printable(message)}", file=sys.stderr, flush=True)


def fail(exit_code, message):
    note(message)
    raise SystemExit(exit_code)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        fail(64, f"{message}; see --help")


def matching(pattern, what):
    def checked(text):
        if not pattern.match(text):
            raise argparse.ArgumentTypeError(f"{text!r} is no {what}")
        return text

    return checked


def common_options(parser):
    option = parser.add_argument
    option("--stack-name", metavar="NAME", type=matching(STACK_NAME, "stack's name"), default="cloudtrail-all-regions",
           help="what the names of all stacks and stack sets begin with (default: cloudtrail-all-regions)")  # fmt: skip
    option("--region", type=matching(REGION, "Region"), help="the Region of the rule (default: the AWS CLI's)")
    option("--dry-run", action="store_true", help="only read; print the commands that would change something")


class AwsError(Exception):
    """What AWS answered in place of a result: its code, and the line that the AWS CLI prints."""

    def __init__(self, command, text):
        lines = [line for line in text.splitlines() if line.strip()]
        self.message = lines[-1] if lines else "it ended without a word"
        code = re.search(r"An error occurred \(([^)]+)\)", self.message)
        self.code = code[1] if code else ""
        super().__init__(f"aws {command}: {self.message}")


def sleep(seconds):
    subprocess.run(["sleep", str(seconds)], check=True)


class Aws:
    """The AWS CLI in one Region, with one set of credentials."""

    def __init__(self, region, dry_run=False, credentials=None):
        self.region, self.dry_run = region, dry_run
        self.environment = dict(os.environ, AWS_PAGER="", AWS_RETRY_MODE="standard", AWS_CLI_ERROR_FORMAT="legacy")
        if credentials:
            self.environment.pop("AWS_PROFILE", None)
            self.environment |= {
                "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
                "AWS_SESSION_TOKEN": credentials["SessionToken"],
            }

    def words(self, service, operation, *arguments):
        return ["aws", service, operation, *map(str, arguments), "--region", self.region]

    def ask(self, service, operation, *arguments):
        """AWS's answer. What is throttled, or stands back behind another operation, is asked again."""
        command = [*self.words(service, operation, *arguments), "--output", "json"]
        for tried in range(TRIES):
            ended = subprocess.run(command, env=self.environment, capture_output=True, text=True)
            if ended.returncode == 0:
                return json.loads(ended.stdout) if ended.stdout.strip() else {}
            error = AwsError(f"{service} {operation}", ended.stderr)
            if not LATER.search(error.code) or tried == TRIES - 1:
                raise error
            if tried == 0:
                note(f"AWS puts off {service} {operation}: {error.message}")
            sleep(POLL_SECONDS)
        raise AssertionError("every try has returned or raised")

    def found(self, absent, *command):
        """AWS's answer, or nothing where it says `absent`."""
        try:
            return self.ask(*command)
        except AwsError as error:
            if absent in error.message:
                return None
            raise

    def change(self, service, operation, *arguments):
        """Does what changes something, or with --dry-run says it and answers nothing."""
        if self.dry_run:
            print(shlex.join(self.words(service, operation, *arguments)))
            return None
        note(f"aws {service} {operation}")
        return self.ask(service, operation, *arguments)

    def stack(self, name):
        """A stack of this account, or nothing."""
        found = self.found("does not exist", "cloudformation", "describe-stacks", "--stack-name", name)
        return found and found["Stacks"][0]

    def deploy_stack(self, name, template, *arguments):
        """`aws cloudformation deploy` prints no JSON, and knows itself whether there is something to do."""
        command = deploy_command(name, template, *arguments)
        if self.dry_run:
            print(shlex.join([*command, "--region", self.region]))
            return
        stack = self.stack(name)
        if stack and stack["StackStatus"] == "ROLLBACK_COMPLETE":
            # Its creation failed: it holds nothing and can only be deleted.
            self.delete_stack(name)
        note(f"aws cloudformation deploy --stack-name {name}")
        command += ["--region", self.region]
        ended = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if ended.returncode != 0:
            raise AwsError(f"cloudformation deploy --stack-name {name}", ended.stderr or ended.stdout)

    def delete_stack(self, name):
        self.change("cloudformation", "delete-stack", "--stack-name", name)
        self.change("cloudformation", "wait", "stack-delete-complete", "--stack-name", name)


def deploy_command(name, template, *arguments):
    command = ["aws", "cloudformation", "deploy", "--stack-name", name, "--template-file", str(TEMPLATES / template)]
    return [*command, "--no-fail-on-empty-changeset", *map(str, arguments)]


def outputs(stack):
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def values(described):
    """The parameters of a stack or stack set."""
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in described.get("Parameters", [])}


def declared(template):
    """The names of a template's parameters."""
    text = (TEMPLATES / template).read_text()
    (section,) = re.findall(r"^Parameters:\n(.*?)^[A-Z]\w*:\n", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"^  ([A-Za-z0-9]+):$", section, re.MULTILINE)


def choose_region(asked):
    region = asked or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        region = subprocess.run(["aws", "configure", "get", "region"], capture_output=True, text=True).stdout.strip()
    if not region or not REGION.match(region):
        fail(64, "no Region is set; give --region")
    return region


def needs_aws():
    try:
        subprocess.run(["aws", "--version"], capture_output=True)
    except FileNotFoundError:
        fail(2, "aws is needed and was not found")


def state(account):
    """Organizations retired Status in September 2026 for State, which has more values."""
    return account.get("State") or account.get("Status") or "UNKNOWN"


def is_open(account):
    """Whether an account is there to be deployed to; a state that nobody knows is tried."""
    return state(account) not in ("SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED")


def accounts_below(aws, unit):
    """The accounts of an organizational unit and all units below it. Organizations takes one request at a time."""
    yield from aws.ask("organizations", "list-accounts-for-parent", "--parent-id", unit).get("Accounts", [])
    below = aws.ask("organizations", "list-organizational-units-for-parent", "--parent-id", unit)
    for child in below.get("OrganizationalUnits", []):
        yield from accounts_below(aws, child["Id"])


@dataclasses.dataclass(frozen=True)
class Instance:
    """A stack set's stack in one account."""

    status: str
    detailed_status: str
    reason: str

    @property
    def is_current(self):
        return self.status == "CURRENT"

    @property
    def is_of_a_suspended_account(self):
        return self.detailed_status == "SKIPPED_SUSPENDED_ACCOUNT"


class StackSet:
    """A service-managed stack set in the Region of the rule."""

    def __init__(self, aws, name, call_as, template=None, units=(), depends_on=()):
        self.aws, self.name, self.template = aws, name, template
        self.units, self.depends_on = list(units), list(depends_on)
        self.place = ["--stack-set-name", name, "--call-as", call_as]
        self.parameters = {}

    def described(self):
        answer = self.aws.found("StackSetNotFound", "cloudformation", "describe-stack-set", *self.place)
        return answer and answer["StackSet"]

    def instances(self):
        answer = self.aws.found("StackSetNotFound", "cloudformation", "list-stack-instances", *self.place)
        return {
            each["Account"]: Instance(
                each["Status"],
                each.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
                each.get("StatusReason", ""),
            )
            for each in (answer or {"Summaries": []})["Summaries"]
            if each["Region"] == self.aws.region
        }

    def _definition(self):
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(self.parameters.items())]
        return [
            "--template-body", f"file://{TEMPLATES / self.template}", "--parameters", json.dumps(parameters),
            "--capabilities", "CAPABILITY_NAMED_IAM",
        ]  # fmt: skip

    def is_as_wanted(self, described):
        template = (TEMPLATES / self.template).read_text()
        given = {key: value for key, value in values(described).items() if key in self.parameters}
        return described["TemplateBody"].strip() == template.strip() and given == self.parameters

    def create(self):
        """Makes it, if it is not there, without automatic deployment: that is for when all else has gone well."""
        if not self.described():
            kind = ["--permission-model", "SERVICE_MANAGED", "--managed-execution", "Active=true"]
            off = ["--auto-deployment", "Enabled=false"]
            self.aws.change("cloudformation", "create-stack-set", *self.place, *self._definition(), *kind, *off)

    def targets(self, accounts):
        """The organizational units, or of their accounts only these."""
        targets = {"OrganizationalUnitIds": self.units}
        if accounts is not None and len(accounts) <= NAMED_AT_MOST:
            targets |= {"Accounts": sorted(accounts), "AccountFilterType": "INTERSECTION"}
        where = ["--deployment-targets", json.dumps(targets), "--regions", self.aws.region]
        return [*where, "--operation-preferences", PREFERENCES]

    def roll_out(self, accounts, is_last):
        """Brings these accounts up to date, and answers whether there was anything to do; the last wave takes the
        organizational units as they are, so that they are the ones of the automatic deployment."""
        described = self.described()
        instances = self.instances()
        is_as_wanted = not described or self.is_as_wanted(described)
        absent = [account for account in accounts if account not in instances]
        old = [account for account in accounts if account in instances and not instances[account].is_current]
        covered = set(described.get("OrganizationalUnitIds", [])) if described else set()
        if absent or (is_last and not covered.issuperset(self.units)):
            self._wait("create-stack-instances", *self.targets(None if is_last else absent))
        if not is_as_wanted:
            # An update names accounts that have an instance, so those that had none come first.
            old = list(accounts)
        if old:
            targets = self.targets(None if is_last and not is_as_wanted else old)
            self._wait("update-stack-set", *self._definition(), *targets)
        return bool(old or absent)

    def deploy_automatically(self):
        """From here on the accounts that join get it, too."""
        described = self.described() or {}
        has = described.get("AutoDeployment", {})
        if has.get("Enabled") and sorted(has.get("DependsOn", [])) == sorted(self.depends_on):
            return
        wanted = {"Enabled": True, "RetainStacksOnAccountRemoval": False}
        wanted |= {"DependsOn": self.depends_on} if self.depends_on else {}
        preferences = ["--operation-preferences", PREFERENCES]
        self._wait("update-stack-set", *self._definition(), "--auto-deployment", json.dumps(wanted), *preferences)

    def delete_instances(self, accounts=None, retain=False):
        self.units = (self.described() or {}).get("OrganizationalUnitIds", [])
        keep = "--retain-stacks" if retain else "--no-retain-stacks"
        self._wait("delete-stack-instances", *self.targets(accounts), keep)

    def delete(self):
        self.aws.change("cloudformation", "delete-stack-set", *self.place)

    def _wait(self, operation, *arguments):
        answer = self.aws.change("cloudformation", operation, *self.place, *arguments)
        if answer is None:
            return
        waited = 0
        while True:
            described = self.aws.ask(
                "cloudformation", "describe-stack-set-operation", *self.place, "--operation-id", answer["OperationId"]
            )["StackSetOperation"]
            if described["Status"] not in ("RUNNING", "QUEUED", "STOPPING"):
                break
            sleep(POLL_SECONDS)
            waited += POLL_SECONDS
            if waited % 60 == 0:
                note(f"{operation} on {self.name} has run for {waited // 60} min")
        if described["Status"] == "STOPPED":
            fail(2, f"{operation} on {self.name} was stopped by somebody; repeat this when it may go on")


def every_stack_set(aws):
    """Each stack set of the Region that this account sees, with its name and in whose name it was made."""
    for call_as in ("SELF", "DELEGATED_ADMIN"):
        place = ["--status", "ACTIVE", "--call-as", call_as]
        try:
            summaries = aws.ask("cloudformation", "list-stack-sets", *place)["Summaries"]
        except AwsError as error:
            # Most accounts are no delegated administrator of the organization.
            if call_as == "DELEGATED_ADMIN" and error.code == "ValidationError":
                continue
            raise
        for summary in summaries:
            name = summary["StackSetName"]
            place = ["--stack-set-name", name, "--call-as", call_as]
            yield name, aws.ask("cloudformation", "describe-stack-set", *place)["StackSet"]
