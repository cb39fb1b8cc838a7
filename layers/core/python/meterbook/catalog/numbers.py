"""Numbers that others gave: VAT ids, bank accounts, routes; a slip in one is found by its form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from stdnum import bic as bic_code
from stdnum import iban as bank_account
from stdnum.ch import vat as ch_vat
from stdnum.de import leitweg
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as gb_vat
from stdnum.no import mva as no_vat

from meterbook.catalog.reader import Reader
from meterbook.errors import CatalogRefused

# What may be a Leitweg-ID: a federal state or the federation, a detail, two check digits.
LEITWEG = r"(0[1-9]|1[0-6]|99)[0-9]{0,10}(-[0-9A-Z]{1,30})?-[0-9]{2}"
_VAT_ID = r"[A-Z]{2}[0-9A-Z+*]{2,14}"
_CHECKS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("EL", *(state.upper() for state in eu_vat.MEMBER_STATES)), eu_vat.validate),
    "GB": gb_vat.validate,
    "CH": ch_vat.validate,
    "NO": no_vat.validate,
}


def is_vat_id(number: str) -> bool:
    """Say whether a compact VAT id has the form, and the check digits, of its country.

    Of a country whose form is not known here, anything that begins with its letters is one.
    """
    if not re.fullmatch(_VAT_ID, number):
        return False
    try:
        return bool(_CHECKS.get(number[:2], str)(number))
    except ValidationError:
        return False


def vat_id(doc: Reader) -> str:
    """The VAT id without spaces, points and hyphens; its check digits are those of its country."""
    given = doc.text("vat_id", "")
    number = re.sub(r"[\s.\-]", "", given).upper()
    if given and not re.fullmatch(_VAT_ID, number):
        hint = "Begin it with the two letters of its country, for example DE136695976."
        raise doc.refusal("vat_id", f"{given!r} has not the form wanted", hint)
    if given and not is_vat_id(number):
        raise _slip(doc, "vat_id", given, f"a VAT id of {number[:2]}")
    return number


def iban(doc: Reader) -> str:
    """The number of a bank account, without its spaces."""
    given = doc.text("iban", "")
    return _must_pass(bank_account.validate, given, doc, "iban", "an IBAN") if given else ""


def bic(doc: Reader) -> str:
    """The code of a bank."""
    given = doc.text("bic", "")
    return _must_pass(bic_code.validate, given, doc, "bic", "a BIC") if given else ""


def buyer_reference(doc: Reader, may_be_route: bool) -> str:
    """What the buyer sorts its invoices by; where it may be a Leitweg-ID its digits must fit."""
    given = doc.text("buyer_reference", "")
    if may_be_route and re.fullmatch(LEITWEG, given):
        _must_pass(leitweg.validate, given, doc, "buyer_reference", "a Leitweg-ID")
    return given


def _must_pass(check: Callable[[str], str], given: str, doc: Reader, name: str, what: str) -> str:
    try:
        return check(given)
    except ValidationError:
        raise _slip(doc, name, given, what) from None


def _slip(doc: Reader, name: str, given: str, what: str) -> CatalogRefused:
    hint = "Copy it again: a character is wrong, missing or too much."
    return doc.refusal(name, f"{given!r} cannot be {what}", hint)
