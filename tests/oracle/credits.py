"""Whose credits: each warehouse-hour split by who ran queries, the day's adjustment, the services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from oracle.catalog import Catalog
from oracle.deciding import deciding
from oracle.records import Answer, Json
from oracle.split import split

FINEST = 10**10  # credits have ten decimals
HOUR = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)
Busy = dict[tuple[str, datetime], list[tuple[Json, int]]]
Parts = dict[tuple[str, str, str], int]


def attribute_credits(book: Catalog, result: Answer) -> None:
    days = exported_days(book, result)
    busy = busy_hours([query for rows in days.values() for query in of(rows, "QUERY_HISTORY")])
    for day, rows in days.items():
        parts: Parts = defaultdict(int)
        for (warehouse, hour), metered in hours_of(rows).items():
            split_hour(book, day, warehouse, metered, busy.get((warehouse, hour), []), parts)
        services = of(rows, "METERING_DAILY_HISTORY")
        adjust(services, parts)
        serve(services, parts)
        result.credits[day] = {
            part: Fraction(units, FINEST) for part, units in parts.items() if units
        }
        result.credit_days[day] = Fraction(total(services, "CREDITS_BILLED"), FINEST)


def exported_days(book: Catalog, result: Answer) -> dict[str, list[Json]]:
    """The rows of each day from the latest whole export that covers it."""
    days = {}
    for day, covered in result.covered.items():
        exports = [one for one in covered if one.delivery.record["stream"] == "account_usage"]
        for export in deciding(book, exports, day):
            rows = export.rows_of(day)
            if of(rows, "METERING_DAILY_HISTORY"):  # until Snowflake has billed it, it is no day
                days[day] = rows
    return days


def of(rows: Sequence[Json], view: str) -> list[Json]:
    return [row for row in rows if row["view"] == view]


def total(rows: Sequence[Json], column: str) -> int:
    """The sum of a column in the finest unit."""
    units = sum((Fraction(row.get(column) or "0") for row in rows), Fraction(0)) * FINEST
    assert units.denominator == 1, "credits have at most ten decimals"
    return int(units)


# -- who ran queries, hour by hour --------------------------------------------------------------


def busy_hours(queries: Sequence[Json]) -> Busy:
    """The queries of each warehouse-hour, each with the milliseconds that it ran in it."""
    busy: Busy = defaultdict(list)
    for query in queries:
        for hour, milliseconds in hours_in(query):
            busy[query["WAREHOUSE_NAME"], hour].append((query, milliseconds))
    return busy


def hours_in(query: Json) -> Iterator[tuple[datetime, int]]:
    ends = datetime.fromisoformat(query["END_TIME"])
    starts = ends - int(query["EXECUTION_TIME"]) * MILLISECOND
    hour = starts.replace(minute=0, second=0, microsecond=0)
    while hour < ends:
        yield hour, (min(ends, hour + HOUR) - max(starts, hour)) // MILLISECOND
        hour += HOUR


def hours_of(rows: Sequence[Json]) -> dict[tuple[str, datetime], list[Json]]:
    hours: dict[tuple[str, datetime], list[Json]] = defaultdict(list)
    for row in of(rows, "WAREHOUSE_METERING_HISTORY"):
        hours[row["WAREHOUSE_NAME"], datetime.fromisoformat(row["START_TIME"])].append(row)
    return hours


def split_hour(
    book: Catalog,
    day: str,
    warehouse: str,
    metered: Sequence[Json],
    queries: Sequence[tuple[Json, int]],
    parts: Parts,
) -> None:
    """Busy, idle and cloud-services credits, each among the owners by their milliseconds."""
    weights: dict[str, int] = defaultdict(int)
    for query, milliseconds in queries:
        weights[book.owner_of_query(day, query)] += milliseconds
    if not sum(weights.values()):
        weights = {book.owner_of_idle_hour(day, warehouse): 1}
    compute, used = total(metered, "CREDITS_USED_COMPUTE"), "CREDITS_ATTRIBUTED_COMPUTE_QUERIES"
    told = any(row.get(used) is not None for row in metered)
    busy = min(compute, total(metered, used)) if told else compute
    kinds = {
        "compute": busy,
        "idle": compute - busy,
        "cloud_services": total(metered, "CREDITS_USED_CLOUD_SERVICES"),
    }
    for kind, pool in kinds.items():
        for owner, part in split(pool, weights).items():
            parts[owner, warehouse, kind] += part


# -- what the day alone knows -------------------------------------------------------------------


def adjust(services: Sequence[Json], parts: Parts) -> None:
    """What is not charged for cloud services, in proportion to who used them."""
    pool = total(services, "CREDITS_ADJUSTMENT_CLOUD_SERVICES")
    weights = {
        (owner, warehouse): units
        for (owner, warehouse, kind), units in parts.items()
        if kind == "cloud_services" and units
    }
    for place, part in split(pool, weights or {("", ""): 1}).items():
        parts[*place, "adjustment"] += part


def serve(services: Sequence[Json], parts: Parts) -> None:
    """What ran on no warehouse is nobody's query."""
    for row in services:
        if row["SERVICE_TYPE"] != "WAREHOUSE_METERING":
            units = total([row], "CREDITS_USED_COMPUTE") + total(
                [row], "CREDITS_USED_CLOUD_SERVICES"
            )
            parts["", "", row["SERVICE_TYPE"].lower()] += units


# -- what they cost -----------------------------------------------------------------------------


def cost_of_credits(
    book: Catalog, day: str, result: Answer
) -> dict[tuple[str, str, str], Fraction]:
    """USD of (owner, warehouse, kind): what each adds to the day's cost so far, cut at 12 decimals."""
    price = book.price_of("snowflake_credit", day)
    if price is None:
        return {}
    costs, so_far = {}, Fraction(0)
    for key, credits in sorted(result.credits[day].items()):
        costs[key] = cut(price * (so_far + credits)) - cut(price * so_far)
        so_far += credits
    return costs


def control_of_credits(book: Catalog, day: str, result: Answer) -> Fraction | None:
    """What the credits cost that Snowflake says it bills, where the catalog knows their price."""
    price = book.price_of("snowflake_credit", day)
    return None if price is None else cut(price * result.credit_days.get(day, Fraction(0)))


def cut(amount: Fraction) -> Fraction:
    """To twelve decimals, towards zero."""
    return Fraction(int(amount * 10**12), 10**12)


def credits_of(month: str, tenant: str, result: Answer) -> Fraction | None:
    """What a tenant used in a month, to six decimals, never below zero; None where it used none."""
    used = [
        credits
        for day, parts in result.credits.items()
        for (owner, _, _), credits in parts.items()
        if (day[:7], owner) == (month, tenant)
    ]
    if not used:
        return None
    return Fraction((2 * 10**6 * max(sum(used), Fraction(0)) + 1) // 2, 10**6)
