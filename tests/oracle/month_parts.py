"""What the parts of a generated month have in common: its tenants and the values it draws from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from oracle.records import Json

T = TypeVar("T")
Pick = Callable[[Sequence[T]], T]
ALWAYS, FOREVER = "1900-01-01", "9999-12-31"
# Ids in an order that a locale, a case-blind collation or a numeric sort would get wrong.
TENANTS = ("9lives", "Zeta.1", "acme", "acme-eu", "b_2:x", "orphan", "planless")
NEWCOMER, JOINS = "Zeta.1", ("2026-10-02", "2026-10-05", "2026-10-07")
LEAVER, LEAVES = "acme-eu", "2026-10-20"
COSTS = (
    "0", "0.0000000000", "4E-10", "1.05E-8", "1.416e-5", "0.000000000001", "-0.0000000003",
    "0.01", "0.1", "0.2", "3.3333333333", "-2.5", "-1E-2", "17.25", "99.9999999999", "1234.5",
)  # fmt: skip
QUANTITIES = ("0", "1", "3", "7", "68", "0.000001", "2.5", "19.999999", "100", "+4", "007.50")
PRICES = ("0", "0.000001", "0.005", "0.085", "0.35", "1.005", "2.5", "12.345678")
SIZES = ("1", "1000", "1000000")
UNITS = {
    "users": "user", "sessions": "session", "calls": "call", "gb": "GB", "exotic": "piece",
    "weight": "second", "retired": "piece", "peak": "session", "seats": "seat", "storage": "GB",
    "vault": "GB", "snowflake_credits": "credit",
}  # fmt: skip


def document(kind: str, key: str, body: Json) -> Json:
    """A catalog row as it is landed; what says nothing of its days holds for ever."""
    whole = {"starts_on": ALWAYS, "ends_on": FOREVER, **body}
    return {"kind": kind, "id": key, "removed": False, "commit": "", "document": whole}


def spans(*entries: Json) -> list[Json]:
    """Entries of a document; one that says nothing of its days holds for ever."""
    return [{"starts_on": ALWAYS, "ends_on": FOREVER, **entry} for entry in entries]


def rule(key: str, position: int, method: str, starts_on: str, **more: object) -> Json:
    """A version of an allocation rule; `match` names what it wants, all else is any."""
    name, version = key.split(":")
    anything = dict.fromkeys(("source", "owner_tag", "module_tag", "service", "account"), "")
    match = more.pop("match", {})
    assert isinstance(match, dict)
    body = {
        "id": name,
        "version": version,
        "position": str(position),
        "method": method,
        "match": {**anything, **match},
        "metric": "",
        "shares": [],
        "tenants": [],
        "starts_on": starts_on,
        **more,
    }
    return document("allocation_rule", key, body)


def shares(parts: dict[str, str]) -> list[Json]:
    """Shares of a rule, by tenant."""
    return [{"tenant_id": tenant, "share": share} for tenant, share in parts.items()]


def aliases(key: str, tag: str, pairs: dict[str, str], **more: object) -> Json:
    listed = [{"raw": raw, "value": value} for raw, value in pairs.items()]
    body = {"id": key, "tag": tag, "fold": False, "aliases": listed, **more}
    return document("tag_aliases", key, body)


def event(
    key: str, tenant: str, metric: str, time: str, quantity: str, unit: str = "", **more: object
) -> Json:
    """A usage event, by default of `/M-1/f`, in the metric's own unit."""
    data = {"quantity": quantity, "unit": unit or UNITS.get(metric, ""), "attributes": {}}
    told = {
        "specversion": "1.0",
        "id": key,
        "source": "/M-1/f",
        "type": metric,
        "subject": tenant,
        "time": time,
        "data": data,
    }
    return {**told, **more}


def counting(
    key: str, tenant: str, metric: str, time: str, counted: str, module: str = "M-1"
) -> Json:
    """An event of a metric that counts different ids."""
    told = event(key, tenant, metric, time, "1", source=f"/{module}/f")
    name = {"users": "customer", "sessions": "session-id"}[metric]
    told["data"]["attributes"] = {name: counted}
    return told


def reversal(of: Json, key: str, quantity: str, **more: object) -> Json:
    """A correction of an event, by default on the next day that the month has."""
    data = {**of["data"], "quantity": quantity, "reverses": of["id"]}
    return {**of, "id": key, "time": "2026-10-09T09:00:00Z", "data": data, **more}
