"""Late usage and a restated cost after the close of the real day are billed once, by the oracle's figure."""

from __future__ import annotations

import gzip
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from journey.walk import bill, book_over, desk, let_pass, paired_day, take_in, take_usage
from meterbook.book import Book
from meterbook.close.close_period import close_period
from meterbook.close.frozen import FrozenDocument, credit_notes, read_document
from meterbook.costs.ingest_cur import Overlap, ingest_cur, read_cur_mapping
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.money import Money
from meterbook.period import Period
from meterbook_local.clock import FixedClock
from meterbook_local.folder import FolderStore
from meterbook_local.outbox import Outbox
from oracle.landed import read_back

pytestmark = pytest.mark.real

DECEMBER = Period.parse("2019-12")
LATE = '127.0.0.1 - - [26/Nov/2019:23:59:58 +0000] "GET /index.html?name=Ada,user=sponsored,work=250000 HTTP/1.1" 200 91 "-" "Ruby"\n'


def dearer(bill_file: Path, folder: Path) -> Path:
    """Amazon's bill once more, one line of the ordering workload five dollars dearer."""
    names, *rows = gzip.decompress(bill_file.read_bytes()).decode().splitlines()
    cost = names.split("\x01").index("line_item_unblended_cost")
    owner = names.split("\x01").index("resource_tags_user_application")
    at = next(n for n, row in enumerate(rows) if row.split("\x01")[owner] == "ordering")
    cells = rows[at].split("\x01")
    cells[cost] = "5"
    rows[at] = "\x01".join(cells)
    restated = folder / bill_file.name
    restated.write_bytes(gzip.compress("\n".join([names, *rows, ""]).encode()))
    return restated


def billed_for_november(book: Book) -> dict[str, int]:
    """What all documents of an account say of November, in cents."""
    found: dict[str, int] = defaultdict(int)
    for account in ("free", "paid", "sponsored"):
        invoice = read_document(book.landing, Period.parse("2019-11"), account)
        found[account] += minor(invoice)
        december = read_document(book.landing, DECEMBER, account)
        found[account] += minor(december) - sum(map(minor, credit_notes(december)))
    return dict(found)


def minor(document: FrozenDocument) -> int:
    return Money.of(document.body["total"], "USD").minor


def test_late_usage_and_a_restated_cost_come_to_the_oracles_figure(tmp_path: Path) -> None:
    month = paired_day()
    book = book_over(tmp_path / "landing", month.now)
    take_in(book, month)
    walked = bill(book, month, tmp_path)
    late = tmp_path / "late.gz"
    late.write_bytes(gzip.compress(LATE.encode()))
    take_usage(book, month, [late])
    restated = dearer(month.cost_files[0], tmp_path)
    ingest_cur(book, [restated], read_cur_mapping(month.cost_mapping), overlap=Overlap.REPLACE)
    later = Book(book.warehouse, book.landing, FixedClock(datetime(2020, 1, 6, 6, tzinfo=UTC)))
    let_pass(later, DECEMBER)
    out = Outbox(tmp_path / "outbox"), FolderStore(tmp_path / "announced"), "meterbook"
    close_period(later, *out, DECEMBER)
    known: dict[str, int] = defaultdict(int)
    for line in read_back(later.landing).answer().lines:
        known[line.account] += line.amount_minor
    assert billed_for_november(later) == known
    assert later.show("v_late_lines") == []
    sponsored = read_document(later.landing, DECEMBER, "sponsored").body["lines"]
    assert [(line["adjusts_kind"], line["amount"]) for line in sponsored][-1] == (
        "variable", "10.00",
    )  # fmt: skip
    assert later.check() == []
    plugged = desk(walked.evidence, later.landing, *out)
    kinds = {one.kind for one in issue_invoices(later, plugged).issued}
    assert kinds <= {"invoice", "credit_note"} and "invoice" in kinds
