"""Trails as a person makes and changes them; then a scheduled run."""

import botocore.exceptions
import pytest
from end_to_end.conftest import FUNCTION_ACCOUNT, Rule

NAME = "management-events"
READ, WRITE = {"ReadWriteType": "ReadOnly"}, {"ReadWriteType": "WriteOnly"}
KMS = "kms.amazonaws.com"
DATA = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}


def test_an_account_without_a_trail_is_non_compliant(own, rule):
    compliance_type, annotation = rule.evaluate()
    assert compliance_type == "NON_COMPLIANT"
    assert annotation == "There is no trail: DescribeTrails in us-east-1 lists none."


def test_a_multi_region_trail_that_is_logging_makes_the_account_compliant(own, rule):
    own.create_trail()
    compliance_type, annotation = rule.evaluate()
    assert compliance_type == "COMPLIANT"
    assert NAME in annotation and f"logs-of-{NAME}-{FUNCTION_ACCOUNT}" in annotation
    assert list(rule.rows()) == [("AWS::::Account", FUNCTION_ACCOUNT)]


def test_a_trail_that_was_never_started_is_not_logging(own, rule):
    own.create_trail(is_logging=False)
    assert rule.evaluate()[0] == "NON_COMPLIANT"
    assert rule.reason_codes() == {NAME: ["not-logging"]}


def test_stop_logging_is_seen_by_the_next_scheduled_run_and_start_logging_by_the_one_after(own, rule):
    own.create_trail()
    assert rule.evaluate()[0] == "COMPLIANT"
    own.cloudtrail().stop_logging(Name=NAME)
    compliance_type, annotation = rule.evaluate()
    assert compliance_type == "NON_COMPLIANT" and "logging is off since" in annotation
    assert rule.reason_codes() == {NAME: ["not-logging"]}
    own.cloudtrail().start_logging(Name=NAME)
    assert rule.evaluate()[0] == "COMPLIANT"


def test_single_region_trails_do_not_add_up(own, rule):
    own.create_trail("in-the-rules-region", IsMultiRegionTrail=False)
    own.create_trail("elsewhere", region="eu-west-1", IsMultiRegionTrail=False)
    assert rule.evaluate()[0] == "NON_COMPLIANT"
    assert rule.reason_codes() == {"in-the-rules-region": ["single-region"]}


def test_update_trail_to_a_single_region_is_seen(own, rule):
    own.create_trail()
    assert rule.evaluate()[0] == "COMPLIANT"
    own.cloudtrail().update_trail(Name=NAME, IsMultiRegionTrail=False)
    assert rule.evaluate()[0] == "NON_COMPLIANT"
    assert rule.reason_codes() == {NAME: ["single-region"]}


def test_a_trail_without_global_service_events_fails(own, rule):
    own.create_trail()
    own.cloudtrail().update_trail(Name=NAME, IncludeGlobalServiceEvents=False)
    assert rule.evaluate()[0] == "NON_COMPLIANT"
    assert rule.reason_codes() == {NAME: ["no-global-service-events"]}


@pytest.mark.parametrize(
    ("selectors", "parameters", "reason_codes"),
    [
        ([{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}], {}, []),
        ([{}], {}, []),
        ([WRITE], {}, ["write-only"]),
        ([READ], {}, ["read-only"]),
        ([READ, WRITE], {}, ["split-selectors"]),
        ([WRITE, {"ReadWriteType": "All"}], {}, []),
        ([{"IncludeManagementEvents": False, "DataResources": [DATA]}], {}, ["no-management-events"]),
        ([{"ExcludeManagementEventSources": [KMS]}], {}, ["excluded-event-sources"]),
        ([{"ExcludeManagementEventSources": [KMS]}], {"allowedExcludedEventSources": KMS}, []),
    ],
)
def test_put_event_selectors_decides_which_management_events_are_recorded(
    own, rule, selectors, parameters, reason_codes
):
    own.create_trail()
    own.cloudtrail().put_event_selectors(TrailName=NAME, EventSelectors=selectors)
    assert rule.evaluate(parameters=parameters)[0] == ("NON_COMPLIANT" if reason_codes else "COMPLIANT")
    assert rule.reason_codes() == {NAME: reason_codes}


def field(name, **operators):
    return {"Field": name, **operators}


MANAGEMENT = field("eventCategory", Equals=["Management"])


@pytest.mark.parametrize(
    ("fields", "parameters", "reason_codes"),
    [
        ([MANAGEMENT], {}, []),
        ([MANAGEMENT, field("readOnly", Equals=["false"])], {}, ["write-only"]),
        ([MANAGEMENT, field("readOnly", Equals=["true"])], {}, ["read-only"]),
        ([MANAGEMENT, field("eventSource", NotEquals=[KMS])], {}, ["excluded-event-sources"]),
        ([MANAGEMENT, field("eventSource", NotEquals=[KMS])], {"allowedExcludedEventSources": KMS}, []),
        ([MANAGEMENT, field("eventName", NotEquals=["Decrypt"])], {}, ["filtered-management-events"]),
        (
            [field("eventCategory", Equals=["Data"]), field("resources.type", Equals=["AWS::S3::Object"])],
            {},
            ["no-management-events"],
        ),
    ],
)
def test_advanced_event_selectors_decide_likewise(own, rule, fields, parameters, reason_codes):
    own.create_trail()
    selector = {"Name": "Selector", "FieldSelectors": fields}
    own.cloudtrail().put_event_selectors(TrailName=NAME, AdvancedEventSelectors=[selector])
    assert rule.evaluate(parameters=parameters)[0] == ("NON_COMPLIANT" if reason_codes else "COMPLIANT")
    assert rule.reason_codes() == {NAME: reason_codes}


def test_a_trail_homed_in_another_region_is_read_there(own, rule):
    arn = own.create_trail(region="eu-west-1")
    assert rule.evaluate()[0] == "COMPLIANT"
    with pytest.raises(botocore.exceptions.ClientError, match="TrailNotFoundException"):
        own.cloudtrail().get_event_selectors(TrailName=arn)
    own.cloudtrail("eu-west-1").put_event_selectors(TrailName=NAME, EventSelectors=[WRITE])
    assert rule.evaluate()[0] == "NON_COMPLIANT"
    assert rule.reason_codes() == {NAME: ["write-only"]}
    assert all(line["level"] == "INFO" for line in rule.function.log())


def test_a_second_trail_for_data_events_harms_nothing(own, rule):
    own.create_trail()
    own.create_trail("data-events")
    data_only = [{"IncludeManagementEvents": False, "DataResources": [DATA]}]
    own.cloudtrail().put_event_selectors(TrailName="data-events", EventSelectors=data_only)
    assert rule.evaluate()[0] == "COMPLIANT"
    assert rule.reason_codes() == {NAME: [], "data-events": ["no-management-events"]}


def test_of_several_trails_that_fail_each_says_why(own, rule):
    own.create_trail("stopped", is_logging=False)
    own.create_trail("single", IsMultiRegionTrail=False)
    own.create_trail("write-only", region="eu-west-1")
    own.cloudtrail("eu-west-1").put_event_selectors(TrailName="write-only", EventSelectors=[WRITE])
    compliance_type, annotation = rule.evaluate()
    assert compliance_type == "NON_COMPLIANT"
    assert all(name in annotation for name in ("stopped", "single", "write-only"))
    reason_codes = {"stopped": ["not-logging"], "single": ["single-region"], "write-only": ["write-only"]}
    assert rule.reason_codes() == reason_codes


def test_an_organization_trail_is_the_management_accounts_own(own, rule):
    own.create_trail()
    required = {"requireOrganizationTrail": "true"}
    assert rule.evaluate(parameters=required)[0] == "NON_COMPLIANT"
    assert rule.reason_codes() == {NAME: ["not-organization-trail"]}
    own.cloudtrail().update_trail(Name=NAME, IsOrganizationTrail=True)
    assert rule.evaluate(parameters=required)[0] == "COMPLIANT"


def test_what_the_parameters_require_can_be_met_with_update_trail(own, rule):
    own.create_trail()
    topic = own.client("sns").create_topic(Name="trail-notices")["TopicArn"]
    log_group = f"arn:aws:logs:us-east-1:{FUNCTION_ACCOUNT}:log-group:trail"
    parameters = {
        "snsTopicArn": topic,
        "cloudWatchLogsLogGroupArn": log_group,
        "requireLogFileValidation": "true",
        "requireKmsEncryption": "true",
        "requireCloudWatchLogs": "true",
    }
    assert rule.evaluate(parameters=parameters)[0] == "NON_COMPLIANT"
    assert rule.reason_codes() == {
        NAME: ["other-topic", "other-log-group", "no-log-file-validation", "no-kms-encryption", "no-cloudwatch-logs"]
    }
    own.cloudtrail().update_trail(
        Name=NAME,
        SnsTopicName="trail-notices",
        CloudWatchLogsLogGroupArn=f"{log_group}:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{FUNCTION_ACCOUNT}:role/CloudTrail",
        EnableLogFileValidation=True,
        KmsKeyId=f"arn:aws:kms:us-east-1:{FUNCTION_ACCOUNT}:key/trail",
    )
    assert rule.evaluate(parameters=parameters)[0] == "COMPLIANT"


def test_the_bucket_can_be_required(own, rule):
    own.create_trail()
    own.client("s3").create_bucket(Bucket="central-logs")
    required = {"s3BucketName": "central-logs"}
    assert rule.evaluate(parameters=required)[0] == "NON_COMPLIANT"
    assert rule.reason_codes() == {NAME: ["other-bucket"]}
    own.cloudtrail().update_trail(Name=NAME, S3BucketName="central-logs")
    assert rule.evaluate(parameters=required)[0] == "COMPLIANT"


def test_a_delivery_of_this_hour_is_young_enough(own, rule):
    own.create_trail()
    assert rule.evaluate(parameters={"maxDeliveryAgeHours": "1"})[0] == "COMPLIANT"


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_the_rules_region_and_partition_come_from_its_arn(own, stand_in, rule, region):
    own.create_trail()
    elsewhere = Rule(stand_in, rule.function, FUNCTION_ACCOUNT, region)
    own.create_trail("in-its-partition", region=region)
    assert elsewhere.evaluate()[0] == "COMPLIANT"
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov"
    trails = {trail["trail"] for trail in rule.function.summary()["trails"]}
    assert f"arn:{partition}:cloudtrail:{region}:{FUNCTION_ACCOUNT}:trail/in-its-partition" in trails
