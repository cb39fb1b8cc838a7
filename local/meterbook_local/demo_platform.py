"""The small platform of the demo: its licensees, what they do on a day, and what that day costs.

Same dice, same bytes: the dice are a generator of its own, and nothing reads a clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from meterbook.period import Period

from meterbook_local.demo_credits import write_credits
from meterbook_local.demo_dice import Dice, csv_text, fixed, zipped

PAYER = "210987654321"
Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Licensee:
    """Who is a licensee since when, with which modules, and how much it does."""

    tenant: str
    joins: date
    modules: tuple[str, ...]
    customers: int
    busyness: int


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of event: how often a tenant of busyness 1 sends it a day, and how much at once."""

    metric: str
    unit: str
    modules: tuple[str, ...]
    events: int
    least: int
    most: int
    decimals: int = 0


LICENSEES = (
    Licensee("tidewater", date(2026, 1, 1), ("MOD-011", "MOD-024", "MOD-042", "MOD-055"), 640, 3),
    Licensee("larkspur", date(2026, 1, 1), ("MOD-011", "MOD-024", "MOD-042", "MOD-055"), 1150, 5),
    Licensee("kestrel", date(2026, 1, 1), ("MOD-024", "MOD-055"), 380, 2),
    Licensee("meridian", date(2026, 1, 1), ("MOD-011", "MOD-024", "MOD-042"), 720, 3),
    Licensee("juniper", date(2026, 10, 17), ("MOD-011", "MOD-024"), 210, 2),
)
_FUNCTIONS = {
    "MOD-011": "onboard",
    "MOD-024": "score",
    "MOD-042": "store",
    "MOD-055": "notify",
}
STREAMS = (
    Stream("active_customers", "customer", tuple(_FUNCTIONS), 22, 1, 1),
    Stream("ml_inference", "inference", ("MOD-011", "MOD-024"), 14, 1, 60),
    Stream("enrichment_call", "call", ("MOD-011", "MOD-024"), 8, 1, 12),
    Stream("notification_sent", "message", ("MOD-055",), 10, 20, 400),
    Stream("document_gb", "GB", ("MOD-042",), 2, 200_000, 9_000_000, decimals=6),
    Stream("compute_seconds", "second", tuple(_FUNCTIONS), 9, 400, 95_000, decimals=3),
)
# The months after the first say it with fewer events, so that nobody waits for the demo.
PACKED_STREAMS = tuple(
    replace(one, events=one.events * 2 // 3)
    if one.metric == "active_customers"
    else replace(one, events=one.events // 2, least=2 * one.least, most=2 * one.most)
    for one in STREAMS
)


@dataclass(frozen=True, slots=True)
class Brought:
    """The files that a span of days brings: usage, the bill of AWS, the credits of Snowflake.

    They are read at `now`, and the month that they fill closes then; if `closes` is none it stays
    open.
    """

    usage: Path
    costs: Path
    credits: Sequence[Path]
    now: datetime
    closes: Period | None


@dataclass(frozen=True, slots=True)
class Span:
    """Some days one after the other, the dice that make them up, and what is sent in them."""

    days: Sequence[date]
    seed: int
    streams: Sequence[Stream] = PACKED_STREAMS
    more: Sequence[Event] = ()


def write_span(folder: Path, span: Span, now: datetime, closes: Period | None = None) -> Brought:
    """Write what these days bring into a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    of_usage, of_cost, of_credits = map(Dice, range(span.seed, span.seed + 3))
    events = [event for day in span.days for event in events_of(day, of_usage, span.streams)]
    lines = [line_of(event) for event in (*events, *span.more)]
    rows = [row for day in span.days for row in cost_rows(day, of_cost)]
    return Brought(
        usage=zipped(folder / f"usage-{folder.name}.jsonl.gz", "\n".join(lines) + "\n"),
        costs=zipped(folder / f"cost-{folder.name}.csv.gz", csv_text(HEADER, rows)),
        credits=write_credits(folder, tenants_by_day(span.days), of_credits),
        now=now,
        closes=closes,
    )


def days_of(start: date, end: date) -> list[date]:
    """The days from `start` to before `end`."""
    return [start + timedelta(days=n) for n in range((end - start).days)]


def tenants_by_day(days: Iterable[date]) -> dict[date, list[str]]:
    """Who is there on each of these days."""
    return {day: [one.tenant for one in LICENSEES if day >= one.joins] for day in days}


def line_of(event: Event) -> str:
    """An event as a line of a file."""
    return json.dumps(event, separators=(",", ":"))


def events_of(day: date, dice: Dice, streams: Sequence[Stream] = STREAMS) -> list[Event]:
    """A day's events in order of time; their ids count them per day."""
    moments = [
        (dice.below(86_400), licensee, stream)
        for licensee in LICENSEES
        if day >= licensee.joins
        for stream in streams
        if set(stream.modules) & set(licensee.modules)
        for _ in range(_how_many(day, licensee, stream, dice))
    ]
    moments.sort(key=lambda moment: moment[0])
    return [
        _event(f"{day:%m%d}-{number:05d}", day, *moment, dice)
        for number, moment in enumerate(moments, 1)
    ]


def _how_many(day: date, licensee: Licensee, stream: Stream, dice: Dice) -> int:
    usual = licensee.busyness * stream.events
    weekend = day.weekday() >= 5
    return dice.between(usual * 3 // 4, usual * 5 // 4) * (2 if weekend else 5) // 5


def _event(
    number: str, day: date, second: int, licensee: Licensee, stream: Stream, dice: Dice
) -> Event:
    modules = [module for module in stream.modules if module in licensee.modules]
    module = modules[dice.below(len(modules))]
    moment = datetime.combine(day, time(), tzinfo=UTC) + timedelta(seconds=second)
    data: dict[str, object] = {"quantity": _quantity(stream, dice), "unit": stream.unit}
    if stream.metric == "active_customers":
        customer = f"{licensee.tenant[:3].upper()}-{dice.below(licensee.customers):05d}"
        data["attributes"] = {"customer_id": customer}
    return {
        "specversion": "1.0",
        "id": number,
        "source": f"/{module}/{_FUNCTIONS[module]}",
        "type": stream.metric,
        "subject": licensee.tenant,
        "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "data": data,
    }


def _quantity(stream: Stream, dice: Dice) -> str:
    return fixed(dice.between(stream.least, stream.most), stream.decimals)


# ----------------------------------------------------------------------------------------- cost

HEADER = (
    "identity/LineItemId",
    "bill/PayerAccountId",
    "lineItem/UsageAccountId",
    "lineItem/LineItemType",
    "lineItem/UsageStartDate",
    "lineItem/ProductCode",
    "lineItem/UsageType",
    "lineItem/ResourceId",
    "lineItem/CurrencyCode",
    "lineItem/UnblendedCost",
    "resourceTags/user:tenant_id",
    "resourceTags/user:module_id",
)
_USAGE_TYPES = {
    "AmazonEC2": "EUW2-BoxUsage:m6i.large",
    "AmazonRDS": "EUW2-InstanceUsage:db.r6g.large",
    "AmazonS3": "EUW2-TimedStorage-ByteHrs",
    "AmazonDynamoDB": "EUW2-WriteRequestUnits",
    "AWSLambda": "EUW2-Lambda-GB-Second",
    "AmazonCloudWatch": "EUW2-CW:MetricMonitorUsage",
    "AmazonSNS": "EUW2-DeliveryAttempts-SMTP",
}
_REQUESTS = {
    "AmazonS3": "EUW2-Requests-Tier1",
    "AmazonDynamoDB": "EUW2-ReadRequestUnits",
    "AWSLambda": "EUW2-Request",
    "AmazonCloudWatch": "EUW2-CW:Requests",
    "AmazonSNS": "EUW2-Requests-Tier1",
}


@dataclass(frozen=True, slots=True)
class _Resource:
    """Something that costs money every day: about `cents` a day, under these tags."""

    service: str
    cents: int
    owner_tag: str
    module_tag: str


_RESOURCES = (
    *(
        _Resource(service, cents * licensee.busyness, licensee.tenant, module_tag)
        for licensee in LICENSEES
        for service, cents, module, module_tag in (
            ("AmazonRDS", 160, "MOD-024", "MOD-024"),
            ("AmazonDynamoDB", 45, "MOD-011", "MOD-011"),
            ("AmazonS3", 20, "MOD-042", "MOD-042"),
            ("AWSLambda", 30, "MOD-024", "mod024"),
        )
        if module in licensee.modules
    ),
    _Resource("AmazonRDS", 90, "Tidewater CU", "MOD-011"),
    *(
        _Resource(service, cents, owner_tag, module)
        for module in _FUNCTIONS
        for service, cents, owner_tag in (
            ("AmazonEC2", 1150, "shared"),
            ("AmazonRDS", 420, "shared"),
            ("AWSLambda", 85, "Shared"),
            ("AmazonS3", 60, "shared-platform"),
            ("AmazonCloudWatch", 14, "shared"),
        )
    ),
    _Resource("AmazonSNS", 310, "messaging", "MOD-055"),
    _Resource("AWSLambda", 75, "messaging", "mod-055"),
    *(
        _Resource(service, cents, "platform", "")
        for service, cents in (("AmazonEC2", 540), ("AmazonS3", 70), ("AmazonCloudWatch", 95))
    ),
    # What nobody tagged, and a tag that no rule knows.
    _Resource("AmazonEC2", 90, "", ""),
    _Resource("AmazonS3", 9, "", "MOD-042"),
    _Resource("AmazonCloudWatch", 15, "", ""),
    _Resource("AWSLambda", 12, "load-test", "MOD-024"),
)
# Someone started machines without tags; it took two days until the alarm was read.
_FORGOTTEN = {
    date(2026, 10, 12): 640, date(2026, 10, 13): 910, date(2026, 10, 24): 480,
    date(2026, 12, 9): 700,
}  # fmt: skip


def cost_rows(day: date, dice: Dice) -> Iterator[list[str]]:
    """A day's lines of the bill of AWS."""
    for number, resource in enumerate(_resources_of(day), 1):
        # AWS writes costs with 10 decimals, and some are no more than a few units of the last.
        cost = resource.cents * dice.between(80_000_000, 120_000_000) + dice.below(100)
        yield _cost_row(day, number, resource, "Usage", cost)
        if resource.service in _REQUESTS:
            yield _cost_row(day, number + 500, resource, "Requests", dice.below(60_000))
    if day.day == 28:
        credit = _Resource("AmazonEC2", 0, "shared", "MOD-024")
        yield _cost_row(day, 900, credit, "Credit", -312_500_000_000)
        yield _cost_row(day, 901, _Resource("AmazonS3", 0, "", ""), "Refund", -4_000_000_000)


def _resources_of(day: date) -> list[_Resource]:
    joined = {licensee.tenant for licensee in LICENSEES if day >= licensee.joins}
    newcomers = {licensee.tenant for licensee in LICENSEES} - joined
    forgotten = _FORGOTTEN.get(day)
    extra = [_Resource("AmazonEC2", forgotten, "", "MOD-024")] if forgotten else []
    return [resource for resource in _RESOURCES if resource.owner_tag not in newcomers] + extra


def _cost_row(day: date, number: int, resource: _Resource, kind: str, cost: int) -> list[str]:
    return [
        f"{day:%m%d}{number:04d}",
        PAYER,
        "310987654322" if resource.owner_tag == "platform" else "310987654321",
        "Usage" if kind == "Requests" else kind,
        f"{day.isoformat()}T00:00:00Z",
        resource.service,
        (_REQUESTS if kind == "Requests" else _USAGE_TYPES)[resource.service],
        f"{resource.service.lower()}-{number:04d}",
        "USD",
        fixed(cost, 10),
        resource.owner_tag,
        resource.module_tag,
    ]
