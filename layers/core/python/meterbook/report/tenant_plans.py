"""What a tenant has subscribed to, at which prices, and who it is billed through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from meterbook.close.snapshot import Catalog, Fields
from meterbook.report.tenant_view import PLANS_FORM


def plans_document(catalog: Catalog, tenant_id: str) -> Fields:
    """The plans document of a tenant; metrics that only weigh cost are not in it."""
    tenant = catalog.one("tenant", tenant_id)["document"]
    wanted = {f"{one['plan_id']}:{one['plan_version']}" for one in tenant["subscriptions"]}
    plans = [found["document"] for found in catalog.some("plan", wanted)]
    metrics = {rate["metric"] for plan in plans for rate in plan["rates"]}
    metrics |= {plan["levy"]["metric"] for plan in plans if plan.get("levy")}
    return {
        "form": PLANS_FORM,
        "subscriptions": [
            {
                "plan_id": one["plan_id"],
                "version": one["plan_version"],
                "from": one["starts_on"],
                "until": one["ends_on"],
            }
            for one in tenant["subscriptions"]
        ],
        "plans": plans,
        "modules": [
            {
                "module_id": one["module_id"],
                "name": _name(catalog, "module", one["module_id"]),
                "from": one["starts_on"],
                "until": one["ends_on"],
            }
            for one in tenant["modules"]
        ],
        "metrics": [
            {
                "metric": found["id"],
                "name": found["document"].get("name", found["id"]),
                "unit": found["document"]["unit"],
            }
            for found in catalog.some("metric", metrics)
            if found["document"]["visibility"] == "licensee"
        ],
    }


def account_of(catalog: Catalog, tenant_id: str, on: date) -> Fields | None:
    """The account that pays for a tenant on a day, with its id."""
    day = on.isoformat()
    for (kind, _), found in sorted(catalog.documents.items()):
        if kind == "account" and any(
            link["tenant_id"] == tenant_id and link["starts_on"] <= day < link["ends_on"]
            for link in found["document"]["tenants"]
        ):
            return found
    return None


def is_payer(account: Mapping[str, Any], tenant_id: str) -> bool:
    """Whether a tenant sees its account's documents: the account is its own, or it is alone in it.

    Where several tenants share an account under another name, nobody of them sees the whole bill.
    """
    tenants = {link["tenant_id"] for link in account["document"]["tenants"]}
    return account["id"] == tenant_id or tenants == {tenant_id}


def _name(catalog: Catalog, kind: str, id_: str) -> str:
    found = catalog.documents.get((kind, id_))
    return str(found["document"].get("name", "") or id_) if found else id_
