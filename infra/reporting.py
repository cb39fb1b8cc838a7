"""Reporting: the names under which others find what is published."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import names
from infra.settings import Environment


class Reporting(Stack):
    """The contract in SSM: the public views, the source of our events, the two daily jobs."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "reporting", stack_name=names.resource(environment, "reporting"))
        for leaf, value in _contract(environment).items():
            ssm.StringParameter(
                self,
                leaf,
                parameter_name=names.published(environment, leaf),
                string_value=value,
                description=f"Meterbook publishes: {leaf}",
            )


def _contract(environment: Environment) -> dict[str, str]:
    """Leaf → value, with the leaves of MOD-098. A bus of our own is named for those who send."""
    jobs = {
        "event-source-name": environment.event_source,
        "cost-explorer-fetcher-arn": names.function_arn(environment, "fetch_aws_costs"),
        "unattributed-monitor-arn": names.function_arn(environment, "watch_unattributed_costs"),
    }
    bus = {"event-bus-arn": names.arn(environment, "events", f"event-bus/{names.bus(environment)}")}
    return names.public_views(environment) | jobs | ({} if environment.platform else bus)
