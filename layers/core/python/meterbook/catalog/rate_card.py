"""The reader of a plan: what everything costs on it, and what else it promises."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

from meterbook.catalog.cost_kinds import SOURCES
from meterbook.catalog.document import Fields
from meterbook.catalog.reader import UNIT_SIZES, Reader
from meterbook.money import minor_digits

CREDITS = "snowflake_credits"
# How a metric is priced, and whether the prices stand in tiers.
PRICINGS: Mapping[str, bool] = {
    "flat": False,
    "graduated": True,
    "volume": True,
    "package": False,
}


def plan(doc: Reader) -> Fields:
    """A version of a rate card: levy, facility fees, rates, minimum, and what cost is passed on."""
    currency = doc.currency("currency")
    digits = minor_digits(currency)
    levy = doc.mapping("levy", "metric unit_price per")
    fees = doc.entries("facility_fees", "module fee", pairs=True)
    rates = doc.entries("rates", "metric included unit_price per pricing tiers")
    markups = _passthrough(doc)
    body: Fields = {
        "version": doc.version(),
        "currency": currency,
        "passthrough": sorted(markups),
        "markups": [
            {"source": source, "percent": percent}
            for source, percent in sorted(markups.items())
            if percent != "0"
        ],
        "levy": _price(levy, digits) if levy else {},
        "facility_fees": sorted((_fee(fee, digits) for fee in fees), key=lambda f: f["module_id"]),
        "rates": sorted((_rate(rate, digits) for rate in rates), key=lambda r: r["metric"]),
        "minimum": _minimum(doc, digits),
        "prorate": doc.choice("prorate", "daily", ""),
    }
    _must_bill_credits_once(doc, body)
    return body


def _passthrough(doc: Reader) -> dict[str, str]:
    """The sources whose cost is passed on, each with its mark-up in percent.

    All of them with `true`, none with `false`.
    """
    given = doc.fields.get("passthrough") or "false"
    if given in ("true", "false"):
        return dict.fromkeys(SOURCES if given == "true" else (), "0")
    if not isinstance(given, list):
        hint = f"Write true, false, or a list of {', '.join(SOURCES)}."
        raise doc.refusal("passthrough", f"{given!r} is not known here", hint)
    markups: dict[str, str] = {}
    for entry in doc.entries("passthrough", "source markup"):
        source = entry.choice("source", " ".join(SOURCES))
        markup = entry.percent("markup", 1000, default="0")
        if markups.setdefault(source, markup) != markup:
            raise entry.refusal("markup", f"{source} has two mark-ups", "Keep one of them.")
    return markups


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
        "unit_price": _unit_price(entry, digits),
        "unit_size": entry.choice("per", " ".join(UNIT_SIZES), "1"),
    }


def _unit_price(entry: Reader, digits: int) -> str:
    return entry.decimal("unit_price", finest=6, shown=digits)


def _rate(entry: Reader, digits: int) -> Fields:
    pricing = entry.choice("pricing", " ".join(PRICINGS), "flat")
    _must_fit_pricing(entry, pricing)
    return {
        "metric": entry.identifier("metric"),
        "included": entry.decimal("included", finest=6, digits=18, default="0"),
        "pricing": pricing,
        "unit_price": "0" if PRICINGS[pricing] else _unit_price(entry, digits),
        "unit_size": entry.choice("per", " ".join(UNIT_SIZES), "1"),
        "tiers": _tiers(entry, digits),
    }


def _must_fit_pricing(entry: Reader, pricing: str) -> None:
    in_tiers = PRICINGS[pricing]
    wanted, other = ("tiers", "unit_price") if in_tiers else ("unit_price", "tiers")
    if entry.fields.get(other):
        hint = f"Its price stands in `{wanted}`."
        raise entry.refusal(other, f"the pricing {pricing} does not take it", hint)
    if in_tiers and not entry.fields.get("tiers"):
        hint = "Write a list such as [{up_to: 1000, unit_price: 0.40}, {unit_price: 0.30}]."
        raise entry.refusal("tiers", f"the pricing {pricing} needs them", hint)


def _tiers(entry: Reader, digits: int) -> list[Fields]:
    """The tiers in order of what they reach to; the last one reaches as far as it goes."""
    found = [
        {"tier": str(number), **_tier(tier, digits)}
        for number, tier in enumerate(entry.entries("tiers", "up_to unit_price"), 1)
    ]
    ends = [tier["up_to"] for tier in found]
    if found and (ends[-1] or not all(ends[:-1])):
        detail = "only the last tier, and that one always, is without `up_to`"
        raise entry.refusal("tiers", detail, "It holds for everything beyond the others.")
    bounds = [Decimal(0), *(Decimal(end) for end in ends[:-1])]
    if any(one >= other for one, other in pairwise(bounds)):
        detail = "each `up_to` must be above the one before, and the first above 0"
        raise entry.refusal("tiers", detail, "Put the tiers in order.")
    return found


def _tier(tier: Reader, digits: int) -> Fields:
    ends = bool(tier.text("up_to", ""))
    return {
        "up_to": tier.decimal("up_to", finest=6, digits=18) if ends else "",
        "unit_price": _unit_price(tier, digits),
    }


def _fee(entry: Reader, digits: int) -> Fields:
    return {
        "module_id": entry.identifier("module"),
        "fee": entry.decimal("fee", finest=digits, shown=digits),
    }


def _minimum(doc: Reader, digits: int) -> str:
    """What a tenant's month comes to at least; nothing where the plan asks no minimum."""
    if not doc.text("minimum", ""):
        return ""
    return doc.decimal("minimum", finest=digits, shown=digits)
