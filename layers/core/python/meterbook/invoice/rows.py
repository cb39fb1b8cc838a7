"""The lines of a printed invoice: groups of rows, in columns that any line fills.

Nothing is computed but the sum so far, which the foot of a page hands to the head of the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from meterbook.canonical import short
from meterbook.close.snapshot import Fields
from meterbook.invoice.say import Say, broken, negated

_FIGURES = ("used", "included", "billable", "unit_price")
# A row of more characters may be longer than a page, and has to break.
_WHOLE = 1000
# A figure in its column: what is shown, the decimals it lacks, and what stands below it.
_Cell = tuple[str, str, str]


def table_of(document: Fields, say: Say) -> Fields:
    """The heads of the columns, and the groups with their rows and subtotals."""
    return _Table(document, say).shown()


class _Table:
    def __init__(self, document: Fields, say: Say) -> None:
        self._document, self._say = document, say
        lines = [line for group in document["groups"] for line in group["lines"]]
        self._several_tenants = len({line["tenant_id"] for line in lines} - {""}) > 1
        self._several_rates = len(document["taxes"]) > 1
        columns = {name: self._column(lines, name) for name in _FIGURES}
        self._columns = {
            name: cells
            for name, cells in columns.items()
            if any(shown for shown, *_ in cells.values())
        }
        self._sum = Decimal(0)

    def shown(self) -> Fields:
        say, currency = self._say, self._document["currency"]
        return {
            "heads": [say("description"), f"{say('amount')} {currency}"],
            "columns": [say(name) for name in self._columns],
            "groups": [*map(self._group, self._document["groups"]), *self._allowances()],
        }

    def _group(self, group: Fields) -> Fields:
        rows = [self._line(line) for line in group["lines"]]
        # The subtotal of one line would only repeat it.
        subtotal = [[self._say("subtotal"), self._say.figure(group["subtotal"])]]
        return {
            "title": group["title"],
            "rows": rows,
            "subtotal": subtotal if len(rows) > 1 else [],
        }

    def _line(self, line: Fields) -> Fields:
        cells = [column[line["line_number"]] for column in self._columns.values()]
        row = self._row(line, [line["detail"]], line["amount"])
        return row | {"cells": cells if any(shown for shown, *_ in cells) else []}

    def _allowances(self) -> list[Fields]:
        rows = [
            self._row(one, [self._share(one)], negated(one["amount"])) | {"cells": []}
            for one in self._document["allowances"]
        ]
        return [{"title": self._say("allowances"), "rows": rows, "subtotal": []}] if rows else []

    def _share(self, allowance: Fields) -> str:
        if not allowance["percent"]:
            return ""
        percent, base = short(allowance["percent"]), allowance["base"]
        figure = self._say.figure
        return self._say("allowance_share", percent=figure(percent), base=figure(base))

    def _row(self, entry: Fields, details: Iterable[str], amount: str) -> Fields:
        text = entry["description"]
        detail = "  ·  ".join(part for part in (*self._details(entry), *details) if part)
        self._sum += Decimal(amount)
        return {
            "description": broken(text),
            "detail": broken(detail),
            "amount": self._say.figure(amount),
            "carried": self._say.figure(f"{self._sum:f}"),
            "whole": len(text) + len(detail) < _WHOLE,
        }

    def _details(self, entry: Fields) -> list[str]:
        """Whose it is and how it is taxed, where the document has several of them."""
        rate = self._say.rate(entry["tax_category"], entry["tax_percent"])
        return [entry["tenant_name"]] * self._several_tenants + [rate] * self._several_rates

    # ---- columns of figures --------------------------------------------------------------------

    def _column(self, lines: Iterable[Fields], name: str) -> Mapping[int, _Cell]:
        """The cells of a column by line number, their decimal points below each other."""
        figures = {line["line_number"]: self._figure(line, name) for line in lines}
        most = max(map(_decimals, figures.values()), default=0)
        return {
            line["line_number"]: self._cell(figures[line["line_number"]], most, line, name)
            for line in lines
        }

    def _figure(self, line: Fields, name: str) -> str:
        """A figure of a line as it is written; a price has at least the currency's decimals."""
        if name != "unit_price":
            return str(line[name])
        # A price without a quantity would only repeat the amount.
        digits = int(self._document["minor_digits"])
        return _filled_up(line[name], digits) if line["billable"] else ""

    def _cell(self, figure: str, most: int, line: Fields, name: str) -> _Cell:
        is_per = name == "unit_price" and figure and line["unit_size"] not in ("", "1")
        below = self._say("per", size=self._say.figure(line["unit_size"])) if is_per else ""
        return self._say.figure(figure), _filled_up(figure, most)[len(figure) :], below


def _decimals(figure: str) -> int:
    return len(figure.partition(".")[2])


def _filled_up(figure: str, decimals: int) -> str:
    """A figure with zeros up to so many decimals; no figure stays none."""
    lacking = decimals - _decimals(figure)
    if not figure or lacking <= 0:
        return figure
    return figure + "." * ("." not in figure) + "0" * lacking
