"""Published documents of tenants whose accounts change: every figure once, in the right currency.

What came late is on the next open bill of its own account, whoever else is behind; who has moved
keeps its documents; and what is published after every piece is what is published once at the end.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from close.small_world import World, account, metric, plan, rate, tenant
from meterbook.close.close_period import bills_now
from meterbook.period import Period
from meterbook_local.views import FolderViews
from report.proof_world import NOVEMBER, OCTOBER, of
from report.test_published import MID_DECEMBER, Reader, publish, use

Fields = dict[str, Any]
DECEMBER = Period.parse("2026-12")


@pytest.fixture(scope="module")
def world(proven: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """In December birch has moved to oak, cedar pays in yen, and dogwood has never been billed."""
    root = tmp_path_factory.mktemp("moved") / "world"
    proven.warehouse.query("checkpoint")
    shutil.copytree(proven.root, root)
    made = World(root)
    made.book = made.at(MID_DECEMBER)
    yield made
    made.warehouse.close()


@pytest.fixture(scope="module")
def in_steps(world: World, tmp_path_factory: pytest.TempPathFactory) -> FolderViews:
    """Published before anything happens, and again after all of it."""
    views = FolderViews(tmp_path_factory.mktemp("in steps"))
    publish(world, views)
    world.apply(
        plan("yen", "1", "JPY", passthrough=False, rates=[rate("api_calls", "40")]),
        _paid("cedar", "yen"),
        account("cedar", ["cedar"], "JPY"),
        _linked("birch", "birch", "2026-01-01", "2026-12-01"),
        _linked("oak", "birch", "2026-12-01", "9999-12-31"),
        tenant("dogwood"),
        account("dogwood", ["dogwood"]),
        tenant("elm"),
        ("metric", "weight", metric("weight", "Weight")[2] | {"visibility": "internal"}),
    )
    use(world, "calls", of("birch", "api_calls", "2000", 950, "2026-12-02T10:00:00Z"))
    use(
        world,
        "october-late",
        *(
            of(id_, "api_calls", "50001.23", 970, "2026-10-03T11:00:00Z")
            for id_ in ("acme", "birch", "cedar")
        ),
        of("birch", "weight", "7", 990, "2026-12-02T11:00:00Z"),
        of("acme", "active_customers", "1", 980, "2026-10-01T08:00:00Z", customer_id="late"),
    )
    publish(world, views)
    return views


def _paid(id_: str, plan_id: str) -> tuple[str, str, Fields]:
    kind, id_, document = tenant(id_)
    known = {"plan_id": "europe", "plan_version": "1", "starts_on": "2026-01-01"}
    first = known | {"ends_on": "2026-12-01"}
    then = {"plan_id": plan_id, "plan_version": "1", "starts_on": "2026-12-01"}
    return kind, id_, document | {"subscriptions": [first, then | {"ends_on": "9999-12-31"}]}


def _linked(id_: str, tenant_id: str, starts_on: str, ends_on: str) -> tuple[str, str, Fields]:
    kind, id_, document = account(id_, [])
    link = {"tenant_id": tenant_id, "starts_on": starts_on, "ends_on": ends_on}
    return kind, id_, document | {"tenants": [link]}


def _month(views: FolderViews, tenant_id: str, period: str) -> Fields:
    """The one that a page shows: the first of its name."""
    return next(one for one in Reader(views, tenant_id).months if one["period"] == period)


def _adjusted(month: Fields) -> list[str]:
    return [
        line["adjusts_period"]
        for group in month["bill"]["groups"]
        for line in group["lines"]
        if line["kind"] == "adjustment"
    ]


def test_what_came_late_is_on_the_next_open_bill_whoever_else_is_behind(
    in_steps: FolderViews,
) -> None:
    """Dogwood, and acme itself, have months before October that are still open."""
    assert set(_adjusted(_month(in_steps, "acme", "2026-12"))) == {"2026-10"}
    assert not _adjusted(_month(in_steps, "acme", "2026-09"))


def test_what_an_earlier_open_month_takes_is_not_on_the_next_one(
    world: World, in_steps: FolderViews
) -> None:
    def adjusted(late_since: dict[str, Period]) -> list[Fields]:
        (bill,) = bills_now(world.book, DECEMBER, ["acme"], late_since)
        return [line for line in bill.body["lines"] if line["line_kind"] == "adjustment"]

    assert adjusted({})
    assert not adjusted({"acme": NOVEMBER})


def test_what_was_billed_in_another_currency_is_not_added_up(in_steps: FolderViews) -> None:
    december = _month(in_steps, "cedar", "2026-12")
    assert december["currency"] == "JPY"
    assert not _adjusted(december)


def test_a_tenant_that_has_moved_keeps_its_documents_and_sees_who_pays_now_first(
    in_steps: FolderViews,
) -> None:
    reader = Reader(in_steps, "birch")
    assert reader.index["account_id"] == "oak"
    december = [one for one in reader.index["periods"] if one["period"] == "2026-12"]
    assert [one["account_id"] for one in december] == ["oak", "birch"]
    listed = {one["number"]: one for one in reader.read(reader.index["invoices"])["invoices"]}
    told = [one for month in reader.months for one in month["documents"]]
    assert told
    assert all(one["total"] == listed[one["number"]]["total"] for one in told)
    assert reader.index["focus"]


def test_a_tenant_that_nobody_pays_for_has_no_bill(in_steps: FolderViews) -> None:
    assert Reader(in_steps, "elm").index["periods"] == []


def test_a_metric_that_only_weighs_cost_is_in_no_document(
    world: World, in_steps: FolderViews
) -> None:
    (used,) = world.warehouse.query(
        "select count(*) as many from metering.usage_events where metric = 'weight'"
    )
    assert used["many"] == 1
    for key in in_steps.keys("tenants/birch/"):
        body = in_steps.get(key)
        assert b"weight" not in (gzip.decompress(body) if key.endswith(".gz") else body), key


def test_who_shares_an_account_under_another_name_is_told_no_total_of_it(
    in_steps: FolderViews,
) -> None:
    october = _month(in_steps, "acme-nz", "2026-10")
    assert [one["total"] for one in october["documents"]] == [""]
    assert all(one["total"] for one in _month(in_steps, "acme", "2026-10")["documents"])


def test_an_id_that_came_late_was_not_counted_when_the_month_was_closed(
    world: World, in_steps: FolderViews
) -> None:
    days = {"period_start": OCTOBER.start, "period_end": OCTOBER.end}
    known, billed = (
        sum(int(str(row["new_ids"])) for row in world.book.query(name, **days))
        for name in ("publish_new_ids", "publish_billed_ids")
    )
    assert known - billed == 1


def test_published_in_steps_is_what_is_published_at_once(
    world: World, in_steps: FolderViews, tmp_path: Path
) -> None:
    """All but bundles: one tells of the register as far as it went when it was put together."""
    at_once = FolderViews(tmp_path / "views")
    publish(world, at_once)
    for tenant_id in ("acme", "acme-nz", "birch", "cedar", "dogwood"):
        assert _told(in_steps, tenant_id) == _told(at_once, tenant_id)


def _told(views: FolderViews, tenant_id: str) -> Fields:
    """What is in force; all keys are of content, and all that they name is there."""
    reader = Reader(views, tenant_id)
    assert all(day["events"] for month in reader.index["days"] for day in reader.days(month))
    invoices = reader.read(reader.index["invoices"])["invoices"]
    for one in invoices:
        del one["files"]["bundle"]
    told = {key: of for key, of in reader.index.items() if key not in ("retired", "version")}
    return told | {"invoices": invoices, "months": reader.months}
