"""On each deploy that changes it, and by hand: bring Snowflake to what `sql/` says."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.apply_sql import apply_sql
from meterbook.settings import BookSettings
from meterbook_plugs.sockets import open_warehouse
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[str]]:
    """Return the objects that were changed; `{"plan_only": true}` only says which would be."""
    with open_warehouse(BookSettings.from_environment()) as warehouse:
        changed = apply_sql(warehouse, plan_only=event.get("plan_only", False))
    metrics.add_metric(name="sql_objects_changed", unit=MetricUnit.Count, value=len(changed))
    return {"changed": changed}
