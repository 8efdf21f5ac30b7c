"""moto on 127.0.0.1 and a port that the system chose."""

import logging
import os
import urllib.request

import boto3
import pytest
from botocore.config import Config
from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.iam.access_control import IAMRequest
from moto.server import ThreadedMotoServer

from accounts import PARTITIONS, REGION


class Moto:
    """AWS, by moto. It keeps accounts apart by the access key that AssumeRole gave out, as AWS does."""

    def __init__(self, url):
        self.url = url

    def post(self, path, body=""):
        request = urllib.request.Request(f"{self.url}/moto-api/{path}", body.encode(), {"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=10).close()

    def environment(self, account_id, region=REGION, role="Person"):
        """The environment of somebody who signed in to the account in the Region's partition."""
        role_arn = f"arn:{PARTITIONS.get(region, 'aws')}:iam::{account_id}:role/{role}"
        nobody = {"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "example", "SessionToken": None}
        sts = self._client("sts", region, nobody)
        credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName="moto")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PATH": os.environ["PATH"],
        }

    def client(self, service, account_id, region=REGION, role="Person"):
        environment = self.environment(account_id, region, role)
        return self._client(service, region, {
            "AccessKeyId": environment["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": environment["AWS_SECRET_ACCESS_KEY"],
            "SessionToken": environment["AWS_SESSION_TOKEN"],
        })

    def _client(self, service, region, credentials):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}),
        )


@pytest.fixture(scope="session")
def moto_server():
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def moto(moto_server, monkeypatch):
    def raise_access_denied(request):
        error = AccessDeniedError(request._access_key.arn, request._action)
        if "X-Amz-Target" in request._headers:
            error = JsonRESTError("AccessDeniedException", error.message)
            error.code = 400
        raise error

    # moto refuses in XML with every protocol; AWS's JSON services in JSON.
    monkeypatch.setattr(IAMRequest, "_raise_access_denied", raise_access_denied)
    moto = Moto(moto_server)
    moto.post("reset-auth", "inf")
    moto.post("reset")
    yield moto
    moto.post("reset-auth", "inf")
