"""Published documents: each level sums to the one above it, and each tenant has its own alone.

Only what has changed is written, and whoever reads meanwhile has one whole set.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from close.small_world import World, land, tenant
from meterbook.report.event_steps import explained_event, is_late
from meterbook.report.publish_tenant_views import Published, publish_tenant_views
from meterbook_local.recalculator import TariffRecalculator
from meterbook_local.views import FolderViews
from report.proof_world import of

MID_DECEMBER = datetime(2026, 12, 15, 8, tzinfo=UTC)
Fields = dict[str, Any]


class Reader:
    """What a tenant's page would read."""

    def __init__(self, views: FolderViews, tenant_id: str) -> None:
        self._views, self._prefix = views, f"tenants/{tenant_id}/"
        self.index = self.read("index.json")

    def read(self, key: str) -> Fields:
        body = self._views.get(self._prefix + key)
        found: Fields = json.loads(gzip.decompress(body) if key.endswith(".gz") else body)
        return found

    @property
    def months(self) -> list[Fields]:
        return [self.read(one["key"]) for one in self.index["periods"]]

    def days(self, month: str) -> Iterator[Fields]:
        if month in self.index["days"]:
            for told in self.read(self.index["days"][month]["key"])["days"].values():
                yield self.read(told["key"])


@pytest.fixture(scope="module")
def world(proven: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The proven world in the middle of a December that has its own use."""
    root = tmp_path_factory.mktemp("published") / "world"
    proven.warehouse.query("checkpoint")
    shutil.copytree(proven.root, root)
    made = World(root)
    calls = [
        of("cedar", "api_calls", "70.25", 500 + day, f"2026-12-{day:02}T10:00:00Z")
        for day in range(1, 15)
    ]
    use(made, "december", *calls, of("birch", "api_calls", "120", 600, "2026-12-02T10:00:00Z"))
    made.book = made.at(MID_DECEMBER)
    yield made
    made.warehouse.close()


def use(world: World, name: str, *events: Fields) -> None:
    """Land a pack in the middle of December: what the world's own helper packs is of November."""
    envelope = {"version": "0", "id": name, "detail-type": "usage_recorded"}
    told = {"source": "meterbook.import", "time": "2026-12-15T00:00:00Z"}
    pack = envelope | told | {"detail": {"count": len(events), "events": list(events)}}
    land(world.landing, "usage", name, [pack], family="test", at=MID_DECEMBER)


def publish(world: World, views: FolderViews) -> Published:
    return publish_tenant_views(world.book, world.evidence, views, _recalculator())


@cache
def _recalculator() -> TariffRecalculator:
    return TariffRecalculator()


@pytest.fixture(scope="module")
def views(world: World, tmp_path_factory: pytest.TempPathFactory) -> FolderViews:
    views = FolderViews(tmp_path_factory.mktemp("views"))
    publish(world, views)
    return views


def amounts(rows: list[Fields], name: str = "amount") -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal())


def test_every_level_of_a_month_sums_to_the_one_above_it(world: World, views: FolderViews) -> None:
    seen = set()
    for tenant_id in ("acme", "acme-nz", "birch", "cedar"):
        for month in Reader(views, tenant_id).months if _has(views, tenant_id) else ():
            seen.add(month["state"])
            _sums(month)
    assert seen == {"open", "issued"}


def _has(views: FolderViews, tenant_id: str) -> bool:
    return any(views.keys(f"tenants/{tenant_id}/"))


def _sums(month: Fields) -> None:
    bill, net = month["bill"], Decimal(month["net"])
    assert net + Decimal(month["tax"]) == Decimal(month["total"])
    assert amounts(bill["groups"], "subtotal") - amounts(bill["allowances"]) == net
    for group in bill["groups"]:
        assert amounts(group["lines"]) == Decimal(group["subtotal"])
    assert amounts(month["modules"]) == net
    for module in month["modules"]:
        assert amounts(module["parts"]) == Decimal(module["amount"])
    ahead = [month["trend"]["ahead"]] if month["trend"]["ahead"] else []
    assert amounts([*month["trend"]["days"], *ahead], "total") == net
    assert bool(ahead) <= (month["state"] == "open"), "nothing of a closed month lies ahead"
    for day in [*month["trend"]["days"], *ahead]:
        assert sum(map(Decimal, day["amounts"].values()), Decimal()) == Decimal(day["total"])
    for metric in month["metrics"]:
        assert amounts(metric["modules"]) == Decimal(metric["amount"])
        if metric["adds_up"]:
            assert amounts(metric["days"], "quantity") == Decimal(metric["used"])
    for source in month["infrastructure"]:
        assert amounts(source["services"], "cost_usd") == Decimal(source["cost_usd"])
        for service in source["services"]:
            assert amounts(service["days"], "cost_usd") == Decimal(service["cost_usd"])


def test_what_came_after_the_close_is_in_no_figure_of_its_month(views: FolderViews) -> None:
    reader = Reader(views, "cedar")
    october = next(one for one in reader.months if one["period"] == "2026-10")
    counted: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    late = 0
    for day in reader.days("2026-10"):
        for event in day["events"]:
            if is_late(october, event):
                late += 1
            else:
                counted[event["metric"], day["day"], event["module_id"]] += Decimal(
                    event["quantity"]
                )
    assert late == 1
    for metric in october["metrics"]:
        if metric["aggregation"] == "sum":
            for day in metric["days"]:
                quantity = counted[metric["metric"], day["day"], day["module_id"]]
                assert quantity == Decimal(day["quantity"])


def test_events_stand_one_behind_the_other_and_fill_what_is_included_and_the_tiers(
    views: FolderViews,
) -> None:
    reader = Reader(views, "cedar")
    october = next(one for one in reader.months if one["period"] == "2026-10")
    metric = next(one for one in october["metrics"] if one["metric"] == "api_calls")
    reached = Fraction()
    steps = []
    for day in reader.days("2026-10"):
        for event in day["events"]:
            if event["metric"] == "api_calls" and not is_late(october, event):
                explained = explained_event(october, day, event["ref"])
                assert Fraction(explained["position"]["from"]) == reached
                reached = Fraction(explained["position"]["to"])
                steps += explained["steps"]
                assert [line["line_number"] for line in explained["lines"]] == metric[
                    "line_numbers"
                ]
    assert reached == Fraction(metric["used"])
    assert len(steps) > 4, "an event lies in what is included and in a tier, or in two tiers"


def test_the_month_of_a_tenant_alone_in_its_account_is_its_invoice(
    world: World, views: FolderViews
) -> None:
    totals = {
        (row["account_id"], str(row["period_start"])[:7]): Decimal(str(row["total"]))
        for row in world.book.query("issue_issued")
        if row["kind"] == "invoice"
    }
    for month in Reader(views, "cedar").months:
        if month["state"] == "issued":
            assert Decimal(month["total"]) == totals["cedar", month["period"]]


def test_modules_are_divided_as_sql_divides_them(world: World, views: FolderViews) -> None:
    rows = world.warehouse.query(
        "select module_id, sum(amount) as amount from billing.period_module_lines "
        "where tenant_id = 'cedar' and period_start = cast('2026-12-01' as date) group by module_id"
    )
    december = Reader(views, "cedar").months[0]
    assert december["state"] == "open"
    known = {one["module_id"]: Decimal(one["amount"]) for one in december["modules"]}
    late = sum(
        Decimal(part["amount"])
        for module in december["modules"]
        for part in module["parts"]
        if part["kind"] == "adjustment"
    )
    assert not late
    assert known == {str(row["module_id"]): Decimal(str(row["amount"])) for row in rows}


def test_an_open_month_is_projected_between_its_band(views: FolderViews) -> None:
    december = Reader(views, "cedar").months[0]
    found = december["projection"]
    assert Decimal(found["low"]) <= Decimal(found["expected"]) <= Decimal(found["high"])
    assert Decimal(found["expected"]) >= Decimal(december["total"])
    assert december["nearest_quota"]["metric"] == "api_calls"


def test_a_second_run_over_the_same_book_writes_nothing(world: World, views: FolderViews) -> None:
    before = _bytes(views)
    done = publish(world, views)
    assert (done.changed, done.written, done.removed) == (0, 0, 0)
    assert _bytes(views) == before


def test_the_same_book_gives_the_same_bytes_in_another_place(
    world: World, views: FolderViews, tmp_path: Path
) -> None:
    """Also where something is there already that is damaged: it is derived, and written again."""
    other = FolderViews(tmp_path / "views")
    other.replace("tenants/birch/index.json", views.get("tenants/birch/index.json")[:100])
    publish(world, other)
    assert _bytes(other) == _bytes(views)


def _bytes(views: FolderViews) -> dict[str, bytes]:
    return {key: views.get(key) for key in views.keys("")}


def test_one_event_changes_its_tenant_alone_and_a_reader_keeps_a_whole_set(
    world: World, views: FolderViews, tmp_path: Path
) -> None:
    own = FolderViews(tmp_path / "views")
    for key, body in _bytes(views).items():
        own.replace(key, body)
    before = Reader(own, "birch")
    held = [one["key"] for one in before.index["periods"]]
    others = {key: body for key, body in _bytes(own).items() if key.startswith("tenants/cedar/")}
    use(world, "more", of("birch", "api_calls", "9", 700, "2026-12-10T10:00:00Z"))
    done = publish(world, own)
    after = Reader(own, "birch")
    assert done.changed == 1
    assert {k: b for k, b in _bytes(own).items() if k.startswith("tenants/cedar/")} == others
    assert [one["key"] for one in after.index["periods"]][1:] == held[1:], "closed months stay"
    assert all(before.read(key) for key in held), "the former set can still be read"
    assert after.index["retired"], "and goes when the next one is put"
    use(world, "more-still", of("birch", "api_calls", "9", 701, "2026-12-10T10:00:00Z"))
    done = publish(world, own)
    assert done.removed == len(after.index["retired"])
    with pytest.raises(KeyError):
        before.read(held[0])


def test_an_export_is_made_again_when_a_document_has_come(
    world: World, views: FolderViews, tmp_path: Path
) -> None:
    own = FolderViews(tmp_path / "views")
    for key, body in _bytes(views).items():
        own.replace(key, body)
    index = Reader(own, "cedar").index
    whole = index["focus"]["2026-10"]
    old = {"numbers": whole["numbers"][:-1], "csv": f"files/{'0' * 40}.csv"}
    index["focus"]["2026-10"] = whole | old
    own.replace("tenants/cedar/index.json", json.dumps(index | {"version": ""}).encode())
    publish(world, own)
    assert Reader(own, "cedar").index["focus"]["2026-10"] == whole


def test_nothing_of_another_tenant_is_in_a_tenants_documents(world: World, tmp_path: Path) -> None:
    """Each tenant is renamed to a marker of its own, and then looked for in all the others."""
    world.apply(*(tenant(id_, f"marker-{id_}") for id_ in ("birch", "acme")))
    views = FolderViews(tmp_path / "views")
    publish(world, views)
    for key, body in _bytes(views).items():
        if key.startswith("tenants/cedar/"):
            text = gzip.decompress(body) if key.endswith(".gz") else body
            assert b"birch" not in text, key
            assert b"marker-" not in text, key
