"""Every four hours, or by hand `{"period": "2026-10"}`: issue what is frozen and seal it."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.invoice.issue_invoices import Desk, issue_invoices
from meterbook.invoice.mail import Post
from meterbook.settings import IssueSettings
from meterbook_plugs.asked import asked_period
from meterbook_plugs.sockets import bucket, mailer, open_sockets, render_queue, signer
from meterbook_plugs.telling import tell_errors

logger, metrics, tracer = Logger(), Metrics(), Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return what was issued, what was not and why; a run that was cut short is repeated."""
    settings = IssueSettings.from_environment()
    evidence, source = bucket(settings.evidence_bucket), settings.event_source
    post = Post(mailer(settings), settings.mail_sender, settings.documents_url)
    with open_sockets(settings) as plug:
        out = render_queue(settings), plug.bus, plug.announced
        run = issue_invoices(
            plug.book, Desk(evidence, signer(settings), *out, source, post), asked_period(event)
        )
    metrics.add_metric("invoices_issued", MetricUnit.Count, len(run.issued))
    metrics.add_metric("accounts_held", MetricUnit.Count, len(run.held))
    metrics.add_metric("invoices_unsealed", MetricUnit.Count, len(run.unsealed))
    metrics.add_metric("oldest_unsealed_hours", MetricUnit.Count, run.unsealed_hours)
    metrics.add_metric("mails_failed", MetricUnit.Count, len(run.unmailed))
    return asdict(run)
