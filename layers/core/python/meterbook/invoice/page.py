"""All that the printed page shows, as texts in the order in which they are read.

From the stored document alone; `web/invoice.typ` lays it out.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from meterbook.canonical import canonical_json, short
from meterbook.close.snapshot import Fields
from meterbook.invoice.rows import table_of
from meterbook.invoice.say import Say, broken, counts, negated
from meterbook.invoice.typeface import UNPRINTABLE, printable

_TALLEST = 1000
_COMPACT = 3000
# Where the postcode stands behind the city.
_CITY_FIRST = {"AU", "CA", "GB", "IE", "IN", "NZ", "SG", "US", "ZA"}
_WITH_TRENDS = ("invoice", "corrected_invoice")


def page_of(document: Fields) -> Fields:
    """What the template sets, in the document's language, with printable characters only."""
    logo = document["seller"]["logo"]
    document = _each_text(document | {"seller": document["seller"] | {"logo": {}}})
    say = Say(document["language"])
    aside = _aside(document, say) | {
        "trends": [_trend(trend, say) for trend in _trends(document)],
    }
    return {
        "language": say.language,
        "logo": list(base64.b64decode(logo["base64"])) if logo else [],
        **_head(document, say),
        **table_of(document, say),
        "sums": _sums(document, say),
        **aside,
        # More of it may be longer than a page, and has to break.
        "compact": len(canonical_json(aside)) < _COMPACT,
        **_foot(document, say),
    }


# ---- who, to whom, when --------------------------------------------------------------------------


def _head(document: Fields, say: Say) -> Fields:
    seller = document["seller"]
    return {
        "title": say(document["kind"]),
        "number": document["number"],
        "issued": [int(part) for part in document["issue_date"].split("-")],
        "author": seller["name"],
        "seller": broken(seller["name"], 30),
        "sender": [broken(part, 40) for part in (seller["name"], *_address(seller))],
        "to": say("credited_to" if _is_credit(document) else "billed_to"),
        "buyer": _buyer(document["buyer"], say),
        "facts": _facts(document, say),
        "about": _about(document, say),
        "band": _band(document, say),
    }


def _buyer(buyer: Fields, say: Say) -> list[str]:
    said = [buyer["name"], *_address(buyer), say.country(buyer["country"])]
    said += _labelled(buyer, say, "vat_id", "legal_id")
    return [broken(entry, 34) for entry in said if entry]


def _facts(document: Fields, say: Say) -> list[list[str]]:
    period = document["period"]
    facts = {
        "number": document["number"],
        "issue_date": say.day(document["issue_date"]),
        "due_date": say.day(document["due_date"]) if _is_owed(document) else "",
        "service_period": f"{say.day(period['first_day'])} – {say.day(period['last_day'])}",
        "account": document["buyer"]["id"],
        "purchase_order": document["purchase_order"],
        "buyer_reference": document["buyer_reference"],
    }
    return _named(facts, say, 34)


def _about(document: Fields, say: Say) -> list[list[str]]:
    """What a document refers to, and why."""
    before = [
        say("preceding_of", number=one["number"], date=say.day(one["issue_date"]))
        for one in document["preceding"]
    ]
    return _named({"preceding": ", ".join(before), "reason": document["reason"]}, say, 60)


def _band(document: Fields, say: Say) -> Fields:
    label, note = "total", "no_payment"
    if _is_credit(document):
        label, note = "total_credited", "credited"
    elif _is_owed(document):
        label, note = "total_due", "payable_by"
    return {
        "label": say(label),
        "note": say(note, date=say.day(document["due_date"])),
        "amount": say.money(document["totals"]["due"], document["currency"]),
    }


# ---- what it comes to, and how to pay ------------------------------------------------------------


def _sums(document: Fields, say: Say) -> list[list[str]]:
    """Those that say something new, in the order of EN 16931; the last is what it comes to."""
    totals, taxes = document["totals"], document["taxes"]
    less = {name: negated(totals[name]) for name in ("allowances", "prepaid")}
    is_reckoned = counts(totals["allowances"]) or counts(totals["charges"])
    rows = [
        (is_reckoned, say("sum_lines"), totals["lines"]),
        (counts(totals["allowances"]), say("sum_allowances"), less["allowances"]),
        (counts(totals["charges"]), say("sum_charges"), totals["charges"]),
        (bool(taxes), say("sum_net"), totals["net"]),
        *((True, _tax(tax, say), tax["tax"]) for tax in taxes),
        (len(taxes) > 1, say("sum_tax"), totals["tax"]),
        (counts(totals["prepaid"]), say("sum_gross"), totals["gross"]),
        (counts(totals["prepaid"]), say("sum_prepaid"), less["prepaid"]),
    ]
    shown = [[label, say.figure(amount)] for is_shown, label, amount in rows if is_shown]
    return [*shown, [say(_last_sum(document)), say.money(totals["due"], document["currency"])]]


def _last_sum(document: Fields) -> str:
    if _is_credit(document):
        return "sum_credited"
    if counts(document["totals"]["prepaid"]):
        return "sum_due"
    return "sum_gross" if counts(document["totals"]["tax"]) else "total"


def _tax(tax: Fields, say: Say) -> str:
    rate = say.rate(tax["category"], tax["percent"])
    return say("tax_on", tax=rate, base=say.figure(tax["base"]))


def _aside(document: Fields, say: Say) -> Fields:
    """What stands beside the sums: reasons, how to pay, and notes."""
    notes = [*document["notes"], document["e_invoice_refused"]]
    if UNPRINTABLE in canonical_json(document):
        notes.append(say("unprintable", mark=UNPRINTABLE))
    reasons = dict.fromkeys(tax["reason"] for tax in document["taxes"])
    return {
        "remarks": [broken(reason) for reason in reasons if reason],
        "terms": broken(document["payment_terms"]),
        "payment": _payment(document, say) if _is_owed(document) else [],
        "notes": [broken(note) for note in notes if note],
    }


def _payment(document: Fields, say: Say) -> list[list[str]]:
    seller = document["seller"]
    iban = seller["iban"].replace(" ", "")
    said = {
        "payment_account": seller["name"] if iban else "",
        "iban": " ".join(iban[at : at + 4] for at in range(0, len(iban), 4)),
        "bic": seller["bic"],
        "bank": seller["bank"],
        "payment_reference": document["number"],
    }
    return _named(said, say, 24)


# ---- the month in bars ---------------------------------------------------------------------------


def _trends(document: Fields) -> list[Fields]:
    """Usage stands where it is billed, not where an amount of it is given back."""
    return [one for one in document["trends"] if document["kind"] in _WITH_TRENDS]


def _trend(trend: Fields, say: Say) -> Fields:
    days = [(day["day"], Decimal(day["quantity"])) for day in trend["days"]]
    top, most = max(days, key=lambda day: day[1])
    said = {
        "metric": trend["name"],
        "unit": trend["unit"],
        "most": say.figure(short(most)),
        "day": say.day(top),
        "first": say.day(days[0][0]),
        "last": say.day(days[-1][0]),
    }
    return {
        "name": broken(trend["name"]),
        "most": broken(say("trend_most", **said)),
        "alt": say("trend_alt", **said),
        "bars": [_height(quantity, most) for _, quantity in days],
    }


def _height(quantity: Decimal, most: Decimal) -> int:
    return int(_TALLEST * max(quantity, Decimal(0)) / most) if most > 0 else 0


# ---- below each page -----------------------------------------------------------------------------


def _foot(document: Fields, say: Say) -> Fields:
    return {
        "legal": _legal(document["seller"], say),
        "carry": [say("brought_forward"), say("carried_forward")],
        "page": say("page", page="{page}", pages="{pages}"),
        "snapshot": say("snapshot", sha256=document["snapshot_sha256"]),
    }


def _legal(seller: Fields, say: Say) -> list[list[str]]:
    contact = {"email": seller["email"]} | {k: v for k, v in seller["contact"].items() if v}
    columns = [
        [seller["name"], *_address(seller), say.country(seller["country"])],
        _labelled(seller, say, "legal_id", "vat_id", "tax_id"),
        [contact.get(name, "") for name in ("name", "phone", "email")],
    ]
    return [[broken(entry, 30) for entry in column if entry] for column in columns]


# ---- what the parts share ------------------------------------------------------------------------


def _is_credit(document: Fields) -> bool:
    return bool(document["kind"] == "credit_note")


def _is_owed(document: Fields) -> bool:
    return not _is_credit(document) and Decimal(document["totals"]["due"]) > 0


def _named(values: Mapping[str, str], say: Say, longest: int) -> list[list[str]]:
    return [[say(name), broken(value, longest)] for name, value in values.items() if value]


def _labelled(party: Fields, say: Say, *names: str) -> list[str]:
    return [f"{say(name)} {party[name]}" for name in names if party.get(name)]


def _address(party: Fields) -> list[str]:
    """The lines of an address; a postcode and a city that stand apart come last."""
    place = [party["postcode"], party["city"]]
    if party["country"] in _CITY_FIRST:
        place.reverse()
    return [line for line in (*party["address"], " ".join(filter(None, place))) if line]


def _each_text(value: object) -> Any:  # noqa: ANN401 - JSON, whatever it holds
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {name: _each_text(part) for name, part in value.items()}
    return [_each_text(part) for part in value] if isinstance(value, list) else value
