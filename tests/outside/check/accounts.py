"""Accounts, made in moto from evidence (src/rule/evidence.schema.json) and read back."""

import contextlib
import datetime
import json

from botocore.exceptions import ClientError, ParamValidationError

READS = {"DescribeTrails", "GetTrailStatus", "GetEventSelectors"}
# What the rule reads of DescribeTrails, and how CreateTrail is told.
MEMBERS = {
    "TrailARN": None,
    "Name": "Name",
    "HomeRegion": None,
    "S3BucketName": "S3BucketName",
    "IsMultiRegionTrail": "IsMultiRegionTrail",
    "IncludeGlobalServiceEvents": "IncludeGlobalServiceEvents",
    "IsOrganizationTrail": "IsOrganizationTrail",
    "LogFileValidationEnabled": "EnableLogFileValidation",
    "KmsKeyId": "KmsKeyId",
    "SnsTopicARN": None,
    "CloudWatchLogsLogGroupArn": "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
}
DEFAULT_SELECTORS = {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}


class Inexpressible(Exception):
    """What moto shows of the account is not what the evidence says: where, and both."""

    def __init__(self, path, expected, actual):
        super().__init__(f"{path}: the evidence says {expected}, moto {actual}")
        self.path = path


class Account:
    """An account that moto holds as the evidence describes it. Who has the role `Reader` may do what is not refused."""

    def __init__(self, moto, evidence):
        self.moto = moto
        self.id, self.region = evidence["accountId"], evidence["region"]
        trails = evidence["trails"] if isinstance(evidence["trails"], list) else []
        for index, trail in enumerate(trails):
            try:
                self._create_trail(trail)
            except (ClientError, ParamValidationError, KeyError, IndexError) as error:
                raise Inexpressible(f"trails[{index}]", trail, error) from error
        self.allow(READS - set(denied(evidence)))
        compare(evidence, self.read())

    def _create_trail(self, trail):
        region, owner, name = owner_of(trail)
        client = self.moto.client("cloudtrail", owner, region)
        self.create_bucket(trail["S3BucketName"], owner, region)
        members = {created: trail[member] for member, created in MEMBERS.items() if created and trail.get(member)}
        # Absent means yes to CreateTrail.
        members["IncludeGlobalServiceEvents"] = trail.get("IncludeGlobalServiceEvents", True)
        if trail.get("SnsTopicARN"):
            members["SnsTopicName"] = trail["SnsTopicARN"].split(":")[5]
            self.moto.client("sns", owner, region).create_topic(Name=members["SnsTopicName"])
        client.create_trail(**members)
        status = trail.get("GetTrailStatus", {})
        if status.get("IsLogging", True) or "StartLoggingTime" in status:
            client.start_logging(Name=name)
        if not status.get("IsLogging", True) and ("StartLoggingTime" in status or "StopLoggingTime" in status):
            client.stop_logging(Name=name)
        if custom := selectors_of(trail):
            client.put_event_selectors(TrailName=name, **custom)

    def create_bucket(self, name, owner, region):
        s3 = self.moto.client("s3", owner, region)
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name, **place)

    def allow(self, operations):
        """Lets the role `Reader` do these, and nothing else in CloudTrail."""
        self.allowed = set(operations)
        iam = self.moto.client("iam", self.id, self.region)
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            iam.create_role(RoleName="Reader", AssumeRolePolicyDocument=policy(trust))
        actions = ["sts:GetCallerIdentity", *(f"cloudtrail:{operation}" for operation in sorted(operations))]
        # moto matches CloudTrail's actions with no other resource.
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        iam.put_role_policy(RoleName="Reader", PolicyName="Reads", PolicyDocument=policy(statement))

    def read(self):
        """The account as its Reader sees it, as evidence."""

        def ask(operation, region, **members):
            method = getattr(clients[region], "".join(f"_{c.lower()}" if c.isupper() else c for c in operation)[1:])
            try:
                answer = method(**members)
            except ClientError as error:
                return {"refused": {"operation": operation, "code": error.response["Error"]["Code"]}}
            del answer["ResponseMetadata"]
            return answer

        def ask_of_trail(trail, operation, **members):
            answer = ask(operation, trail["HomeRegion"], **members)
            if "refused" in answer and trail["HomeRegion"] != self.region:
                first, answer = answer, ask(operation, self.region, **members)
                if "refused" in answer:
                    answer["refused"]["homeRegionCode"] = first["refused"]["code"]
            return answer

        clients = {
            region: self.moto.client("cloudtrail", self.id, region, "Reader")
            for region in {self.region, *self.home_regions()}
        }
        with self.moto.permissions_checked():
            listed = ask("DescribeTrails", self.region, includeShadowTrails=True)
            trails = listed.get("trailList", listed)
            for trail in trails if isinstance(trails, list) else []:
                trail["GetTrailStatus"] = ask_of_trail(trail, "GetTrailStatus", Name=trail["TrailARN"])
                trail["GetEventSelectors"] = ask_of_trail(trail, "GetEventSelectors", TrailName=trail["TrailARN"])
        collected_at = datetime.datetime.now(datetime.UTC).isoformat()
        return {"accountId": self.id, "region": self.region, "collectedAt": collected_at, "trails": trails}

    def home_regions(self):
        trails = self.moto.client("cloudtrail", self.id, self.region).describe_trails()["trailList"]
        return {trail["HomeRegion"] for trail in trails}

    def state(self):
        """All that a command could change, by trail."""
        trails = {}
        for region in {self.region, *self.home_regions()}:
            client = self.moto.client("cloudtrail", self.id, region)
            for trail in client.describe_trails(includeShadowTrails=False)["trailList"]:
                arn = trail["TrailARN"]
                is_logging = client.get_trail_status(Name=arn)["IsLogging"]
                selectors = client.get_event_selectors(TrailName=arn)
                trails[arn] = trail | {"IsLogging": is_logging, "Selectors": without_empty(selectors)}
        return trails


def policy(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def owner_of(trail):
    """The Region, account and name that the ARN says."""
    _, _, _, region, owner, resource = trail["TrailARN"].split(":")
    return region, owner, resource.removeprefix("trail/")


def denied(evidence):
    """The operations that are refused for want of a permission."""
    trails = evidence["trails"]
    answers = [trails] if isinstance(trails, dict) else [trail.get(read, {}) for trail in trails for read in READS]
    refusals = [answer["refused"] for answer in answers if "refused" in answer]
    return [refusal["operation"] for refusal in refusals if refusal["code"] == "AccessDeniedException"]


def without_empty(selectors):
    """Selectors without what stands for nothing: empty lists, and the names of other members."""

    def pruned(value):
        if isinstance(value, dict):
            return {name: pruned(member) for name, member in value.items() if member not in ([], None)}
        return [pruned(item) for item in value] if isinstance(value, list) else value

    return pruned({kind: selectors[kind] for kind in ("EventSelectors", "AdvancedEventSelectors") if kind in selectors})


def selectors_of(trail):
    """The custom selectors; none where they are the default ones."""
    selectors = without_empty(trail.get("GetEventSelectors", {}))
    is_default = trail.get("HasCustomEventSelectors") is False and selectors == DEFAULT_SELECTORS
    return {} if is_default else selectors


def compare(evidence, actual):
    """Raises where what moto shows is not what the evidence says, as far as the rule reads it."""

    def same(path, expected, shown):
        if expected != shown:
            raise Inexpressible(path, expected, shown)

    expected = evidence["trails"]
    if isinstance(expected, dict) or isinstance(actual["trails"], dict):
        same("trails", expected, actual["trails"])
        return
    shown = {trail["TrailARN"]: trail for trail in actual["trails"]}
    for index, trail in enumerate(expected):
        path = f"trails[{index}]"
        if trail.get("TrailARN") not in shown:
            raise Inexpressible(path, trail.get("TrailARN"), list(shown))
        other = shown.pop(trail["TrailARN"])
        for member in MEMBERS:
            same(f"{path}.{member}", trail.get(member) or None, other.get(member) or None)
        if "GetTrailStatus" in trail:
            compare_status(f"{path}.GetTrailStatus", trail, other, evidence, actual)
        if "GetEventSelectors" in trail:
            answers = [one["GetEventSelectors"] for one in (trail, other)]
            if any("refused" in answer or "unanswered" in answer for answer in answers):
                same(f"{path}.GetEventSelectors", *answers)
            same(f"{path}.GetEventSelectors", selectors_of(trail), selectors_of(other))
            if not selectors_of(trail):
                # Only then does it count.
                is_custom = [one.get("HasCustomEventSelectors") for one in (trail, other)]
                same(f"{path}.HasCustomEventSelectors", *is_custom)
    same("trails", [], list(shown))


def compare_status(path, trail, other, evidence, actual):
    expected, shown = trail["GetTrailStatus"], other["GetTrailStatus"]
    if "IsLogging" not in expected or "IsLogging" not in shown:
        if expected != shown:
            raise Inexpressible(path, expected, shown)
        return
    # Ages count in hours, and not where logging is off.
    ages = [
        age_in_hours(status, collected) if status["IsLogging"] else None
        for status, collected in ((expected, evidence), (shown, actual))
    ]
    facts = {
        "IsLogging": [expected["IsLogging"], shown["IsLogging"]],
        "LatestDeliveryError": [expected.get("LatestDeliveryError"), shown.get("LatestDeliveryError")],
        "LatestDeliveryTime": ages,
    }
    for member, (said, is_shown) in facts.items():
        if said != is_shown:
            raise Inexpressible(f"{path}.{member}", said, is_shown)


def age_in_hours(status, evidence):
    latest = status.get("LatestDeliveryTime")
    return None if latest is None else int((moment(evidence["collectedAt"]) - moment(latest)).total_seconds() // 3600)


def moment(value):
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    return datetime.datetime.fromtimestamp(value, datetime.UTC)
