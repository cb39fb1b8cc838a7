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
from meterbook.catalog.parties import TAX_CLASSES, account, seller
from meterbook.catalog.rate_card import CREDITS, plan
from meterbook.catalog.reader import Reader
from meterbook.catalog.webhook import webhook

AGGREGATIONS = ("sum", "max", "latest", "time_weighted", "distinct")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document: the fields that it may have beside kind, id, from and until.

    With `named_elsewhere` the id is a name that others gave, in whatever characters they like.
    """

    fields: str
    read: Callable[[Reader], Fields]
    named_elsewhere: bool = False


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
        "tax_class": _tax_class(doc),
    }


def _tax_class(doc: Reader) -> str:
    """Which of a seller's rates of tax it bears where the account is taxed at home."""
    return doc.choice("tax_class", " ".join(TAX_CLASSES), "standard")


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
    return {"name": doc.text("name", doc.text("id")), "tax_class": _tax_class(doc)}


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


_PARTY = "name address city postcode country vat_id tax_id legal_id email contact"
KINDS = {
    "seller": Kind(
        f"{_PARTY} invoice_series credit_note_series tax_rates iban bic bank logo colour", seller
    ),
    "metric": Kind("name unit aggregation counts conversions visibility domain tax_class", metric),
    "module": Kind("name tax_class", module),
    "plan": Kind("version currency passthrough levy facility_fees rates minimum prorate", plan),
    "tenant": Kind("name modules subscriptions", tenant),
    "account": Kind(
        f"{_PARTY} seller currency payment_days tenants tax tax_exemption_reason e_invoice "
        "buyer_reference purchase_order language mail_to discounts credits",
        account,
    ),
    "allocation_rule": Kind("version position method match metric shares tenants", allocation_rule),
    "tag_aliases": Kind("tag fold aliases", tag_aliases),
    "warehouse": Kind("dedicated_to otherwise", warehouse, named_elsewhere=True),
    "query_owners": Kind("by owners", query_owners),
    "cost_rate": Kind("value values", cost_rate),
    "external_provider": Kind(
        "name url format rows next total header secret columns", external_provider
    ),
    "webhook": Kind("url events account secret", webhook),
    "config": Kind("value values", config),
}
