"""Accounts beyond examples/accounts: evidence, rule parameters, and each trail's reasons by the specification."""

from support.moto import PARTITIONS, REGION

ACCOUNT = "123456789012"
MANAGEMENT_ACCOUNT = "111122223333"
# Nothing of it is plain to a shell.
AWKWARD = 'it\'s "all" of $HOME; `id` & \\ * ~ !x #1 %s\n\t\u00e9'
COLLECTED_AT = "2026-11-01T12:00:00Z"


def arn(service, resource, region=REGION, account=ACCOUNT):
    return f"arn:{PARTITIONS.get(region, 'aws')}:{service}:{region}:{account}:{resource}"


def trail(name="management-events", *, region=REGION, account=ACCOUNT, is_logging=True, selectors=None, **members):
    """A trail that passes, unless told otherwise."""
    made = {
        "Name": name,
        "TrailARN": arn("cloudtrail", f"trail/{name}", region, account),
        "HomeRegion": region,
        "S3BucketName": f"logs-of-{account}",
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "HasCustomEventSelectors": selectors is not None,
    }
    # In moto a trail that is logging has just delivered.
    times = {"StartLoggingTime": COLLECTED_AT, "LatestDeliveryTime": COLLECTED_AT} if is_logging else {}
    live = {
        "GetTrailStatus": {"IsLogging": is_logging} | times,
        "GetEventSelectors": selectors or {},
    }
    return made | (live if members.get("IsMultiRegionTrail", True) else {}) | members


def account(*trails, account=ACCOUNT, region=REGION):
    return {"accountId": account, "region": region, "collectedAt": COLLECTED_AT, "trails": list(trails)}


def basic(*selectors):
    return {"EventSelectors": list(selectors)}


def advanced(*selectors):
    return {
        "AdvancedEventSelectors": [
            {"FieldSelectors": [{"Field": field} | conditions for field, conditions in fields.items()]}
            | ({"Name": name} if name else {})
            for name, fields in selectors
        ]
    }


def data(resource_type, *values):
    return [{"Type": resource_type, "Values": list(values)}]


S3 = "AWS::S3::Object"
MANAGEMENT = {"eventCategory": {"Equals": ["Management"]}}
READS = MANAGEMENT | {"readOnly": {"Equals": ["true"]}}
WRITES = MANAGEMENT | {"readOnly": {"Equals": ["false"]}}
S3_DATA = {"eventCategory": {"Equals": ["Data"]}, "resources.type": {"Equals": [S3]}}
NETWORK = {"eventCategory": {"Equals": ["NetworkActivity"]}, "eventSource": {"Equals": ["kms.amazonaws.com"]}}

TOPIC = arn("sns", "trail-notifications")
LOG_GROUP = arn("logs", "log-group:trail")
KEY = arn("kms", "key/36812ccf-daaf-49b1-a24b-0eef254ffe41")


def of_one(selectors, *codes, parameters=None):
    return account(trail(selectors=selectors)), parameters or {}, {"management-events": list(codes)}


SCENARIOS = {
    "five-basic-selectors-with-data-resources": of_one(
        basic(
            *(
                {
                    "ReadWriteType": "ReadOnly",
                    "IncludeManagementEvents": index < 2,
                    "DataResources": data(S3, f"arn:aws:s3:::bucket-{index}/"),
                }
                for index in range(5)
            )
        ),
        "read-only",
    ),
    "five-basic-selectors-of-all-read-write-types": of_one(
        basic(
            *(
                {
                    "ReadWriteType": read_write_type,
                    "IncludeManagementEvents": False,
                    "DataResources": data(S3, f"arn:aws:s3:::bucket-{index}/")
                    + data("AWS::DynamoDB::Table", f"t{index}"),
                }
                for index, read_write_type in enumerate(["WriteOnly", "All", "ReadOnly", "All", "WriteOnly"])
            )
        ),
        "no-management-events",
    ),
    "five-basic-selectors-of-which-some-have-no-data-resources": of_one(
        basic(
            *(
                {
                    "ReadWriteType": "WriteOnly",
                    "IncludeManagementEvents": True,
                    "DataResources": data("AWS::Lambda::Function", "arn:aws:lambda") if index % 2 else [],
                }
                for index in range(5)
            )
        ),
        "write-only",
    ),
    "four-basic-selectors-with-data-resources": of_one(
        basic(
            *(
                {
                    "ReadWriteType": "WriteOnly",
                    "IncludeManagementEvents": True,
                    "DataResources": data(S3, f"arn:aws:s3:::bucket-{index}/"),
                }
                for index in range(4)
            )
        ),
        "write-only",
    ),
    "basic-selectors-of-data-events-only": of_one(
        basic(
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": False,
                "DataResources": data(S3, "arn:aws:s3") + data("AWS::DynamoDB::Table", "arn:aws:dynamodb"),
            }
        ),
        "no-management-events",
    ),
    "basic-selectors-that-exclude": of_one(
        basic(
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "DataResources": data(S3, "arn:aws:s3"),
                "ExcludeManagementEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"],
            }
        ),
        "excluded-event-sources",
        parameters={"allowedExcludedEventSources": "kms.amazonaws.com"},
    ),
    "basic-selectors-that-split": of_one(
        basic(
            {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True},
            {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": data(S3, "arn:aws:s3")},
        ),
        "split-selectors",
    ),
    "basic-selectors-with-awkward-values": of_one(
        basic(
            {
                "ReadWriteType": "ReadOnly",
                "IncludeManagementEvents": True,
                "DataResources": data(S3, f"arn:aws:s3:::bucket/{AWKWARD}"),
            }
        ),
        "read-only",
    ),
    "advanced-selectors-with-data-and-reads": of_one(advanced(("S3", S3_DATA), ("Reads", READS)), "read-only"),
    "advanced-selectors-with-data-and-writes": of_one(advanced(("Writes", WRITES), ("S3", S3_DATA)), "write-only"),
    "advanced-selectors-that-split": of_one(
        advanced(("Reads", READS), ("S3", S3_DATA), ("Writes", WRITES), (None, NETWORK)), "split-selectors"
    ),
    "advanced-selectors-that-filter": of_one(
        advanced(
            ("S3", S3_DATA | {"resources.ARN": {"NotStartsWith": ["arn:aws:s3:::a/", "arn:aws:s3:::b/"]}}),
            ("No robots", MANAGEMENT | {"userIdentity.arn": {"NotEquals": [arn("iam", "role/robot", "")]}}),
        ),
        "filtered-management-events",
    ),
    "advanced-selectors-with-awkward-names": of_one(
        advanced(
            (AWKWARD, S3_DATA | {"resources.ARN": {"StartsWith": [f"arn:aws:s3:::bucket/{AWKWARD}"]}}),
            (AWKWARD, MANAGEMENT | {"eventSource": {"NotEquals": ["rdsdata.amazonaws.com"]}}),
        ),
        "excluded-event-sources",
    ),
    "single-region-and-no-global-service-events": (
        account(trail(IsMultiRegionTrail=False, IncludeGlobalServiceEvents=False)),
        {"requireLogFileValidation": "true"},
        {"management-events": ["single-region", "no-global-service-events", "no-log-file-validation"]},
    ),
    "stopped-and-write-only-and-all-requirements": (
        account(trail(is_logging=False, selectors=advanced(("S3", S3_DATA), ("Writes", WRITES)))),
        {
            "s3BucketName": "security-logs",
            "snsTopicArn": TOPIC,
            "cloudWatchLogsLogGroupArn": LOG_GROUP,
            "requireLogFileValidation": "true",
            "requireKmsEncryption": "true",
            "requireCloudWatchLogs": "true",
            "requireOrganizationTrail": "true",
        },
        {
            "management-events": [
                "not-logging",
                "write-only",
                "other-bucket",
                "other-topic",
                "other-log-group",
                "no-log-file-validation",
                "no-kms-encryption",
                "no-cloudwatch-logs",
                "not-organization-trail",
            ]
        },
    ),
    "other-requirements": (
        account(
            trail(
                SnsTopicARN=arn("sns", "others"),
                KmsKeyId=KEY,
                LogFileValidationEnabled=True,
                CloudWatchLogsLogGroupArn=arn("logs", "log-group:others:*"),
                CloudWatchLogsRoleArn=arn("iam", "role/trail", ""),
                selectors=advanced(("All", MANAGEMENT), ("S3", S3_DATA)),
            )
        ),
        {
            "s3BucketName": "security-logs",
            "snsTopicArn": TOPIC,
            "cloudWatchLogsLogGroupArn": f"{LOG_GROUP}:*",
            "requireLogFileValidation": "true",
            "requireKmsEncryption": "true",
            "requireCloudWatchLogs": "true",
        },
        {"management-events": ["other-bucket", "other-topic", "other-log-group"]},
    ),
    "two-failing-trails-with-other-home-regions": (
        account(
            trail("audit", region="eu-west-1", is_logging=False),
            trail("management-events", selectors=advanced(("Reads", READS))),
            region="ap-southeast-2",
        ),
        {},
        {"audit": ["not-logging"], "management-events": ["read-only"]},
    ),
    "an-organization-trail-in-its-management-account": (
        account(
            trail(
                "organization.trail_1",
                account=MANAGEMENT_ACCOUNT,
                region="eu-central-1",
                is_logging=False,
                IsOrganizationTrail=True,
                selectors=basic({"ReadWriteType": "WriteOnly"}),
            ),
            account=MANAGEMENT_ACCOUNT,
        ),
        {"requireOrganizationTrail": "true"},
        {"organization.trail_1": ["not-logging", "write-only"]},
    ),
    **{
        f"stopped-in-{region}": (
            account(trail(region=region, is_logging=False), region=region),
            {},
            {"management-events": ["not-logging"]},
        )
        for region in PARTITIONS
    },
    "no-permission-to-list": (
        {
            "accountId": ACCOUNT,
            "region": REGION,
            "collectedAt": COLLECTED_AT,
            "trails": {"refused": {"operation": "DescribeTrails", "code": "AccessDeniedException"}},
        },
        {},
        {},
    ),
    "no-permission-to-read-the-status": (
        account(
            trail() | {"GetTrailStatus": {"refused": {"operation": "GetTrailStatus", "code": "AccessDeniedException"}}}
        ),
        {},
        {"management-events": ["status-unreadable"]},
    ),
}
