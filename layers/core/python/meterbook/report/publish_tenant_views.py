"""Publish what each tenant may see, so that no page ever waits for a warehouse.

One run reads the book once for all tenants, writes the documents that have changed, and puts each
tenant's index last: whoever reads meanwhile has the former set, whole. What a set has retired is
removed when the one after it is put. A run that is cut short is repeated; the same book at the same
moment gives the same bytes.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from meterbook.book import Book
from meterbook.canonical import canonical_json
from meterbook.close.snapshot import Catalog, Fields
from meterbook.invoice.issued import issued_documents
from meterbook.ports import ObjectStore, Recalculator, ViewStore
from meterbook.report.tenant_accounts import TenantAccounts
from meterbook.report.tenant_events import write_events
from meterbook.report.tenant_files import Archive, write_exports, write_invoices
from meterbook.report.tenant_folder import TenantFolder
from meterbook.report.tenant_months import write_months
from meterbook.report.tenant_plans import plans_document
from meterbook.report.tenant_view import INDEX_FORM, PUBLISHED, PUBLISHED_FORM
from meterbook.report.webhooks import KEY as WEBHOOKS
from meterbook.report.webhooks import webhook_documents

NEXT = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Published:
    """What a run did: tenants there are, those whose set is another, documents each way."""

    as_of: str
    tenants: int
    changed: int
    written: int
    removed: int


def publish_tenant_views(
    book: Book, evidence: ObjectStore, views: ViewStore, recalculator: Recalculator
) -> Published:
    """Publish what is known now; the book is brought up to date first."""
    book.update()
    now = book.clock.now()
    catalog = Catalog.of(book.query("close_documents"))
    tenants = sorted(id_ for kind, id_ in catalog.documents if kind == "tenant")
    folders = {tenant: TenantFolder(views, tenant) for tenant in tenants}
    archive = Archive.of(book, evidence, issued_documents(book))
    accounts = TenantAccounts(catalog)
    months = write_months(book, archive, recalculator, folders, accounts)
    days = write_events(book, folders)
    done = [
        folder.publish(
            {**_index(catalog, accounts, folder, archive, now.date()), "periods": months[id_]}
            | {"days": days[id_]},
            _moment(now),
        )
        for id_, folder in folders.items()
    ]
    views.replace(WEBHOOKS, webhook_documents(book))
    moments = {"as_of": _moment(now), "next": _moment(now + NEXT)}
    views.replace(PUBLISHED, canonical_json({"form": PUBLISHED_FORM, **moments}).encode())
    return Published(
        moments["as_of"],
        len(done),
        sum(one.is_changed for one in done),
        sum(one.written for one in done),
        sum(one.removed for one in done),
    )


def _index(
    catalog: Catalog,
    accounts: TenantAccounts,
    folder: TenantFolder,
    archive: Archive,
    today: date,
) -> Fields:
    """What an index says besides the months and days."""
    tenant_id = folder.tenant_id
    account = accounts.payer(tenant_id, today)
    account_id = str((account or _NOBODY)["id"])
    seen = accounts.seen_by(tenant_id)
    return {
        "form": INDEX_FORM,
        "tenant_id": tenant_id,
        "name": str(catalog.one("tenant", tenant_id)["document"].get("name", "") or tenant_id),
        "language": str((account or _NOBODY)["document"].get("language", "") or "en"),
        "brand": _brand(catalog, account, folder),
        "account_id": account_id,
        "is_payer": account_id in seen,
        "plans": folder.document(plans_document(catalog, tenant_id)),
        "invoices": write_invoices(archive, seen, folder),
        "focus": write_exports(archive, seen, folder),
    }


_NOBODY: Fields = {"id": "", "document": {}}


def _brand(catalog: Catalog, account: Fields | None, folder: TenantFolder) -> Fields:
    """Under whose name, colour and sign the pages stand: the seller's."""
    if account is None:
        return {"name": "", "colour": "", "logo": {}}
    seller = catalog.one("seller", account["document"]["seller"])["document"]
    logo = seller.get("logo") or {}
    if logo:
        suffix = logo["media_type"].partition("/")[2].partition("+")[0]
        key = folder.file(base64.b64decode(logo["base64"]), suffix)
        logo = {"media_type": logo["media_type"], "key": key}
    return {"name": seller["name"], "colour": seller.get("colour", ""), "logo": logo}


def _moment(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
