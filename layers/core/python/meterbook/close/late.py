"""What came late for a month that is closed: lines of the next bill, or a credit note.

SQL has the figures (`billing.late_lines`: what is known less what was billed, both rounded). Here
they become lines. What an earlier month is owed in sum is added to the bill at hand; what was
billed too much in sum is given back on a credit note for the document that billed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from meterbook.canonical import text_of
from meterbook.money import Money, total
from meterbook.period import Period
from meterbook.ports import Row

Fields = dict[str, Any]

KIND = "adjustment"
# The columns of a line as SQL has them; a frozen line carries each as text, `kind` as `line_kind`.
COLUMNS = (
    "tenant_id", "module_id", "metric", "tier", "plan_id", "plan_version", "pricing", "quantity",
    "included_quantity", "billable_quantity", "unit_price", "unit_size", "cost_usd",
    "markup_percent", "usd_per_unit", "base_amount", "percent",
)  # fmt: skip
NO_ADJUSTMENT = {
    "adjusts_period": "", "adjusts_kind": "", "known_amount": "", "billed_amount": "", "rules": "",
    "text": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Late:
    """What earlier months bring to a close: lines for its own bill, and credit notes."""

    lines: Sequence[Fields]
    credit_notes: Sequence[Fields]


def late_facts(period: Period, rows: Sequence[Row], rules: Sequence[Row]) -> Late:
    """Turn the rows of `close_late` and `close_rules` of one account into lines and credit notes.

    A month whose differences sum to more than nothing, or to nothing, adds its lines to the bill;
    one that sums to less is a credit note, its amounts positive where money is given back.
    """
    versions = _Versions(rules)
    lines: list[Fields] = []
    notes: list[Fields] = []
    for start, found in groupby(rows, key=lambda row: row["late_start"]):
        month = list(found)
        adjusted = [line for row in month for line in _lines(row, versions)]
        if sum(Decimal(str(row["late_amount"])) for row in month) >= 0:
            lines += adjusted
        else:
            notes.append(_credit_note(period, str(start)[:7], month[0], adjusted))
    return Late(lines, notes)


def given_back_too_much(rows: Iterable[Row]) -> list[str]:
    """The months of an account whose documents have no room for what is to be given back."""
    found = []
    for start, of in groupby(rows, key=lambda row: row["late_start"]):
        month = list(of)
        given = -sum(Decimal(str(row["late_amount"])) for row in month)
        left = Decimal(str(month[0]["left_amount"]))
        if given > max(left, Decimal(0)):
            found.append(
                f"late_credit_exceeds_bill: {str(start)[:7]} was billed {given:f} too much, and "
                f"its document leaves {left:f}; correct it with `meterbook correct`"
            )
    return found


def billed_by_other_terms(rows: Iterable[Row], seller_id: str, currency: str) -> list[str]:
    """The months of an account that another seller billed, or that were billed in another currency.

    What came late for them can stand on no bill of today's: not with its amount, not with its tax.
    """
    found = {(str(row["late_start"])[:7], row["seller_id"], row["currency"]) for row in rows}
    return [
        f"late_terms_changed: something came late for {month}, which {seller} billed in {billed}, "
        f"and {seller_id} bills in {currency} now; correct the document of {month} with "
        "`meterbook correct`"
        for month, seller, billed in sorted(found)
        if (seller, billed) != (seller_id, currency)
    ]


class _Versions:
    """By which rule versions a cost was billed, and by which it is known now."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._was: dict[tuple[object, ...], list[str]] = {}
        self._is: dict[tuple[object, ...], list[str]] = {}
        for row in rows:
            place = row["late_start"], row["tenant_id"], row["source"]
            version = f"{row['rule_id']}:{row['rule_version']}"
            for told, versions in (("was_billed", self._was), ("is_known", self._is)):
                if row[told]:
                    versions.setdefault(place, []).append(version)

    def changed(self, row: Row) -> tuple[str, str] | None:
        """The versions before and after, where a cost that is passed on has changed its rule."""
        place = row["late_start"], row["tenant_id"], row["metric"]
        was, now = self._was.get(place, []), self._is.get(place, [])
        if row["kind"] != "passthrough" or was == now:
            return None
        return ", ".join(was), ", ".join(now)


def _lines(row: Row, versions: _Versions) -> list[Fields]:
    """One line for a difference; two where a rule was changed: taken back, and given anew."""
    known, billed = _money(row, "known_amount"), _money(row, "billed_amount")
    changed = versions.changed(row)
    if changed is None:
        return [_line(row, known, billed, "")]
    nothing = Money(known.currency, 0)
    before, after = changed
    return [_line(row, nothing, billed, before), _line(row, known, nothing, after)]


def _line(row: Row, known: Money, billed: Money, rules: str) -> Fields:
    return {name: text_of(row[name]) for name in COLUMNS} | {
        "line_kind": KIND,
        "adjusts_period": str(row["late_start"])[:7],
        "adjusts_kind": str(row["kind"]),
        "known_amount": str(known),
        "billed_amount": str(billed),
        "rules": rules,
        "text": "",
        "amount": str(known + -billed),
    }


def _credit_note(period: Period, month: str, row: Row, adjusted: Sequence[Fields]) -> Fields:
    currency = str(row["currency"])
    given = [line | {"amount": str(-Money.of(line["amount"], currency))} for line in adjusted]
    refers_to = {"kind": row["refers_kind"], "subject": row["refers_subject"], "period": month}
    return {
        "kind": "credit_note",
        "subject": f"late.{period}",
        "period": month,
        "refers_to": refers_to,
        "reason": "",
        "lines": numbered(given),
        "total": sum_of(given, currency),
    }


def numbered(lines: Iterable[Mapping[str, Any]]) -> list[Fields]:
    """The lines with their numbers, from 1."""
    return [{"line_number": number, **line} for number, line in enumerate(lines, start=1)]


def sum_of(lines: Iterable[Mapping[str, Any]], currency: str) -> str:
    """The sum of the lines' amounts, with the currency's decimals."""
    return str(total((Money.of(line["amount"], currency) for line in lines), currency))


def _money(row: Row, column: str) -> Money:
    return Money.of(str(row[column]), str(row["currency"]))
