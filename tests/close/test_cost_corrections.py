"""What was billed stays billed; what is known since is a row beside it that names its rule version."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from close.small_world import World, found_world, rule

FORMER, NEW = ("tagged", 1), ("tagged", 2)


def corrections(world: World) -> dict[tuple[str, tuple[str, int]], tuple[Decimal, Decimal]]:
    world.book.update()
    return dict(_corrections(world))


def _corrections(
    world: World,
) -> Iterator[tuple[tuple[str, tuple[str, int]], tuple[Decimal, Decimal]]]:
    for row in world.book.show("v_cost_corrections"):
        version = str(row["rule_id"]), int(str(row["rule_version"]))
        billed, known = Decimal(str(row["frozen_usd"])), Decimal(str(row["known_usd"]))
        assert row["change_usd"] == known - billed
        yield (str(row["tenant_id"]), version), (billed, known)


def test_nothing_is_to_correct_while_nothing_has_changed(tmp_path: Path) -> None:
    world = found_world(tmp_path)
    world.close_october()
    assert corrections(world) == {}


def test_a_rule_that_is_changed_for_a_closed_day_is_taken_back_and_given_anew(
    tmp_path: Path,
) -> None:
    world = found_world(tmp_path)
    world.close_october()
    halves = [{"tenant_id": one, "share": "0.5"} for one in ("acme-nz", "birch")]
    world.apply(rule(method="fixed_share", version="2", shares=halves))
    whole, half = Decimal("13.850678901"), Decimal("6.9253394505")
    assert corrections(world) == {
        ("acme", FORMER): (Decimal("12.345678901"), 0),
        ("birch", FORMER): (Decimal("1.505"), 0),
        ("acme-nz", NEW): (0, half),
        ("birch", NEW): (0, half),
    }
    assert 2 * half == whole


def test_a_restated_bill_changes_what_the_same_version_gives(tmp_path: Path) -> None:
    world = found_world(tmp_path)
    world.close_october()
    october = [(date(2026, 10, 3), "acme", "12.345678901"), (date(2026, 10, 3), "birch", "0.905")]
    world.spend("october-restated", october)
    assert corrections(world) == {("birch", FORMER): (Decimal("1.505"), Decimal("1.405"))}


def test_a_month_that_is_open_has_no_corrections(tmp_path: Path) -> None:
    world = found_world(tmp_path)
    world.spend("october-restated", [(date(2026, 10, 3), "acme", "99")])
    assert corrections(world) == {}
