"""What a million usage events cost, from the synthesized templates and a table of prices.

The path is read off the templates (buffers, processors, archive, what is flat); sizes are those of
the layer's own packs; the prices have their sources in `prices.yaml`. It is a price list times
quantities, not a bill: `docs/deploy.md` shows it and says what is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from meterbook_usage.packing import DETAIL_TYPE, SEND_OFF_BYTES, pack

from bench.ground import PROJECT, Ground
from bench.measure import Measure, times_as_much, times_better

Parts = dict[str, Decimal]

SOURCE = "meterbook"
PRODUCER = "score-application/0123456789abcdef"
# An event and a line of counts as the layer writes them; a test holds them to it.
EVENT = (
    '{"specversion":"1.0","id":"0123456789abcdef01234567-1",'
    '"source":"/MOD-042/score-application","type":"ml_inference","subject":"tenant-0042",'
    '"time":"2026-10-14T09:30:12.123456Z","sequence":"117","data":{"quantity":"12.5","unit":"call"}}'
)
COUNT = (
    '{"_aws":{"Timestamp":1791970212123,"CloudWatchMetrics":[{"Namespace":"meterbook/usage",'
    '"Dimensions":[["module"]],"Metrics":[{"Name":"UsageEventsRecorded","Unit":"Count"}]}]},'
    '"module":"MOD-042","UsageEventsRecorded":117,"producer":"score-application/0123456789abcdef",'
    '"source":"/MOD-042/score-application","first_sequence":"117","last_sequence":"233",'
    '"recorded_at":"2026-10-14T09:30:12.123456Z"}'
)
# What EventBridge writes around a detail.
ENVELOPE = (
    '{"version":"0","id":"01234567-89ab-cdef-0123-456789abcdef","detail-type":"usage_recorded",'
    '"source":"meterbook","account":"123456789012","time":"2026-10-14T09:30:12Z",'
    '"region":"us-east-1","resources":[],"detail":}\n'
)
GB, MILLION, CHUNK, INCREMENT = 2**30, 1_000_000, 64 * 1024, 5 * 1024
HANDED_IN = 2  # secrets that no template makes: Snowflake's two key pairs
LARGEST_RECORD = 1000 * 1024  # what Firehose takes
LOG_ENTRY = 26  # CloudWatch Logs adds so much to each entry
MONTH_SECONDS = 730 * 3600
VOLUMES = (1_000_000, 100_000_000, 1_000_000_000)
MEASURED_AT = 100_000_000
# What a host that has much to record sends at a time: so much is waiting by then.
BUSY = -(-SEND_OFF_BYTES // len(EVENT))


@dataclass(frozen=True, slots=True)
class Buffer:
    """When Firehose writes an object: the buffer is full or its time is over."""

    seconds: int
    size: int

    def objects(self, arrivals: Decimal, size: Decimal) -> Decimal:
        """How many objects a month gives; nothing is written where nothing arrives."""
        return max(min(arrivals, Decimal(MONTH_SECONDS) / self.seconds), size / self.size)


@dataclass(frozen=True, slots=True)
class Way:
    """What the templates of an environment say that costs something."""

    usage: Buffer
    counts: Buffer
    unpacks_counts: bool
    bucket_key: bool
    archived_months: Decimal
    keys: int
    alarms: int
    dashboards: int
    metrics: int
    runs: int
    secrets: int


def read_way(folder: Path, environment: str = "prod") -> Way:
    """The way of usage in the templates that synth has written to the folder."""
    found = [
        resource
        for path in (folder / f"assembly-Meterbook-{environment}").glob("*.template.json")
        for resource in json.loads(path.read_text("utf-8"))["Resources"].values()
    ]

    def of(kind: str) -> list[dict[str, Any]]:
        return [one["Properties"] for one in found if one["Type"] == kind]

    streams = {
        "counts" if "counts" in one["DeliveryStreamName"] else "usage": one[
            "ExtendedS3DestinationConfiguration"
        ]
        for one in of("AWS::KinesisFirehose::DeliveryStream")
    }
    (landing,) = (one for one in of("AWS::S3::Bucket") if "-landing-" in json.dumps(one))
    unpacking = json.dumps(streams["counts"]["ProcessingConfiguration"])
    archives = [one for one in of("AWS::Events::Archive") if _takes_packs(one["EventPattern"])]
    boards = of("AWS::CloudWatch::Dashboard")
    return Way(
        usage=_buffer(streams["usage"]),
        counts=_buffer(streams["counts"]),
        unpacks_counts='"Decompression"' in unpacking,
        bucket_key='"BucketKeyEnabled": true' in json.dumps(landing),
        archived_months=sum((Decimal(one["RetentionDays"]) / 30 for one in archives), Decimal(0)),
        keys=len(of("AWS::KMS::Key")),
        alarms=len(of("AWS::CloudWatch::Alarm")),
        dashboards=len(boards),
        metrics=sum(json.dumps(one).count('\\"service\\"') for one in boards),
        runs=sum(_runs(one["ScheduleExpression"]) for one in of("AWS::Scheduler::Schedule")),
        secrets=len(of("AWS::SecretsManager::Secret")) + HANDED_IN,
    )


def _buffer(destination: Mapping[str, Any]) -> Buffer:
    hints = destination["BufferingHints"]
    return Buffer(hints["IntervalInSeconds"], hints["SizeInMBs"] * 2**20)


def _takes_packs(pattern: Mapping[str, Any]) -> bool:
    return DETAIL_TYPE not in json.dumps(pattern.get("detail-type", []))


def _runs(expression: str) -> int:
    """How often a cron runs in a month of 730 hours."""
    hour = expression.removeprefix("cron(").split()[1]
    _, slash, every = hour.partition("/")
    return 730 if hour == "*" else 30 * (24 // int(every) if slash else 1)


class Prices:
    """The table of prices. Errors: `KeyError` for one that is not in it."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    @classmethod
    def read(cls) -> Prices:
        """Those of `prices.yaml`."""
        text = (PROJECT / "bench/prices.yaml").read_text("utf-8")
        return cls(yaml.load(text, yaml.BaseLoader))  # noqa: S506 - it keeps text as text

    def usd(self, name: str) -> Decimal:
        """A price."""
        return Decimal(self._table["prices"][name]["usd"])

    def assumed(self, name: str) -> Decimal:
        """A share or a number that no page tells."""
        return Decimal(self._table["assumed"][name])

    def snowpipe(self, size: Decimal) -> Decimal:
        """To load so many bytes of text."""
        credits_ = self.usd("snowpipe_gb_credits") * size / GB
        return credits_ * self.usd("snowflake_credit")

    def firehose(self, records: Decimal, size: int) -> Decimal:
        """To take so many records of a size."""
        return records * _up(size, INCREMENT) / GB * self.usd("firehose_gb")

    def landing(self, way: Way, objects: Decimal, size: Decimal) -> Decimal:
        """To write objects, read them once, and keep them for the rest of the month: half of it.

        Without a bucket key, each object asks KMS when it is written and when it is read.
        """
        asked = self.usd("s3_thousand_puts") + self.usd("s3_thousand_gets")
        share = self.assumed("bucket_key_share") if way.bucket_key else Decimal(1)
        keys = 2 * objects * share / 10_000 * self.usd("kms_ten_thousand_requests")
        kept = size * self.assumed("gzipped_share") / GB * self.usd("s3_gb_month") / 2
        return objects / 1000 * asked + keys + kept


def cost(
    way: Way, prices: Prices, events: int, a_flush: int = BUSY, *, packed: bool = True
) -> Parts:
    """What a month of so many events costs, part by part.

    A flush sends `a_flush` events and is counted by one line in the log. It packs them as the layer
    does, or puts each into an EventBridge entry of its own.
    """
    flushes = Decimal(events) / a_flush
    alone = [[EVENT]] * a_flush
    entries = [
        each
        for group in ([[EVENT] * a_flush] if packed else alone)
        for each in pack(group, SOURCE, PRODUCER)
    ]
    records = [len(ENVELOPE) + len(entry.detail) for entry in entries]
    chunks = sum(_up(entry.entry_bytes, CHUNK) / CHUNK for entry in entries)
    landed = flushes * sum(records)
    objects = way.usage.objects(flushes * len(entries), landed)
    parts = {
        "EventBridge": flushes * chunks * prices.usd("eventbridge_million_chunks") / MILLION,
        "Firehose": sum((prices.firehose(flushes, size) for size in records), Decimal(0)),
        "landing bucket": prices.landing(way, objects, landed),
        "Snowpipe": prices.snowpipe(landed),
        "counts": _counts(way, prices, flushes),
    }
    if way.archived_months:
        kept = prices.usd("eventbridge_archive_gb_month") * way.archived_months
        parts["archive"] = landed / GB * (prices.usd("eventbridge_archive_gb") + kept)
    return parts


def _counts(way: Way, prices: Prices, flushes: Decimal) -> Decimal:
    """The second channel: a line in the host's log for each flush, at worst a record each."""
    size = flushes * (len(COUNT) + 1)
    logged = flushes * (len(COUNT) + LOG_ENTRY) / GB
    stored = prices.usd("logs_gb_month") * prices.assumed("log_stored_share")
    unpacked = size / GB * prices.usd("firehose_decompressed_gb") * way.unpacks_counts
    return (
        logged * (prices.usd("logs_gb") + stored)
        + prices.firehose(flushes, len(COUNT))
        + unpacked
        + prices.landing(way, way.counts.objects(flushes, size), size)
        + prices.snowpipe(size)
    )


def floor(way: Way, prices: Prices, events: int) -> Parts:
    """The same events as bare lines, in the largest records, straight into Firehose: no bus."""
    size = Decimal(events) * (len(EVENT) + 1)
    records = size / LARGEST_RECORD
    return {
        "Firehose": prices.firehose(records, LARGEST_RECORD),
        "landing bucket": prices.landing(way, way.usage.objects(records, size), size),
        "Snowpipe": prices.snowpipe(size),
    }


def flat(way: Way, prices: Prices) -> Parts:
    """What a month costs before the first event."""
    minutes = way.runs * prices.assumed("warehouse_minutes_a_run")
    return {
        f"Snowflake: {way.runs} refreshes, an XS warehouse for the least time": minutes
        / 60
        * prices.usd("snowflake_credit"),
        f"CloudWatch: {way.alarms} alarms": way.alarms * prices.usd("alarm_month"),
        f"CloudWatch: {way.dashboards} dashboard": way.dashboards * prices.usd("dashboard_month"),
        f"CloudWatch: {way.metrics} metrics of the jobs": way.metrics * prices.usd("metric_month"),
        f"KMS: {way.keys} keys": way.keys * prices.usd("kms_key_month"),
        f"Secrets Manager: {way.secrets} secrets": way.secrets * prices.usd("secret_month"),
    }


def total(parts: Parts) -> Decimal:
    """The sum of the parts."""
    return sum(parts.values(), Decimal(0))


def _up(size: int, step: int) -> Decimal:
    return (Decimal(size) / step).to_integral_value(ROUND_CEILING) * step


# ---- what is shown -----------------------------------------------------------------------------


def measures(ground: Ground) -> Iterator[Measure]:
    """Ours against one entry per event, and against the floor; then what makes it dearer."""
    way, prices = read_way(_synthesized(ground.empty("work/cdk.out"))), Prices.read()

    def million(parts: Parts) -> float:
        return float(total(parts) / MEASURED_AT * MILLION)

    ours = million(cost(way, prices, MEASURED_AT))
    one_each = million(cost(way, prices, MEASURED_AT, packed=False))
    note = f"USD, at {MEASURED_AT:,} a month, {len(EVENT)} bytes each, {BUSY} a flush"
    name = "dollars per million events"
    yield times_better(f"{name}, one EventBridge entry per event", ours, one_each, note, 75)
    least = million(floor(way, prices, MEASURED_AT))
    yield times_as_much(f"{name}, Firehose direct", ours, least, note, 1.5)
    ten = million(cost(way, prices, MEASURED_AT, 10))
    note = "USD; a flush of 10 events fills no pack"
    yield times_as_much(f"{name}, 10 events a flush against {BUSY}", ten, ours, note)
    kept = million(cost(_archiving(way), prices, MEASURED_AT))
    note = "USD; archive_usage keeps the packs twice, for 90 days"
    yield times_as_much(f"{name}, packs in the bus's archive too", kept, ours, note)


def tables(way: Way, prices: Prices) -> str:
    """The tables of `docs/deploy.md`, in Markdown."""
    ours = {events: cost(way, prices, events) for events in VOLUMES}
    rows = [[part, *(_usd(ours[events][part]) for events in VOLUMES)] for part in ours[VOLUMES[0]]]
    rows.append(["**a month**", *(f"**{_usd(total(ours[events]))}**" for events in VOLUMES)])
    million = [total(ours[events]) / events * MILLION for events in VOLUMES]
    rows.append(["a million events", *(_usd(each) for each in million)])
    each = [cost(way, prices, n, packed=False) for n in VOLUMES]
    archived = [cost(_archiving(way), prices, n) for n in VOLUMES]
    rows.append(["with `archive_usage`", *(_usd(total(parts)) for parts in archived)])
    rows.append(["one entry per event instead", *(_usd(total(parts)) for parts in each)])
    rows.append(["Firehose direct instead", *(_usd(total(floor(way, prices, n))) for n in VOLUMES)])
    month = _table(["USD", "1 M events", "100 M events", "1 B events"], rows)
    flushes = [
        [f"{n}", _usd(total(cost(way, prices, MEASURED_AT, n)) / MEASURED_AT * MILLION)]
        for n in (1, 10, 50, 200, BUSY)
    ]
    small = _table(["events a flush", "USD a million events, at 100 M a month"], flushes)
    standing = flat(way, prices)
    lines = [[what, _usd(usd)] for what, usd in standing.items()]
    lines.append(["**a month**", f"**{_usd(total(standing))}**"])
    return "\n".join([month, small, _table(["flat", "USD a month"], lines)])


def _archiving(way: Way) -> Way:
    """The same way with `archive_usage`."""
    return replace(way, archived_months=Decimal(3))


def _table(head: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, rule, *rows])


def _usd(amount: Decimal) -> str:
    """Cents where there are any, else two digits that count."""
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.2g}"


def _synthesized(folder: Path) -> Path:
    """The templates of the house as it stands."""
    from infra.app import synth  # noqa: PLC0415 - the CDK takes seconds to import

    context = json.loads((PROJECT / "cdk.json").read_text("utf-8"))["context"]
    synth(context, str(folder))
    return folder


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        print(tables(read_way(_synthesized(Path(folder))), Prices.read()))
