"""A month of two tenants, walked from files to closed accounts over whatever is plugged in."""

from __future__ import annotations

from pathlib import Path

from cli.tiny_month import write_tiny_month
from journey.walk import let_pass
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog, default_documents
from meterbook.catalog.read_catalog import read_catalog
from meterbook.close.close_period import close_period
from meterbook.collect.ingest_usage import ingest_usage
from meterbook.collect.mapping import read_usage_mapping
from meterbook.costs.ingest_cur import ingest_cur, read_cur_mapping
from meterbook.period import Period
from meterbook.ports import Row
from meterbook_local.folder import FolderStore
from meterbook_local.outbox import Outbox


def walk_small_month(book: Book, folder: Path) -> dict[str, list[Row]]:
    """Land, load, attribute, price and close the month; return every published view."""
    month = write_tiny_month(folder / "month")
    apply_catalog(book, default_documents())
    apply_catalog(book, read_catalog(month.catalog))
    ingest_usage(book, [month.usage], read_usage_mapping(month.usage_mapping))
    ingest_cur(book, [month.cost], read_cur_mapping(month.cost_mapping))
    announced, bus = FolderStore(folder / "announced"), Outbox(folder / "outbox.jsonl")
    let_pass(book, Period.parse("2026-10"))
    close_period(book, bus, announced, "meterbook", Period.parse("2026-10"))
    book.must_hold()
    return {view: book.show(view) for view in book.views}
