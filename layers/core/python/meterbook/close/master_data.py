"""What seller and account have to say so that a document can be written for them at all.

The close asks it before it freezes, so that an account whose invoice could never go out is parked
with the reason; the invoice asks it again before it takes a number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from stdnum import bic, iban
from stdnum.de import leitweg

from meterbook.catalog.numbers import LEITWEG, is_vat_id
from meterbook.close.snapshot import Fields
from meterbook.period import Period

# An EN 16931 amount has two decimals at most (BR-DEC-…).
MOST_DECIMALS = 2
TAX_CASES = ("none", "domestic", "reverse_charge", "export", "exempt", "small_business")
DISCOUNTED = ("facility", "levy", "minimum", "variable")
_METERED = ("levy", "variable")
_LEITWEG = re.compile(LEITWEG)
_COUNTRY = re.compile(r"[A-Z]{2}")


def master_data_problems(body: Fields) -> list[str]:
    """What keeps a frozen body from becoming a document, one sentence each; empty when nothing."""
    seller, account = body["seller"]["document"], body["account"]["document"]
    case = tax_case(account)
    profile = profile_of(account, int(body["minor_digits"]))
    return [
        *party_problems(seller, account, case, profile),
        *_rate_problems(body, case),
    ]


def tax_case(account: Fields) -> str:
    """How an account is taxed; `none` where the catalog does not say."""
    return str(account.get("tax", "") or "none")


def profile_of(account: Fields, digits: int) -> str:
    """The e-invoice that an account gets: "", `en16931` or `xrechnung`."""
    wanted = wanted_profile(account)
    return wanted if digits <= MOST_DECIMALS else ""


def wanted_profile(account: Fields) -> str:
    """The e-invoice that an account asks for, whatever its currency can have."""
    wanted = str(account.get("e_invoice", "") or "en16931")
    return "" if wanted == "off" or tax_case(account) == "none" else wanted


def tax_percent(seller: Fields, tax_class: str, period: Period) -> str:
    """The rate of a class on the last day of a period; "" where the seller has none."""
    day = (period.end - timedelta(days=1)).isoformat()
    for rate in seller.get("tax_rates") or ():
        if rate["tax_class"] == tax_class and rate["starts_on"] <= day < rate["ends_on"]:
            return str(rate["percent"])
    return ""


def tax_period(line: Fields, body: Fields) -> Period:
    """The month whose rates a line is taxed by: the one in which it was earned."""
    return Period.parse(line.get("adjusts_period") or body["period"])


def tax_class_in(body: Fields) -> Callable[[Fields], str]:
    """Say the tax class of a line of this body: its metric's or module's, else `standard`.

    A discount that came late is of the class that the most of what it is taken off is of.
    """
    of = {
        (kind, found["id"]): str(found["document"].get("tax_class", "") or "standard")
        for kind in ("metrics", "modules")
        for found in body[kind]
    }

    def tax_class(line: Fields) -> str:
        kind = line.get("adjusts_kind") or line["line_kind"]
        if kind in _METERED:
            return of.get(("metrics", line["metric"]), "standard")
        if kind == "facility":
            return of.get(("modules", line["module_id"]), "standard")
        if line.get("adjusts_kind") == "discount":
            return discounted_class(line)
        return "standard"

    def discounted_class(line: Fields) -> str:
        sign = 1 if Decimal(line["amount"]) < 0 else -1
        taken_off: defaultdict[str, Decimal] = defaultdict(Decimal)
        for other in body["lines"]:
            if other.get("adjusts_kind") in DISCOUNTED and _late_place(other) == _late_place(line):
                taken_off[tax_class(other)] += sign * Decimal(other["amount"])
        return max(taken_off, key=lambda found: (taken_off[found], found), default="standard")

    return tax_class


def _late_place(line: Fields) -> tuple[object, ...]:
    """Whose line of which month it is, and by which document's telling."""
    return tuple(line[name] for name in ("tenant_id", "adjusts_period", "text"))


def _rate_problems(body: Fields, case: str) -> Iterator[str]:
    if case != "domestic":
        return
    seller, tax_class = body["seller"], tax_class_in(body)
    wanted = {(tax_period(line, body), tax_class(line)) for line in body["lines"]}
    for period, of_class in sorted(wanted):
        if of_class != "zero" and not tax_percent(seller["document"], of_class, period):
            yield missing_rate(seller["id"], of_class, str(period))


def missing_rate(seller_id: str, tax_class: str, period: str) -> str:
    """The sentence for a tax rate that is not there."""
    return (
        f"Seller {seller_id} has no {tax_class} tax rate on the last day of {period}. "
        "Add it to tax_rates."
    )


# ---- the parties -----------------------------------------------------------------------------


def party_problems(
    seller: Fields, buyer: Fields, case: str, profile: str, reference: str | None = None
) -> Iterator[str]:
    """What seller and buyer lack for a tax case and an e-invoice profile.

    `reference` is the buyer reference where the buyer's fields do not hold it.
    """
    if case not in TAX_CASES:
        yield f"The account's tax is {case!r}. Make it one of {', '.join(TAX_CASES)}."
    wanted = str(buyer.get("buyer_reference", "")) if reference is None else reference
    yield from _number_problems("seller", seller)
    yield from _number_problems("account", buyer)
    yield from _tax_problems(seller, buyer, case)
    if profile:
        yield from _einvoice_problems(seller, buyer)
    if profile == "xrechnung":
        yield from _xrechnung_problems(seller, buyer, wanted)
    has_route = profile == "xrechnung" and buyer.get("country") == "DE"
    if has_route and _LEITWEG.fullmatch(wanted) and not leitweg.is_valid(wanted):
        yield (
            f"The account's buyer_reference {wanted!r} looks like a Leitweg-ID, but its check "
            "digits are wrong. Ask the account for the right one."
        )


def is_leitweg(reference: str) -> bool:
    """Whether a buyer reference is a Leitweg-ID, check digits and all."""
    return bool(_LEITWEG.fullmatch(reference)) and leitweg.is_valid(reference)


def _number_problems(whose: str, party: Fields) -> Iterator[str]:
    """Numbers that cannot be true, wherever they are used."""
    vat_id = _text(party, "vat_id")
    if vat_id and not is_vat_id(vat_id):
        yield (
            f"The {whose}'s vat_id {vat_id!r} is no VAT number of a country: prefix or check digit "
            "is wrong. Correct it."
        )
    if (number := _text(party, "iban")) and not iban.is_valid(number):
        yield f"The {whose}'s iban {number!r} has a wrong check digit or length. Correct it."
    if (number := _text(party, "bic")) and not bic.is_valid(number):
        yield f"The {whose}'s bic {number!r} is none. Correct it, or leave it out."


def _tax_problems(seller: Fields, buyer: Fields, case: str) -> Iterator[str]:
    if case == "none" or case not in TAX_CASES:
        return
    if not (_text(seller, "vat_id") or _text(seller, "tax_id")):
        yield "The seller has neither vat_id nor tax_id, and a bill with tax names one. Add it."
    if case in ("reverse_charge", "export") and not _text(seller, "vat_id"):
        yield f"The seller has no vat_id, and tax: {case} needs one. Add it."
    if case == "reverse_charge" and not _text(buyer, "vat_id"):
        yield "The account has no vat_id, and tax: reverse_charge needs one. Add it."
    if case == "exempt" and "tax_exemption_reason" in buyer and not buyer["tax_exemption_reason"]:
        yield "The account has no tax_exemption_reason, and tax: exempt needs one. Add it."


def _einvoice_problems(seller: Fields, buyer: Fields) -> Iterator[str]:
    for whose, party in (("seller", seller), ("account", buyer)):
        if not _text(party, "name"):
            yield f"The {whose} has no name, and an e-invoice needs it. Add it."
        if not _COUNTRY.fullmatch(_text(party, "country")):
            yield f"The {whose} has no country, and an e-invoice needs its ISO code. Add it."


def _xrechnung_problems(seller: Fields, buyer: Fields, reference: str) -> Iterator[str]:
    contact = seller.get("contact") or {}
    wanted: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        *(("seller", field, seller) for field in ("city", "postcode", "iban")),
        *(("seller", f"contact.{field}", {f"contact.{field}": contact.get(field, "")})
          for field in ("name", "phone", "email")),
        *(("account", field, buyer) for field in ("city", "postcode")),
        ("account", "buyer_reference", {"buyer_reference": reference}),
    )  # fmt: skip
    for whose, field, party in wanted:
        if not _text(party, field):
            yield f"The {whose} has no {field}, and XRechnung needs it. Add it."
    if not _has_address(seller):
        yield "The seller has no email, and XRechnung needs an electronic address. Add it."
    if not (_has_address(buyer) or is_leitweg(reference)):
        yield "The account has no email, and XRechnung needs an electronic address. Add it."


def _has_address(party: Fields) -> bool:
    return bool(_text(party, "email")) or _text(party, "vat_id").startswith("DE")


def _text(party: Mapping[str, Any], field: str) -> str:
    return str(party.get(field, "") or "").strip()
