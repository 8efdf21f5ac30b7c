"""AWS's own code judges the digest files that the tests of `prove` stand on: `aws cloudtrail validate-logs`.

The stand-in signs them and lists the key; moto has the bucket. What validate-logs refuses, `prove` calls broken; what
it passes with 0, and `prove` does not, is recorded here.
"""

import base64
import datetime
import gzip
import json
import subprocess

import boto3
import pytest
from support import aws_cli
from support.project import PROGRAM

ACCOUNT, BUCKET, TRAIL, REGION, HOME = "123456789012", "trail-logs", "audit", "eu-west-1", "us-east-1"
ARN = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/{TRAIL}"
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
ENDS = [NOW - datetime.timedelta(minutes=40 + 60 * hours) for hours in (5, 4, 3, 2, 1, 0)]


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Bucket:
    def __init__(self, moto, stand_in):
        self.moto, self.stand_in = moto, stand_in
        self.environment = moto.credentials(ACCOUNT, HOME)
        self.s3 = boto3.client(
            "s3",
            region_name=HOME,
            endpoint_url=moto.url,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.environment["AWS_SESSION_TOKEN"],
        )
        self.s3.create_bucket(Bucket=BUCKET)

    def deliver(self, says=None):
        """What CloudTrail would, in the Region and at home; `says` changes what the newest digest file there says."""
        for region, changed in ((HOME, {}), (REGION, says or {})):
            objects = self.stand_in.ask(
                "deliver",
                account=ACCOUNT,
                bucket=BUCKET,
                region=region,
                trail=TRAIL,
                homeRegion=HOME,
                ends=[iso(end) for end in ENDS],
                says=changed,
            )
        self.objects = {entry["Key"]: (base64.b64decode(entry["Body"]), entry["Metadata"]) for entry in objects}
        for key in self.objects:
            self.put(key)

    def put(self, key, body=None, metadata=None):
        old_body, old_metadata = self.objects.get(key, (b"", {}))
        self.s3.put_object(
            Bucket=BUCKET,
            Key=key,
            Body=old_body if body is None else body,
            Metadata=old_metadata if metadata is None else metadata,
        )

    def digest(self, back=0):
        """The key of a digest file in the Region, so many before the newest."""
        digests = sorted(key for key in self.objects if f"/CloudTrail-Digest/{REGION}/" in key)
        return digests[-1 - back]

    def delete(self, key):
        self.s3.delete_object(Bucket=BUCKET, Key=key)

    def validate_logs(self):
        """The exit code of AWS's code, and what it says."""
        command = (
            f"aws cloudtrail validate-logs --trail-arn {ARN} --s3-bucket {BUCKET} --account-id {ACCOUNT} --verbose"
            f" --region {REGION} --start-time {iso(ENDS[0])} --end-time {iso(NOW)}"
        )
        environment = self.environment | {
            "AWS_ENDPOINT_URL_S3": self.moto.url,
            "AWS_ENDPOINT_URL_CLOUDTRAIL": self.stand_in.endpoint,
            "AWS_REGION": HOME,
        }
        ended = aws_cli.run(command, environment)
        return ended.exit_code, ended.stdout + ended.stderr

    def prove(self, tmp_path, *arguments):
        """The exit code of `prove`, and what became of the Region, from evidence that has the same objects."""
        objects = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for entry in page.get("Contents", []):
                got = self.s3.get_object(Bucket=BUCKET, Key=entry["Key"])
                objects[entry["Key"]] = (got["Body"].read(), got["Metadata"])
        keys = json.loads(
            aws_cli.run(
                f"aws cloudtrail list-public-keys --region {REGION} --output json",
                self.environment | {"AWS_ENDPOINT_URL_CLOUDTRAIL": self.stand_in.endpoint},
            ).stdout
        )["PublicKeyList"]
        region = region_read(objects, keys)
        evidence = {
            "accountId": ACCOUNT,
            "region": HOME,
            "collectedAt": iso(NOW),
            "trails": [
                {
                    "Name": TRAIL,
                    "TrailARN": ARN,
                    "HomeRegion": HOME,
                    "S3BucketName": BUCKET,
                    "IsMultiRegionTrail": True,
                    "LogFileValidationEnabled": True,
                    "HasCustomEventSelectors": False,
                    "GetTrailStatus": {"IsLogging": True},
                    "GetEventSelectors": {"EventSelectors": []},
                    "delivery": {
                        "date": iso(NOW),
                        "withinSeconds": 3 * 3600,
                        "verifySeconds": 6 * 3600,
                        "ListRegions": [{"RegionName": REGION, "RegionOptStatus": "ENABLED_BY_DEFAULT"}],
                        "regions": [region],
                    },
                }
            ],
        }
        path = tmp_path / "evidence.json"
        path.write_text(json.dumps(evidence))
        ended = subprocess.run(
            [PROGRAM, "prove", "--format", "json", "--evidence", path, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
        )
        report = json.loads(ended.stdout)["accounts"][0]["trails"][0]
        (read,) = report["delivery"]["regions"]
        return ended.returncode, read["code"], read["text"], read["notes"]


def region_read(objects, keys):
    """The Region as evidence has it."""
    digests = sorted(key for key in objects if f"/CloudTrail-Digest/{REGION}/" in key)
    listed = [{"Key": key, "LastModified": iso(NOW)} for key in digests]

    def digest_file(key):
        body, metadata = objects[key]
        return {"Key": key, "Object": {"Metadata": metadata, "Body": base64.b64encode(body).decode()}}

    def named(key):
        """What the digest files of the chain name and is not there."""
        try:
            return json.loads(gzip.decompress(objects[key][0]))["previousDigestS3Object"]
        except (OSError, ValueError):
            return None

    read = [digest_file(key) for key in reversed(digests)]
    missing = {named(key) for key in digests} - set(objects) - {None}
    refused = {"refused": {"operation": "GetObject", "code": "NoSuchKey"}}
    read += [{"Key": key, "Object": refused} for key in sorted(missing)]
    return {
        "region": REGION,
        "GetTrailStatus": {"IsLogging": True, "StartLoggingTime": iso(NOW - datetime.timedelta(days=30))},
        "digestFiles": listed,
        "earlierDigestFiles": [],
        "logFiles": [],
        "GetObject": read,
        "ListPublicKeys": keys,
    }


@pytest.fixture
def bucket(moto, stand_in):
    return Bucket(moto, stand_in)


def flip(body):
    """The text with one letter changed, packed again."""
    return gzip.compress(gzip.decompress(body).replace(b"SHA-256", b"SHA-257", 1))


def test_awss_own_code_accepts_what_the_stand_in_writes_and_so_does_prove(bucket, tmp_path):
    bucket.deliver()
    exit_code, said = bucket.validate_logs()
    assert (exit_code, "6/6 digest files valid" in said, "6/6 log files valid" in said) == (0, True, True), said
    assert bucket.prove(tmp_path)[:2] == (0, "delivering")


def changed_text(bucket):
    body, _ = bucket.objects[bucket.digest()]
    bucket.put(bucket.digest(), flip(body))


def moved(bucket):
    newest, before = bucket.digest(), bucket.digest(1)
    bucket.put(newest, *bucket.objects[before])


def changed_link(bucket):
    body, _ = bucket.objects[bucket.digest()]
    said = json.loads(gzip.decompress(body))
    said["previousDigestS3Object"] = bucket.digest(2)
    bucket.put(bucket.digest(), gzip.compress(json.dumps(said).encode()))


def without_metadata(bucket):
    bucket.put(bucket.digest(), metadata={})


@pytest.mark.parametrize("mutate", [changed_text, moved, changed_link, without_metadata])
def test_what_awss_own_code_refuses_is_broken(bucket, tmp_path, mutate):
    bucket.deliver()
    mutate(bucket)
    exit_code, said = bucket.validate_logs()
    assert exit_code == 1 and "INVALID" in said, said
    assert bucket.prove(tmp_path)[:2] == (1, "broken")


def test_bytes_behind_a_digest_file_pass_there_and_are_broken_here(bucket, tmp_path):
    bucket.deliver()
    body, _ = bucket.objects[bucket.digest()]
    bucket.put(bucket.digest(), body + b"more")
    assert bucket.validate_logs()[0] == 0
    exit_code, code, text, _ = bucket.prove(tmp_path)
    assert (exit_code, code) == (1, "broken") and "has bytes after its end" in text


@pytest.mark.parametrize(
    ("says", "text"),
    [
        ({"previousDigestHashValue": "00"}, "its hash is another"),
        ({"previousDigestSignature": "00"}, "its signature is another"),
        ({"awsAccountId": "999999999999"}, "says that it is of account"),
    ],
)
def test_what_only_the_key_can_sign_passes_there_and_is_broken_here(bucket, tmp_path, says, text):
    bucket.deliver(says)
    assert bucket.validate_logs()[0] == 0
    exit_code, code, said, _ = bucket.prove(tmp_path)
    assert (exit_code, code) == (1, "broken") and text in said


def test_a_region_that_went_silent_passes_there_and_is_silent_here(bucket, tmp_path):
    bucket.deliver()
    for back in range(3):
        bucket.delete(bucket.digest(back))
    assert bucket.validate_logs()[0] == 0
    exit_code, code, _, _ = bucket.prove(tmp_path)
    assert (exit_code, code) == (1, "silent")


def test_no_digest_file_at_all_passes_there(bucket):
    bucket.deliver()
    for back in range(6):
        bucket.delete(bucket.digest(back))
    exit_code, said = bucket.validate_logs()
    assert exit_code == 0, said


def test_the_newest_digest_file_deleted_passes_there_and_the_chain_before_is_whole(bucket, tmp_path):
    bucket.deliver()
    bucket.delete(bucket.digest())
    assert bucket.validate_logs()[0] == 0
    assert bucket.prove(tmp_path)[:2] == (0, "delivering")
