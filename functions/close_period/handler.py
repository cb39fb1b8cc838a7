"""Every day, or by hand with `{"period": "2026-10"}`: freeze last month if it is ready."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.close.close_period import close_when_ready
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
    """Return who was closed, who is parked, and what the month still waits for."""
    settings = BookSettings.from_environment()
    period = event.get("period") and Period.parse(event["period"])
    with open_sockets(settings) as plug:
        found = close_when_ready(
            plug.book, plug.bus, plug.announced, settings.event_source, period or None
        )
    counts = {
        "accounts_closed": len(found.done.closed),
        "accounts_parked": len(found.done.parked),
        "accounts_blocked": len(found.open_accounts),
        "close_blocked_days": found.blocked_days,
    }
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    return asdict(found)
