"""Daily at 06:00 UTC: land what Cost Explorer now says each day of the window cost."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.costs.fetch_aws_costs import fetch_aws_costs
from meterbook.settings import CostSettings
from meterbook_plugs.sockets import cost_explorer, open_sockets
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the delivery's id, its rows, and what asking for them cost."""
    settings = CostSettings.from_environment()
    with open_sockets(settings) as plug:
        done = fetch_aws_costs(
            plug.book,
            cost_explorer(),
            payer=settings.payer,
            owner_tag_key=settings.owner_tag_key,
            module_tag_key=settings.module_tag_key,
        )
    told = {"delivery_id": done.delivery_id, "rows": done.rows, "requests": done.requests}
    costs = {"price_usd": str(done.price_usd), "write_back_s": done.write_back_s}
    logger.info(done.event_type, extra={"event_type": done.event_type, **told, **costs})
    metrics.add_metric("cost_explorer_rows_written_total", MetricUnit.Count, done.rows)
    metrics.add_metric("cost_explorer_requests_total", MetricUnit.Count, done.requests)
    metrics.add_metric("cost_explorer_requests_usd", MetricUnit.NoUnit, float(done.price_usd))
    metrics.add_metric("cost_explorer_write_back_seconds", MetricUnit.Seconds, done.write_back_s)
    return told
