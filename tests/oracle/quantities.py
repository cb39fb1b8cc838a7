"""How much was used: of what counts, by day and by month, each metric in its own way."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from oracle.catalog import Catalog
from oracle.records import Answer
from oracle.usage import MICRO, Counted, Event

Grain = tuple[str, str, str]
Held = tuple[datetime, datetime, Fraction]
DAY = timedelta(days=1)


def sum_usage(book: Catalog, counted: Sequence[Counted], result: Answer) -> None:
    days: dict[tuple[str, str, str, str], list[Counted]] = defaultdict(list)
    months: dict[tuple[str, str, str], list[Counted]] = defaultdict(list)
    for one in counted:
        event = one.event
        days[one.day, event.tenant, event.module, event.metric].append(one)
        months[one.day[:7], event.tenant, event.metric].append(one)
    for day, events in days.items():
        result.usage_daily[day] = (used(book, day[3], events), len(events))
    for grain, held in held_by_day(book, counted).items():
        for day, quantity in held.items():
            key = (day, *grain)
            result.usage_daily[key] = (quantity, len(days.get(key, ())))
    for month, events in months.items():
        result.usage_monthly[month] = used(book, month[2], events)
    for (day, tenant, _, metric), (quantity, _) in result.usage_daily.items():
        if aggregation_of(book, metric) == "time_weighted":
            grain = (day[:7], tenant, metric)
            result.usage_monthly[grain] = result.usage_monthly.get(grain, Fraction(0)) + quantity


def aggregation_of(book: Catalog, metric: str) -> str:
    return str(book.documents["metric"][metric]["aggregation"])


def used(book: Catalog, metric: str, counted: Sequence[Counted]) -> Fraction:
    """How much some events are together; what is held over time is not theirs to say."""
    events = [one.event for one in counted if not one.withdrawn]
    match aggregation_of(book, metric):
        case "sum":
            return sum((event.quantity for event in events), Fraction(0))
        case "distinct":
            return Fraction(len({event.counted_id for event in events}))
        case "max":
            return max((event.quantity for event in events), default=Fraction(0))
        case "latest":
            last = max(events, key=lambda one: (one.time, one.source, one.event_id), default=None)
            return last.quantity if last else Fraction(0)
    return Fraction(0)


# -- levels, which hold until the next ----------------------------------------------------------


def held_by_day(book: Catalog, counted: Sequence[Counted]) -> dict[Grain, dict[str, Fraction]]:
    """What each day adds to the month's average level, of each tenant, module and metric."""
    grains: dict[Grain, list[Held]] = defaultdict(list)
    for events in series_of(book, counted):
        first = events[0]
        end = end_of(book, first, counted)
        grains[first.tenant, first.module, first.metric] += spans_of(events, end)
    return {grain: dict(by_day(spans)) for grain, spans in grains.items()}


def series_of(book: Catalog, counted: Sequence[Counted]) -> Iterable[list[Event]]:
    series: dict[Grain, list[Event]] = defaultdict(list)
    for one in counted:
        event = one.event
        if aggregation_of(book, event.metric) == "time_weighted" and not one.withdrawn:
            series[event.tenant, event.source, event.metric].append(event)
    for events in series.values():
        yield sorted(events, key=lambda event: (event.time, event.event_id))


def end_of(book: Catalog, event: Event, counted: Sequence[Counted]) -> datetime:
    """Where the last level ends: after the last day of any event, or with tenant or metric."""
    horizon = max(one.day for one in counted if not one.event.reverses)
    ends = (("tenant", event.tenant), ("metric", event.metric))
    days = [book.documents[kind][key]["ends_on"] for kind, key in ends]
    return min(midnight(horizon) + DAY, *map(midnight, days))


def spans_of(events: Sequence[Event], end: datetime) -> Iterator[Held]:
    starts = [datetime.fromisoformat(event.time[:19]) for event in events]
    for event, (start, until) in zip(events, pairwise([*starts, end]), strict=True):
        if start < min(until, end):
            yield start, min(until, end), event.quantity


def by_day(spans: Sequence[Held]) -> Iterator[tuple[str, Fraction]]:
    """Each day's part is what it adds to the rounded whole, so that the days sum to the month."""
    days = {
        start + DAY * number
        for begins, ends, _ in spans
        for start in [midnight(f"{begins:%Y-%m-%d}")]
        for number in range((ends - start) // DAY + 1)
        if start + DAY * number < ends
    }
    for day in sorted(days):
        month = day.replace(day=1)
        until_now, before = held(spans, month, day + DAY), held(spans, month, day)
        yield f"{day:%Y-%m-%d}", averaged(until_now, month) - averaged(before, month)


def held(spans: Sequence[Held], start: datetime, end: datetime) -> Fraction:
    """Levels times the seconds for which they were held."""
    cut = [(max(begins, start), min(ends, end), level) for begins, ends, level in spans]
    return sum(
        (level * int((ends - begins).total_seconds()) for begins, ends, level in cut if begins < ends),
        Fraction(0),
    )  # fmt: skip


def averaged(level_seconds: Fraction, month: datetime) -> Fraction:
    """Over the seconds of the whole month, to six decimals, half up."""
    seconds = calendar.monthrange(month.year, month.month)[1] * 86_400
    return Fraction((2 * MICRO * level_seconds / seconds + 1) // 2, MICRO)


def midnight(day: str) -> datetime:
    return datetime.fromisoformat(day)
