"""Exports of ACCOUNT_USAGE as a person would make them: CSV with the columns of the views."""

from __future__ import annotations

import csv
import io
from pathlib import Path

DAILY = (
    "SERVICE_TYPE", "USAGE_DATE", "CREDITS_USED_COMPUTE", "CREDITS_USED_CLOUD_SERVICES",
    "CREDITS_USED", "CREDITS_ADJUSTMENT_CLOUD_SERVICES", "CREDITS_BILLED",
)  # fmt: skip
HOURLY = (
    "START_TIME", "END_TIME", "WAREHOUSE_ID", "WAREHOUSE_NAME", "CREDITS_USED",
    "CREDITS_USED_COMPUTE", "CREDITS_USED_CLOUD_SERVICES", "CREDITS_ATTRIBUTED_COMPUTE_QUERIES",
)  # fmt: skip
QUERIES = (
    "QUERY_ID", "QUERY_TEXT", "USER_NAME", "ROLE_NAME", "WAREHOUSE_NAME", "QUERY_TAG",
    "START_TIME", "END_TIME", "EXECUTION_TIME", "CREDITS_USED_CLOUD_SERVICES",
)  # fmt: skip


def day_line(
    day: str = "2026-10-01", service: str = "WAREHOUSE_METERING", **more: str
) -> tuple[str, ...]:
    told = {"compute": "1.5", "cloud": "0.1", "used": "1.6", "adjustment": "-0.1", "billed": "1.5"}
    return (service, day, *(told | more).values())


def hour_line(start: str = "2026-10-01 08:00:00.000 Z", **more: str) -> tuple[str, ...]:
    end = start.replace(":00:00", ":59:59", 1)
    told = {
        "id": "7",
        "name": "ETL",
        "used": "1.6",
        "compute": "1.5",
        "cloud": "0.1",
        "queries": "1.25",
    }
    return (start, more.pop("end", end), *(told | more).values())


def query_line(id: str = "01b0", **more: str) -> tuple[str, ...]:
    told = {
        "text": "select 'a secret'",
        "user": "SVC",
        "role": "R",
        "warehouse": "ETL",
        "tag": '{"tenant_id": "acme"}',
        "start": "2026-10-01 08:00:00.000 Z",
        "end": "2026-10-01 08:00:01.000 Z",
        "ms": "900",
        "cloud": "0.000012345678901234",
    }
    return (id, *(told | more).values())


def export(path: Path, columns: tuple[str, ...], *lines: tuple[str, ...]) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows((columns, *lines))
    path.write_bytes(text.getvalue().encode())
    return path
