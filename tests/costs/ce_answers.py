"""Cost Explorer's answers for made days, recorded as AWS would give them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from meterbook.ports import CostQuery
from meterbook_local.recorded_costs import RecordedCosts, asked

METRICS = ("UnblendedCost",)
BY_TAGS = (("TAG", "tenant_id"), ("TAG", "module_id"))

Costs = Mapping[str, Mapping[tuple[str, str], str]]


def recorded(
    folder: Path,
    start: date,
    end: date,
    costs: Costs,
    *,
    totals: Mapping[str, str] | None = None,
    groups_a_page: int = 3,
    unit: str = "USD",
) -> RecordedCosts:
    """Both answers for `[start, end)`: by day, tenant tag and module tag; and the days' totals."""
    folder.mkdir(parents=True, exist_ok=True)
    days = [start + timedelta(n) for n in range((end - start).days)]
    told = {f"{day}": dict(costs.get(f"{day}", {})) for day in days}
    sums = {day: f"{sum(map(Decimal, groups.values())):f}" for day, groups in told.items()}
    by_tags = [
        grouped(day, part, unit)
        for day, groups in told.items()
        for part in _parts(list(groups.items()), groups_a_page)
    ]
    ungrouped = [total(day, amount, unit) for day, amount in (sums | dict(totals or {})).items()]
    _write(folder, "tags", CostQuery(start, end, METRICS, BY_TAGS), [[one] for one in by_tags])
    _write(folder, "totals", CostQuery(start, end, METRICS), [ungrouped])
    return RecordedCosts(folder)


def grouped(day: str, groups: list[tuple[tuple[str, str], str]], unit: str) -> dict[str, Any]:
    return _result(day) | {
        "Total": {},
        "Groups": [
            {"Keys": [f"tenant_id${owner}", f"module_id${module}"], "Metrics": _cost(amount, unit)}
            for (owner, module), amount in groups
        ],
    }


def total(day: str, amount: str, unit: str) -> dict[str, Any]:
    return _result(day) | {"Total": _cost(amount, unit), "Groups": []}


def _result(day: str) -> dict[str, Any]:
    after = date.fromisoformat(day) + timedelta(1)
    return {"TimePeriod": {"Start": day, "End": f"{after}"}, "Estimated": day >= "2026-10-31"}


def _cost(amount: str, unit: str) -> dict[str, Any]:
    return {"UnblendedCost": {"Amount": amount, "Unit": unit}}


def _parts(groups: list[Any], size: int) -> list[list[Any]]:
    """A day without any group is told of, too."""
    return [groups[n : n + size] for n in range(0, len(groups), size)] or [[]]


def _write(folder: Path, name: str, query: CostQuery, pages: list[list[Any]]) -> None:
    for number, results in enumerate(pages):
        page = {"ResultsByTime": results}
        text = json.dumps({"query": asked(query), "page": page})
        (folder / f"{name}-{number:04d}.json").write_text(text, "utf-8")
