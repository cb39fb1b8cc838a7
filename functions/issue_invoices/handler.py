"""By hand after a close, `{"period": "2026-10"}`: write the invoices that are not there yet."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.period import Period
from meterbook.settings import EvidenceSettings
from meterbook_plugs.sockets import bucket, open_sockets
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return what was issued; a run that was cut short is repeated."""
    settings, period = EvidenceSettings.from_environment(), Period.parse(event["period"])
    evidence, source = bucket(settings.evidence_bucket), settings.event_source
    with open_sockets(settings) as plug:
        issued = issue_invoices(plug.book, evidence, plug.bus, plug.announced, source, period)
    metrics.add_metric(name="invoices_issued", unit=MetricUnit.Count, value=len(issued))
    return {"issued": [asdict(invoice) for invoice in issued]}
