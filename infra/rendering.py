"""The documents: a queue of numbers, and the function that writes the files of each."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs

from infra import names
from infra.lambdas import Shape, job, role_of
from infra.permissions import accept, allow, deny, others_than, read_objects
from infra.settings import Environment

SHAPE = Shape(timeout_s=120, memory_mb=2048, layers=("typeset",), at_once=10)
BATCH = 10
TRIES = 5
KEPT = Duration.days(14)


def render_queue(stack: Stack, environment: Environment) -> sqs.Queue:
    """The queue; what five tries have not written is a dead letter in a queue of its own."""
    dead = sqs.Queue(
        stack,
        "render_dead_letters",
        queue_name=names.resource(environment, "render-dead-letters"),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        retention_period=KEPT,
        enforce_ssl=True,
    )
    accept(dead, "AwsSolutions-SQS3", "This queue is where the dead letters of the other go.")
    return sqs.Queue(
        stack,
        "render",
        queue_name=names.resource(environment, "render"),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        # AWS asks for six times what an invocation may last, for those that were throttled.
        visibility_timeout=Duration.seconds(6 * SHAPE.timeout_s),
        retention_period=KEPT,
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=TRIES),
        enforce_ssl=True,
    )


def hand_over_by(role: iam.IRole, queue: sqs.Queue) -> None:
    """Let this role alone say what is to be written: the queue denies it to everybody else."""
    send, arn = ["sqs:SendMessage"], queue.queue_arn
    allow(role, send, arn)
    queue.add_to_resource_policy(deny("OnlyTheIssueHandsOver", send, [arn], others_than(role)))


def render_invoice(
    stack: Stack, environment: Environment, queue: sqs.Queue, landing_key_arn: str
) -> lambda_.Function:
    """The function; it reads what was frozen, works with no book, and is told of no secret."""
    buckets = {
        f"{what}_bucket": names.bucket(environment, what) for what in ("landing", "evidence")
    }
    function = job(
        stack,
        environment,
        "render_invoice",
        SHAPE,
        {"event_source": environment.event_source, **buckets},
    )
    role, landing = role_of(function), names.bucket_arn(environment, "landing")
    for place in ("", names.CLOSING_RECORDS):
        read_objects(role, landing, f"{place}closes/")
    allow(role, ["kms:Decrypt"], landing_key_arn)
    function.add_event_source(
        sources.SqsEventSource(
            queue,
            batch_size=BATCH,
            max_concurrency=SHAPE.at_once,
            report_batch_item_failures=True,
        )
    )
    return function
