"""What an open month would come to at its end, if its facts go on as they have so far.

Only quantities and costs are extended here; the tariff's own SQL prices them, so that minimums,
tiers, packages, discounts and credits hold. Each day that is left brings the mean of the last seven
days, or of all there are; low and high take the slowest and the busiest seven days in a row. What
a day that is not over has brought by now is not counted twice. What is added is cut to the last
decimal of its column, never rounded up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, compress
from math import ceil
from types import MappingProxyType

from meterbook.canonical import text_of
from meterbook.close.late import KIND as ADJUSTMENT
from meterbook.close.late import numbered, sum_of
from meterbook.close.snapshot import Fields, tariff_line
from meterbook.invoice.words import shown_day
from meterbook.period import Period
from meterbook.ports import Recalculated, Recalculator, Row

WEEK = 7
# A bill may be so many days behind what was used; what it is silent on for longer cost nothing.
LATE_DAYS = 3
_DAY = timedelta(days=1)
_QUANTITY_DIGITS, _COST_DIGITS = 6, 12
# What is there already says what there is: it does not add up.
_LEVELS = ("max", "latest")
# As in `close_lines`: the order in which a document shows what the tariff gives.
_ORDER = ("levy", "facility", "variable", "minimum", "passthrough", "discount", "credit")
_WORDS = MappingProxyType(
    {
        "en": "What is there up to {day}, and for each day after it the mean of the last 7 days, "
        "or of all there are. Low and high: as in the slowest and in the busiest 7 days in a row.",
        "de": "Was bis {day} da ist, und für jeden Tag danach das Mittel der letzten 7 Tage oder "
        "aller bisherigen. Niedrig und hoch: wie in den schwächsten und in den stärksten 7 Tagen "
        "am Stück.",
    }
)
_Three = tuple[int, int, int]  # low, expected, high, in units of a column's last decimal
_NOTHING: _Three = (0, 0, 0)
_Days = Mapping[date, int]
_Of = tuple[str, str]  # a tenant, and its metric or its source of cost
CostsThrough = Mapping[tuple[str, str], date]
"""Until when the cost of a month's source is told, by period and source."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Three bodies as the month would close at three paces, and how they were found, in words."""

    low: Fields
    expected: Fields
    high: Fields
    basis: str


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a month on which a tenant is a customer, both ends among them."""

    first: date
    last: date

    @classmethod
    def of(cls, body: Fields, tenant_id: str) -> Span:
        """From the later of its own and its first plan's start until the earlier of their ends."""
        period = Period.parse(str(body["period"]))
        starts, ends = [period.start.isoformat()], [period.end.isoformat()]
        for document in (one["document"] for one in body["tenants"] if one["id"] == tenant_id):
            plans = document["subscriptions"] or [document]
            starts += [document["starts_on"], min(plan["starts_on"] for plan in plans)]
            ends += [document["ends_on"], max(plan["ends_on"] for plan in plans)]
        return cls(date.fromisoformat(max(starts)), date.fromisoformat(min(ends)) - _DAY)


def projected(
    bodies: Sequence[Fields],
    through: date,
    recalculator: Recalculator,
    new_ids: Iterable[Row] = (),
    costs_through: CostsThrough | None = None,
) -> list[Projection | None]:
    """What each body would be at its month's end; `through` is the last whole day with facts.

    `new_ids` are the rows of `publish_new_ids`; without them what is counted once a month grows as
    it has on average. The cost of a source goes on from the last day on which any body has some, at
    most `LATE_DAYS` ago; where these are not all bodies, `costs_through` says it. None for a month
    without a whole day, and for one that would have no exact amount.
    """
    last_days = costs_through or last_cost_days(bodies, through)
    told = _Told(through, last_days, _first_days(new_ids))
    months = [_Month(body, told) for body in bodies]
    paces = (_priced(months, pace, recalculator) for pace in range(len(_NOTHING)))
    return [
        month.projection(*priced) if month.has_begun else None
        for month, *priced in zip(months, *paces, strict=True)
    ]


def band(low: Decimal, expected: Decimal, high: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Three totals in order, for where more use costs less, as under volume prices.

    The expected one stays what it is; the least of the three is low, and the greatest is high.
    """
    return min(low, expected, high), expected, max(low, expected, high)


def crossing(
    days: Mapping[date, Fraction],
    included: Fraction,
    through: date,
    last_day: date,
    first_day: date | None = None,
) -> date | None:
    """The day on which what is included is used up, at the expected pace where it is not yet.

    `days` are those of the month that `last_day` ends; `first_day` is the tenant's first one, by
    default the month's. None where nothing is included, or where the month ends before.
    """
    if included <= 0:
        return None
    in_order = sorted(days)
    for day, used in zip(in_order, accumulate(days[day] for day in in_order), strict=True):
        if used >= included:
            return day
    first = first_day or last_day.replace(day=1)
    latest = [days.get(day, Fraction()) for day in _between(first, through)][-WEEK:]
    if sum(latest) <= 0:
        return None
    left = included - sum(days[day] for day in in_order if day <= through)
    wait = ceil(left * len(latest) / sum(latest))
    return through + wait * _DAY if wait <= (last_day - through).days else None


# ---- what is known of the days ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    """The last whole day, that of each source of cost, and ids by the day of their first use."""

    through: date
    costs: Mapping[_Of, date]
    new: Mapping[_Of, _Days]


def last_cost_days(bodies: Iterable[Fields], through: date) -> CostsThrough:
    """A bill comes later than what was used: days that it does not tell of yet are days left."""
    found: dict[_Of, str] = {}
    latest, earliest = through.isoformat(), (through - LATE_DAYS * _DAY).isoformat()
    for body in bodies:
        period = str(body["period"])
        for row in body["costs"]:
            of = period, row["source"]
            if found.get(of, "") < row["usage_date"] <= latest:
                found[of] = max(row["usage_date"], earliest)
    return {of: date.fromisoformat(day) for of, day in found.items()}


def _first_days(rows: Iterable[Row]) -> dict[_Of, dict[date, int]]:
    found: defaultdict[_Of, dict[date, int]] = defaultdict(dict)
    for row in rows:
        day = date.fromisoformat(text_of(row["usage_date"]))
        found[str(row["tenant_id"]), str(row["metric"])][day] = int(str(row["new_ids"]))
    return dict(found)


def _by_day(rows: Iterable[Fields], what: str, column: str, digits: int) -> dict[_Of, _Days]:
    """A column's sums over modules and services, day by day, in units of its last decimal."""
    sums: defaultdict[_Of, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        sums[row["tenant_id"], row[what]][row["usage_date"]] += _units(row[column], digits)
    return {
        of: {date.fromisoformat(day): count for day, count in days.items()}
        for of, days in sums.items()
    }


def _between(first: date, last: date) -> Iterator[date]:
    return (first + n * _DAY for n in range((last - first).days + 1))


# ---- what the days that are left add ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Course:
    """Whole days of something in order, what came after them by now, and how many are left."""

    so_far: Sequence[int]
    early: int
    left: int

    @classmethod
    def of(cls, days: _Days, span: Span, through: date) -> _Course:
        whole = min(through, span.last)
        return cls(
            [days.get(day, 0) for day in _between(span.first, whole)],
            max(sum(count for day, count in days.items() if day > whole), 0),
            (span.last - whole).days,
        )

    @property
    def goes_on(self) -> bool:
        """Whether there are days to learn from, and days left."""
        return bool(self.so_far) and self.left > 0

    def adding(self) -> _Three:
        """As on the slowest days, as of late, as on the busiest days."""
        sums = self._weeks()
        return self._added(min(sums)), self._added(sums[-1]), self._added(max(sums))

    def once(self) -> _Three:
        """Nothing new; new ones as of late, if these are fewer; new ones as on average."""
        average = self.average(sum(self.so_far))
        return 0, min(self._added(self._weeks()[-1]), average), average

    def average(self, whole: int) -> int:
        """As on the mean of all days, which come to `whole`."""
        return self._added(whole, len(self.so_far))

    def _weeks(self) -> list[int]:
        to_here = [0, *accumulate(self.so_far)]
        week = min(WEEK, len(self.so_far))
        return [end - start for start, end in zip(to_here, to_here[week:], strict=False)]

    def _added(self, sum_: int, days: int = 0) -> int:
        """What was given back is no pace: nothing goes on below zero."""
        of_days = days or min(WEEK, len(self.so_far))
        return max(self.left * max(sum_, 0) // of_days - self.early, 0)


class _Month:
    """One body, and what the days that are left add to it at each pace."""

    def __init__(self, body: Fields, told: _Told) -> None:
        self.body = body
        self._told = told
        self._last = Period.parse(str(body["period"])).end - _DAY
        tenants = {row["tenant_id"] for row in body["terms"] if row["term"] == "tenant"}
        self._spans = {tenant: Span.of(body, tenant) for tenant in sorted(tenants)}
        self._counted = {one["id"]: one["document"]["aggregation"] for one in body["metrics"]}
        self._used = _by_day(body["usage"], "metric", "quantity", _QUANTITY_DIGITS)
        self._quantities = [self._used_up(row) for row in body["quantities"]]
        spent = _by_day(body["costs"], "source", "cost_usd", _COST_DIGITS)
        self._costs = {of: self._spent(of, days) for of, days in sorted(spent.items())}
        self._sums = {of: sum(days.values()) for of, days in sorted(spent.items())}

    @property
    def has_begun(self) -> bool:
        """Whether some tenant has a whole day behind it."""
        return any(span.first <= self._told.through for span in self._spans.values())

    def at(self, pace: int) -> Fields:
        """The body with its facts extended; the very body where nothing is added."""
        added = [three[pace] for three in self._quantities]
        costs = [self._cost(of, three[pace]) for of, three in self._costs.items() if three[pace]]
        if not (any(added) or costs):
            return self.body
        rows = zip(self.body["quantities"], added, strict=True)
        return self.body | {
            "quantities": [row | {"quantity": _sum(row["quantity"], more)} for row, more in rows],
            "costs": [*self.body["costs"], *costs],
        }

    def to_price(self, pace: int) -> Fields:
        """The same with one row for each cost, which is all that the tariff asks of them."""
        sums = [self._cost(of, sum_ + self._costs[of][pace]) for of, sum_ in self._sums.items()]
        return self.at(pace) | {"costs": sums}

    def projection(self, *paces: Fields | None) -> Projection | None:
        """The three together, in the words of the account's language."""
        language = str(self.body["account"]["document"].get("language", "") or "en")
        basis = _WORDS[language].format(day=shown_day(self._told.through.isoformat(), language))
        low, expected, high = paces
        return Projection(low, expected, high, basis) if low and expected and high else None

    def _used_up(self, row: Fields) -> _Three:
        of, counted = (row["tenant_id"], row["metric"]), self._counted.get(row["metric"], "sum")
        if counted in _LEVELS:
            return _NOTHING
        if counted == "distinct":
            return self._counted_once(of, row["quantity"])
        course = self._course(of, self._used.get(of, {}), self._told.through)
        if not course.goes_on:
            return _NOTHING
        # Credits are metered by the month alone; of them no day is told.
        units = _units(row["quantity"], _QUANTITY_DIGITS)
        return course.adding() if of in self._used else (course.average(units),) * 3

    def _counted_once(self, of: _Of, quantity: str) -> _Three:
        """Whole ids: a part of one is nobody."""
        course = self._course(of, self._told.new.get(of, {}), self._told.through)
        if not course.goes_on:
            return _NOTHING
        average = course.average(_units(quantity, 0))
        low, expected, high = course.once() if of in self._told.new else (0, average, average)
        one = 10**_QUANTITY_DIGITS
        return low * one, expected * one, high * one

    def _spent(self, of: _Of, days: _Days) -> _Three:
        told = self._told.costs.get((str(self.body["period"]), of[1]), self._told.through)
        course = self._course(of, days, told)
        is_over = self._told.through >= self._spans[of[0]].last
        return course.adding() if course.goes_on and not is_over else _NOTHING

    def _course(self, of: _Of, days: _Days, through: date) -> _Course:
        return _Course.of(days, self._spans[of[0]], through)

    def _cost(self, of: _Of, units: int) -> Fields:
        """What is not spent yet has no service and no rule."""
        tenant_id, source = of
        return {
            "usage_date": self._last.isoformat(),
            "source": source,
            "tenant_id": tenant_id,
            "module_id": "",
            "resource_type": "",
            "rule_id": "",
            "rule_version": "0",
            "cost_usd": _text(units, _COST_DIGITS),
        }


def _units(figure: str, digits: int) -> int:
    """A plain decimal of a column in whole units of its last decimal."""
    whole, _, decimals = figure.partition(".")
    return int(whole + decimals[:digits].ljust(digits, "0"))


def _text(units: int, digits: int) -> str:
    return f"{Decimal(f'{units}E-{digits}'):f}"


def _sum(quantity: str, units: int) -> str:
    return _text(_units(quantity, _QUANTITY_DIGITS) + units, _QUANTITY_DIGITS)


# ---- what they come to -----------------------------------------------------------------------


def _priced(
    months: Sequence[_Month], pace: int, recalculator: Recalculator
) -> Iterator[Fields | None]:
    """The bodies at a pace with the lines that the tariff gives; None where it gives no amount."""
    bodies = [month.at(pace) for month in months]
    grown = [body is not month.body for body, month in zip(bodies, months, strict=True)]
    to_price = [month.to_price(pace) for month in compress(months, grown)]
    found = iter(recalculator.results(to_price))
    for body, is_grown in zip(bodies, grown, strict=True):
        yield _with_lines(body, next(found)) if is_grown else body


def _with_lines(body: Fields, result: Recalculated) -> Fields | None:
    """What the tariff gives, then what it has no say in: late facts, and what people wrote."""
    if any(fault["reason"] == "amount_out_of_range" for fault in result.faults):
        return None
    given = [tariff_line(row) for row in sorted(result.lines, key=_place)]
    kept = [line for line in body["lines"] if line["line_kind"] == ADJUSTMENT]
    lines = numbered(
        {name: value for name, value in line.items() if name != "line_number"}
        for line in (*given, *kept)
    )
    return body | {"lines": lines, "total": sum_of(lines, str(body["currency"]))}


def _place(row: Row) -> tuple[int, str, str, str, int]:
    tenant, module, metric = (str(row[name]) for name in ("tenant_id", "module_id", "metric"))
    return _ORDER.index(str(row["kind"])), tenant, module, metric, int(str(row["tier"]))
