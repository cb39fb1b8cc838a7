"""A defect planted in the SQL of usage is seen: by the oracle on nasty months, or by the book's checks.

Each is a slip that a hand could make: a forgotten condition, a wrong key, a border on its other
side. One that nothing sees would mean that the tests say less than they claim.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251 - worlds are drawn from a seed

import pytest
from meterbook.sqlfiles import SqlFile
from oracle.compared import assert_same_usage
from oracle.landed import land_catalog, land_events, read_back
from oracle.months import usage_pieces
from oracle.records import Answer
from oracle.usage_book import broken_checks, usage_book, usage_files
from oracle.worlds import events, metrics, tenants

FILES = usage_files()
DEFECTS = {
    "usage_lines": [
        ("spec_version <> '1.0' or ", ""),
    ],
    "usage_judged": [
        ("* u.factor)", "* 1)"),
        ("counted_id = '' and reverses = ''", "counted_id = ''"),
        ("when converted <> cast(converted as number(38, 6)) then 'quantity_too_fine'", ""),
    ],
    "usage_repeats": [
        ("order by event_time, payload_hash, file_name", "order by file_name"),
        ("metric, '|', cast(quantity", "cast(quantity"),
        (" reverses, '|',", ""),
        ("coalesce(to_json(attributes), '')", "''"),
    ],
    "usage_corrected": [
        ("and r.metric = o.metric", ""),
        ("and o.reverses = ''", ""),
    ],
    "usage_reversals": [
        ("0 - taken_back <= event_quantity", "0 - quantity <= event_quantity"),
        ("least(r.quantity, 0)", "r.quantity"),
        ("iff(quantity = 0 - event_quantity,", "iff(quantity <= 0,"),
        ("iff(part = 'unmatched', usage_date, reversed_usage_date)", "usage_date"),
    ],
    "usage_events": [
        ("part = 'withdraws' as is_withdrawn", "false as is_withdrawn"),
    ],
    "usage_daily": [
        ("max(iff(is_withdrawn, null, quantity))", "max(quantity)"),
        ("count(distinct iff(is_withdrawn, null, counted_id))", "count(distinct counted_id)"),
    ],
    "usage_latest_daily": [
        ("order by is_withdrawn asc, event_time", "order by event_time"),
        ("source desc, event_id desc", "event_id desc, source desc"),
    ],
    "usage_held_daily": [
        ("partition by e.tenant_id, e.source, e.metric", "partition by e.tenant_id, e.module_id, e.metric"),
        ("least(k.ends_on, t.ends_on, m.ends_on)", "least(k.ends_on, m.ends_on)"),
        ("metric, period_start order by", "metric order by"),
        ("dateadd(month, 1, period_start))", "dateadd(day, 30, period_start))"),
        (" and not e.is_withdrawn", ""),
        ("order by e.event_time, e.event_id", "order by date_trunc('second', e.event_time), e.event_id"),
    ],
    "usage_gaps": [
        ("r.run_last - r.run_first < 1000,", "r.run_last - r.run_first < 999,"),
        ("c.last_sequence > coalesce(", "c.last_sequence - 1 > coalesce("),
    ],
    "usage_runs": [("where event_count = last_sequence - first_sequence + 1", "")],
    "period_usage": [
        ("m.aggregation = 'max', max(u.quantity)", "m.aggregation = 'max', sum(u.quantity)"),
        ("count(distinct counted_id)", "count(counted_id)"),
        ("source desc, event_id desc", "event_id desc, source desc"),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """A folder with a database that has it all, its landing, and what the oracle makes of it."""

    landing: Path
    book: Path
    answer: Answer


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    folder = tmp_path_factory.mktemp("filled")
    (folder / "book").mkdir()
    book = usage_book(folder / "landing", FILES, folder / "book" / "book.duckdb")
    dice, turn = Random(5), count()  # noqa: S311 - the same worlds each time
    for land in usage_pieces(lambda values: values[next(turn) % len(values)]):
        land(book.landing)
    land_catalog(book.landing, 9, metrics() + tenants(dice.choice, 40))
    worlds = [event for number in range(40) for event in events(dice.choice, f"t{number}", 14)]
    land_events(book.landing, "worlds", worlds)
    book.update()
    answer = read_back(book.landing).answer()
    assert_same_usage(book, answer)
    book.warehouse.close()
    return Filled(folder / "landing", folder / "book", answer)


@pytest.mark.parametrize(
    ("model", "right", "wrong"),
    [(model, *defect) for model, defects in DEFECTS.items() for defect in defects],
)
def test_a_slip_in_the_sql_is_seen(
    filled: Filled, tmp_path: Path, model: str, right: str, wrong: str
) -> None:
    copy = Path(shutil.copytree(filled.book, tmp_path / "book"))
    files = [
        _with(file, right, wrong) if file.name.endswith(f".{model}") else file for file in FILES
    ]
    assert files != FILES, "the text has changed: plant the defect anew"
    book = usage_book(filled.landing, files, copy / "book.duckdb")
    book.warehouse.refresh()
    if not broken_checks(book, files):
        with pytest.raises(AssertionError, match="the oracle"):
            assert_same_usage(book, filled.answer)
    book.warehouse.close()


def _with(file: SqlFile, right: str, wrong: str) -> SqlFile:
    return SqlFile(file.path, file.text.replace(right, wrong))
