"""Finance's side as one app: the API over the book, the pages and the forms of the close."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from meterbook.serve import admin_api, admin_pages
from meterbook.serve.admin_desk import AdminDesk
from meterbook.serve.front import front_app
from meterbook.serve.tenant_pages import wrong_page

__all__ = ["ROUTES", "AdminDesk", "admin_app"]

ROUTES = (*admin_api.routes, *admin_pages.routes)


def admin_app(desk: AdminDesk) -> APIGatewayHttpResolver:
    """The app over a desk; it takes events of an HTTP API and is safe from many threads."""
    return front_app(desk, ROUTES, wrong_page)
