"""Attach the usage layer to a function of your own CDK app, in one line.

    attach_usage_layer(function, module_id="MOD-042", meterbook=Meterbook("prod"))

This file stands alone: copy it into your app, it needs aws-cdk-lib and nothing else of Meterbook.
Function and Meterbook are in the same account and region; everything is found there by its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import ArnFormat, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm

HANDLER = "meterbook_usage.handler.handler"
DETAIL_TYPE = "usage_recorded"
COUNTS = "{ $.UsageEventsRecorded = * }"


@dataclass(frozen=True, slots=True)
class Meterbook:
    """The deployment that takes the usage: its environment, and what differs from the usual.

    `bus` is the name of a platform's bus, where usage goes to that one. `layer_arn` is the version
    of the layer; without it, the one that Meterbook published last is taken at each deploy (its
    SSM parameter), which a deployment on a platform's bus does not publish.
    """

    stage: str
    prefix: str = "meterbook"
    bus: str = ""
    event_source: str = "meterbook"
    layer_arn: str = ""
    owner_tag_key: str = "tenant_id"
    module_tag_key: str = "module_id"

    def name(self, what: str) -> str:
        """A name of this deployment, for example `meterbook-prod-usage-spill`."""
        return f"{self.prefix}-{self.stage}-{what}"


def attach_usage_layer(
    function: lambda_.Function,
    *,
    module_id: str,
    meterbook: Meterbook,
    tenant_id: str = "platform",
    tenant_path: str = "",
    deadline_seconds: int = 2,
) -> None:
    """Attach the layer, let it send, count what it records, and tag the function for the bill.

    `tenant_id` is who the function's own cost belongs to: one tenant, or a pool like `platform`.
    With `tenant_path`, for example `event:headers.x-tenant-id`, invocations and GB-seconds are
    recorded without a line of code. `deadline_seconds` is the longest that a flush may hold the
    function. Give the function a `log_group`, or the CDK adds a function of its own to find one.
    Errors: `ValueError` for a function that is not Python.
    """
    if function.runtime.family != lambda_.RuntimeFamily.PYTHON:
        raise ValueError(
            f"{function.node.path} runs {function.runtime.name}, and the usage layer is Python. "
            "Put packs of usage events on the bus yourself, in the form that docs/attach.md shows."
        )
    function.add_layers(_layer(function, meterbook))
    told = {
        "MODULE": module_id,
        "BUS": meterbook.bus or f"{meterbook.prefix}-{meterbook.stage}",
        "SOURCE": meterbook.event_source,
        "SPILL_QUEUE": _queue_url(function, meterbook),
        "DEADLINE_SECONDS": str(deadline_seconds),
    }
    if tenant_path:
        told |= {"HANDLER": _intercept(function), "TENANT_PATH": tenant_path}
    for name, value in told.items():
        function.add_environment(f"METERBOOK_USAGE_{name}", value)
    _let_send(function, meterbook, told["BUS"])
    _count(function, meterbook)
    Tags.of(function).add(meterbook.owner_tag_key, tenant_id)
    Tags.of(function).add(meterbook.module_tag_key, module_id)


def _layer(function: lambda_.Function, meterbook: Meterbook) -> lambda_.ILayerVersion:
    name = f"/{meterbook.prefix}/{meterbook.stage}/metering/usage-layer-arn"
    arn = meterbook.layer_arn or ssm.StringParameter.value_for_string_parameter(function, name)
    return lambda_.LayerVersion.from_layer_version_arn(function, "usage_layer", arn)


def _intercept(function: lambda_.Function) -> str:
    """Put the layer's handler before the function's own, and return which that was."""
    resource = function.node.default_child
    if not isinstance(resource, lambda_.CfnFunction) or not resource.handler:
        raise ValueError(f"{function.node.path} names no handler that could be intercepted.")
    own, resource.handler = resource.handler, HANDLER
    return own


def _let_send(function: lambda_.Function, meterbook: Meterbook, bus: str) -> None:
    """Exactly two rights: to put usage on the bus, and to spill.

    Usage alone: what Meterbook announces on that bus is posted to customers under its signature.
    """
    only_usage = {"StringEquals": {"events:detail-type": DETAIL_TYPE}}
    bus_arn = _arn(function, "events", "event-bus", bus)
    spill_arn = _arn(function, "sqs", meterbook.name("usage-spill"))
    for statement in (
        iam.PolicyStatement(
            actions=["events:PutEvents"], resources=[bus_arn], conditions=only_usage
        ),
        iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[spill_arn]),
    ):
        function.add_to_role_policy(statement)


def _count(function: lambda_.Function, meterbook: Meterbook) -> None:
    """Send the lines in which the layer counts what it recorded on their own way to the book."""
    logs.CfnSubscriptionFilter(
        function,
        "usage_counts",
        log_group_name=function.log_group.log_group_name,
        filter_name=meterbook.name("usage-counts"),
        filter_pattern=COUNTS,
        destination_arn=_arn(
            function, "firehose", "deliverystream", meterbook.name("usage-counts")
        ),
        role_arn=Stack.of(function).format_arn(
            service="iam",
            region="",
            resource="role",
            resource_name=meterbook.name("usage-counts-logs"),
        ),
    )


def _queue_url(function: lambda_.Function, meterbook: Meterbook) -> str:
    stack = Stack.of(function)
    queue = meterbook.name("usage-spill")
    return f"https://sqs.{stack.region}.{stack.url_suffix}/{stack.account}/{queue}"


def _arn(function: lambda_.Function, service: str, resource: str, name: str = "") -> str:
    form = ArnFormat.SLASH_RESOURCE_NAME if name else ArnFormat.NO_RESOURCE_NAME
    return Stack.of(function).format_arn(
        service=service, resource=resource, resource_name=name or None, arn_format=form
    )
