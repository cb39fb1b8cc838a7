"""What is counted: every line judged, every event once, days and months summed."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from oracle.records import Answer, Catalog, Json

TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(.*)", re.ASCII)
OFFSET = re.compile(r"Z|[+-]\d\d:?\d\d|", re.ASCII)
NUMBER = re.compile(r"([+-]?)(\d+)(?:\.(\d+))?", re.ASCII)
SOURCE = re.compile(r"/[A-Za-z0-9][A-Za-z0-9._:-]{0,127}/.+")
LARGEST = 10**14  # where a quantity ends to be believed


@dataclass(frozen=True)
class Counted:
    """An event that is counted, once."""

    time: str
    tenant: str
    module: str
    metric: str
    quantity: Fraction
    counted_id: str

    @property
    def day(self) -> str:
        return self.time[:10]


def read_time(text: str) -> tuple[str, str]:
    """The UTC time in one comparable form and, where it has none, the reason."""
    match = TIME.fullmatch(text)
    if not match or match[2] >= "24" or not OFFSET.fullmatch(match[4]):
        return "", "time_unreadable"
    try:
        datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError:
        return "", "time_unreadable"
    if match[4] not in ("Z", "+00:00", "+0000"):
        return "", "time_not_utc"
    return f"{match[1]}T{match[2]}.{(match[3] or '').ljust(9, '0')}", ""


def from_the_future(event: Json, time: str) -> bool:
    """Whether the event lies more than 15 minutes after its envelope was written."""
    sent = datetime.fromisoformat(event["envelope"].replace("Z", "+00:00"))
    return bool(time) and datetime.fromisoformat(f"{time[:26]}+00:00") > sent + timedelta(
        minutes=15
    )


def read_quantity(text: str) -> tuple[Fraction, str]:
    match = NUMBER.fullmatch(text)
    if not match:
        return Fraction(0), "quantity_not_a_number"
    if len(match[3] or "") > 6:
        return Fraction(0), "quantity_too_fine"
    value = Fraction(f"{match[1]}{match[2]}.{match[3] or '0'}")
    if abs(value) >= LARGEST:
        return value, "quantity_out_of_range"
    return value, "negative_without_reversal" if value < 0 else ""


def judge(book: Catalog, event: Json) -> tuple[Counted | None, str]:
    """What the event counts as, or the reason why it cannot count."""
    tenant, name, data = event.get("subject", ""), event.get("type", ""), event.get("data", {})
    source = event.get("source", "")
    time, bad_time = read_time(event.get("time", ""))
    metric = book.alive("metric", name, time[:10]) or {}
    distinct = metric.get("aggregation") == "distinct"
    counted_id = data.get("attributes", {}).get(metric["counts"], "") if distinct else ""
    quantity, bad_quantity = read_quantity(data.get("quantity", "1" if distinct else ""))
    reasons = (
        (not event.get("id") or not name or not SOURCE.fullmatch(source), "malformed"),
        (not tenant, "tenant_missing"),
        (bad_time, bad_time),
        (from_the_future(event, time), "from_the_future"),
        (not book.alive("tenant", tenant, time[:10]), "unknown_tenant"),
        (not metric, "unknown_metric"),
        (data.get("unit") and data["unit"] != metric.get("unit"), "unit_mismatch"),
        (distinct and not counted_id, "counted_id_missing"),
        (bad_quantity, bad_quantity),
    )
    for holds, reason in reasons:
        if holds:
            return None, reason
    return Counted(time, tenant, source.split("/")[1], name, quantity, counted_id), ""


def payload(event: Json) -> str:
    return json.dumps([event["type"], event["time"], event["data"]], sort_keys=True)


def count_usage(book: Catalog, events: Sequence[Json], result: Answer) -> list[Counted]:
    """Judge every line, then let the lines that pass compete for their key."""
    rivals: dict[tuple[str, str, str], list[tuple[Counted, str]]] = defaultdict(list)
    for event in events:
        line, reason = judge(book, event)
        if line is None:
            result.rejects[event.get("id", ""), reason] += 1
        else:
            rivals[line.tenant, event["source"], event["id"]].append((line, payload(event)))
    counted = []
    for (_, _, event_id), lines in rivals.items():
        first, its_payload = min(lines, key=lambda line: (line[0].time, line[1]))
        counted.append(first)
        same = sum(1 for _, other in lines if other == its_payload)
        result.duplicates += same - 1
        if len(lines) > same:
            result.rejects[event_id, "conflicting_duplicate"] += len(lines) - same
    result.landed = len(events)
    result.counted = len(counted)
    return counted


def is_distinct(book: Catalog, metric: str) -> bool:
    return bool(book.documents["metric"][metric]["aggregation"] == "distinct")


def used(book: Catalog, metric: str, events: Sequence[Counted]) -> Fraction:
    """How much some events are together: their sum, or how many different ids they count."""
    if is_distinct(book, metric):
        return Fraction(len({event.counted_id for event in events}))
    return sum((event.quantity for event in events), Fraction(0))


def sum_usage(book: Catalog, counted: Sequence[Counted], result: Answer) -> None:
    days: dict[tuple[str, str, str, str], list[Counted]] = defaultdict(list)
    months: dict[tuple[str, str, str], list[Counted]] = defaultdict(list)
    for event in counted:
        days[event.day, event.tenant, event.module, event.metric].append(event)
        months[event.day[:7], event.tenant, event.metric].append(event)
    for day, events in days.items():
        result.usage_daily[day] = (used(book, day[3], events), len(events))
    for month, events in months.items():
        result.usage_monthly[month] = used(book, month[2], events)
        if is_distinct(book, month[2]):
            result.usage_distinct[month] = int(result.usage_monthly[month])
