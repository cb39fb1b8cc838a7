"""A settled day that comes back empty or halved changes nothing until a person says that it may.

Each payer is a story of its own in one book: `good` tells a day's cost, later deliveries lower it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from costs.cost_book import CostBook, cost
from meterbook.costs.accept_delivery import DayChanged, accept_delivery
from meterbook.errors import InputRefused, Refused

DAY, NEXT = date(2026, 10, 1), date(2026, 10, 2)
STORIES = ("halved", "twice", "refused", "nobody", "empty", "again", "better")


@pytest.fixture(scope="module")
def told(founded_costs: CostBook, tmp_path_factory: pytest.TempPathFactory) -> CostBook:
    """Of every payer two days are in the book; then a delivery halves the first."""
    book = founded_costs.copied_to(tmp_path_factory.mktemp("accept") / "book")
    book.apply()
    days = [cost("10"), cost("6", "2026-10-02")]
    for payer in STORIES:
        book.land(f"{payer}-good", days, payer=payer, at="2026-11-01T06:00")
        book.land(f"{payer}-low", [cost("4.5"), days[1]], payer=payer, at="2026-11-02T06:00")
    book.land("cut", [cost("1")], payer="refused", at="2026-11-03T06:00", rows_told=1)
    book.land("none", [], days=["2026-10-02"], payer="empty", at="2026-11-03T06:00")
    book.land("lower", [cost("4.25")], payer="again", at="2026-11-03T06:00")
    book.land("good", [cost("9")], payer="better", at="2026-11-03T06:00")
    for name, usd in (("maps-1", "8"), ("maps-2", "1")):
        at = f"2026-11-0{name[-1]}T06:00"
        book.land(name, [cost(usd)], stream="external_cost", payer="maps", at=at)
    book.book.update()
    return book


def accept(told: CostBook, delivery_id: str, actor: str = "Ada") -> list[DayChanged]:
    return accept_delivery(told.book, delivery_id, actor=actor, reason="a credit came")


def cost_of(told: CostBook, payer: str) -> list[tuple[object, ...]]:
    """What the payer's days cost by the deliveries that are billed."""
    sql = "select day(usage_date), sum(cost_usd) from metering.aws_cost_daily"
    return told.rows(f"{sql} where payer = '{payer}' group by 1 order by 1")


def test_the_figures_before_it_stay_until_somebody_accepts(told: CostBook) -> None:
    assert cost_of(told, "halved") == [(1, Decimal(10)), (2, Decimal(6))]
    assert accept(told, "halved-low") == [DayChanged(DAY, Decimal(10), Decimal("4.5"))]
    assert cost_of(told, "halved") == [(1, Decimal("4.5")), (2, Decimal(6))]
    (found,) = [one for one in told.book.check() if one.check == "no_day_is_suspicious"]
    assert "halved-low" not in {row["delivery_id"] for row in found.rows}


def test_who_decided_what_and_why_is_kept_once(told: CostBook) -> None:
    accept(told, "twice-low", actor="  Ada Lovelace ")
    with pytest.raises(Refused, match="twice-low has been accepted already"):
        accept(told, "twice-low", actor="Bob")
    columns = "decision, stream, actor, reason, cast(decided_at as varchar)"
    assert told.rows(f"select {columns} from billing.decisions where subject = 'twice-low'") == [
        ("accept_delivery", "cur", "Ada Lovelace", "a credit came", "2026-11-05 08:00:00")
    ]


@pytest.mark.parametrize(
    ("delivery_id", "why"),
    [
        ("refused-good", "refused-good has no suspicious day"),
        ("cut", "cut has not landed whole"),
        ("refused-lou", "no delivery of cost 'refused-lou'"),
    ],
)
def test_what_is_not_suspicious_is_refused_and_what_is_gets_named(
    delivery_id: str, why: str, told: CostBook
) -> None:
    with pytest.raises(Refused, match=why) as refusal:
        accept(told, delivery_id)
    waiting = str(refusal.value).partition("Suspicious and waiting: ")[2]
    assert "refused-low" in waiting
    assert "better-low" not in waiting
    assert cost_of(told, "refused")[0] == (1, Decimal(10))


def test_nobody_cannot_decide(told: CostBook) -> None:
    with pytest.raises(InputRefused, match="--actor"):
        accept(told, "nobody-low", actor=" ")
    assert not list(told.landing.keys("decisions/accept_delivery.cur.nobody-low"))


def test_an_empty_day_is_suspicious_and_can_be_accepted(told: CostBook) -> None:
    assert accept(told, "none") == [DayChanged(NEXT, Decimal(6), Decimal(0))]
    assert cost_of(told, "empty") == [(1, Decimal(10))]


def test_a_later_delivery_with_the_accepted_figures_decides_by_itself(told: CostBook) -> None:
    assert accept(told, "again-low") == [DayChanged(DAY, Decimal(10), Decimal("4.25"))]
    assert cost_of(told, "again")[0] == (1, Decimal("4.25"))


def test_accepting_what_a_later_delivery_has_decided_changes_nothing(told: CostBook) -> None:
    assert accept(told, "better-low") == []
    assert cost_of(told, "better")[0] == (1, Decimal(9))


def test_a_delivery_of_another_stream_is_accepted_as_well(told: CostBook) -> None:
    assert accept(told, "maps-2") == [DayChanged(DAY, Decimal(8), Decimal(1))]
