"""scripts/deploy-organization: what it does to an organization, in which order, and how it ends."""

import base64
import hashlib
import json
import shlex

import pytest
from scripts.conftest import Organization

BOTH_WAYS = pytest.mark.parametrize("way", ["each", "central"])
ROLE, RULE = "cloudtrail-all-regions-role", "cloudtrail-all-regions-rule"
CHANGES = (
    "cloudformation create-",
    "cloudformation update-",
    "cloudformation delete-",
    "cloudformation deploy",
    "s3api put-object",
    "configservice start-config-rules-evaluation",
)
member = Organization.member
CENTRAL, MANAGEMENT = Organization.CENTRAL, Organization.MANAGEMENT
FUNCTION = f"arn:aws:lambda:eu-central-1:{CENTRAL}:function:cloudtrail-all-regions"


def options(call):
    words = shlex.split(call)
    return {words[place]: words[place + 1] for place in range(2, len(words) - 1) if words[place].startswith("--")}


def changes(ended):
    return [call for call in ended.calls if call.startswith(CHANGES)]


def operations(ended):
    """The operations on stack sets: which, on which, and on which accounts (None: all)."""
    for call in changes(ended):
        if "--stack-set-name" in call:
            given = options(call)
            targets = json.loads(given.get("--deployment-targets", "{}"))
            yield shlex.split(call)[1], given["--stack-set-name"], targets.get("Accounts")


def without_looks(state):
    """What counts of a state: not how often it was looked at."""
    for account in state["accounts"].values():
        account.pop("looks", None)
    return {name: value for name, value in state.items() if name not in ("seen", "asked_of_members")}


@BOTH_WAYS
def test_the_roles_go_to_all_the_rule_to_one_then_to_a_tenth_then_to_all_and_last_to_who_joins(organization, way):
    ended = organization.deploy("--way", way)
    assert ended.exit_code == 0, ended.stderr
    assert list(operations(ended)) == [
        ("create-stack-set", ROLE, None),
        ("create-stack-instances", ROLE, None),
        ("update-stack-set", ROLE, None),
        ("create-stack-set", RULE, None),
        ("create-stack-instances", RULE, [member(0)]),
        ("create-stack-instances", RULE, [member(number) for number in range(1, 6)]),
        ("create-stack-instances", RULE, None),
        ("update-stack-set", RULE, None),
    ]
    assert organization.instances("rule") == dict.fromkeys([*map(member, range(30)), CENTRAL], "CURRENT")
    assert "the first verdict: NON_COMPLIANT: No trail." in ended.stderr
    assert "rule: 31 of 31 accounts up to date" in ended.stdout


def test_a_tenth_of_many_accounts_is_the_second_wave(tmp_path):
    organization = Organization(tmp_path / "large", accounts=200)
    second = list(operations(organization.deploy()))[5]
    assert second == ("create-stack-instances", RULE, [member(number) for number in range(1, 21)])


def test_the_first_account_is_the_one_that_is_named(organization):
    ended = organization.deploy("--first", member(17))
    assert ("create-stack-instances", RULE, [member(17)]) in list(operations(ended))


def test_every_operation_has_preferences_because_awss_own_stop_at_the_first_failure(organization):
    ended = organization.deploy()
    preferences = "MaxConcurrentPercentage=100,FailureTolerancePercentage=100,ConcurrencyMode=SOFT_FAILURE_TOLERANCE"
    for call in changes(ended):
        if "create-stack-instances" in call or "update-stack-set" in call:
            assert options(call)["--operation-preferences"] == preferences


def test_the_package_is_uploaded_under_its_digest_and_pinned_everywhere(organization):
    ended = organization.deploy()
    (upload,) = [options(call) for call in ended.calls if call.startswith("s3api put-object")]
    digest = hashlib.sha256(b"package\n").hexdigest()[:16]
    key = f"cloudtrail-all-regions/cloudtrail-all-regions/package-{digest}.zip"
    assert (upload["--key"], upload["--checksum-algorithm"]) == (key, "SHA256")
    assert upload["--expected-bucket-owner"] == CENTRAL
    state = organization.read()
    assert state["stacks"]["cloudtrail-all-regions-artifacts"]["parameters"] == {"OrganizationId": "o-exampleorgid"}
    parameters = state["stack_sets"][RULE]["parameters"]
    assert (parameters["ArtifactKey"], parameters["ArtifactVersion"]) == (key, "v1")
    assert parameters["EmitMetrics"] == "false"


def test_one_central_function_admits_each_account_and_makes_no_rule_of_its_own(organization):
    organization.deploy("--way", "central", "MaximumExecutionFrequency=Six_Hours", "MemorySize=256")
    state = organization.read()
    central = state["stacks"]["cloudtrail-all-regions"]["parameters"]
    assert (central["CreateRule"], central["MemberRoleName"]) == ("false", "cloudtrail-all-regions")
    assert (central["OrganizationId"], central["MemorySize"]) == ("o-exampleorgid", "256")
    admits = state["stacks"]["cloudtrail-all-regions-organization"]
    assert admits["template"] == "organization.yaml"
    ids = [admits["parameters"][f"AccountIds{part}"] for part in range(1, 5)]
    assert ids == [",".join([*map(member, range(30)), CENTRAL, MANAGEMENT]), "", "", ""]
    assert admits["parameters"]["OrganizationId"] == ""
    rules = {"FunctionArn": FUNCTION, "MaximumExecutionFrequency": "Six_Hours"}
    assert state["stack_sets"][RULE]["parameters"] == rules
    role = state["stack_sets"][ROLE]["parameters"]["FunctionRoleArn"]
    assert role == f"arn:aws:iam::{CENTRAL}:role/cloudtrail-all-regions"


def test_in_the_central_way_the_rules_of_who_joins_come_after_the_roles(organization):
    organization.deploy("--way", "central")
    sets = organization.read()["stack_sets"]
    arn = f"arn:aws:cloudformation:eu-central-1:{MANAGEMENT}:stackset/{ROLE}:1"
    assert (sets[RULE]["auto"]["DependsOn"], sets[RULE]["auto"]["Enabled"]) == ([arn], True)
    assert sets[ROLE]["auto"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}


def test_the_organization_is_admitted_by_its_key_where_that_is_asked_for(organization):
    organization.deploy("--way", "central", "--admit", "organization")
    admits = organization.read()["stacks"]["cloudtrail-all-regions-organization"]["parameters"]
    assert admits == {"FunctionArn": FUNCTION, "OrganizationId": "o-exampleorgid"} | {
        f"AccountIds{part}": "" for part in range(1, 5)
    }


def test_where_lambda_has_no_such_policy_each_account_has_a_permission(organization):
    ended = organization.deploy("--way", "central", "--region", "us-gov-west-1")
    assert ended.exit_code == 0
    admits = organization.read()["stacks"]["cloudtrail-all-regions-organization"]
    assert admits["template"] == "organization-permissions.yaml"
    assert len(admits["parameters"]["AccountIds"].split(",")) == 32


@BOTH_WAYS
def test_a_repetition_changes_nothing(organization, way):
    organization.deploy("--way", way)
    before = without_looks(organization.read())
    again = organization.deploy("--way", way)
    assert (again.exit_code, without_looks(organization.read())) == (0, before)
    # `aws cloudformation deploy` finds out itself that there is nothing to do.
    assert [call for call in changes(again) if not call.startswith("cloudformation deploy")] == []


def test_what_is_not_given_again_keeps_its_value(organization):
    organization.deploy("MaximumExecutionFrequency=Six_Hours", "EmitMetrics=true", "RolePath=/security/")
    before = without_looks(organization.read())
    assert organization.deploy().exit_code == 0
    assert without_looks(organization.read()) == before
    assert organization.read()["stack_sets"][ROLE]["parameters"]["RolePath"] == "/security/"


@BOTH_WAYS
@pytest.mark.parametrize("is_deployed", [False, True], ids=["nothing there", "deployed"])
def test_a_dry_run_writes_nothing_and_says_what_it_would(organization, way, is_deployed):
    if is_deployed:
        organization.deploy("--way", way)
    before = without_looks(organization.read())
    ended = organization.deploy("--way", way, "--dry-run", "MaximumExecutionFrequency=One_Hour")
    assert (ended.exit_code, changes(ended)) == (0, [])
    assert without_looks(organization.read()) == before
    said = [line for line in ended.stdout.splitlines() if line.startswith("aws cloudformation")]
    assert any(f" --stack-set-name {RULE} " in line for line in said)
    assert any(member(0) in line and member(1) not in line for line in said), "the first wave"


def test_a_dry_run_builds_nothing(organization):
    ended = organization.run("deploy-organization", "--ou", "r-root", "--region", "eu-central-1", "--dry-run")
    assert (ended.exit_code, ended.stdout.splitlines()[0]) == (0, "scripts/package --architecture arm64")


def test_another_package_goes_to_the_first_account_and_is_evaluated_there_before_any_other_gets_it(organization):
    organization.deploy()
    organization.package.write_text("another package\n")
    organization.change_account(member(0), busy=2)
    ended = organization.deploy()
    assert ended.exit_code == 0, ended.stderr
    assert list(operations(ended)) == [
        ("update-stack-set", RULE, [member(0)]),
        ("update-stack-set", RULE, [member(number) for number in range(1, 6)]),
        ("update-stack-set", RULE, [*map(member, range(6, 30)), CENTRAL]),
    ]
    calls = [" ".join(call.split()[:2]) for call in ended.calls]
    started = calls.index("configservice start-config-rules-evaluation")
    assert calls[:started].count("cloudformation update-stack-set") == 1
    assert calls.count("configservice start-config-rules-evaluation") == 3, "AWS Config was busy twice"
    assert organization.read()["stack_sets"][RULE]["parameters"]["ArtifactVersion"] == "v2"


@BOTH_WAYS
def test_one_account_without_a_recorder_stops_nobody_and_is_named_at_the_end(organization, way):
    organization.change_account(member(3), recorder=False)
    ended = organization.deploy("--way", way)
    assert ended.exit_code == 2
    assert set(organization.instances("rule").values()) == {"CURRENT", "OUTDATED"}
    assert ended.stdout.splitlines()[-3:] == [
        "rule: 30 of 31 accounts up to date",
        "  1 FAILED: NoAvailableConfigurationRecorderException: a configuration recorder is not available",
        f"    {member(3)}",
    ]
    assert organization.instances("role")[member(3)] == "CURRENT", "it can be looked into"
    organization.change_account(member(3), recorder=True)
    again = organization.deploy("--way", way)
    assert (again.exit_code, list(operations(again))) == (0, [("update-stack-set", RULE, [member(3)])])


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"recorder": False}, "the rule could not be made there: NoAvailableConfigurationRecorderException"),
        ({"silent": True}, "no verdict within 30 seconds"),
        ({"annotation": "Could not verify t: AccessDenied."}, "no verdict: Could not verify t: AccessDenied."),
        ({"annotation": "Rule misconfigured: no."}, "no verdict: Rule misconfigured: no."),
        ({"annotation": "Could not verify \x1b[2J\u202et."}, "no verdict: Could not verify  [2J t."),
    ],
)
def test_a_first_account_without_a_verdict_stops_the_rest(organization, about, told):
    organization.change_account(member(0), **about)
    ended = organization.deploy("--timeout", "30")
    assert (ended.exit_code, list(organization.instances("rule"))) == (2, [member(0)])
    assert f"stopped after the first wave: account {member(0)}: {told}" in ended.told()
    assert "cloudtrail-all-regions doctor, with the role cloudtrail-all-regions-audit" in ended.stderr
    assert organization.read()["stack_sets"][RULE]["auto"] == {"Enabled": False}


def test_a_second_wave_of_which_most_fail_stops_the_rest(organization):
    for number in (1, 2, 5):
        organization.change_account(member(number), fails="the quota of rules is reached")
    ended = organization.deploy()
    assert (ended.exit_code, len(organization.instances("rule"))) == (2, 6)
    assert ended.told().endswith("stopped after the second wave: 3 of its 5 accounts failed")
    assert "3 FAILED: the quota of rules is reached" in ended.stdout


@BOTH_WAYS
def test_a_function_that_runs_another_package_ends_it_before_a_second_account_gets_it(organization, way):
    theirs = base64.b64encode(hashlib.sha256(b"theirs").digest()).decode()
    organization.change_account(CENTRAL if way == "central" else member(0), runs=theirs)
    ended = organization.deploy("--way", way)
    ours = base64.b64encode(hashlib.sha256(b"package\n").digest()).decode()
    assert ended.exit_code == 2
    assert ended.told().endswith(f"its CodeSha256 is {theirs}, not {ours}")
    sets = organization.read()["stack_sets"]
    assert list(sets.get(RULE, {"instances": []})["instances"]) == ([] if way == "central" else [member(0)])


def test_the_function_in_the_callers_own_account_is_compared_too(organization):
    organization.change_account(CENTRAL, runs="theirs")
    ended = organization.deploy()
    assert (ended.exit_code, len(organization.instances("rule"))) == (2, 31)
    assert "its CodeSha256 is theirs" in ended.told()


def test_every_problem_is_told_at_once_with_what_mends_it_and_nothing_is_changed(organization):
    organization.change(
        trusted=False, delegated=[MANAGEMENT], features="CONSOLIDATED_BILLING", opt_in="opted-in", concurrency=100
    )
    organization.change(versioning=False)
    ended = organization.deploy("--way", "central", "--artifact-bucket", "mine")
    assert (ended.exit_code, changes(ended)) == (2, [])
    for told in (
        "aws organizations enable-all-features",
        f"aws organizations register-delegated-administrator --account-id {CENTRAL} --service-principal member.org",
        "--region-is-enabled; or another Region by --region",
        "ReservedConcurrency=none, or aws service-quotas",
        "aws s3api put-bucket-versioning --bucket mine --versioning-configuration Status=Enabled",
    ):
        assert told in ended.stderr
    assert ended.told().endswith("nothing was deployed: 7 problems, each with what mends it")


@pytest.mark.parametrize(
    ("state", "arguments", "told"),
    [
        ({"organization": None}, [], "scripts/deploy   # for this account alone"),
        ({"trusted": False}, [], "aws cloudformation activate-organizations-access"),
        ({}, ["--ou", "ou-none-12345678"], "ParentNotFoundException"),
        ({}, ["--first", "123456789012"], "--first 123456789012 is not among the 31 accounts"),
        ({}, ["--auditor", "arn:aws:iam::1:role/a"], "--auditor arn:aws:iam::900000000001:role/aws-reserved/sso"),
        ({}, ["--artifact-bucket", "mine"], '"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}'),
        ({"caller_arn": "arn:aws:iam::900000000001:root"}, [], "sign in as a role, or as a user"),
        ({"caller_arn": "arn:aws-cn:iam::900000000001:user/a"}, [], "'China' in docs/organization.md"),
        ({"refuse": "iam get-role"}, [], "allow it iam:GetRole on Platform"),
        (
            {},
            ["--way", "central", "--admit", "organization", "--region", "us-gov-west-1"],
            "--admit accounts (up to 60), or --way each",
        ),
    ],
)
def test_each_problem_has_what_mends_it(organization, state, arguments, told):
    organization.change(**state)
    ended = organization.deploy(*arguments)
    assert (ended.exit_code, changes(ended)) == (2, [])
    assert told in ended.stderr


def test_a_rule_that_is_in_this_account_already_goes_first(organization):
    stack = {"template": "rule.yaml", "parameters": {}, "outputs": {}}
    organization.change(stacks={"cloudtrail-all-regions": stack})
    ended = organization.deploy()
    assert (ended.exit_code, changes(ended)) == (2, [])
    assert "scripts/remove --stack-name cloudtrail-all-regions --region eu-central-1" in ended.stderr


def test_more_accounts_than_a_list_holds_are_told_before_anything_is_changed(tmp_path):
    organization = Organization(tmp_path / "large", accounts=1100)
    ended = organization.deploy("--way", "central")
    assert (ended.exit_code, changes(ended)) == (2, [])
    assert "1,102 accounts find no room in the function's policy in eu-central-1, which takes 1,100" in ended.stderr


def test_a_forgotten_way_does_not_turn_one_function_into_many(organization):
    organization.deploy("--way", "central")
    ended = organization.deploy()
    assert (ended.exit_code, changes(ended)) == (2, [])
    assert "--way central, or scripts/remove-organization first" in ended.stderr


def test_a_bucket_that_the_organization_may_read_is_taken_and_none_is_made(organization):
    reads = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}},
    }
    organization.change(policy={"Statement": [reads]})
    assert organization.deploy("--artifact-bucket", "mine").exit_code == 0
    assert organization.read()["stacks"] == {}


def test_whoever_may_audit_already_stays_an_auditor_and_the_caller_becomes_one(organization):
    other = f"arn:aws:iam::{CENTRAL}:role/auditors"
    organization.deploy("--auditor", other, "--auditor", organization.principal)
    organization.deploy()
    auditors = organization.read()["stack_sets"][ROLE]["parameters"]["AuditorPrincipalArns"]
    assert auditors == f"{other},{organization.principal}"


@pytest.mark.parametrize(
    "put_off",
    [
        "organizations list-accounts",
        "cloudformation create-stack-instances",
        "cloudformation describe-stack-set-operation",
        "cloudformation list-stack-instances",
        "sts assume-role",
    ],
)
def test_what_aws_puts_off_is_asked_again(organization, put_off):
    organization.change(throttle={put_off: 3})
    ended = organization.deploy()
    assert ended.exit_code == 0
    assert f"AWS puts off {put_off}" in ended.stderr
    assert organization.read()["throttle"] == {put_off: 0}


def test_what_aws_puts_off_for_ever_ends_it(organization):
    organization.change(throttle={"cloudformation create-stack-instances": 1000})
    ended = organization.deploy()
    assert (ended.exit_code, "Rate exceeded" in ended.told()) == (2, True)


@pytest.mark.parametrize(
    "refused",
    [
        "sts get-caller-identity",
        "organizations list-accounts",
        "s3api put-object",
        "cloudformation create-stack-set",
        "cloudformation create-stack-instances",
        "lambda get-function-configuration",
    ],
)
def test_a_refused_call_ends_it_and_is_told(organization, refused):
    organization.change(refuse=refused)
    ended = organization.deploy()
    assert (ended.exit_code, "You are not authorized." in ended.stderr) == (2, True)
    assert "Traceback" not in ended.stderr


def test_an_operation_that_somebody_stopped_ends_it(organization):
    organization.change(operation_ends="STOPPED")
    ended = organization.deploy()
    assert (ended.exit_code, "was stopped by somebody" in ended.told()) == (2, True)


def test_an_interrupt_ends_the_waiting_and_a_repetition_takes_it_up(organization):
    organization.change(interrupt="cloudformation describe-stack-set-operation")
    ended = organization.deploy()
    assert (ended.exit_code, "a repetition takes it up" in ended.told()) == (130, True)
    organization.change(interrupt=None)
    assert organization.deploy().exit_code == 0


@BOTH_WAYS
def test_a_suspended_account_is_listed_apart_and_is_no_failure(organization, way):
    organization.change_account(member(4), state="SUSPENDED")
    ended = organization.deploy("--way", way)
    assert (ended.exit_code, ended.stdout.splitlines()[-1]) == (0, f"not deployed to: {member(4)} (SUSPENDED)")
    assert "rule: 30 of 30 accounts up to date" in ended.stdout


def test_a_state_that_nobody_knows_is_tried(organization):
    organization.change_account(member(4), state="RESTING")
    organization.deploy()
    assert organization.instances("rule")[member(4)] == "CURRENT"


def test_accounts_outside_of_the_organizational_units_are_counted(organization):
    given = ["--ou", "ou-root-workloads", "--region", "eu-central-1", "--package", organization.package]
    ended = organization.run("deploy-organization", *given)
    assert ended.exit_code == 0
    assert ended.stdout.splitlines()[-1] == "outside of ou-root-workloads: 1 accounts of the organization"


@BOTH_WAYS
def test_the_management_accounts_stacks_are_printed_where_it_is_another(organization, way):
    printed = organization.deploy("--way", way).stdout
    assert f"Stack sets do not reach the management account, {MANAGEMENT}." in printed
    template = "rule.yaml" if way == "each" else "member-rule.yaml"
    assert f"--stack-name {RULE} --template-file cloudformation/{template}" in printed


@BOTH_WAYS
def test_the_management_accounts_stacks_are_made_where_it_is_the_caller(organization, way):
    organization.change(
        caller=MANAGEMENT,
        caller_arn=f"arn:aws:iam::{MANAGEMENT}:user/admin",
        principal=f"arn:aws:iam::{MANAGEMENT}:user/admin",
    )
    ended = organization.deploy("--way", way)
    assert ended.exit_code == 0, ended.stderr
    assert {ROLE, RULE} <= organization.read()["stacks"].keys()
    assert "--call-as SELF" in "\n".join(ended.calls)
    assert organization.deploy("--way", way).exit_code == 0


def test_an_account_that_joins_is_admitted_by_the_next_deployment(organization):
    organization.deploy("--way", "central")
    state = organization.read()
    state["accounts"]["200000000000"] = {"parent": "ou-root-workloads", "state": "ACTIVE"}
    organization.write(state)
    ended = organization.deploy("--way", "central")
    admits = organization.read()["stacks"]["cloudtrail-all-regions-organization"]["parameters"]["AccountIds1"]
    assert (ended.exit_code, "200000000000" in admits.split(",")) == (0, True)
    assert organization.instances("rule")["200000000000"] == "CURRENT"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "--ou",
        "--ou x",
        "--ou ,",
        "--ou r-root --way both",
        "--ou r-root --first 1",
        "--ou r-root --admit organization",
        "--ou r-root --package /nowhere",
        "--ou r-root --timeout 0",
        "--ou r-root --region US/1",
        "--ou r-root --stack-name 1",
        "--ou r-root Nonsense=1",
        "--ou r-root RuleName",
        "--ou r-root ArtifactKey=x",
        "--ou r-root CreateRule=true",
    ],
)
def test_wrong_usage_is_64_and_calls_nothing(organization, wrong):
    ended = organization.run("deploy-organization", *wrong.split())
    assert (ended.exit_code, ended.stdout, ended.calls) == (64, "", ())


def test_help_is_given_and_nothing_is_called(organization):
    ended = organization.run("deploy-organization", "--help")
    assert (ended.exit_code, ended.calls) == (0, ())
    assert ended.stdout.startswith("usage: scripts/deploy-organization --ou ID")
