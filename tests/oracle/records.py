"""What goes into the oracle and what comes out of it, and the catalog as it reads it.

Days and times are ISO texts, which sort as time does; half-open spans are `[starts_on, ends_on)`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
MINOR_DIGITS = {"JPY": 0, "KWD": 3}
KINDS = ("levy", "facility", "variable", "passthrough", "total")


@dataclass(frozen=True)
class CostDelivery:
    """A cost delivery: its closing record, and its rows as landed."""

    record: Json
    rows: Sequence[Json]


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
    plan: str
    currency: str
    quantity: Fraction
    included: Fraction
    billable: Fraction
    amount_minor: int

    @property
    def key(self) -> tuple[str, ...]:
        return self.period, self.account, self.tenant, self.kind, self.module, self.metric


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
    attributed: dict[tuple[str, ...], Fraction] = field(default_factory=dict)
    unattributed: dict[str, JudgedDay] = field(default_factory=dict)
    conservation: dict[str, tuple[Fraction, ...]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    unrated: dict[tuple[str, str, str], Fraction] = field(default_factory=dict)
    faults: set[tuple[str, str, str, str]] = field(default_factory=set)
    totals: dict[tuple[str, str, str], dict[str, int]] = field(default_factory=dict)

    def daily_summary(self) -> dict[tuple[str, ...], tuple[Fraction, Fraction]]:
        """Quantity and cost of each day, tenant, module and resource, side by side."""
        sums: dict[tuple[str, ...], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 2)
        for used, (quantity, _) in self.usage_daily.items():
            sums[used][0] += quantity
        for (day, kind, tenant, module, resource, *_), cost in self.attributed.items():
            if kind == "attributed":
                sums[day, tenant, module, resource][1] += cost
        return {key: (quantity, cost) for key, (quantity, cost) in sums.items()}

    def lines_by_key(self) -> dict[tuple[str, ...], Line]:
        return {line.key: line for line in self.lines}


def covers(span: Json, day: str) -> bool:
    return bool(span["starts_on"] <= day < span["ends_on"])


class Catalog:
    """The documents that hold: of each id the latest revision, alive on the days it says."""

    def __init__(self, landed: Iterable[Json]) -> None:
        self.documents: dict[str, dict[str, Json]] = defaultdict(dict)
        for row in sorted(landed, key=lambda row: int(row["revision"])):
            self.documents[row["kind"]][row["id"]] = row["document"]

    def alive(self, kind: str, key: str, day: str) -> Json | None:
        document = self.documents[kind].get(key)
        return document if document and covers(document, day) else None

    def config(self, key: str, day: str) -> str:
        document = self.documents["config"][key]
        return next(str(value["value"]) for value in document["values"] if covers(value, day))

    def canonical(self, tag: str, raw: str, day: str) -> str:
        for document in self.documents["tag_aliases"].values():
            if document["tag"] == tag and covers(document, day):
                for alias in document["aliases"]:
                    if alias["raw"] == raw:
                        return str(alias["value"])
        return raw

    def rules(self, day: str) -> list[Json]:
        """The version in force of each rule that day, in the order in which they are asked."""
        newest: dict[str, Json] = {}
        for rule in self.documents["allocation_rule"].values():
            known = newest.get(rule["id"])
            if rule["starts_on"] <= day and (
                known is None or int(rule["version"]) > int(known["version"])
            ):
                newest[rule["id"]] = rule
        in_force = [rule for rule in newest.values() if day < rule["ends_on"]]
        return sorted(in_force, key=lambda rule: (int(rule["position"]), rule["id"]))
