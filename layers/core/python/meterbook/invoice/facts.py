"""Frozen facts, compared row by row: what differs is named as a person would name it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meterbook.canonical import canonical_json, short
from meterbook.close.snapshot import Fields

NOTHING = "nothing"
# A section of rows: what one is called, the columns that name it, and those that it tells.
_ROWS = {
    "usage": ("usage row", ("usage_date", "tenant_id", "module_id", "metric"), ("quantity",)),
    "costs": (
        "cost row",
        (
            "usage_date", "source", "tenant_id", "module_id", "resource_type", "rule_id",
            "rule_version",
        ),
        ("cost_usd",),
    ),
    "quantities": ("quantity", ("tenant_id", "metric"), ("quantity",)),
    "heads": ("counted ids", ("tenant_id", "metric"), ("count", "ids_sha256")),
    "terms": (
        "term",
        ("term", "tenant_id", "name", "place"),
        ("version", "amount", "detail"),
    ),
    "decisions": (
        "decision",
        ("decision", "stream", "subject"),
        ("actor", "reason", "decided_at"),
    ),
}  # fmt: skip
_DOCUMENTS = {
    "plans": "plan", "rules": "rule", "metrics": "metric", "modules": "module",
    "tenants": "tenant", "config": "config",
}  # fmt: skip
# What names an entry of a list, the first that it has.
_NAMES = (
    "line_number", "metric", "module_id", "tenant_id", "plan_id", "tier", "source", "id", "number",
    "category", "name", "kind", "day",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not what it was."""

    what: str
    before: str
    after: str

    def of(self, whole: str) -> Difference:
        """The same, said of a part of something."""
        return Difference(f"{whole} {self.what}", self.before, self.after)

    def __str__(self) -> str:
        return f"{self.what}: {self.before} -> {self.after}"


def differences(before: Fields, after: Fields) -> Iterator[Difference]:
    """What differs between two frozen bodies: rows first, then rates and rules, then the rest."""
    for section, (noun, names, told) in _ROWS.items():
        yield from _rows(noun, names, told, before.get(section, []), after.get(section, []))
    for section, noun in _DOCUMENTS.items():
        yield from _documents(noun, before.get(section, []), after.get(section, []))
    for party in ("account", "seller"):
        sides = [[side[party]] if party in side else [] for side in (before, after)]
        yield from _documents(party, *sides)
    seen = {*_ROWS, *_DOCUMENTS, "account", "seller"}
    old, new = ({k: v for k, v in side.items() if k not in seen} for side in (before, after))
    yield from differing(old, new)


def _rows(
    noun: str,
    names: tuple[str, ...],
    told: tuple[str, ...],
    before: list[Fields],
    after: list[Fields],
) -> Iterator[Difference]:
    old, new = (
        _counted([tuple(str(row.get(name, "")) for name in names) for row in rows], rows)
        for rows in (before, after)
    )
    for key in sorted(old.keys() | new.keys()):
        if canonical_json(old.get(key)) == canonical_json(new.get(key)):
            continue
        what = " ".join([noun, *(part for part in key[0] if part)])
        yield Difference(what, *(_told(told, side.get(key)) for side in (old, new)))


_Key = tuple[tuple[str, ...], int]


def _counted(keys: list[tuple[str, ...]], rows: list[Fields]) -> dict[_Key, Fields]:
    """Rows by their name; one that comes again is another one."""
    seen: Counter[tuple[str, ...]] = Counter()
    found: dict[_Key, Fields] = {}
    for key, row in zip(keys, rows, strict=True):
        found[key, seen[key]] = row
        seen[key] += 1
    return found


def _told(columns: tuple[str, ...], row: Fields | None) -> str:
    if row is None:
        return NOTHING
    return " ".join(shortened(row[name]) for name in columns if row.get(name))


def shortened(value: object) -> str:
    """A figure without its idle zeros; what is no figure stays as it is."""
    try:
        return short(value)
    except ArithmeticError:
        return str(value)


def _documents(noun: str, before: list[Fields], after: list[Fields]) -> Iterator[Difference]:
    old, new = ({str(found["id"]): found for found in side} for side in (before, after))
    for id_ in sorted(old.keys() | new.keys()):
        if id_ in old and id_ in new:
            for found in differing(_flat(old[id_]), _flat(new[id_])):
                yield found.of(f"{noun} {id_}")
        else:
            sides = ("there" if id_ in side else NOTHING for side in (old, new))
            yield Difference(f"{noun} {id_}", *sides)


def _flat(found: Fields) -> Fields:
    """A document with its revision beside its fields."""
    return {**found["document"], "revision": found.get("revision")}


def differing(before: Any, after: Any, path: str = "") -> Iterator[Difference]:  # noqa: ANN401 - any JSON
    """Every place in which two JSON values differ, like `rates[api_calls].unit_price`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            inner = f"{path}.{name}" if path else name
            yield from differing(before.get(name), after.get(name), inner)
    elif isinstance(before, list) and isinstance(after, list):
        old, new = (_labelled(side) for side in (before, after))
        for label in [*old, *(label for label in new if label not in old)]:
            yield from differing(old.get(label), new.get(label), f"{path}[{label}]")
    elif before != after:
        yield Difference(path, *(_text(side) for side in (before, after)))


def _labelled(entries: list[Any]) -> dict[str, Any]:
    """The entries of a list by what names them; by their place where that is not one of a kind."""
    labels = [_label(entry) for entry in entries]
    again = {label for label, count in Counter(labels).items() if count > 1 or not label}
    return {
        label if label not in again else f"{label} {place}".strip(): entry
        for place, (label, entry) in enumerate(zip(labels, entries, strict=True), start=1)
    }


def _label(entry: object) -> str:
    if not isinstance(entry, Mapping):
        return ""
    return next((str(entry[name]) for name in _NAMES if entry.get(name)), "")


def _text(value: object) -> str:
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else canonical_json(value)
