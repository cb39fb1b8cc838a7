"""The walk from raw files to a book, as the jobs make it; the tests of whole months start here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.close.close_period import PeriodClosed, close_period
from meterbook.close.decide import decide
from meterbook.close.readiness import NEVER_WAIVED, blockers
from meterbook.collect.ingest_usage import ingest_usage
from meterbook.collect.mapping import read_usage_mapping
from meterbook.costs.ingest_account_usage import ingest_account_usage
from meterbook.costs.ingest_cur import ingest_cur, read_cur_mapping
from meterbook.invoice.issue_invoices import Desk, issue_invoices
from meterbook.invoice.issued import Issued
from meterbook.invoice.render_invoice import Archive, render_invoice
from meterbook.period import Period
from meterbook.ports import EventBus, ObjectStore
from meterbook.sqlfiles import project_folder
from meterbook.watch.watch_unattributed_costs import watch_unattributed_costs
from meterbook_local.clock import FixedClock
from meterbook_local.demo_month import DemoMonth
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from meterbook_local.outbox import Outbox
from meterbook_local.pool import RenderPool
from signing import signer


def book_over(landing: Path, now: datetime) -> Book:
    """A book with its tables in memory, over a landing folder."""
    book = Book(DuckDBWarehouse(None), FolderStore(landing), FixedClock(now))
    book.apply()
    return book


def take_in(book: Book, month: DemoMonth) -> None:
    """Bring in everything that a month consists of: catalog, usage, cost."""
    apply_catalog(book, read_catalog(month.catalog))
    take_usage(book, month, month.usage_files)
    take_cost(book, month, month.cost_files)
    take_credits(book, month.credit_files)


def take_usage(book: Book, month: DemoMonth, files: Sequence[Path]) -> None:
    ingest_usage(book, files, read_usage_mapping(month.usage_mapping))


def take_cost(book: Book, month: DemoMonth, files: Sequence[Path]) -> None:
    ingest_cur(book, files, read_cur_mapping(month.cost_mapping))


def take_credits(book: Book, files: Sequence[Path]) -> None:
    if files:
        ingest_account_usage(book, files)


@dataclass(frozen=True)
class Walked:
    """A month at the end of its walk: what it was made from, the book, and what came out."""

    month: DemoMonth
    book: Book
    outbox: Outbox
    evidence: FolderStore
    alerts: int
    closed: PeriodClosed
    issued: list[Issued]


def bill(book: Book, month: DemoMonth, folder: Path) -> Walked:
    """Watch, close and issue, as after the month's end."""
    outbox, evidence = Outbox(folder / "outbox"), FolderStore(folder / "evidence")
    out = outbox, FolderStore(folder / "announced"), "meterbook"
    alerts = watch_unattributed_costs(book, *out).published
    let_pass(book, month.period)
    closed = close_period(book, *out, month.period)
    run = issue_invoices(book, desk(evidence, book.landing, *out), month.period)
    assert (run.held, run.unapproved, run.unsealed, run.unmailed) == ([], [], [], [])
    return Walked(month, book, outbox, evidence, alerts, closed, run.issued)


def let_pass(book: Book, period: Period) -> None:
    """Decide about whatever keeps the month open and may be decided."""
    book.update()
    for point in blockers(book, period):
        if point.is_open and point.blocker not in NEVER_WAIVED:
            decide(book, period, point.blocker, actor="ada", reason="seen")


def desk(
    evidence: ObjectStore,
    landing: ObjectStore,
    bus: EventBus,
    announced: ObjectStore,
    event_source: str,
) -> Desk:
    """A desk over any sockets; this process writes the documents, nobody gets mail."""
    pool = RenderPool(partial(render_invoice, Archive(evidence, landing)), processes=1)
    return Desk(evidence, signer(), pool, bus, announced, event_source)


def paired_day() -> DemoMonth:
    """Amazon's published bill and log, or a skip that says where they should be."""
    data = Path(os.environ.get("DATA", project_folder("examples").parents[1] / "shared" / "data"))
    folder = data / "aws-paired-day"
    if not folder.is_dir():
        pytest.skip(f"the published data is not in {data}: set DATA to the folder that holds it")
    given = project_folder("examples") / "paired-day"
    return DemoMonth(
        catalog=given / "catalog",
        usage_files=[folder / "Step1AccessLog.gz"],
        usage_mapping=given / "access-log.yaml",
        cost_files=[folder / "Step1CUR.gz"],
        cost_mapping=given / "cur.yaml",
        period=Period.parse("2019-11"),
        now=datetime(2019, 12, 5, 6, tzinfo=UTC),
    )
