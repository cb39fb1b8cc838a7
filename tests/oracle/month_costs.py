"""The bills of a generated month: restated, added, replaced, cut, and told by two sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from meterbook.delivery import ControlTotal, DeliveredFile, Delivery, close_delivery, land_rows
from meterbook.ports import ObjectStore
from oracle.month_parts import COSTS, LEAVER, TENANTS, Pick
from oracle.records import Json


@dataclass(frozen=True)
class CostPiece:
    """One cost delivery to be landed."""

    delivery_id: str
    stream: str
    payer: str
    ordered_at: str
    days: tuple[str, ...]
    rows: list[Json]
    suffix: str = ""
    replaces: bool = False
    cut: bool = False


def land_cost(landing: ObjectStore, piece: CostPiece) -> None:
    files: list[DeliveredFile] = land_rows(landing, piece.stream, piece.delivery_id, piece.rows)
    if piece.cut:
        files.append(DeliveredFile(f"{piece.stream}/{piece.delivery_id}/lost.jsonl.gz", 1, 99))
    sums: dict[str, list[Decimal]] = defaultdict(list)
    for row in piece.rows:
        sums[row["usage_date"]].append(Decimal(row["cost"]))
    totals = [
        ControlTotal(date.fromisoformat(day), sum(sums[day], Decimal(0)), len(sums[day]))
        for day in piece.days
    ]
    family = f"{piece.payer}:main"
    delivery = Delivery(
        delivery_id=piece.delivery_id,
        stream=piece.stream,
        family=family,
        scope=family + piece.suffix,
        ordered_at=datetime.fromisoformat(piece.ordered_at),
        files=files,
        days=totals,
        payer=piece.payer,
        replaces=piece.replaces,
    )
    close_delivery(landing, delivery)


def _day(number: int) -> str:
    return (date(2026, 10, 1) + timedelta(days=number - 1)).isoformat()


def _cost(day: str, cost: str, owner: str | None, module: str | None, **more: str) -> Json:
    row = {"usage_date": day, "cost": cost, "currency": "USD", "service": "EC2", "account": "100"}
    tags = {"owner_tag": owner, "module_tag": module}
    return row | {name: value for name, value in tags.items() if value is not None} | more


def _any_rows(pick: Pick[str], days: Sequence[str], account: str, count: int = 6) -> list[Json]:
    owners = (*TENANTS, "ACME", "pool", "Pool", "pool", "nobody", "", "ghost")
    rows = []
    for day in days:
        for _ in range(count):
            module = pick(("front", "Front", "back", ""))
            service, owner = pick(("EC2", "S3", "RDS")), pick(owners)
            row = _cost(day, pick(COSTS), owner, module, service=service, account=account)
            if not pick(("1", "2", "3", "")):
                del row["owner_tag"]
            rows.append(row)
    return rows


def _on_the_threshold() -> list[Json]:
    """Exactly 2 % on the fifth, and the least bit more on the tenth; a refund hides nothing.

    The leaver's credit is larger than all that it cost, so that its passthrough is negative.
    """
    rows = [_cost(_day(5), "49", "acme", ""), _cost(_day(5), "1", "nobody", "")]
    rows += [_cost(_day(10), "49", "acme", ""), _cost(_day(10), "1.0000000001", "", None)]
    rows += [_cost(_day(5), "-0.9", "ghost", ""), _cost(_day(10), "-1", "ghost", "")]
    return [*rows, _cost(_day(5), "-25000.005", LEAVER, "")]


def _odd_pool() -> list[Json]:
    """A pool under two names, whose parts alone would be cut elsewhere than their sum."""
    return [_cost(_day(7), "0.000000000005", owner, "odd") for owner in ("pool", "Pool")]


def cost_pieces(pick: Pick[str]) -> list[CostPiece]:
    """Payer 111 restates, adds and replaces; 222 is plain; 333 is told by Cost Explorer."""
    first, late = tuple(map(_day, range(1, 9))), "2026-11-03T00:00:00.000001+00:00"

    def any_of(days: Sequence[str], account: str = "100") -> list[Json]:
        return _any_rows(pick, days, account)

    extra, exact, edges = (
        (_day(4), _day(7), _day(8)),
        (_day(5), _day(10)),
        ("2026-09-30", "2026-10-31"),
    )
    middle = (_day(3), _day(4), _day(6), _day(7))
    return [
        # The second ends 48 hours before this, to the microsecond; the third does not.
        CostPiece("a1", "cur", "111", "2026-10-05T00:00:00+00:00", first, any_of(first)),
        CostPiece("a2", "cur", "111", late, middle, any_of(middle)),
        CostPiece("a3", "cur", "111", late, middle, any_of(middle)),
        # Adds to the fourth, to the seventh until it is replaced, to the unsettled eighth.
        CostPiece("a4", "cur", "111", "2026-11-01T00:00:00+00:00", extra, any_of(extra),
                  suffix=":extra"),
        CostPiece("a5", "cur", "111", "2026-11-04T00:00:00+00:00", middle[2:],
                  any_of(middle[2:]) + _odd_pool(), replaces=True),
        CostPiece("a6", "cur", "111", "2026-11-05T00:00:00+00:00", exact, _on_the_threshold()),
        CostPiece("a7", "cur", "111", "2026-11-06T00:00:00+00:00", first, any_of(first), cut=True),
        CostPiece("b1", "cur", "222", late, edges, any_of(edges, "999")),
        CostPiece("c1", "cur", "333", late, (_day(2),), any_of((_day(2),), "300")),
        CostPiece("c2", "aws_cost", "333", late, (_day(2),), any_of((_day(2),), "300")),
        CostPiece("b2", "aws_cost", "222", late, edges, any_of(edges, "999")),
    ]  # fmt: skip
