"""For each number on the queue of `issue_invoices`: write the documents that are not stored yet."""

from functools import partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.invoice.render_invoice import Archive, render_message
from meterbook.settings import RenderSettings
from meterbook_plugs.sockets import bucket
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - as the library says
    """Return the messages that failed: SQS gives them again, and then to the dead letters."""
    settings = RenderSettings.from_environment()
    archive = Archive(bucket(settings.evidence_bucket), bucket(settings.landing_bucket))
    render = tell_errors(logger)(partial(render_message, archive))
    done = process_partial_response(event, lambda record: render(record.body), processor, context)
    failed, asked = len(done["batchItemFailures"]), len(event["Records"])
    metrics.add_metric("documents_written", MetricUnit.Count, asked - failed)
    metrics.add_metric("documents_not_written", MetricUnit.Count, failed)
    return done
