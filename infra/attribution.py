"""Attribution: fetch what AWS and others charged, watch what has no owner or never arrived."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import names
from infra.lambdas import Shape, book_job, role_of
from infra.permissions import allow
from infra.schedules import Rhythm, schedule
from infra.settings import Environment

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
            schedule(self, environment, function, rhythm)


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
