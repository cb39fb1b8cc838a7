"""Daily: fetch what the providers of the catalog charged by their APIs, day by day.

Each provider is a delivery of its own, with what its rows say each day cost. Where it names the
total of the window, the rows must sum to it. The latest complete delivery decides its days.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from meterbook.book import Book
from meterbook.costs.coverage import exact_sum
from meterbook.costs.cur_line import Fault, amount_fault, day_of, fault_in
from meterbook.costs.external_answer import Page, Said, pages_of, untaken
from meterbook.costs.external_provider import ExternalProvider, providers_of
from meterbook.costs.window import STAMP, Days, cost_window, ordered_after
from meterbook.delivery import ControlTotal, Delivery, close_delivery, land_rows
from meterbook.errors import ExternalCostsFailed, MeterbookError, Refused
from meterbook.ports import ExternalCosts, ObjectStore

STREAM = "external_cost"
COMPLETED = "external_cost_fetch_completed"


@dataclass(frozen=True, slots=True)
class ExternalFetched:
    """What one provider charged in the window, as it has landed."""

    provider: str
    delivery_id: str
    rows: int
    control_usd: Decimal


def fetch_external_costs(book: Book, costs: ExternalCosts) -> list[ExternalFetched]:
    """Land the days up to yesterday of each provider in force, then update the book.

    One that fails does not keep the others from landing. Errors, raised at the end, name it:
    `ExternalCostsRefused`, `ExternalCostsUnavailable`, `InputRefused` for an answer that the book
    could not take, `ExternalCostsFailed` for several.
    """
    now, landing = book.clock.now(), book.landing
    landed: list[ExternalFetched] = []
    failed: dict[str, MeterbookError] = {}
    for provider, days in providers_of(book, cost_window(book)):
        try:
            landed.append(land_external_costs(landing, now, costs, provider, days))
        except MeterbookError as error:
            failed[provider.id] = error
    book.update()
    if failed:
        raise _told(failed)
    return landed


def _told(failed: Mapping[str, MeterbookError]) -> MeterbookError:
    first, *others = failed.values()
    if not others:
        return first
    detail = " ".join(str(error) for error in failed.values())
    return ExternalCostsFailed(providers=", ".join(failed), detail=detail)


def land_external_costs(
    landing: ObjectStore,
    now: datetime,
    costs: ExternalCosts,
    provider: ExternalProvider,
    days: Days,
) -> ExternalFetched:
    """The same of one provider, without a book: ask, judge all of it, and only then land it."""
    pages = list(pages_of(costs, provider, provider.first_url(days)))
    rows = list(_rows(provider, pages, days))
    control_usd = _control_usd(provider, pages, rows)
    delivery = _land(landing, now, provider, rows, _totals(rows, days))
    return ExternalFetched(provider.id, delivery.delivery_id, len(rows), control_usd)


def _rows(provider: ExternalProvider, pages: list[Page], days: Days) -> Iterator[dict[str, str]]:
    """The rows to land, every one judged; what is empty is left out."""
    for number, page in enumerate(pages, 1):
        for place, said in enumerate(page.rows, 1):
            if fault := fault_in({**said, "payer": provider.id}):
                raise _faulty(provider, f"row {place} of page {number}", said, fault)
            day = day_of(said["usage_date"])
            if day not in days:
                raise untaken(
                    provider,
                    f"it tells of {day}, which was not asked",
                    "In its `url`, {end} is the day after the last one and {last} the last one.",
                )
            yield {field: text for field, text in said.items() if text} | {
                "usage_date": day.isoformat()
            }


def _faulty(provider: ExternalProvider, place: str, said: Said, fault: Fault) -> MeterbookError:
    column = provider.columns[fault.field].column or "(of the document)"
    text = said[fault.field]
    shown = f"is {text[:80]!r}" if text else "is empty or missing"
    return untaken(
        provider, f"in {place} the {fault.field} at {column} {shown}, {fault.detail}", fault.remedy
    )


def _control_usd(
    provider: ExternalProvider, pages: list[Page], rows: list[dict[str, str]]
) -> Decimal:
    """What the rows sum to, which is what the provider says they do, if it says so."""
    summed = exact_sum(Decimal(row["cost"]) for row in rows)
    for total in _told_totals(provider, pages):
        if fault := amount_fault(total, "USD"):
            raise untaken(provider, f"its total {total[:80]!r} is one {fault.detail}")
        if Decimal(total) != summed:
            raise untaken(
                provider,
                f"its total is {Decimal(total):f} USD, its rows sum to {summed:f} USD",
                "Look whether all of its pages were asked, or whether its total is rounded.",
            )
    return summed


def _told_totals(provider: ExternalProvider, pages: list[Page]) -> list[str]:
    """The totals that the pages name: the first one must, the others may."""
    if not provider.total:
        return []
    if not pages[0].total:
        raise untaken(provider, f"there is no total at {provider.total!r}")
    return [page.total for page in pages if page.total]


def _totals(rows: list[dict[str, str]], days: Days) -> list[ControlTotal]:
    """What each day of the window cost: added up from the text, zero where there is no row."""
    told: defaultdict[str, list[Decimal]] = defaultdict(list)
    for row in rows:
        told[row["usage_date"]].append(Decimal(row["cost"]))
    row_count = Counter(row["usage_date"] for row in rows)
    return [ControlTotal(day, exact_sum(told[str(day)]), row_count[str(day)]) for day in days]


def _land(
    landing: ObjectStore,
    now: datetime,
    provider: ExternalProvider,
    rows: list[dict[str, str]],
    totals: list[ControlTotal],
) -> Delivery:
    prefix = f"{provider.id}.external."
    ordered_at = ordered_after(landing, STREAM, prefix, now)
    delivery_id = f"{prefix}{ordered_at:{STAMP}}"
    delivery = Delivery(
        delivery_id=delivery_id,
        stream=STREAM,
        family=provider.family,
        scope=provider.family,
        ordered_at=ordered_at,
        files=land_rows(landing, STREAM, delivery_id, rows),
        days=totals,
        payer=provider.id,
        origin={"url": provider.url},
    )
    if not close_delivery(landing, delivery):
        raise Refused(
            detail=f"The costs of {provider.id} were fetched by another run at the same moment."
        )
    return delivery
