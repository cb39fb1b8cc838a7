"""Which terms hold for a tenant in a month: what its close has frozen, else what the catalog says."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache

from oracle.catalog import Catalog
from oracle.records import Json

ALWAYS = "1900-01-01"


@dataclass(frozen=True)
class Account:
    """Who pays: an account as it stands in a month."""

    id: str
    currency: str


@dataclass(frozen=True)
class Card:
    """A plan version of a tenant, and on how many days of the month it has it."""

    plan: Json
    days: int


@dataclass(frozen=True)
class Discount:
    """Some percent off some kinds of line."""

    id: str
    percent: Fraction
    kinds: frozenset[str]


@dataclass(frozen=True)
class Terms:
    """All that decides a tenant's bill of a month but its use and its cost."""

    month: str
    tenant: str
    account: Account | None = None
    cards: Sequence[Card] = ()
    modules: dict[str, int] = field(default_factory=dict)
    discounts: Sequence[Discount] = ()
    credits: dict[str, Fraction] = field(default_factory=dict)
    usd_per_unit: Fraction | None = None

    @property
    def plans(self) -> list[Json]:
        return [card.plan for card in self.cards]

    @property
    def passes_cost(self) -> list[str]:
        """The sources that the card which holds passes on."""
        return list(self.cards[0].plan["passthrough"]) if self.cards else []


class TermsBook:
    """The terms of every tenant and month."""

    def __init__(self, book: Catalog, closes: Iterable[Json]) -> None:
        self._book = book
        self._links: dict[str, list[tuple[Json, Json]]] = defaultdict(list)
        for document in book.documents["account"].values():
            for entry in document["tenants"]:
                self._links[entry["tenant_id"]].append((entry, document))
        self._frozen: dict[tuple[str, str], list[Json]] = defaultdict(list)
        self._payers: dict[tuple[str, str], str] = {}
        for close in closes:
            month, account = str(close["period"]), str(close["account_id"])
            terms = close["snapshot"].get("terms", [])
            self._frozen[month, account] += terms
            tenants = [term["tenant_id"] for term in terms if term["term"] == "tenant"]
            self._payers |= {(month, tenant): account for tenant in tenants}

    @property
    def closed(self) -> set[tuple[str, str]]:
        """The months and tenants whose terms are frozen."""
        return set(self._payers)

    def know(self, tenant: Json, month: str) -> bool:
        """Whether there is anything to say of a tenant in a month: it lives, or somebody pays."""
        lives = tenant["starts_on"] < month_end(month) and f"{month}-01" < tenant["ends_on"]
        return lives or bool(self._account_of(tenant["id"], month))

    def of(self, tenant: Json, month: str) -> Terms:
        name = str(tenant["id"])
        if (month, name) in self._payers:
            return self._closed_terms(self._payers[month, name], name, month)
        account = self._account_of(name, month)
        told = self._book.documents["account"][account.id] if account else {}
        return Terms(
            month,
            name,
            account,
            cards_of(self._book, tenant, month),
            modules_of(tenant, month),
            self._discounts(account, month),
            {credit["id"]: Fraction(credit["amount"]) for credit in told.get("credits", [])
             if (credit["tenant_id"], credit["period"]) == (name, month)},
            self._rate(account, month),
        )  # fmt: skip

    def _closed_terms(self, account: str, tenant: str, month: str) -> Terms:
        frozen = self._frozen[month, account]
        own = [term for term in frozen if term["tenant_id"] == tenant]
        cards = sorted(_some(own, "card"), key=lambda term: int(term["place"]))
        plans = self._book.documents["plan"]
        (head,) = _some(own, "tenant")
        payer = Account(account, str(head["detail"]))
        return Terms(
            month,
            tenant,
            payer,
            [
                Card(plans[f"{one['name']}:{one['version']}"], int(Fraction(one["amount"])))
                for one in cards
            ],
            {one["name"]: int(one["place"]) for one in _some(own, "module")},
            self._discounts(payer, month),
            {one["name"]: Fraction(one["amount"]) for one in _some(own, "credit")},
            self._rate(payer, month),
        )

    def _rate(self, account: Account | None, month: str) -> Fraction | None:
        """USD for one unit of the account's currency on the month's first day."""
        if account is None or account.currency == "USD":
            return Fraction(1)
        for term in _some(self._frozen[month, account.id], "rate"):
            if term["name"] == account.currency:
                return Fraction(term["amount"])
        return self._book.price_of(account.currency, f"{month}-01")

    def _discounts(self, account: Account | None, month: str) -> list[Discount]:
        if account is None:
            return []
        frozen = self._frozen[month, account.id]
        if _some(frozen, "tenant"):
            return [
                Discount(one["name"], Fraction(one["amount"]), frozenset(one["detail"].split(",")))
                for one in _some(frozen, "discount")
            ]
        began = self._first_day(account, month)
        document = self._book.documents["account"][account.id]
        found: dict[str, Json] = {}
        for entry in sorted(document.get("discounts", []), key=lambda one: str(one["starts_on"])):
            starts, ends = clipped(entry, document)
            if began and starts < ends and _holds(starts, ends, month, began):
                found.setdefault(entry["id"], entry)
        return [
            Discount(name, Fraction(entry["percent"]), frozenset(entry["kinds"]))
            for name, entry in found.items()
        ]

    def _first_day(self, account: Account, month: str) -> str:
        """The first day of the month on which the account pays for a tenant that has a card."""
        document = self._book.documents["account"][account.id]
        days = []
        for link in document["tenants"]:
            tenant = self._book.documents["tenant"].get(link["tenant_id"])
            if tenant and self._account_of(tenant["id"], month) == account:
                days += [
                    max(paid, card)
                    for paid in _starts([link], document, month)
                    for card in _starts(tenant["subscriptions"], tenant, month)
                ]
        return min(days, default="")

    def _account_of(self, tenant: str, month: str) -> Account | None:
        """The account that pays at the period's start; a newcomer's is its first in the period."""
        links = []
        for entry, account in self._links[tenant]:
            starts, ends = clipped(entry, account, month)
            if starts < ends:
                links.append((starts, account["id"], account["currency"]))
        return Account(*min(links)[1:]) if links else None


def _some(terms: Iterable[Json], term: str) -> list[Json]:
    return [one for one in terms if one["term"] == term]


def _holds(starts: str, ends: str, month: str, began: str) -> bool:
    """In force on the first day; for one who comes later, on any day."""
    first = f"{month}-01"
    return first < ends and (starts <= first if began == first else starts < month_end(month))


def _starts(entries: Iterable[Json], document: Json, month: str) -> list[str]:
    """From which day of the month on each entry holds, where it does."""
    spans = [clipped(entry, document, month) for entry in entries]
    return [starts for starts, ends in spans if starts < ends]


def clipped(entry: Json, document: Json, month: str = "") -> tuple[str, str]:
    """From when to when an entry of a document holds (in a month)."""
    starts = max(entry["starts_on"], document["starts_on"])
    ends = min(entry["ends_on"], document["ends_on"])
    if month:
        return max(starts, f"{month}-01"), min(ends, month_end(month))
    return starts, ends


@cache
def month_end(month: str) -> str:
    """The first day after a month `YYYY-MM`."""
    year, number = int(month[:4]), int(month[5:])
    return f"{datetime(year, number, days_of(month), tzinfo=UTC) + timedelta(days=1):%Y-%m-%d}"


def days_of(month: str) -> int:
    return calendar.monthrange(int(month[:4]), int(month[5:]))[1]


def days_between(starts: str, ends: str) -> list[str]:
    first = date.fromisoformat(starts)
    count = (date.fromisoformat(ends) - first).days
    return [str(first + timedelta(days=number)) for number in range(count)]


def cards_of(book: Catalog, tenant: Json, month: str) -> list[Card]:
    """The tenant's cards of a month, the one that holds first, then the later ones."""
    cards = []
    for entry in tenant["subscriptions"]:
        starts, ends = clipped(entry, tenant, month)
        if starts < ends:
            plan = book.documents["plan"][f"{entry['plan_id']}:{entry['plan_version']}"]
            cards.append((starts, Card(plan, len(days_between(starts, ends)))))
    return [card for _, card in sorted(cards, key=lambda card: card[0])]


def modules_of(tenant: Json, month: str) -> dict[str, int]:
    """On how many days of the month each module was switched on."""
    days: dict[str, set[str]] = defaultdict(set)
    for entry in tenant["modules"]:
        days[entry["module_id"]] |= {*days_between(*clipped(entry, tenant, month))}
    return {module: len(active) for module, active in days.items() if active}


def months_of(book: Catalog, days: Iterable[str]) -> list[str]:
    """The months that can be billed: from the first start that is told, or the first fact."""
    told = sorted(days)
    if not told:
        return []
    starts = [
        start for tenant in book.documents["tenant"].values() for start in _told(tenant, told[0])
    ]
    return months_between(min(starts)[:7], told[-1][:7]) if starts else []


def _told(tenant: Json, first_fact: str) -> Iterable[str]:
    for card in tenant["subscriptions"]:
        starts, ends = clipped(card, tenant)
        yield first_fact if starts == ALWAYS else starts
        for module in tenant["modules"]:
            begins, stops = clipped(module, tenant)
            if begins > ALWAYS and starts < stops and begins < ends:
                yield max(starts, begins)


def months_between(first: str, last: str) -> list[str]:
    months = [first]
    while months[-1] < last:
        months.append(month_end(months[-1])[:7])
    return months if first <= last else []
