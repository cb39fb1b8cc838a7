"""What makes a line of a bill acceptable: judged as text, before anything of its file is landed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from meterbook.identifier import is_identifier

CURRENCY = "USD"
# Adds up what the source says: a sum that had to be rounded would be no control total.
EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
DECIMALS = 12
# A share of a day's cost is worked out in 38 digits: a cost that they do not hold, once landed,
# would stop every refresh of the book.
COST_BELOW = Decimal("1E12")
# Only on these days CONFIG says which source bills; cost of another day would count nowhere.
_FIRST_DAY, _END_DAY = date(1900, 1, 1), date(9999, 12, 31)
_LONGEST_COST = 60
_LONGEST_PAYER = 40  # it is a part of delivery ids, too
_COST = re.compile(r"[+-]?(?:([0-9]+)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([T ]([0-9]{2}:[0-9]{2}(:[0-9]{2})?)(\.[0-9]+)?( ?(Z|UTC|\+00:?00))?)?"
)


class Fault(NamedTuple):
    """Why a line cannot be taken: the field, what is wrong with its text, and the remedy."""

    field: str
    detail: str
    remedy: str


def fault_in(said: Mapping[str, str], decimals: int = DECIMALS) -> Fault | None:
    """The first fault of a line's fields, None where all is well; an empty text stands for NULL.

    `decimals` is how fine a cost may be: coarser than what is kept where binary numbers were read.
    """
    for field, judge in _JUDGES.items():
        if fault := judge(said[field]):
            return Fault(field, *fault)
    for field in ("cost", "amortized_cost"):
        if field in said and (fault := _cost_fault(said[field], decimals)):
            return Fault(field, *fault)
    return None


def amount_fault(cost: str, currency: str) -> Fault | None:
    """The first fault of an amount that stands by itself."""
    if fault := _cost_fault(cost, DECIMALS):
        return Fault("cost", *fault)
    if fault := _currency_fault(currency):
        return Fault("currency", *fault)
    return None


@lru_cache(maxsize=65536)
def _cost_fault(text: str, decimals: int) -> tuple[str, str] | None:
    match = _COST.fullmatch(text)
    if match is None or len(text) > _LONGEST_COST:
        return "which is no cost", "Write costs like 1.25, -0.0000001 or 1.05E-8, none empty."
    cost = Decimal(text)
    # An engine reads the digits before it applies the exponent, so both have to fit.
    if cost.copy_abs() >= COST_BELOW or len((match[1] or "").lstrip("0")) > COST_BELOW.adjusted():
        return f"which is not below {COST_BELOW:f}", "Look whether the column is the cost."
    try:
        cost.quantize(Decimal(1).scaleb(-decimals), context=EXACT)
    except Inexact:
        return (
            f"which has more than {decimals} decimals",
            f"Nothing is rounded on the way in: export costs with {decimals} decimals or fewer.",
        )
    return None


def _currency_fault(text: str) -> tuple[str, str] | None:
    remedy = f"Costs are kept in {CURRENCY}: have the export written in {CURRENCY}."
    return None if text == CURRENCY else (f"which is not {CURRENCY}", remedy)


@lru_cache(maxsize=4096)
def _day_fault(text: str) -> tuple[str, str] | None:
    try:
        day = day_of(text)
    except ValueError:
        remedy = "Write days like 2026-10-31, 2026-10-31T23:00:00Z or 2026-10-31 23:00:00."
        return "which is no day in UTC", remedy
    if not _FIRST_DAY <= day < _END_DAY:
        return f"which is not from {_FIRST_DAY} to before {_END_DAY}", "Look whether it is a day."
    return None


@lru_cache(maxsize=4096)
def _payer_fault(text: str) -> tuple[str, str] | None:
    if is_identifier(text) and ":" not in text and len(text) <= _LONGEST_PAYER:
        return None
    return "which is no payer account", "Map `payer` to the column with the payer's account id."


_JUDGES: Mapping[str, Callable[[str], tuple[str, str] | None]] = {
    "payer": _payer_fault,
    "usage_date": _day_fault,
    "currency": _currency_fault,
}


@lru_cache(maxsize=4096)
def day_of(text: str) -> date:
    """The UTC day of a date or moment in ISO 8601. Errors: `ValueError` for anything else."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return datetime.fromisoformat(f"{match[1]}T{match[3] or '00:00'}").date()
