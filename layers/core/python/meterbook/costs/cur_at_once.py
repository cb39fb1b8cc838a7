"""A whole report made into rows at once, by DuckDB, where it is installed.

What is read here is what `CurFile` reads line by line, to the byte, or it is not read here at all:
a report with anything wrong in it, or only odd (a line break in quotes, a control character, a cost
in an unusual notation), is left to that reader, which says what is wrong and where. So a cost is
judged by a stricter pattern than there, and what has few values (days, payers, currencies, tags in
JSON) by the very same code, value by value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meterbook.canonical import short
from meterbook.costs.amortized import PARTS
from meterbook.costs.cur_line import DECIMALS, fault_in
from meterbook.costs.cur_reading import LANDED, value_under
from meterbook.costs.mapping import CurMapping
from meterbook.delivery import ControlTotal
from meterbook.errors import FileRefused
from meterbook.parquetfile import ParquetFile, connection, duckdb_for, is_parquet, literally
from meterbook.textfile import as_text, csv_records, is_gzip, read_blocks

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROWS_AT_ONCE = 10_000
# A space beside a quote is here because DuckDB overlooks one that stands outside the quotes.
_ODD = (b"\r", b"\0", "\ufeff".encode(), b' "', b'" ')


@dataclass(frozen=True, slots=True)
class ReadAtOnce:
    """What a report says as a whole; its rows are handed out once, as they are asked for."""

    path: Path
    payer: str
    sha256: str
    left_out: int
    days: list[ControlTotal]
    db: DuckDBPyConnection

    def rows(self) -> Iterator[str]:
        """The rows in the order of the file."""
        with self.db as db:
            found = db.execute("select row from lines")
            while rows := found.fetchmany(_ROWS_AT_ONCE):
                yield from (row for (row,) in rows)


def read_at_once(path: Path, mapping: CurMapping, payer: str = "") -> ReadAtOnce | None:
    """The report as a whole, None where it is to be read line by line instead."""
    try:
        duckdb: Any = duckdb_for(path)
        db = connection(duckdb)
    except FileRefused:
        return None
    try:
        return _AtOnce(db, path, mapping).read(payer)
    except (_LeftAlone, FileRefused, ValueError, duckdb.Error):
        db.close()
        return None


class _LeftAlone(Exception):
    """Says that a report is for the reader that goes line by line."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a report's texts come from: SQL for each column that is there, and for all rows.

    `whole` is the SQL that says whether a row has all of its columns and no more.
    """

    texts: Mapping[str, str]
    rows: str
    sha256: str
    lines_before: int = 0
    row_count: int | None = None
    whole: str = "true"
    decimals: int = DECIMALS


class _AtOnce:
    """One report on its way through DuckDB: texts, then lines, then what they come to."""

    def __init__(self, db: DuckDBPyConnection, path: Path, mapping: CurMapping) -> None:
        self._db, self._path, self._mapping = db, path, mapping

    def read(self, payer: str) -> ReadAtOnce:
        before = self._state()
        source = self._parquet() if is_parquet(self._path) else self._text()
        row_count = self._keep_texts(source)
        _only_if(self._state() == before)  # or the hash would be that of another file
        self._keep_lines(source)
        ((taken, odd),) = self._asked(
            "select count(*), count(*) filter (cost_usd is null or amortized_usd is null "
            r"or contains(row, '\u00')) from lines"
        )
        _only_if(not odd)
        return ReadAtOnce(
            path=self._path,
            payer=self._one_payer(payer),
            sha256=source.sha256,
            left_out=row_count - int(taken),
            days=self._days(),
            db=self._db,
        )

    def _state(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_size, found.st_mtime_ns

    def _parquet(self) -> _Source:
        file = ParquetFile(self._path)
        binary = file.types.get(self._mapping.terms["cost"].column) in ("DOUBLE", "FLOAT")
        present = self._mapping.places(list(file.types), self._path)
        return _Source(
            texts={name: file.text_sql(name) for name in present},
            rows="read_parquet(?, hive_partitioning = false)",
            sha256=file.sha256(),
            decimals=self._mapping.decimals if binary else DECIMALS,
        )

    def _text(self) -> _Source:
        shape = self._mapping.shape
        _only_if(shape.quote in ("", '"'))
        first, line_count, sha256 = _surveyed(self._path)
        header = shape.columns or next(csv_records([first], shape, self._path)).fields or []
        places, width = self._mapping.places(header, self._path), len(header)
        names = ", ".join(f"'c{place}': 'varchar'" for place in range(width + 1))
        lines_before = 0 if shape.columns else 1
        quote, packing = _literal(shape.quote), "'gzip'" if is_gzip(self._path) else "'none'"
        return _Source(
            texts={name: f"c{place}" for name, place in places.items()},
            rows=f"read_csv(?, auto_detect = false, header = false, skip = {lines_before}, "
            f"delim = {_literal(shape.delimiter)}, quote = {quote}, escape = {quote}, "
            f"compression = {packing}, new_line = '\\n', columns = {{{names}}}, "
            # A field that is there is never NULL, since no text holds this mark; a padded one is.
            "null_padding = true, nullstr = '\r')",
            sha256=sha256,
            lines_before=lines_before,
            row_count=line_count - lines_before,
            whole=f"c{width - 1} is not null and c{width} is null",
        )

    def _keep_texts(self, source: _Source) -> int:
        """Table `texts`: one text for each column, '' for NULL; return how many rows there are."""
        null = _literal(self._mapping.null)
        kept = {
            _name(column): f"coalesce(nullif({sql}, {null}), '')"
            for column, sql in source.texts.items()
        }
        kept['"whole?"'] = source.whole
        self._db.execute(
            f"create temp table texts as select {_listed(kept)} from {source.rows}",  # noqa: S608 - columns are quoted
            [literally(self._path)],
        )
        ((row_count, broken),) = self._asked(
            'select count(*), count(*) filter (not "whole?") from texts'
        )
        # Fewer rows than lines: one is blank, or a field holds a line's end.
        _only_if(source.row_count in (None, row_count) and not broken)
        return int(row_count)

    def _keep_lines(self, source: _Source) -> None:
        """Table `lines`: the rows that are taken, with what they are judged and summed by."""
        said, joins = self._fields(source)
        if self._mapping.amortized:
            said["amortized_cost"] = _by_rule(self._mapping.amortized, source, said["cost"])
        told = "amortized_cost" if self._mapping.tells_amortized else "cost"
        exact = _exact(told, source.decimals)
        judged = {
            "cost_usd": _exact("cost", source.decimals),
            "amortized_usd": f"case when {told} = cost then cost_usd else {exact} end",
            "row": _row_sql(said),
        }
        said |= {"line": f"texts.rowid + {source.lines_before + 1}", "moment": said["usage_date"]}
        said["usage_date"] = f"left({said['moment']}, 10)"
        self._db.execute(
            f"create temp table lines as with said as (select {_listed(said)} from texts "  # noqa: S608 - columns are quoted, texts are literals
            f"{' '.join(joins)} where {self._where()}) select line, payer, moment, usage_date, "
            f"currency, {_listed(judged)} from said {'order by line' if joins else ''}"
        )

    def _fields(self, source: _Source) -> tuple[dict[str, str], list[str]]:
        """The SQL of each field, and the joins that the tags in JSON need."""
        said, joins = {"file": _literal(self._path.name)}, []
        for field, term in self._mapping.terms.items():
            said[field] = _name(term.column) if term.column in source.texts else "''"
            if not term.column:
                said[field] = _literal(term.value)
            elif term.key and term.column in source.texts:
                said[field] = f"{field}_values.value"
                joins.append(self._values_under(field, term.column, term.key))
        return said, joins

    def _values_under(self, field: str, column: str, key: str) -> str:
        """Keep what stands under a key of each JSON text; return how to join it."""
        few = self._asked(f"select distinct {_name(column)} from texts")  # noqa: S608 - it is quoted
        texts = [text for (text,) in few]
        self._db.execute(
            f"create temp table {field}_values as select unnest(?) as text, unnest(?) as value",
            [texts, [value_under(key, text) for text in texts]],
        )
        return f"join {field}_values on {field}_values.text = texts.{_name(column)}"

    def _where(self) -> str:
        wanted = [
            f"{_name(column)} in ({', '.join(map(_literal, values))})"
            for column, values in self._mapping.where.items()
        ]
        return " and ".join(wanted) or "true"

    def _one_payer(self, payer: str) -> str:
        """The payer, if it is the only one; days and currencies are judged on the way."""
        few = self._asked("select distinct payer, moment, currency from lines")
        for one, usage_date, currency in few:
            said = {"payer": one, "usage_date": usage_date, "currency": currency, "cost": "0"}
            _only_if(fault_in(said) is None and payer in ("", one))
            payer = one
        return payer

    def _days(self) -> list[ControlTotal]:
        told = self._mapping.tells_amortized
        return [
            ControlTotal(
                date.fromisoformat(day), _plainly(usd), count, _plainly(amortized) if told else None
            )
            for day, usd, amortized, count in self._asked(
                "select usage_date, sum(cost_usd), sum(amortized_usd), count(*) "
                "from lines group by all order by min(line)"
            )
        ]

    def _asked(self, sql: str) -> list[Any]:
        return self._db.execute(sql).fetchall()


def _only_if(plain: bool) -> None:
    if not plain:
        raise _LeftAlone


def _plainly(usd: Decimal) -> Decimal:
    return Decimal(short(usd))


def _surveyed(path: Path) -> tuple[str, int, str]:
    """The first line, the number of lines, and the hash of what a text file holds, unpacked."""
    seen, first, ends, last = hashlib.sha256(), b"", 0, b""
    for block in read_blocks(path):
        _only_if(not any(mark in block for mark in _ODD))
        seen.update(block)
        first = first or block.partition(b"\n")[0]
        ends += block.count(b"\n")
        last = block
    return as_text(first), ends + (not last.endswith(b"\n")), seen.hexdigest()


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{sql} as {name}" for name, sql in columns.items())


def _row_sql(said: Mapping[str, str]) -> str:
    """The row as canonical JSON: `cost` is always there, so what is around it needs no counting."""
    parts = ["'{'"]
    for field in (field for field in LANDED if field in said or field == "line"):
        if field == "cost":
            parts.append("'\"cost\":' || to_json(cost)")
        elif field == "line":
            parts.append("',\"line\":' || line")
        else:
            before, behind = ("", ",") if field < "cost" else (",", "")
            json = f"'{before}\"{field}\":' || to_json({field}) || '{behind}'"
            parts.append(f"case when {field} = '' then '' else {json} end")
    return " || ".join([*parts, "'}' || chr(10)"])


def _exact(sql: str, decimals: int) -> str:
    """A text as a decimal, NULL unless it is plainly written and no digit of it is lost."""
    plain = rf"-?[0-9]{{1,12}}(\.[0-9]{{1,{decimals}}})?"
    power = r"-?[0-9](\.[0-9]{1,12})?[eE]-[0-9]{1,2}"
    fine = (
        rf"length(regexp_extract({sql}, '\.([0-9]+)', 1)) "
        f"+ try_cast(regexp_extract({sql}, '-([0-9]+)$', 1) as integer) <= {decimals}"
    )
    return (
        f"case when regexp_full_match({sql}, '{plain}') "
        f"or regexp_full_match({sql}, '{power}') and {fine} "
        f"then try_cast({sql} as decimal(38, 12)) end"
    )


def _by_rule(amortized: Mapping[str, str], source: _Source, cost: str) -> str:
    """The rule of `amortized_text` as SQL, NULL where a column that it needs holds no amount."""

    def column(name: str) -> str:
        return _name(amortized[name]) if amortized[name] in source.texts else "''"

    line_type = column("line_type")
    cases = [f"when {line_type} = 'Fee' and {column('reservation')} <> '' then '0'"]
    for kind, (added, taken) in PARTS.items():
        plus = [f" + {_exact(column(name), source.decimals)}" for name in added]
        minus = [f" - {_exact(column(name), source.decimals)}" for name in taken]
        total = "".join(["cast(0 as decimal(38, 12))", *plus, *minus])
        text = f"rtrim(rtrim(cast({total} as varchar), '0'), '.')"
        cases.append(f"when {line_type} = '{kind}' then {text}")
    return f"case {' '.join(cases)} else {cost} end"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
