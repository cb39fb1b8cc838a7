"""For each request of a licensee: answer it from what is published for its tenant."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.serve.identity import Verifier
from meterbook.serve.sign_in import SignIn, SignInPlace
from meterbook.serve.tenant_app import TenantDesk, tenant_app
from meterbook.settings import TenantApiSettings, WebSettings
from meterbook_plugs import web as plugs
from meterbook_plugs.telling import tell_errors

# No tracer: loading it takes as long as all the rest, and somebody waits for it.
logger, metrics = Logger(), Metrics()


@cache
def plugged() -> APIGatewayHttpResolver:
    """Plug the app in once for the life of the process: what it has read stays known."""
    web, settings = WebSettings.from_environment(), TenantApiSettings.from_environment()
    clock, secret = plugs.UtcClock(), plugs.web_secret(web)
    who = Verifier(web.issuer, web.audience, plugs.issuer_keys(web), clock, web.tenant_claim)
    place = SignInPlace(settings.sign_in_url, web.audience, web.public_url)
    tokens = plugs.token_endpoint(web, settings)
    hosted = SignIn(place, tokens, who.identity, secret, plugs.nonce, clock)
    stores, url = plugs.tenant_stores(settings), web.public_url
    return tenant_app(TenantDesk(stores, who, clock, secret, public_url=url, sign_in=hosted))


@logger.inject_lambda_context
@metrics.log_metrics
@tell_errors(logger)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one event of the HTTP API; no token and no figure of a tenant reaches the log."""
    answer = plugged().resolve(event, context)
    metrics.add_metric("requests_failed", MetricUnit.Count, int(answer["statusCode"] >= 500))
    return answer
