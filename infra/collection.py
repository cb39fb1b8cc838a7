"""Collection: usage from the bus, and the bill from AWS, into the landing bucket."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra import names
from infra.buckets import bucket, key
from infra.cost_export import CostExport
from infra.lambdas import Shape, job, role_of
from infra.neighbours import bus_arn, dead_letters
from infra.permissions import accept, land, read_objects, use_key
from infra.settings import Environment
from infra.usage import MAX_AGE, RETRIES, usage_path


class Collection(Stack):
    """The bus, the one door, and the queue of what could not be delivered."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "collection", stack_name=names.resource(environment, "collection"))
        self.landing_key = key(self, "landing_key", "facts as they landed")
        landing = bucket(self, environment, "landing", self.landing_key)
        if environment.snowflake_trust.pipe_queue_arn:
            _tell_snowpipe(landing, environment.snowflake_trust.pipe_queue_arn)
        bus, queue = _bus(self, environment), _dead_letters(self, environment)
        usage_path(self, environment, bus, landing, self.landing_key.key_arn, queue)
        if environment.cost_export:
            _land_cost_exports(self, environment, self.landing_key.key_arn, queue)


def _bus(stack: Stack, environment: Environment) -> events.IEventBus:
    if environment.platform:
        return events.EventBus.from_event_bus_arn(stack, "bus", bus_arn(stack, environment))
    return events.EventBus(stack, "bus", event_bus_name=names.bus(environment))


def _dead_letters(stack: Stack, environment: Environment) -> sqs.IQueue:
    """Our own queue; where a platform has one, its owner lets EventBridge write to it."""
    if environment.platform:
        return dead_letters(stack, environment)
    queue = sqs.Queue(
        stack,
        "dead_letters",
        queue_name=names.resource(environment, "dead-letters"),
        retention_period=Duration.days(14),
        enforce_ssl=True,
    )
    accept(queue, "AwsSolutions-SQS3", "This queue is where the dead letters of others go.")
    return queue


def _tell_snowpipe(landing: s3.Bucket, queue_arn: str) -> None:
    """Let S3 tell Snowflake's own queue of each object that a pipe waits for."""
    prefixes = (names.CLOSING_RECORDS, *(f"{stream}/" for stream in names.STREAMS))
    resource = landing.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - what the L2 is made of
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        queue_configurations=[_new_objects(queue_arn, prefix) for prefix in prefixes]
    )


def _new_objects(queue_arn: str, prefix: str) -> s3.CfnBucket.QueueConfigurationProperty:
    rule = s3.CfnBucket.FilterRuleProperty(name="prefix", value=prefix)
    below = s3.CfnBucket.S3KeyFilterProperty(rules=[rule])
    return s3.CfnBucket.QueueConfigurationProperty(
        event="s3:ObjectCreated:*",
        queue=queue_arn,
        filter=s3.CfnBucket.NotificationFilterProperty(s3_key=below),
    )


# ---- the bill ----------------------------------------------------------------------------------


def _land_cost_exports(
    stack: Stack, environment: Environment, landing_key_arn: str, queue: sqs.IQueue
) -> None:
    export = CostExport(stack, "cost_export", environment)
    variables = {
        "landing_bucket": names.bucket(environment, "landing"),
        "export_bucket": names.bucket(environment, "exports"),
    }
    shape = Shape(timeout_s=900, memory_mb=2048, disk_mb=10_240)
    function = job(stack, environment, "land_cost_export", shape, variables)
    role, landing = role_of(function), names.bucket_arn(environment, "landing")
    read_objects(role, names.bucket_arn(environment, "exports"), f"{names.EXPORT_PREFIX}/")
    read_objects(role, landing)
    land(role, landing, "cur")
    use_key(role, landing_key_arn)
    target = targets.LambdaFunction(
        function, dead_letter_queue=queue, retry_attempts=RETRIES, max_event_age=MAX_AGE
    )
    events.Rule(
        stack,
        "manifest_rule",
        rule_name=names.resource(environment, "cost-export-manifest"),
        description="AWS has written a Data Export whole: its manifest comes last.",
        event_pattern=export.manifest_pattern,
        targets=[target],
    )
