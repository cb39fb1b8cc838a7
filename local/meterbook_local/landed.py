"""Usage as it landed, read where it lies: a landing table that is a view over its files.

Of all streams usage is the one with many rows. Its JSON is read once, straight from the gzipped
files, when the lines are typed; a second copy of the text in the book would cost more than all the
rest. Whoever asks for the landed records themselves (a check does) has the files read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
from meterbook.delivery import LANDING_TABLES
from meterbook.ports import ObjectStore

FILED = frozenset(LANDING_TABLES[stream] for stream in ("usage", "usage_counts"))
_CHUNK_BYTES = (
    32 * 2**20
)  # of gzipped files that are typed in one statement: about a million events
_NOTHING = (
    "select null::json as record, null::varchar as file_name, null::bigint as file_row, "
    "null::timestamp as loaded_at where false"
)


class LandedFiles:
    """The files of a landing folder, by the name of their object."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def keep(self, landing: ObjectStore, name: str) -> None:
        """Have the object as a file; where the folder is the landing one, it is there."""
        path = self._root / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.partial")
            beside.write_bytes(landing.get(name))
            beside.replace(path)

    def chunks(self, names: Iterable[str]) -> Iterator[list[str]]:
        """The names in their order, cut where the files are large enough together."""
        chunk: list[str] = []
        size = 0
        for name in names:
            chunk.append(name)
            size += (self._root / name).stat().st_size
            if size >= _CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def select(self, names: Sequence[str]) -> str:
        """Select the landed rows of the files: record, file_name, file_row, loaded_at.

        A row's number is its place in its file: files are read in order, so it is the place in all
        of them less the place of the file's first.
        """
        if not names:
            return _NOTHING
        paths = ", ".join(_quoted(str(self._root / name)) for name in names)
        skipped = len(str(self._root)) + 2
        return (
            "with records as materialized (select json as record, filename, row_number() over () "
            f"as place from read_ndjson_objects([{paths}], maximum_object_size = 67108864, "
            "filename = true)), files as (select filename, min(place) as first_place, "
            f"substr(filename, {skipped}) as file_name from records group by filename) "
            "select r.record, f.file_name, r.place - f.first_place + 1 as file_row, e.loaded_at "
            "from records as r join files as f using (filename) "
            "join engine.files as e on e.file_name = f.file_name"
        )

    def view(self, names: Sequence[str]) -> str:
        """The same rows file by file, for whoever looks for one: only its file need be read."""
        if not names:
            return _NOTHING
        return " union all ".join(
            f"select json as record, {_quoted(name)} as file_name, row_number() over () "
            "as file_row, null::timestamp as loaded_at from read_ndjson_objects("
            f"{_quoted(str(self._root / name))}, maximum_object_size = 67108864)"
            for name in names
        )

    def unreadable(self, db: duckdb.DuckDBPyConnection, names: Iterable[str]) -> tuple[str, str]:
        """The first of the files that cannot be read, with what DuckDB says of it; or nothing."""
        for name in names:
            try:
                db.execute(f"select count(*) from ({self.select([name])})").fetchall()
            except duckdb.Error as error:
                return name, str(error).splitlines()[0]
        return "", ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
