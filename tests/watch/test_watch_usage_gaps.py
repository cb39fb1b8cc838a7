"""Every gap in what a producer recorded is told of once, and so is a source that has gone silent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from close.small_world import NOW, SOURCE, World, event
from meterbook.announce import event_id
from meterbook.canonical import canonical_json, gzipped
from meterbook.watch.watch_usage_gaps import DETAIL_TYPE, UsageWatched, watch_usage_gaps

PRODUCER = "score/4f1c9a"
AT = datetime(2026, 10, 14, 9, 30, tzinfo=UTC)
NOTHING = UsageWatched(gaps=0, silent_sources=0)


def _watch(world: World, at: datetime = NOW) -> UsageWatched:
    return watch_usage_gaps(world.at(at), world.outbox, world.announced, SOURCE)


def _record(world: World, name: str, *sequences: int, at: datetime = AT) -> None:
    """Land what of a producer has arrived."""
    events: list[dict[str, Any]] = [
        event("acme", "api_calls", "1", sequence)
        | {
            "id": f"{PRODUCER}:{sequence}",
            "source": "/MOD-1/score",
            "producer": PRODUCER,
            "sequence": str(sequence),
            "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        }
        for sequence in sequences
    ]
    world.use(name, events)


def _count(world: World, last_sequence: int, at: datetime = AT) -> None:
    """Land the producer's own count, as its log tells it."""
    told = {
        "module": "MOD-1",
        "UsageEventsRecorded": last_sequence,
        "producer": PRODUCER,
        "source": "/MOD-1/score",
        "first_sequence": "1",
        "last_sequence": str(last_sequence),
        "recorded_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }
    body = gzipped(canonical_json(told) + "\n")
    assert world.landing.put_if_absent("usage_counts/2026/10/14/counts.jsonl.gz", body)


def _runs(world: World) -> list[tuple[str, str, str, str]]:
    details = [told["detail"] for told in world.told(DETAIL_TYPE)]
    return [
        (one["kind"], one["first_sequence"], one["last_sequence"], one["event_count"])
        for one in details
    ]


def test_a_run_of_missing_numbers_is_told_of_as_one(world: World) -> None:
    _record(world, "arrived", 1, 2, 6, 8)
    assert _watch(world) == UsageWatched(gaps=2, silent_sources=0)
    assert _runs(world) == [("sequence", "3", "5", "3"), ("sequence", "7", "7", "1")]
    first = world.told(DETAIL_TYPE)[0]
    assert first["id"] == first["detail"]["gap_id"] == event_id(DETAIL_TYPE, PRODUCER, "3", "5")
    assert first["detail"] == {
        "gap_id": first["id"],
        "kind": "sequence",
        "module_id": "MOD-1",
        "source": "/MOD-1/score",
        "producer": PRODUCER,
        "first_sequence": "3",
        "last_sequence": "5",
        "event_count": "3",
        "after_time": "2026-10-14T09:30:00.000000Z",
        "event_time": "2026-11-05T08:00:00.000000Z",
    }


def test_a_tail_that_only_the_count_knows_of_is_told_of(world: World) -> None:
    _record(world, "arrived", 1, 2)
    _count(world, 4)
    assert _watch(world).gaps == 1
    assert _runs(world) == [("count", "3", "4", "2")]


def test_a_gap_of_thousands_is_one_announcement(world: World) -> None:
    _record(world, "arrived", 1, 5000)
    assert _watch(world).gaps == 1
    assert _runs(world) == [("sequence", "2", "4999", "4998")]


def test_a_gap_is_told_of_once_however_often_it_is_watched(world: World) -> None:
    _record(world, "arrived", 1, 3)
    assert [_watch(world).gaps, _watch(world).gaps, _watch(world, NOW + timedelta(days=1)).gaps] == [
        1, 0, 0,
    ]  # fmt: skip


def test_what_may_still_be_on_its_way_is_waited_for_an_hour(world: World) -> None:
    _record(world, "arrived", 1, 3)
    assert _watch(world, AT + timedelta(minutes=60)) == NOTHING
    assert _watch(world, AT + timedelta(minutes=60, seconds=1)).gaps == 1


def test_what_arrives_in_time_is_never_told_of(world: World) -> None:
    _record(world, "arrived", 1, 3)
    _record(world, "late", 2)
    assert _watch(world) == NOTHING
    assert world.outbox.published() == []


# ----------------------------------------------------------------------------------------- silence

DAY = date(2026, 10, 28)


def _habit(world: World, *days: date, count: int = 2) -> None:
    """Events of one source on these days."""
    world.use(
        "habit",
        [
            event("acme", "api_calls", "1", number)
            | {
                "id": f"{day}-{number}",
                "source": "/MOD-1/nightly",
                "time": f"{day}T10:00:00Z",
            }
            for day in days
            for number in range(count)
        ],
    )


def _weeks_before(day: date, *weeks: int) -> list[date]:
    return [day - timedelta(weeks=week) for week in weeks]


def test_a_source_that_breaks_its_weekly_habit_is_told_of_once(world: World) -> None:
    _habit(world, *_weeks_before(DAY, 1, 2, 3, 4))
    watched = datetime(2026, 10, 29, 0, 30, tzinfo=UTC)
    assert _watch(world, watched) == UsageWatched(gaps=0, silent_sources=1)
    (told,) = world.told(DETAIL_TYPE)
    assert told["detail"] == {
        "gap_id": event_id(DETAIL_TYPE, "silence", "/MOD-1/nightly", "2026-10-28"),
        "kind": "silence",
        "module_id": "MOD-1",
        "source": "/MOD-1/nightly",
        "usage_date": "2026-10-28",
        "usual_event_count": "2",
        "after_time": "2026-10-29T00:00:00.000000Z",
        "event_time": "2026-10-29T00:30:00.000000Z",
    }
    assert _watch(world, watched + timedelta(days=5)) == NOTHING


@pytest.mark.parametrize(
    ("weeks", "watched"),
    [
        ((1, 2, 3), datetime(2026, 10, 29, 12, tzinfo=UTC)),
        ((0, 1, 2, 3, 4), datetime(2026, 10, 29, 12, tzinfo=UTC)),
        ((1, 2, 3, 4), datetime(2026, 10, 28, 23, 59, tzinfo=UTC)),
        ((1, 2, 3, 4), datetime(2026, 11, 5, 0, tzinfo=UTC)),
    ],
    ids=["no habit yet", "not silent", "a day that is not over", "longer ago than a week"],
)
def test_what_is_no_silence_is_not_told_of(
    weeks: tuple[int, ...], watched: datetime, world: World
) -> None:
    _habit(world, *_weeks_before(DAY, *weeks))
    assert _watch(world, watched) == NOTHING


def test_silence_is_told_of_day_by_day_until_the_habit_is_gone(world: World) -> None:
    every_day = [DAY - timedelta(days=days) for days in range(1, 29)]
    _habit(world, *every_day, count=1)
    assert _watch(world, datetime(2026, 11, 1, 9, tzinfo=UTC)).silent_sources == 4
    assert _watch(world, datetime(2026, 11, 20, 9, tzinfo=UTC)).silent_sources == 0
