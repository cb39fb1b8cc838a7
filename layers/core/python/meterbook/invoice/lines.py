"""One frozen line as a person reads it: what it is for, how it was reckoned, and its tax.

No figure is made here: `quantity` times `unit_price` per `unit_size` is the frozen amount, or it is
the amount itself taken once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from meterbook.canonical import short
from meterbook.close.snapshot import Fields
from meterbook.invoice.tax import Rate
from meterbook.invoice.words import shown_figure

# UN/ECE Recommendation 20: what e-invoices call the units that it knows; a piece for all others.
PIECE, MONTH, DAY = "C62", "MON", "DAY"
_UNIT_CODES = {
    "day": DAY, "days": DAY, "month": MONTH, "months": MONTH, "hour": "HUR", "hours": "HUR",
    "minute": "MIN", "minutes": "MIN", "second": "SEC", "seconds": "SEC", "kwh": "KWH",
    "byte": "AD", "kb": "2P", "mb": "4L", "gb": "E34", "tb": "E35",
}  # fmt: skip
_SAME = ("line_number", "tenant_id", "module_id", "metric", "tier", "plan_id", "plan_version")
_BLANK = dict.fromkeys(
    (
        "detail", "unit", "used", "included", "billable", "cost_usd", "markup_percent",
        "usd_per_unit", "adjusts_period",
    ), "",
)  # fmt: skip


class Names:
    """What the frozen documents call what a line is about; else the id speaks for itself."""

    def __init__(self, body: Fields) -> None:
        account = body["account"]["document"]
        self._documents: dict[tuple[str, str], Fields] = {
            (kind, found["id"]): found["document"]
            for kind in ("tenants", "modules", "metrics")
            for found in body[kind]
        } | {
            (kind, found["id"]): found
            for kind in ("discounts", "credits")
            for found in account.get(kind) or ()
        }

    def of(self, kind: str, id_: str, field: str = "name") -> str:
        """A field of a document, or the id where there is none."""
        return str(self._documents.get((kind, id_), {}).get(field, "") or id_)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a line is described with: names from the catalog, words and marks of the language."""

    names: Names
    said: Mapping[str, str]
    language: str
    currency: str

    def figure(self, figure: object) -> str:
        """A figure inside a text."""
        return shown_figure(short(figure), self.language)

    def money(self, amount: str) -> str:
        """An amount inside a text, with the currency's own decimals."""
        return f"{shown_figure(amount, self.language)} {self.currency}"

    def source(self, source: str) -> str:
        """What a source of cost is called."""
        return self.said.get(f"source_{source}", source)


def written_line(line: Fields, rate: Rate, wording: Wording) -> Fields:
    """Write a frozen line. Errors: `KeyError` for a kind that stands in no group."""
    described = _KINDS[line["line_kind"]](line, wording)
    return (
        _BLANK
        | {name: line[name] for name in _SAME}
        | {
            "kind": line["line_kind"],
            "tenant_name": wording.names.of("tenants", line["tenant_id"]),
            "tax_category": rate.category,
            "tax_percent": rate.percent,
            "amount": line["amount"],
        }
        | described
        | {"attributes": list(_attributes(line, described, wording))}
    )


# ---- by kind ---------------------------------------------------------------------------------


def _levy(line: Fields, wording: Wording) -> Fields:
    return _metered(line, wording) | {"included": ""}


def _metered(line: Fields, wording: Wording) -> Fields:
    names, unit = wording.names, wording.names.of("metrics", line["metric"], "unit")
    return {
        "description": names.of("metrics", line["metric"]),
        "detail": _joined(unit, _pricing(line, wording), _plan(line, wording)),
        "unit": unit,
        "unit_code": _UNIT_CODES.get(unit.lower(), PIECE),
        "used": short(line["quantity"]),
        "included": short(line["included_quantity"]),
        "billable": short(line["billable_quantity"]),
        **_priced(line),
    }


def _facility(line: Fields, wording: Wording) -> Fields:
    by_day = line["pricing"] == "daily"
    days = {"days": short(line["billable_quantity"]), "size": short(line["unit_size"])}
    return {
        "description": wording.names.of("modules", line["module_id"]),
        "detail": _joined(
            line["module_id"],
            wording.said["facility_days"].format(**days) if by_day else "",
            _plan(line, wording),
        ),
        "unit": wording.said["unit_day" if by_day else "unit_month"],
        "unit_code": DAY if by_day else MONTH,
        "billable": short(line["billable_quantity"]),
        **_priced(line),
    }


def _minimum(line: Fields, wording: Wording) -> Fields:
    least = wording.money(_as_amount(line["base_amount"], line["amount"]))
    return {
        "description": wording.said["minimum"],
        "detail": _joined(wording.said["minimum_of"].format(amount=least), _plan(line, wording)),
        **_once(line),
    }


def _passthrough(line: Fields, wording: Wording) -> Fields:
    said, figure = wording.said, wording.figure
    markup, rate = short(line["markup_percent"] or "0"), short(line["usd_per_unit"] or "1")
    of_rate = {"rate": figure(rate), "currency": wording.currency}
    return {
        "description": wording.source(line["metric"]),
        "detail": _joined(
            said["attributed_cost"].format(amount=figure(line["cost_usd"])),
            said["markup"].format(percent=figure(markup)) if markup != "0" else "",
            said["usd_per_unit"].format(**of_rate) if wording.currency != "USD" else "",
            _plan(line, wording),
        ),
        "cost_usd": short(line["cost_usd"]),
        "markup_percent": markup,
        "usd_per_unit": rate,
        **_once(line),
    }


def _adjustment(line: Fields, wording: Wording) -> Fields:
    """A late fact of an earlier period, or what a person has written."""
    told = {"known": line["known_amount"], "billed": line["billed_amount"]}
    known = {name: wording.money(amount) for name, amount in told.items() if amount}
    rules = line["rules"]
    return {
        "description": _adjusted(line, wording),
        "detail": _joined(
            wording.said["adjusted"].format(**known) if len(known) == len(told) else "",
            wording.said["adjusted_rules"].format(rules=rules) if rules else "",
        ),
        "adjusts_period": line["adjusts_period"],
        **_once(line),
    }


def _adjusted(line: Fields, wording: Wording) -> str:
    if line["text"]:
        return str(line["text"])
    kind, names = line["adjusts_kind"], wording.names
    what = {
        "facility": lambda: names.of("modules", line["module_id"]),
        "minimum": lambda: wording.said["minimum"],
        "passthrough": lambda: wording.source(line["metric"]),
        "discount": lambda: names.of("discounts", line["metric"], "reason"),
        "credit": lambda: names.of("credits", line["metric"], "reason"),
    }.get(kind, lambda: names.of("metrics", line["metric"]))()
    return wording.said["adjustment"].format(what=what, period=line["adjusts_period"])


_Describe = Callable[[Fields, Wording], dict[str, Any]]
# In the order in which a bill is read.
_KINDS: dict[str, _Describe] = {
    "levy": _levy,
    "facility": _facility,
    "variable": _metered,
    "minimum": _minimum,
    "passthrough": _passthrough,
    "adjustment": _adjustment,
}
GROUPS = tuple(_KINDS)


# ---- parts of a line -------------------------------------------------------------------------


def _priced(line: Fields) -> Fields:
    return {
        "quantity": short(line["billable_quantity"]),
        "unit_price": short(line["unit_price"]),
        "unit_size": short(line["unit_size"]),
    }


def _once(line: Fields) -> Fields:
    """The amount itself as the price of one; what is given back is a negative quantity of it."""
    amount = str(line["amount"])
    is_negative = amount.startswith("-")
    return {
        "quantity": "-1" if is_negative else "1",
        "unit_price": amount.removeprefix("-"),
        "unit_size": "1",
        "unit_code": PIECE,
    }


def _as_amount(figure: str, like: str) -> str:
    """A figure of a wide column with the decimals that an amount of this bill has."""
    return f"{Decimal(figure).quantize(Decimal(like)):f}"


def _pricing(line: Fields, wording: Wording) -> str:
    if line["pricing"] in ("graduated", "volume"):
        return wording.said[line["pricing"]].format(tier=line["tier"])
    return wording.said["package"] if line["pricing"] == "package" else ""


def _plan(line: Fields, wording: Wording) -> str:
    if not line["plan_id"]:
        return ""
    return wording.said["plan"].format(plan=line["plan_id"], version=line["plan_version"])


def _joined(*parts: str) -> str:
    return "  ·  ".join(part for part in parts if part)


def _attributes(line: Fields, described: Fields, wording: Wording) -> Iterator[dict[str, str]]:
    """What the columns of the page say, for readers of the e-invoice."""
    shown = [(name, described.get(name, "")) for name in ("used", "included", "billable", "unit")]
    tier = line["tier"] if line["pricing"] in ("graduated", "volume") else ""
    for name, value in (*shown, ("tier", tier), ("period", described.get("adjusts_period", ""))):
        if value:
            yield {"name": wording.said[f"attribute_{name}"], "value": str(value)}
