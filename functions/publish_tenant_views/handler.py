"""Every four hours: publish what each tenant may see, so that no page waits for a warehouse."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.report.publish_tenant_views import publish_tenant_views
from meterbook.settings import PublishSettings
from meterbook_plugs.engine import recalculator
from meterbook_plugs.sockets import bucket, open_sockets, views
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return of when the figures are, and how many tenants see others than before."""
    settings = PublishSettings.from_environment()
    evidence = bucket(settings.evidence_bucket)
    with open_sockets(settings) as plug:
        done = publish_tenant_views(plug.book, evidence, views(settings), recalculator())
    metrics.add_metric("publishes", MetricUnit.Count, 1)
    metrics.add_metric("tenants_published", MetricUnit.Count, done.changed)
    metrics.add_metric("view_documents_written", MetricUnit.Count, done.written)
    return asdict(done)
