"""The demo month: October 2026 of a small platform, made up from a seed.

Everything that makes billing hard is in it on purpose: lines that come twice, events that a
producer sent again, a retry that contradicts itself, events that arrive in a later file, a tenant
who joins in mid-month, cost that nobody tagged, pools that tenants share, a credit. The commercial
set-up beside it (`examples/demo`) is written by hand, because it is documentation too.

Same seed, same bytes: the dice are a generator of its own, and nothing reads a clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from meterbook.period import Period
from meterbook.sqlfiles import project_folder

from meterbook_local.demo_credits import write_credits
from meterbook_local.demo_dice import Dice, csv_text, fixed, zipped
from meterbook_local.demo_november import write_november

PERIOD = Period.parse("2026-10")
NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
PAYER = "210987654321"


@dataclass(frozen=True, slots=True)
class DemoMonth:
    """Where everything lies that `meterbook demo` feeds in, and the moment at which it does so."""

    catalog: Path
    usage_files: list[Path]
    usage_mapping: Path
    cost_files: list[Path]
    cost_mapping: Path
    period: Period
    now: datetime
    credit_files: Sequence[Path] = ()
    next_usage: Path = Path()


@dataclass(frozen=True, slots=True)
class _Licensee:
    tenant: str
    joins: date
    modules: tuple[str, ...]
    customers: int
    busyness: int


@dataclass(frozen=True, slots=True)
class _Stream:
    """One kind of event: how often a tenant of busyness 1 sends it a day, and how much at once."""

    metric: str
    unit: str
    modules: tuple[str, ...]
    events: int
    least: int
    most: int
    decimals: int = 0


_LICENSEES = (
    _Licensee("tidewater", date(2026, 1, 1), ("MOD-011", "MOD-024", "MOD-042", "MOD-055"), 640, 3),
    _Licensee("larkspur", date(2026, 1, 1), ("MOD-011", "MOD-024", "MOD-042", "MOD-055"), 1150, 5),
    _Licensee("kestrel", date(2026, 1, 1), ("MOD-024", "MOD-055"), 380, 2),
    _Licensee("meridian", date(2026, 1, 1), ("MOD-011", "MOD-024", "MOD-042"), 720, 3),
    _Licensee("juniper", date(2026, 10, 17), ("MOD-011", "MOD-024"), 210, 2),
)
_FUNCTIONS = {
    "MOD-011": "onboard",
    "MOD-024": "score",
    "MOD-042": "store",
    "MOD-055": "notify",
}
_STREAMS = (
    _Stream("active_customers", "customer", tuple(_FUNCTIONS), 22, 1, 1),
    _Stream("ml_inference", "inference", ("MOD-011", "MOD-024"), 14, 1, 60),
    _Stream("enrichment_call", "call", ("MOD-011", "MOD-024"), 8, 1, 12),
    _Stream("notification_sent", "message", ("MOD-055",), 10, 20, 400),
    _Stream("document_gb", "GB", ("MOD-042",), 2, 200_000, 9_000_000, decimals=6),
    _Stream("compute_seconds", "second", tuple(_FUNCTIONS), 9, 400, 95_000, decimals=3),
)
_FILES = ("usage-2026-10-1.jsonl.gz", "usage-2026-10-2.jsonl.gz", "usage-2026-10-3.jsonl.gz")
_LATE_FILE = "usage-2026-10-late.jsonl.gz"
_COST_FILES = ("cost-2026-10-1.csv.gz", "cost-2026-10-2.csv.gz")


def write_demo_month(folder: Path, seed: int = 7) -> DemoMonth:
    """Write the month's usage and cost files into a folder and say where everything is."""
    folder.mkdir(parents=True, exist_ok=True)
    examples = project_folder("examples") / "demo"
    usage_files = _write_usage(folder, Dice(seed))
    return DemoMonth(
        catalog=examples / "catalog",
        usage_files=usage_files,
        usage_mapping=examples / "usage.yaml",
        cost_files=_write_cost(folder, Dice(seed + 1)),
        cost_mapping=examples / "cur.yaml",
        period=PERIOD,
        now=NOW,
        credit_files=write_credits(folder, _tenants_by_day(), Dice(seed + 2)),
        next_usage=write_november(folder, usage_files[0]),
    )


def _tenants_by_day() -> dict[date, list[str]]:
    return {day: [one.tenant for one in _LICENSEES if day >= one.joins] for day in _days()}


def _days() -> Iterator[date]:
    day = PERIOD.start
    while day < PERIOD.end:
        yield day
        day += timedelta(days=1)


# ---------------------------------------------------------------------------------------- usage


def _write_usage(folder: Path, dice: Dice) -> list[Path]:
    """The month in three files, and a fourth with what came late or was sent again."""
    files: dict[str, list[str]] = {name: [] for name in (*_FILES, _LATE_FILE)}
    for day in _days():
        on_time = files[_FILES[min((day.day - 1) // 10, 2)]]
        for event in _events_of(day, dice):
            line = json.dumps(event, separators=(",", ":"))
            (files[_LATE_FILE] if dice.one_in(70) else on_time).append(line)
            if dice.one_in(90):
                on_time.append(line)
            if dice.one_in(150):
                files[_LATE_FILE].append(_sent_again(event))
    files[_LATE_FILE] += _mishaps()
    return [zipped(folder / name, "\n".join(lines) + "\n") for name, lines in files.items()]


def _events_of(day: date, dice: Dice) -> list[dict[str, object]]:
    """A day's events in order of time; their ids count them per day."""
    moments = [
        (dice.below(86_400), licensee, stream)
        for licensee in _LICENSEES
        if day >= licensee.joins
        for stream in _STREAMS
        if set(stream.modules) & set(licensee.modules)
        for _ in range(_how_many(day, licensee, stream, dice))
    ]
    moments.sort(key=lambda moment: moment[0])
    return [
        _event(f"{day:%m%d}-{number:05d}", day, *moment, dice)
        for number, moment in enumerate(moments, 1)
    ]


def _how_many(day: date, licensee: _Licensee, stream: _Stream, dice: Dice) -> int:
    usual = licensee.busyness * stream.events
    weekend = day.weekday() >= 5
    return dice.between(usual * 3 // 4, usual * 5 // 4) * (2 if weekend else 5) // 5


def _event(
    number: str, day: date, second: int, licensee: _Licensee, stream: _Stream, dice: Dice
) -> dict[str, object]:
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


def _quantity(stream: _Stream, dice: Dice) -> str:
    return fixed(dice.between(stream.least, stream.most), stream.decimals)


def _sent_again(event: dict[str, object]) -> str:
    """What a producer's retry looks like: the same event, its fields in another order."""
    return json.dumps(dict(reversed(event.items())), separators=(",", ":"))


def _mishaps() -> list[str]:
    """What no month is without: it is listed among the rejects, never dropped, never billed."""
    good = {
        "specversion": "1.0",
        "source": "/MOD-024/score",
        "type": "ml_inference",
        "subject": "tidewater",
        "time": "2026-10-30T09:00:00Z",
        "data": {"quantity": "12", "unit": "inference"},
    }
    twice = {"quantity": "24", "unit": "inference"}
    events = [
        {**good, "id": "mishap-1"},
        # The same event once more, with another quantity: the earlier one counts.
        {**good, "id": "mishap-1", "time": "2026-10-30T09:00:01Z", "data": twice},
        {**good, "id": "mishap-2", "subject": "sandbox"},
        {**good, "id": "mishap-3", "time": "2026-10-30T11:00:00+02:00"},
        {**good, "id": "mishap-4", "data": {"quantity": "1,5", "unit": "inference"}},
    ]
    return [json.dumps(event, separators=(",", ":")) for event in events] + ['{"specversion":"1.']


# ----------------------------------------------------------------------------------------- cost

_HEADER = (
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
        for licensee in _LICENSEES
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
_FORGOTTEN = {12: 640, 13: 910, 24: 480}


def _write_cost(folder: Path, dice: Dice) -> list[Path]:
    """The month's bill in two parts of one export, as AWS cuts it: by size, not by day."""
    rows = [row for day in _days() for row in _cost_rows(day, dice)]
    middle = len(rows) // 2 + 7
    parts = zip(_COST_FILES, (rows[:middle], rows[middle:]), strict=True)
    return [zipped(folder / name, csv_text(_HEADER, part)) for name, part in parts]


def _cost_rows(day: date, dice: Dice) -> Iterator[list[str]]:
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
    joined = {licensee.tenant for licensee in _LICENSEES if day >= licensee.joins}
    newcomers = {licensee.tenant for licensee in _LICENSEES} - joined
    forgotten = _FORGOTTEN.get(day.day)
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
