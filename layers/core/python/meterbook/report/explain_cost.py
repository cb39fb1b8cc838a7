"""What a line of real cost is made of: days by rule, then shares of pools or landed lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from meterbook.book import Book
from meterbook.canonical import text_of
from meterbook.close.snapshot import Fields
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.explained import Later, Part, exactly, number, place_of, written

_KEY = ("usage_date", "module_id", "resource_type", "rule_id", "rule_version")
_TAGGED = ("usage_date", "payer", "owner_tag", "module_tag", "service", "account")
_WHOLE = 10**12
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent, in parts, and what is known otherwise now."""

    parts: tuple[Part, ...]
    later: tuple[Later, ...]


@dataclass(frozen=True, slots=True)
class Passed:
    """The cost of a source that is passed on; `factor` makes the account's currency of a dollar."""

    body: Fields
    tenant_id: str
    source: str
    factor: Fraction

    def part(self, what: str, cost_usd: Fraction, place: str = "") -> Part:
        """A cost, with what is billed for it."""
        return Part(what, cost_usd * self.factor, cost_usd, "USD", place)

    def rows(self) -> dict[_Key, Fraction]:
        """The frozen rows by day, module, resource and rule."""
        own = (self.tenant_id, self.source)
        rows = (row for row in self.body["costs"] if (row["tenant_id"], row["source"]) == own)
        return {_key(row): number(row, "cost_usd") for row in rows}


def spent(book: Book, of: Passed) -> Spent:
    """Take a cost apart; a row that is known otherwise now keeps its figure and says so."""
    known = _Known(book, of)
    parts, later = [], []
    rows = of.rows()
    for key in sorted(rows.keys() | known.costs.keys()):
        now, then = known.costs.get(key, Fraction()), rows.get(key, Fraction())
        if key in rows:
            whole = of.part(_named(key), then)
            parts.append(exactly(known.below(key), whole) if now == then else whole)
        if now != then:
            later.append(Later(_named(key), now - then, "USD"))
    return Spent(tuple(parts), tuple(later))


def changed_costs(book: Book, of: Passed) -> tuple[Later, ...]:
    """What has become of the cost of a month since it was frozen."""
    return spent(book, of).later


class _Known:
    """What the book knows now of the costs of a tenant in a month."""

    def __init__(self, book: Book, of: Passed) -> None:
        self._of = of
        period = Period.parse(of.body["period"])
        asked: dict[str, Any] = {
            "tenant_id": of.tenant_id,
            "source": of.source,
            "first_day": period.start,
            "end_day": period.end,
        }
        self.costs = {_key(r): number(r, "cost_usd") for r in book.query("explain_costs", **asked)}
        self._pools = {_key(row): row for row in book.query("explain_pools", **asked)}
        self._tagged = _by(_KEY, book.query("explain_tagged", **asked))
        self._lines = _by(_TAGGED, book.query("explain_cost_lines", **asked))

    def below(self, key: _Key) -> Iterator[Part]:
        """What a row is made of: the tenant's share of a pool, or what carries its tag."""
        if key in self._pools:
            yield self._share(self._pools[key], key)
        for row in self._tagged[key]:
            own = self._of.part(_called(row), number(row, "cost_usd"))
            yield exactly(self._landed(self._lines[_texts(_TAGGED, row)]), own)

    def _share(self, row: Row, key: _Key) -> Part:
        pool = number(row, "pool_units") / _WHOLE
        share = (number(row, "share_to_here") - number(row, "share_before")) / _WHOLE
        what = f"{written(share)} of the pool of {written(pool)} USD, by {row['split_by']}"
        return self._of.part(what, self.costs[key])

    def _landed(self, rows: Sequence[Row]) -> Iterator[Part]:
        for row in rows:
            what = " ".join(filter(None, (str(row["usage_type"]), str(row["resource_id"]))))
            yield self._of.part(what or str(row["service"]), number(row, "cost_usd"), place_of(row))


def _by(columns: Sequence[str], rows: Sequence[Row]) -> defaultdict[_Key, list[Row]]:
    found: defaultdict[_Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[_texts(columns, row)].append(row)
    return found


def _key(row: Mapping[str, Any]) -> _Key:
    return _texts(_KEY, row)


def _texts(columns: Sequence[str], row: Mapping[str, Any]) -> _Key:
    return tuple(text_of(row[column]) for column in columns)


def _named(key: _Key) -> str:
    day, module, resource, rule, version = key
    return " ".join(filter(None, (day, module, resource, f"by rule {rule}:{version}")))


def _called(row: Row) -> str:
    parts = (row["service"], row["account"], f"tagged {row['owner_tag']}")
    return " ".join(str(part) for part in parts if part)
