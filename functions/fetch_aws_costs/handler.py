"""Daily at 06:00 UTC: land what Cost Explorer now says each day of two months cost."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.costs.fetch_aws_costs import fetch_aws_costs
from meterbook.settings import CostSettings
from meterbook_plugs.sockets import cost_explorer, open_sockets

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the delivery's id, its rows, and what asking for them cost."""
    settings = CostSettings.from_environment()
    with open_sockets(settings) as plug:
        fetched = fetch_aws_costs(
            plug.book,
            cost_explorer(),
            payer=settings.payer,
            owner_tag_key=settings.owner_tag_key,
            module_tag_key=settings.module_tag_key,
        )
    done = {"event_type": "cost_explorer_fetch_completed", "price_usd": str(fetched.price_usd)}
    logger.info(fetched.delivery_id, extra=done)
    metrics.add_metric("cost_explorer_rows_written_total", MetricUnit.Count, fetched.rows)
    return {"delivery_id": fetched.delivery_id, "rows": fetched.rows, "requests": fetched.requests}
