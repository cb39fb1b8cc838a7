"""Tell of every day on which too much cost had no owner. SQL has judged; this only speaks."""

from __future__ import annotations

from datetime import datetime

from meterbook.announce import announce_all, event_id
from meterbook.book import Book
from meterbook.canonical import plain, short
from meterbook.ports import Announcement, EventBus, ObjectStore, Row

DETAIL_TYPE = "unattributed_cost_threshold_exceeded"


def watch_unattributed_costs(
    book: Book, bus: EventBus, announced: ObjectStore, event_source: str
) -> int:
    """Announce each day above the threshold once per threshold; return how many were new.

    A day that is restated keeps its alert; the same day judged by another threshold is a new one.
    """
    book.update()
    now = book.clock.now()
    days = book.query("watch_exceeding_days")
    return announce_all(bus, announced, (_alert(day, event_source, now) for day in days))


def _alert(day: Row, event_source: str, now: datetime) -> Announcement:
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
