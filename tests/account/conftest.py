"""What several claims rest on; what is asked once."""

import organization as org
import pytest
from claims import PROBE, CannotTell, Deployment, waited_for


@pytest.fixture(scope="session")
def aws(options):
    return org.Aws(options.region)


@pytest.fixture(scope="session")
def deployment(aws, options):
    """Without it no claim can be asked about."""
    try:
        return Deployment(aws, options.stack_name)
    except org.AwsError as error:
        org.note(str(error))
    except SystemExit:
        pass
    return pytest.exit("", 2)


@pytest.fixture(scope="session")
def write(options):
    """Leave to change something."""
    if not options.write:
        raise CannotTell("needs --write")


@pytest.fixture(scope="session")
def evaluated(deployment):
    """How often the function has evaluated, by its log."""
    return deployment.lines_of_log('{ $.message = "evaluated" }')


@pytest.fixture(scope="session")
def evaluation(write, deployment):
    """Starts one; answers the account's result before it, or why that is not known."""
    try:
        before = deployment.verdict()
    except org.AwsError as error:
        before = error
    deployment.start(deployment.rule)
    return before


@pytest.fixture(scope="session")
def probe(write, aws, deployment, fails_with):
    """What becomes of the rows that a rule of its own puts; however that ends, the rule's stack is deleted."""
    name = f"{deployment.stack_name}-probe"
    try:
        aws.deploy_stack(name, PROBE, "--capabilities", "CAPABILITY_IAM")
        rule = org.outputs(aws.stack(name))["ConfigRuleName"]
        for _ in waited_for(300):
            rows = {resource: verdict for (_, resource), (verdict, _) in deployment.results(rule).items()}
            if "done" in rows:
                return rows
            # The rule runs by itself when it is made; this is for the case that it did not.
            deployment.start(rule)
        raise CannotTell("the rule of the probe has no results after five minutes")
    finally:
        try:
            aws.delete_stack(name)
        except org.AwsError as error:
            fails_with(f"delete the stack {name}, if it is there: {error}")


@pytest.fixture(scope="session")
def findings(aws, deployment):
    """The compliance and the severity of each finding of the rule."""
    title = f'"Title":[{{"Value":"{deployment.rule}","Comparison":"EQUALS"}}]'
    filters = f'{{"ProductName":[{{"Value":"Config","Comparison":"EQUALS"}}],{title}}}'
    answer = aws.found("not subscribed", "securityhub", "get-findings", "--filters", filters)
    if answer is None:
        raise CannotTell("Security Hub is not on")
    if not answer["Findings"]:
        raise CannotTell(f"no finding has the title {deployment.rule}")
    return [(each["Compliance"]["Status"], each["Severity"]["Label"]) for each in answer["Findings"]]
