"""The runbook repairs what is wrong with the trail that it was named, or makes it, and touches nothing else."""

import boto3
import pytest
from cloudformation.template import ACCOUNT, REGION, Stack
from remediation.automation import InvalidParameters, start_automation_execution
from remediation.conftest import BUCKET
from support.project import TEMPLATES

TEMPLATE = TEMPLATES / "remediation.yaml"
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

UPDATE, PUT, START = "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors", "cloudtrail:StartLogging"

# How the trail is made, what the rule says of it, and the calls that repair it.
BROKEN = {
    "stopped": ({"is_logging": False}, "logging is off", [START]),
    "single-region": ({"is_multi_region": False}, "records one Region only", [UPDATE]),
    "write-only": (
        {"selectors": {"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}},
        "records only write management events",
        [PUT],
    ),
    "excluding": (
        {"selectors": {"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}},
        "leaves out events of kms.amazonaws.com",
        [PUT],
    ),
    "read-only-advanced": (
        {"selectors": {"AdvancedEventSelectors": advanced(MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]})}},
        "records only read management events",
        [PUT],
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
        [PUT],
    ),
    "data-events-only": (
        {"selectors": {"AdvancedEventSelectors": advanced(*DATA_FIELDS)}},
        "records no management events",
        [PUT],
    ),
    "all-at-once": (
        {
            "is_logging": False,
            "is_multi_region": False,
            "IncludeGlobalServiceEvents": False,
            "selectors": {"EventSelectors": [{"ReadWriteType": "ReadOnly", "DataResources": DATA}]},
        },
        "records one Region only",
        [START, UPDATE, PUT],
    ),
}


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
    resources = {"cloudtrail": ARN, "config": f"arn:aws:config:{REGION}:{ACCOUNT}:config-rule/*"}
    for statement in statements:
        (service,) = {action.partition(":")[0] for action in statement["Action"]}
        assert (statement["Effect"], statement["Resource"]) == ("Allow", resources[service])
    return {action for statement in statements for action in statement["Action"]}


def check_allowed(stack, calls):
    """Every call is granted, and about this trail or its rule alone."""
    for action, members in calls.sent:
        assert action in granted(stack)
        if action.startswith("config:"):
            assert members["ConfigRuleName"] == "cis-3-1-cloudtrail-all-regions"
            continue
        named = members.get("TrailName", members.get("Name"))
        assert named == (TRAIL if action == "cloudtrail:CreateTrail" else ARN)


@pytest.mark.parametrize("scenario", BROKEN)
def test_a_broken_trail_is_repaired_by_the_calls_that_it_needs(account, calls, scenario, record_property):
    members, reason, needed = BROKEN[scenario]
    account.create_trail(TRAIL, **members)
    before = account.verdict()
    assert before[0] == "NON_COMPLIANT" and reason in before[1]
    calls.clear()

    status, message = remediate(stack())

    check_allowed(stack(), calls)
    assert (status, calls.writes) == ("Success", needed)
    assert message.startswith(f"Repaired {ARN}, which ")
    after = account.verdict()
    record_property("verdicts", (scenario, before, after))
    assert after[0] == "COMPLIANT"


NOTHING_WRONG = {
    "default selectors": {},
    "basic selectors": {"EventSelectors": [{"ReadWriteType": "All", "DataResources": DATA}]},
    "advanced selectors": {"AdvancedEventSelectors": advanced(MANAGEMENT) + advanced(*DATA_FIELDS)},
}


@pytest.mark.parametrize("selectors", NOTHING_WRONG)
@pytest.mark.parametrize("bucket", ["", BUCKET])
def test_where_nothing_that_it_repairs_is_wrong_it_changes_nothing_and_says_so(account, calls, selectors, bucket):
    account.create_trail(TRAIL, selectors=NOTHING_WRONG[selectors])
    assert account.verdict(s3BucketName="another-bucket")[0] == "NON_COMPLIANT"
    calls.clear()

    status, message = remediate(stack(BucketName=bucket))

    assert (status, calls.writes) == ("Success", [])
    assert message == f"Nothing that this runbook repairs is wrong with {ARN}."


NO_VERDICTS = {
    "a trail cannot be read": ({"refused": "GetTrailStatus"}, "Could not verify"),
    "no trail can be read": ({"refused": "DescribeTrails"}, "Could not verify"),
    "misconfigured": ({"maxDeliveryAgeHours": "never"}, "Rule misconfigured:"),
}


@pytest.mark.parametrize("cause", NO_VERDICTS)
@pytest.mark.parametrize("is_logging", [False, True])
def test_where_the_rule_has_no_verdict_it_changes_nothing_and_says_so(account, calls, cause, is_logging):
    rule, begins = NO_VERDICTS[cause]
    account.create_trail(TRAIL, selectors=NOTHING_WRONG["basic selectors"])
    compliance_type, annotation = account.verdict(**rule)
    assert compliance_type == "NON_COMPLIANT" and annotation.startswith(begins)
    if not is_logging:
        account.cloudtrail.stop_logging(Name=TRAIL)
    calls.clear()

    status, message = remediate(stack())

    assert (status, calls.writes) == ("Success", [])
    assert message == f"Nothing was changed, because the rule has no verdict. {annotation}"


READS = ["config:GetComplianceDetailsByConfigRule", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"]
READS.append("cloudtrail:GetEventSelectors")


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("bucket", ["", BUCKET])
def test_a_refused_read_ends_it_before_anything_is_changed(account, calls, operation, bucket):
    account.create_trail(TRAIL, **BROKEN["all-at-once"][0])
    account.verdict()
    before = account.state()
    calls.clear()
    calls.fail(operation.partition(":")[2], 400, "AccessDeniedException")

    status, message = remediate(stack(BucketName=bucket))

    assert (status, calls.operations[-1]) == ("Failed", operation)
    assert "AccessDeniedException" in message
    assert account.state() == before


@pytest.mark.parametrize("operation", [*READS, START, UPDATE, PUT])
def test_a_throttled_call_is_made_again(account, calls, operation):
    account.create_trail(TRAIL, **BROKEN["all-at-once"][0])
    account.verdict()
    calls.clear()
    calls.fail(operation.partition(":")[2], 400, "ThrottlingException", times=2)

    assert remediate(stack()).status == "Success"

    assert account.verdict()[0] == "COMPLIANT"


@pytest.mark.parametrize("operation", [START, UPDATE, PUT])
def test_what_a_throttled_call_left_undone_the_next_attempt_does(account, calls, operation):
    account.create_trail(TRAIL, **BROKEN["all-at-once"][0])
    account.verdict()
    calls.clear()
    calls.fail(operation.partition(":")[2], 400, "ThrottlingException", times=5)

    status, message = remediate(stack())
    assert status == "Failed" and "ThrottlingException" in message

    assert remediate(stack()).status == "Success"
    assert account.verdict()[0] == "COMPLIANT"


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

    status, _ = remediate(with_bucket)

    assert (status, account.verdict()[0]) == ("Success", "COMPLIANT")
    assert "cloudtrail:CreateTrail" not in calls.operations
    check_allowed(with_bucket, calls)


def test_without_a_bucket_a_missing_trail_is_an_error(account, calls):
    status, message = remediate(stack())

    assert (status, account.verdict()[0]) == ("Failed", "NON_COMPLIANT")
    assert "TrailNotFoundException" in message
    assert account.evidence()["trails"] == []


@pytest.mark.parametrize("parameters", [{}, {"BucketName": BUCKET}])
def test_an_organization_trail_is_refused(account, calls, parameters):
    account.create_trail(TRAIL, is_logging=False, IsOrganizationTrail=True)
    before = account.state()
    calls.clear()

    status, message = remediate(stack(**parameters))

    assert (status, message) == ("Failed", f"{ARN} is an organization trail: nothing was changed")
    assert account.state() == before
    assert calls.operations[-1] == "cloudtrail:GetTrail"


def test_a_trail_that_it_was_not_named_is_refused(account, calls):
    account.create_trail("another", is_logging=False)

    with pytest.raises(InvalidParameters, match="TrailName"):
        remediate(stack(), TrailName="another")

    assert calls.sent == []


def test_a_role_that_it_was_not_given_is_refused(account, calls):
    with pytest.raises(InvalidParameters, match="AutomationAssumeRole"):
        remediate(stack(), AutomationAssumeRole=f"arn:aws:iam::{ACCOUNT}:role/Administrator")

    assert calls.sent == []


def test_other_trails_are_left_alone(account, calls):
    account.create_trail(TRAIL, is_logging=False)
    account.create_trail("another", is_logging=False, is_multi_region=False)
    account.create_trail(f"{TRAIL}-2", is_logging=False)
    before = [trail for trail in account.state() if trail["Name"] != TRAIL]

    assert remediate(stack(BucketName=BUCKET)).status == "Success"

    assert [trail for trail in account.state() if trail["Name"] != TRAIL] == before
    assert len(before) == 2


def test_a_trail_of_that_name_in_another_region_is_left_alone(account, calls):
    elsewhere = boto3.client("cloudtrail", region_name="eu-west-1")
    elsewhere.create_trail(Name=TRAIL, S3BucketName=BUCKET, IsMultiRegionTrail=True)

    assert remediate(stack()).status == "Failed"

    assert not elsewhere.get_trail_status(Name=TRAIL)["IsLogging"]


def data(read_write_type, *buckets, **members):
    resources = [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{bucket}/" for bucket in buckets]}]
    return {"ReadWriteType": read_write_type, "IncludeManagementEvents": False, "DataResources": resources} | members


READ_ONLY = {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}
EVERY = {"ReadWriteType": "All", "IncludeManagementEvents": True}
FUNCTIONS = [{"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]
ONLY_READS = {"Field": "readOnly", "Equals": ["true"]}
SECOND_CATEGORY = {"Field": "eventCategory", "NotEquals": ["Data"]}
# Selectors that are not sufficient, and those that take their place.
REPLACED = {
    "one of data events": (
        {"EventSelectors": [data("WriteOnly", "a", IncludeManagementEvents=True)]},
        {"EventSelectors": [data("WriteOnly", "a", IncludeManagementEvents=True), EVERY]},
    ),
    "one of management events alone": (
        {"EventSelectors": [READ_ONLY, data("All", "a")]},
        {"EventSelectors": [data("All", "a"), EVERY]},
    ),
    "five of data events": (
        {
            "EventSelectors": [
                data("WriteOnly", "a"),
                data("ReadOnly", "b"),
                data("WriteOnly", "c"),
                data("WriteOnly", "d", DataResources=FUNCTIONS),
                data("ReadOnly", "e", IncludeManagementEvents=True),
            ]
        },
        {
            "EventSelectors": [
                data("WriteOnly", "a", "c") | {"DataResources": data("", "a", "c")["DataResources"] + FUNCTIONS},
                data("ReadOnly", "b", "e"),
                EVERY,
            ]
        },
    ),
    "advanced ones of other events": (
        {"AdvancedEventSelectors": advanced(*DATA_FIELDS) + advanced(MANAGEMENT, ONLY_READS)},
        {"AdvancedEventSelectors": [*advanced(*DATA_FIELDS), {"FieldSelectors": [MANAGEMENT]}]},
    ),
    "a second category": (
        {"AdvancedEventSelectors": advanced(MANAGEMENT, SECOND_CATEGORY)},
        {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT]}]},
    ),
}


@pytest.mark.parametrize("scenario", REPLACED)
def test_selectors_are_replaced_as_by_the_command_line_s_remedy(account, calls, scenario):
    before, expected = REPLACED[scenario]
    account.create_trail(TRAIL, selectors=before)
    assert account.verdict()[0] == "NON_COMPLIANT"
    remedy = account.put_event_selectors_of_the_remedy()
    calls.clear()

    assert remediate(stack()).status == "Success"

    assert calls.writes == [PUT]
    assert account.selectors(TRAIL) == expected == remedy
    assert len(expected.get("EventSelectors", [])) <= 5, "CloudTrail takes no more (API, PutEventSelectors)"
    assert account.verdict()[0] == "COMPLIANT"


UNKNOWN = {
    "of a basic selector": {"EventSelectors": [data("ReadOnly", "a") | {"Sample": "10%"}]},
    "of a data resource": {"EventSelectors": [data("ReadOnly", DataResources=[DATA[0] | {"Regions": ["eu-west-1"]}])]},
    "of a field": {"AdvancedEventSelectors": advanced(DATA_FIELDS[0], DATA_FIELDS[1] | {"Matches": ["a*"]})},
}


@pytest.mark.parametrize("place", UNKNOWN)
def test_selectors_with_a_member_that_boto3_does_not_know_are_not_replaced(account, calls, place):
    account.create_trail(TRAIL, is_logging=False)
    before = account.state()
    calls.clear()
    calls.say("GetEventSelectors", {"TrailARN": ARN} | UNKNOWN[place])

    status, message = remediate(stack())

    assert (status, message) == ("Failed", f"a selector of {ARN} has a member that is unknown: nothing was changed")
    assert account.state() == before


@pytest.mark.parametrize("kind", NOTHING_WRONG)
def test_sufficient_selectors_stay_as_they_are(account, calls, kind):
    account.create_trail(TRAIL, is_logging=False, selectors=NOTHING_WRONG[kind])
    before = account.selectors(TRAIL)
    calls.clear()

    assert remediate(stack()).status == "Success"

    assert calls.writes == [START]
    assert account.selectors(TRAIL) == before
    assert account.verdict()[0] == "COMPLIANT"


# Where moto cannot have such a trail.
def test_events_of_global_services_are_included(account, calls):
    account.create_trail(TRAIL)
    calls.clear()
    calls.say("GetTrail", {"Trail": account.described(TRAIL) | {"IncludeGlobalServiceEvents": False}})

    assert remediate(stack()).status == "Success"

    assert calls.writes == [UPDATE]


def test_no_selector_at_all_is_none_of_management_events(account, calls):
    account.create_trail(TRAIL)
    calls.clear()
    calls.say("GetTrail", {"Trail": account.described(TRAIL) | {"HasCustomEventSelectors": True}})

    assert remediate(stack()).status == "Success"

    assert account.selectors(TRAIL) == {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT]}]}


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

    assert remediate(stack(AllowedExcludedEventSources=allowed)).status == "Success"

    assert account.selectors(TRAIL) == before
    assert account.verdict(allowedExcludedEventSources=allowed)[0] == "COMPLIANT"


@pytest.mark.parametrize("scenario", BROKEN)
def test_a_second_run_changes_nothing(account, calls, scenario):
    account.create_trail(TRAIL, **BROKEN[scenario][0])
    assert remediate(stack()).status == "Success"
    calls.clear()

    status, message = remediate(stack())

    assert (status, calls.writes) == ("Success", [])
    assert message == f"Nothing that this runbook repairs is wrong with {ARN}."


@pytest.mark.parametrize("scenario", BROKEN)
def test_what_a_repair_did_not_change_fails_it(account, calls, scenario):
    members, _, (first, *_) = BROKEN[scenario]
    account.create_trail(TRAIL, **members)
    calls.clear()
    calls.say(first.partition(":")[2], {})

    status, message = remediate(stack())

    assert status == "Failed" and message.startswith(f"{ARN} was changed, and still ")


@pytest.mark.parametrize("bucket", ["", BUCKET])
def test_the_role_grants_exactly_the_calls_that_are_made(account, calls, bucket):
    if bucket:
        assert remediate(stack(BucketName=bucket)).status == "Success"
        account.cloudtrail.stop_logging(Name=TRAIL)
        account.cloudtrail.update_trail(Name=TRAIL, IsMultiRegionTrail=False)
        account.cloudtrail.put_event_selectors(TrailName=TRAIL, EventSelectors=[{"ReadWriteType": "ReadOnly"}])
    else:
        account.create_trail(TRAIL, **BROKEN["all-at-once"][0])
    assert remediate(stack(BucketName=bucket)).status == "Success"

    check_allowed(stack(BucketName=bucket), calls)
    assert set(calls.operations) == granted(stack(BucketName=bucket))


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


def test_it_is_tried_five_times_a_day():
    remediation = stack().properties("Remediation")
    assert (remediation["MaximumAutomaticAttempts"], remediation["RetryAttemptSeconds"]) == (5, 24 * 3600)


def test_the_step_runs_with_the_role_and_the_remediation_names_the_runbook():
    another = stack(RuleName="another-rule")
    content, remediation = another.properties("Runbook")["Content"], another.properties("Remediation")
    assert content["assumeRole"] == "{{ AutomationAssumeRole }}"
    assert content["mainSteps"][0]["inputs"]["InputPayload"]["RuleName"] == "another-rule"
    assert (remediation["TargetId"], remediation["ConfigRuleName"]) == ("the-Runbook", "another-rule")
    assert remediation["Parameters"] == {
        "AutomationAssumeRole": {"StaticValue": {"Values": ["arn:aws:Role:Arn"]}},
        "TrailName": {"StaticValue": {"Values": [TRAIL]}},
    }


class Mutant(Stack):
    """The same stack, with another text in the place of one in its runbook's script."""

    def __init__(self, text, other, **parameters):
        super().__init__(TEMPLATE, TrailName=TRAIL, **parameters)
        inputs = self.template["Resources"]["Runbook"]["Properties"]["Content"]["mainSteps"][0]["inputs"]
        assert inputs["Script"].count(text) == 1, text
        inputs["Script"] = inputs["Script"].replace(text, other)


def unrecorded(*_):
    pass


NO_VERDICT = test_where_the_rule_has_no_verdict_it_changes_nothing_and_says_so
NOTHING = test_where_nothing_that_it_repairs_is_wrong_it_changes_nothing_and_says_so
REPAIR = test_a_broken_trail_is_repaired_by_the_calls_that_it_needs
REPLACE = test_selectors_are_replaced_as_by_the_command_line_s_remedy
NOT_UNDERSTOOD = test_selectors_with_a_member_that_boto3_does_not_know_are_not_replaced
NO_SELECTOR = test_no_selector_at_all_is_none_of_management_events
# A text of the script, what takes its place, and the test that then fails, with what it is tried on.
MUTANTS = [
    ("if annotation.startswith(NO_VERDICT):", "if False:", NO_VERDICT, "no trail can be read", False),
    ('("Could not verify", "Rule misconfigured:")', '("Could not verify",)', NO_VERDICT, "misconfigured", False),
    ('if of["ResourceType"] == "AWS::::Account":', "if True:", REPAIR, "stopped", unrecorded),
    ("if left := changes(events):", "if left := {}:", test_what_a_repair_did_not_change_fails_it, "stopped"),
    ('if not events["BucketName"]:', "if False:", test_without_a_bucket_a_missing_trail_is_an_error),
    ('if trail.get("IsOrganizationTrail"):', "if False:", test_an_organization_trail_is_refused, {}),
    ("if not is_logging:", "if True:", NOTHING, "default selectors", ""),
    ("if not is_logging:", "if False:", REPAIR, "stopped", unrecorded),
    ('if not trail.get("IsMultiRegionTrail") or', "if", REPAIR, "single-region", unrecorded),
    (' or trail.get("IncludeGlobalServiceEvents") is False', "", test_events_of_global_services_are_included),
    ("if not is_understood:", "if False:", NOT_UNDERSTOOD, "of a field"),
    ('return trail.get("HasCustomEventSelectors") is False', "return True", NO_SELECTOR),
    ('return trail.get("HasCustomEventSelectors") is False', "return False", NOTHING, "default selectors", ""),
    ('and selector.get("ReadWriteType", "All").lower() == "all"', "", REPAIR, "write-only", unrecorded),
    ('and set(selector.get("ExcludeManagementEventSources", [])) <= allowed', "", REPAIR, "excluding", unrecorded),
    ('and set(field["NotEquals"]) <= allowed', "", REPAIR, "excluding-advanced", unrecorded),
    ("categories == [EVERY_MANAGEMENT_EVENT]", "EVERY_MANAGEMENT_EVENT in categories", REPLACE, "a second category"),
    ('if selector.get("DataResources")]', "]", REPLACE, "one of management events alone"),
    ("if len(others) >= MAX_EVENT_SELECTORS:", "if False:", REPLACE, "five of data events"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant[0]} -> {mutant[1]}")
def test_each_wrong_script_is_found(account, calls, monkeypatch, mutant):
    text, other, test, *arguments = mutant
    monkeypatch.setitem(globals(), "stack", lambda **parameters: Mutant(text, other, **parameters))

    with pytest.raises(AssertionError):
        test(account, calls, *arguments)
