"""Reporting: the names under which others find what is published, and the pages that show it."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import names
from infra.front import front
from infra.people import people
from infra.settings import Environment
from infra.views import Views
from infra.web import admin_api, http_api, routes, tenant_api, web_variables
from infra.webhooks import send_webhooks


class Reporting(Stack):
    """The contract in SSM: public views, the source of our events, two jobs. Then the pages."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        landing_key_arn: str,
        evidence_key_arn: str,
    ) -> None:
        super().__init__(scope, "reporting", stack_name=names.resource(environment, "reporting"))
        for leaf, value in _contract(environment).items():
            _publish(self, environment, leaf, value)
        if environment.web:
            _web(self, environment, landing_key_arn, evidence_key_arn)


def _contract(environment: Environment) -> dict[str, str]:
    """Leaf → value, with the leaves of MOD-098. A bus of our own is named for those who send."""
    jobs = {
        "event-source-name": environment.event_source,
        "cost-explorer-fetcher-arn": names.function_arn(environment, "fetch_aws_costs"),
        "unattributed-monitor-arn": names.function_arn(environment, "watch_unattributed_costs"),
    }
    bus = {"event-bus-arn": names.arn(environment, "events", f"event-bus/{names.bus(environment)}")}
    return names.public_views(environment) | jobs | ({} if environment.platform else bus)


def _web(
    stack: Stack, environment: Environment, landing_key_arn: str, evidence_key_arn: str
) -> None:
    """From the published documents to a browser; each step needs only the ones before it."""
    views = Views(stack, environment, landing_key_arn, evidence_key_arn)
    api = http_api(stack, environment)
    public_url = front(stack, environment, api)
    pool = people(stack, environment, public_url)
    web = web_variables(stack, environment, pool, public_url)
    tenant = tenant_api(stack, environment, views, pool.sign_in_url, web)
    admin = admin_api(stack, environment, landing_key_arn, web)
    routes(api, pool, tenant, admin)
    send_webhooks(stack, environment, landing_key_arn, views.key.key_arn)
    found = {"api-url": public_url, "user-pool-id": pool.pool_id, "client-id": pool.client_id}
    for leaf, value in found.items():
        # A platform's contract lists every parameter; there it is read off the stack.
        if environment.platform:
            CfnOutput(stack, leaf.title().replace("-", ""), value=value)
        else:
            _publish(stack, environment, leaf, value)


def _publish(stack: Stack, environment: Environment, leaf: str, value: str) -> None:
    ssm.StringParameter(
        stack,
        leaf,
        parameter_name=names.published(environment, leaf),
        string_value=value,
        description=f"Meterbook publishes: {leaf}",
    )
