"""Arrival decides nothing: shuffled, doubled and in three pieces, the month is the same month.

Law 3 and law 4 of the design, end to end: lines in another order, each of them twice, in files that
are cut elsewhere, the catalog after the first piece, a refresh after each of them, and the bill in
three deliveries, each handed in twice. What is billed in the end is the same to the last byte.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from journey.walk import Walked, bill, book_over, take_cost, take_credits, take_usage
from meterbook.book import Book
from meterbook.canonical import sha256
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook_local.demo_month import DemoMonth

# Where a rejected line came from is not what it says; and twice the lines are twice the rejects.
PLACES = {"file_name", "file_row", "ordinal"}


@pytest.fixture(scope="module")
def in_pieces(month: DemoMonth, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp("pieces")
    book = book_over(folder / "landing", month.now)
    usage, costs = usage_pieces(month, folder), cost_pieces(month, folder)
    credits = credit_pieces(month, folder)
    for number, (events, invoice) in enumerate(zip(usage, costs, strict=True)):
        take_usage(book, month, [events])
        if number == 0:
            apply_catalog(book, read_catalog(month.catalog))
        take_cost(book, month, [invoice])
        take_cost(book, month, [invoice])
        take_credits(book, credits)
    return bill(book, month, folder)


def shuffled(lines: Iterable[str], pass_: str = "") -> list[str]:
    """An order that has nothing to do with time or place: that of the lines' hashes."""
    return sorted(lines, key=lambda line: sha256(pass_ + line))


def usage_pieces(month: DemoMonth, folder: Path) -> list[Path]:
    lines = [line for file in month.usage_files for line in unzipped(file).splitlines()]
    twice = shuffled(lines) + shuffled(lines, "again")
    third = len(twice) // 3 + 1
    parts = (twice[start : start + third] for start in range(0, len(twice), third))
    return [
        zipped(folder / f"events-{number}.gz", "\n".join(part) + "\n")
        for number, part in enumerate(parts)
    ]


def cost_pieces(month: DemoMonth, folder: Path) -> list[Path]:
    """The bill cut by days, because a day's bill is one delivery's; the rows of a day shuffled."""
    rows: list[str] = []
    for file in month.cost_files:
        header, *body = unzipped(file).splitlines()
        rows += body
    parts: dict[str, list[str]] = {"0": [], "1": [], "2": [], "3": []}
    for row, line in zip(csv.reader(io.StringIO("\n".join(rows))), rows, strict=True):
        parts[row[4][8]].append(line)
    parts["2"] += parts.pop("3")
    return [
        zipped(folder / f"bill-{number}.gz", "\n".join([header, *shuffled(part)]) + "\n")
        for number, part in parts.items()
    ]


def credit_pieces(month: DemoMonth, folder: Path) -> list[Path]:
    """The exports with their rows shuffled; they come again and again, as one each time."""
    return [zipped(folder / file.name, _shuffled_rows(file)) for file in month.credit_files]


def _shuffled_rows(file: Path) -> str:
    header, *body = unzipped(file).splitlines()
    return "\n".join([header, *shuffled(body)]) + "\n"


def unzipped(file: Path) -> str:
    return gzip.decompress(file.read_bytes()).decode()


def zipped(file: Path, text: str) -> Path:
    file.write_bytes(gzip.compress(text.encode()))
    return file


def test_shuffled_doubled_and_in_pieces_every_published_view_is_the_same(
    walked: Walked, in_pieces: Walked
) -> None:
    views = [view for view in walked.book.views if not view.endswith("v_usage_rejects")]
    assert len(views) > 10
    for view in views:
        assert in_pieces.book.show(view) == walked.book.show(view), view


def test_so_are_the_invoices_byte_by_byte(walked: Walked, in_pieces: Walked) -> None:
    keys = list(walked.evidence.keys())
    assert list(in_pieces.evidence.keys()) == keys
    for key in keys:
        assert in_pieces.evidence.get(key) == walked.evidence.get(key), key


def test_the_same_lines_are_rejected_for_the_same_reasons(
    walked: Walked, in_pieces: Walked
) -> None:
    assert rejected(walked.book) == rejected(in_pieces.book)


def rejected(book: Book) -> set[tuple[object, ...]]:
    rows = book.show("v_usage_rejects")
    # A line that cannot be read has no id of its own: its id is its place.
    return {
        tuple(value for name, value in row.items() if name not in PLACES)
        if row["reason"] != "malformed"
        else ("malformed",)
        for row in rows
    }


def test_checks_are_green_either_way(walked: Walked, in_pieces: Walked) -> None:
    assert walked.book.check() == in_pieces.book.check() == []


def test_the_same_files_again_change_nothing(walked: Walked, tmp_path: Path) -> None:
    book, month = walked.book, walked.month
    before = {view: book.show(view) for view in book.views}
    renamed = zipped(tmp_path / "another-name.gz", unzipped(month.usage_files[0]))
    take_usage(book, month, [*month.usage_files[1:], renamed])
    take_cost(book, month, month.cost_files)
    take_cost(book, month, list(reversed(month.cost_files)))
    assert {view: book.show(view) for view in book.views} == before
