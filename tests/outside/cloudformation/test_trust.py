"""Whom the roles of member-role.yaml let in, and what an auditor may then do, as ministack decides it, whose
CloudFormation makes them; and which of them a central function may assume by the statement of rule.yaml. ministack has
the ARN of a session where AWS has its role's, so that those who come are users, the central function too; and it does
not know aws:ResourceOrgID, which is left out of that statement."""

import itertools
import json
import time

import pytest
from botocore.exceptions import ClientError
from cloudformation.template import Stack, actions
from support.ministack import Ministack
from support.project import TEMPLATES

CENTRAL, MEMBER, STRANGERS = "210987654321", "123456789012", "111122223333"
# Members whose roles are for those of another organization, and that have no roles.
OTHERS, EMPTY = "444455556666", "777788889999"
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
AUDITOR, FUNCTION = "cloudtrail-all-regions-audit", "cloudtrail-all-regions"
pytestmark = pytest.mark.xdist_group("ministack")


def assume_of_the_function():
    """What rule.yaml lets the role of a central function assume."""
    given = {"ArtifactBucket": "packages", "ArtifactKey": "rule.zip", "MemberRoleName": FUNCTION}
    properties = Stack(TEMPLATES / "rule.yaml", **given, OrganizationId="o-exampleorgid").properties("Role")
    documents = [policy["PolicyDocument"] for policy in properties["Policies"]]
    found = [each for document in documents for each in document["Statement"] if "sts:AssumeRole" in actions(each)]
    (statement,) = found
    assert statement.pop("Condition") == {"StringEquals": {"aws:ResourceOrgID": "o-exampleorgid"}}
    return statement


def admitting_users():
    """member-role.yaml, to which a function may come that is a user."""
    text = (TEMPLATES / "member-role.yaml").read_text()
    of_a_role = "^$|^arn:[a-z-]+:iam::[0-9]{12}:role/"
    assert text.count(of_a_role) == 1
    return text.replace(of_a_role, of_a_role.replace("role", "user"))


class Accounts:
    """A central account with users, members, and an account of another organization."""

    def __init__(self, ministack):
        self.ministack = ministack
        # An account has an organization of its own from the first look on.
        self.organization = self.organization_of(CENTRAL)
        self.keys = {}
        users = {"auditor": ASSUME, "function": assume_of_the_function(), "nobody": ASSUME}
        for account, user in itertools.product((CENTRAL, STRANGERS), users):
            iam = ministack.client("iam", account)
            iam.create_user(UserName=user)
            document = json.dumps({"Version": "2012-10-17", "Statement": [users[user]]})
            iam.put_user_policy(UserName=user, PolicyName="assume", PolicyDocument=document)
            key = iam.create_access_key(UserName=user)["AccessKey"]
            self.keys[account, user] = key["AccessKeyId"], key["SecretAccessKey"]

    def organization_of(self, account):
        return self.ministack.client("organizations", account).describe_organization()["Organization"]["Id"]

    def deploy(self, member, name, **parameters):
        cloudformation = self.ministack.client("cloudformation", member)
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=admitting_users(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        for _ in range(600):
            status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(0.1)
        assert status == "CREATE_COMPLETE"

    def enter(self, role, user, account=CENTRAL, member=MEMBER):
        """The credentials of a session in the member, or the code with which it is refused."""
        sts = self.ministack.client("sts", *self.keys[account, user])
        try:
            answer = sts.assume_role(RoleArn=f"arn:aws:iam::{member}:role/{role}", RoleSessionName="session")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return answer["Credentials"]


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    ministack = Ministack(tmp_path_factory.mktemp("ministack"))
    try:
        accounts = Accounts(ministack)
        principals = {
            "CentralAccountId": CENTRAL,
            "AuditorPrincipalArns": f"arn:aws:iam::{CENTRAL}:user/auditor",
            "FunctionRoleArn": f"arn:aws:iam::{CENTRAL}:user/function",
        }
        accounts.deploy(MEMBER, "roles", OrganizationId=accounts.organization, **principals)
        others = {"RoleName": "another", "AuditorRoleName": "another-audit"}
        accounts.deploy(MEMBER, "others", OrganizationId=accounts.organization, **others, **principals)
        strange = accounts.organization_of(STRANGERS)
        assert strange != accounts.organization
        accounts.deploy(OTHERS, "roles", OrganizationId=strange, **principals)
        yield accounts
    finally:
        ministack.stop()


COMERS = pytest.mark.parametrize(("role", "user"), [(AUDITOR, "auditor"), (FUNCTION, "function")])


@COMERS
def test_whom_the_role_names_comes_in(accounts, role, user):
    assert "SessionToken" in accounts.enter(role, user)


@COMERS
def test_nobody_else_does(accounts, role, user):
    (other,) = {"auditor", "function"} - {user}
    for stranger, account in (("nobody", CENTRAL), (other, CENTRAL), (user, STRANGERS)):
        assert accounts.enter(role, stranger, account) == "AccessDenied", (stranger, account)


@COMERS
def test_not_even_he_does_where_the_role_is_missing_or_for_another_organization(accounts, role, user):
    assert accounts.enter(role, user, member=EMPTY) == "AccessDenied"
    assert accounts.enter(role, user, member=OTHERS) == "AccessDenied"


def test_the_function_assumes_no_role_of_another_name_though_it_is_let_in(accounts):
    assert accounts.enter("another", "function") == "AccessDenied"
    assert "SessionToken" in accounts.enter("another-audit", "auditor")


def test_the_auditor_reads_and_changes_nothing(accounts):
    credentials = accounts.enter(AUDITOR, "auditor")
    given = credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
    cloudtrail = accounts.ministack.client("cloudtrail", *given)
    assert cloudtrail.describe_trails()["trailList"] == []
    for call in (
        lambda: cloudtrail.stop_logging(Name="trail"),
        lambda: cloudtrail.delete_trail(Name="trail"),
        lambda: accounts.ministack.client("iam", *given).list_users(),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()
