"""Attribution: fetch what AWS and others charged, watch what has no owner or never arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from aws_cdk import Duration, Stack, TimeZone
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from infra import names
from infra.lambdas import Shape, book_job, role_of
from infra.neighbours import dead_letters
from infra.permissions import accept_wildcards, allow, service_role
from infra.settings import Environment


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When jobs start (cron fields, UTC), and for how long a start is tried again."""

    name: str
    tried_for: Duration
    cron: Mapping[str, str]


FETCH = Rhythm("daily", Duration.hours(12), {"minute": "0", "hour": "6"})
EXTERNAL = Rhythm("daily", Duration.hours(12), {"minute": "30", "hour": "6"})
WATCH = Rhythm("daily", Duration.hours(12), {"minute": "0", "hour": "8"})
# Not on the hour: the daily jobs refresh the same models then.
HOURLY = Rhythm("hourly", Duration.minutes(30), {"minute": "30"})


class Attribution(Stack):
    """The jobs that run by themselves; the daily ones as large as MOD-098 makes them."""

    def __init__(self, scope: Construct, environment: Environment, landing_key_arn: str) -> None:
        super().__init__(
            scope, "attribution", stack_name=names.resource(environment, "attribution")
        )
        fetch = book_job(
            self,
            environment,
            "fetch_aws_costs",
            Shape(timeout_s=300, of_platform=True),
            ["aws_cost"],
            landing_key_arn,
            payer=environment.payer or self.account,
            owner_tag_key=environment.owner_tag_key,
            module_tag_key=environment.module_tag_key,
        )
        because = "Cost Explorer has no resources: who may ask, may ask for the whole bill."
        allow(role_of(fetch), ["ce:GetCostAndUsage"], "*", because=because)
        external = _fetch_external_costs(self, environment, landing_key_arn)
        watch = book_job(
            self,
            environment,
            "watch_unattributed_costs",
            Shape(timeout_s=120, of_platform=True),
            [],
            landing_key_arn,
        )
        gaps = book_job(
            self, environment, "watch_usage_gaps", Shape(timeout_s=600), [], landing_key_arn
        )
        starts = ((fetch, FETCH), (external, EXTERNAL), (watch, WATCH), (gaps, HOURLY))
        for function, rhythm in starts:
            _schedule(self, environment, function, rhythm)


def _fetch_external_costs(
    stack: Stack, environment: Environment, landing_key_arn: str
) -> lambda_.Function:
    """It asks the providers one by one, each with the secret that its catalog document names."""
    secrets = names.external_secrets(environment)
    function = book_job(
        stack,
        environment,
        "fetch_external_costs",
        Shape(timeout_s=900),
        ["external_cost"],
        landing_key_arn,
        external_secrets=secrets,
    )
    secret_arns = names.arn(environment, "secretsmanager", f"secret:{secrets}*")
    because = (
        "Which providers there are is said in the catalog, not here; the prefix is ours alone."
    )
    allow(role_of(function), ["secretsmanager:GetSecretValue"], secret_arns, because=because)
    return function


def _schedule(
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
