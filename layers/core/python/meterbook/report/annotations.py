"""What stands beside the days of a month's trend: why a day is not like the one before.

Each follows from the body alone, but for cost that was delivered again. A text names what the
tenant knows by name, and no figure of the platform; it is plain text, whatever the names hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from itertools import accumulate
from types import MappingProxyType

from meterbook.canonical import short, text_of
from meterbook.close.late import KIND as ADJUSTMENT
from meterbook.close.snapshot import Fields
from meterbook.invoice.lines import Names
from meterbook.invoice.words import shown_day, shown_figure, words
from meterbook.money import Money, total
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.explained import number

THRESHOLDS = (80, 95, 100)
RATE_CHANGE, MODULE_ACTIVATED, THRESHOLD_HIT, LATE_ADJUSTMENT, RESTATED_COST = KINDS = (
    "rate_change", "module_activated", "threshold_hit", "late_adjustment", "restated_cost",
)  # fmt: skip
_WORDS = MappingProxyType(
    {
        "en": {
            "follows": "Plan {plan} v{version} follows {former} v{former_version}",
            "holds": "The prices of plan {plan} v{version} begin",
            "activated": "{module} is switched on",
            "reached": "{metric}: {percent} % of what is included used ({included} {unit})",
            "late": "Adjustment for {period}: {amount}",
            "written": "{text}: {amount}",
            "restated": "{source}: this day's cost was delivered anew on {day} and has changed",
        },
        "de": {
            "follows": "Plan {plan} v{version} folgt auf {former} v{former_version}",
            "holds": "Die Preise von Plan {plan} v{version} gelten ab hier",
            "activated": "{module} ist eingeschaltet",
            "reached": "{metric}: {percent} % der Inklusivmenge genutzt ({included} {unit})",
            "late": "Anpassung für {period}: {amount}",
            "written": "{text}: {amount}",
            "restated": "{source}: Kosten dieses Tages am {day} neu geliefert und geändert",
        },
    }
)
_Told = tuple[str, str, str]  # a day, a kind, a text


def reached(used: Fraction, included: Fraction) -> list[int]:
    """Which of 80, 95 and 100 % of what is included is used; nothing where nothing is included."""
    return [share for share in THRESHOLDS if included > 0 and 100 * used >= share * included]


def noted(
    body: Fields,
    tenant_id: str,
    restated: Iterable[Row],
    language: str,
    new_ids: Iterable[Row] = (),
) -> list[dict[str, str]]:
    """What happened on which day of a tenant's month, in the account's language, in order.

    `restated` are the rows of `publish_restated`, `new_ids` those of `publish_new_ids`: without
    them no day is known on which ids that count once reached a share.
    """
    month = _Month(body, tenant_id, language)
    found = {
        *month.rate_changes(),
        *month.modules(),
        *month.thresholds(new_ids),
        *month.adjustments(),
        *month.restated(restated),
    }
    return [{"day": day, "kind": kind, "text": text} for day, kind, text in sorted(found)]


class _Month:
    """One tenant's part of a body, and how it is spoken of."""

    def __init__(self, body: Fields, tenant_id: str, language: str) -> None:
        self._body, self._tenant_id, self._language = body, tenant_id, language
        period = Period.parse(str(body["period"]))
        self._first = period.start.isoformat()
        self._last = (period.end - timedelta(days=1)).isoformat()
        self._currency = str(body["currency"])
        self._names = Names(body)
        self._said: Mapping[str, str] = _WORDS[language]
        documents = (one["document"] for one in body["tenants"] if one["id"] == tenant_id)
        self._tenant: Fields = next(documents, {})

    def rate_changes(self) -> Iterator[_Told]:
        """Another plan version of the tenant's begins, or the prices of one that it has."""
        plans = sorted(self._tenant.get("subscriptions", ()), key=lambda plan: plan["starts_on"])
        versions = [(str(plan["plan_id"]), str(plan["plan_version"])) for plan in plans]
        begun = set()
        for former, version, plan in zip(versions, versions[1:], plans[1:], strict=False):
            if former != version and self._has(plan["starts_on"]):
                begun.add((plan["starts_on"], version))
                yield plan["starts_on"], RATE_CHANGE, self._follows(former, version)
        for document in (one["document"] for one in self._body["plans"]):
            day, version = document["starts_on"], (str(document["id"]), str(document["version"]))
            if self._has(day) and version in versions and (day, version) not in begun:
                text = self._said["holds"].format(plan=version[0], version=version[1])
                yield day, RATE_CHANGE, text

    def _follows(self, former: tuple[str, str], plan: tuple[str, str]) -> str:
        return self._said["follows"].format(
            plan=plan[0], version=plan[1], former=former[0], former_version=former[1]
        )

    def modules(self) -> Iterator[_Told]:
        """A module is switched on that was not on the day before."""
        modules = self._tenant.get("modules", ())
        ends = {(module["module_id"], module["ends_on"]) for module in modules}
        for module in modules:
            id_, day = module["module_id"], max(module["starts_on"], self._tenant["starts_on"])
            if self._has(day) and day < module["ends_on"] and (id_, day) not in ends:
                name = self._names.of("modules", id_)
                yield day, MODULE_ACTIVATED, self._said["activated"].format(module=name)

    def thresholds(self, new_ids: Iterable[Row]) -> Iterator[_Told]:
        """Use comes to a share of what is included; of shares reached on one day the greatest."""
        days = self._days(new_ids)
        for line in {line["metric"]: line for line in self._lines("variable")}.values():
            before, included = 0, number(line, "included_quantity")
            for day, used in _course(days[line["metric"]], self._counts(line["metric"])):
                now = max(reached(used, included), default=0)
                if now > before:
                    before = now
                    yield day, THRESHOLD_HIT, self._reached(line, now)

    def adjustments(self) -> Iterator[_Told]:
        """What came late for an earlier month, or was written by hand: on the month's first day."""
        sums: defaultdict[str, list[Money]] = defaultdict(list)
        for line in self._lines(ADJUSTMENT):
            amount = Money.of(line["amount"], self._currency)
            if line["text"]:
                told = {"text": line["text"], "amount": self._money(amount)}
                yield self._first, LATE_ADJUSTMENT, self._said["written"].format(**told)
            else:
                sums[line["adjusts_period"]].append(amount)
        for period, amounts in sums.items():
            told = {"period": period, "amount": self._money(total(amounts, self._currency))}
            yield self._first, LATE_ADJUSTMENT, self._said["late"].format(**told)

    def restated(self, rows: Iterable[Row]) -> Iterator[_Told]:
        """A settled day's cost has changed, of a source that the tenant's bill passes on."""
        passed = self._passed_on()
        for row in rows:
            day, source = text_of(row["usage_date"]), str(row["source"])
            if self._has(day) and source in passed:
                name = words(self._language).get(f"source_{source}", source)
                again = shown_day(text_of(row["restated_at"])[:10], self._language)
                yield day, RESTATED_COST, self._said["restated"].format(source=name, day=again)

    # ---- what these are made of --------------------------------------------------------------

    def _has(self, day: str) -> bool:
        return self._first <= day <= self._last

    def _lines(self, kind: str) -> list[Fields]:
        own = (self._tenant_id, kind)
        return [one for one in self._body["lines"] if (one["tenant_id"], one["line_kind"]) == own]

    def _counts(self, metric: str) -> str:
        return self._names.of("metrics", metric, "aggregation")

    def _days(self, new_ids: Iterable[Row]) -> defaultdict[str, list[tuple[str, Fraction]]]:
        """What was counted of each metric, day by day; an id that counts once does on its first."""
        days: defaultdict[str, list[tuple[str, Fraction]]] = defaultdict(list)
        for row in self._body["usage"]:
            if row["tenant_id"] == self._tenant_id and self._counts(row["metric"]) != "distinct":
                days[row["metric"]].append((row["usage_date"], number(row, "quantity")))
        for new in new_ids:
            if new["tenant_id"] == self._tenant_id and self._has(text_of(new["usage_date"])):
                told = text_of(new["usage_date"]), Fraction(text_of(new["new_ids"]))
                days[str(new["metric"])].append(told)
        return days

    def _passed_on(self) -> set[str]:
        """The sources that the plan at the month's start passes on."""
        first = (self._tenant_id, "card", "1")
        cards = {
            f"{term['name']}:{term['version']}"
            for term in self._body["terms"]
            if (term["tenant_id"], term["term"], term["place"]) == first
        }
        plans = (one["document"] for one in self._body["plans"] if one["id"] in cards)
        return {source for plan in plans for source in plan["passthrough"]}

    def _reached(self, line: Fields, percent: int) -> str:
        return self._said["reached"].format(
            metric=self._names.of("metrics", line["metric"]),
            percent=percent,
            included=shown_figure(short(line["included_quantity"]), self._language),
            unit=self._names.of("metrics", line["metric"], "unit"),
        )

    def _money(self, amount: Money) -> str:
        return f"{shown_figure(str(amount), self._language)} {amount.currency}"


def _course(days: Iterable[tuple[str, Fraction]], counts: str) -> Iterator[tuple[str, Fraction]]:
    """How much is used by each day: what adds up is added up, of levels the greatest counts."""
    by_day: defaultdict[str, list[Fraction]] = defaultdict(list)
    for day, quantity in days:
        by_day[day].append(quantity)
    if counts in ("max", "latest"):
        yield from ((day, max(by_day[day])) for day in sorted(by_day))
    else:
        sums = accumulate(sum(by_day[day], Fraction()) for day in sorted(by_day))
        yield from zip(sorted(by_day), sums, strict=True)
