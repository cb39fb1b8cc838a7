"""What is owed: the lines of every tenant and month, and why an account cannot be billed."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache

from oracle.catalog import Catalog
from oracle.credits import credits_of
from oracle.records import KINDS, MINOR_DIGITS, Answer, Json, Line

CREDITS = "snowflake_credits"


def round_to_minor(amount: Fraction, currency: str) -> int:
    """Minor units, half away from zero."""
    minor = abs(amount) * 10 ** MINOR_DIGITS.get(currency, 2)
    return (-1 if amount < 0 else 1) * int((2 * minor + 1) // 2)


@cache
def month_end(month: str) -> str:
    """The first day after a month `YYYY-MM`."""
    year, number = int(month[:4]), int(month[5:])
    last = calendar.monthrange(year, number)[1]
    return f"{datetime(year, number, last, tzinfo=UTC) + timedelta(days=1):%Y-%m-%d}"


def months_between(first: str, last: str) -> list[str]:
    months = [first]
    while months[-1] < last:
        months.append(month_end(months[-1])[:7])
    return months if first <= last else []


def cards_of(book: Catalog, tenant: Json, month: str) -> list[Json]:
    """The tenant's cards of a month, the one that holds first, then the later ones."""
    first, end = f"{month}-01", month_end(month)
    cards = []
    for entry in tenant["subscriptions"]:
        starts = max(entry["starts_on"], tenant["starts_on"], first)
        if starts < min(entry["ends_on"], tenant["ends_on"], end):
            plan = book.documents["plan"][f"{entry['plan_id']}:{entry['plan_version']}"]
            cards.append((starts, plan))
    return [plan for _, plan in sorted(cards, key=lambda card: card[0])]


def account_of(book: Catalog, tenant: str, month: str) -> Json | None:
    """The account that pays at the period's start; a newcomer's is its first one in the period."""
    links = []
    for account in book.documents["account"].values():
        for entry in account["tenants"]:
            starts = max(entry["starts_on"], account["starts_on"], f"{month}-01")
            ends = min(entry["ends_on"], account["ends_on"], month_end(month))
            if entry["tenant_id"] == tenant and starts < ends:
                links.append((starts, account["id"], account))
    return min(links, key=lambda link: link[:2])[2] if links else None


def price(book: Catalog, result: Answer) -> None:
    starts = [
        entry["starts_on"]
        for tenant in book.documents["tenant"].values()
        for entry in tenant["subscriptions"]
    ]
    seen = [day for day, *_ in (*result.usage_daily, *result.attributed)] + [*result.credits]
    if not starts or not seen:
        return
    months = months_between(min(starts)[:7], max(seen)[:7])
    meter_credits(book, months, result)
    used = used_by_month(result)
    for month in months:
        for tenant in book.documents["tenant"].values():
            price_tenant(book, tenant, month, used.get((month, tenant["id"]), {}), result)


def meter_credits(book: Catalog, months: Iterable[str], result: Answer) -> None:
    """Credits are also a metric where a card prices them, unless the first one passes them on."""
    for month in months:
        for tenant in book.documents["tenant"].values():
            cards = cards_of(book, tenant, month)
            is_priced = any(rate["metric"] == CREDITS for plan in cards for rate in plan["rates"])
            if is_priced and "snowflake" not in cards[0]["passthrough"]:
                used = credits_of(month, tenant["id"], result)
                if used is not None:
                    result.usage_monthly[month, tenant["id"], CREDITS] = used


def used_by_month(result: Answer) -> dict[tuple[str, str], dict[str, Fraction]]:
    used: dict[tuple[str, str], dict[str, Fraction]] = defaultdict(dict)
    for (month, tenant, metric), quantity in result.usage_monthly.items():
        used[month, tenant][metric] = quantity
    return used


def price_tenant(
    book: Catalog, tenant: Json, month: str, used_at_all: dict[str, Fraction], result: Answer
) -> None:
    used = {
        metric: quantity
        for metric, quantity in used_at_all.items()
        if book.documents["metric"][metric]["visibility"] == "licensee"
    }
    cards = cards_of(book, tenant, month)
    prices: dict[str, tuple[str, Json, Json]] = {}
    for plan in cards:
        found = [("levy", plan["levy"])] if plan["levy"] else []
        for kind, rate in [*found, *(("variable", rate) for rate in plan["rates"])]:
            prices.setdefault(rate["metric"], (kind, plan, rate))
    here = bool(used_at_all or active_modules(tenant, month))
    if not here and not cards:
        return
    account = account_of(book, tenant["id"], month)
    for metric in sorted(used.keys() - prices.keys()):
        result.unrated[month, tenant["id"], metric] = used[metric]
    find_faults(result, month, tenant, cards, account, here)
    if account is None or not cards:
        return
    bill = Bill(month, account["id"], account["currency"], tenant["id"], result)
    for module in sorted(active_modules(tenant, month)):
        bill.facility(cards, module)
    for metric in sorted(used.keys() & prices.keys()):
        bill.metered(*prices[metric], used[metric])
    for source in cards[0]["passthrough"]:
        bill.passthrough(cards[0], source)


def find_faults(
    result: Answer,
    month: str,
    tenant: Json,
    cards: Sequence[Json],
    account: Json | None,
    here: bool,
) -> None:
    """Why the tenant's account cannot be billed as it stands."""
    modules = active_modules(tenant, month)
    fees = {fee["module_id"] for plan in cards for fee in plan["facility_fees"]}
    currency = account["currency"] if account else ""
    passes_usd = bool(cards and cards[0]["passthrough"])
    wrong = {
        "tenant_without_account": here and not account,
        "tenant_without_plan": here and not cards,
        "unrated_usage": any(key[:2] == (month, tenant["id"]) for key in result.unrated),
        "module_without_fee": modules - fees,
        "passthrough_needs_usd": passes_usd and currency not in ("", "USD"),
        "currency_mismatch": account and any(plan["currency"] != currency for plan in cards),
    }
    for reason, holds in wrong.items():
        if holds:
            result.faults.add((month, account["id"] if account else "", tenant["id"], reason))


def active_modules(tenant: Json, month: str) -> set[str]:
    first, end = f"{month}-01", month_end(month)
    return {
        entry["module_id"]
        for entry in tenant["modules"]
        if max(entry["starts_on"], tenant["starts_on"], first)
        < min(entry["ends_on"], tenant["ends_on"], end)
    }


@dataclass
class Bill:
    """The lines of one tenant and month, as they are written."""

    month: str
    account: str
    currency: str
    tenant: str
    result: Answer

    def facility(self, plans: Sequence[Json], module: str) -> None:
        for plan in plans:
            for fee in plan["facility_fees"]:
                if fee["module_id"] == module:
                    self._write("facility", plan, Fraction(fee["fee"]), module=module)
                    return

    def metered(self, kind: str, plan: Json, rate: Json, used: Fraction) -> None:
        """A levy has nothing included; what is used is billed beyond what is."""
        included = Fraction(rate.get("included", "0"))
        billable = max(Fraction(0), used - included)
        amount = billable * Fraction(rate["unit_price"]) / int(rate["unit_size"])
        name = rate["metric"]
        self._write(kind, plan, amount, metric=name, quantity=used, included=included)

    def passthrough(self, plan: Json, source: str) -> None:
        cost = self.result.owned_by(self.month, source, self.tenant)
        if cost and plan["currency"] == "USD":
            self._write("passthrough", plan, cost, metric=source, quantity=Fraction(0))

    def _write(
        self,
        kind: str,
        plan: Json,
        amount: Fraction,
        *,
        module: str = "",
        metric: str = "",
        quantity: Fraction = Fraction(1),
        included: Fraction = Fraction(0),
    ) -> None:
        if plan["currency"] != self.currency:
            return  # the account is parked: it is billed in another currency
        minor = round_to_minor(amount, self.currency)
        billable = max(Fraction(0), quantity - included)
        name = f"{plan['id']}:{plan['version']}"
        line = Line(
            self.month, self.account, self.tenant, kind, module, metric, name, plan["currency"],
            quantity, included, billable, minor,
        )  # fmt: skip
        self.result.lines.append(line)
        key = (self.month, self.tenant, plan["currency"])
        sums = self.result.totals.setdefault(key, dict.fromkeys(KINDS, 0))
        sums[kind] += minor
        sums["total"] += minor
