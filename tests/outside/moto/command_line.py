"""The command lines: this project's, and AWS's."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[3]
EXITS = {"COMPLIANT": 0, "NOT_APPLICABLE": 0, "NON_COMPLIANT": 1, None: 2}


def run(*arguments, environment=None):
    command = [os.environ["CLOUDTRAIL_ALL_REGIONS"], *map(str, arguments), "--format", "json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert ended.stdout, ended.stderr
    return json.loads(ended.stdout)["accounts"], ended


def reports(*arguments):
    """The accounts of a report as JSON."""
    return run(*arguments)[0]


def reported(*arguments, environment=None):
    """The one account of a report as JSON."""
    (account,), ended = run(*arguments, environment=environment)
    assert ended.returncode == EXITS[account["complianceType"]], ended.stderr
    return account


def check(account, parameters, *arguments):
    """`check` with the credentials of the account's Reader."""
    environment = account.moto.environment(account.id, account.region, "Reader") | {
        "AWS_REGION": account.region,
        "AWS_ENDPOINT_URL_CLOUDTRAIL": account.moto.url,
        "AWS_ENDPOINT_URL_STS": account.moto.url,
    }
    with account.permissions_checked():
        return reported("check", *given(parameters), *arguments, environment=environment)


def given(parameters):
    return [argument for name, value in parameters.items() for argument in ("--parameter", f"{name}={value}")]


def verdict(report):
    """The compliance type, and of each trail the result and the codes of its reasons."""
    trails = {trail["trailArn"]: (trail["result"], codes(trail)) for trail in report["trails"]}
    return report["complianceType"], trails


def codes(trail):
    return [reason["code"] for reason in trail["reasons"]]


def run_aws(command, endpoint, environment):
    """Runs a command of a remedy as it stands, in the shell and with the real AWS CLI."""
    environment = environment | {"AWS_ENDPOINT_URL": endpoint, "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}
    return subprocess.run(
        ["bash", "-euc", command], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
