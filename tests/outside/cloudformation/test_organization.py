"""The templates of an organization: what members get is what rule.yaml has, whom the central function's policy admits
fits into it, and service-managed stack sets take the members' templates."""

import copy
import json
import re

import pytest
from cloudformation.template import Stack, actions, load, resources, statements
from cloudformation.test_role import called
from scripts.conftest import Organization
from support.project import TEMPLATES

MEMBERS = ["member-role.yaml", "member-rule.yaml", "rule.yaml"]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:central"


def refused_by_stack_sets(template):
    """What a service-managed stack set refuses in a template."""
    yield from (part for part in ("Transform", "Hooks") if part in template)
    for logical_id, resource in resources(template).items():
        if resource["Type"] in ("AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet"):
            yield f"{logical_id}: {resource['Type']}"
    text = json.dumps(template, default=str)
    yield from (function for function in ("Fn::ForEach", "Fn::Transform", "AWS::Include") if function in text)


@pytest.mark.parametrize("name", MEMBERS)
def test_stack_sets_take_the_members_templates(name):
    assert list(refused_by_stack_sets(load(TEMPLATES / name))) == []


def test_what_stack_sets_refuse_is_found():
    permissions = load(TEMPLATES / "organization-permissions.yaml")
    assert list(refused_by_stack_sets(permissions)) == ["Transform", "Fn::ForEach"]
    for change in (
        {"Transform": "AWS::Serverless"},
        {"Resources": {"Nested": {"Type": "AWS::CloudFormation::Stack"}}},
        {"Metadata": {"Fn::Transform": {"Name": "AWS::Include"}}},
    ):
        assert list(refused_by_stack_sets(load(TEMPLATES / "member-rule.yaml") | change)) != [], change


def rule_differences(central, member):
    """What differs between the rule of rule.yaml and that of member-rule.yaml, and between their parameters."""
    central, member = copy.deepcopy(central), copy.deepcopy(member)
    rule, members = (template["Resources"]["Rule"] for template in (central, member))
    source = rule["Properties"]["Source"] | {"SourceIdentifier": {"Ref": "FunctionArn"}}
    expected = rule["Properties"] | {"Source": source}
    if members["Properties"] != expected:
        yield "the rule"
    if members.keys() != {"Type", "Properties"} or member["Resources"].keys() != {"Rule"}:
        yield "more than the rule"
    inputs = {"RuleName", "EvaluateOnChange", "MaximumExecutionFrequency"}
    inputs |= {name[:1].upper() + name[1:] for name in rule["Properties"]["InputParameters"]}
    for name in sorted(inputs | member["Parameters"].keys() - {"FunctionArn"}):
        if member["Parameters"].get(name) != central["Parameters"].get(name):
            yield name
    for name, condition in member["Conditions"].items():
        if central["Conditions"].get(name) != condition:
            yield name


def test_the_rule_of_a_member_is_that_of_rule_yaml():
    assert list(rule_differences(load(TEMPLATES / "rule.yaml"), load(TEMPLATES / "member-rule.yaml"))) == []


@pytest.mark.parametrize("template", [0, 1])
def test_a_rule_of_a_member_that_differs_is_found(template):
    for path, value in (
        (("Parameters", "OnIndeterminate", "Default"), "ERROR"),
        (("Parameters", "TrailResults"), None),
        (("Conditions", "RunsOnChange"), {"Fn::Equals": ["a", "b"]}),
        (("Resources", "Rule", "Properties", "Scope"), None),
        (("Resources", "Rule", "Properties", "InputParameters", "checkDelivery"), "true"),
        (("Resources", "Rule", "Properties", "Source", "SourceDetails"), []),
    ):
        both = [load(TEMPLATES / "rule.yaml"), load(TEMPLATES / "member-rule.yaml")]
        place = both[template]
        for member in path[:-1]:
            place = place[member]
        place[path[-1]] = value
        assert list(rule_differences(*both)) != [], path
    both[1]["Resources"]["Role"] = {}
    assert "more than the rule" in list(rule_differences(*both))


def policy(template, role, name):
    (found,) = [each for each in template["Resources"][role]["Properties"]["Policies"] if each["PolicyName"] == name]
    return found


def test_the_function_s_role_of_a_member_has_the_evaluate_policy_of_rule_yaml_and_nothing_else():
    member = load(TEMPLATES / "member-role.yaml")
    assert policy(member, "FunctionRole", "evaluate") == policy(load(TEMPLATES / "rule.yaml"), "Role", "evaluate")
    assert len(member["Resources"]["FunctionRole"]["Properties"]["Policies"]) == 1


def allowed(role):
    policies = load(TEMPLATES / "member-role.yaml")["Resources"][role]["Properties"]["Policies"]
    return {action for statement in statements(policies) for action in actions(statement)}


def test_the_function_s_role_of_a_member_allows_exactly_what_is_called_with_it(exchanges):
    # With its own role the function only assumes the member's.
    assert allowed("FunctionRole") == called(exchanges / "function") - {"sts:AssumeRole"}


def auditor_differences(allowed, exchanges, asked_of_members):
    """What the auditor's role allows and nobody calls with it, and the other way round: `check` of one account and of
    an organization, `doctor`, and deploy-organization in an account that it has entered."""
    calls = set().union(
        *(called(exchanges / "command_line", f"{name}-*") for name in ("check", "doctor", "organization"))
    )
    # The organization is asked and entered with other credentials, and who one is anybody may ask.
    calls = {call for call in calls if not call.startswith(("organizations:", "sts:"))}
    for command in asked_of_members:
        service, operation = command.split(" ")
        operation = "".join(word.capitalize() for word in operation.split("-"))
        calls.add(f"{service.replace('configservice', 'config')}:{operation}")
    return allowed ^ calls


@pytest.fixture
def asked_of_members(tmp_path):
    """What deploy-organization asks of an account that it has entered, on a first deployment and on an update."""
    organization = Organization(tmp_path / "organization", accounts=3)
    assert organization.deploy().exit_code == 0
    organization.package.write_text("another package\n")
    assert organization.deploy().exit_code == 0
    return organization.read()["asked_of_members"]


def test_the_auditor_s_role_of_a_member_allows_exactly_what_is_called_with_it(exchanges, asked_of_members):
    actions = allowed("AuditorRole")
    assert auditor_differences(actions, exchanges, asked_of_members) == set()
    for action in actions:
        assert auditor_differences(actions - {action}, exchanges, asked_of_members) == {action}
    assert auditor_differences(actions | {"iam:GetRole"}, exchanges, asked_of_members) == {"iam:GetRole"}


def trust(role, **parameters):
    given = {"OrganizationId": "o-exampleorgid", "CentralAccountId": "210987654321"} | parameters
    properties = Stack(TEMPLATES / "member-role.yaml", **given).properties(role)
    (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
    return statement


def trusted(principals):
    return {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": principals},
            "StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"},
        },
    }


def test_a_member_s_roles_trust_named_principals_of_one_account_in_one_organization():
    function = "arn:aws:iam::210987654321:role/central"
    assert trust("FunctionRole", FunctionRoleArn=function) == trusted(function)
    people = ["arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/Audit", "arn:aws:iam::210987654321:user/a"]
    assert trust("AuditorRole", AuditorPrincipalArns=",".join(people)) == trusted(people)


def invoke_policy(**parameters):
    stack = Stack(TEMPLATES / "organization.yaml", **({"FunctionArn": FUNCTION} | parameters))
    return stack.properties("InvokePolicy")["PolicyDocument"]


def conditions(document):
    return [statement["Condition"]["StringEquals"] for statement in document["Statement"]]


def test_the_central_function_is_invoked_for_its_own_account_and_whom_it_is_told():
    own = {"aws:SourceAccount": "123456789012"}
    assert conditions(invoke_policy()) == [own]
    organization = invoke_policy(OrganizationId="o-exampleorgid")
    assert conditions(organization) == [own, {"aws:SourceOrgID": "o-exampleorgid"}]
    lists = invoke_policy(AccountIds1="111111111111", AccountIds4="222222222222,333333333333")
    assert conditions(lists) == [
        own,
        {"aws:SourceAccount": ["111111111111"]},
        {"aws:SourceAccount": ["222222222222", "333333333333"]},
    ]
    for statement in organization["Statement"] + lists["Statement"]:
        assert statement["Principal"] == {"Service": "config.amazonaws.com"}
        assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", FUNCTION)


# Lambda API, PutResourcePolicy: a policy has at most 20,480 bytes; CloudFormation: a parameter's value 4,096.
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "with blanks"])
def test_eleven_hundred_accounts_find_room_in_the_policy_and_their_lists_in_the_parameters(separators):
    function = f"arn:aws-us-gov:lambda:ap-southeast-2:123456789012:function:{'f' * 64}"
    ids = [",".join(str(100_000_000_000 + 275 * part + place) for place in range(275)) for part in range(4)]
    assert max(map(len, ids)) <= 4096
    lists = {f"AccountIds{part + 1}": text for part, text in enumerate(ids)}
    document = json.dumps(invoke_policy(FunctionArn=function, **lists), separators=separators)
    assert document.count("100000000") >= 1
    assert len(document.encode()) <= 20_480
    admitted = [account for each in conditions(json.loads(document))[1:] for account in each["aws:SourceAccount"]]
    assert len(set(admitted)) == 1100


def test_a_list_of_more_accounts_than_find_room_is_refused():
    parameters = load(TEMPLATES / "organization.yaml")["Parameters"]
    for name in ("AccountIds1", "AccountIds2", "AccountIds3", "AccountIds4", "ExcludedAccounts"):
        pattern = re.compile(parameters[name]["AllowedPattern"])
        accepted = [count for count in range(300) if pattern.match(",".join(["123456789012"] * count))]
        assert accepted == list(range(276)), name


def test_the_organization_may_read_the_packages_only_where_it_is_named():
    def statements(**parameters):
        policy = Stack(TEMPLATES / "artifact-bucket.yaml", **parameters).properties("BucketPolicy")
        return policy["PolicyDocument"]["Statement"]

    assert [statement["Effect"] for statement in statements()] == ["Deny"]
    _, reads = statements(OrganizationId="o-exampleorgid")
    assert (reads["Effect"], reads["Action"]) == ("Allow", ["s3:GetObject", "s3:GetObjectVersion"])
    assert reads["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}
