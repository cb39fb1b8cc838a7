"""What applying a catalog would do to the book: documents in, changes out, nothing touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from meterbook.catalog.document import Document, Fields, ended
from meterbook.errors import Refused

# What tells the entries of a list apart in the description of a change.
ENTRY_KEYS = {
    "rates": "metric",
    "tiers": "tier",
    "markups": "source",
    "facility_fees": "module_id",
    "modules": "module_id",
    "tenants": "tenant_id",
    "subscriptions": "starts_on",
    "values": "starts_on",
    "tax_rates": "tax_class",
    "discounts": "id",
    "credits": "id",
    "aliases": "raw",
    "conversions": "unit",
    "shares": "tenant_id",
    "owners": "value",
    "columns": "field",
}
LONGEST = 1000
VERSIONED = ("plan", "allocation_rule")
METRIC_FIXED = ("unit", "aggregation", "counts")


@dataclass(frozen=True, slots=True)
class Held:
    """The latest revision of a document in the book; `removed` when it is a tombstone."""

    document: Document
    removed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One document that applying adds, changes or removes, field by field where it changes."""

    kind: str
    id: str
    action: Literal["add", "change", "remove"]
    details: list[str]


@dataclass(frozen=True, slots=True)
class Step:
    """A change and the document that lands for it."""

    change: Change
    document: Document


def steps(
    held: Sequence[Held], wanted: Sequence[Document], ends_on: str, closed_until: str
) -> list[Step]:
    """Say what leads from the book to the catalog, in order of kind and id.

    Args: `ends_on` the day on which removed documents end; `closed_until` the first day that no
    close covers ("" before the first). Errors: `CatalogRefused` for an edit of what is published,
    `Refused` for a removal that reaches into a closed period.
    """
    book = {entry.document.key: entry for entry in held}
    kept = {document.key for document in wanted}
    found = [_put(book.get(document.key), document, book.keys() | kept) for document in wanted]
    gone = [of.document for key, of in book.items() if key not in kept and not of.removed]
    found += [_remove(document, ends_on, closed_until) for document in gone]
    return sorted((step for step in found if step), key=lambda step: step.document.key)


def _put(held: Held | None, document: Document, known: Set[tuple[str, str]]) -> Step | None:
    if held is None:
        return Step(Change(*document.key, "add", []), document)
    if document == held.document and not held.removed:
        return None
    details = list(differences(held.document.body, document.body))
    _must_not_rewrite(held, document, details, known)
    if held.removed:
        details = [f"comes back: it was removed with the end {held.document.body['ends_on']}"]
    return Step(Change(*document.key, "add" if held.removed else "change", details), document)


def _remove(document: Document, ends_on: str, closed_until: str) -> Step:
    tombstone = ended(document, ends_on)
    end = tombstone.body["ends_on"]
    if end < closed_until and end < document.body["ends_on"]:
        raise Refused(
            detail=f"{document.title} cannot be removed with the end {end}: the days before "
            f"{closed_until} are closed. Remove it with an end on {closed_until} or later."
        )
    return Step(Change(*document.key, "remove", [f"ends on {end}"]), tombstone)


def _must_not_rewrite(
    held: Held, document: Document, details: list[str], known: Set[tuple[str, str]]
) -> None:
    """Refuse an edit of what is published, also of what comes back from its removal."""
    if _fixed(held.document, held.removed) == _fixed(document, held.removed):
        return
    if document.kind == "metric":
        detail = f"{document.title} already means something else ({'; '.join(details)})"
        remedy = f"{', '.join(METRIC_FIXED)} never change: put them back and define a new metric."
        raise document.refusal(detail, remedy)
    series = [of.rpartition(":") for kind, of in known if kind == document.kind]
    newest = max(int(version) for of, _, version in series if of == document.body["id"])
    detail = f"{document.title} is published and never changes ({'; '.join(details)})"
    raise document.refusal(detail, f"Put it back as it was and write version {newest + 1}.")


def _fixed(document: Document, removed: bool) -> Mapping[str, Any]:
    """The part of a document that may never change once it is in the book."""
    if document.kind == "metric":
        return {name: document.body[name] for name in METRIC_FIXED}
    if document.kind not in VERSIONED:
        return {}
    # A tombstone's own end is not what was published.
    return {k: v for k, v in document.body.items() if not (removed and k == "ends_on")}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Describe field by field how a body changed: `rates[orders].unit_price 0.40 → 0.45`."""
    return _differences(_tree(old), _tree(new), "")


def _differences(old: Fields, new: Fields, path: str) -> Iterator[str]:
    for name in [*old, *(name for name in new if name not in old)]:
        one, other, place = old.get(name), new.get(name), (path + name).removeprefix(".")
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(one, other, place)
        elif one is None:
            yield f"{place} added: {_shown(other)}"
        elif other is None:
            yield f"{place} removed, was {_shown(one)}"
        elif one != other:
            yield f"{place} {_shown(one)} → {_shown(other)}"


def _tree(body: Mapping[str, Any]) -> Fields:
    """The body with its lists as mappings, every name as it is written in a path."""
    return {f".{name}": _branch(name, value) for name, value in body.items()}


def _branch(name: str, value: Any) -> Any:  # noqa: ANN401 - any field's value
    if isinstance(value, dict):
        return _tree(value)
    if not isinstance(value, list):
        return value
    if name not in ENTRY_KEYS or any(isinstance(entry, str) for entry in value):
        return "; ".join(value)
    branch: Fields = {}
    for entry in value:
        label = f"[{entry[ENTRY_KEYS[name]]}]"
        again = f"[{entry[ENTRY_KEYS[name]]} from {entry.get('starts_on')}]"
        branch[again if label in branch else label] = _tree(entry)
    return branch


def _shown(value: Any) -> str:  # noqa: ANN401 - any branch of a tree
    if isinstance(value, dict):
        parts = (f"{name.strip('.')} {_shown(part)}" for name, part in value.items())
        return ", ".join(parts) or "(empty)"
    text = str(value).lower() if isinstance(value, bool) else value or "(empty)"
    # A picture is a text of many thousand characters: its length says that it is another one.
    return text if len(text) <= LONGEST else f"{text[:16]}… of {len(text)} characters"
