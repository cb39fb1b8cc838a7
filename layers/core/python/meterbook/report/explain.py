"""Explain: the arithmetic of an issued line, step by step, down to events and cost rows.

What a line states is taken from what was frozen; what lies below is asked of the book. The parts
of a line sum to it exactly, with `rounding` as the last of them, and what the book knows only since
the close stands apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from meterbook.book import Book
from meterbook.canonical import short
from meterbook.close.frozen import CREDIT_NOTE, FrozenDocument, read_document
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent, InputRefused
from meterbook.period import Period
from meterbook.report.explain_cost import Passed, changed_costs, spent
from meterbook.report.explain_usage import Metered, late_events, used
from meterbook.report.explained import ExplainedLine, Later, Part, number, rounded

_OF_A_MINIMUM = ("levy", "facility", "variable")


@dataclass(frozen=True, slots=True)
class Explanation:
    """A document, with those of its lines that were asked for."""

    number: str
    account_id: str
    period: str
    kind: str
    currency: str
    total: str
    lines: tuple[ExplainedLine, ...]


def explain(book: Book, number: str, line_number: int | None = None) -> Explanation:
    """Take an issued document apart, or one line of it.

    Errors: `InputRefused` for a number or a line that is not there, `BookInconsistent` when what
    was frozen is not what was issued, or a line does not follow from it.
    """
    found = book.query("explain_document", number=number)
    if not found:
        raise InputRefused(detail=f"The book holds no issued document {number}.")
    (row,) = found
    document = _document(book, row)
    if document.snapshot_sha256 != row["snapshot_sha256"]:
        raise BookInconsistent(
            detail=f"{number} was made from the snapshot {row['snapshot_sha256']}, and "
            f"{document.snapshot_sha256} is frozen. `meterbook replay {number}` says what differs."
        )
    body = document.body
    wanted = [one for one in body["lines"] if line_number in (None, one["line_number"])]
    if not wanted:
        raise InputRefused(
            detail=f"{number} has the lines 1 to {len(body['lines'])}, and none {line_number}."
        )
    explainer = _Explainer(book, document, _moment(row["closed_at"]))
    return Explanation(
        number,
        document.account_id,
        str(document.period),
        document.kind,
        str(body["currency"]),
        str(body["total"]),
        tuple(explainer.line(one) for one in wanted),
    )


def _document(book: Book, row: dict[str, object]) -> FrozenDocument:
    period = Period.parse(str(row["period_start"])[:7])
    account_id, kind, subject = (str(row[name]) for name in ("account_id", "kind", "subject"))
    return read_document(book.landing, period, account_id, kind, subject)


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("closed_at is a moment")
    return value


class _Explainer:
    """Explains the lines of one frozen document."""

    def __init__(self, book: Book, document: FrozenDocument, closed_at: datetime) -> None:
        self._book = book
        self._document = document
        self._body = document.body
        self._closed_at = closed_at

    def line(self, line: Fields) -> ExplainedLine:
        """One line, by its kind; what no arithmetic gives stands by itself."""
        mirrored = line["text"] or (
            self._body["kind"] == CREDIT_NOTE and line["line_kind"] != "adjustment"
        )
        explain_kind = _KINDS.get(line["line_kind"], _Explainer._stated)
        steps, parts, later = (_Explainer._stated if mirrored else explain_kind)(self, line)
        parts = rounded(line, int(self._body["minor_digits"]), parts)
        last = f"rounded to {line['amount']} {self._body['currency']}"
        is_rounded = parts[-1].amount != 0
        return ExplainedLine(line, (*steps, last) if is_rounded else tuple(steps), parts, later)

    # ---- what was used -----------------------------------------------------------------------

    def _metered(self, line: Fields) -> _Explained:
        price = number(line, "unit_price") / number(line, "unit_size")
        counted = line["tenant_id"], line["metric"], number(line, "quantity")
        of = Metered(self._body, *counted, price, self._closed_at)
        found = used(self._book, of)
        parts = (*found.parts, *_not_billed(line, of))
        notes = (found.note,) if found.note else ()
        return (*notes, *_metered_steps(line, of.unit, self._currency)), parts, found.later

    # ---- what is owed for the month ----------------------------------------------------------

    def _facility(self, line: Fields) -> _Explained:
        days, of_days = short(line["billable_quantity"]), short(line["unit_size"])
        amount = (
            number(line, "billable_quantity")
            * number(line, "unit_price")
            / number(line, "unit_size")
        )
        fee = f"{short(line['unit_price'])} {self._currency} a month"
        told = fee if line["pricing"] != "daily" else f"{fee} x {days} of {of_days} days"
        active = "; ".join(self._active(line["tenant_id"], line["module_id"]))
        plan = _plan(line)
        part = Part(f"fee of {line['module_id']} on {plan}", amount, place=active)
        return (f"{line['module_id']} on {plan}: {told}",), (part,), ()

    def _active(self, tenant_id: str, module_id: str) -> Iterator[str]:
        for term in self._body["terms"]:
            own = (term["term"], term["tenant_id"], term["name"])
            if own == ("module", tenant_id, module_id):
                yield f"active on {term['place']} day(s)"
        for tenant in self._body["tenants"]:
            for entry in tenant["document"]["modules"] if tenant["id"] == tenant_id else ():
                if entry["module_id"] == module_id:
                    yield f"from {entry['starts_on']} until {entry['ends_on']}"

    def _minimum(self, line: Fields) -> _Explained:
        base = number(line, "base_amount")
        of_month = number(line, "quantity") / number(line, "unit_size")
        least = number(line, "unit_price") * of_month
        parts = [Part(f"the minimum of {_plan(line)}", least)]
        if base != least:
            parts.append(Part("rounding of the minimum", base - least))
        parts += [
            Part(f"less line {one['line_number']}", -number(one, "amount"))
            for one in self._lines(line, _OF_A_MINIMUM)
        ]
        step = f"{short(line['base_amount'])} {self._currency} at least, less what is billed"
        return (step,), parts, ()

    def _discount(self, line: Fields) -> _Explained:
        percent = number(line, "percent")
        kinds = self._discounted(line["metric"])
        parts = [
            Part(f"line {one['line_number']}", -number(one, "amount") * percent / 100)
            for one in self._lines(line, kinds)
        ]
        step = (
            f"{short(line['percent'])} % off {short(line['base_amount'])} {self._currency} "
            f"({', '.join(kinds)})"
        )
        return (step,), parts, ()

    def _credit(self, line: Fields) -> _Explained:
        credits = self._body["account"]["document"].get("credits", [])
        reasons = [one["reason"] for one in credits if one["id"] == line["metric"]]
        what = " ".join([f"credit {line['metric']}", *reasons])
        return (what,), (Part(what, number(line, "amount")),), ()

    def _discounted(self, discount_id: str) -> list[str]:
        for term in self._body["terms"]:
            if (term["term"], term["name"]) == ("discount", discount_id):
                return str(term["detail"]).split(",")
        return []

    def _lines(self, line: Fields, kinds: object) -> list[Fields]:
        own = (one for one in self._body["lines"] if one["tenant_id"] == line["tenant_id"])
        return [one for one in own if one["line_kind"] in kinds]  # type: ignore[operator]

    # ---- what it cost ------------------------------------------------------------------------

    def _passthrough(self, line: Fields) -> _Explained:
        of = self._passed(line, self._body)
        found = spent(self._book, of)
        step = f"{short(line['cost_usd'])} USD"
        if Decimal(line["markup_percent"]):
            step += f" x {short(Decimal(line['markup_percent']) + 100)} %"
        if Decimal(line["usd_per_unit"]) != 1:
            step += f" / {short(line['usd_per_unit'])} USD for one {self._currency}"
        return (step,), found.parts, found.later

    def _passed(self, line: Fields, body: Fields) -> Passed:
        factor = (100 + number(line, "markup_percent")) / 100 / (number(line, "usd_per_unit") or 1)
        return Passed(body, line["tenant_id"], line["metric"], factor)

    # ---- what came late, and what somebody states ----------------------------------------------

    def _adjustment(self, line: Fields) -> _Explained:
        if not line["known_amount"]:
            return self._stated(line)
        sign = -1 if self._body["kind"] == CREDIT_NOTE else 1
        known, billed = number(line, "known_amount"), number(line, "billed_amount")
        what = f"{line['adjusts_kind']} of {line['adjusts_period']}"
        parts = [
            Part(f"{what}, as it was known", sign * known),
            Part(f"{what}, as billed", -sign * billed),
        ]
        step = f"{what}: {line['known_amount']} less {line['billed_amount']}"
        steps = (step, f"rules {line['rules']}") if line["rules"] else (step,)
        return steps, parts, self._since(line)

    def _since(self, line: Fields) -> tuple[Later, ...]:
        """What came between the close of the month that is adjusted and the one that adjusts it."""
        period = Period.parse(line["adjusts_period"])
        before = read_document(self._book.landing, period, self._document.account_id).body
        if line["adjusts_kind"] == "passthrough":
            return changed_costs(self._book, self._passed(line, before))
        if line["adjusts_kind"] not in ("levy", "variable"):
            return ()
        asked = {"account_id": self._document.account_id, "period_start": period.start}
        (row,) = self._book.query("explain_closed_at", **asked)
        zero = Fraction()
        of = Metered(
            before, line["tenant_id"], line["metric"], zero, zero, _moment(row["closed_at"])
        )
        return late_events(self._book, of, self._closed_at)

    def _stated(self, line: Fields) -> _Explained:
        refers = self._body["refers_to"]
        of = f"line of the {refers['kind']} of {refers['period']}" if refers else "as it was stated"
        return (line["text"] or of,), (Part(line["text"] or of, number(line, "amount")),), ()

    @property
    def _currency(self) -> str:
        return str(self._body["currency"])


_Explained = tuple[tuple[str, ...], "tuple[Part, ...] | list[Part]", tuple[Later, ...]]
_KINDS: dict[str, Callable[[_Explainer, Fields], _Explained]] = {
    "levy": _Explainer._metered,
    "variable": _Explainer._metered,
    "facility": _Explainer._facility,
    "minimum": _Explainer._minimum,
    "discount": _Explainer._discount,
    "credit": _Explainer._credit,
    "passthrough": _Explainer._passthrough,
    "adjustment": _Explainer._adjustment,
}


def _not_billed(line: Fields, of: Metered) -> Iterator[Part]:
    """What lies between the quantity that was used and the one that this line bills."""
    whole, billable = number(line, "quantity"), number(line, "billable_quantity")
    beyond = max(whole - number(line, "included_quantity"), Fraction())
    if whole != beyond:
        yield of.part("included", beyond - whole)
    if billable < beyond:
        yield of.part("billed in other tiers", billable - beyond)
    if billable > beyond:
        yield of.part("the package that was begun counts whole", billable - beyond)


def _metered_steps(line: Fields, unit: str, currency: str) -> tuple[str, ...]:
    size = "" if Decimal(line["unit_size"]) == 1 else f" for {line['unit_size']}"
    tier = f" in tier {line['tier']}" if line["pricing"] in ("graduated", "volume") else ""
    return (
        f"used {short(line['quantity'])} {unit}, {short(line['included_quantity'])} included: "
        f"{short(line['billable_quantity'])} billed{tier} ({_plan(line)})",
        f"{short(line['billable_quantity'])} x {short(line['unit_price'])} {currency}{size}",
    )


def _plan(line: Fields) -> str:
    return f"plan {line['plan_id']} v{line['plan_version']}"
