"""What a tenant has subscribed to, and at which prices."""

from __future__ import annotations

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


def _name(catalog: Catalog, kind: str, id_: str) -> str:
    found = catalog.documents.get((kind, id_))
    return str(found["document"].get("name", "") or id_) if found else id_
