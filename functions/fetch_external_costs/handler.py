"""Daily at 06:30 UTC: land what the providers of the catalog charged by their APIs."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.costs.fetch_external_costs import COMPLETED, fetch_external_costs
from meterbook.settings import ExternalCostSettings
from meterbook_plugs.sockets import external_costs, open_sockets
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the deliveries, one a provider, and how many rows they hold together."""
    settings = ExternalCostSettings.from_environment()
    with open_sockets(settings) as plug:
        fetched = fetch_external_costs(plug.book, external_costs(settings))
    done = {"deliveries": [one.delivery_id for one in fetched]}
    rows = sum(one.rows for one in fetched)
    logger.info(COMPLETED, extra={"event_type": COMPLETED, **done})
    metrics.add_metric("external_cost_rows_written_total", MetricUnit.Count, rows)
    return {**done, "rows": rows}
