"""What must never slip in: a permission without a reason, a template that AWS would refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from synthesized import ACCOUNT, ROOT, STACKS, Assembly, listed, plain

ENVIRONMENTS = ("bank-dev", "connected", "dev", "prod")
EXTERNAL = "which providers and webhooks there are is said in the catalog"
# Every resource of an identity's policy that holds a `*`, and why nothing narrower is possible.
WILDCARDS = {
    "*": "X-Ray and Cost Explorer know no resources",
    "arn:aws:s3:::": "the keys of the objects are not known beforehand",
    "<applysqlB3EC93D0.Arn>:*": "the versions of the function that a deploy starts",
    "<fetchawscosts": "the versions of the function that a schedule starts",
    "<fetchexternalcosts": "the versions of the function that a schedule starts",
    "<watchunattributedcosts": "the versions of the function that a schedule starts",
    "<watchusagegaps": "the versions of the function that a schedule starts",
    "<closeperiod": "the versions of the function that a schedule starts",
    "<issueinvoices": "the versions of the function that a schedule starts",
    "<publishtenantviews": "the versions of the function that a schedule starts",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:meterbook-": EXTERNAL,
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:bank-dev/external/*": EXTERNAL,
}
ROLE = "AWS::IAM::Role"
RESOURCELESS = {"xray:PutTelemetryRecords", "xray:PutTraceSegments", "ce:GetCostAndUsage"}
A_BUCKET = """
from aws_cdk import App, Stack, Validations
from aws_cdk.aws_s3 import Bucket
from cdk_nag import AwsSolutionsChecks
from infra.permissions import accept
app = App()
bucket = Bucket(Stack(app, "stack"), "bucket")
accept(bucket, "AwsSolutions-S1", "to see that an acceptance counts for what it names, no more")
Validations.of(app).add_plugins(AwsSolutionsChecks())
app.synth()
"""


def statements(assembly: Assembly, environment: str) -> list[dict[str, object]]:
    """Every statement of every policy of a role, inside it or attached to it."""
    found = []
    for stack in STACKS:
        template = assembly.stages[environment][stack]
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            policies = properties.get("Policies", []) if resource["Type"] == ROLE else []
            if resource["Type"] == "AWS::IAM::Policy":
                policies = [properties]
            for policy in policies:
                found += plain(policy["PolicyDocument"]["Statement"], template)
    return found


def test_every_environment_has_the_six_stacks(assembly: Assembly) -> None:
    assert tuple(sorted(assembly.stages)) == ENVIRONMENTS
    assert all(set(stage) == set(STACKS) for stage in assembly.stages.values())


def test_cfn_lint_finds_no_error(assembly: Assembly) -> None:
    templates = [str(path) for path in sorted(assembly.folder.rglob("*.template.json"))]
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--non-zero-exit-code", "error"]
    command += ["--format", "json"]
    done = subprocess.run([*command, *templates], check=False, capture_output=True, text=True)
    errors = [one for one in json.loads(done.stdout or "[]") if one["Level"] == "Error"]
    assert done.returncode == 0, errors or done.stderr


def test_cdk_nag_stops_synth_at_what_nobody_has_accepted(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", A_BUCKET],
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "AwsSolutions-S10" in told
    assert "AwsSolutions-S1'" not in told


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_permission_holds_a_wildcard_without_a_reason(
    assembly: Assembly, environment: str
) -> None:
    for statement in statements(assembly, environment):
        actions, resources = listed(statement["Action"]), listed(statement["Resource"])
        assert not [action for action in actions if "*" in action]
        for resource in resources:
            if "*" in resource:
                assert [known for known in WILDCARDS if resource.startswith(known)], resource
            if resource == "*":
                assert set(actions) <= RESOURCELESS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_role_of_ours_has_a_policy_that_amazon_may_change(
    assembly: Assembly, environment: str
) -> None:
    managed = [
        name
        for name, role in assembly.resources(environment, ROLE).items()
        if role["Properties"].get("ManagedPolicyArns")
    ]
    # The CDK's own function that starts apply_sql at a deploy.
    assert [name for name in managed if "TriggerCustomResourceProvider" not in name] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nobody_is_given_the_right_to_delete(assembly: Assembly, environment: str) -> None:
    given = {
        action
        for statement in statements(assembly, environment)
        for action in listed(statement["Action"])
    }
    # A queue lets go of a message only by a deletion: the pipe has put it on the bus by then, and
    # the documents of the number are stored. What is published can be published again.
    given -= {"sqs:DeleteMessage", "s3:DeleteObject"}
    assert not [action for action in given if "Delete" in action or "Bypass" in action]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_what_can_be_published_again_may_be_deleted(
    assembly: Assembly, environment: str
) -> None:
    deleted = {
        resource
        for statement in statements(assembly, environment)
        if "s3:DeleteObject" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    web = environment != "bank-dev"
    assert deleted == (
        {f"arn:aws:s3:::meterbook-{environment}-views-{ACCOUNT}/*"} if web else set()
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_thing_that_can_be_tagged_tells_whose_cost_it_is(
    assembly: Assembly, environment: str
) -> None:
    for stack in STACKS:
        for name, resource in assembly.stages[environment][stack]["Resources"].items():
            tags = resource.get("Properties", {}).get("Tags")
            if isinstance(tags, list):
                told = {tag["Key"]: tag["Value"] for tag in tags}
                assert told["tenant_id"] == "platform", name
                assert told["module_id"] == "meterbook", name
            if resource["Type"] in ("AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::KMS::Key"):
                assert tags or "CustomResourceProvider" in name, name
