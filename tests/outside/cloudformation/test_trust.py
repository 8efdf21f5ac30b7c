"""Whom the auditor's role of member-role.yaml lets in, and what he may then do, as ministack decides it, whose
CloudFormation makes the role. It has the ARN of a session where AWS has its role's, so that those who come are users.
The function's role has the same trust: test_organization.py."""

import json
import time

import pytest
from botocore.exceptions import ClientError
from support.ministack import Ministack
from support.project import TEMPLATES

CENTRAL, MEMBER, STRANGERS = "210987654321", "123456789012", "111122223333"
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
AUDITOR = "cloudtrail-all-regions-audit"
pytestmark = pytest.mark.xdist_group("ministack")


class Accounts:
    """A central account with users, a member, and an account of another organization."""

    def __init__(self, ministack):
        self.ministack = ministack
        # An account has an organization of its own from the first look on.
        self.organization = self.organization_of(CENTRAL)
        self.keys = {}
        for account, user in ((CENTRAL, "auditor"), (CENTRAL, "nobody"), (STRANGERS, "auditor")):
            iam = ministack.client("iam", account)
            iam.create_user(UserName=user)
            document = json.dumps({"Version": "2012-10-17", "Statement": [ASSUME]})
            iam.put_user_policy(UserName=user, PolicyName="assume", PolicyDocument=document)
            key = iam.create_access_key(UserName=user)["AccessKey"]
            self.keys[account, user] = key["AccessKeyId"], key["SecretAccessKey"]

    def organization_of(self, account):
        return self.ministack.client("organizations", account).describe_organization()["Organization"]["Id"]

    def deploy(self, name, **parameters):
        cloudformation = self.ministack.client("cloudformation", MEMBER)
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=(TEMPLATES / "member-role.yaml").read_text(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        for _ in range(600):
            status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(0.1)
        assert status == "CREATE_COMPLETE"

    def enter(self, role, user, account=CENTRAL):
        """The credentials of a session in the member, or the code with which it is refused."""
        sts = self.ministack.client("sts", *self.keys[account, user])
        try:
            answer = sts.assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/{role}", RoleSessionName="session")
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
        }
        accounts.deploy("roles", OrganizationId=accounts.organization, **principals)
        strange = accounts.organization_of(STRANGERS)
        assert strange != accounts.organization
        accounts.deploy("elsewhere", OrganizationId=strange, AuditorRoleName="elsewhere", **principals)
        yield accounts
    finally:
        ministack.stop()


def test_whom_the_role_names_comes_in(accounts):
    assert "SessionToken" in accounts.enter(AUDITOR, "auditor")


@pytest.mark.parametrize(
    ("role", "user", "account"),
    [
        pytest.param(AUDITOR, "nobody", CENTRAL, id="another principal of the central account"),
        pytest.param(AUDITOR, "auditor", STRANGERS, id="a principal of that name in another account"),
        pytest.param("elsewhere", "auditor", CENTRAL, id="whom it names, of another organization"),
        pytest.param("missing", "auditor", CENTRAL, id="no role"),
    ],
)
def test_nobody_else_does(accounts, role, user, account):
    assert accounts.enter(role, user, account) == "AccessDenied"


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
