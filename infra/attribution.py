"""Attribution: fetch what AWS charged, and watch what nobody owns."""

from __future__ import annotations

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

FETCH_HOUR = 6
WATCH_HOUR = 8


class Attribution(Stack):
    """The two daily jobs, with the memory and the time-outs that MOD-098 gives them."""

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
        watch = book_job(
            self,
            environment,
            "watch_unattributed_costs",
            Shape(timeout_s=120, of_platform=True),
            [],
            landing_key_arn,
        )
        group = scheduler.ScheduleGroup(
            self, "daily", schedule_group_name=names.resource(environment, "daily")
        )
        _daily(self, environment, group, fetch, FETCH_HOUR)
        _daily(self, environment, group, watch, WATCH_HOUR)


def _daily(
    stack: Stack,
    environment: Environment,
    group: scheduler.ScheduleGroup,
    function: lambda_.Function,
    hour: int,
) -> None:
    """Run the function every day at the hour (UTC); what cannot be started is a dead letter."""
    name = function.node.id
    role = service_role(stack, f"{name}_schedule_role", "scheduler")
    because = "The construct names the versions of the function besides the function."
    accept_wildcards(role, f"{function.function_arn}:*", because=because)
    scheduler.Schedule(
        stack,
        f"{name}_schedule",
        schedule_name=names.resource(environment, name),
        schedule_group=group,
        schedule=scheduler.ScheduleExpression.cron(
            minute="0", hour=str(hour), time_zone=TimeZone.ETC_UTC
        ),
        target=targets.LambdaInvoke(
            function,
            role=role,
            dead_letter_queue=dead_letters(stack, environment),
            retry_attempts=12,
            max_event_age=Duration.hours(12),
        ),
    )
