"""AWS, by moto."""

import contextlib
import functools
import urllib.request

import boto3
from botocore.config import Config

REGION = "us-east-1"
PARTITIONS = {"us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn"}


class Moto:
    """It keeps accounts apart by the access key that AssumeRole gave out, as AWS does."""

    def __init__(self, url):
        self.url = url
        self.secrets = []
        self.client = functools.cache(self._client_of_role)
        nobody = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
        self._sts = functools.cache(lambda region: self._client("sts", region, nobody))

    def post(self, path, body=""):
        request = urllib.request.Request(f"{self.url}/moto-api/{path}", body.encode(), {"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=10).close()

    def reset(self):
        """Forgets every account, and refuses nothing."""
        self.post("reset-auth", "inf")
        self.post("reset")
        self.client.cache_clear()

    @contextlib.contextmanager
    def permissions_checked(self):
        """From here on moto refuses what no policy allows."""
        self.post("reset-auth", "0")
        try:
            yield
        finally:
            self.post("reset-auth", "inf")

    def credentials(self, account, region=REGION, role="Person"):
        """The environment of somebody who signed in to the account in the Region's partition."""
        answer = self._sts(region).assume_role(
            RoleArn=f"arn:{PARTITIONS.get(region, 'aws')}:iam::{account}:role/{role}", RoleSessionName="outside"
        )
        credentials = answer["Credentials"]
        self.secrets += [credentials["SecretAccessKey"], credentials["SessionToken"]]
        return {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }

    def _client_of_role(self, service, account, region=REGION, role="Person"):
        return self._client(service, region, self.credentials(account, region, role))

    def _client(self, service, region, credentials):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
            config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}),
        )
