"""The only place where a Lambda is described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from aws_cdk import AssetHashType, Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from infra import bundle, names
from infra.neighbours import adot_layer, bus_arn, dead_letters, platform_role, told
from infra.permissions import (
    accept,
    allow,
    land,
    read_objects,
    service_role,
    use_key,
    write_objects,
)
from infra.settings import ROOT, Environment

_LATEST = "Python 3.13: the wheels of the layers are pinned for it."
_TRACES = "X-Ray takes segments without naming a resource."


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a function is, and what it carries besides the layers that all have.

    `of_platform`: where a platform lends its role and its ADOT layer, the function takes them.
    """

    timeout_s: int = 120
    memory_mb: int = 512
    disk_mb: int = 512
    layers: tuple[str, ...] = ()
    at_once: int = 3
    of_platform: bool = False


def job(
    stack: Stack, environment: Environment, name: str, shape: Shape, variables: Mapping[str, str]
) -> lambda_.Function:
    """The function `functions/<name>`; its variables are `METERBOOK_…`, named as in Settings."""
    lent = bool(environment.platform) and shape.of_platform
    log = _log(stack, environment, name)
    role = (
        platform_role(stack, environment) if lent else service_role(stack, f"{name}_role", "lambda")
    )
    allow(role, ["logs:CreateLogStream", "logs:PutLogEvents"], log.log_group_arn)
    accept(role, "AwsSolutions-IAM5[Resource::*]", _TRACES)
    layers = [_layer(stack, layer) for layer in ("core", "vendor", *shape.layers)]
    function = lambda_.Function(
        stack,
        name,
        function_name=names.resource(environment, name),
        description=f"Meterbook: functions/{name}",
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler="handler.handler",
        code=lambda_.Code.from_asset(str(ROOT / "functions" / name), exclude=["__pycache__"]),
        layers=[*layers, *([adot_layer(stack, environment)] if lent else [])],
        memory_size=shape.memory_mb,
        ephemeral_storage_size=Size.mebibytes(shape.disk_mb),
        timeout=Duration.seconds(shape.timeout_s),
        reserved_concurrent_executions=shape.at_once,
        role=role,
        log_group=log,
        tracing=lambda_.Tracing.ACTIVE,
        dead_letter_queue=dead_letters(stack, environment),
        retry_attempts=2,
        max_event_age=Duration.hours(6),
        environment={
            "HOME": "/tmp",  # noqa: S108 - the one place where Lambda lets the connector write
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_METRICS_NAMESPACE": names.space(environment),
            "POWERTOOLS_TRACER_CAPTURE_RESPONSE": "false",  # an answer may hold amounts
            **{f"METERBOOK_{key.upper()}": value for key, value in variables.items()},
        },
    )
    accept(function, "AwsSolutions-L1", _LATEST)
    return function


def book_job(
    stack: Stack,
    environment: Environment,
    name: str,
    shape: Shape,
    lands: Sequence[str],
    landing_key_arn: str,
    **variables: str,
) -> lambda_.Function:
    """A function that works with the book: it reads what landed, lands its streams, announces."""
    book = book_variables(stack, environment)
    function = job(stack, environment, name, shape, book | variables)
    role, landing = role_of(function), names.bucket_arn(environment, "landing")
    read_objects(role, landing)
    for stream in lands:
        land(role, landing, stream)
    write_objects(role, landing, names.ANNOUNCED)
    use_key(role, landing_key_arn)
    allow(role, ["events:PutEvents"], bus_arn(stack, environment))
    allow(role, ["secretsmanager:GetSecretValue"], book["snowflake_secret"])
    return function


def book_variables(
    stack: Stack, environment: Environment, role: str = "", secret: str = ""
) -> dict[str, str]:
    """The variables of a function that works with the book (`BookSettings`).

    `role` and `secret` are those of the jobs, unless others are given.
    """
    return {
        "event_source": environment.event_source,
        "event_bus": names.bus(environment),
        "landing_bucket": names.bucket(environment, "landing"),
        "snowflake_account": told(stack, names.consumed(environment, "snowflake/account-locator")),
        "snowflake_warehouse": told(stack, names.snowflake(environment, "warehouse")),
        "snowflake_database": told(stack, names.snowflake(environment, "database")),
        "snowflake_role": role or told(stack, names.snowflake(environment, "ingest-role")),
        "snowflake_secret": secret
        or told(stack, names.snowflake(environment, "ingest-secret-arn")),
    }


def role_of(function: lambda_.Function) -> iam.IRole:
    """The role that a job runs as; each has one."""
    if function.role is None:
        raise TypeError(f"{function.node.path} has no role")
    return function.role


def _log(stack: Stack, environment: Environment, name: str) -> logs.LogGroup:
    return logs.LogGroup(
        stack,
        f"{name}_log",
        log_group_name=f"/aws/lambda/{names.resource(environment, name)}",
        retention=names.RETENTION[environment.log_days],
        removal_policy=RemovalPolicy.DESTROY,
    )


@cache
def _layer(stack: Stack, layer: str) -> lambda_.ILayerVersion:
    """One version per stack: a version that another stack uses could never be replaced."""
    ours = {"core": bundle.core, "engine": bundle.engine}
    folder = ours[layer]() if layer in ours else bundle.wheels(layer)
    return lambda_.LayerVersion(
        stack,
        f"{layer}_layer",
        description=f"Meterbook: {folder.name}",
        code=lambda_.Code.from_asset(
            str(folder), asset_hash=folder.name, asset_hash_type=AssetHashType.CUSTOM
        ),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        compatible_architectures=[lambda_.Architecture.ARM_64],
    )
