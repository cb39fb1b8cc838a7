"""Webhooks out: announcements from the bus through a queue to the function that posts them."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs

from infra import names
from infra.lambdas import Shape, job, role_of
from infra.neighbours import bus_arn
from infra.permissions import accept, allow, read_objects, use_key, write_objects
from infra.settings import Environment
from infra.usage import MAX_AGE, RETRIES

EVENTS = (
    "credit_note_issued",
    "invoice_issued",
    "unattributed_cost_threshold_exceeded",
    "usage_gap_detected",
)
SHAPE = Shape(timeout_s=300, memory_mb=256, at_once=5)
# The first try, and one after each pause of `meterbook.report.send_webhooks`.
TRIES = 10
KEPT = Duration.days(14)
NOTES = f"{names.ANNOUNCED}webhooks/"
ADDRESSES = "webhooks.json"
_SECRETS = "Which addresses there are is said in the catalog; the beginning of the name is ours."


def send_webhooks(
    stack: Stack, environment: Environment, landing_key_arn: str, views_key_arn: str = ""
) -> lambda_.Function:
    """The rule, the queue, and the function, which works with no book and knows no other secret."""
    dead = _dead_letters(stack, environment)
    queue = _queue(stack, environment, dead)
    _rule(stack, environment, queue, dead)
    function = job(
        stack,
        environment,
        "send_webhooks",
        SHAPE,
        {
            "event_source": environment.event_source,
            "landing_bucket": names.bucket(environment, "landing"),
            "views_bucket": names.bucket(environment, "views"),
            "webhook_queue": queue.queue_url,
            "webhook_secrets": names.webhook_secrets(environment),
        },
    )
    # One message at a time: an address that does not answer holds up no other event.
    function.add_event_source(
        sources.SqsEventSource(
            queue, batch_size=1, max_concurrency=SHAPE.at_once, report_batch_item_failures=True
        )
    )
    _permit(environment, function, landing_key_arn, views_key_arn)
    return function


def _dead_letters(stack: Stack, environment: Environment) -> sqs.Queue:
    """What the bus could not hand over, and what ten tries did not bring to every address."""
    dead = sqs.Queue(
        stack,
        "webhook_dead_letters",
        queue_name=names.resource(environment, "webhook-dead-letters"),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        retention_period=KEPT,
        enforce_ssl=True,
    )
    accept(dead, "AwsSolutions-SQS3", "This queue is where the dead letters of the other go.")
    return dead


def _queue(stack: Stack, environment: Environment, dead: sqs.Queue) -> sqs.Queue:
    return sqs.Queue(
        stack,
        "webhooks",
        queue_name=names.resource(environment, "webhooks"),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        # AWS asks for six times what an invocation may last; what has failed waits for its pause.
        visibility_timeout=Duration.seconds(6 * SHAPE.timeout_s),
        retention_period=KEPT,
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=TRIES),
        enforce_ssl=True,
    )


def _rule(stack: Stack, environment: Environment, queue: sqs.Queue, dead: sqs.Queue) -> None:
    bus = events.EventBus.from_event_bus_arn(stack, "webhook_bus", bus_arn(stack, environment))
    events.Rule(
        stack,
        "webhook_rule",
        rule_name=names.resource(environment, "webhooks"),
        description="What was announced and goes out to addresses of the catalog.",
        event_bus=bus,
        event_pattern=events.EventPattern(
            source=[environment.event_source], detail_type=list(EVENTS)
        ),
        targets=[
            targets.SqsQueue(
                queue, dead_letter_queue=dead, retry_attempts=RETRIES, max_event_age=MAX_AGE
            )
        ],
    )


def _permit(
    environment: Environment, function: lambda_.Function, landing_key_arn: str, views_key_arn: str
) -> None:
    """Read the addresses, read and put notes of what was answered, read the webhooks' secrets."""
    role, landing = role_of(function), names.bucket_arn(environment, "landing")
    read_objects(role, landing, NOTES)
    write_objects(role, landing, NOTES)
    use_key(role, landing_key_arn)
    views = names.bucket_arn(environment, "views")
    # Without the right to list, what is not there looks like what is forbidden.
    allow(role, ["s3:ListBucket"], views)
    allow(role, ["s3:GetObject"], f"{views}/{ADDRESSES}")
    if views_key_arn:
        allow(role, ["kms:Decrypt"], views_key_arn)
    secrets = names.arn(
        environment, "secretsmanager", f"secret:{names.webhook_secrets(environment)}*"
    )
    allow(role, ["secretsmanager:GetSecretValue"], secrets, because=_SECRETS)
