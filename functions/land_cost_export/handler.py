"""When AWS has written the manifest of a Data Export: land what it lists as one delivery."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.costs.land_cost_export import land_cost_export
from meterbook.settings import LandingSettings
from meterbook_plugs.sockets import bucket
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Take S3's event `Object Created`; return the delivery's id."""
    settings = LandingSettings.from_environment()
    delivery = land_cost_export(
        bucket(settings.landing_bucket),
        bucket(settings.export_bucket),
        event["detail"]["object"]["key"],
    )
    rows = sum(file.row_count for file in delivery.files)
    metrics.add_metric("cost_export_rows_landed_total", MetricUnit.Count, rows)
    return {"delivery_id": delivery.delivery_id}
