"""However usage arrives, the book says the same, and what has not arrived is known by number.

Sixty small worlds at a time: each event once and some twice, in any order, cut into any deliveries,
some of them late, a reversal before its original, the catalog mended on the way. After every step
landed = duplicates + rejected + counted, and the gaps are exactly what has not arrived; in the end
the published views are those of a book that got everything at once, and the oracle's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random  # noqa: TID251 - the type only: hypothesis throws the dice
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from meterbook.book import Book
from meterbook.sqlfiles import SqlFile
from oracle.compared import assert_same_usage
from oracle.landed import land_catalog, land_events, read_back, stream_counts, stream_events
from oracle.records import Json
from oracle.usage_book import broken_checks, published, usage_book, usage_files
from oracle.worlds import count_of, events, metrics, tenants

FILES = usage_files()
WORLDS, EVENTS, STEPS = 60, 14, 4
Catalog = list[list[Json]]


@settings(
    derandomize=True,
    max_examples=2,
    deadline=None,
    phases=[Phase.generate],  # a failing world is read as it is
    suppress_health_check=[HealthCheck.too_slow],
)
@given(dice=st.randoms(use_true_random=True))
def test_in_any_order_twice_and_late_every_view_is_the_same(dice: Random) -> None:
    told = [events(dice.choice, f"t{number}", EVENTS) for number in range(WORLDS)]
    catalog = mended(dice)
    with TemporaryDirectory() as here, TemporaryDirectory() as there:
        once, stepwise = usage_book(Path(here), FILES), usage_book(Path(there), FILES)
        in_one_go(once, catalog, told)
        in_steps(stepwise, catalog, told, dice)
        assert published(stepwise, FILES) == published(once, FILES)
        assert_same_usage(once, read_back(once.landing).answer())
        assert_same_usage(stepwise, read_back(stepwise.landing).answer())


def mended(dice: Random) -> Catalog:
    """A catalog that knows half of it all, and the same with everything in it."""
    full = metrics() + tenants(dice.choice, WORLDS)
    half = [
        dict(row)
        for row in metrics(ends_on="2026-10-02")
        if row["id"] != dice.choice(("w-max", "w-held"))
    ]
    half += [row for row in full if row["kind"] == "tenant" and dice.choice((True, False))]
    return [half, full]


def in_one_go(book: Book, catalog: Catalog, told: Sequence[list[Json]]) -> None:
    for revision, rows in enumerate(catalog, 1):
        land_catalog(book.landing, revision, rows)
    land_events(book.landing, "all", [event for world in told for event in world])
    stream_counts(book.landing, "counts", [count_of(world) for world in told])
    book.update()
    assert not broken_checks(book, FILES)


def in_steps(book: Book, catalog: Catalog, told: Sequence[list[Json]], dice: Random) -> None:
    everything = [event for world in told for event in world]
    deck = everything + dice.sample(everything, 60)
    dice.shuffle(deck)
    cuts = sorted(dice.sample(range(1, len(deck)), STEPS - 1))
    parts = [deck[start:end] for start, end in zip([0, *cuts], [*cuts, len(deck)], strict=True)]
    revisions = dict(zip(sorted(dice.sample(range(STEPS), 2)), catalog, strict=True))
    stream_counts(book.landing, "counts", [count_of(world) for world in told] * 2)
    arrived: set[tuple[str, str]] = set()
    for number, part in enumerate(parts):
        if number in revisions:
            land_catalog(book.landing, number + 1, revisions[number])
        stream_events(book.landing, f"part-{number}", part, size=dice.choice((1, 7, 100)))
        book.update()
        assert not broken_checks(book, FILES)
        arrived |= {(event["producer"], event["sequence"]) for event in part}
        assert missing(book) == len(everything) - len(arrived)
        if number == 1:
            assert_same_usage(book, read_back(book.landing).answer())
    assert missing(book) == 0


def missing(book: Book) -> int:
    return len(book.warehouse.query("select producer from metering.usage_gaps"))


def said(key: str, metric: str, day: int, quantity: str, number: int, reverses: str = "") -> Json:
    data = {"quantity": quantity, "unit": "GB"} | ({"reverses": reverses} if reverses else {})
    return {
        "id": key, "source": "/M-1/f", "type": metric, "subject": "t0", "data": data,
        "time": f"2026-10-{day:02}T10:00:00Z", "producer": "p", "sequence": str(number),
    }  # fmt: skip


# Corrections before what they correct, a level before the one it follows, a number late, one twice.
STORY = [
    [said("-a", "w-sum", 9, "-2", 9, "a"), said("-l", "w-last", 9, "-4", 8, "l"), said("m", "w-held", 1, "6", 4), said("x", "w-sum", 5, "1", 10)],
    [said("a", "w-sum", 2, "5", 2), said("l", "w-last", 2, "4", 6)],
    [said("-m", "w-held", 9, "-6", 5, "m"), said("n", "w-held", 2, "8", 7), said("a", "w-sum", 2, "5", 2)],
]  # fmt: skip
WRONG = [
    ("usage_repeats", "append by tenant_id, source, event_id", "append by file_name, file_row"),
    ("usage_corrected", "whole", "append by file_name, file_row"),
    ("usage_reversals", "whole", "append by file_name, file_row"),
    ("usage_levels", "append by file_name, file_row", "append by tenant_id, source, event_id"),
    ("usage_held_daily", "whole", "parts by usage_date"),
    ("usage_gaps", "parts by producer", "append by producer, first_sequence"),
]


def tell(story: Sequence[list[Json]], files: Sequence[SqlFile], folder: Path) -> None:
    book = usage_book(folder, files)
    land_catalog(book.landing, 1, metrics() + tenants(lambda spans: spans[0], 1))
    for number, events_told in enumerate(story):
        stream_events(book.landing, str(number), events_told)
        book.update()
    assert_same_usage(book, read_back(book.landing).answer())


def test_a_story_told_in_steps_is_the_same_story(tmp_path: Path) -> None:
    tell(STORY, FILES, tmp_path)


@pytest.mark.parametrize(("model", "declared", "wrong"), WRONG)
def test_usage_kept_by_the_wrong_columns_is_caught(
    tmp_path: Path, model: str, declared: str, wrong: str
) -> None:
    files = [
        SqlFile(file.path, file.text.replace(f"refresh: {declared}\n", f"refresh: {wrong}\n"))
        if file.name.endswith(f".{model}")
        else file
        for file in FILES
    ]
    assert files != FILES
    with pytest.raises(AssertionError, match="the oracle"):
        tell(STORY, files, tmp_path)
