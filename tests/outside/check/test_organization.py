"""check --organization on an organization that moto keeps: it tells no paths, so that the tree is walked."""

import json
import os
import subprocess

import pytest
from end_to_end.conftest import Account
from support.project import PROGRAM

MANAGEMENT = "123456789012"
# More than a page.
MEMBERS = 23


@pytest.fixture
def organization(moto):
    """Two units, one below the other: the client, the units, and the ids of the members as they were made."""
    client = moto.client("organizations", MANAGEMENT)
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    outer = client.create_organizational_unit(ParentId=root, Name="outer")["OrganizationalUnit"]["Id"]
    inner = client.create_organizational_unit(ParentId=outer, Name="inner")["OrganizationalUnit"]["Id"]
    made = [
        client.create_account(AccountName=f"member-{number}", Email=f"{number}@example.com")["CreateAccountStatus"]
        for number in range(MEMBERS)
    ]
    return client, (root, outer, inner), [status["AccountId"] for status in made]


def check(moto, folder, *arguments):
    environment = moto.credentials(MANAGEMENT) | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": moto.url,
        "AWS_REGION": "us-east-1",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command = [PROGRAM, "check", "--organization", "--format", "json", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=folder)
    assert ended.stdout, ended.stderr
    report = json.loads(ended.stdout)
    return {account["accountId"]: account for account in report["accounts"]}, report, ended


def test_every_account_has_a_line_whose_place_is_where_it_was_moved_and_a_closed_one_is_not_checked(
    moto, organization, tmp_path
):
    client, (root, outer, inner), members = organization
    for account in (MANAGEMENT, members[0]):
        Account(moto, account).create_trail()
    for account, unit in ((members[0], outer), (members[1], inner)):
        client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    client.close_account(AccountId=members[-1])
    accounts, report, ended = check(moto, tmp_path, "--save-evidence", "run")
    assert ended.returncode == 1, ended.stderr
    pages = client.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 20})
    listed = {account["Id"]: account["State"] for page in pages for account in page["Accounts"]}
    assert {number: account["organization"]["state"] for number, account in accounts.items()} == listed
    places = {number: account["organization"]["path"] for number, account in accounts.items()}
    assert places == {number: [root] for number in listed} | {
        members[0]: [root, outer],
        members[1]: [root, outer, inner],
    }
    names = {unit["path"][-1]: unit["name"] for unit in report["organization"]["organizationalUnits"]}
    assert names == {root: "Root", outer: "outer", inner: "inner"}
    compliant = {number for number, account in accounts.items() if account["complianceType"] == "COMPLIANT"}
    assert compliant == {MANAGEMENT, members[0]}
    closed = accounts[members[-1]]
    assert (closed["organization"]["status"], closed["complianceType"]) == ("skipped", None)

    first = tmp_path / "first.json"
    first.write_text(ended.stdout)
    client.move_account(AccountId=members[1], SourceParentId=inner, DestinationParentId=outer)
    joined = client.create_account(AccountName="joined", Email="joined@example.com")["CreateAccountStatus"]["AccountId"]
    changed = check(moto, tmp_path, "--resume", "run", "--since", first)[1]["changes"]["changed"]
    assert [(change["kind"], change["accountId"]) for change in changed] == [("moved", members[1]), ("joined", joined)]


def test_only_the_accounts_below_a_unit_are_checked(moto, organization, tmp_path):
    client, (root, outer, inner), members = organization
    for account, unit in ((members[0], outer), (members[1], inner)):
        client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    accounts = check(moto, tmp_path, "--ou", outer)[0]
    checked = {number for number, account in accounts.items() if account["organization"]["status"] == "judged"}
    assert (checked, len(accounts)) == ({members[0], members[1]}, MEMBERS + 1)
