"""Cost Explorer's answers for made costs, worded and cut into pages as AWS would."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from meterbook.costs.cost_answers import METRICS
from meterbook.ports import CostQuery
from meterbook_local.recorded_costs import RecordedCosts, asked

BY_SERVICE = (("DIMENSION", "SERVICE"),)
BY_TAGS = (("TAG", "tenant_id"), ("TAG", "module_id"))

Page = dict[str, Any]
# A cost as AWS writes it: in one text where both metrics agree, else unblended and amortized.
Amount = str | tuple[str, str]
Tagged = tuple[str, str, str]  # service, tenant tag, module tag
Costs = Mapping[str, Mapping[Tagged, Amount]]


@dataclass
class Told:
    """A question and the pages of its answer."""

    query: CostQuery
    pages: list[Page]

    def without(self, number: int) -> Page:
        """Lose a page and every trace of it; return what is lost."""
        lost = self.pages.pop(number)
        self.pages = chained(self.pages or [{"ResultsByTime": []}])
        return lost


@dataclass(frozen=True)
class Account:
    """What an account cost in `[start, end)`: by day, then by service, tenant tag and module tag.

    `totals` are the days' totals where they are not the sum of the costs.
    """

    start: date
    end: date
    costs: Costs
    totals: Mapping[str, Amount] | None = None
    groups_a_page: int = 3
    unit: str = "USD"
    estimated_from: str = "9999-12-31"

    def answers(self) -> list[Told]:
        """All that the job asks, in the order in which it asks."""
        services = self.summed(lambda tagged: tagged[:1])
        costly = {keys[0] for day in services.values() for keys, cost in day.items() if any(cost)}
        passes = [(BY_TAGS, service, self._tagged(service)) for service in sorted(costly)]
        groups = {day: {(): cost} for day, cost in self._totals().items()}
        return [
            self._told(*answer)
            for answer in [(BY_SERVICE, None, services), *passes, ((), None, groups)]
        ]

    def summed(self, by: Any) -> dict[str, dict[tuple[str, ...], tuple[Decimal, Decimal]]]:
        """The costs of each day, added up by a part of their keys."""
        found: dict[str, dict[tuple[str, ...], tuple[Decimal, Decimal]]] = {}
        for day in self._days():
            sums = found.setdefault(day, {})
            for tagged, amount in self.costs.get(day, {}).items():
                before = sums.get(by(tagged), (Decimal(0), Decimal(0)))
                sums[by(tagged)] = tuple(map(sum, zip(before, both(amount), strict=True)))
        return found

    def _tagged(self, service: str) -> dict[str, dict[tuple[str, ...], Any]]:
        return {
            day: {
                (f"tenant_id${tagged[1]}", f"module_id${tagged[2]}"): amount
                for tagged, amount in self.costs.get(day, {}).items()
                if tagged[0] == service
            }
            for day in self._days()
        }

    def _totals(self) -> dict[str, Any]:
        sums = {day: groups.get((), ("0", "0")) for day, groups in self.summed(_nothing).items()}
        return sums | dict(self.totals or {})

    def _days(self) -> list[str]:
        return [f"{self.start + timedelta(n)}" for n in range((self.end - self.start).days)]

    def _told(self, group_by: Any, service: str | None, days: Mapping[str, Any]) -> Told:
        query = CostQuery(self.start, self.end, METRICS, group_by, service)
        told = [(day, group) for day, groups in days.items() for group in groups.items() or [None]]
        size = self.groups_a_page if group_by else len(told)
        parts = [told[n : n + size] for n in range(0, len(told), size)]
        return Told(query, chained([self._page(part, bool(group_by)) for part in parts]))

    def _page(self, part: Sequence[Any], is_grouped: bool) -> Page:
        return {
            "ResultsByTime": [
                self._result(day, [group for _, group in groups if group], is_grouped)
                for day, groups in groupby(part, key=lambda one: one[0])
            ]
        }

    def _result(self, day: str, groups: list[Any], is_grouped: bool) -> dict[str, Any]:
        after = date.fromisoformat(day) + timedelta(1)
        costs = [{"Keys": list(keys), "Metrics": self._cost(amount)} for keys, amount in groups]
        return {
            "TimePeriod": {"Start": day, "End": f"{after}"},
            "Estimated": day >= self.estimated_from,
            "Total": {} if is_grouped else costs[0]["Metrics"],
            "Groups": costs if is_grouped else [],
        }

    def _cost(self, amount: Any) -> dict[str, Any]:
        texts = [text if isinstance(text, str) else f"{text:f}" for text in pair(amount)]
        return {
            metric: {"Amount": text, "Unit": self.unit}
            for metric, text in zip(METRICS, texts, strict=True)
        }


def pair(amount: Any) -> tuple[Any, Any]:
    """Unblended and amortized."""
    return (amount, amount) if isinstance(amount, str) else amount


def both(amount: Any) -> tuple[Decimal, Decimal]:
    """The same as numbers."""
    unblended, amortized = pair(amount)
    return Decimal(unblended), Decimal(amortized)


def _nothing(tagged: Tagged) -> tuple[str, ...]:
    return ()


def chained(pages: list[Page]) -> list[Page]:
    """Let each page but the last promise the next one."""
    for number, page in enumerate(pages, start=1):
        page.pop("NextPageToken", None)
        if number < len(pages):
            page["NextPageToken"] = f"page {number + 1}"
    return pages


def in_order(answers: Iterable[Told]) -> list[Page]:
    """The pages as one queue, for a Cost Explorer that gives them in the order of the questions."""
    return [page for told in answers for page in told.pages]


def recorded(folder: Path, answers: Iterable[Told]) -> RecordedCosts:
    """The answers, as files."""
    folder.mkdir(parents=True)
    for number, (query, page) in enumerate(_each(answers)):
        text = json.dumps({"query": asked(query), "page": page})
        (folder / f"{number:05d}.json").write_text(text, "utf-8")
    return RecordedCosts(folder)


def _each(answers: Iterable[Told]) -> Iterator[tuple[CostQuery, Page]]:
    return ((told.query, page) for told in answers for page in told.pages)
