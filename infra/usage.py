"""The way of usage from the bus to the landing bucket, of what spilled, and of the counts."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import AssetHashType, Aws, CfnOutput, Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_pipes as pipes
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm

from infra import bundle, names
from infra.permissions import allow, service_role, use_key, write_objects
from infra.settings import Environment

DETAIL_TYPE = "usage_recorded"
RETRIES = 24
MAX_AGE = Duration.hours(24)
ARCHIVE_DAYS = 90
# Usage is waited for; its counts are compared an hour later, and each object has its price.
BUFFERED = {"usage": Duration.minutes(5), "usage_counts": Duration.minutes(15)}


def usage_path(
    stack: Stack,
    environment: Environment,
    bus: events.IEventBus,
    landing: s3.Bucket,
    landing_key_arn: str,
    dead: sqs.IQueue,
) -> None:
    """All that lies between the layer in somebody's function and the landing bucket."""
    usage = _stream(stack, environment, "usage", landing, landing_key_arn)
    _rule(stack, environment, bus, usage, dead)
    _spill(stack, environment, bus, dead)
    if not environment.platform:
        _archive(stack, environment, bus)
    # CloudWatch Logs sends gzipped batches; what was printed is taken out of them, line by line.
    unpacking: list[firehose.IDataProcessor] = [
        firehose.DecompressionProcessor(),
        firehose.CloudWatchLogProcessor(data_message_extraction=True),
    ]
    counts = _stream(stack, environment, "usage_counts", landing, landing_key_arn, unpacking)
    _let_logs_put(stack, environment, counts)
    _layer(stack, environment)


def _stream(
    stack: Stack,
    environment: Environment,
    name: str,
    landing: s3.Bucket,
    landing_key_arn: str,
    unpacking: Sequence[firehose.IDataProcessor] = (),
) -> firehose.DeliveryStream:
    """One JSON object a line, gzipped, under the hour of arrival (UTC)."""
    log = logs.LogGroup(stack, f"{name}_log", retention=logs.RetentionDays.ONE_MONTH)
    role = _writer(stack, environment, name, landing_key_arn, log)
    destination = firehose.S3Bucket(
        landing,
        # The permissions above are all that it needs; the construct would give it more.
        role=role.without_policy_updates(),
        buffering_interval=BUFFERED[name],
        buffering_size=Size.mebibytes(64),
        compression=firehose.Compression.GZIP,
        file_extension=".jsonl.gz",
        data_output_prefix=f"{name}/!{{timestamp:yyyy/MM/dd/HH}}/",
        error_output_prefix=(
            f"{names.REFUSED}{name}/!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd}}/"
        ),
        processors=[*unpacking, firehose.AppendDelimiterToRecordProcessor()],
        logging_config=firehose.EnableLogging(log),
    )
    made = firehose.DeliveryStream(
        stack,
        name,
        delivery_stream_name=names.resource(environment, name),
        destination=destination,
        encryption=firehose.StreamEncryption.aws_owned_key(),
    )
    made.node.add_dependency(role)
    return made


def _writer(
    stack: Stack, environment: Environment, name: str, landing_key_arn: str, log: logs.LogGroup
) -> iam.Role:
    role = service_role(stack, f"{name}_role", "firehose")
    landing_arn = names.bucket_arn(environment, "landing")
    # As AWS words it for Firehose, which writes in parts.
    allow(
        role,
        ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
        landing_arn,
    )
    for prefix in (f"{name}/", f"{names.REFUSED}{name}/"):
        write_objects(role, landing_arn, prefix)
        allow(role, ["s3:AbortMultipartUpload"], f"{landing_arn}/{prefix}*")
    use_key(role, landing_key_arn)
    allow(role, ["logs:PutLogEvents"], log.log_group_arn)
    return role


def _rule(
    stack: Stack,
    environment: Environment,
    bus: events.IEventBus,
    stream: firehose.DeliveryStream,
    dead: sqs.IQueue,
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
        event_pattern={"detail-type": [DETAIL_TYPE]},
        targets=[
            events.CfnRule.TargetProperty(
                id="landing",
                arn=stream.delivery_stream_arn,
                role_arn=role.role_arn,
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=MAX_AGE.to_seconds(),
                    maximum_retry_attempts=RETRIES,
                ),
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=dead.queue_arn),
            )
        ],
    )
    dead.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[dead.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
        )
    )


def _spill(stack: Stack, environment: Environment, bus: events.IEventBus, dead: sqs.IQueue) -> None:
    """What the layer could not put on the bus waits here; a pipe puts it there, without our code.

    A message is a pack, the `detail` of an entry. One is taken at a time: several large ones
    together would be more than one call to the bus may hold.
    """
    queue = sqs.Queue(
        stack,
        "usage_spill",
        queue_name=names.resource(environment, "usage-spill"),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        visibility_timeout=Duration.minutes(5),
        retention_period=Duration.days(14),
        # Every five minutes for a day: an outage of the bus that is longer needs a person.
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=288),
    )
    role = service_role(stack, "usage_spill_role", "pipes")
    reading = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    allow(role, reading, queue.queue_arn)
    allow(role, ["events:PutEvents"], bus.event_bus_arn)
    pipe = pipes.CfnPipe(
        stack,
        "usage_spill_pipe",
        name=names.resource(environment, "usage-spill"),
        description="Packs that spilled, back to the bus.",
        role_arn=role.role_arn,
        source=queue.queue_arn,
        source_parameters=pipes.CfnPipe.PipeSourceParametersProperty(
            sqs_queue_parameters=pipes.CfnPipe.PipeSourceSqsQueueParametersProperty(batch_size=1)
        ),
        target=bus.event_bus_arn,
        target_parameters=pipes.CfnPipe.PipeTargetParametersProperty(
            input_template="<$.body>",
            event_bridge_event_bus_parameters=(
                pipes.CfnPipe.PipeTargetEventBridgeEventBusParametersProperty(
                    detail_type=DETAIL_TYPE, source=environment.event_source
                )
            ),
        ),
    )
    pipe.node.add_dependency(role)


def _archive(stack: Stack, environment: Environment, bus: events.IEventBus) -> None:
    """Whatever reaches the bus is kept: packs in the landing bucket for ever, all else here.

    So an event that was misnamed, and that no rule takes, can be replayed. To archive the packs a
    second time costs more than all the rest of their way (docs/deploy.md).
    """
    everything = {"version": ["0"]}
    pattern = everything if environment.archive_usage else _ALL_BUT_PACKS
    events.CfnArchive(
        stack,
        "archive",
        archive_name=names.resource(environment, "archive"),
        description="What the bus was told, to be replayed.",
        source_arn=bus.event_bus_arn,
        event_pattern=pattern,
        retention_days=ARCHIVE_DAYS,
    )


def _let_logs_put(stack: Stack, environment: Environment, counts: firehose.DeliveryStream) -> None:
    """The role that a subscription filter names; it is found by its name (`infra/attach.py`)."""
    ours = f"arn:{Aws.PARTITION}:logs:{environment.region}:{Aws.ACCOUNT_ID}:*"
    principal = iam.ServicePrincipal("logs.amazonaws.com")
    role = iam.Role(
        stack,
        "usage_counts_logs",
        role_name=names.resource(environment, "usage-counts-logs"),
        assumed_by=principal.with_conditions({"ArnLike": {"aws:SourceArn": ours}}),
    )
    putting = ["firehose:PutRecord", "firehose:PutRecordBatch"]
    allow(role, putting, counts.delivery_stream_arn)


def _layer(stack: Stack, environment: Environment) -> None:
    """The layer that other teams attach; old versions stay, as functions still name them."""
    folder = bundle.usage()
    layer = lambda_.LayerVersion(
        stack,
        "usage_layer",
        layer_version_name=names.resource(environment, "usage"),
        description=f"Meterbook: {folder.name}",
        code=lambda_.Code.from_asset(
            str(folder), asset_hash=folder.name, asset_hash_type=AssetHashType.CUSTOM
        ),
        compatible_runtimes=[
            lambda_.Runtime.PYTHON_3_11,
            lambda_.Runtime.PYTHON_3_12,
            lambda_.Runtime.PYTHON_3_13,
        ],
        compatible_architectures=[lambda_.Architecture.ARM_64, lambda_.Architecture.X86_64],
        removal_policy=RemovalPolicy.RETAIN,
    )
    # A platform's contract lists every parameter; there the ARN is read off the stack.
    if environment.platform:
        CfnOutput(stack, "UsageLayerArn", value=layer.layer_version_arn)
        return
    ssm.StringParameter(
        stack,
        "usage_layer_arn",
        parameter_name=names.published(environment, "usage-layer-arn"),
        string_value=layer.layer_version_arn,
        description="Meterbook publishes: usage-layer-arn",
    )


_ALL_BUT_PACKS = {"detail-type": [{"anything-but": [DETAIL_TYPE]}]}
