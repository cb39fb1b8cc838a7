"""Backtest: what a proposed plan would have billed for months that are closed, and what it earned.

The frozen quantities and costs are priced by the tariff's own SQL, once with the card that was
frozen and once with the proposal in its place. Nothing lands, nothing is numbered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from meterbook.book import Book
from meterbook.catalog.document import Document
from meterbook.catalog.read_catalog import read_file
from meterbook.close.frozen import FrozenDocument, read_document
from meterbook.close.snapshot import Fields
from meterbook.costs.coverage import exact_sum
from meterbook.errors import InputRefused
from meterbook.money import Money, total
from meterbook.period import Period
from meterbook.ports import Recalculated, Recalculator, Row

CREDITS = "snowflake_credits"
# Lines that a card has no say in: facts of other months, and what people state.
_NOT_OF_THE_CARD = ("adjustment",)


@dataclass(frozen=True, slots=True)
class Tried:
    """A tenant's month under the proposal; `obstacles` say why it could not be billed in full.

    `rate` is what one unit of the currency was worth in USD, None where the month's close knew no
    rate; without it there is no margin.
    """

    period: Period
    tenant_id: str
    currency: str
    billed: Money
    would_bill: Money
    cost_usd: Decimal
    rate: Decimal | None
    obstacles: tuple[str, ...] = ()

    @property
    def difference(self) -> Money:
        """What the proposal would have brought in more."""
        return self.would_bill + -self.billed

    @property
    def margin_usd(self) -> Decimal | None:
        """What was billed less what it cost."""
        return self._margin(self.billed)

    @property
    def would_margin_usd(self) -> Decimal | None:
        """What would be billed less what it cost."""
        return self._margin(self.would_bill)

    def _margin(self, revenue: Money) -> Decimal | None:
        if self.rate is None:
            return None
        return exact_sum((revenue.amount * self.rate, -self.cost_usd))


def read_plan(file: Path) -> Document:
    """The one plan document of a file. Errors: `CatalogRefused`, `InputRefused`."""
    documents = read_file(file)
    if [document.kind for document in documents] != ["plan"]:
        kinds = ", ".join(document.kind for document in documents) or "nothing"
        raise InputRefused(detail=f"{file} is to hold one plan and nothing else; it has {kinds}.")
    return documents[0]


def backtest(
    book: Book,
    recalculator: Recalculator,
    plan: Document,
    months: int,
    tenants: Collection[str] = (),
) -> list[Tried]:
    """Try a plan on the last closed months, by period and tenant.

    A plan that some tenant had in these months replaces it, in whatever version, for those who had
    it; one that is new is tried on every tenant, or on those named. Errors: `InputRefused` when no
    month is closed, or nobody is left to try it on.
    """
    closes = list(_closes(book, months))
    if not closes:
        raise InputRefused(detail="No month is closed yet, so there is nothing to try a plan on.")
    asked = [(close, found) for close in closes if (found := _on_trial(close.body, plan, tenants))]
    known = any(_has(close.body, plan.body["id"]) for close in closes)
    if known and not tenants:
        asked = [(c, own) for c, found in asked if (own := found & _holders(c.body, plan))]
    if not asked:
        raise InputRefused(
            detail=f"Nobody in the last {months} closed month(s) is there to try {plan.title} on."
        )
    bodies = [_proposed(close.body, plan, found) for close, found in asked]
    results = recalculator.results(bodies)
    tried = [
        _tried(close, tenant, plan, result)
        for (close, found), result in zip(asked, results, strict=True)
        for tenant in found
    ]
    return sorted(tried, key=lambda one: (one.period, one.tenant_id))


def _closes(book: Book, months: int) -> Iterator[FrozenDocument]:
    rows = book.query("backtest_closes")
    starts = sorted({str(row["period_start"]) for row in rows}, reverse=True)[:months]
    for row in rows:
        if str(row["period_start"]) in starts:
            period = Period.parse(str(row["period_start"])[:7])
            yield read_document(book.landing, period, str(row["account_id"]))


def _on_trial(body: Fields, plan: Document, tenants: Collection[str]) -> set[str]:
    """The tenants of a close that had a card at all, and are asked about."""
    with_card = {term["tenant_id"] for term in body["terms"] if term["term"] == "card"}
    return with_card & set(tenants) if tenants else with_card


def _has(body: Fields, plan_id: str) -> bool:
    return any((term["term"], term["name"]) == ("card", plan_id) for term in body["terms"])


def _holders(body: Fields, plan: Document) -> set[str]:
    cards = (term for term in body["terms"] if term["term"] == "card")
    return {term["tenant_id"] for term in cards if term["name"] == plan.body["id"]}


def _proposed(body: Fields, plan: Document, tenants: Collection[str]) -> Fields:
    """The frozen facts with the proposal as the card of some tenants.

    It takes the place of the plan of its id, or of every card where the tenants have none of that.
    """
    version = str(plan.body["version"])
    own = {"id": plan.id, "revision": 0, "document": dict(plan.body)}
    others = [found for found in body["plans"] if found["id"] != plan.id]
    trial = own | {"id": f"{plan.body['id']}:{version}"}
    return body | {
        "plans": [*others, trial],
        "terms": list(_terms(body, plan, tenants)),
        "quantities": list(_quantities(body, plan, tenants)),
    }


def _terms(body: Fields, plan: Document, tenants: Collection[str]) -> Iterator[Fields]:
    plan_id, version = str(plan.body["id"]), str(plan.body["version"])
    holders = _holders(body, plan)
    for term in body["terms"]:
        is_card = term["term"] == "card" and term["tenant_id"] in tenants
        if is_card and (term["name"] == plan_id or term["tenant_id"] not in holders):
            yield term | {"name": plan_id, "version": version}
        else:
            yield term


def _quantities(body: Fields, plan: Document, tenants: Collection[str]) -> Iterator[Fields]:
    """Credits count only for a card that prices them and does not pass them on."""
    priced = any(rate["metric"] == CREDITS for rate in plan.body["rates"])
    passed = "snowflake" in plan.body["passthrough"]
    for row in body["quantities"]:
        is_of_trial = row["metric"] == CREDITS and row["tenant_id"] in tenants
        if not is_of_trial or (priced and not passed):
            yield row


def _tried(close: FrozenDocument, tenant: str, plan: Document, result: Recalculated) -> Tried:
    body = close.body
    currency = str(body["currency"])
    lines = [line for line in body["lines"] if line["tenant_id"] == tenant]
    kept = [line for line in lines if line["line_kind"] in _NOT_OF_THE_CARD]
    given = [row for row in result.lines if row["tenant_id"] == tenant]
    return Tried(
        period=close.period,
        tenant_id=tenant,
        currency=currency,
        billed=_sum(lines, currency),
        would_bill=_sum(kept, currency) + _sum(given, currency),
        cost_usd=exact_sum(
            Decimal(row["cost_usd"]) for row in body["costs"] if row["tenant_id"] == tenant
        ),
        rate=_rate(body, currency),
        obstacles=tuple(_obstacles(body, tenant, plan, result.faults)),
    )


def _sum(lines: Iterable[Mapping[str, Any]], currency: str) -> Money:
    return total((Money.of(str(line["amount"]), currency) for line in lines), currency)


def _rate(body: Fields, currency: str) -> Decimal | None:
    if currency == "USD":
        return Decimal(1)
    rates = (t for t in body["terms"] if (t["term"], t["name"]) == ("rate", currency))
    return next((Decimal(term["amount"]) for term in rates), None)


def _obstacles(body: Fields, tenant: str, plan: Document, faults: Sequence[Row]) -> Iterator[str]:
    for fault in faults:
        if fault["tenant_id"] == tenant:
            yield f"{fault['reason']}: {fault['detail']}"
    own = [row for row in body["quantities"] if row["tenant_id"] == tenant]
    prices_credits = any(rate["metric"] == CREDITS for rate in plan.body["rates"])
    spends = any(
        (row["tenant_id"], row["source"]) == (tenant, "snowflake") for row in body["costs"]
    )
    if prices_credits and spends and all(row["metric"] != CREDITS for row in own):
        yield "credits_not_metered: the month was closed without a quantity of Snowflake credits"
