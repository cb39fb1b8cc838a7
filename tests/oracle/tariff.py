"""What is owed: the lines of every tenant and month, and why an account cannot be billed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

from oracle.bill import Bill
from oracle.catalog import Catalog
from oracle.credits import credits_of
from oracle.records import Answer, Json
from oracle.terms import Terms, TermsBook, months_of

CREDITS = "snowflake_credits"
PERCENT_OF = ("levy", "facility", "variable", "minimum")


def price(book: Catalog, closes: Sequence[Json], result: Answer) -> None:
    seen = [day for day, *_ in (*result.usage_daily, *result.attributed)] + [*result.credits]
    months, terms = months_of(book, seen), TermsBook(book, closes)
    tenants = book.documents["tenant"]
    living = {
        (month, name)
        for name, tenant in tenants.items()
        for month in months
        if terms.know(tenant, month)
    }
    wanted = living | terms.closed | used_by_month(result).keys()
    all_terms = {key: terms.of(tenants[key[1]], key[0]) for key in sorted(wanted)}
    meter_credits(all_terms.values(), result)
    used = used_by_month(result)
    for key, found in all_terms.items():
        price_tenant(book, found, used.get(key, {}), result)
    find_bills_below_zero(result)


def meter_credits(all_terms: Iterable[Terms], result: Answer) -> None:
    """Credits are also a metric where a card prices them, unless the first one passes them on."""
    for terms in all_terms:
        is_priced = any(rate["metric"] == CREDITS for plan in terms.plans for rate in plan["rates"])
        if is_priced and "snowflake" not in terms.passes_cost:
            used = credits_of(terms.month, terms.tenant, result)
            if used is not None:
                result.usage_monthly[terms.month, terms.tenant, CREDITS] = used


def used_by_month(result: Answer) -> dict[tuple[str, str], dict[str, Fraction]]:
    used: dict[tuple[str, str], dict[str, Fraction]] = defaultdict(dict)
    for (month, tenant, metric), quantity in result.usage_monthly.items():
        used[month, tenant][metric] = quantity
    return used


def price_tenant(
    book: Catalog, terms: Terms, used_at_all: dict[str, Fraction], result: Answer
) -> None:
    used = {
        metric: quantity
        for metric, quantity in used_at_all.items()
        if book.documents["metric"][metric]["visibility"] == "licensee"
    }
    prices: dict[str, tuple[str, Json, Json]] = {}
    for plan in terms.plans:
        found = [("levy", plan["levy"])] if plan["levy"] else []
        for kind, rate in [*found, *(("variable", rate) for rate in plan["rates"])]:
            prices.setdefault(rate["metric"], (kind, plan, rate))
    passed = {
        source: cost
        for source in terms.passes_cost
        if (cost := result.owned_by(terms.month, source, terms.tenant))
    }
    for metric in sorted(used.keys() - prices.keys()):
        result.unrated[terms.month, terms.tenant, metric] = used[metric]
    asks = bool(terms.cards) and bool(Fraction(terms.plans[0].get("minimum") or 0))
    find_faults(result, terms, here=bool(used_at_all or terms.modules or passed or asks))
    if terms.account is None:
        return
    bill = Bill(terms, terms.account, result)
    for module, days in sorted(terms.modules.items()):
        bill.facility(module, days)
    for metric in sorted(used.keys() & prices.keys()):
        bill.metered(*prices[metric], used[metric])
    for source, cost in passed.items():
        bill.passthrough(source, cost)
    bill.raise_to_minimum()
    bill.deduct()


def find_faults(result: Answer, terms: Terms, *, here: bool) -> None:
    """Why the tenant's account cannot be billed as it stands."""
    account, plans = terms.account, terms.plans
    fees = {fee["module_id"] for plan in plans for fee in plan["facility_fees"]}
    percents = [
        sum(one.percent for one in terms.discounts if kind in one.kinds) for kind in PERCENT_OF
    ]
    wrong = {
        "tenant_without_account": here and not account,
        "tenant_without_plan": here and not plans,
        "unrated_usage": any(key[:2] == (terms.month, terms.tenant) for key in result.unrated),
        "module_without_fee": terms.modules.keys() - fees,
        "rate_missing": terms.passes_cost and terms.usd_per_unit is None,
        "currency_mismatch": account
        and any(plan["currency"] != account.currency for plan in plans),
        "discount_over_100_percent": max(percents) > 100,
    }
    for reason, holds in wrong.items():
        if holds:
            payer = account.id if account else ""
            result.faults.add((terms.month, payer, terms.tenant, reason))


def find_bills_below_zero(result: Answer) -> None:
    """A credit that is more than what the account's bill comes to."""
    bills: dict[tuple[str, str], int] = defaultdict(int)
    for line in result.lines:
        bills[line.period, line.account] += line.amount_minor
    for line in result.lines:
        if line.kind == "credit" and bills[line.period, line.account] < 0:
            result.faults.add((line.period, line.account, line.tenant, "credit_exceeds_bill"))
