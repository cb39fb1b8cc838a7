"""What Snowflake says of itself in a generated month: warehouse-hours, queries, the day's services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from meterbook.delivery import ControlTotal, DeliveredFile, Delivery, close_delivery, land_rows
from meterbook.ports import ObjectStore
from oracle.month_parts import LEAVER, Pick, document, spans
from oracle.records import Json

CREDITS = ("1", "0", "0.0000000001", "0.3333333333", "17", "42", "2.0000000003", "1.5")
SMALL = ("0", "0.01", "0.0000000007", "0.25")
SPENT = ("0", "1", "999", "60000", "1800000", "7200001", "90000000")  # milliseconds, up to 25 hours
TAGS = (
    "", "acme", "9lives", '{"tenant_id": "acme", "job": 1}', '{"tenant_id":"team-a"}',
    '{"tenant_id": "b_2:x"', '["acme"]', '"acme"', '{"job": "acme"}', "team-a", "nobody",
    '{"tenant_id": null}', '{"tenant_id": ""}', '{"tenant_id": 5}',
)  # fmt: skip
ROLES, USERS = ("LOADER", "ANALYST", "PUBLIC"), ("ADA", "BOB")
WAREHOUSES = ("SHARED_WH", "ALONE_WH", "LEFT WH", "unheard")


@dataclass(frozen=True)
class Export:
    """One export of ACCOUNT_USAGE to be landed."""

    delivery_id: str
    ordered_at: str
    rows: list[Json]
    cut: bool = False


def land_export(landing: ObjectStore, export: Export) -> None:
    files = land_rows(landing, "account_usage", export.delivery_id, export.rows)
    if export.cut:
        lost = f"account_usage/{export.delivery_id}/lost.jsonl.gz"
        files.append(DeliveredFile(lost, 1, 99))
    days = {row["USAGE_DATE"] for row in export.rows if "USAGE_DATE" in row}
    totals = [ControlTotal(date.fromisoformat(day), Decimal(0), 0) for day in sorted(days)]
    placed = datetime.fromisoformat(export.ordered_at)
    family = "account_usage"
    close_delivery(
        landing, Delivery(export.delivery_id, family, family, family, placed, files, totals)
    )


def warehouses() -> list[Json]:
    """One is somebody's alone, one is left to somebody, and the queries of some are known by name."""

    def owners(key: str, by: str, pairs: dict[str, str], **more: str) -> Json:
        listed = spans(*({"value": value, "owner": owner} for value, owner in pairs.items()))
        return document("query_owners", key, {"id": key, "by": by, "owners": listed, **more})

    def warehouse(name: str, dedicated_to: str, otherwise: str, **more: str) -> Json:
        body = {"id": name, "dedicated_to": dedicated_to, "otherwise": otherwise, **more}
        return document("warehouse", name, body)

    return [
        warehouse("ALONE_WH", "acme", "", ends_on="2026-10-05"),
        warehouse("LEFT WH", "", "common"),
        owners("tags", "query_tag", {"team-a": LEAVER, "acme": "b_2:x"}, starts_on="2026-10-02"),
        owners("roles", "role", {"LOADER": "pool"}),
        owners("users", "user", {"BOB": "9lives", "ADA": "nobody"}, ends_on="2026-10-03"),
    ]


# -- rows ---------------------------------------------------------------------------------------


def hour_row(warehouse: str, hour: str, compute: str, cloud: str, queries: str | None) -> Json:
    ends = datetime.fromisoformat(hour) + timedelta(hours=1)
    row = {
        "view": "WAREHOUSE_METERING_HISTORY",
        "usage_date": hour[:10],
        "START_TIME": stamp(datetime.fromisoformat(hour)),
        "END_TIME": stamp(ends),
        "WAREHOUSE_NAME": warehouse,
        "CREDITS_USED_COMPUTE": compute,
        "CREDITS_USED_CLOUD_SERVICES": cloud,
    }
    return row | ({} if queries is None else {"CREDITS_ATTRIBUTED_COMPUTE_QUERIES": queries})


def query_row(
    key: str, warehouse: str, ends_at: str, milliseconds: str, tag: str, role: str, user: str
) -> Json:
    """A query that waited a second before it ran."""
    ends = datetime.fromisoformat(ends_at)
    starts = ends - timedelta(milliseconds=int(milliseconds) + 1000)
    return {
        "view": "QUERY_HISTORY",
        "usage_date": f"{starts:%Y-%m-%d}",
        "QUERY_ID": key,
        "WAREHOUSE_NAME": warehouse,
        "START_TIME": stamp(starts),
        "END_TIME": stamp(ends),
        "EXECUTION_TIME": milliseconds,
        "QUERY_TAG": tag,
        "ROLE_NAME": role,
        "USER_NAME": user,
    }


def service_row(
    day: str, service: str, compute: Decimal, cloud: Decimal, adjusted: Decimal
) -> Json:
    return {
        "view": "METERING_DAILY_HISTORY",
        "usage_date": day,
        "USAGE_DATE": day,
        "SERVICE_TYPE": service,
        "CREDITS_USED_COMPUTE": f"{compute:f}",
        "CREDITS_USED_CLOUD_SERVICES": f"{cloud:f}",
        "CREDITS_USED": f"{compute + cloud:f}",
        "CREDITS_ADJUSTMENT_CLOUD_SERVICES": f"{adjusted:f}",
        "CREDITS_BILLED": f"{compute + cloud + adjusted:f}",
    }


def stamp(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def warehouse_service(hours: Sequence[Json], adjustments: dict[str, Decimal]) -> list[Json]:
    """The day's own row of all that ran on warehouses: it is the sum of their hours."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in hours:
        sums[row["usage_date"]][0] += Decimal(row["CREDITS_USED_COMPUTE"])
        sums[row["usage_date"]][1] += Decimal(row["CREDITS_USED_CLOUD_SERVICES"])
    return [
        service_row(day, "WAREHOUSE_METERING", sums[day][0], sums[day][1], adjusted)
        for day, adjusted in adjustments.items()
    ]


# -- a month ------------------------------------------------------------------------------------


def exports(pick: Pick[str]) -> list[Export]:
    """Six days, of which two are told again; one export is cut, and one knows no day of its hours."""
    first, again = [f"2026-10-0{day}" for day in range(1, 7)], ["2026-10-02", "2026-10-03"]
    unknown = hour_row("SHARED_WH", "2026-10-08T08:00:00+00:00", "5", "0", None)
    return [
        Export("s1", "2026-10-08T04:00:00+00:00", [*any_export(pick, first), unknown]),
        Export("s2", "2026-10-08T08:00:00+00:00", any_export(pick, again)),
        Export("s3", "2026-10-08T12:00:00+00:00", any_export(pick, first), cut=True),
    ]


def any_export(
    pick: Pick[str], days: Sequence[str], warehouses: Sequence[str] = WAREHOUSES, queries: int = 6
) -> list[Json]:
    """Hours of each warehouse, queries over hours and midnights, and the services of the days."""
    hours, ran, services = [], [], []
    for day in days:
        for warehouse in warehouses:
            for hour in ("00", "08", "23"):
                told = pick((None, "0", "0.75", "1000"))  # type: ignore[arg-type]
                start = f"{day}T{hour}:00:00+00:00"
                hours.append(hour_row(warehouse, start, pick(CREDITS), pick(SMALL), told))
        ran += any_queries(pick, day, warehouses, queries)
        for service in ("SERVERLESS_TASK", "AUTO_CLUSTERING")[: int(pick(("0", "1", "2")))]:
            services.append(
                service_row(day, service, Decimal(pick(CREDITS)), Decimal(pick(SMALL)), Decimal(0))
            )
    adjustments = {day: Decimal(pick(("0", "-0.1", "-0.0000000001"))) for day in days}
    return [*hours, *ran, *services, *warehouse_service(hours, adjustments)]


def any_queries(pick: Pick[str], day: str, warehouses: Iterable[str], count: int) -> list[Json]:
    times = ("T00:00:00.001+00:00", "T08:59:59.999+00:00", "T09:00:00+00:00", "T23:10:00.5+00:00")
    return [
        query_row(
            f"{day}-{number}",
            pick(tuple(warehouses)),
            day + pick(times),
            pick(SPENT),
            pick(TAGS),
            pick(ROLES),
            pick(USERS),
        )
        for number in range(count)
    ]
