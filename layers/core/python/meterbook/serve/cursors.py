"""Where the next page begins: behind the last row that was shown, never at a count of rows.

So pages stay whole while rows are being added: every row that was there when the first page was
asked for comes exactly once. A cursor belongs to one tenant, route and set of filters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from meterbook.canonical import canonical_json
from meterbook.serve.problems import Problem
from meterbook.serve.signing import as_bytes, as_text, is_mark, mark

LONGEST = 2048
Position = Sequence[str]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cursors:
    """The cursors of one list: `of` is what it is a list of, such as tenant, route and filters."""

    key: bytes
    of: Sequence[str]

    def write(self, position: Position) -> str:
        """A cursor to what follows a position."""
        said = as_text(canonical_json(list(position)).encode())
        return f"{said}.{mark(self.key, 'cursor', [*self.of, said])}"

    def read(self, cursor: str) -> tuple[str, ...]:
        """The position in a cursor of ours; nothing of it is looked at before its mark.

        Errors: `Problem` 400 for every other text.
        """
        said, _, signed = cursor.partition(".")
        if len(cursor) > LONGEST or not is_mark(signed, self.key, "cursor", [*self.of, said]):
            raise Problem(400, "BAD_CURSOR", "The cursor is not one of this list: begin anew.")
        return tuple(json.loads(as_bytes(said)))


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by; no two of its rows share one position."""

    position: Callable[[Row], Position]
    newest_first: bool = False

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """The rows in this order."""
        return sorted(rows, key=lambda row: tuple(self.position(row)), reverse=self.newest_first)

    def is_behind(self, row: Row, after: Position) -> bool:
        """Whether a row comes after a position."""
        place = tuple(self.position(row))
        return place < tuple(after) if self.newest_first else place > tuple(after)


def page_of(
    rows: Iterable[Row], order: Order, cursors: Cursors, cursor: str, limit: int
) -> tuple[list[Row], str | None]:
    """The rows behind the cursor, at most `limit`, and the cursor of the page after, if any.

    The rows come in the order, and no more of them are taken than are needed.
    """
    after = cursors.read(cursor) if cursor else None
    following = (row for row in rows if after is None or order.is_behind(row, after))
    page = list(islice(following, limit + 1))
    more = cursors.write(order.position(page[limit - 1])) if len(page) > limit else None
    return page[:limit], more
