"""The licensee's side as one app: the API, the pages and what they load."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from meterbook.serve import tenant_api, tenant_pages
from meterbook.serve.front import front_app
from meterbook.serve.tenant_desk import TenantDesk

__all__ = ["ROUTES", "TenantDesk", "tenant_app"]

ROUTES = (*tenant_api.routes, *tenant_pages.routes)


def tenant_app(desk: TenantDesk) -> APIGatewayHttpResolver:
    """The app over a desk; it takes events of an HTTP API and is safe from many threads."""
    return front_app(desk, ROUTES, tenant_pages.wrong_page)
