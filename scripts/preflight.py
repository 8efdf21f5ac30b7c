"""The preflight of scripts/deploy-organization: every problem at once, each with the command that mends it."""

import json
import sys

import organization as org
from organization import STACK_SETS, AwsError, StackSet, fail

LISTED_AT_MOST = 1_100  # accounts, in organization.yaml
PERMISSIONS_AT_MOST = 60  # accounts, in organization-permissions.yaml
# organization.yaml's description; AWS's resource schemas of these Regions have no AWS::Lambda::ResourcePolicy.
WITHOUT_RESOURCE_POLICY = ["cn-north-1", "cn-northwest-1", "me-central-1", "us-gov-east-1", "us-gov-west-1"]
# rule.yaml reserves 50 concurrent runs for a central function, and Lambda keeps 100 for all others.
CONCURRENCY_NEEDED = 150


class Preflight:
    """What was found out before anything is changed."""

    def __init__(self, given, aws):
        self.given, self.aws = given, aws
        self.problems = []
        self.caller = aws.ask("sts", "get-caller-identity")
        self.account = self.caller["Account"]
        self.partition = self.caller["Arn"].split(":")[1]
        self.organization = self.management = self.first = None
        self.accounts, self.closed, self.all, self.auditors = {}, {}, {}, []

    def problem(self, what, command):
        self.problems.append((what, command))

    def stack_set(self, what, template=None, depends_on=()):
        name = f"{self.given.stack_name}-{what}"
        return StackSet(self.aws, name, self.call_as, template, self.given.units, depends_on)

    def run(self):
        """Ends the program where there is a problem."""
        self.check_organization()
        if self.organization:
            self.check_stack_sets()
            self.check_accounts()
        self.check_region()
        self.check_auditors()
        self.check_way()
        self.check_account()
        if self.given.artifact_bucket and self.organization:
            self.check_bucket()
        for what, command in self.problems:
            print(f"{org.PROGRAM}: {org.printable(what)}\n    {org.printable(command)}", file=sys.stderr)
        if self.problems:
            many = len(self.problems)
            fail(2, f"nothing was deployed: {many} problem{'s' * (many > 1)}, each with what mends it")

    def check_organization(self):
        found = self.aws.found("AWSOrganizationsNotInUse", "organizations", "describe-organization")
        if not found:
            self.problem(f"account {self.account} is in no organization", "scripts/deploy   # for this account alone")
            return
        self.organization = found["Organization"]["Id"]
        self.management = found["Organization"]["MasterAccountId"]
        if found["Organization"]["FeatureSet"] != "ALL":
            command = "aws organizations enable-all-features   # in the management account"
            self.problem("the organization has not all features on; stack sets need them", command)

    def check_stack_sets(self):
        self.call_as = "SELF" if self.account == self.management else "DELEGATED_ADMIN"
        self.register = (
            f"aws organizations register-delegated-administrator --account-id {self.account} "
            f"--service-principal {STACK_SETS}   # in the management account"
        )
        if self.partition == "aws-cn":
            self.problem(
                "in China stack sets cannot be service-managed",
                "see 'China' in docs/organization.md: the same templates in a self-managed stack set",
            )
            return
        try:
            access = ["cloudformation", "describe-organizations-access", "--call-as", self.call_as]
            is_trusted = self.aws.ask(*access)["Status"] == "ENABLED"
        except AwsError as error:
            if self.call_as == "SELF" or error.code != "ValidationError":
                raise
            is_trusted = True  # only a delegated administrator is told
        if not is_trusted:
            command = "aws cloudformation activate-organizations-access   # in the management account"
            self.problem("CloudFormation has no trusted access to the organization", command)
        if self.call_as == "SELF":
            return
        try:
            administrators = self.aws.ask(
                "organizations", "list-delegated-administrators", "--service-principal", STACK_SETS
            )["DelegatedAdministrators"]
        except AwsError as error:
            if "AccessDenied" not in error.code:
                raise
            administrators = []
        if self.account not in [each["Id"] for each in administrators]:
            self.problem(f"account {self.account} is no delegated administrator for stack sets", self.register)

    def check_accounts(self):
        try:
            self.all = {each["Id"]: each for each in self.aws.ask("organizations", "list-accounts")["Accounts"]}
            below = []
            for unit in self.given.units:
                below += org.accounts_below(self.aws, unit)
        except AwsError as error:
            mends = self.register if "AccessDenied" in error.code else "aws organizations list-roots   # the root's id"
            self.problem(str(error), mends)
            return
        for account in below:
            if account["Id"] != self.management:
                (self.accounts if org.is_open(account) else self.closed)[account["Id"]] = account
        if not self.accounts:
            self.problem(
                f"there is no account in {', '.join(self.given.units)} that a stack set reaches",
                "aws organizations list-accounts   # which accounts there are",
            )
            return
        self.first = self.given.first or min(self.accounts)
        if self.first not in self.accounts:
            self.problem(
                f"--first {self.first} is not among the {len(self.accounts)} accounts to deploy to",
                f"--first {min(self.accounts)}",
            )
        if self.given.way == "central" and self.given.admit == "accounts":
            few = self.aws.region in WITHOUT_RESOURCE_POLICY
            at_most = PERMISSIONS_AT_MOST if few else LISTED_AT_MOST
            if len(self.admitted()) > at_most:
                self.problem(
                    f"{len(self.admitted()):,} accounts find no room in the function's policy in {self.aws.region}, "
                    f"which takes {at_most:,}",
                    "--way each" if few else "--way each, or --admit organization",
                )
        if self.given.admit == "organization" and self.aws.region in WITHOUT_RESOURCE_POLICY:
            self.problem(
                f"Lambda in {self.aws.region} has no policy that admits an organization",
                f"--admit accounts (up to {PERMISSIONS_AT_MOST}), or --way each",
            )

    def admitted(self):
        """The accounts that a list admits: all that get the rule, and this one and the management account."""
        return sorted({*self.accounts, self.account, self.management})

    def check_region(self):
        regions = ["ec2", "describe-regions", "--all-regions", "--region-names", self.aws.region]
        status = self.aws.ask(*regions)["Regions"][0]["OptInStatus"]
        if status != "opt-in-not-required" and not self.given.region_is_enabled:
            self.problem(
                f"{self.aws.region} is an opt-in Region, which is off in an account until it is enabled there",
                f"aws account enable-region --region-name {self.aws.region} --account-id ACCOUNT   # for each, then "
                "--region-is-enabled; or another Region by --region",
            )

    def check_auditors(self):
        me = self.own_arn()
        if not me:
            return
        # Where there is a problem already, the stack sets may be out of sight.
        described = None if self.problems else self.stack_set("role", "member-role.yaml").described()
        given = [each for arns in self.given.auditor for each in arns.split(",") if each]
        kept = org.values(described or {}).get("AuditorPrincipalArns", "")
        self.auditors = given or [*filter(None, kept.split(","))]
        if given and me not in given:
            self.problem("the first verdict is read with your role, which --auditor leaves out", f"--auditor {me}")
        elif me not in self.auditors:
            self.auditors.append(me)

    def own_arn(self):
        """The role or user that calls, as aws:PrincipalArn names it: without the session, with the path."""
        arn = self.caller["Arn"]
        if ":assumed-role/" not in arn:
            if ":user/" in arn:
                return arn
            self.problem(f"{arn} can assume no role", "sign in as a role, or as a user")
            return None
        role = arn.split("/")[1]
        try:
            return self.aws.ask("iam", "get-role", "--role-name", role)["Role"]["Arn"]
        except AwsError as error:
            self.problem(f"whether your role has a path is not known: {error}", f"allow it iam:GetRole on {role}")
            return None

    def check_way(self):
        """Without --way nobody turns a central function into thousands."""
        described = None if self.problems else self.stack_set("rule").described()
        was = "central" if described and "FunctionArn" in org.values(described) else "each"
        if described and was != self.given.way:
            self.problem(
                f"the organization has the rule by --way {was}",
                f"--way {was}, or scripts/remove-organization first",
            )

    def check_account(self):
        name = self.given.stack_name
        stack = self.aws.stack(name)
        parameters = org.values(stack or {})
        if self.given.way == "each":
            # A stack set's stack has another name.
            if stack and self.account in (*self.accounts, self.management):
                self.problem(
                    f"the stack {name} has made the rule in this account already",
                    f"scripts/remove --stack-name {name} --region {self.aws.region}",
                )
            return
        reserves = self.given.parameters.get("ReservedConcurrency", parameters.get("ReservedConcurrency", ""))
        if reserves == "" and not (stack and parameters.get("MemberRoleName")):
            limit = self.aws.ask("lambda", "get-account-settings")["AccountLimit"]["UnreservedConcurrentExecutions"]
            if limit < CONCURRENCY_NEEDED:
                self.problem(
                    f"of this account's {limit} concurrent runs none can be reserved for the function; it wants 50, "
                    "and Lambda keeps 100",
                    "ReservedConcurrency=none, or aws service-quotas request-service-quota-increase "
                    "--service-code lambda --quota-code L-B99A9384 --desired-value 1000",
                )

    def check_bucket(self):
        bucket = self.given.artifact_bucket
        place = ["--bucket", bucket, "--expected-bucket-owner", self.account]
        try:
            versioning = self.aws.ask("s3api", "get-bucket-versioning", *place).get("Status")
            policy = self.aws.found("NoSuchBucketPolicy", "s3api", "get-bucket-policy", *place) or {}
        except AwsError as error:
            self.problem(str(error), "--artifact-bucket with a bucket of this account, or none, and one is made")
            return
        if versioning != "Enabled":
            self.problem(
                f"the bucket {bucket} keeps no versions, so that nothing could pin what runs",
                f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled",
            )
        if self.given.way == "each" and not self.lets_the_organization_read(policy.get("Policy", "{}")):
            statement = {
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": f"arn:{self.partition}:s3:::{bucket}/cloudtrail-all-regions/*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": self.organization}},
            }
            self.problem(
                f"the organization may not read the bucket {bucket}",
                f"add to its policy, by aws s3api put-bucket-policy: {json.dumps(statement)}",
            )

    def lets_the_organization_read(self, policy):
        for statement in json.loads(policy).get("Statement", []):
            actions = statement.get("Action", [])
            actions = [actions] if isinstance(actions, str) else actions
            names = statement.get("Condition", {}).get("StringEquals", {}).get("aws:PrincipalOrgID", [])
            names = [names] if isinstance(names, str) else names
            if statement.get("Effect") == "Allow" and self.organization in names and "s3:GetObjectVersion" in actions:
                return True
        return False
