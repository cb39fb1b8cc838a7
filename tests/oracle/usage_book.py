"""A book of usage alone: the models behind the published views of usage, and nothing of money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from meterbook.book import Book
from meterbook.ports import Row
from meterbook.sqlfiles import SqlFile, read_folders, read_sql
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore

NOW = datetime(2026, 11, 7, 8, tzinfo=UTC)
BEHIND = ("billing.period_usage", "metering.usage_gaps")


def usage_files() -> list[SqlFile]:
    """All tables, and the models from which usage is published and billed."""
    files = read_folders(DuckDBWarehouse.sql_folders)
    by_name = {file.name: file for file in files}
    wanted = [name for name in by_name if ".v_usage_" in name] + [*BEHIND]
    for name in wanted:
        wanted += [read for read in by_name[name].reads if read in by_name and read not in wanted]
    return [file for file in files if file.name in wanted or file.path.startswith("tables")]


def usage_book(folder: Path, files: Sequence[SqlFile], database: Path | None = None) -> Book:
    """A book with these files alone; in memory, or over a database that is there."""
    warehouse = DuckDBWarehouse(database)
    warehouse.apply(files)
    return Book(warehouse, FolderStore(folder), FixedClock(NOW))


def published(book: Book, files: Iterable[SqlFile]) -> dict[str, list[Row]]:
    """All rows of what is published of usage, and of what is billed of it, in one order."""
    names = [file.name for file in files if ".v_usage_" in file.name] + [*BEHIND]
    return {name: sorted(book.warehouse.query(f"select * from {name}"), key=repr) for name in names}


def broken_checks(book: Book, files: Iterable[SqlFile]) -> list[str]:
    """The checks of usage that find something."""
    names = {file.name for file in files} | {"metering.landed_usage", "metering.deliveries"}
    checks = [check for check in read_sql("checks") if set(check.reads) <= names]
    return [check.name for check in checks if book.warehouse.query(check.text)]
