"""What a licensee's pages show of the published documents: picked out and put in order.

Nothing is reckoned here but sums of what is shown together. `-` stands in an address for what is
not of one module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from meterbook.pages.chart import MOST_SERIES, Stacks
from meterbook.pages.figures import Voice
from meterbook.pages.render import link

Document = Mapping[str, Any]
NO_MODULE = "-"
TREND_DAYS = 30
# A minimum is made of nothing; an adjustment of another month's figures.
_OF_ITSELF = ("minimum", "adjustment")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def module_key(module_id: str) -> str:
    """A module as an address names it."""
    return module_id or NO_MODULE


def module_name(found: Document, say: Voice) -> str:
    """What a module is called; what is not of one module has a word of its own."""
    if not found["module_id"]:
        return say("contract")
    return str(found["name"] or found["module_id"])


def the(found: Iterable[Document], name: str, wanted: str) -> Document:
    """The one document whose field is what is wanted. Errors: `KeyError` when there is none."""
    for one in found:
        if one[name] == wanted:
            return one
    raise KeyError(wanted)


def periods_with(months: Iterable[Document], kind: str, name: str, wanted: str) -> list[str]:
    """Which of some months have a thing, for example a module."""
    return [month["period"] for month in months if any(one[name] == wanted for one in month[kind])]


@dataclass(frozen=True, slots=True)
class Links:
    """Where what a month shows leads to, in that month."""

    month: Document

    def metric(self, metric: str, module_id: str | None = None) -> str:
        """A metric, of one module where one is named."""
        module = "" if module_id is None else module_key(module_id)
        return link(f"/metrics/{metric}", period=self.month["period"], module=module)

    def module(self, module_id: str) -> str:
        """A module."""
        return link(f"/modules/{module_key(module_id)}", period=self.month["period"])

    def day(self, metric: str, day: str, module_id: str | None = None) -> str:
        """The events of a day."""
        module = "" if module_id is None else module_key(module_id)
        return link(f"/metrics/{metric}/{day}", module=module)

    def line(self, line: Document) -> str:
        """What a line of the bill is made of; nothing for one that is made of nothing else."""
        if line["tenant_id"] != self.month["tenant_id"] or line["kind"] in _OF_ITSELF:
            return ""
        if line["kind"] == "passthrough":
            sources = {source["source"] for source in self.month["infrastructure"]}
            is_shown = line["metric"] in sources
            overview = link("/", period=self.month["period"])
            return f"{overview}#source-{line['metric']}" if is_shown else ""
        if line["metric"] in {metric["metric"] for metric in self.month["metrics"]}:
            return self.metric(line["metric"])
        modules = {module["module_id"] for module in self.month["modules"]}
        is_known = line["module_id"] and line["module_id"] in modules
        return self.module(line["module_id"]) if is_known else ""


# ---- day by day ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trend:
    """The days of a chart: those of the month that is shown, after the last ones of the former."""

    stacks: Stacks
    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str], str]]
    """(day, the amount of each series, the day's total)"""
    former: int
    marks: Sequence[tuple[str, str, Sequence[tuple[str, str]]]]
    """(letter, day, what happened on it: its kind and a text)"""


def trend(months: Sequence[Document], say: Voice) -> Trend:
    """Thirty days of amounts by module, or the whole month where it has more of them."""
    days, former = _days_of(months)
    ids = _by_size(days)
    most = MOST_SERIES if len(ids) <= MOST_SERIES else MOST_SERIES - 1
    shown, folded = ids[:most], ids[most:]
    names = module_names(months, say)
    said = [names[id_] for id_ in shown] + ([say("other_modules")] if folded else [])
    rows = [(day["day"], _amounts(day, shown, folded), day["total"]) for day in days]
    marks = _marks(months, [day["day"] for day in days])
    return Trend(_stacks(rows, said, marks, former, months, say), said, rows, former, marks)


def _days_of(months: Sequence[Document]) -> tuple[list[Document], int]:
    days = list(months[0]["trend"]["days"])
    missing = TREND_DAYS - len(days)
    goes_on = missing > 0 and _goes_on(months)
    before = list(months[1]["trend"]["days"])[-missing:] if goes_on else []
    return before + days, len(before)


def _goes_on(months: Sequence[Document]) -> bool:
    """Whether what follows the shown month is an earlier one in the same currency."""
    shown, former = months[0], months[1] if months[1:] else None
    return (
        former is not None
        and former["period"] < shown["period"]
        and former["currency"] == shown["currency"]
    )


def _by_size(days: Sequence[Document]) -> list[str]:
    """The modules that have amounts, the largest first; what is of none comes last."""
    sizes: defaultdict[str, Decimal] = defaultdict(Decimal)
    for day in days:
        for module_id, amount in day["amounts"].items():
            sizes[module_id] += abs(Decimal(amount))
    found = [module_id for module_id, size in sizes.items() if size]
    return sorted(found, key=lambda module_id: (not module_id, -sizes[module_id], module_id))


def module_names(months: Sequence[Document], say: Voice) -> Mapping[str, str]:
    """What the modules of some months are called; one that has no name speaks for itself."""
    names = _Named()
    for month in reversed(months):
        for found in month["modules"]:
            names[found["module_id"]] = module_name(found, say)
    names[""] = say("contract")
    return names


class _Named(dict[str, str]):
    def __missing__(self, id_: str) -> str:
        return id_


def _amounts(day: Document, shown: Sequence[str], folded: Sequence[str]) -> list[str]:
    amounts = day["amounts"]
    found = [str(amounts.get(module_id, "0")) for module_id in shown]
    if folded:
        rest = sum((Decimal(amounts.get(module_id, "0")) for module_id in folded), Decimal(0))
        found.append(f"{rest:f}")
    return found


def _marks(
    months: Sequence[Document], days: Sequence[str]
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What happened on which of the days, each day with a letter."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for month in months:
        for note in month["trend"]["annotations"]:
            if note["day"] in days and (note["kind"], note["text"]) not in found[note["day"]]:
                found[note["day"]].append((note["kind"], note["text"]))
    dated = sorted((day, notes) for day, notes in found.items() if notes)
    return [(_letter(at), day, notes) for at, (day, notes) in enumerate(dated)]


def _letter(at: int) -> str:
    return _LETTERS[at] if at < len(_LETTERS) else str(at + 1)


def _stacks(
    rows: Sequence[tuple[str, Sequence[str], str]],
    names: Sequence[str],
    marks: Sequence[tuple[str, str, Sequence[tuple[str, str]]]],
    former: int,
    months: Sequence[Document],
    say: Voice,
) -> Stacks:
    currency = months[0]["currency"]
    days = [day for day, _, _ in rows]
    first, last = say.day(days[0]), say.day(days[-1])
    highest = max(rows, key=lambda row: Decimal(row[2]))
    parts = [
        say("trend_description", day=say.day(highest[0]), amount=say.money(highest[2], currency)),
        say("trend_former", month=say.month(months[1]["period"])) if former else "",
    ]
    return Stacks(
        title=say("trend_title", first=first, last=last),
        description=" ".join(filter(None, parts)),
        series=[(name, [amounts[at] for _, amounts, _ in rows]) for at, name in enumerate(names)],
        hints=[
            say("day_hint", day=say.day(day), amount=say.money(total, currency))
            for day, _, total in rows
        ],
        labels=day_labels(days, say),
        flags={days.index(day): letter for letter, day, _ in marks},
        former=former,
    )


def day_labels(days: Sequence[str], say: Voice) -> dict[int, str]:
    """The days that are named below a chart: the first, the last, and some between them."""
    last = len(days) - 1
    apart = max(len(days) // 4, 1)
    between = [at for at in range(0, len(days), apart) if last - at >= apart]
    return {at: say.short_day(days[at]) for at in [*between, last]}


# ---- a metric -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MetricShown:
    """A metric of a month, or what one module has used of it."""

    metric: Document
    module: Document | None
    used: str
    amount: str
    days: Sequence[Document]
    lines: Sequence[Document]


def metric_shown(month: Document, metric: str, module: str | None) -> MetricShown:
    """A metric, of one module where one is named. Errors: `KeyError` when it is not there."""
    found = the(month["metrics"], "metric", metric)
    days, lines = found["days"], bill_lines(month, found["line_numbers"])
    if module is None:
        return MetricShown(found, None, found["used"], found["amount"], days, lines)
    module_id = "" if module == NO_MODULE else module
    of = the(found["modules"], "module_id", module_id)
    own = [day for day in days if day["module_id"] == module_id]
    return MetricShown(found, of, of["quantity"], of["amount"], own, lines)


@dataclass(frozen=True, slots=True)
class Grid:
    """Quantities by day and module; an empty cell where nothing was used."""

    modules: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str], str]]
    """(day, a quantity for each module, the day's sum)"""


def grid(shown: MetricShown) -> Grid:
    """The days on which something was used."""
    modules = sorted({one["module_id"] for one in shown.days})
    found = {(one["day"], one["module_id"]): str(one["quantity"]) for one in shown.days}
    return Grid(
        modules,
        [
            (
                day,
                [found.get((day, module_id), "") for module_id in modules],
                sum_of(one for one in shown.days if one["day"] == day),
            )
            for day in sorted({day for day, _ in found})
        ],
    )


def costs_by_day(source: Document) -> list[tuple[str, list[str]]]:
    """What each service of a source cost on each day; empty where it cost nothing."""
    found = {
        (day["day"], at): str(day["cost_usd"])
        for at, service in enumerate(source["services"])
        for day in service["days"]
    }
    services = range(len(source["services"]))
    return [
        (day, [found.get((day, at), "") for at in services])
        for day in sorted({day for day, _ in found})
    ]


def bill_lines(month: Document, numbers: Sequence[object]) -> list[Document]:
    """The lines of a month's bill that have these numbers, in its order."""
    return [
        line
        for group in month["bill"]["groups"]
        for line in group["lines"]
        if line["line_number"] in numbers
    ]


def quantities(shown: MetricShown, month: Document, say: Voice) -> Stacks | None:
    """The quantity of each day by module; nothing where nothing was used."""
    if not shown.days:
        return None
    of_month = {day["day"] for day in month["trend"]["days"]}
    days = sorted(of_month | {day["day"] for day in shown.days})
    metric, sums = shown.metric, [_used_on(shown, day) for day in days]
    return Stacks(
        title=say(
            "used_title", metric=metric["name"], first=say.day(days[0]), last=say.day(days[-1])
        ),
        description=say("used_description"),
        series=_series(shown, days, module_names([month], say), say),
        hints=[
            say("day_hint", day=say.day(day), amount=f"{say.quantity(used)} {metric['unit']}")
            for day, used in zip(days, sums, strict=True)
        ],
        labels=day_labels(days, say),
    )


def _series(
    shown: MetricShown, days: Sequence[str], names: Mapping[str, str], say: Voice
) -> list[tuple[str, list[str]]]:
    """A series for each module; those that have no colour left are one."""
    ids = sorted({day["module_id"] for day in shown.days})
    most = MOST_SERIES if len(ids) <= MOST_SERIES else MOST_SERIES - 1
    found = [(names[id_], [_used_on(shown, day, id_) for day in days]) for id_ in ids[:most]]
    if rest := ids[most:]:
        found.append((say("other_modules"), [_used_on(shown, day, *rest) for day in days]))
    return found


def _used_on(shown: MetricShown, day: str, *module_ids: str) -> str:
    return sum_of(
        one
        for one in shown.days
        if one["day"] == day and (not module_ids or one["module_id"] in module_ids)
    )


def sum_of(found: Iterable[Document], name: str = "quantity") -> str:
    """What the fields of some documents add up to, exactly."""
    return f"{sum((Decimal(one[name]) for one in found), Decimal(0)):f}"
