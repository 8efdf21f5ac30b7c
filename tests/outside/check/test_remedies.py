"""The commands of each remedy, run as they stand: the reason is gone, and whatever else the trail does is as it was."""

import collections
import json
import re
import shlex

import pytest
from check.accounts import Account, Inexpressible, owner_of, policy
from check.command_line import check, codes, given, reported, reports, run_aws
from check.scenarios import ACCOUNT, KEY, LOG_GROUP, SCENARIOS, TOPIC, arn
from check.scenarios import account as account_of
from check.scenarios import trail as trail_of
from check.test_check import INEXPRESSIBLE, NAMES, example
from support.aws_cli import Understanding
from support.project import ACCOUNTS as EXAMPLES
from support.project import ROOT

SELECTOR_CODES = {
    "no-management-events",
    "read-only",
    "write-only",
    "split-selectors",
    "excluded-event-sources",
    "filtered-management-events",
}
# By reason: what its commands may change of a trail, in AWS's words.
CHANGES = {
    "single-region": {"IsMultiRegionTrail", "IncludeGlobalServiceEvents"},
    "no-global-service-events": {"IncludeGlobalServiceEvents"},
    "not-logging": {"IsLogging"},
    **{code: {"Selectors"} for code in SELECTOR_CODES},
    "other-bucket": {"S3BucketName"},
    "other-log-group": {"CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"},
    "no-cloudwatch-logs": {"CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"},
    "no-log-file-validation": {"LogFileValidationEnabled"},
    "no-kms-encryption": {"KmsKeyId"},
    "not-organization-trail": {"IsOrganizationTrail"},
    # The commands show what is wrong, and change nothing.
    "status-unreadable": set(),
}
# What a command cannot be tried on, and why. Its arguments are tried all the same.
NOT_TRIED = {
    "other-topic": "moto takes a topic by name only; AWS by ARN too (CloudTrail API, UpdateTrail)",
    "deleted": "moto never lists a trail that is gone",
    "delivery-failing": "in moto every delivery succeeds",
    "delivery-stale": "in moto every delivery was a moment ago",
    "selectors-not-understood": "boto3 and the AWS CLI put no member that they do not know",
    "selectors-unreadable": "in moto no trail has custom selectors, and the default ones need not be read",
    "unanswered": "moto never throttles",
}
# What a remedy leaves to the person who runs it.
FILLED_IN = {
    "KEY_ARN": KEY,
    "ROLE_ARN": arn("iam", "role/CloudTrailToLogs", ""),
    "LOG_GROUP_ARN": LOG_GROUP,
    "BUCKET": "security-logs",
    "TOPIC_ARN": TOPIC,
    "TRAIL": "management-events",
    "HOME_REGION": "us-east-1",
}
# That stand in capitals, and are AWS's own words.
AWS_WORDS = {"CAPABILITY_IAM"}

ACCOUNTS = {name: (example(name), {}) for name in NAMES if name not in INEXPRESSIBLE} | {
    name: (evidence, parameters) for name, (evidence, parameters, _) in SCENARIOS.items()
}


def reasons():
    """Every reason of every account that fails: account, the trail's name, code."""
    for name in ACCOUNTS:
        if name in SCENARIOS:
            by_trail = SCENARIOS[name][2]
        else:
            report = reported("check", "--evidence", EXAMPLES / f"{name}.json")
            fails = report["complianceType"] == "NON_COMPLIANT"
            by_trail = {trail["name"]: codes(trail) for trail in report["trails"]} if fails else {}
        yield from ((name, trail, code) for trail, of_trail in by_trail.items() for code in of_trail)


REASONS = list(reasons())
REASONS_OF = collections.Counter(name for name, _, _ in REASONS)


def filled_in(command):
    """The command with its words in capitals filled in, and quoted as it was."""
    for word in placeholders(command):
        command = re.sub(rf"\b{word}\b", FILLED_IN[word], command)
    return command


def placeholders(command):
    words = (re.fullmatch(r"([A-Z][A-Z_]+)(:\*)?", word) for word in shlex.split(command))
    return {word[1] for word in words if word} - AWS_WORDS


def run_remedy(account, trail, code, remedy):
    """Runs the commands, in the account that the trail belongs to."""
    region, owner, _ = owner_of({"TrailARN": trail["trailArn"]})
    if code == "other-bucket":
        account.create_bucket("security-logs", owner, region)
    credentials = account.moto.credentials(owner, region)
    assert remedy["commands"]
    for command in remedy["commands"]:
        ended = run_aws(filled_in(command), account.moto, credentials)
        assert ended.exit_code == 0, f"{command}\n{ended.stderr}"


def find(report, name):
    (trail,) = (trail for trail in report["trails"] if trail["name"] == name)
    return trail


def remedy_of(trail, code):
    (remedy,) = (reason["remedy"] for reason in trail["reasons"] if reason["code"] == code)
    return remedy


def changes(before, after):
    return {member for member in before.keys() | after.keys() if before.get(member) != after.get(member)}


def data_events(selectors):
    """What is taken beside management events, in parts that can be compared."""
    taken = set()
    for selector in selectors.get("EventSelectors", []):
        kinds = {"ReadOnly": ["reads"], "WriteOnly": ["writes"]}.get(selector.get("ReadWriteType"), ["reads", "writes"])
        taken |= {
            (kind, resources["Type"], value)
            for kind in kinds
            for resources in selector.get("DataResources", [])
            for value in resources["Values"]
        }
    for selector in selectors.get("AdvancedEventSelectors", []):
        if {"Field": "eventCategory", "Equals": ["Management"]} not in selector["FieldSelectors"]:
            taken.add(json.dumps(selector, sort_keys=True))
    return taken


@pytest.mark.parametrize(("name", "trail", "code"), [reason for reason in REASONS if reason[2] not in NOT_TRIED])
def test_the_commands_remove_the_reason_and_change_nothing_else(moto, name, trail, code):
    evidence, parameters = ACCOUNTS[name]
    account = Account(moto, evidence)
    reported = find(check(account, parameters), trail)
    remedy, before = remedy_of(reported, code), account.state()

    run_remedy(account, reported, code, remedy)

    after, trail_arn = account.state(), reported["trailArn"]
    assert after.keys() == before.keys()
    assert {arn for arn in before if changes(before[arn], after[arn])} == ({trail_arn} if CHANGES[code] else set())
    assert changes(before[trail_arn], after[trail_arn]) <= CHANGES[code]
    if code in SELECTOR_CODES:
        check_selectors(before[trail_arn]["Selectors"], after[trail_arn]["Selectors"])
    follow(account, remedy)
    report = check(account, parameters)
    assert code not in codes(find(report, trail))
    assert REASONS_OF[name] > 1 or report["complianceType"] == "COMPLIANT"


def follow(account, remedy):
    """Allows what the remedy says in words is to be allowed."""
    account.allow(account.allowed | set(re.findall(r"Allow `cloudtrail:(\w+)`", remedy["text"])))


def check_selectors(before, after):
    """Data events cost money: none is lost, and none comes along."""
    assert before.keys() == after.keys()
    assert data_events(after) == data_events(before)
    # CloudTrail takes no more (CloudTrail API, PutEventSelectors).
    assert len(after.get("EventSelectors", [])) <= 5


def test_where_another_trail_passes_there_is_nothing_to_run(moto):
    trails = check(Account(moto, example("several-trails")), {})["trails"]
    remedies = [reason["remedy"] for trail in trails for reason in trail["reasons"]]
    assert remedies and not any(remedy["commands"] for remedy in remedies)


@pytest.mark.filterwarnings("ignore:Tried to parse AWS..(CloudTrail|S3)")
def test_where_there_is_no_trail_the_command_deploys_the_template(moto):
    account = Account(moto, example("no-trail"))
    (remedy,) = check(account, {})["remedies"]
    (command,) = remedy["commands"]

    ended = run_aws(command, moto, moto.credentials(account.id))

    assert ended.exit_code == 0, ended.stderr
    stack = moto.client("cloudformation", account.id).describe_stack_resources(StackName="cloudtrail-all-regions-trail")
    made = {resource.get("ResourceType") for resource in stack["StackResources"]}
    assert made >= {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup"}
    # moto's CloudFormation makes no trails and no policies of buckets; tests/outside/cloudformation sees to those.
    assert "AWS::CloudTrail::Trail" not in made


def test_what_may_not_be_listed_is_to_be_allowed(moto):
    account = Account(moto, SCENARIOS["no-permission-to-list"][0])
    (remedy,) = check(account, {})["remedies"]
    (command,) = remedy["commands"]
    credentials = moto.credentials(account.id, role="Reader")
    with moto.permissions_checked():
        ended = run_aws(command, moto, credentials)
    assert "AccessDenied" in ended.stderr

    follow(account, remedy)

    (remedy,) = check(account, {})["remedies"]
    assert remedy["text"].startswith("Look for an organization's trail first")


def test_moto_takes_a_topic_by_name_only(moto):
    evidence, parameters, _ = SCENARIOS["other-requirements"]
    account = Account(moto, evidence)
    trail = find(check(account, parameters), "management-events")
    run_remedy(account, trail, "other-topic", remedy_of(trail, "other-topic"))
    (shown,) = account.state().values()
    assert shown["SnsTopicARN"].endswith(f":{TOPIC}")


@pytest.mark.parametrize("name", [name for name, count in REASONS_OF.items() if count > 1])
def test_all_remedies_together_make_the_account_compliant(moto, name):
    evidence, parameters = ACCOUNTS[name]
    parameters = {key: value for key, value in parameters.items() if key != "snsTopicArn"}
    account = Account(moto, evidence)
    before = account.state()
    # A second round for what a single-Region trail shows only when it records every Region.
    for _ in range(2):
        for trail in check(account, parameters)["trails"]:
            for reason in trail["reasons"]:
                run_remedy(account, trail, reason["code"], reason["remedy"])
                follow(account, reason["remedy"])
    assert check(account, parameters)["complianceType"] == "COMPLIANT"
    for trail_arn, trail in account.state().items():
        assert data_events(trail["Selectors"]) == data_events(before[trail_arn]["Selectors"])


def cases():
    for path in sorted((ROOT / "tests/cases/cloudtrail_all_regions").glob("*.json")):
        case = json.loads(path.read_text())
        if isinstance(case["Given"], str):
            case["Given"] = json.loads((ROOT / case["Given"]).read_text())
        yield path.stem, case


CASES = dict(cases())


def reasons_of(case):
    trails = case["Expect"].get("Trails", {}).values()
    return {code for trail in trails for code in trail.get("Reasons", ["unanswered"] * (trail["Result"] == "Hidden"))}


def test_every_reason_is_tried_or_listed():
    every = set().union(*map(reasons_of, CASES.values()))
    tried = {code for _, _, code in REASONS} - NOT_TRIED.keys()
    assert every == tried | NOT_TRIED.keys()
    assert tried == CHANGES.keys()


@pytest.mark.parametrize("code", sorted(NOT_TRIED.keys() - {"other-topic"}))
def test_no_account_of_a_listed_reason_can_be_made(moto, code):
    names = [name for name, case in CASES.items() if code in reasons_of(case)]
    assert names
    for name in names:
        moto.reset()
        with pytest.raises(Inexpressible):
            Account(moto, CASES[name]["Given"])


def test_the_policies_of_bucket_and_key_are_found_in_the_buckets_region(moto, tmp_path):
    """No delivery fails in moto: the remedy is that of evidence, and what it asks about is in moto."""
    bucket, elsewhere = "logs-elsewhere", "eu-west-1"
    kms, s3 = (moto.client(service, ACCOUNT, elsewhere) for service in ("kms", "s3"))
    key = kms.create_key(Policy=policy({"Sid": "of-the-key"}))["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": elsewhere})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy({"Sid": "of-the-bucket"}))
    failing = trail_of(S3BucketName=bucket, KmsKeyId=key)
    Account(moto, account_of(failing))
    failing["GetTrailStatus"]["LatestDeliveryError"] = "KMS.DisabledException"
    path = tmp_path / "failing.json"
    path.write_text(json.dumps(account_of(failing)))

    remedy = remedy_of(find(reported("check", "--evidence", path), "management-events"), "delivery-failing")

    shown = [run_aws(command, moto, moto.credentials(ACCOUNT)) for command in remedy["commands"]]
    assert all(ended.exit_code == 0 for ended in shown), shown
    status, of_the_bucket, of_the_key = (json.loads(ended.stdout) for ended in shown)
    assert status["IsLogging"]
    assert (of_the_bucket["Statement"][0]["Sid"], of_the_key["Statement"][0]["Sid"]) == ("of-the-bucket", "of-the-key")


def commands(folder):
    """Every command that the cases, and the examples that moto cannot express, lead to."""
    files = collections.defaultdict(list)
    files[()] = [EXAMPLES / f"{name}.json" for name in INEXPRESSIBLE]
    for name, case in CASES.items():
        parameters = case.get("RuleParameters") or {}
        is_valid = isinstance(parameters, dict) and all(isinstance(value, str) for value in parameters.values())
        if is_valid and case["Expect"].get("Trails"):
            path = folder / f"{name}.json"
            path.write_text(json.dumps(case["Given"]))
            files[tuple(given(parameters))].append(path)
    # Of two files of one account only one counts, so each is read alone.
    for parameters, path in ((parameters, path) for parameters, paths in files.items() for path in paths):
        for report in reports("check", *parameters, "--evidence", path):
            remedies = [reason["remedy"] for trail in report["trails"] for reason in trail["reasons"]]
            for remedy in remedies + report["remedies"]:
                yield from remedy["commands"]


def test_the_aws_cli_understands_every_command(tmp_path):
    understanding = Understanding()
    for command in commands(tmp_path):
        understanding.check(command)
    assert {form[:2] for form in understanding.forms} == {
        ("cloudformation", "deploy"),
        ("cloudtrail", "get-event-selectors"),
        ("cloudtrail", "get-trail-status"),
        ("cloudtrail", "put-event-selectors"),
        ("cloudtrail", "start-logging"),
        ("cloudtrail", "update-trail"),
        ("kms", "get-key-policy"),
        ("s3api", "get-bucket-policy"),
    }
