"""Collection: usage from the bus, and the bill from AWS, into the landing bucket."""

from __future__ import annotations

from aws_cdk import Duration, Size, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra import names
from infra.buckets import bucket, key
from infra.cost_export import CostExport
from infra.lambdas import Shape, job, role_of
from infra.neighbours import bus_arn, dead_letters
from infra.permissions import (
    accept,
    allow,
    land,
    read_objects,
    service_role,
    use_key,
    write_objects,
)
from infra.settings import Environment

RETRIES = 24
MAX_AGE = Duration.hours(24)


class Collection(Stack):
    """The bus, the one door, and the queue of what could not be delivered."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "collection", stack_name=names.resource(environment, "collection"))
        self.landing_key = key(self, "landing_key", "facts as they landed")
        landing = bucket(self, environment, "landing", self.landing_key)
        if environment.snowflake_trust.pipe_queue_arn:
            _tell_snowpipe(landing, environment.snowflake_trust.pipe_queue_arn)
        bus, queue = _bus(self, environment), _dead_letters(self, environment)
        stream = _usage_stream(self, environment, landing, self.landing_key.key_arn)
        _usage_rule(self, environment, bus, stream, queue)
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


# ---- usage -------------------------------------------------------------------------------------


def _usage_stream(
    stack: Stack, environment: Environment, landing: s3.Bucket, landing_key_arn: str
) -> firehose.DeliveryStream:
    """One JSON line per pack, gzipped, under the date of arrival (UTC)."""
    log = logs.LogGroup(stack, "usage_log", retention=logs.RetentionDays.ONE_MONTH)
    role = service_role(stack, "usage_role", "firehose")
    landing_arn = names.bucket_arn(environment, "landing")
    # As AWS words it for Firehose, which writes in parts.
    allow(
        role,
        ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
        landing_arn,
    )
    for prefix in (names.LANDED_USAGE, names.REFUSED_USAGE):
        write_objects(role, landing_arn, prefix)
        allow(role, ["s3:AbortMultipartUpload"], f"{landing_arn}/{prefix}*")
    use_key(role, landing_key_arn)
    allow(role, ["logs:PutLogEvents"], log.log_group_arn)
    destination = firehose.S3Bucket(
        landing,
        # The permissions above are all that it needs; the construct would give it more.
        role=role.without_policy_updates(),
        buffering_interval=Duration.seconds(300),
        buffering_size=Size.mebibytes(64),
        compression=firehose.Compression.GZIP,
        file_extension=".jsonl.gz",
        data_output_prefix=f"{names.LANDED_USAGE}!{{timestamp:yyyy/MM/dd}}/",
        error_output_prefix=(
            f"{names.REFUSED_USAGE}!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd}}/"
        ),
        processors=[firehose.AppendDelimiterToRecordProcessor()],
        logging_config=firehose.EnableLogging(log),
    )
    made = firehose.DeliveryStream(
        stack,
        "usage",
        delivery_stream_name=names.resource(environment, "usage"),
        destination=destination,
        encryption=firehose.StreamEncryption.aws_owned_key(),
    )
    made.node.add_dependency(role)
    return made


def _usage_rule(
    stack: Stack,
    environment: Environment,
    bus: events.IEventBus,
    stream: firehose.DeliveryStream,
    queue: sqs.IQueue,
) -> None:
    """Packs go on as they are. Written out, since the CDK's Firehose target cannot retry."""
    role = service_role(stack, "usage_rule_role", "events")
    allow(role, ["firehose:PutRecord", "firehose:PutRecordBatch"], stream.delivery_stream_arn)
    rule = events.CfnRule(
        stack,
        "usage_rule",
        name=names.resource(environment, "usage-recorded"),
        description="Packs of usage events, as they are, to the landing bucket.",
        event_bus_name=bus.event_bus_name,
        event_pattern={"detail-type": ["usage_recorded"]},
        targets=[
            events.CfnRule.TargetProperty(
                id="landing",
                arn=stream.delivery_stream_arn,
                role_arn=role.role_arn,
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=MAX_AGE.to_seconds(),
                    maximum_retry_attempts=RETRIES,
                ),
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=queue.queue_arn),
            )
        ],
    )
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
        )
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
