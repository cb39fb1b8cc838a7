"""For each announcement on its queue: post it to the addresses outside that are due it."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities import batch
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.report import send_webhooks as webhooks
from meterbook.settings import WebhookSettings
from meterbook_plugs import sockets
from meterbook_plugs.pausing import pausing
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()
processor = batch.BatchProcessor(batch.EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - as the library says
    """Return the messages that failed: SQS gives them again, each time after a longer pause."""
    settings = WebhookSettings.from_environment()
    announced = sockets.bucket(settings.landing_bucket, "announced/")
    sender, secrets = sockets.webhook_sender(), sockets.webhook_secrets(settings)
    desk = webhooks.Desk(sender, secrets, announced, sockets.UtcClock())
    published = sockets.bucket(settings.views_bucket)

    @pausing(sockets.webhook_queue(settings), webhooks.PAUSES_SECONDS)
    @tell_errors(logger)
    def send(record: SQSRecord) -> None:
        answers = webhooks.send_message(desk, published, record.body)
        for answer in webhooks.refused(answers):
            logger.error("a webhook was refused for good", extra={"answer": asdict(answer)})
        metrics.add_metric("webhooks_refused", MetricUnit.Count, len(webhooks.refused(answers)))
        webhooks.must_not_have_failed(answers)

    return batch.process_partial_response(event, send, processor, context)
