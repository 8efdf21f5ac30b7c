"""`check` says of an account in moto what it says of the account's evidence, and what `invoke` says."""

import json

import pytest
from check.accounts import Account, Inexpressible
from check.command_line import check, given, reported, verdict
from check.scenarios import SCENARIOS
from support.project import ACCOUNTS

NAMES = sorted(path.stem for path in ACCOUNTS.glob("*.json"))

# What moto 5.2.5 cannot express of the examples: where it differs, and why.
INEXPRESSIBLE = {
    "delivery-failing": ("trails[0].GetTrailStatus.LatestDeliveryError", "in moto every delivery succeeds"),
    "organization-member-readable": ("trails[0]", "moto shows an organization trail to its owner only"),
    "organization-member-unreadable": ("trails[0]", "moto shows an organization trail to its owner only"),
    "throttled": ("trails[0].GetTrailStatus", "moto never throttles"),
}


def example(name):
    return json.loads((ACCOUNTS / f"{name}.json").read_text())


def test_the_table_names_examples():
    assert INEXPRESSIBLE.keys() < set(NAMES)


@pytest.mark.parametrize("name", INEXPRESSIBLE)
def test_a_listed_account_cannot_be_made(moto, name):
    with pytest.raises(Inexpressible) as raised:
        Account(moto, example(name))
    assert raised.value.path == INEXPRESSIBLE[name][0]


@pytest.mark.parametrize("name", NAMES)
def test_saved_evidence_and_an_invocation_agree(name):
    path = ACCOUNTS / f"{name}.json"
    assert verdict(reported("check", "--evidence", path)) == verdict(reported("invoke", "--account", path))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in INEXPRESSIBLE])
def test_the_live_account_gets_the_verdict_of_its_evidence(moto, tmp_path, name):
    saved = tmp_path / "evidence.json"
    account = Account(moto, example(name))

    live = check(account, {}, "--save-evidence", saved)

    assert verdict(live) == verdict(reported("check", "--evidence", ACCOUNTS / f"{name}.json"))
    assert verdict(live) == verdict(reported("check", "--evidence", saved))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_live_account_gets_the_verdict_of_the_specification(moto, tmp_path, name):
    evidence, parameters, reasons = SCENARIOS[name]
    account = Account(moto, evidence)
    path = tmp_path / "account.json"
    path.write_text(json.dumps(evidence))

    live = check(account, parameters)

    assert live["complianceType"] == "NON_COMPLIANT"
    assert {trail["name"]: [reason["code"] for reason in trail["reasons"]] for trail in live["trails"]} == reasons
    assert verdict(live) == verdict(reported("check", *given(parameters), "--evidence", path))
    assert verdict(live) == verdict(reported("invoke", "--account", path, "--parameters", json.dumps(parameters)))
