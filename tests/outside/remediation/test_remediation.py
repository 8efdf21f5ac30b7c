"""The runbook repairs the trail that it was named, or makes it, and touches nothing else."""

import copy
import pathlib

import boto3
import pytest

from automation import InvalidParameters, start_automation_execution
from conftest import BUCKET
from stack import ACCOUNT, REGION, Stack

TEMPLATE = pathlib.Path(__file__).parents[3] / "cloudformation/remediation.yaml"
TRAIL = "management-events"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}"

DATA = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]


def advanced(*fields):
    return [{"Name": "one", "FieldSelectors": list(fields)}]


MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}
DATA_FIELDS = (
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
)

# How the trail is made, and what the rule says of it.
BROKEN = {
    "stopped": ({"is_logging": False}, "logging is off"),
    "single-region": ({"is_multi_region": False, "IncludeGlobalServiceEvents": False}, "records one Region only"),
    "write-only": (
        {"selectors": {"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}},
        "records only write management events",
    ),
    "excluding": (
        {"selectors": {"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}},
        "leaves out events of kms.amazonaws.com",
    ),
    "read-only-advanced": (
        {"selectors": {"AdvancedEventSelectors": advanced(MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]})}},
        "records only read management events",
    ),
    "excluding-advanced": (
        {
            "selectors": {
                "AdvancedEventSelectors": advanced(
                    MANAGEMENT, {"Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com"]}
                )
            }
        },
        "leaves out events of rdsdata.amazonaws.com",
    ),
    "data-events-only": (
        {"selectors": {"AdvancedEventSelectors": advanced(*DATA_FIELDS)}},
        "records no management events",
    ),
    "all-at-once": (
        {
            "is_logging": False,
            "is_multi_region": False,
            "IncludeGlobalServiceEvents": False,
            "selectors": {"EventSelectors": [{"ReadWriteType": "ReadOnly", "DataResources": DATA}]},
        },
        "records one Region only",
    ),
}


@pytest.fixture
def calls(account):
    """The operations that the runbook asks of AWS, with their members."""
    session = boto3.Session()
    recorded = []

    def record(params, model, **_):
        recorded.append((f"{model.service_model.service_name}:{model.name}", dict(params)))

    session.events.register("before-parameter-build", record)
    boto3.DEFAULT_SESSION = session
    return recorded


def stack(**parameters):
    return Stack(TEMPLATE, TrailName=TRAIL, **parameters)


def remediate(stack, **given):
    """What AWS Config starts: the runbook, with the parameters of the RemediationConfiguration."""
    configured = stack.properties("Remediation")["Parameters"]
    parameters = {name: value["StaticValue"]["Values"][0] for name, value in configured.items()}
    return start_automation_execution(stack.properties("Runbook")["Content"], parameters | given)


def granted(stack):
    policies = stack.properties("Role")["Policies"]
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    assert all(statement["Resource"] == ARN and statement["Effect"] == "Allow" for statement in statements)
    return {action for statement in statements for action in statement["Action"]}


def check_allowed(stack, calls):
    """Every call is granted, and about this trail alone."""
    for action, members in calls:
        assert action in granted(stack)
        named = members.get("TrailName", members.get("Name"))
        assert named == (TRAIL if action == "cloudtrail:CreateTrail" else ARN)


@pytest.mark.parametrize("scenario", BROKEN)
def test_a_broken_trail_is_repaired(account, calls, scenario, record_property):
    members, reason = BROKEN[scenario]
    account.create_trail(TRAIL, **members)
    before = account.verdict()
    assert before[0] == "NON_COMPLIANT" and reason in before[1]

    status, _ = remediate(stack())

    after = account.verdict()
    record_property("verdicts", (scenario, before, after))
    assert (status, after[0]) == ("Success", "COMPLIANT")
    check_allowed(stack(), calls)


def test_a_missing_trail_is_made_in_the_bucket(account, calls, record_property):
    before = account.verdict()
    assert before[0] == "NON_COMPLIANT"
    with_bucket = stack(BucketName=BUCKET)

    status, _ = remediate(with_bucket)

    after = account.verdict()
    record_property("verdicts", ("missing", before, after))
    assert (status, after[0]) == ("Success", "COMPLIANT")
    trail = account.cloudtrail.get_trail(Name=ARN)["Trail"]
    assert (trail["S3BucketName"], trail["LogFileValidationEnabled"]) == (BUCKET, True)
    check_allowed(with_bucket, calls)


def test_where_a_trail_could_be_made_a_broken_one_is_repaired(account, calls):
    account.create_trail(TRAIL, is_logging=False, is_multi_region=False)
    with_bucket = stack(BucketName=BUCKET)

    status, trace = remediate(with_bucket)

    assert (status, account.verdict()[0]) == ("Success", "COMPLIANT")
    assert "CreateTrail" not in trace
    check_allowed(with_bucket, calls)


def test_without_a_bucket_a_missing_trail_is_an_error(account, calls):
    status, _ = remediate(stack())

    assert (status, account.verdict()[0]) == ("Failed", "NON_COMPLIANT")
    assert account.evidence()["trails"] == []


@pytest.mark.parametrize("parameters", [{}, {"BucketName": BUCKET}])
def test_an_organization_trail_is_refused(account, calls, parameters):
    account.create_trail(TRAIL, is_logging=False, IsOrganizationTrail=True)
    before = account.state()

    status, trace = remediate(stack(**parameters))

    assert (status, trace[-1]) == ("Failed", "RefuseOrganizationTrail")
    assert account.state() == before
    assert {action for action, _ in calls} == {"cloudtrail:GetTrail"}


def test_a_trail_that_it_was_not_named_is_refused(account, calls):
    account.create_trail("another", is_logging=False)

    with pytest.raises(InvalidParameters, match="TrailName"):
        remediate(stack(), TrailName="another")

    assert calls == []


def test_a_role_that_it_was_not_given_is_refused(account, calls):
    with pytest.raises(InvalidParameters, match="AutomationAssumeRole"):
        remediate(stack(), AutomationAssumeRole=f"arn:aws:iam::{ACCOUNT}:role/Administrator")

    assert calls == []


def test_other_trails_are_left_alone(account, calls):
    account.create_trail(TRAIL, is_logging=False)
    account.create_trail("another", is_logging=False, is_multi_region=False)
    account.create_trail(f"{TRAIL}-2", is_logging=False)
    before = [trail for trail in account.state() if trail["Name"] != TRAIL]

    assert remediate(stack(BucketName=BUCKET))[0] == "Success"

    assert [trail for trail in account.state() if trail["Name"] != TRAIL] == before
    assert len(before) == 2


def test_a_trail_of_that_name_in_another_region_is_left_alone(account, calls):
    elsewhere = boto3.client("cloudtrail", region_name="eu-west-1")
    elsewhere.create_trail(Name=TRAIL, S3BucketName=BUCKET, IsMultiRegionTrail=True)
    calls.clear()

    status, _ = remediate(stack())

    assert status == "Failed"
    assert not elsewhere.get_trail_status(Name=TRAIL)["IsLogging"]


def test_basic_selectors_of_data_events_are_kept(account, calls):
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": DATA}
    account.create_trail(TRAIL, selectors={"EventSelectors": [selector]})

    assert remediate(stack())[0] == "Success"

    everything, data = account.selectors(TRAIL)["EventSelectors"]
    assert everything == {"ReadWriteType": "All", "IncludeManagementEvents": True}
    assert (data["ReadWriteType"], data["DataResources"]) == ("WriteOnly", DATA)
    assert data["IncludeManagementEvents"] is False


def test_advanced_selectors_of_other_events_are_kept(account, calls):
    data = advanced(*DATA_FIELDS)
    read_only = advanced(MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]})
    account.create_trail(TRAIL, selectors={"AdvancedEventSelectors": data + read_only})

    assert remediate(stack())[0] == "Success"

    everything, *others = account.selectors(TRAIL)["AdvancedEventSelectors"]
    assert everything["FieldSelectors"] == [MANAGEMENT]
    assert others == data


SUFFICIENT = {
    "basic": {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": DATA}]},
    "advanced": {"AdvancedEventSelectors": advanced(MANAGEMENT) + advanced(*DATA_FIELDS)},
}


@pytest.mark.parametrize("kind", SUFFICIENT)
def test_sufficient_selectors_stay_as_they_are(account, calls, kind):
    account.create_trail(TRAIL, is_logging=False, selectors=SUFFICIENT[kind])
    before = account.selectors(TRAIL)

    assert remediate(stack())[0] == "Success"

    assert account.selectors(TRAIL) == before
    assert account.verdict()[0] == "COMPLIANT"
    assert "cloudtrail:PutEventSelectors" not in [action for action, _ in calls]


EXCLUDING_KMS = {
    "basic": {"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]},
    "advanced": {
        "AdvancedEventSelectors": advanced(MANAGEMENT, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]})
    },
}


@pytest.mark.parametrize("kind", EXCLUDING_KMS)
@pytest.mark.parametrize("allowed", ["kms.amazonaws.com", "kms.amazonaws.com,rdsdata.amazonaws.com"])
def test_an_exclusion_that_the_rule_allows_stays(account, calls, kind, allowed):
    account.create_trail(TRAIL, is_logging=False, selectors=EXCLUDING_KMS[kind])
    before = account.selectors(TRAIL)

    assert remediate(stack(AllowedExcludedEventSources=allowed))[0] == "Success"

    assert account.selectors(TRAIL) == before
    assert account.verdict(allowedExcludedEventSources=allowed)[0] == "COMPLIANT"


@pytest.mark.parametrize("scenario", BROKEN)
def test_a_second_run_changes_nothing(account, calls, scenario):
    account.create_trail(TRAIL, **BROKEN[scenario][0])
    assert remediate(stack())[0] == "Success"
    selectors = account.selectors(TRAIL)
    calls.clear()

    assert remediate(stack())[0] == "Success"

    assert account.selectors(TRAIL) == selectors
    assert account.verdict()[0] == "COMPLIANT"
    assert "cloudtrail:PutEventSelectors" not in [action for action, _ in calls]


@pytest.mark.parametrize("bucket", ["", BUCKET])
def test_the_role_grants_exactly_the_calls_that_are_made(account, calls, bucket):
    if bucket:
        assert remediate(stack(BucketName=bucket))[0] == "Success"
        account.cloudtrail.stop_logging(Name=TRAIL)
        account.cloudtrail.put_event_selectors(TrailName=TRAIL, EventSelectors=[{"ReadWriteType": "ReadOnly"}])
    else:
        account.create_trail(TRAIL, **BROKEN["all-at-once"][0])
    assert remediate(stack(BucketName=bucket))[0] == "Success"

    assert {action for action, _ in calls} == granted(stack(BucketName=bucket))


def test_only_this_accounts_automations_may_take_the_role():
    (statement,) = stack().properties("Role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "ssm.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ssm:*:{ACCOUNT}:automation-execution/*"},
    }


def test_a_person_starts_it_unless_the_stack_says_otherwise():
    assert stack().properties("Remediation")["Automatic"] == "false"
    assert stack(Automatic="true").properties("Remediation")["Automatic"] == "true"


def test_the_steps_run_with_the_role_and_the_remediation_names_the_runbook():
    content = stack().properties("Runbook")["Content"]
    assert content["assumeRole"] == "{{ AutomationAssumeRole }}"
    remediation = stack(RuleName="another-rule").properties("Remediation")
    assert (remediation["TargetId"], remediation["ConfigRuleName"]) == ("the-Runbook", "another-rule")
    assert remediation["Parameters"] == {
        "AutomationAssumeRole": {"StaticValue": {"Values": ["arn:aws:Role:Arn"]}},
        "TrailName": {"StaticValue": {"Values": [TRAIL]}},
    }


class Without(Stack):
    """The same stack, its runbook without a step: the one before goes on where that step would have."""

    step = None

    def properties(self, resource):
        properties = copy.deepcopy(super().properties(resource))
        if resource == "Runbook":
            steps = properties["Content"]["mainSteps"]
            left_out = next(step for step in steps if step["name"] == self.step)
            steps.remove(left_out)
            for step in steps:
                if step.get("nextStep") == self.step:
                    step["nextStep"] = left_out["nextStep"]
                if step.get("onFailure") == f"step:{self.step}":
                    step["onFailure"] = f"step:{left_out['nextStep']}"
        return properties


# The step, how the trail is made (None: it is missing) and what then ends otherwise.
NEEDED = [
    ("FindTrail", None, ("Failed", "NON_COMPLIANT")),
    ("RecordAllRegions", BROKEN["single-region"][0], ("Success", "NON_COMPLIANT")),
    ("RecordAllManagementEvents", BROKEN["write-only"][0], ("Success", "NON_COMPLIANT")),
    ("CreateTrail", None, ("Failed", "NON_COMPLIANT")),
    ("StartLogging", BROKEN["stopped"][0], ("Failed", "NON_COMPLIANT")),
    ("RefuseOrganizationTrail", BROKEN["stopped"][0] | {"IsOrganizationTrail": True}, ("Success", "COMPLIANT")),
]


@pytest.mark.parametrize("step, trail, ended", NEEDED)
def test_no_step_can_be_left_out(account, calls, step, trail, ended):
    if trail is not None:
        account.create_trail(TRAIL, **trail)
    without = Without(TEMPLATE, TrailName=TRAIL, BucketName=BUCKET)
    without.step = step

    status, _ = remediate(without)

    assert (status, account.verdict()[0]) == ended
