"""The claims of docs/unverified.md that an account can be asked about, in the page's order."""

import organization as org
from claims import CannotTell, Holds, Refuted, waited_for
from organization import Aws, AwsError

# --- AWS Config


def test_discovered_trail_ids(aws, deployment):
    listed = ["list-discovered-resources", "--resource-type", "AWS::CloudTrail::Trail"]
    ids = [each["resourceId"] for each in aws.ask("configservice", *listed)["resourceIdentifiers"]]
    if not ids:
        raise CannotTell("AWS Config has discovered no trail in this Region")
    of_others = [trail["Name"] for trail in deployment.trails(are_own=False)]
    for identifier in ids:
        if identifier.startswith("arn:") and f":{deployment.account}:trail/" in identifier:
            raise Refuted(f"an own trail by ARN: {identifier}")
        if identifier in of_others:
            raise Refuted(f"another account's trail by name: {identifier}")
    raise Holds(" ".join(ids))


def test_long_rule_name(deployment):
    name = "cis-3-1-cloudtrail-all-regions-under-a-name-of-more-than-64-characters"
    code = "rows"
    try:
        deployment.results(name)
    except AwsError as error:
        code = error.code
        if code not in ("NoSuchConfigRuleException", "ValidationException"):
            raise
    kind = Refuted if code == "ValidationException" else Holds
    raise kind(f"a name of {len(name)} characters is answered with {code}")


def test_lambda_rule_status(aws, deployment):
    asked = ["describe-config-rule-evaluation-status", "--config-rule-names", deployment.rule]
    for status in aws.ask("configservice", *asked)["ConfigRulesEvaluationStatus"]:
        if "LastSuccessfulInvocationTime" in status:
            raise Holds(f"it was invoked at {status['LastSuccessfulInvocationTime']}")
    if deployment.verdict():
        raise Refuted("the rule has a result, and nothing says that it was invoked")
    raise CannotTell("the rule has no result yet")


def test_start_limit(evaluation, deployment):
    if deployment.start(deployment.rule):
        raise Refuted("a second evaluation was started at once")
    raise Holds("a second start is answered with LimitExceededException")


def test_result_time(evaluation, deployment):
    if isinstance(evaluation, AwsError):
        raise evaluation
    if evaluation is None:
        raise CannotTell("the account had no result before")
    for _ in waited_for(120):
        after = deployment.verdict()
        if after and after != evaluation:
            break
    else:
        raise Refuted(f"still {' '.join(evaluation)}, two minutes after an evaluation was started")
    if after[0] != evaluation[0]:
        raise CannotTell("the verdict is another one than before")
    raise Holds(f"{' '.join(evaluation)} became {' '.join(after)}")


def test_older_timestamp(probe):
    row = probe.get("older-timestamp", "none")
    if row == "COMPLIANT":
        raise Holds("the row with the later timestamp stayed")
    raise Refuted(f"the row became {row}")


def test_not_applicable(probe):
    if "withdrawn" in probe:
        raise Refuted(f"the row is still there as {probe['withdrawn']}")
    raise Holds("the row disappeared")


# --- CloudTrail


def test_member_reads_trail(deployment):
    trails = deployment.trails(are_own=False)
    if not trails:
        raise CannotTell("this account sees no other account's trail")
    said, refused = [], 0
    for trail in trails:
        home = Aws(trail["HomeRegion"])
        for operation, option in (("get-trail-status", "--name"), ("get-event-selectors", "--trail-name")):
            try:
                home.ask("cloudtrail", operation, option, trail["TrailARN"])
                said.append(f"{trail['Name']}: {operation} is answered")
            except AwsError as error:
                refused += 1
                said.append(f"{trail['Name']}: {operation} is answered with {error.code}")
    kind = {0: Refuted, len(said): Holds}.get(refused, CannotTell)
    raise kind("; ".join(said))


def test_selectors_elsewhere(deployment):
    trails = deployment.trails(are_own=True)
    if not trails:
        raise CannotTell("this account has no trail")
    home = trails[0]["HomeRegion"]
    pairs = [("us-gov-west-1", "us-gov-east-1"), ("cn-north-1", "cn-northwest-1"), ("us-east-1", "us-west-2")]
    others = {one: other for pair in pairs for one, other in (pair, pair[::-1])}
    elsewhere = others.get(home, "us-east-1")
    try:
        Aws(elsewhere).ask("cloudtrail", "get-event-selectors", "--trail-name", trails[0]["TrailARN"])
    except AwsError as error:
        if error.code.startswith("AccessDenied"):
            raise
        raise Holds(f"{elsewhere} answers with {error.code} for the trail of {home}") from error
    raise Refuted(f"{elsewhere} answers for the trail of {home}")


def test_trail_delivers(aws, deployment):
    arn = org.outputs(deployment.beside("trail"))["TrailArn"]
    status = aws.ask("cloudtrail", "get-trail-status", "--name", arn)
    errors = {name: status.get(name) for name in ("LatestDeliveryError", "LatestCloudWatchLogsDeliveryError")}
    if any(errors.values()):
        raise Refuted(", ".join(f"{name} is {error}" for name, error in errors.items() if error))
    times = [status.get(name) for name in ("LatestDeliveryTime", "LatestCloudWatchLogsDeliveryTime")]
    if not all(times):
        raise CannotTell("it has not delivered yet; that takes a quarter of an hour")
    raise Holds(f"to S3 at {times[0]}, to CloudWatch Logs at {times[1]}")


def test_regions_govcloud(aws):
    if not aws.region.startswith("us-gov-"):
        raise CannotTell("this is not GovCloud (US)")
    raise Holds(f"{len(aws.ask('account', 'list-regions')['Regions'])} Regions are listed")


# --- Lambda and CloudWatch


def test_function_starts(deployment, evaluated):
    crashed = deployment.lines_of_log("?Runtime.InvalidEntrypoint ?Runtime.ExitError ?GLIBC_")
    if crashed:
        raise Refuted(f"{crashed} lines of the log say that it did not start")
    if not evaluated:
        raise CannotTell("it has not been invoked yet")
    raise Holds(f"{evaluated} invocations in the log")


def test_other_partitions(aws, deployment):
    if not aws.region.startswith(("us-gov-", "cn-")):
        raise CannotTell("this is neither GovCloud (US) nor China")
    raise Holds(f"the stack {deployment.stack_name} is {deployment.status} in {aws.region}")


def test_platform_report(deployment, evaluated):
    reports = deployment.lines_of_log('{ $.type = "platform.report" && $.record.status = "success" }')
    if reports:
        raise Holds(f"{reports} reports of success in the log")
    if evaluated:
        raise Refuted("the function ran, and no platform.report with record.status says so")
    raise CannotTell("the function has not been invoked yet")


def test_metrics_arrive(aws):
    metrics = aws.ask("cloudwatch", "list-metrics", "--namespace", "CloudTrailAllRegions")["Metrics"]
    if not metrics:
        raise CannotTell("none is listed: new ones take some minutes, and EmitMetrics=false makes none")
    raise Holds(f"{len(metrics)} metrics in the namespace CloudTrailAllRegions")


def test_alarms_have_data(aws, deployment):
    named = ["--alarm-name-prefix", f"{deployment.stack_name}-"]
    alarms = aws.ask("cloudwatch", "describe-alarms", *named)["MetricAlarms"]
    states = " ".join(alarm["StateValue"] for alarm in alarms)
    if not states:
        raise CannotTell(f"no alarm's name begins with {deployment.stack_name}-")
    if "INSUFFICIENT_DATA" in states:
        raise CannotTell(f"their states are: {states}; try again after two days")
    raise Holds(f"their states are: {states}")


# --- What is told and repaired


def test_state_machine(aws, deployment):
    machine = org.outputs(deployment.beside("near-real-time"))["StateMachineArn"]
    executions = aws.ask("stepfunctions", "list-executions", "--state-machine-arn", machine)["executions"]
    states = [execution["status"] for execution in executions]
    if not states:
        raise CannotTell("no trail was touched yet")
    kind = Refuted if {"FAILED", "TIMED_OUT"}.intersection(states) else Holds
    raise kind(f"its executions are: {' '.join(states)}")


def in_words(findings):
    return "; ".join(" ".join(finding) for finding in findings)


def test_security_hub_finding(findings):
    raise Holds(in_words(findings))


def test_security_hub_severity(findings, deployment):
    wanted = org.values(deployment.beside("security-hub"))["Severity"]
    severities = {severity for status, severity in findings if status == "FAILED"}
    if not severities:
        raise CannotTell("no finding has failed")
    if wanted == "MEDIUM":
        raise CannotTell("security-hub.yaml was told MEDIUM, which every finding has at first")
    kind = Holds if severities == {wanted} else Refuted
    raise kind(in_words(findings))


def test_runbook_repairs(aws, deployment):
    runbook = org.outputs(deployment.beside("remediation"))["RunbookName"]
    named = ["--filters", f"Key=DocumentNamePrefix,Values={runbook}"]
    answer = aws.ask("ssm", "describe-automation-executions", *named)
    states = [each["AutomationExecutionStatus"] for each in answer["AutomationExecutionMetadataList"]]
    if not states:
        raise CannotTell("it has not been run")
    kind = Holds if states[0] == "Success" else Refuted
    raise kind(f"its executions are, the latest first: {' '.join(states)}")
