"""The command lines: this project's, and AWS's."""

import json
import os
import subprocess

from support import aws_cli
from support.project import PROGRAM

EXITS = {"COMPLIANT": 0, "NOT_APPLICABLE": 0, "NON_COMPLIANT": 1, None: 2}


def run(*arguments, environment=None):
    command = [PROGRAM, *map(str, arguments), "--format", "json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert ended.stdout, ended.stderr
    return json.loads(ended.stdout)["accounts"], ended


def reports(*arguments):
    """The accounts of a report as JSON."""
    return run(*arguments)[0]


def reported(*arguments, environment=None):
    """The one account of a report as JSON."""
    (account,), ended = run(*arguments, environment=environment)
    code = EXITS[account["complianceType"]] if account["verified"] else 2
    assert ended.returncode == code, ended.stderr
    return account


def check(account, parameters, *arguments):
    """`check` with the credentials of the account's Reader."""
    environment = account.moto.credentials(account.id, account.region, "Reader") | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": account.region,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL_CLOUDTRAIL": account.moto.url,
        "AWS_ENDPOINT_URL_STS": account.moto.url,
    }
    with account.moto.permissions_checked():
        return reported("check", *given(parameters), *arguments, environment=environment)


def given(parameters):
    return [argument for name, value in parameters.items() for argument in ("--parameter", f"{name}={value}")]


def verdict(report):
    """The compliance type, and of each trail the result and the codes of its reasons."""
    trails = {trail["trailArn"]: (trail["result"], codes(trail)) for trail in report["trails"]}
    return report["complianceType"], trails


def codes(trail):
    return [reason["code"] for reason in trail["reasons"]]


def run_aws(command, moto, credentials):
    """Runs a command of a remedy as it stands, with the real AWS CLI."""
    return aws_cli.run(command, credentials | {"AWS_ENDPOINT_URL": moto.url})
