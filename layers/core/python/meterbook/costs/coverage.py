"""Which landed delivery decides a day of a bill, and what a new one would do to it.

The same rule is SQL in `sql/models/staging/deciding_deliveries.sql`, where it decides what counts;
here it only guards the door, from the closing records, before anything is landed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from meterbook.costs.cur_line import EXACT
from meterbook.delivery import closing_records
from meterbook.ports import ObjectStore


@dataclass(frozen=True, slots=True)
class Landed:
    """A delivery of the family that was landed before: its place in order and its days' totals."""

    delivery_id: str
    scope: str
    ordered_at: datetime
    replaces: bool
    content_sha256: str
    row_count: int
    days: Mapping[date, Decimal]

    @property
    def control_usd(self) -> Decimal:
        """What the whole delivery says it cost."""
        return exact_sum(self.days.values())


def landed_of(
    landing: ObjectStore, family: str, id_prefix: str = "", stream: str = "cur"
) -> list[Landed]:
    """The deliveries of one payer and export, in their order; only those whose id begins so."""
    records: Any = closing_records(landing, stream, id_prefix)
    found = [_landed(record) for record in records if record["family"] == family]
    return sorted(found, key=lambda landed: (landed.ordered_at, landed.delivery_id))


def _landed(record: Any) -> Landed:  # noqa: ANN401 - a closing record as JSON gives it
    return Landed(
        delivery_id=record["delivery_id"],
        scope=record["scope"],
        ordered_at=datetime.fromisoformat(record["ordered_at"]),
        replaces=record["replaces"],
        content_sha256=record["origin"].get("content_sha256", ""),
        row_count=sum(file["row_count"] for file in record["files"]),
        days={
            date.fromisoformat(day["usage_date"]): Decimal(day["control_usd"])
            for day in record["days"]
        },
    )


def deciding(landed: Iterable[Landed], day: date) -> list[Landed]:
    """What a day's cost is made of: each scope's latest delivery since the last replacement."""
    latest: dict[str, Landed] = {}
    for delivery in landed:
        if day in delivery.days:
            if delivery.replaces:
                latest.clear()
            latest[delivery.scope] = delivery
    return list(latest.values())


def landed_usd(landed: Sequence[Landed], days: Iterable[date]) -> Decimal:
    """What the book now says that these days cost."""
    return exact_sum(delivery.days[day] for day in days for delivery in deciding(landed, day))


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, which is never rounded; an empty one is zero."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
