"""What the import lands the book can judge: each line ends as counted or as a reject with a reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from collect.usage_imports import CSV, NOW, Desk
from meterbook.book import Book
from meterbook.collect.ingest_usage import ingest_usage
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore

LINES = {
    "T10:00:00Z,acme,1_000": "quantity_not_a_number",
    "T10:00:01Z,acme,NaN": "quantity_not_a_number",
    'T10:00:02Z,acme,"1,5"': "quantity_not_a_number",
    "T10:00:03Z,acme,1e400": "quantity_not_a_number",
    "T10:00:04Z,acme,": "quantity_not_a_number",
    "T10:00:05Z,acme,0.1234567": "quantity_too_fine",
    "T10:00:06Z,acme,1000000000000000": "quantity_out_of_range",
    "T10:00:07Z,acme,-1": "negative_without_reversal",
    "T10:00:08+02:00,acme,1": "time_not_utc",
    "T10:00:09,acme,1": "time_not_utc",
    " at ten,acme,1": "time_unreadable",
    "T10:00:10Z,,1": "tenant_missing",
    "T10:00:11Z,acme": "malformed",
    "T10:00:12+0000,acme,1": "unknown_tenant",
    "T10:00:13.1234567Z,acme,0.123456": "unknown_tenant",
}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    book = Book(DuckDBWarehouse(), FolderStore(tmp_path / "landing"), FixedClock(NOW))
    book.apply()
    return book


def test_every_bad_line_is_a_reject_with_its_reason(book: Book, tmp_path: Path) -> None:
    desk = Desk(tmp_path, CSV)
    file = desk.file("bad.csv", "at,tenant,calls\n" + "".join(f"2026-10-01{x}\n" for x in LINES))
    done = ingest_usage(book, [file], desk.mapping)
    again = ingest_usage(book, [file], desk.mapping)
    rejects = book.query("rejects_of_files")
    assert (done.files[0].events, again.files[0].unchanged) == (len(LINES), True)
    assert {row["file_name"] for row in rejects} == set(done.files[0].file_names)
    counted = {str(row["reason"]): row["event_count"] for row in rejects}
    assert counted == Counter(LINES.values())
    assert book.check() == []
