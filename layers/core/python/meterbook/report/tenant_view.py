"""What is published for each tenant: where its documents lie, and what their forms are called.

    published.json                       when all was published last, and when it will be again
    tenants/<tenant>/index.json          names every document that belongs together; replaced last
    tenants/<tenant>/documents/…json     a month as the bill tells it, plans, invoices
    tenants/<tenant>/events/…json.gz     the events of one day
    tenants/<tenant>/files/…             invoices as they were sealed, bundles, exports, the logo

All but the two that are replaced have the hash of their content in their key. So whoever holds an
index reads one consistent set, and a document that has changed is another document.
"""

from __future__ import annotations

from meterbook.canonical import sha256
from meterbook.identifier import identifier

PUBLISHED = "published.json"
PUBLISHED_FORM = "meterbook.published.1"
INDEX = "index.json"
INDEX_FORM = "meterbook.tenant_view.1"
MONTH_FORM = "meterbook.tenant_month.1"
DAYS_FORM = "meterbook.tenant_days.1"
EVENTS_FORM = "meterbook.tenant_events.1"
INVOICES_FORM = "meterbook.tenant_invoices.1"
PLANS_FORM = "meterbook.tenant_plans.1"
TENANTS = "tenants/"
_DIGITS = 40


def tenant_prefix(tenant_id: str) -> str:
    """Below which everything of a tenant lies. Errors: `BadIdentifier`, a subclass of refusals."""
    return f"{TENANTS}{identifier(tenant_id, 'tenant id')}/"


def document_key(body: bytes) -> str:
    """Where a document of JSON lies, below its tenant's prefix."""
    return f"documents/{_name(body)}.json"


def events_key(body: bytes) -> str:
    """Where the events of a day lie."""
    return f"events/{_name(body)}.json.gz"


def file_key(body: bytes, suffix: str) -> str:
    """Where a file lies that is handed out as it is; `suffix` such as `pdf`."""
    return f"files/{_name(body)}.{suffix}"


def _name(body: bytes) -> str:
    return sha256(body)[:_DIGITS]
