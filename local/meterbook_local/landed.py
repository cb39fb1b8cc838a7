"""Usage as it landed, read where it lies: a landing table that is a view over its files.

Of all streams usage is the one with many rows. Its JSON is read once, straight from the gzipped
files, when the lines are typed; a second copy of the text in the book would cost more than all the
rest. Whoever asks for the landed records themselves has their files read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
from meterbook.delivery import LANDING_TABLES
from meterbook.ports import ObjectStore

FILED = frozenset(LANDING_TABLES[stream] for stream in ("usage", "usage_counts"))
# Of gzipped files that are typed in one statement: about 600,000 events.
_CHUNK_BYTES = 32 * 2**20
LONGEST = "maximum_object_size = 67108864"  # of a landed row, which is a line


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

    def chunks(self, files: Iterable[tuple[str, datetime]]) -> Iterator[list[tuple[str, datetime]]]:
        """The files in their order, cut where they are large enough together."""
        chunk: list[tuple[str, datetime]] = []
        size = 0
        for name, loaded_at in files:
            chunk.append((name, loaded_at))
            size += (self._root / name).stat().st_size
            if size >= _CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def select(self, files: Sequence[tuple[str, datetime]]) -> str:
        """Select the landed rows of some files: record, file_name, file_row, loaded_at.

        Files are read in order, so a row's number is its rank among the places of its file.
        """
        paths = ", ".join(_quoted(str(self._root / name)) for name, _ in files)
        return (
            "select r.record, f.file_name, row_number() over "
            "(partition by r.path order by r.place) as file_row, f.loaded_at "
            "from (select json as record, filename as path, row_number() over () as place "
            f"from read_ndjson_objects([{paths}], {LONGEST}, filename = true)) as r "
            "join engine.files as f "
            f"on f.file_name = substr(r.path, {len(str(self._root)) + 2})"
        )

    def lookup(self, files: Iterable[tuple[str, datetime]]) -> str:
        """Select the same of all files one by one: who looks for one has only its file read."""
        return " union all ".join(
            f"select json as record, {_quoted(name)} as file_name, row_number() over () "
            f"as file_row, timestamp '{loaded_at}' as loaded_at from "
            f"read_ndjson_objects({_quoted(str(self._root / name))}, {LONGEST})"
            for name, loaded_at in files
        ) or (
            "select null::json as record, null::varchar as file_name, null::bigint as file_row, "
            "null::timestamp as loaded_at where false"
        )

    def unreadable(
        self, db: duckdb.DuckDBPyConnection, files: Iterable[tuple[str, datetime]]
    ) -> tuple[str, str]:
        """The first of the files that cannot be read, with what DuckDB says of it; or nothing."""
        for name, loaded_at in files:
            try:
                db.execute(f"select count(*) from ({self.select([(name, loaded_at)])})").fetchall()
            except duckdb.Error as error:
                return name, str(error).splitlines()[0]
        return "", ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
