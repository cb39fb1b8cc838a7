"""Three accounts of one month's cost are held against each other, and the verdict is kept.

Cost Explorer and the bill tell the same cost twice, and the book tells it a third time, by owner.
The verdict is a delivery of its own: nobody changes it, a later look is a later verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from meterbook.book import Book
from meterbook.canonical import plain
from meterbook.costs.coverage import exact_sum
from meterbook.costs.cur_line import EXACT
from meterbook.delivery import Delivery, close_delivery, land_rows
from meterbook.errors import Refused
from meterbook.period import Period
from meterbook.ports import Row

STREAM = "verdicts"
SOURCES = ("aws_cost", "cur")
FIGURES = ("aws_cost_usd", "cur_usd", "attributed_usd")


@dataclass(frozen=True, slots=True)
class Finding:
    """What the sources say of a day's service or tenant, or of a payer's day that only one covers.

    `grain` says what `name` is: a service, a tenant ('' is nobody), or a payer. A figure that
    nobody tells is None.
    """

    usage_date: date
    grain: str
    name: str
    aws_cost_usd: Decimal | None
    cur_usd: Decimal | None
    attributed_usd: Decimal | None = None

    @property
    def state(self) -> str:
        """What is of one side cannot be compared and is no difference."""
        return "incomplete" if self.grain == "payer" else "differs"

    @property
    def difference_usd(self) -> Decimal | None:
        """How far the figures lie apart, where there is more than one."""
        told = [figure for figure in self.figures if figure is not None]
        return EXACT.subtract(max(told), min(told)) if len(told) > 1 else None

    @property
    def figures(self) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        """What each source says."""
        return self.aws_cost_usd, self.cur_usd, self.attributed_usd


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a period: `agrees`, `differs`, or `incomplete` where nothing differs."""

    verdict_id: str
    period: Period
    tolerance_usd: Decimal
    day_count: int
    compared_count: int
    findings: Sequence[Finding]

    @property
    def verdict(self) -> str:
        """Differences go before what could not be compared; nothing compared is no agreement."""
        if self.count("differs"):
            return "differs"
        return "agrees" if self.compared_count and not self.findings else "incomplete"

    def count(self, state: str) -> int:
        """How many findings are of a state."""
        return sum(finding.state == state for finding in self.findings)


def reconcile_costs(book: Book, period: Period) -> Verdict:
    """Compare Cost Explorer, the bill and the book per day, service and tenant; keep the verdict.

    A pair differs when two of its figures are further apart than CONFIG `reconcile_tolerance_usd`
    of the period's first day. Errors: `Refused` where CONFIG or the moment does not allow it.
    """
    book.update()
    now = book.clock.now()
    told = book.query("reconcile_deliveries", period_start=period.start, period_end=period.end)
    one_sided = list(_one_sided(told))
    alone = {finding.usage_date for finding in one_sided}
    pairs = [pair for pair in _pairs(book, period) if pair.usage_date not in alone]
    tolerance = _tolerance(book, period)
    differences = [pair for pair in pairs if (pair.difference_usd or 0) > tolerance]
    verdict = Verdict(
        verdict_id=f"reconcile.{period}.{now:%Y%m%dT%H%M%S%f}",
        period=period,
        tolerance_usd=tolerance,
        day_count=len({row["usage_date"] for row in told}),
        compared_count=len(pairs),
        findings=sorted([*one_sided, *differences], key=lambda f: (f.usage_date, f.grain, f.name)),
    )
    _land(book, verdict, told, now)
    return verdict


def _one_sided(told: Iterable[Row]) -> Iterator[Finding]:
    """The payers' days that only one of Cost Explorer and the bill covers."""
    for (day, payer), rows in groupby(told, key=lambda row: (row["usage_date"], row["payer"])):
        totals: dict[object, list[Decimal]] = {}
        for row in rows:
            totals.setdefault(row["stream"], []).append(Decimal(str(row["control_usd"])))
        if len(totals) < len(SOURCES):
            aws_cost, cur = (exact_sum(totals[s]) if s in totals else None for s in SOURCES)
            yield Finding(_day(day), "payer", str(payer), aws_cost, cur)


def _pairs(book: Book, period: Period) -> Iterator[Finding]:
    span = {"period_start": period.start, "period_end": period.end}
    for row in book.query("reconcile_costs", **span):
        figures = (row[name] for name in FIGURES)
        told = (None if figure is None else Decimal(str(figure)) for figure in figures)
        yield Finding(_day(row["usage_date"]), str(row["grain"]), str(row["name"]), *told)


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError("usage_date is a date")
    return value


def _tolerance(book: Book, period: Period) -> Decimal:
    rows = book.query("config_value", config_key="reconcile_tolerance_usd", day=period.start)
    if not rows:
        raise Refused(
            detail=f"CONFIG has no reconcile_tolerance_usd on {period.start}. Apply the catalog."
        )
    return Decimal(str(rows[0]["value"]))


def _land(book: Book, verdict: Verdict, told: Iterable[Row], now: datetime) -> None:
    family = f"reconcile.{verdict.period}"
    rows = [_head(verdict, told, now), *(_row(verdict, finding) for finding in verdict.findings)]
    files = land_rows(book.landing, STREAM, verdict.verdict_id, rows)
    delivery = Delivery(verdict.verdict_id, STREAM, family, family, now, files)
    if not close_delivery(book.landing, delivery):
        raise Refused(detail=f"{verdict.period} was reconciled at this very moment already.")
    book.update()


def _head(verdict: Verdict, told: Iterable[Row], now: datetime) -> dict[str, object]:
    days = Counter((str(row["stream"]), str(row["delivery_id"])) for row in told)
    return {
        "kind": "verdict",
        "verdict_id": verdict.verdict_id,
        "period": str(verdict.period),
        "reconciled_at": plain(now),
        "tolerance_usd": f"{verdict.tolerance_usd.normalize():f}",
        "verdict": verdict.verdict,
        "day_count": str(verdict.day_count),
        "compared_count": str(verdict.compared_count),
        "difference_count": str(verdict.count("differs")),
        "incomplete_count": str(verdict.count("incomplete")),
        "deliveries": [
            {"stream": stream, "delivery_id": delivery_id, "day_count": str(count)}
            for (stream, delivery_id), count in sorted(days.items())
        ],
    }


def _row(verdict: Verdict, finding: Finding) -> dict[str, object]:
    figures = dict(zip(FIGURES, finding.figures, strict=True))
    figures["difference_usd"] = finding.difference_usd
    return {
        "kind": "finding",
        "verdict_id": verdict.verdict_id,
        "period": str(verdict.period),
        "state": finding.state,
        "usage_date": finding.usage_date.isoformat(),
        "grain": finding.grain,
        "name": finding.name,
        **{name: f"{figure:f}" for name, figure in figures.items() if figure is not None},
    }
