"""By hand after the month, `{"period": "2026-10"}`: freeze each account, or say why not."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.close.close_period import close_period
from meterbook.period import Period
from meterbook.settings import BookSettings
from meterbook_plugs.sockets import open_sockets
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return who was closed, parked, closed before; a run that was cut short is repeated."""
    settings, period = BookSettings.from_environment(), Period.parse(event["period"])
    with open_sockets(settings) as plug:
        done = close_period(plug.book, plug.bus, plug.announced, settings.event_source, period)
    metrics.add_metric(name="accounts_closed", unit=MetricUnit.Count, value=len(done.closed))
    metrics.add_metric(name="accounts_parked", unit=MetricUnit.Count, value=len(done.parked))
    return asdict(done)
