"""Bring the book to what the catalog says: show the difference, then land it as one revision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from meterbook.book import Book
from meterbook.catalog.compare import Change, Held, Step, steps
from meterbook.catalog.consistency import must_be_consistent, must_not_overlap
from meterbook.catalog.defaults import default_documents, with_defaults
from meterbook.catalog.document import Document
from meterbook.catalog.grown import grown
from meterbook.delivery import Delivery, close_delivery, land_rows
from meterbook.errors import Refused
from meterbook.ports import Row

__all__ = ["AppliedCatalog", "Change", "apply_catalog", "default_documents"]


@dataclass(frozen=True, slots=True)
class AppliedCatalog:
    """What applying did, or would do: the catalog's revision after it, and its changes.

    Without a change the revision is the one that the book holds, and nothing has landed.
    """

    revision: int
    changes: list[Change]


def apply_catalog(
    book: Book,
    documents: Iterable[Document],
    *,
    commit: str = "",
    ends_on: date | None = None,
    dry_run: bool = False,
) -> AppliedCatalog:
    """Land what differs between the documents and the book, and bring the book up to date.

    What the book holds and the documents do not is removed: it ends on `ends_on`, or today. With
    `dry_run` the same is computed and nothing lands. Errors: `CatalogRefused` and `Refused` for
    what contradicts itself, rewrites what is published, reaches into a closed period, or comes
    second to another person's apply.
    """
    wanted = with_defaults(documents)
    must_be_consistent(wanted)
    book.update()  # so that an apply that came second starts from what the first one landed
    end = ends_on or book.clock.now().date()
    held = [_held(row) for row in book.query("catalog_documents")]
    todo = steps(held, wanted, end.isoformat(), _closed_until(book))
    if ends_on and not any(step.change.action == "remove" for step in todo):
        raise Refused(
            detail=f"{ends_on} ends nothing: these documents remove none that the book still "
            "holds. Apply again without an end date."
        )
    must_not_overlap(wanted, removed=_tombstones(held, todo))
    revision = _head(book) + bool(todo)
    if todo and not dry_run:
        _land(book, revision, todo, commit)
        book.update()
    return AppliedCatalog(revision, [step.change for step in todo])


def _held(row: Row) -> Held:
    kind = str(row["kind"])
    body = grown(kind, json.loads(str(row["document"])))
    where = f"the book, revision {row['revision']}"
    return Held(Document(kind, str(row["id"]), body, where), bool(row["removed"]))


def _tombstones(held: Sequence[Held], todo: Sequence[Step]) -> list[Document]:
    """What is removed and stays so, with what these steps remove."""
    old = [of.document for of in held if of.removed]
    return old + [step.document for step in todo if step.change.action == "remove"]


def _head(book: Book) -> int:
    (row,) = book.query("catalog_head")
    return int(str(row["revision"]))


def _closed_until(book: Book) -> str:
    rows = book.query("catalog_closed_until")
    return str(rows[0]["closed_until"]) if rows else ""


def _land(book: Book, revision: int, todo: Sequence[Step], commit: str) -> None:
    """Land one row per changed document; the delivery's id is the claim of the revision."""
    delivery_id = f"{revision:08d}"
    rows = [_row(step, revision, commit) for step in todo]
    delivery = Delivery(
        delivery_id=delivery_id,
        stream="catalog",
        family="catalog",
        scope="catalog",
        ordered_at=book.clock.now(),
        files=land_rows(book.landing, "catalog", delivery_id, rows),
        origin={"commit": commit},
    )
    if not close_delivery(book.landing, delivery):
        raise Refused(
            detail=f"Somebody else applied revision {revision} of the catalog in the meantime; "
            "nothing of yours has landed. Run apply again to see what is left to change."
        )


def _row(step: Step, revision: int, commit: str) -> dict[str, object]:
    return {
        "revision": revision,
        "kind": step.document.kind,
        "id": step.document.id,
        "removed": step.change.action == "remove",
        "commit": commit,
        "document": step.document.body,
    }
