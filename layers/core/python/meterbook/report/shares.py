"""How a line's amount divides among modules and days, so that children sum to their parent.

No price is in here: amounts stand on lines, rounded once by SQL, and are only divided, with the one
definition of a split (design, section 7) in minor units. Among modules it is the division that
`billing.period_module_lines` makes: use by quantity, passed-on cost by cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property

from meterbook.close.snapshot import Fields
from meterbook.money import Money
from meterbook.report.explained import number

USED, SPENT = ("levy", "variable"), "passthrough"
_Days = dict[str, int]
_MILLIONTHS = 10**6
_COST_UNITS = 10**12


class Shares:
    """Divides the lines of one tenant's part of a body.

    `days` are all of its month, and the first `so_far` of them have begun.
    """

    def __init__(self, body: Fields, tenant_id: str, days: Sequence[str], so_far: int) -> None:
        self._body = body
        self._tenant_id = tenant_id
        self._days = days
        self._so_far = so_far
        self._currency = str(body["currency"])

    def modules(self, line: Fields) -> list[tuple[str, Money]]:
        """What of a line is whose module's, in order of module; one without any has the whole."""
        amount = Money.of(line["amount"], self._currency)
        # SQL weighs cost by the millionth of a dollar, rounded once it is summed.
        unit = _COST_UNITS // _MILLIONTHS if line["line_kind"] == SPENT else 1
        weights = {
            module: weight
            for module, days in sorted(self._weights(line).items())
            if (weight := (2 * sum(days.values()) + unit) // (2 * unit)) > 0
        }
        parts = amount.split(list(weights.values()))
        return list(zip(weights, parts, strict=True)) if parts else [(line["module_id"], amount)]

    def days(self, line: Fields, module_id: str, amount: Money) -> dict[str, Money]:
        """What of a module's part of a line is which day's.

        Use and cost lie where they arose. A fee is spread over the days of the month on which its
        module is active, a minimum over all of them: part of both belongs to days ahead. A discount
        or a credit is spread over the days so far, and what comes late stands on the first.
        """
        weights = self._weights(line).get(module_id, {})
        shown = [max(weights.get(day, 0), 0) for day in self._days]
        if not any(shown):
            owed = self._owed(line)
            shown = [int(day in owed) for day in self._days]
        parts = amount.split(shown) or [amount, *[Money(self._currency, 0)] * len(shown)]
        return {day: part for day, part in zip(self._days, parts, strict=False) if part.minor}

    def _weights(self, line: Fields) -> Mapping[str, _Days]:
        if line["line_kind"] in USED:
            return self._used[line["metric"]]
        return self._spent[line["metric"]] if line["line_kind"] == SPENT else {}

    @cached_property
    def _used(self) -> defaultdict[str, dict[str, _Days]]:
        """Metric → module → day → millionths."""
        return self._summed("usage", "metric", "quantity", _MILLIONTHS)

    @cached_property
    def _spent(self) -> defaultdict[str, dict[str, _Days]]:
        """Source → module → day → cost; the finest cost is one."""
        return self._summed("costs", "source", "cost_usd", _COST_UNITS)

    def _summed(
        self, rows: str, by: str, what: str, unit: int
    ) -> defaultdict[str, dict[str, _Days]]:
        found: defaultdict[str, dict[str, _Days]] = defaultdict(dict)
        for row in self._body[rows]:
            if row["tenant_id"] == self._tenant_id:
                days = found[row[by]].setdefault(row["module_id"], {})
                amount = int(number(row, what) * unit)
                days[row["usage_date"]] = days.get(row["usage_date"], 0) + amount
        return found

    def _owed(self, line: Fields) -> set[str]:
        """The days over which an amount is spread that no use of a day has brought about."""
        if line["line_kind"] == "adjustment":
            return set(self._days[:1])
        if line["line_kind"] == "facility":
            active = {day for day in self._days if self._is_active(line["module_id"], day)}
            return active or set(self._days)
        return set(self._days if line["line_kind"] == "minimum" else self._days[: self._so_far])

    def _is_active(self, module_id: str, day: str) -> bool:
        return any(
            entry["module_id"] == module_id and entry["starts_on"] <= day < entry["ends_on"]
            for tenant in self._body["tenants"]
            if tenant["id"] == self._tenant_id
            for entry in tenant["document"]["modules"]
        )


def days_between(first: date, last: date) -> Iterator[str]:
    """All days from the first to the last, both included, as ISO dates."""
    for ahead in range((last - first).days + 1):
        yield (first + timedelta(days=ahead)).isoformat()
