"""Hourly: announce usage that was recorded and has not come, and sources that broke their habit."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.settings import BookSettings
from meterbook.watch.credit_rows import credit_rows_written
from meterbook.watch.watch_usage_gaps import watch_usage_gaps
from meterbook_plugs.sockets import open_sockets
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Return how many gaps and silences were announced for the first time, and checks that fail."""
    settings = BookSettings.from_environment()
    with open_sockets(settings) as plug:
        new = watch_usage_gaps(plug.book, plug.bus, plug.announced, settings.event_source)
        credit_rows = credit_rows_written(plug.book)
    metrics.add_metric(name="UsageGapEvents", unit=MetricUnit.Count, value=new.gaps)
    metrics.add_metric(name="SilentUsageSources", unit=MetricUnit.Count, value=new.silent_sources)
    metrics.add_metric(name="FailedChecks", unit=MetricUnit.Count, value=new.failed_checks)
    metrics.add_metric("snowflake_credit_rows_written_total", MetricUnit.Count, credit_rows)
    return asdict(new)
