"""The only place where a job is given its hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from aws_cdk import Duration, Stack, TimeZone
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets

from infra import names
from infra.neighbours import dead_letters
from infra.permissions import accept_wildcards, service_role
from infra.settings import Environment


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When jobs start (cron fields, UTC), and for how long a start is tried again.

    `name` is the group's, which one stack makes for its own jobs.
    """

    name: str
    tried_for: Duration
    cron: Mapping[str, str]


def schedule(
    stack: Stack, environment: Environment, function: lambda_.Function, rhythm: Rhythm
) -> None:
    """Run the function in its rhythm; what cannot be started is a dead letter."""
    name = function.node.id
    role = service_role(stack, f"{name}_schedule_role", "scheduler")
    because = "The construct names the versions of the function besides the function."
    accept_wildcards(role, f"{function.function_arn}:*", because=because)
    scheduler.Schedule(
        stack,
        f"{name}_schedule",
        schedule_name=names.resource(environment, name),
        schedule_group=_group(stack, environment, rhythm.name),
        schedule=scheduler.ScheduleExpression.cron(**rhythm.cron, time_zone=TimeZone.ETC_UTC),
        target=targets.LambdaInvoke(
            function,
            role=role,
            dead_letter_queue=dead_letters(stack, environment),
            retry_attempts=12,
            max_event_age=rhythm.tried_for,
        ),
    )


@cache
def _group(stack: Stack, environment: Environment, name: str) -> scheduler.ScheduleGroup:
    return scheduler.ScheduleGroup(
        stack, name, schedule_group_name=names.resource(environment, name)
    )
