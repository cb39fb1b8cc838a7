"""Tell of usage that was recorded and has not come, and of sources that no longer speak.

SQL knows what is missing; this tells of each gap once, under an id that follows from what it tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from meterbook.announce import announce_all, event_id
from meterbook.book import Book
from meterbook.canonical import plain, text_of
from meterbook.ports import Announcement, EventBus, ObjectStore, Row

DETAIL_TYPE = "usage_gap_detected"
SETTLED = timedelta(hours=1)
"""So long a gap may be events that are still on their way."""
DAYS = 7


@dataclass(frozen=True, slots=True)
class UsageWatched:
    """How many gaps, and silent days of a source, were announced now for the first time.

    `failed_checks` of the book do not hold now, after the refresh that came first.
    """

    gaps: int
    silent_sources: int
    failed_checks: int = 0


def watch_usage_gaps(
    book: Book, bus: EventBus, announced: ObjectStore, event_source: str
) -> UsageWatched:
    """Announce each run of missing events once, and each day on which a source broke its habit.

    A source has the habit of a weekday on which it had events in each of the four weeks before.
    """
    book.update()
    now = book.clock.now()
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    first_day = yesterday - timedelta(days=DAYS - 1)
    gaps = book.query("watch_usage_gaps", settled_before=_naive(now - SETTLED))
    silent = book.query("watch_silent_sources", first_day=first_day, last_day=yesterday)
    return UsageWatched(
        gaps=announce_all(bus, announced, (_gap(row, event_source, now) for row in gaps)),
        silent_sources=announce_all(
            bus, announced, (_silence(r, event_source, now) for r in silent)
        ),
        failed_checks=len(book.check()),
    )


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _gap(row: Row, event_source: str, now: datetime) -> Announcement:
    run = {name: text_of(row[name]) for name in ("producer", "first_sequence", "last_sequence")}
    after = row["after_time"]
    detail: dict[str, object] = {
        "kind": row["seen_by"],
        "source": row["source"],
        **run,
        "event_count": text_of(row["event_count"]),
        "after_time": None if after is None else plain(after),
    }
    return _announcement(event_id(DETAIL_TYPE, *run.values()), detail, event_source, now)


def _silence(row: Row, event_source: str, now: datetime) -> Announcement:
    source, day = str(row["source"]), row["usage_date"]
    detail: dict[str, object] = {
        "kind": "silence",
        "source": source,
        "usage_date": text_of(day),
        "usual_event_count": text_of(row["usual_event_count"]),
        "after_time": f"{text_of(row['next_day'])}T00:00:00.000000Z",
    }
    gap_id = event_id(DETAIL_TYPE, "silence", source, text_of(day))
    return _announcement(gap_id, detail, event_source, now)


def _announcement(
    gap_id: str, detail: dict[str, object], event_source: str, now: datetime
) -> Announcement:
    module_id = str(detail["source"]).split("/")[1] if "/" in str(detail["source"]) else ""
    told = {"gap_id": gap_id, "module_id": module_id, **detail, "event_time": plain(now)}
    return Announcement(gap_id, event_source, DETAIL_TYPE, now, told)
