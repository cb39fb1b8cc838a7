"""What is counted: every line judged, every event once, whatever was reversed settled."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from oracle.catalog import Catalog
from oracle.records import Answer, Json

TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(.*)", re.ASCII)
OFFSET = re.compile(r"Z|[+-]\d\d:?\d\d|", re.ASCII)
NUMBER = re.compile(r"([+-]?)(\d+)(?:\.(\d+))?", re.ASCII)
SOURCE = re.compile(r"/[A-Za-z0-9][A-Za-z0-9._:-]{0,127}/.+")
LARGEST = 10**14  # where a quantity ends to be believed
MICRO = 10**6


@dataclass(frozen=True)
class Event:
    """A line that passes: an event, or a reversal of the event that it names."""

    time: str
    tenant: str
    source: str
    event_id: str
    metric: str
    quantity: Fraction
    counted_id: str
    reverses: str
    payload: str

    @property
    def day(self) -> str:
        return self.time[:10]

    @property
    def module(self) -> str:
        return self.source.split("/")[1]


@dataclass(frozen=True)
class Counted:
    """An event or a reversal that counts, on its day, and whether it is withdrawn from the sums."""

    event: Event
    day: str
    withdrawn: bool = False


# -- a line alone -------------------------------------------------------------------------------


def read_time(text: str) -> tuple[str, str]:
    """The UTC time to the microsecond in one comparable form, or why it has none."""
    match = TIME.fullmatch(text)
    if not match or match[2] >= "24" or not OFFSET.fullmatch(match[4]):
        return "", "time_unreadable"
    try:
        datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError:
        return "", "time_unreadable"
    if match[4] not in ("Z", "+00:00", "+0000"):
        return "", "time_not_utc"
    return f"{match[1]}T{match[2]}.{(match[3] or '').ljust(6, '0')[:6]}", ""


def from_the_future(event: Json, time: str) -> bool:
    """Whether the event lies more than 15 minutes after its envelope was written."""
    if not time or not event["envelope"]:
        return False
    sent = datetime.fromisoformat(event["envelope"].replace("Z", "+00:00"))
    return datetime.fromisoformat(f"{time}+00:00") > sent + timedelta(minutes=15)


def read_quantity(text: str) -> tuple[Fraction, str]:
    match = NUMBER.fullmatch(text)
    if not match:
        return Fraction(0), "quantity_not_a_number"
    if len(match[3] or "") > 6:
        return Fraction(0), "quantity_too_fine"
    value = Fraction(f"{match[1]}{match[2]}.{match[3] or '0'}")
    return value, "quantity_out_of_range" if abs(value) >= LARGEST else ""


def data_of(event: Json) -> Json:
    data = event.get("data")
    return data if isinstance(data, dict) else {}


def judge_alone(event: Json) -> str:
    """The first thing that is wrong with a line, whatever the catalog says."""
    data = data_of(event)
    time, bad_time = read_time(event.get("time", ""))
    quantity, bad_quantity = read_quantity(data.get("quantity", "0"))
    named = event.get("id") and event.get("type") and SOURCE.fullmatch(event.get("source", ""))
    schema = event.get("dataschema", ""), event.get("specversion", "1.0")
    reasons = (
        (not named, "malformed"),
        (schema not in {("", "1.0"), ("usage_recorded.v1", "1.0")}, "schema_version_unknown"),
        (not event.get("subject"), "tenant_missing"),
        (bad_time, bad_time),
        (from_the_future(event, time), "from_the_future"),
        (bad_quantity, bad_quantity),
        (quantity < 0 and not data.get("reverses"), "negative_without_reversal"),
    )
    return next((reason for holds, reason in reasons if holds), "")


# -- a line and the catalog ---------------------------------------------------------------------


def judge(book: Catalog, event: Json) -> tuple[Event | None, str]:
    """What the line counts as, or the reason why it cannot count."""
    if reason := judge_alone(event):
        return None, reason
    data = data_of(event)
    day, reverses = event["time"][:10], data.get("reverses", "")
    metric = book.documents["metric"].get(event["type"], {})
    tenant = book.documents["tenant"].get(event["subject"], {})
    distinct = metric.get("aggregation") == "distinct"
    counted_id = data.get("attributes", {}).get(metric["counts"], "") if distinct else ""
    factor = factor_of(metric, data.get("unit", "")) if metric else None
    written = "1" if distinct else data.get("quantity")
    quantity = read_quantity(written or "0")[0] * (factor or 0)
    began, ended = metric.get("starts_on", "9999"), metric.get("ends_on", "9999")
    reasons = (
        (not tenant or not (reverses or spans(tenant, day)), "unknown_tenant"),
        (not metric or not (reverses or began <= day), "unknown_metric"),
        (not reverses and ended <= day, "metric_deprecated"),
        (factor is None, "unit_mismatch"),
        ((quantity * MICRO).denominator > 1, "quantity_too_fine"),
        (abs(quantity) >= LARGEST, "quantity_out_of_range"),
        (distinct and not counted_id and not reverses, "counted_id_missing"),
        (written is None, "quantity_not_a_number"),
    )
    for holds, reason in reasons:
        if holds:
            return None, reason
    time, payload = read_time(event["time"])[0], payload_of(event, quantity)
    who = (event["subject"], event["source"], event["id"], event["type"])
    return Event(time, *who, quantity, counted_id, reverses, payload), ""


def spans(document: Json, day: str) -> bool:
    return bool(document["starts_on"] <= day < document["ends_on"])


def factor_of(metric: Json, unit: str) -> Fraction | None:
    """How much of the metric's unit one of the event's is, None for a unit that it does not know."""
    factors = {one["unit"]: Fraction(one["factor"]) for one in metric.get("conversions") or []}
    return {**factors, metric["unit"]: Fraction(1), "": Fraction(1)}.get(unit)


def payload_of(event: Json, quantity: Fraction) -> str:
    """What two lines must have in common to be one told twice, as a hash."""
    data = data_of(event)
    whole, rest = divmod(int(abs(quantity) * MICRO), MICRO)
    sign = "-" if quantity < 0 else ""
    given = data.get("attributes")
    attributes = json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    parts = (event["type"], f"{sign}{whole}.{rest:06}", data.get("reverses", ""))
    text = "|".join((*parts, "" if given is None else attributes))
    return hashlib.sha256(text.encode()).hexdigest()


# -- lines against each other -------------------------------------------------------------------


def count_usage(book: Catalog, events: Sequence[Json], result: Answer) -> list[Counted]:
    """Judge every line, let those that pass compete for their key, then match the reversals."""
    rivals: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for told in events:
        event, reason = judge(book, told)
        if event is None:
            result.rejects[told.get("id", ""), reason] += 1
        else:
            rivals[event.tenant, event.source, event.event_id].append(event)
    winners = [win(lines, result) for lines in rivals.values()]
    counted = list(settle(book, winners, result))
    result.landed, result.counted = len(events), len(counted)
    return counted


def win(lines: Sequence[Event], result: Answer) -> Event:
    first = min(lines, key=lambda line: (line.time, line.payload))
    same = sum(1 for line in lines if (line.time, line.payload) == (first.time, first.payload))
    result.duplicates += same - 1
    if len(lines) > same:
        result.rejects[first.event_id, "conflicting_duplicate"] += len(lines) - same
    return first


def settle(book: Catalog, winners: Sequence[Event], result: Answer) -> Iterator[Counted]:
    """Every event, and every reversal that matches, on the day of the event that it reverses."""
    known = {(one.tenant, one.source, one.event_id): one for one in winners if not one.reverses}
    named: dict[Event, list[Event]] = defaultdict(list)
    for one in winners:
        target = known.get((one.tenant, one.source, one.reverses))
        if one.reverses and target and target.metric == one.metric:
            named[target].append(one)
        elif one.reverses:
            result.rejects[one.event_id, "reversal_unmatched"] += 1
    for event in known.values():
        aggregation = book.documents["metric"][event.metric]["aggregation"]
        matched = matching(aggregation, event, named[event])
        withdrawn = bool(matched) and aggregation != "sum"
        yield Counted(event, event.day, withdrawn)
        yield from (Counted(reversal, event.day, withdrawn) for reversal in matched)
        for reversal in named[event]:
            if reversal not in matched:
                result.rejects[reversal.event_id, "reversal_unmatched"] += 1


def matching(aggregation: str, event: Event, reversals: Iterable[Event]) -> list[Event]:
    """Those that may reverse the event: of a sum any part of it, of all else the whole of it."""
    if aggregation == "distinct":
        return list(reversals)
    if aggregation != "sum":
        return [one for one in reversals if one.quantity == -event.quantity]
    less = [one for one in reversals if one.quantity < 0]
    return less if -sum(one.quantity for one in less) <= event.quantity else []
