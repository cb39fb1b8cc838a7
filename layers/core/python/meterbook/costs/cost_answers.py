"""What Cost Explorer answers about a window of days: asked page by page, and judged as text.

It groups by two keys at most, and a cost has three: service, tenant tag, module tag. So one
question finds the services, each of them is asked for by its tags, and an ungrouped one gives the
control totals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from meterbook.costs.cur_line import amount_fault
from meterbook.costs.window import Days
from meterbook.errors import InputRefused
from meterbook.ports import CostExplorer, CostQuery, Grouping

METRICS = ("UnblendedCost", "AmortizedCost")
Answer = Mapping[str, Any]


class Cost(NamedTuple):
    """A cost in both metrics, as the texts that AWS wrote."""

    unblended: str
    amortized: str
    currency: str

    @property
    def is_zero(self) -> bool:
        """Whether it is nothing in both."""
        return not any(map(Decimal, (self.unblended, self.amortized)))


class CostLine(NamedTuple):
    """What a day cost under the keys that were asked for; without any, what it cost in all."""

    usage_date: date
    keys: tuple[str, ...]
    cost: Cost
    estimated: bool


class Asking:
    """Asks for one window, and counts the requests, because AWS bills each.

    Errors of every question: those of the port, and `InputRefused` for an answer that the book
    could not take.
    """

    def __init__(self, cost_explorer: CostExplorer, days: Days) -> None:
        self.requests = 0
        self.days = days
        self._cost_explorer = cost_explorer

    def services(self) -> list[str]:
        """The services with a line that is not zero, in one metric or the other."""
        pages = self._pages(("DIMENSION", "SERVICE"))
        lines = (line for page in pages for line in page)
        return sorted({line.keys[0] for line in lines if not line.cost.is_zero})

    def tagged_costs(self, service: str, tag_keys: Sequence[str]) -> Iterator[list[CostLine]]:
        """What a service cost under each value of the tags, by the page; a zero is no line."""
        groupings: list[tuple[Grouping, str]] = [("TAG", key) for key in tag_keys]
        for page in self._pages(*groupings, service=service):
            yield [
                line._replace(keys=tuple(map(_tag_value, line.keys, tag_keys)))
                for line in page
                if not line.cost.is_zero
            ]

    def totals(self) -> list[CostLine]:
        """Each day's cost as AWS says it without any grouping, one line a day in their order."""
        told: dict[date, CostLine] = {}
        for line in (line for page in self._pages() for line in page):
            if line.usage_date in told:
                raise _untaken(f"it tells the total of {line.usage_date} twice")
            told[line.usage_date] = line
        if missing := [str(day) for day in self.days if day not in told]:
            raise _untaken(f"it tells no total of {', '.join(missing)}")
        return [told[day] for day in self.days]

    def _pages(
        self, *group_by: tuple[Grouping, str], service: str | None = None
    ) -> Iterator[list[CostLine]]:
        """An answer's pages, one in memory at a time; a day may stand on several of them."""
        query = CostQuery(self.days.start, self.days.end, METRICS, group_by, service)
        for page in self._cost_explorer.pages(query):
            self.requests += 1
            results: Any = page["ResultsByTime"]
            yield [line for result in results for line in self._lines(result, bool(group_by))]

    def _lines(self, result: Answer, is_grouped: bool) -> Iterator[CostLine]:
        day = date.fromisoformat(result["TimePeriod"]["Start"])
        if day not in self.days:
            raise _untaken(f"it tells of {day}, which was not asked")
        groups = result["Groups"] if is_grouped else [{"Keys": (), "Metrics": result["Total"]}]
        for group in groups:
            cost = _cost(day, group["Metrics"])
            yield CostLine(day, tuple(group["Keys"]), cost, bool(result["Estimated"]))


def _tag_value(key: str, tag_key: str) -> str:
    """The `acme` of `tenant_id$acme`; what is not tagged comes as `tenant_id$`."""
    if not key.startswith(f"{tag_key}$"):
        raise _untaken(f"it grouped by {key!r} instead of {tag_key!r}")
    return key.removeprefix(f"{tag_key}$")


def _cost(day: date, metrics: Answer) -> Cost:
    unblended, amortized = (metrics[metric] for metric in METRICS)
    for amount in (unblended, amortized):
        if fault := amount_fault(amount["Amount"], amount["Unit"]):
            told = f"{amount['Amount']!r} {amount['Unit']!r} for {day}, {fault.detail}"
            raise _untaken(f"it says {told}")
    return Cost(unblended["Amount"], amortized["Amount"], unblended["Unit"])


def _untaken(detail: str) -> InputRefused:
    return InputRefused(detail=f"The answer of Cost Explorer cannot be taken: {detail}.")
