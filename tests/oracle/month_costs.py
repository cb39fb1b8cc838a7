"""The bills of a generated month: restated, added, replaced, cut, and told by two sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from meterbook.delivery import ControlTotal, DeliveredFile, Delivery, close_delivery, land_rows
from meterbook.ports import ObjectStore
from oracle.landed import land_decision
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
    accepted: bool = False

    @property
    def amortized(self) -> bool:
        """Whether it tells amortized cost too: in every row and of every day, or nowhere."""
        return any("amortized_cost" in row for row in self.rows)


def land_cost(landing: ObjectStore, piece: CostPiece) -> None:
    files: list[DeliveredFile] = land_rows(landing, piece.stream, piece.delivery_id, piece.rows)
    if piece.cut:
        files.append(DeliveredFile(f"{piece.stream}/{piece.delivery_id}/lost.jsonl.gz", 1, 99))
    totals = [total(day, [row for row in piece.rows if row["usage_date"] == day], piece.amortized)
              for day in piece.days]  # fmt: skip
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
    if piece.accepted:
        land_decision(landing, piece.stream, piece.delivery_id)


def total(day: str, rows: Sequence[Json], amortized: bool) -> ControlTotal:
    """What the source itself says of a day: the sum of its texts."""
    cost = sum((Decimal(row["cost"]) for row in rows), Decimal(0))
    spread = sum((Decimal(row["amortized_cost"]) for row in rows if amortized), Decimal(0))
    return ControlTotal(date.fromisoformat(day), cost, len(rows), spread if amortized else None)


def amortized(pick: Pick[str], rows: Sequence[Json]) -> list[Json]:
    """The same rows with what they cost when commitments are spread over their time."""
    return [{**row, "amortized_cost": pick((row["cost"], "0", *COSTS))} for row in rows]


def _day(number: int) -> str:
    return (date(2026, 10, 1) + timedelta(days=number - 1)).isoformat()


def _cost(day: str, cost: str, owner: str | None, module: str | None, **more: str) -> Json:
    row = {"usage_date": day, "cost": cost, "currency": "USD", "service": "EC2", "account": "100"}
    tags = {"owner_tag": owner, "module_tag": module}
    return row | {name: value for name, value in tags.items() if value is not None} | more


def _any_rows(pick: Pick[str], days: Sequence[str], account: str, count: int = 6) -> list[Json]:
    owners = (*TENANTS, "ACME", "pool", "Pool", "pool", "nobody", "", "ghost", "shared", "Shared",
              "common", "COM.MON", "9-lives", "P o o l")  # fmt: skip
    rows = []
    for day in days:
        for _ in range(count):
            module = pick(("front", "Front", "back", ""))
            service, owner = pick(("EC2", "S3", "RDS", "amazon-ec2")), pick(owners)
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


def _pools() -> list[Json]:
    """A pool that nobody used, one with a share of nobody's, one of which nobody is left.

    The last one's name is an alias of two documents word for word, and of a third by ear.
    """
    told = ((_day(2), "pool"), (_day(1), "Gemein"), (_day(8), "common"), (_day(1), "Pool"))
    return [_cost(day, "0.7", owner, "odd") for day, owner in told]


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
        CostPiece("a1", "cur", "111", "2026-10-05T00:00:00+00:00", first,
                  any_of(first) + _pools()),
        CostPiece("a2", "cur", "111", late, middle, any_of(middle)),
        CostPiece("a3", "cur", "111", late, middle, any_of(middle)),
        # Adds to the fourth, to the seventh until it is replaced, to the unsettled eighth.
        CostPiece("a4", "cur", "111", "2026-11-01T00:00:00+00:00", extra, any_of(extra),
                  suffix=":extra"),
        CostPiece("a5", "cur", "111", "2026-11-04T00:00:00+00:00", middle[2:],
                  amortized(pick, any_of(middle[2:]) + _odd_pool()), replaces=True),
        # A refund has left less than half, and a person has seen it.
        CostPiece("a6", "cur", "111", "2026-11-05T00:00:00+00:00", exact, _on_the_threshold(),
                  accepted=True),
        CostPiece("a7", "cur", "111", "2026-11-06T00:00:00+00:00", first, any_of(first), cut=True),
        CostPiece("b1", "cur", "222", late, edges, any_of(edges, "999")),
        CostPiece("c1", "cur", "333", late, (_day(2),), any_of((_day(2),), "300")),
        CostPiece("c2", "aws_cost", "333", late, (_day(2),), any_of((_day(2),), "300")),
        CostPiece("b2", "aws_cost", "222", late, edges, any_of(edges, "999")),
        *_doubtful(),
        *_external(pick),
    ]  # fmt: skip


def _doubtful() -> list[CostPiece]:
    """Settled days that come back as half, a hair less, nothing, and after a person has looked.

    The eleventh: 10, then 5, which is just half, then 4.999999999999, which waits. The twelfth: 8,
    then nothing, which is accepted, then 2, then 0.9, which waits. The thirteenth waits at 1 and is
    told again as 9. The fourteenth shrinks to 1 before it is settled, and comes back as half.
    """
    told: tuple[tuple[str, str, dict[int, str]], ...] = (
        ("d1", "2026-10-15T00:00:00+00:00", {11: "10", 12: "8", 13: "9", 14: "6"}),
        ("d2", "2026-10-16T00:00:00+00:00", {11: "5", 13: "1", 14: "1"}),
        ("d2-nothing", "2026-10-16T00:00:00+00:00", {12: ""}),
        ("d3", "2026-10-17T00:00:00+00:00", {11: "4.999999999999", 12: "2", 13: "9", 14: "3"}),
        ("d4", "2026-10-18T00:00:00+00:00", {12: "0.9"}),
    )
    return [
        CostPiece(
            key, "cur", "444", placed, tuple(map(_day, costs)),
            [_cost(_day(day), cost, "acme", "", account="444") for day, cost in costs.items() if cost],
            accepted=key == "d2-nothing",
        )
        for key, placed, costs in told
    ]  # fmt: skip


def _external(pick: Pick[str]) -> list[CostPiece]:
    """What another provider charges, restated once; its days are not all days of AWS."""
    days = (_day(1), _day(2), _day(5), _day(20))
    rows = [
        {**row, "service": pick(("geo", "tiles"))} for row in _any_rows(pick, days, "maps-1", 3)
    ]
    again = amortized(pick, _any_rows(pick, days[:2], "maps-1", 2))
    return [
        CostPiece("e1", "external_cost", "maps", "2026-10-22T00:00:00+00:00", days, rows),
        CostPiece("e2", "external_cost", "maps", "2026-10-03T00:00:00+00:00", days[:2], again),
    ]
