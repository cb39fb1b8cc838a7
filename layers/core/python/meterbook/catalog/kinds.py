"""What each kind of document may say: one short reader per kind, from YAML fields to normal form.

Fields of YAML that SQL knows by another name: `from`/`until` are `starts_on`/`ends_on`, `per` is
`unit_size`, and `module`, `tenant`, `plan` and `version` of an entry carry their suffix there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meterbook.catalog.config import config
from meterbook.catalog.cost_kinds import (
    SOURCES,
    allocation_rule,
    cost_rate,
    query_owners,
    tag_aliases,
    warehouse,
)
from meterbook.catalog.document import Fields
from meterbook.catalog.external_provider import external_provider
from meterbook.catalog.reader import UNIT_SIZES, Reader
from meterbook.money import minor_digits

INVOICE_SERIES = r"[A-Z0-9]{1,12}"
AGGREGATIONS = ("sum", "max", "latest", "time_weighted", "distinct")
CREDITS = "snowflake_credits"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document: the fields that it may have beside kind, id, from and until.

    With `named_elsewhere` the id is a name that others gave, in whatever characters they like.
    """

    fields: str
    read: Callable[[Reader], Fields]
    named_elsewhere: bool = False


def seller(doc: Reader) -> Fields:
    """The legal entity that issues: what stands at the head of its invoices."""
    example = "1 to 12 capital letters and digits, for example INV26"
    return _party(doc) | {
        "name": doc.text("name"),
        "invoice_series": doc.matching("invoice_series", INVOICE_SERIES, example),
        "bank": doc.text("bank", ""),
    }


def _party(doc: Reader) -> Fields:
    email = r"[^@\s]+@[^@\s]+"
    return {
        "address": doc.lines("address"),
        "country": doc.matching("country", "[A-Z]{2}", "an ISO 3166 code such as NZ", ""),
        "tax_id": doc.text("tax_id", ""),
        "email": doc.matching("email", email, "an address such as billing@example.com", ""),
    }


def metric(doc: Reader) -> Fields:
    """What is counted. A `distinct` one names the attribute whose values it counts."""
    aggregation = doc.choice("aggregation", " ".join(AGGREGATIONS), "sum")
    counts = doc.matching("counts", "[A-Za-z_][A-Za-z0-9_-]{0,127}", "an attribute's name", "")
    if (aggregation == "distinct") != bool(counts):
        detail = f"an aggregation of {aggregation} {'needs' if not counts else 'does not take'} it"
        raise doc.refusal("counts", detail, "It names the attribute whose values are counted once.")
    if doc.text("id") in SOURCES:
        detail = f"{doc.text('id')} is a source of cost"
        raise doc.refusal("id", detail, "A line that passes its cost on is named so: take another.")
    if doc.text("id") == CREDITS and (doc.text("unit"), aggregation) != ("credit", "sum"):
        detail = f"{CREDITS} is what Meterbook itself counts of Snowflake"
        raise doc.refusal("id", detail, "Write `unit: credit` and `aggregation: sum`.")
    return {
        "name": doc.text("name", doc.text("id")),
        "unit": doc.text("unit"),
        "aggregation": aggregation,
        "counts": counts,
        "conversions": _conversions(doc, aggregation),
        "visibility": doc.choice("visibility", "licensee internal", "licensee"),
        "domain": doc.text("domain", ""),
    }


def _conversions(doc: Reader, aggregation: str) -> list[Fields]:
    """What else events may be measured in; unit × factor is the metric's own unit, exactly."""
    found = [_conversion(entry) for entry in doc.entries("conversions", "unit factor", pairs=True)]
    if found and aggregation == "distinct":
        detail = "an aggregation of distinct does not take them"
        raise doc.refusal("conversions", detail, "It counts ids, which have no unit to convert.")
    taken = {doc.text("unit")}
    for entry in found:
        if entry["unit"] in taken:
            detail = f"the unit {entry['unit']!r} is converted twice, or is the metric's own"
            raise doc.refusal("conversions", detail, "Keep one factor for each other unit.")
        taken.add(entry["unit"])
    return sorted(found, key=lambda entry: entry["unit"])


def _conversion(entry: Reader) -> Fields:
    factor = entry.decimal("factor", finest=6, digits=11)
    if factor == "0":
        hint = "Write how much of the metric's unit one of this unit is, for example 0.001."
        raise entry.refusal("factor", "0 converts everything to nothing", hint)
    return {"unit": entry.text("unit"), "factor": factor}


def module(doc: Reader) -> Fields:
    """A feature of the platform."""
    return {"name": doc.text("name", doc.text("id"))}


def plan(doc: Reader) -> Fields:
    """A version of a rate card: levy, facility fees, rates, and what cost is passed through."""
    currency = doc.currency("currency")
    digits = minor_digits(currency)
    levy = doc.mapping("levy", "metric unit_price per")
    fees = doc.entries("facility_fees", "module fee", pairs=True)
    rates = doc.entries("rates", "metric included unit_price per")
    body: Fields = {
        "version": doc.version(),
        "currency": currency,
        "passthrough": _passthrough(doc),
        "levy": _price(levy, digits) if levy else {},
        "facility_fees": sorted((_fee(fee, digits) for fee in fees), key=lambda f: f["module_id"]),
        "rates": sorted((_rate(rate, digits) for rate in rates), key=lambda r: r["metric"]),
    }
    _must_bill_credits_once(doc, body)
    return body


def _passthrough(doc: Reader) -> list[str]:
    """The sources whose cost is passed through: all with `true`, none with `false`."""
    given = doc.fields.get("passthrough") or "false"
    if given in ("true", "false"):
        return list(SOURCES) if given == "true" else []
    if isinstance(given, list):
        sources = doc.entries("passthrough", "source")
        return sorted({source.choice("source", " ".join(SOURCES)) for source in sources})
    hint = f"Write true, false, or a list of {', '.join(SOURCES)}."
    raise doc.refusal("passthrough", f"{given!r} is not known here", hint)


def _must_bill_credits_once(doc: Reader, body: Fields) -> None:
    priced = {price["metric"] for price in (body["levy"], *body["rates"]) if price}
    if CREDITS in priced and "snowflake" in body["passthrough"]:
        others = ", ".join(source for source in body["passthrough"] if source != "snowflake")
        detail = f"{CREDITS} has a price, so what Snowflake costs would be invoiced twice"
        hint = f"Write `passthrough: {f'[{others}]' if others else 'false'}`."
        raise doc.refusal("passthrough", detail, hint)


def _price(entry: Reader, digits: int) -> Fields:
    return {
        "metric": entry.identifier("metric"),
        "unit_price": entry.decimal("unit_price", finest=6, shown=digits),
        "unit_size": entry.choice("per", " ".join(UNIT_SIZES), "1"),
    }


def _rate(entry: Reader, digits: int) -> Fields:
    included = entry.decimal("included", finest=6, digits=18, default="0")
    return _price(entry, digits) | {"included": included}


def _fee(entry: Reader, digits: int) -> Fields:
    return {
        "module_id": entry.identifier("module"),
        "fee": entry.decimal("fee", finest=digits, shown=digits),
    }


def tenant(doc: Reader) -> Fields:
    """A licensee: the modules that it runs, and its rate card over time."""
    return {
        "name": doc.text("name", doc.text("id")),
        "modules": doc.timeline("modules", "module", _module, apart="module_id"),
        "subscriptions": doc.timeline("subscriptions", "plan version", _subscription),
    }


def _module(entry: Reader) -> Fields:
    return {"module_id": entry.identifier("module")}


def _subscription(entry: Reader) -> Fields:
    return {"plan_id": entry.identifier("plan"), "plan_version": entry.version()}


def account(doc: Reader) -> Fields:
    """Who pays for which tenants, in which currency, and to which seller."""
    return _party(doc) | {
        "name": doc.text("name"),
        "seller": doc.identifier("seller"),
        "currency": doc.currency("currency"),
        "payment_days": doc.whole("payment_days", 0, 366, "30"),
        "tenants": doc.timeline("tenants", "tenant", _tenant, apart="tenant_id"),
    }


def _tenant(entry: Reader) -> Fields:
    return {"tenant_id": entry.identifier("tenant")}


KINDS = {
    "seller": Kind("name address country tax_id email invoice_series bank", seller),
    "metric": Kind("name unit aggregation counts conversions visibility domain", metric),
    "module": Kind("name", module),
    "plan": Kind("version currency passthrough levy facility_fees rates", plan),
    "tenant": Kind("name modules subscriptions", tenant),
    "account": Kind(
        "name seller currency address country tax_id email payment_days tenants", account
    ),
    "allocation_rule": Kind("version position method match metric shares tenants", allocation_rule),
    "tag_aliases": Kind("tag fold aliases", tag_aliases),
    "warehouse": Kind("dedicated_to otherwise", warehouse, named_elsewhere=True),
    "query_owners": Kind("by owners", query_owners),
    "cost_rate": Kind("value values", cost_rate),
    "external_provider": Kind(
        "name url format rows next total header secret columns", external_provider
    ),
    "config": Kind("value values", config),
}
