"""Every day above the threshold is announced once, with the figures that SQL judged it by."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from close.small_world import ALWAYS, NOW, SETTINGS, SOURCE, World, rule
from meterbook.announce import announce, event_id
from meterbook.book import Book
from meterbook.errors import PublishFailed
from meterbook.ports import Announcement
from meterbook.watch.watch_unattributed_costs import (
    CHECK_OK,
    DETAIL_TYPE,
    NO_DATA,
    CostsWatched,
    watch_unattributed_costs,
)
from meterbook_local.outbox import Outbox

DAY = date(2026, 10, 14)


def _watched(world: World, book: Book | None = None) -> CostsWatched:
    return watch_unattributed_costs(book or world.book, world.outbox, world.announced, SOURCE)


def _watch(world: World, book: Book | None = None) -> int:
    return _watched(world, book).published


def _spend_unowned(world: World) -> None:
    world.spend("mid-october", [(DAY, "acme", "1278.6450002"), (DAY, "", "41.80219")])


def test_a_day_with_too_much_unowned_cost_is_announced(world: World) -> None:
    _spend_unowned(world)
    assert _watch(world) == 1
    (alert,) = world.told(DETAIL_TYPE)
    assert alert["source"] == SOURCE
    assert alert["id"] == alert["detail"]["alert_id"] == event_id(DETAIL_TYPE, "2026-10-14", "0.02")
    assert alert["detail"] == {
        "trace_id": event_id("trace", alert["id"]),
        "alert_id": alert["id"],
        "cost_date": "2026-10-14",
        "total_aws_cost_usd": "1320.4471902",
        "unattributed_cost_usd": "41.80219",
        "unattributed_share": "0.031657600781",
        "threshold": "0.02",
        "event_time": "2026-11-05T08:00:00.000000Z",
    }


def test_a_day_below_the_threshold_is_not_announced(world: World) -> None:
    world.spend("mid-october", [(DAY, "acme", "98"), (DAY, "", "2")])
    assert _watch(world) == 0
    assert world.outbox.published() == []


def test_a_day_is_announced_once_however_often_it_is_watched(world: World) -> None:
    _spend_unowned(world)
    assert [_watch(world), _watch(world), _watch(world, world.at(NOW + timedelta(days=1)))] == [
        1,
        0,
        0,
    ]
    assert len(world.told(DETAIL_TYPE)) == 1


def test_another_threshold_makes_another_alert(world: World) -> None:
    _spend_unowned(world)
    _watch(world)
    stricter = {"id": "unattributed_threshold", "values": [ALWAYS | {"value": "0.01"}]}
    world.apply(("config", "unattributed_threshold", stricter))
    assert _watch(world) == 1
    first, second = world.told(DETAIL_TYPE)
    assert first["id"] != second["id"]
    assert second["detail"]["threshold"] == "0.01"


def test_the_log_is_told_of_a_day_above_the_threshold_however_often_it_was_announced(
    world: World,
) -> None:
    _spend_unowned(world)
    share = Decimal("0.031657600781")
    assert [_watched(world), _watched(world)] == [
        CostsWatched(1, share, "unattributed_cost_threshold_exceeded"),
        CostsWatched(0, share, "unattributed_cost_threshold_exceeded"),
    ]


def test_the_log_is_told_when_all_is_well_and_of_the_latest_settled_day(world: World) -> None:
    later = DAY + timedelta(days=1)
    world.spend("mid-october", [(DAY, "acme", "99"), (DAY, "", "1"), (later, "acme", "5")])
    assert _watched(world) == CostsWatched(0, Decimal(0), CHECK_OK)
    world.spend("again", [(later, "acme", "99.5"), (later, "", "0.5")])
    assert _watched(world) == CostsWatched(0, Decimal("0.005"), CHECK_OK)
    assert CHECK_OK == "unattributed_monitor_check_ok"


def test_a_day_that_is_not_settled_yet_is_no_data(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(rule(), *SETTINGS)
    assert _watched(world) == CostsWatched(0, Decimal(0), NO_DATA)
    world.spend("today", [(NOW.date(), "", "41.80219")])
    assert _watched(world) == CostsWatched(0, Decimal(0), NO_DATA)
    assert NO_DATA == "unattributed_monitor_no_data"


def test_a_crash_between_telling_and_noting_tells_again_under_the_same_id(world: World) -> None:
    event = Announcement("a" * 32, SOURCE, "usage_recorded", NOW, {"count": 0})
    world.outbox.publish(event)  # the note about it was never put
    assert announce(world.outbox, world.announced, event)
    assert not announce(world.outbox, world.announced, event)
    assert [told["id"] for told in world.outbox.published()] == ["a" * 32] * 2


def test_nothing_is_noted_when_the_bus_refuses(world: World) -> None:
    event = Announcement("b" * 32, SOURCE, "usage_recorded", NOW, {"count": 0})
    (world.root / "no-file").mkdir()
    broken = Outbox(world.root / "no-file")
    with pytest.raises(PublishFailed):
        announce(broken, world.announced, event)
    assert list(world.announced.keys()) == []
