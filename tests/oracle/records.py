"""What goes into the oracle and what comes out of it. Days and times are ISO texts, which sort."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
MINOR_DIGITS = {"JPY": 0, "KWD": 3}
KINDS = (
    "levy", "facility", "variable", "minimum", "passthrough", "discount", "credit", "total",
)  # fmt: skip


@dataclass(frozen=True)
class Delivered:
    """A delivery that covers days: its closing record, and its rows as landed."""

    record: Json
    rows: Sequence[Json]

    def total(self, day: str) -> Json:
        """What it says of a day that it covers."""
        (found,) = (total for total in self.record["days"] if total["usage_date"] == day)
        return dict(found)

    def rows_of(self, day: str) -> list[Json]:
        return [row for row in self.rows if row["usage_date"] == day]


@dataclass(frozen=True)
class CoveredDay:
    """A day as one delivery tells it, held against what was told of it before."""

    delivery: Delivered
    control: Fraction
    is_suspicious: bool


@dataclass(frozen=True)
class JudgedDay:
    """How much of a day's positive charges has no owner, and the verdict."""

    charges: Fraction
    gap: Fraction
    share: Fraction
    threshold: Fraction
    is_settled: bool
    exceeds: bool


@dataclass(frozen=True)
class Gap:
    """Numbers of a producer that are missing: a row, and the whole run that it is of."""

    first: int
    last: int
    event_count: int
    run_first: int
    run_last: int
    seen_by: str
    after_time: str


@dataclass(frozen=True)
class Line:
    """One line of a period: who owes what for what, in minor units."""

    period: str
    account: str
    tenant: str
    kind: str
    module: str
    metric: str
    tier: int
    plan: str
    currency: str
    pricing: str
    quantity: Fraction
    included: Fraction
    billable: Fraction
    unit_price: Fraction
    unit_size: int
    cost: Fraction
    markup: Fraction
    usd_per_unit: Fraction
    base: Fraction
    percent: Fraction
    amount_minor: int

    @property
    def key(self) -> tuple[str, ...]:
        where = self.period, self.account, self.tenant
        return (*where, self.kind, self.module, self.metric, str(self.tier))


@dataclass(frozen=True)
class Earned:
    """What a tenant's module brought in and cost; what is not known is None."""

    currency: str | None
    revenue: Fraction
    revenue_usd: Fraction | None
    cost_usd: Fraction
    margin_usd: Fraction | None
    margin_share: Fraction | None
    active_customers: Fraction | None
    cost_per_customer_usd: Fraction | None


@dataclass
class Answer:
    """Everything that the oracle has an opinion on."""

    usage_daily: dict[tuple[str, str, str, str], tuple[Fraction, int]] = field(default_factory=dict)
    usage_monthly: dict[tuple[str, str, str], Fraction] = field(default_factory=dict)
    gaps: dict[tuple[str, int], Gap] = field(default_factory=dict)
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    landed: int = 0
    duplicates: int = 0
    counted: int = 0
    covered: dict[str, list[CoveredDay]] = field(default_factory=lambda: defaultdict(list))
    credits: dict[str, dict[tuple[str, str, str], Fraction]] = field(default_factory=dict)
    credit_days: dict[str, Fraction] = field(default_factory=dict)
    attributed: dict[tuple[str, ...], Fraction] = field(default_factory=dict)
    unattributed: dict[str, JudgedDay] = field(default_factory=dict)
    conservation: dict[tuple[str, str], tuple[Fraction, ...]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    unrated: dict[tuple[str, str, str], Fraction] = field(default_factory=dict)
    faults: set[tuple[str, str, str, str]] = field(default_factory=set)
    totals: dict[tuple[str, str, str], dict[str, int]] = field(default_factory=dict)
    earned: dict[tuple[str, str, str], Earned] = field(default_factory=dict)
    trends: dict[tuple[str, ...], tuple[Fraction, Fraction]] = field(default_factory=dict)
    _used: dict[str, dict[tuple[str, str], Fraction]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _owned: dict[tuple[str, str, str], Fraction] = field(
        default_factory=lambda: defaultdict(Fraction)
    )

    def used_on(self, day: str) -> dict[tuple[str, str], Fraction]:
        """What each tenant used of each metric that day, over all modules."""
        if not self._used:
            for (usage_day, tenant, _, metric), (quantity, _) in self.usage_daily.items():
                used = self._used[usage_day]
                used[tenant, metric] = used.get((tenant, metric), Fraction(0)) + quantity
        return self._used.get(day, {})

    def owned_by(self, month: str, source: str, tenant: str) -> Fraction:
        """The cost of a source that was attributed to a tenant in a month."""
        if not self._owned:
            for (day, of_source, kind, owner, *_), cost in self.attributed.items():
                if kind == "attributed":
                    self._owned[day[:7], of_source, owner] += cost
        return self._owned.get((month, source, tenant), Fraction(0))

    def daily_summary(self) -> dict[tuple[str, ...], tuple[Fraction, Fraction]]:
        """Quantity and cost of each day, tenant, module and resource, side by side."""
        sums: dict[tuple[str, ...], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 2)
        for used, (quantity, _) in self.usage_daily.items():
            sums[used][0] += quantity
        for (day, _, kind, tenant, module, resource, *_), cost in self.attributed.items():
            if kind == "attributed":
                sums[day, tenant, module, resource][1] += cost
        return {key: (quantity, cost) for key, (quantity, cost) in sums.items()}

    def lines_by_key(self) -> dict[tuple[str, ...], Line]:
        return {line.key: line for line in self.lines}
