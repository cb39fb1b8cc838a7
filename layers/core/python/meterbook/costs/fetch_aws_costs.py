"""Daily: fetch what AWS charged from Cost Explorer, and what it says the days cost in all.

Two questions over one window of days: by tenant tag and module tag for the rows, ungrouped for the
control totals. AWS restates for weeks, so the window reaches back to the first day of the month
before; the latest complete delivery decides its days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from meterbook.book import Book
from meterbook.costs.coverage import exact_sum
from meterbook.costs.cur_line import amount_fault
from meterbook.delivery import RECORDS_PREFIX, ControlTotal, Delivery, close_delivery, land_rows
from meterbook.errors import InputRefused, Refused
from meterbook.identifier import identifier
from meterbook.period import Period
from meterbook.ports import CostExplorer, CostQuery, Grouping, ObjectStore

METRIC = "UnblendedCost"
REQUEST_USD = Decimal("0.01")
STREAM = "aws_cost"
_EXPORT = "cost_explorer"
_DAY = timedelta(days=1)
_STAMP = "%Y%m%dT%H%M%S%f"

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetch that counts: its delivery, what it landed, and what the asking itself cost."""

    delivery_id: str
    rows: int
    requests: int
    price_usd: Decimal
    control_usd: Decimal


def fetch_aws_costs(
    book: Book,
    cost_explorer: CostExplorer,
    *,
    payer: str,
    owner_tag_key: str,
    module_tag_key: str,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Fetched:
    """Land the days from `first_day` to `last_day`, by default yesterday, and update the book.

    Nothing is landed before all answers are here and have been judged. Errors:
    `CostExplorerRefused`, `CostExplorerUnavailable`, `InputRefused` for an answer that the book
    could not take.
    """
    identifier(payer, "payer account", longest=40)
    ordered_at = _ordered_at(book.landing, payer, book.clock.now())
    today = ordered_at.date()
    days = _Days(
        first_day or Period.of(Period.of(today).start - _DAY).start,
        (last_day or today - _DAY) + _DAY,
    )
    asking = _Asking(cost_explorer, days)
    rows = list(_rows(asking.ask(owner_tag_key, module_tag_key), owner_tag_key, module_tag_key))
    totals = _control_totals(asking.ask(), days, rows)
    delivery = _land(book.landing, payer, ordered_at, rows, totals, asking.requests)
    book.update()
    return Fetched(
        delivery_id=delivery.delivery_id,
        rows=len(rows),
        requests=asking.requests,
        price_usd=asking.requests * REQUEST_USD,
        control_usd=exact_sum(total.control_usd for total in totals),
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """The window `[start, end)`."""

    start: date
    end: date

    def __iter__(self) -> Iterator[date]:
        return (self.start + n * _DAY for n in range((self.end - self.start).days))


class _Asking:
    """Asks for the window, and counts the requests, because AWS bills each."""

    def __init__(self, cost_explorer: CostExplorer, days: _Days) -> None:
        self.requests = 0
        self._cost_explorer = cost_explorer
        self._days = days

    def ask(self, *tag_keys: str) -> Iterator[tuple[date, Answer]]:
        """What the pages say of each day; one day may stand on several pages."""
        groupings: list[tuple[Grouping, str]] = [("TAG", key) for key in tag_keys]
        query = CostQuery(self._days.start, self._days.end, (METRIC,), tuple(groupings))
        for page in self._cost_explorer.pages(query):
            self.requests += 1
            results: Any = page["ResultsByTime"]
            for result in results:
                day = date.fromisoformat(result["TimePeriod"]["Start"])
                if not self._days.start <= day < self._days.end:
                    raise _untaken(f"it tells of {day}, which was not asked")
                yield day, result


def _rows(
    answers: Iterator[tuple[date, Answer]], owner_tag_key: str, module_tag_key: str
) -> Iterator[dict[str, object]]:
    for day, result in answers:
        for group in result["Groups"]:
            owner, module = group["Keys"]
            amount = _amount(day, group["Metrics"])
            yield {
                "usage_date": day.isoformat(),
                "cost": amount["Amount"],
                "currency": amount["Unit"],
                "owner_tag": _tag_value(owner, owner_tag_key),
                "module_tag": _tag_value(module, module_tag_key),
                "estimated": bool(result["Estimated"]),
            }


def _tag_value(key: str, tag_key: str) -> str:
    """The `acme` of `tenant_id$acme`; what is not tagged comes as `tenant_id$`."""
    if not key.startswith(f"{tag_key}$"):
        raise _untaken(f"it grouped by {key!r} instead of {tag_key!r}")
    return key.removeprefix(f"{tag_key}$")


def _amount(day: date, metrics: Answer) -> Mapping[str, str]:
    """The metric's amount and unit as they came. Errors: where the book could not take them."""
    amount: Mapping[str, str] = metrics[METRIC]
    if fault := amount_fault(amount["Amount"], amount["Unit"]):
        told = f"{amount['Amount']!r} {amount['Unit']!r} for {day}, {fault.detail}"
        raise _untaken(f"it says {told}")
    return amount


def _control_totals(
    answers: Iterator[tuple[date, Answer]], days: _Days, rows: list[dict[str, object]]
) -> list[ControlTotal]:
    """Each day's total as AWS says it without any grouping. Errors: where a day is not there."""
    told: dict[date, Decimal] = {}
    for day, result in answers:
        if day in told:
            raise _untaken(f"it tells the total of {day} twice")
        told[day] = Decimal(_amount(day, result["Total"])["Amount"])
    if missing := [str(day) for day in days if day not in told]:
        raise _untaken(f"it tells no total of {', '.join(missing)}")
    row_count = Counter(row["usage_date"] for row in rows)
    return [ControlTotal(day, told[day], row_count[day.isoformat()]) for day in days]


def _untaken(detail: str) -> InputRefused:
    return InputRefused(detail=f"The answer of Cost Explorer cannot be taken: {detail}.")


def _ordered_at(landing: ObjectStore, payer: str, now: datetime) -> datetime:
    """Now, unless a delivery of the payer is ahead of the clock: a later fetch comes later."""
    prefix = f"{RECORDS_PREFIX}{STREAM}/{payer}.{_EXPORT}."
    latest = max(landing.keys(prefix), default="")
    if not latest:
        return now
    stamp = latest.removeprefix(prefix).removesuffix(".json")
    before = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    return max(now, before + timedelta(microseconds=1))


def _land(
    landing: ObjectStore,
    payer: str,
    ordered_at: datetime,
    rows: list[dict[str, object]],
    totals: list[ControlTotal],
    requests: int,
) -> Delivery:
    delivery_id = f"{payer}.{_EXPORT}.{ordered_at:{_STAMP}}"
    family = f"{payer}:{_EXPORT}"
    delivery = Delivery(
        delivery_id=delivery_id,
        stream=STREAM,
        family=family,
        scope=family,
        ordered_at=ordered_at,
        files=land_rows(landing, STREAM, delivery_id, rows),
        days=totals,
        payer=payer,
        origin={"metric": METRIC, "requests": requests},
    )
    if not close_delivery(landing, delivery):
        raise Refused(
            detail=f"The costs of {payer} were fetched by another run at the same moment."
        )
    return delivery
