"""What finance asks of the book: margins, costs, what has no owner, what is conserved, the close.

Each function reads the book as it stands, brings nothing up to date, and returns a document of
texts, numbers of things, lists and truths; decimals are texts, so that it is shown and sent as is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from meterbook.book import Book
from meterbook.canonical import plain, short
from meterbook.close.readiness import NEVER_WAIVED, Blocker, Readiness, readiness
from meterbook.costs.coverage import exact_sum
from meterbook.money import Money
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.unattributed import Unowned, unattributed_as_known

Document = dict[str, Any]
MONTHS_BACK = 12
"""How many months a trend goes back, the asked one included."""
DEAREST = 20
"""How many charges without an owner are told one by one."""
_COSTS = ("cost_usd", "previous_cost_usd", "change_usd")
_DAY_PARTS = ("control_usd", "attributed_usd", "kept_usd", "unattributed_usd")


def known_periods(book: Book) -> list[Document]:
    """The months that the book knows, the newest first, each with its state."""
    rows = book.query("admin_periods")
    return [_told(row) | {"period": _month(row["period_start"])} for row in rows]


def names(book: Book) -> dict[str, dict[str, str]]:
    """What tenants, modules and accounts are called, by kind and id."""
    found: dict[str, dict[str, str]] = {"tenant": {}, "module": {}, "account": {}}
    for row in book.query("admin_names"):
        found[str(row["kind"])][str(row["id"])] = str(row["name"])
    return found


def tenants(book: Book) -> Document:
    """Who is a tenant today, on which plan, and who pays."""
    called = names(book)["account"]
    rows = [_told(row) for row in book.query("admin_tenants", day=_today(book))]
    return {"tenants": [row | {"account_name": called.get(row["account_id"], "")} for row in rows]}


def unit_economics(book: Book, period: Period) -> Document:
    """What was earned with a month and what it cost: of all, by tenant, by module; worst first.

    `tenants` hold their `modules`, which sum to them; `modules` are the same by module. `months`
    are each tenant's margins of the months up to this one.
    """
    called = names(book)
    levels: dict[str, list[Document]] = defaultdict(list)
    for row in book.query("admin_margins", period_start=period.start):
        levels[str(row["level"])].append(_margin(row, called))
    parts = _grouped(levels["part"], "tenant_id")
    months = _grouped(_margin_months(book, period), "tenant_id")
    return {
        "period": str(period),
        "total": next(iter(levels["whole"]), None),
        "tenants": [
            one | {"modules": parts[one["tenant_id"]], "months": months[one["tenant_id"]]}
            for one in levels["tenant"]
        ],
        "modules": levels["module"],
    }


def _margin(row: Row, called: Mapping[str, Mapping[str, str]]) -> Document:
    told = _told(row)
    currency, revenue = told["currency"], row["revenue"]
    return told | {
        "revenue": str(Money.of(str(revenue), currency)) if currency else None,
        "tenant_name": called["tenant"].get(told["tenant_id"], ""),
        "module_name": called["module"].get(told["module_id"], ""),
    }


def _margin_months(book: Book, period: Period) -> list[Document]:
    rows = book.query("admin_margin_months", **_trend(period))
    return [_told(row) | {"period": _month(row["period_start"])} for row in rows]


def costs(book: Book, period: Period) -> Document:
    """What the platform cost: month by month up to this one, and this one by service."""
    months = book.query("admin_cost_months", **_trend(period))
    services = book.query("admin_cost_services", period_start=period.start)
    return {
        "period": str(period),
        "months": [_told(row) | {"period": _month(row["period_start"])} for row in months],
        "services": [_told(row) for row in services],
    } | {part: _sum(row[part] for row in services) for part in _COSTS}


def allocation(book: Book, period: Period) -> Document:
    """Who has a month's cost and by which rule, each day's totals, and the conservation line."""
    rows = book.query("admin_allocation", first_day=period.start, end_day=period.end)
    return {"period": str(period), "rows": [_told(row) for row in rows]} | conserved(book, period)


def conserved(book: Book, period: Period) -> Document:
    """Whether each day's cost comes to what its source stated; the whole's residual has no sign."""
    rows = book.query("admin_conservation", first_day=period.start, end_day=period.end)
    days = [_told(row) | {"is_conserved": row["residual_usd"] == 0} for row in rows]
    whole = {part: _sum(row[part] for row in rows) for part in _DAY_PARTS}
    residual = _sum(abs(Decimal(str(row["residual_usd"]))) for row in rows)
    whole |= {"residual_usd": residual}
    said = [f"{name.removesuffix('_usd')} {figure}" for name, figure in whole.items()]
    line = f"{said[0]} = {' + '.join(said[1:4])} · {said[4]}"
    return {"days": days, "conservation": whole | {"line": line, "is_conserved": residual == "0"}}


def reconciliations(book: Book, period: Period) -> list[Document]:
    """The verdicts on a month, the latest first."""
    return [_told(r) for r in book.query("admin_reconciliations", period_start=period.start)]


def unowned(book: Book, period: Period) -> Document:
    """A month's cost without an owner: its share per day, the dearest of it, and its fixes."""
    days = book.query("admin_unattributed_days", first_day=period.start, end_day=period.end)
    (whole,) = book.query("admin_unattributed_month", first_day=period.start, end_day=period.end)
    found = unattributed_as_known(book, period, DEAREST)
    return {
        "period": str(period),
        "days": [_told(row) for row in days],
        "month": _told(whole),
        "lines": [_unowned(line) for line in found.lines],
        "cost_usd": short(found.cost_usd),
        "movable_usd": short(found.movable_usd),
        "yaml": found.yaml(),
    }


def _unowned(line: Unowned) -> Document:
    charge = {part.name: getattr(line.charge, part.name) for part in fields(line.charge)}
    return _told(charge) | {
        "tenant_id": line.guess.tenant_id,
        "because": line.guess.reason,
        "fix": line.fix,
    }


def scores(book: Book, period: Period) -> list[Document]:
    """How far a month's cost can be trusted: is it there, does it add up, is it final; in days."""
    days = book.query("admin_unattributed_days", first_day=period.start, end_day=period.end)
    told = book.query("admin_conservation", first_day=period.start, end_day=period.end)
    red = {row["usage_date"] for row in told if row["residual_usd"] != 0}
    due = (min(period.end, _today(book)) - period.start) // timedelta(days=1)
    found = {
        "completeness": (sum(not row["is_without_cost"] for row in days), max(due, 0)),
        "conservation": (len({row["usage_date"] for row in told} - red), len(_days(told))),
        "timeliness": (sum(bool(row["is_settled"]) for row in days), len(days)),
    }
    return [
        {"score": name, "good": good, "of": of, "is_whole": good >= of}
        for name, (good, of) in found.items()
    ]


def _days(rows: Iterable[Row]) -> set[object]:
    return {row["usage_date"] for row in rows}


def close_checklist(book: Book, period: Period) -> Document:
    """Every point of the gate as it stands, and every account with what it waits for."""
    stands = readiness(book, period)
    called = names(book)
    return {
        "period": str(period),
        "is_over": period.is_over(book.clock.now()),
        "is_ready": not stands.blockers,
        "points": [_point(point) for point in stands.points],
        "accounts": [
            _account(row, called["account"])
            for row in book.query("admin_accounts", period_start=period.start)
        ],
        "parked": _parked(stands),
        "to_issue": documents_to_issue(book, period),
    }


def documents_to_issue(book: Book, period: Period) -> list[Document]:
    """The documents that issuing the month would give a number: of it, or brought by its close."""
    return [
        {
            "account_id": str(row["account_id"]),
            "kind": str(row["kind"]),
            "of": _month(row["period_start"]),
        }
        for row in book.query("issue_documents")
        if row["is_approved"] and period.start in (row["period_start"], row["close_start"])
    ]


def _point(point: Blocker) -> Document:
    state = "clear" if not point.measure else "waived" if point.decided_by else "open"
    return {
        "point": point.blocker,
        "state": state,
        "measure": point.measure,
        "what": point.what,
        "decided_by": point.decided_by,
        "reason": point.reason,
        "may_be_waived": point.blocker not in NEVER_WAIVED,
    }


def _account(row: Row, called: Mapping[str, str]) -> Document:
    told, currency = _told(row), row["currency"]
    for name in ("total", "lowest_total", "highest_total"):
        if told[name] is not None:
            told[name] = str(Money.of(str(row[name]), str(currency))) if currency else None
    waits = told["state"] == "closed" and bool(row["needs_approval"])
    return told | {"name": called.get(told["account_id"], ""), "waits_for_approval": waits}


def _parked(stands: Readiness) -> list[Document]:
    return [
        {"account_id": one.account_id, "tenant_id": one.tenant_id, "reasons": list(one.reasons)}
        for one in stands.parked
    ]


def _told(row: Mapping[str, object]) -> Document:
    return {name: _said(value) for name, value in row.items()}


def _said(value: object) -> object:
    """A SQL value in a document: whole numbers, truths, nothing and texts stay what they are."""
    if isinstance(value, Decimal):  # one engine says a count as a decimal without decimals
        return short(value) if value.as_tuple().exponent else int(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return plain(value) if isinstance(value, date) else value


def _sum(figures: Iterable[object]) -> str:
    return short(exact_sum(Decimal(str(figure)) for figure in figures))


def _trend(period: Period) -> dict[str, object]:
    first = period
    for _ in range(MONTHS_BACK - 1):
        first = first.previous
    return {"first_month": first.start, "end_month": period.end}


def _month(day: object) -> str:
    return str(day)[:7]


def _today(book: Book) -> date:
    return book.clock.now().astimezone(UTC).date()


def _grouped(rows: Sequence[Document], name: str) -> defaultdict[str, list[Document]]:
    found: defaultdict[str, list[Document]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found
