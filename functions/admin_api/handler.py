"""On request: what finance asks of the book, and what it does about a month."""

from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.serve.admin_app import AdminDesk, admin_app
from meterbook.serve.identity import Verifier
from meterbook.settings import AdminApiSettings, WebSettings
from meterbook_plugs.sockets import open_book
from meterbook_plugs.telling import tell_errors
from meterbook_plugs.web import UtcClock, audit_store, issuer_keys, job_starter, web_secret

logger, tracer = Logger(), Tracer()


@cache
def app() -> APIGatewayHttpResolver:
    """Plug the desk in once; the book is opened for each request and closed at its end."""
    web, settings = WebSettings.from_environment(), AdminApiSettings.from_environment()
    keys, clock = issuer_keys(web), UtcClock()
    verifier = Verifier(web.issuer, web.audience, keys, clock, web.tenant_claim)
    out = job_starter(settings), verifier, clock, web_secret(web), audit_store(settings)
    return admin_app(AdminDesk(partial(open_book, settings), *out, public_url=web.public_url))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    return app().resolve(event, context)
