"""Tell of every day on which too much cost had no owner. SQL has judged; this only speaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from meterbook.announce import announce_all, event_id
from meterbook.book import Book
from meterbook.canonical import plain, short
from meterbook.ports import Announcement, EventBus, ObjectStore, Row

DETAIL_TYPE = "unattributed_cost_threshold_exceeded"
CHECK_OK = "unattributed_monitor_check_ok"
NO_DATA = "unattributed_monitor_no_data"


@dataclass(frozen=True, slots=True)
class CostsWatched:
    """How many days were announced now for the first time, and how the latest settled day stands.

    `event_type` is what the log calls it (MOD-098); `latest_share` is 0 where `NO_DATA` is said.
    """

    published: int
    latest_share: Decimal
    event_type: str


def watch_unattributed_costs(
    book: Book, bus: EventBus, announced: ObjectStore, event_source: str
) -> CostsWatched:
    """Announce each day above the threshold once per threshold.

    A day that is restated keeps its alert; the same day judged by another threshold is a new one.
    """
    book.update()
    now = book.clock.now()
    days = book.query("watch_exceeding_days")
    published = announce_all(bus, announced, (_alert(day, event_source, now) for day in days))
    latest = book.query("watch_latest_day")
    share = Decimal(str(latest[0]["unattributed_share"])) if latest else Decimal(0)
    return CostsWatched(published, share, _event_type(published, latest))


def _event_type(published: int, latest: list[Row]) -> str:
    """A day above the threshold is said to be so however often it was announced."""
    if published or any(day["exceeds_threshold"] for day in latest):
        return DETAIL_TYPE
    return CHECK_OK if latest else NO_DATA


def _alert(day: Row, event_source: str, now: datetime) -> Announcement:
    # The trace id follows from the fact, so that telling it again is telling the same; the trace of
    # the invocation stands in its log.
    cost_date, threshold = str(plain(day["usage_date"])), short(day["threshold_used"])
    alert_id = event_id(DETAIL_TYPE, cost_date, threshold)
    detail = {
        "trace_id": event_id("trace", alert_id),
        "alert_id": alert_id,
        "cost_date": cost_date,
        "total_aws_cost_usd": short(day["total_aws_cost_usd"]),
        "unattributed_cost_usd": short(day["unattributed_cost_usd"]),
        "unattributed_share": short(day["unattributed_share"]),
        "threshold": threshold,
        "event_time": str(plain(now)),
    }
    return Announcement(alert_id, event_source, DETAIL_TYPE, now, detail)
