"""What a stack uses and another one has made: found by its name, or told by the platform in SSM."""

from __future__ import annotations

from functools import cache

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm

from infra import names
from infra.settings import Environment


def told(stack: Stack, name: str) -> str:
    """The value of an SSM parameter, looked up by CloudFormation at each deploy."""
    return ssm.StringParameter.value_for_string_parameter(stack, name)


def bus_arn(stack: Stack, environment: Environment) -> str:
    """The bus: ours, or the platform's."""
    if environment.platform:
        return told(stack, names.consumed(environment, f"eventbridge/{environment.platform}/arn"))
    return names.arn(environment, "events", f"event-bus/{names.bus(environment)}")


@cache
def dead_letters(stack: Stack, environment: Environment) -> sqs.IQueue:
    """The queue of what could not be delivered: ours, or the platform's."""
    if environment.platform:
        leaf = f"eventbridge/{environment.platform}/dlq-arn"
        arn = told(stack, names.consumed(environment, leaf))
    else:
        arn = names.arn(environment, "sqs", names.resource(environment, "dead-letters"))
    return sqs.Queue.from_queue_arn(stack, "their_dead_letters", arn)


@cache
def platform_role(stack: Stack, environment: Environment) -> iam.IRole:
    """The role that a platform lends; what our jobs need is added to it, nothing is taken away."""
    arn = told(stack, names.consumed(environment, f"iam/lambda/{environment.platform}/arn"))
    return iam.Role.from_role_arn(stack, "platform_role", arn)


@cache
def adot_layer(stack: Stack, environment: Environment) -> lambda_.ILayerVersion:
    """The platform's OpenTelemetry layer."""
    arn = told(stack, names.consumed(environment, "observability/adot-layer-arn"))
    return lambda_.LayerVersion.from_layer_version_arn(stack, "adot_layer", arn)
