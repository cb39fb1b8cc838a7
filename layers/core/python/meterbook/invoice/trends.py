"""What was used day by day of the metrics that matter most on a bill."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from meterbook.canonical import short
from meterbook.close.snapshot import Fields
from meterbook.invoice.lines import Names
from meterbook.period import Period

MOST = 3


def trends(body: Fields) -> list[Fields]:
    """The days of at most three variable metrics, those with the greatest amounts first."""
    names, used, days = Names(body), _used(body), _days(Period.parse(body["period"]))
    return [
        {
            "metric": metric,
            "name": names.of("metrics", metric),
            "unit": names.of("metrics", metric, "unit"),
            "days": [{"day": day, "quantity": short(used[metric, day])} for day in days],
        }
        for metric in _greatest(body)
    ]


def _greatest(body: Fields) -> list[str]:
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in body["lines"]:
        if line["line_kind"] == "variable":
            amounts[line["metric"]] += Decimal(line["amount"])
    used = {row["metric"] for row in body["usage"]}
    in_order = sorted(used & amounts.keys(), key=lambda metric: (-amounts[metric], metric))
    return in_order[:MOST]


def _used(body: Fields) -> defaultdict[tuple[str, str], Decimal]:
    used: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in body["usage"]:
        used[row["metric"], row["usage_date"]] += Decimal(row["quantity"])
    return used


def _days(period: Period) -> list[str]:
    count = (period.end - period.start).days
    return [date.isoformat(period.start + timedelta(days=day)) for day in range(count)]
