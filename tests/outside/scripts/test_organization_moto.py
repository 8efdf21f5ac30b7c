"""scripts/organization.py finds the accounts of an organization that moto keeps. moto's service-managed stack sets are
too unlike AWS's for more: they take others than the accounts that are named."""

import json
import subprocess
import sys

import pytest
from support.project import ROOT, TOOLS

PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import organization as org

aws = org.Aws("us-east-1")
print(json.dumps({unit: sorted(each["Name"] for each in org.accounts_below(aws, unit)) for unit in sys.argv[2:]}))
"""


@pytest.fixture
def organization(moto):
    """Two units, one below the other, with an account in each; the units, and where the AWS CLI finds it."""
    management = "123456789012"
    client = moto.client("organizations", management)
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    outer = client.create_organizational_unit(ParentId=root, Name="outer")["OrganizationalUnit"]["Id"]
    inner = client.create_organizational_unit(ParentId=outer, Name="inner")["OrganizationalUnit"]["Id"]
    for name, unit in (("one", outer), ("two", inner)):
        made = client.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
        client.move_account(AccountId=made["AccountId"], SourceParentId=root, DestinationParentId=unit)
    return (root, outer, inner), moto.credentials(management) | {"AWS_ENDPOINT_URL": moto.url}


def test_the_accounts_below_a_unit_are_those_in_it_and_in_all_units_below_it(organization, tmp_path):
    units, environment = organization
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, ROOT / "scripts", *units],
        env=environment | {"PATH": f"{TOOLS}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert list(json.loads(ended.stdout).values()) == [["master", "one", "two"], ["one", "two"], ["two"]]
