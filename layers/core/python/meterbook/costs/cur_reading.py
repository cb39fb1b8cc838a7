"""What one record of a report says under a mapping, and the row that is landed of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from pathlib import Path

from meterbook.costs.amortized import amortized_text
from meterbook.costs.cur_line import Fault, day_of
from meterbook.costs.mapping import REQUIRED, TAGS, CurMapping

LANDED = tuple(sorted({*REQUIRED, *TAGS, "amortized_cost", "file", "line"} - {"payer"}))
_BEFORE_LINE = LANDED[: LANDED.index("line")]
_AFTER_LINE = LANDED[LANDED.index("line") + 1 :]


class Reading:
    """How the records of one file are read: where each field stands in them."""

    def __init__(self, mapping: CurMapping, header: Sequence[str], path: Path) -> None:
        places = mapping.places(header, path)
        # A tag whose column is absent stands nowhere: it is untagged.
        terms = {name: term for name, term in mapping.terms.items() if term.column in places}
        self._null = mapping.null
        self._same = {name: term.value for name, term in mapping.terms.items()}
        self._same |= {"file": path.name}
        self._plain = [(name, places[term.column]) for name, term in terms.items() if not term.key]
        self._keyed = [
            (name, places[term.column], term.key) for name, term in terms.items() if term.key
        ]
        self._wanted = [(places[column], values) for column, values in mapping.where.items()]
        self._rule = [
            (name, places[column]) for name, column in mapping.amortized.items() if column in places
        ]

    def takes(self, fields: Sequence[str]) -> bool:
        """Whether the mapping's `where` takes this record."""
        return all(self._text(fields[place]) in values for place, values in self._wanted)

    def said(self, fields: Sequence[str]) -> dict[str, str]:
        """What the record says of each field, '' for NULL."""
        said, null = self._same.copy(), self._null
        for name, place in self._plain:
            text = fields[place]
            said[name] = "" if text == null else text
        for name, place, key in self._keyed:
            said[name] = value_under(key, self._text(fields[place]))
        return said

    def amortized(self, fields: Sequence[str], cost: str) -> str | Fault:
        """What AWS's rule makes of the record."""
        told = {name: self._text(fields[place]) for name, place in self._rule}
        return amortized_text(told, cost)

    def _text(self, text: str) -> str:
        return "" if text == self._null else text


@lru_cache(maxsize=4096)
def value_under(key: str, text: str) -> str:
    """The value under a key of a JSON object, '' where there is none; as text whatever it is.

    Errors: `ValueError` for a text that is no JSON object.
    """
    if not text:
        return ""
    try:
        found = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        raise ValueError(text) from None
    if not isinstance(found, dict):
        raise ValueError(text)
    value = found.get(key)
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=4096)
def iso_day(text: str) -> str:
    """The UTC day of a text that was judged to have one."""
    return day_of(text).isoformat()


def row_of(said: Mapping[str, str], line: int) -> str:
    """The row as a line of canonical JSON: keys in order, nothing that is empty."""
    told = [f'"{name}":{quoted(text)}' for name in _BEFORE_LINE if (text := said.get(name))]
    told.append(f'"line":{line}')
    told += [f'"{name}":{quoted(text)}' for name in _AFTER_LINE if (text := said.get(name))]
    return f"{{{','.join(told)}}}\n"
