"""Many accounts closed at once, thirty lines each: what the close holds in memory.

The close is the product's own and whole: it looks through the gate, freezes account after account,
lands what it froze, brings the book up to date with it, and announces each. No document is
written. The month is made in a process of its own, so that its memory is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.close.close_period import close_period
from meterbook.collect.events import packs
from meterbook.delivery import Delivery, close_delivery, land_rows
from meterbook.period import Period
from meterbook.ports import ObjectStore
from meterbook_local.clock import FixedClock
from meterbook_local.workspace import open_workspace

from bench.ground import Ground, Unequal, job
from bench.measure import GIB, Measure, times_as_much

ACCOUNTS = 10_000
METRICS, MODULES = 24, 5
LINES = METRICS + MODULES + 1  # a rate a metric, a fee a module, the levy
_PERIOD = Period.parse("2026-10")
_NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
_LEVIED = "active_customers"

Told = dict[str, float]


def measures(ground: Ground) -> Iterator[Measure]:
    """The peak memory of the process that closes, and in the note its time."""
    root = str(ground.empty("work/accounts"))
    job(ground, "bench.close_accounts:make", root=root, accounts=ACCOUNTS)
    done = job(ground, "bench.close_accounts:close", root=root, accounts=ACCOUNTS)
    wall, cpu = done.answer["wall"], done.answer["cpu"]
    yield times_as_much(
        f"peak memory of closing {ACCOUNTS:,} accounts × {LINES} lines",
        done.peak_bytes / GIB, None,
        f"GiB of the whole process; {wall:.0f} s of wall, {cpu:.0f} CPU s, without documents",
        target=2,
    )  # fmt: skip


def make(root: str, accounts: int) -> None:
    """A workspace with a month in which every account used every metric, and none is closed."""
    folder = Path(root).with_suffix(".catalog")
    folder.mkdir(exist_ok=True)
    (folder / "bench.yaml").write_text("---\n".join(_catalog(accounts)), "utf-8")
    with open_workspace(Path(root), FixedClock(_NOW), "bench") as opened:
        apply_catalog(opened.book, read_catalog(folder))
        _land_usage(opened.landing, accounts)
        opened.book.update()


def close(root: str, accounts: int) -> Told:
    """Close the month; what it took, if each account has its lines. Errors: `Unequal`."""
    with open_workspace(Path(root), FixedClock(_NOW), "bench") as opened:
        begun, spent = perf_counter(), process_time()
        out = opened.outbox, opened.announced, "meterbook"
        done = close_period(opened.book, *out, _PERIOD)
        told = {"wall": perf_counter() - begun, "cpu": process_time() - spent}
        (row,) = opened.book.warehouse.query(
            "select count(distinct account_id) as accounts, count(*) as lines "
            "from billing.invoice_lines"
        )
    found = len(done.closed), row["accounts"], row["lines"]
    if found != (accounts, accounts, accounts * LINES):
        raise Unequal(f"closed, accounts and lines are {found}; parked: {done.parked[:3]}")
    return told


def _catalog(accounts: int) -> Iterator[str]:
    yield "kind: seller\nid: seller\nname: Seller\ninvoice_series: BENCH\n"
    yield f"kind: metric\nid: {_LEVIED}\nunit: call\naggregation: distinct\ncounts: customer\n"
    yield from (f"kind: metric\nid: {metric}\nunit: call\n" for metric in _rated())
    yield from (f"kind: module\nid: {module}\n" for module in _modules())
    yield _plan()
    for number in range(accounts):
        tenant = f"tenant-{number:05d}"
        modules = ", ".join(_modules())
        yield (
            f"kind: tenant\nid: {tenant}\nmodules: [{modules}]\n"
            "subscriptions: [{plan: plan, version: 1}]\n"
        )
        yield (
            f"kind: account\nid: account-{number:05d}\nname: Account {number}\nseller: seller\n"
            f"currency: EUR\npayment_days: 30\ntenants: [{tenant}]\n"
        )


def _plan() -> str:
    rates = "".join(
        f"  - {{metric: {metric}, included: 10, unit_price: 0.085}}\n" for metric in _rated()
    )
    fees = "".join(f"  {module}: 120.00\n" for module in _modules())
    return (
        "kind: plan\nid: plan\nversion: 1\ncurrency: EUR\n"
        f"levy: {{metric: {_LEVIED}, unit_price: 0.35}}\n"
        f"facility_fees:\n{fees}rates:\n{rates}"
    )


def _rated() -> list[str]:
    return [f"metric_{number:02d}" for number in range(1, METRICS + 1)]


def _modules() -> list[str]:
    return [f"MOD-{number:03d}" for number in range(1, MODULES + 1)]


def _land_usage(landing: ObjectStore, accounts: int) -> None:
    rows = packs(_events(accounts), "usage", _NOW)
    files = land_rows(landing, "usage", "usage", rows)
    close_delivery(landing, Delivery("usage", "usage", "bench", "bench", _NOW, files))


def _events(accounts: int) -> Iterator[dict[str, object]]:
    """Each tenant uses each metric once, in one of its modules, on one of 28 days."""
    modules = _modules()
    for number in range(accounts):
        for place, metric in enumerate([_LEVIED, *_rated()]):
            quantity = str(10 + (number + place) % 1000)
            yield {
                "specversion": "1.0",
                "id": f"{number}.{place}",
                "source": f"/{modules[place % MODULES]}/serve",
                "type": metric,
                "subject": f"tenant-{number:05d}",
                "time": f"2026-10-{1 + (number + place) % 28:02d}T12:00:00Z",
                "data": {
                    "quantity": quantity,
                    "unit": "call",
                    "attributes": {"customer": f"customer-{number}"},
                },
            }
