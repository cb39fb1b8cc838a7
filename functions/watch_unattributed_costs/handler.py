"""Daily at 08:00 UTC: announce each settled day that has too much cost without an owner."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.settings import BookSettings
from meterbook.watch.watch_unattributed_costs import watch_unattributed_costs
from meterbook_plugs.sockets import open_sockets
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Return how many days were announced for the first time."""
    settings = BookSettings.from_environment()
    with open_sockets(settings) as plug:
        done = watch_unattributed_costs(plug.book, plug.bus, plug.announced, settings.event_source)
    told = {"event_type": done.event_type, "published": done.published}
    logger.info(done.event_type, extra={**told, "unattributed_share": str(done.latest_share)})
    metrics.add_metric("unattributed_days", MetricUnit.Count, done.published)
    metrics.add_metric("unattributed_share", MetricUnit.NoUnit, float(done.latest_share))
    return {"published": done.published}
