"""The comparison of a book's tables with the oracle, row by row, to the last digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, TypeVar

from meterbook.book import Book
from meterbook.sqlfiles import read_sql
from oracle.deciding import waiting
from oracle.records import KINDS, MINOR_DIGITS, Answer, Earned, Gap, JudgedDay, Line

K = TypeVar("K")
V = TypeVar("V")
Pairs = dict[str, tuple[Mapping[Any, object], Mapping[Any, object]]]


def assert_same(book: Book, expected: Answer) -> None:
    """Every table of the book says what the oracle says, row by row, to the last digit."""
    assert_no_difference(usage_pairs(book, expected) | money_pairs(book, expected))


def assert_same_usage(book: Book, expected: Answer) -> None:
    """So do the tables of usage, which need no tariff and no cost."""
    assert_no_difference(usage_pairs(book, expected))


def assert_same_money(book: Book, expected: Answer) -> None:
    """And the tables of cost, credits and the tariff."""
    assert_no_difference(money_pairs(book, expected))


def usage_pairs(book: Book, expected: Answer) -> Pairs:
    return {
        "usage_daily": (usage_daily(book), expected.usage_daily),
        "period_usage": (period_usage(book), expected.usage_monthly),
        "usage_rejects": (rejects(book), expected.rejects),
        "v_usage_rejects": (published_rejects(book), dict.fromkeys(expected.rejects, True)),
        "fates of lines": (fates(book), fates_of(expected)),
        "usage_gaps": (gaps(book), expected.gaps),
    }


def money_pairs(book: Book, expected: Answer) -> Pairs:
    return {
        "delivery_days_judged": (judged(book), judged_of(expected)),
        "no_day_is_suspicious": (held_back(book), dict.fromkeys(waiting(expected), True)),
        "snowflake_credit_daily": (credits(book), credits_of(expected)),
        "attributed_cost_daily": (attributed(book), _without_zeros(expected.attributed)),
        "cost_conservation": (conservation(book), expected.conservation),
        "unattributed_costs": (unattributed(book), expected.unattributed),
        "daily_tenant_summary": (
            _with_something(daily_summary(book)),
            _with_something(expected.daily_summary()),
        ),
        "period_lines": (period_lines(book), expected.lines_by_key()),
        "unrated_usage": (unrated(book), expected.unrated),
        "period_faults": (faults(book), dict.fromkeys(expected.faults, True)),
        "billing_period_summary": (totals(book), expected.totals),
        "unit_economics": (_with_money(earned(book)), _with_money(expected.earned)),
        "cost_trends": (_with_something(trends(book)), _with_something(expected.trends)),
    }


def assert_no_difference(pairs: Pairs) -> None:
    differences = [
        f"{table} {key}: SQL says {found.get(key)}, the oracle {wanted.get(key)}"
        for table, (found, wanted) in pairs.items()
        for key in sorted(found.keys() | wanted.keys(), key=str)
        if found.get(key) != wanted.get(key)
    ]
    assert not differences, "\n".join(differences[:20])


def _with_something(
    rows: Mapping[tuple[str, ...], tuple[Fraction, ...]],
) -> dict[tuple[str, ...], tuple[Fraction, ...]]:
    return {key: amounts for key, amounts in rows.items() if any(amounts)}


def fates_of(expected: Answer) -> dict[str, int]:
    return {
        "landed": expected.landed,
        "duplicates": expected.duplicates,
        "counted": expected.counted,
    }


def _select(book: Book, columns: str, table: str) -> Iterator[tuple[Any, ...]]:
    for row in book.warehouse.query(f"select {columns} from {table}"):
        yield tuple(row.values())


def _exact(value: object) -> Fraction:
    assert value is not None, "an amount is NULL, the oracle has none"
    return Fraction(str(value))


def _by_key(rows: Iterable[tuple[K, V]]) -> dict[K, V]:
    """Rows under their keys, each of which is there once: that is what a grain is."""
    found: dict[K, V] = {}
    for key, row in rows:
        assert key not in found, f"{key} is there twice, the oracle knows better"
        found[key] = row
    return found


def usage_daily(book: Book) -> dict[tuple[str, ...], tuple[Fraction, int]]:
    columns = "usage_date, tenant_id, module_id, metric, quantity, event_count"
    rows = _select(book, columns, "metering.v_usage_daily")
    return _by_key((_texts(key), (_exact(quantity), count)) for *key, quantity, count in rows)


def period_usage(book: Book) -> dict[tuple[str, ...], Fraction]:
    return _of_months(book, "billing.period_usage")


def _of_months(book: Book, table: str) -> dict[tuple[str, ...], Fraction]:
    rows = _select(book, "period_start, tenant_id, metric, quantity", table)
    return _by_key(
        ((str(period)[:7], tenant, metric), _exact(quantity))
        for period, tenant, metric, quantity in rows
    )


def rejects(book: Book) -> Counter[tuple[str, ...]]:
    return Counter(_select(book, "event_id, reason", "metering.usage_rejects"))


def published_rejects(book: Book) -> dict[tuple[str, ...], bool]:
    return dict.fromkeys(_select(book, "event_id, reason", "metering.v_usage_rejects"), True)


def gaps(book: Book) -> dict[tuple[str, int], Gap]:
    columns = (
        "producer, first_sequence, last_sequence, event_count, run_first, run_last, seen_by, "
        "after_time"
    )
    rows = _select(book, columns, "metering.usage_gaps")
    return _by_key(
        ((producer, int(numbers[0])), Gap(*map(int, numbers), seen_by, _time(after)))
        for producer, *numbers, seen_by, after in rows
    )


def _time(value: datetime | None) -> str:
    return value.isoformat(timespec="microseconds") if value else ""


def fates(book: Book) -> dict[str, int]:
    """Lines landed, lines that only repeat another, events counted."""
    landed, rejected, counted = (
        len(list(_select(book, "event_id", f"metering.{table}")))
        for table in ("usage_lines", "usage_rejects", "usage_events")
    )
    return {"landed": landed, "duplicates": landed - rejected - counted, "counted": counted}


def judged(book: Book) -> dict[tuple[str, ...], tuple[Fraction, bool]]:
    columns = "usage_date, stream, scope, delivery_id, control_usd, is_suspicious"
    rows = _select(book, columns, "metering.delivery_days_judged")
    return _by_key((_texts(key), (_exact(control), held)) for *key, control, held in rows)


def judged_of(expected: Answer) -> dict[tuple[str, ...], tuple[Fraction, bool]]:
    names = ("stream", "scope", "delivery_id")
    return {
        (day, *(str(one.delivery.record[name]) for name in names)): (one.control, one.is_suspicious)
        for day, covered in expected.covered.items()
        for one in covered
    }


def held_back(book: Book) -> dict[tuple[str, ...], bool]:
    """What the check says that a person has to look at."""
    (check,) = (
        file for file in read_sql("checks") if file.path.endswith("no_day_is_suspicious.sql")
    )
    names = ("stream", "scope", "usage_date", "delivery_id")
    rows = book.warehouse.query(check.text)
    return {_texts(row[name] for name in names): True for row in rows}


def credits(book: Book) -> dict[tuple[str, ...], Fraction]:
    columns = "usage_date, owner, warehouse_name, kind, credits"
    rows = _select(book, columns, "metering.snowflake_credit_daily")
    return _by_key((_texts(key), _exact(used)) for *key, used in rows)


def credits_of(expected: Answer) -> dict[tuple[str, ...], Fraction]:
    return {
        (day, *key): used for day, parts in expected.credits.items() for key, used in parts.items()
    }


def attributed(book: Book) -> dict[tuple[str, ...], Fraction]:
    columns = (
        "usage_date, source, disposition, tenant_id, module_id, resource_type, method, rule_id, "
        "rule_version, reason, cost_usd"
    )
    rows = _select(book, columns, "metering.attributed_cost_daily")
    found = _by_key((_texts(key), _exact(cost)) for *key, cost in rows)
    return _without_zeros(
        {(*key[:8], _unruled(key[8]), key[9]): cost for key, cost in found.items()}
    )


def _unruled(version: str) -> str:
    """The version of no rule is 0 in SQL."""
    return "" if version == "0" else version


def _without_zeros(costs: dict[tuple[str, ...], Fraction]) -> dict[tuple[str, ...], Fraction]:
    return {key: cost for key, cost in costs.items() if cost}


def conservation(book: Book) -> dict[tuple[str, ...], tuple[Fraction, ...]]:
    columns = (
        "usage_date, source, control_usd, typed_usd, attributed_usd, split_usd, kept_usd, "
        "unattributed_usd, residual_usd"
    )
    rows = _select(book, columns, "metering.cost_conservation")
    return _by_key(((str(day), source), tuple(map(_exact, sums))) for day, source, *sums in rows)


def unattributed(book: Book) -> dict[str, JudgedDay]:
    columns = (
        "usage_date, total_aws_cost_usd, unattributed_cost_usd, unattributed_share, "
        "threshold_used, is_settled, exceeds_threshold"
    )
    rows = _select(book, columns, "metering.unattributed_costs")
    return {
        str(day): JudgedDay(_exact(charges), _exact(gap), _exact(share), _exact(limit), *verdict)
        for day, charges, gap, share, limit, *verdict in rows
    }


def daily_summary(book: Book) -> dict[tuple[str, ...], tuple[Fraction, ...]]:
    columns = "usage_date, tenant_id, module_id, resource_type, quantity, attributed_cost_usd"
    rows = _select(book, columns, "metering.daily_tenant_summary")
    return {_texts(row[:4]): (_exact(row[4]), _exact(row[5])) for row in rows}


def period_lines(book: Book) -> dict[tuple[str, ...], Line]:
    columns = (
        "period_start, account_id, tenant_id, kind, module_id, metric, tier, plan_id, plan_version, "
        "currency, pricing, quantity, included_quantity, billable_quantity, unit_price, unit_size, "
        "cost_usd, markup_percent, usd_per_unit, base_amount, percent, amount_minor, amount"
    )
    return _by_key(
        (line.key, line) for line in map(_line, _select(book, columns, "metering.v_period_lines"))
    )


def _line(row: tuple[Any, ...]) -> Line:
    period, account, tenant, kind, module, metric, tier, plan, version, currency, pricing = map(
        str, row[:11]
    )
    quantity, included, billable, unit_price, size, *terms, minor, amount = map(_exact, row[11:])
    assert minor == amount * 10 ** MINOR_DIGITS.get(currency, 2)
    return Line(
        period[:7], account, tenant, kind, module, metric, int(tier), f"{plan}:{version}", currency,
        pricing, quantity, included, billable, unit_price, int(size), *terms, int(minor),
    )  # fmt: skip


def unrated(book: Book) -> dict[tuple[str, ...], Fraction]:
    return _of_months(book, "billing.unrated_usage")


def faults(book: Book) -> dict[tuple[str, ...], bool]:
    rows = _select(book, "period_start, account_id, tenant_id, reason", "billing.period_faults")
    return {(str(row[0])[:7], *_texts(row[1:])): True for row in rows}


def totals(book: Book) -> dict[tuple[str, ...], dict[str, int]]:
    columns = f"period_start, tenant_id, currency, {', '.join(KINDS)}"
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for period, tenant, currency, *amounts in _select(
        book, columns, "metering.billing_period_summary"
    ):
        digits = MINOR_DIGITS.get(str(currency), 2)
        minor = [int(_exact(amount) * 10**digits) for amount in amounts]
        found[str(period)[:7], tenant, currency] = dict(zip(KINDS, minor, strict=True))
    return found


def earned(book: Book) -> dict[tuple[str, str, str], Earned]:
    columns = (
        "period_start, tenant_id, module_id, currency, revenue, revenue_usd, cost_to_serve_usd, "
        "margin_usd, margin_share, active_customers, cost_per_active_customer_usd"
    )
    rows = _select(book, columns, "metering.unit_economics")
    return _by_key(
        ((str(period)[:7], tenant, module), Earned(currency, *map(_known, amounts)))  # type: ignore[arg-type]
        for period, tenant, module, currency, *amounts in rows
    )


def _known(value: object) -> Fraction | None:
    return None if value is None else _exact(value)


def _with_money(rows: Mapping[K, Earned]) -> dict[K, Earned]:
    return {key: row for key, row in rows.items() if row.revenue or row.cost_usd}


def trends(book: Book) -> dict[tuple[str, ...], tuple[Fraction, Fraction]]:
    columns = (
        "period_start, source, resource_type, module_id, tenant_id, disposition, cost_usd, "
        "previous_cost_usd, change_usd"
    )
    found = {}
    for period, *key, cost, previous, change in _select(book, columns, "metering.cost_trends"):
        assert change == cost - previous
        found[str(period)[:7], *_texts(key)] = (_exact(cost), _exact(previous))
    return found


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
