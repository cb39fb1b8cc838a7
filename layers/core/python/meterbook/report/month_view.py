"""A tenant's month as it is published: the bill in the invoice's order and words, and its parts.

It follows from a body alone, the frozen one or the one that would be frozen now (`close`), so an
estimate reads like the invoice that it becomes. Each level sums to the one above it: metrics, days
and modules to lines, lines to groups, groups to the total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from meterbook.canonical import short
from meterbook.close.late import sum_of
from meterbook.close.snapshot import Fields
from meterbook.invoice.bill import Bill
from meterbook.invoice.lines import Names, Wording
from meterbook.invoice.words import words
from meterbook.money import Money, total
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.annotations import noted, reached
from meterbook.report.explained import number
from meterbook.report.projection import Projection, Span, band, crossing
from meterbook.report.shares import SPENT, USED, Shares, days_between
from meterbook.report.steps import steps_of
from meterbook.report.tenant_view import MONTH_FORM

OPEN, CLOSED, ISSUED = "open", "closed", "issued"
_ADDS_UP = ("sum", "time_weighted")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a month stands, besides the body that its figures come from.

    `through` is the last day that is shown, `faults` are why something cannot be billed yet, and
    what came after `closed_at` (ISO 8601, "" for an open month) is in none of the figures.
    """

    state: str
    through: date
    documents: Sequence[Mapping[str, str]] = ()
    projection: Projection | None = None
    restated: Sequence[Row] = ()
    new_ids: Sequence[Row] = ()
    estimated: Sequence[tuple[str, str]] = ()
    faults: Sequence[Mapping[str, str]] = ()
    closed_at: str = ""


def month_view(body: Fields, tenant_id: str, standing: Standing) -> Fields:
    """The month document of one of the body's tenants, every figure a text."""
    return _MonthView(body, tenant_id, standing).written()


def tenant_part(body: Fields, tenant_id: str) -> Fields:
    """The body with the lines of one tenant; an account of one tenant is that tenant's whole."""
    lines = [line for line in body["lines"] if line["tenant_id"] == tenant_id]
    return body | {"lines": lines, "total": sum_of(lines, body["currency"])}


def tenants_of(body: Fields) -> list[str]:
    """Those whom the account pays for in this month."""
    named = {row["tenant_id"] for row in body["terms"] if row["term"] == "tenant"}
    return sorted(named | {line["tenant_id"] for line in body["lines"]})


class _MonthView:
    def __init__(self, body: Fields, tenant_id: str, standing: Standing) -> None:
        self._body = tenant_part(body, tenant_id)
        self._tenant_id = tenant_id
        self._standing = standing
        self._currency = str(body["currency"])
        self._period = Period.parse(body["period"])
        self._last = self._period.end - timedelta(days=1)
        self._language = _language(body)
        self._names = Names(body)
        self._wording = Wording(self._names, words(self._language), self._language, self._currency)
        shown = min(standing.through, self._last)
        self._days = list(days_between(self._period.start, self._last))
        self._so_far = max((shown - self._period.start).days + 1, 1)
        self._shares = Shares(self._body, tenant_id, self._days, self._so_far)

    def written(self) -> Fields:
        bill = _bill(self._body)
        totals, metrics = bill["totals"], list(self._metrics())
        standing = self._standing
        return {
            "form": MONTH_FORM,
            "tenant_id": self._tenant_id,
            "name": self._names.of("tenants", self._tenant_id),
            "account_id": self._body["account_id"],
            "period": str(self._period),
            "first_day": self._period.start.isoformat(),
            "last_day": self._last.isoformat(),
            "days": len(self._days),
            "days_so_far": self._so_far,
            "state": standing.state,
            "closed_at": standing.closed_at,
            "currency": self._currency,
            "minor_digits": int(self._body["minor_digits"]),
            "language": self._language,
            "net": totals["net"],
            "tax": totals["tax"],
            "total": totals["gross"],
            "bill": self._with_steps(bill),
            "documents": [dict(one) for one in standing.documents],
            "projection": self._projection(),
            "overage": str(self._sum(self._lines("variable"))),
            "nearest_quota": _nearest(metrics),
            "modules": self._modules(),
            "metrics": metrics,
            "infrastructure": list(self._infrastructure()),
            "trend": self._trend(),
            "faults": [dict(fault) for fault in standing.faults],
        }

    # ---- the bill, and what it comes to ------------------------------------------------------

    def _with_steps(self, bill: Fields) -> Fields:
        frozen = {line["line_number"]: line for line in self._body["lines"]}
        for group in bill["groups"]:
            for line in group["lines"]:
                of = frozen[line["line_number"]]
                line |= {"pricing": of["pricing"], "steps": steps_of(of, line, self._wording)}
        return {name: bill[name] for name in ("groups", "allowances", "taxes", "totals")} | {
            "notes": [words(self._language)["note_net"]] if bill["tax_case"] == "none" else []
        }

    def _projection(self) -> Fields | None:
        found = self._standing.projection
        if found is None:
            return None
        bodies = (found.low, found.expected, found.high)
        totals = [
            Decimal(_bill(tenant_part(body, self._tenant_id))["totals"]["gross"]) for body in bodies
        ]
        told = map(str, band(*totals))
        return dict(zip(("low", "expected", "high"), told, strict=True)) | {"basis": found.basis}

    # ---- by module ---------------------------------------------------------------------------

    @cached_property
    def _pieces(self) -> list[tuple[Fields, str, Money]]:
        """Every line, divided among the modules that brought it about."""
        return [
            (line, module_id, amount)
            for line in self._body["lines"]
            for module_id, amount in self._shares.modules(line)
        ]

    def _modules(self) -> list[Fields]:
        """Each module with its parts; what is of no single one comes last."""
        by_module: defaultdict[str, list[tuple[Fields, Money]]] = defaultdict(list)
        for line, module_id, amount in self._pieces:
            by_module[module_id].append((line, amount))
        return [
            {
                "module_id": module_id,
                "name": self._names.of("modules", module_id) if module_id else "",
                "amount": str(total((amount for _, amount in of), self._currency)),
                "parts": self._parts(module_id, of),
            }
            for module_id, of in sorted(by_module.items(), key=lambda one: (not one[0], one[0]))
        ]

    def _parts(self, module_id: str, of: Sequence[tuple[Fields, Money]]) -> list[Fields]:
        """What a module's amount is made of: tiers of a metric are one part."""
        amounts: dict[tuple[str, str], Money] = {}
        for line, amount in of:
            part = line["line_kind"], line["metric"]
            amounts[part] = amounts.get(part, Money(self._currency, 0)) + amount
        return [
            {"kind": kind, "metric": metric, "amount": str(amount)}
            | self._named(kind, metric, module_id)
            for (kind, metric), amount in amounts.items()
        ]

    def _named(self, kind: str, metric: str, module_id: str) -> Fields:
        is_used = kind in USED
        title = {
            "facility": self._names.of("modules", module_id),
            "passthrough": self._wording.source(metric),
            "discount": self._names.of("discounts", metric, "reason"),
            "credit": self._names.of("credits", metric, "reason"),
            "minimum": words(self._language)["minimum"],
            "adjustment": words(self._language)["group_adjustment"],
        }.get(kind, self._names.of("metrics", metric) if metric else "")
        return {
            "title": title,
            "quantity": short(self._used_in(metric, module_id)) if is_used else "",
            "unit": self._names.of("metrics", metric, "unit") if is_used else "",
        }

    def _used_in(self, metric: str, module_id: str) -> Decimal:
        return sum(
            (
                Decimal(row["quantity"])
                for row in self._usage(metric)
                if row["module_id"] == module_id
            ),
            Decimal(),
        )

    # ---- by metric ---------------------------------------------------------------------------

    def _metrics(self) -> Iterator[Fields]:
        """What a licensee sees that it has used, billed or not; what only weighs cost is ours."""
        for row in self._body["quantities"]:
            if row["tenant_id"] == self._tenant_id and row["visibility"] == "licensee":
                yield self._metric(row["metric"], row["quantity"])

    def _metric(self, metric: str, quantity: str) -> Fields:
        lines = [line for line in self._lines(*USED) if line["metric"] == metric]
        included = max((number(line, "included_quantity") for line in lines), default=Fraction())
        used = Fraction(quantity)
        days = self._daily(metric)
        aggregation = self._names.of("metrics", metric, "aggregation")
        return {
            "metric": metric,
            "name": self._names.of("metrics", metric),
            "unit": self._names.of("metrics", metric, "unit"),
            "aggregation": aggregation,
            "used": short(quantity),
            "included": _decimal(included),
            "amount": str(self._sum(lines)),
            "rated": bool(lines),
            "share": _share(used, included),
            "reached": reached(used, included),
            "crossing": self._crossing(metric, included, aggregation),
            "adds_up": aggregation in _ADDS_UP
            and used == sum((number(day, "quantity") for day in days), Fraction()),
            "line_numbers": [line["line_number"] for line in lines],
            "modules": self._by_module(metric),
            "days": days,
        }

    def _usage(self, metric: str) -> list[Fields]:
        own = (self._tenant_id, metric)
        return [row for row in self._body["usage"] if (row["tenant_id"], row["metric"]) == own]

    def _daily(self, metric: str) -> list[Fields]:
        return [
            {
                "day": row["usage_date"],
                "module_id": row["module_id"],
                "quantity": short(row["quantity"]),
            }
            for row in self._usage(metric)
        ]

    def _by_module(self, metric: str) -> list[Fields]:
        amounts: dict[str, Money] = {}
        for line, module_id, amount in self._pieces:
            if line["line_kind"] in USED and line["metric"] == metric:
                amounts[module_id] = amounts.get(module_id, Money(self._currency, 0)) + amount
        return [
            {
                "module_id": module_id,
                "name": self._names.of("modules", module_id) if module_id else "",
                "quantity": short(self._used_in(metric, module_id)),
                "amount": str(amount),
            }
            for module_id, amount in sorted(amounts.items())
        ]

    def _crossing(self, metric: str, included: Fraction, aggregation: str) -> str | None:
        """The day on which what is included is used up; of what adds up, and is not yet."""
        if not included or aggregation not in _ADDS_UP:
            return None
        days: defaultdict[date, Fraction] = defaultdict(Fraction)
        for row in self._usage(metric):
            days[date.fromisoformat(row["usage_date"])] += number(row, "quantity")
        through = min(self._standing.through, self._last)
        own = Span.of(self._body, self._tenant_id)
        found = crossing(days, included, through, self._last, max(own.first, self._period.start))
        return found.isoformat() if found else None

    # ---- what was passed on ------------------------------------------------------------------

    def _infrastructure(self) -> Iterator[Fields]:
        for line in self._lines(SPENT):
            source = line["metric"]
            yield {
                "source": source,
                "name": self._wording.source(source),
                "amount": line["amount"],
                "cost_usd": short(line["cost_usd"]),
                "estimated_days": [day for of, day in self._standing.estimated if of == source],
                "services": self._services(source),
            }

    def _services(self, source: str) -> list[Fields]:
        found: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
        for row in self._body["costs"]:
            if (row["tenant_id"], row["source"]) == (self._tenant_id, source):
                days = found[row["resource_type"]]
                cost = Decimal(row["cost_usd"])
                days[row["usage_date"]] = days.get(row["usage_date"], Decimal()) + cost
        return [
            {
                "resource_type": resource_type,
                "name": resource_type.partition(":")[2] or resource_type,
                "cost_usd": short(sum(days.values(), Decimal())),
                "days": [
                    {"day": day, "cost_usd": short(cost)} for day, cost in sorted(days.items())
                ],
            }
            for resource_type, days in sorted(found.items())
        ]

    # ---- by day ------------------------------------------------------------------------------

    def _trend(self) -> Fields:
        by_day: defaultdict[str, dict[str, Money]] = defaultdict(dict)
        for line, module_id, amount in self._pieces:
            for day, part in self._shares.days(line, module_id, amount).items():
                modules = by_day[day]
                modules[module_id] = modules.get(module_id, Money(self._currency, 0)) + part
        ahead: dict[str, Money] = {}
        for day in self._days[self._so_far :]:
            for module_id, part in by_day[day].items():
                ahead[module_id] = ahead.get(module_id, Money(self._currency, 0)) + part
        return {
            "days": [{"day": day, **self._day(by_day[day])} for day in self._days[: self._so_far]],
            "ahead": self._day(ahead) if ahead else None,
            "annotations": noted(
                self._body,
                self._tenant_id,
                self._standing.restated,
                self._language,
                self._standing.new_ids,
            ),
        }

    def _day(self, modules: Mapping[str, Money]) -> Fields:
        return {
            "total": str(total(modules.values(), self._currency)),
            "amounts": {module: str(amount) for module, amount in sorted(modules.items())},
        }

    # ---- what they share ---------------------------------------------------------------------

    def _lines(self, *kinds: str) -> list[Fields]:
        return [line for line in self._body["lines"] if line["line_kind"] in kinds]

    def _sum(self, lines: Iterable[Fields]) -> Money:
        return total((Money.of(line["amount"], self._currency) for line in lines), self._currency)


def _bill(body: Fields) -> Fields:
    label = f"the bill of {body['account_id']} for {body['period']}"
    return Bill(body, label, _language(body)).written()


def _language(body: Fields) -> str:
    return str(body["account"]["document"].get("language", "") or "en")


def _nearest(metrics: Sequence[Fields]) -> Fields | None:
    """The metric that is next to use up what is included; where all have, the one furthest on."""
    names = ("metric", "name", "unit", "used", "included", "share", "reached", "crossing")
    counted = [metric for metric in metrics if metric["share"] is not None]
    if not counted:
        return None
    nearest = max(counted, key=lambda one: (100 not in one["reached"], Decimal(one["share"])))
    return {name: nearest[name] for name in names}


def _share(used: Fraction, included: Fraction) -> str | None:
    """A share of what is included with four decimals, cut: 0.9999 is not used up yet."""
    if not included:
        return None
    return f"{Decimal(int(used / included * 10_000)).scaleb(-4):f}"


def _decimal(value: Fraction) -> str:
    return short(Decimal(value.numerator) / Decimal(value.denominator))
