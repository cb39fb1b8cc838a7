"""A tenant's open month asked of the book: what each page would wait for without documents.

What `publish` does for all, for one account: the same functions in the same order, so that the page
has to come out the same. The month before it and the tenant's index are taken as known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from meterbook.book import Book
from meterbook.close.close_period import bills_now
from meterbook.close.snapshot import Fields
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.month_view import OPEN, Standing, month_view
from meterbook.report.projection import projected
from meterbook_local.recalculator import TariffRecalculator


def month_by_query(book: Book, index: Mapping[str, Any], month: str) -> Fields:
    """The month document of the index's tenant, as it stands now."""
    period, account = Period.parse(month), str(index["account_id"])
    today = book.clock.now().date()
    days = {"period_start": period.start, "period_end": period.end}
    (document,) = bills_now(book, period, [account])
    new_ids = book.query("publish_new_ids", **days)
    used = {row["usage_date"] for row in document.body["usage"]}
    yesterday = (today - timedelta(days=1)).isoformat()
    through = date.fromisoformat(max(day for day in used if day <= yesterday))
    (projection,) = projected([document.body], through, TariffRecalculator(), new_ids)
    estimated = book.query("publish_estimated", **days)
    faults = book.query("close_faults", period_start=period.start)
    standing = Standing(
        state=OPEN,
        through=today,
        projection=projection,
        restated=book.query("publish_restated", **days),
        new_ids=new_ids,
        estimated=[("aws", str(row["usage_date"])) for row in estimated],
        faults=[_said(row) for row in faults if _is_of(row, index)],
    )
    return month_view(document.body, str(index["tenant_id"]), standing)


def _said(row: Row) -> dict[str, str]:
    return {name: str(row[name] or "") for name in ("reason", "detail")}


def _is_of(row: Row, index: Mapping[str, Any]) -> bool:
    name = "tenant_id" if row["tenant_id"] else "account_id"
    return bool(row[name] == index[name])
