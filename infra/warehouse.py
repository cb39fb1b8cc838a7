"""Warehouse: what lets Snowflake read the landing bucket, and what brings it to `sql/`."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.triggers import Trigger
from constructs import Construct

from infra import names
from infra.lambdas import Shape, book_variables, job, role_of
from infra.permissions import allow, read_objects
from infra.settings import Environment


class Warehouse(Stack):
    """The role of Snowflake's storage integration, and `apply_sql` at each deploy."""

    def __init__(self, scope: Construct, environment: Environment, landing_key_arn: str) -> None:
        super().__init__(scope, "warehouse", stack_name=names.resource(environment, "warehouse"))
        if environment.snowflake_trust.user_arn:
            _reader(self, environment, landing_key_arn)
        function = _apply_sql(self, environment)
        # A new version of the function, which a changed file below `sql/` makes, runs once.
        Trigger(self, "apply", handler=function, timeout=Duration.minutes(14))


def _apply_sql(stack: Stack, environment: Environment) -> lambda_.Function:
    """It logs in as the deployer, with a key of its own: the jobs' user owns nothing."""
    secret = names.resource(environment, "snowflake-deployer")
    variables = book_variables(stack, environment, environment.snowflake_deployer, secret)
    function = job(stack, environment, "apply_sql", Shape(timeout_s=900), variables)
    # Secrets Manager adds six characters of its own to the name.
    secret_arn = names.arn(environment, "secretsmanager", f"secret:{secret}-??????")
    allow(role_of(function), ["secretsmanager:GetSecretValue"], secret_arn)
    return function


def _reader(stack: Stack, environment: Environment, landing_key_arn: str) -> None:
    """The role that Snowflake takes to read the landing bucket, and nothing else."""
    trust = environment.snowflake_trust
    role = iam.Role(
        stack,
        "snowflake",
        role_name=names.resource(environment, "snowflake"),
        assumed_by=iam.ArnPrincipal(trust.user_arn).with_conditions(
            {"StringEquals": {"sts:ExternalId": trust.external_id}}
        ),
    )
    landing = names.bucket_arn(environment, "landing")
    read_objects(role, landing)
    allow(role, ["s3:GetBucketLocation"], landing)
    allow(role, ["kms:Decrypt"], landing_key_arn)
