"""Daily: fetch what AWS charged from Cost Explorer, and what it says the days cost in all.

Whether what was fetched by service and tag sums to the control totals is not judged here: the
book's conservation shows it, and a pass or a page that is lost turns its days red.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from meterbook.book import Book
from meterbook.canonical import canonical_json
from meterbook.costs.cost_answers import METRICS, Asking, CostLine
from meterbook.costs.coverage import exact_sum
from meterbook.costs.window import STAMP, cost_window, ordered_after
from meterbook.delivery import (
    ControlTotal,
    Delivery,
    PackedFile,
    close_delivery,
    land_packed,
    packed,
)
from meterbook.errors import Refused
from meterbook.identifier import identifier
from meterbook.ports import CostExplorer

REQUEST_USD = Decimal("0.01")
STREAM = "aws_cost"
COMPLETED = "cost_explorer_fetch_completed"
EMPTY = "cost_explorer_empty"
_EXPORT = "cost_explorer"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetch that counts: its delivery, what it landed, and what the asking itself cost.

    `event_type` is what the log calls it (MOD-098); an answer whose every day is zero is `EMPTY`.
    `write_back_s` is how long the book took to show it after the last page (NFR-014).
    """

    event_type: str
    delivery_id: str
    rows: int
    requests: int
    price_usd: Decimal
    control_usd: Decimal
    write_back_s: float


def fetch_aws_costs(
    book: Book, cost_explorer: CostExplorer, *, payer: str, owner_tag_key: str, module_tag_key: str
) -> Fetched:
    """Land each page as it comes, then the closing record that makes them count, and update.

    Errors: `CostExplorerRefused`, `CostExplorerUnavailable`, `InputRefused` for an answer that the
    book could not take, `Refused` where another run was quicker. None of them changes the book.
    """
    identifier(payer, "payer account", longest=40)
    asking = Asking(cost_explorer, cost_window(book))
    delivery = _landed(book, asking, payer, (owner_tag_key, module_tag_key))
    answered_at = book.clock.now()
    if not close_delivery(book.landing, delivery):
        raise Refused(
            detail=f"The costs of {payer} were fetched by another run at the same moment."
        )
    book.update()
    return Fetched(
        event_type=_event_type(delivery),
        delivery_id=delivery.delivery_id,
        rows=sum(file.row_count for file in delivery.files),
        requests=asking.requests,
        price_usd=asking.requests * REQUEST_USD,
        control_usd=exact_sum(day.control_usd for day in delivery.days),
        write_back_s=(book.clock.now() - answered_at).total_seconds(),
    )


def _landed(book: Book, asking: Asking, payer: str, tag_keys: Sequence[str]) -> Delivery:
    """Ask everything, and land what is told; the delivery is not closed yet."""
    prefix = f"{payer}.{_EXPORT}."
    ordered_at = ordered_after(book.landing, STREAM, prefix, book.clock.now())
    delivery_id, row_counts = f"{prefix}{ordered_at:{STAMP}}", Counter[date]()
    pages = _packed_pages(asking, tag_keys, row_counts)
    files = land_packed(book.landing, STREAM, delivery_id, pages)
    totals = asking.totals()
    return Delivery(
        delivery_id=delivery_id,
        stream=STREAM,
        family=f"{payer}:{_EXPORT}",
        scope=f"{payer}:{_EXPORT}",
        ordered_at=ordered_at,
        files=files,
        days=[_control_total(day, row_counts[day.usage_date]) for day in totals],
        payer=payer,
        origin=_origin(asking, totals),
    )


def _packed_pages(
    asking: Asking, tag_keys: Sequence[str], row_counts: Counter[date]
) -> Iterator[PackedFile]:
    """Each page that tells of a cost as a file of its own; its rows are counted by day."""
    for service in asking.services():
        for page in asking.tagged_costs(service, tag_keys):
            row_counts.update(line.usage_date for line in page)
            yield from packed(canonical_json(_row(service, line)) + "\n" for line in page)


def _row(service: str, line: CostLine) -> dict[str, object]:
    owner_tag, module_tag = line.keys
    return {
        "usage_date": line.usage_date.isoformat(),
        "cost": line.cost.unblended,
        "amortized_cost": line.cost.amortized,
        "currency": line.cost.currency,
        "service": service,
        "owner_tag": owner_tag,
        "module_tag": module_tag,
        "estimated": line.estimated,
    }


def _control_total(total: CostLine, row_count: int) -> ControlTotal:
    unblended, amortized = Decimal(total.cost.unblended), Decimal(total.cost.amortized)
    return ControlTotal(total.usage_date, unblended, row_count, amortized)


def _origin(asking: Asking, totals: Sequence[CostLine]) -> dict[str, object]:
    """A day that AWS has only estimated is named, whether it has a row or not."""
    estimated = [day.usage_date.isoformat() for day in totals if day.estimated]
    return {"metrics": METRICS, "requests": asking.requests, "estimated_days": estimated}


def _event_type(delivery: Delivery) -> str:
    is_told = delivery.files or any(day.control_usd or day.amortized_usd for day in delivery.days)
    return COMPLETED if is_told else EMPTY
