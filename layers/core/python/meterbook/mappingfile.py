"""A mapping file, read strictly: scalars stay the text they are, unknown keys are refused."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from meterbook.errors import FileRefused, MappingRefused
from meterbook.textfile import CsvShape, nearest, read_lines


@dataclass(frozen=True, slots=True)
class Term:
    """Where one value comes from: a column of the file, or the same text for every line.

    With a `key` the column holds a JSON object, and the value stands under that key.
    """

    column: str = ""
    value: str = ""
    key: str = ""


NOWHERE = Term()


@dataclass(frozen=True, slots=True)
class Section:
    """One level of a mapping file; refusals name its `place`, for example `metrics[2].quantity`."""

    file: str
    place: str
    values: Mapping[str, Any]

    def refused(self, detail: str, remedy: str = "") -> MappingRefused:
        """The refusal of this section, to be raised."""
        place = f"in `{self.place}`, " if self.place else ""
        return MappingRefused(file=self.file, detail=place + detail, remedy=remedy)

    def only(self, *known: str) -> Section:
        """The section itself, if it has no other keys than these."""
        for key in self.values:
            if key not in known:
                raise self.refused(f"the key {key!r} is unknown", nearest(key, known))
        return self

    def text(self, key: str, default: str | None = None) -> str:
        """A scalar that is there and not empty, or the default."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or (not value and value != default):
            raise self.refused(f"`{key}` must be there, as one value")
        return value

    def term(self, key: str, of: Sequence[str] = ("column", "value")) -> Term:
        """`{column: …}` or `{value: …}`, exactly one of them; `key` may stand beside a column."""
        section = self.section(key).only(*of)
        if len(section.values.keys() - {"key"}) != 1 or {*section.values} == {"key", "value"}:
            ways = [name for name in of if name != "key"]
            raise section.refused(f"say {' or '.join(f'`{{{name}: …}}`' for name in ways)}")
        return Term(**{name: section.text(name) for name in section.values})

    def section(self, key: str) -> Section:
        """The mapping below a key, which must be there."""
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.refused(f"`{key}` must be there, as a mapping such as `{{column: …}}`")
        return Section(self.file, self._below(key), value)

    def sections(self, key: str) -> list[Section]:
        """The list of mappings below a key; at least one."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
            raise self.refused(f"`{key}` must be there, as a list of mappings")
        return [Section(self.file, f"{self._below(key)}[{n}]", v) for n, v in enumerate(value, 1)]

    def texts(self, key: str) -> dict[str, str]:
        """The names and texts below a key, none where the key is absent."""
        section = self.section(key) if key in self.values else Section(self.file, key, {})
        return {name: section.text(name) for name in section.values}

    def _below(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key


def read_mapping(path: Path) -> Section:
    """Read a mapping file. Errors: `MappingRefused` when it is missing or is no YAML mapping."""
    try:
        values = yaml.load(b"".join(read_lines(path)), Loader=_EveryKeyOnce)  # noqa: S506 - a BaseLoader
    except FileRefused as error:
        raise MappingRefused(file=str(path), detail=str(error.data["detail"])) from None
    except yaml.MarkedYAMLError as error:
        row = error.problem_mark.line + 1 if error.problem_mark else None
        detail = f"this is not YAML: {error.problem}"
        raise MappingRefused(file=str(path), row=row, detail=detail) from None
    except yaml.YAMLError as error:
        raise MappingRefused(file=str(path), detail=f"this is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise MappingRefused(file=str(path), detail="this is not a mapping of keys to values")
    return Section(str(path), "", values)


class _EveryKeyOnce(yaml.BaseLoader):
    """YAML whose scalars stay text; a key written twice would silently hide its first value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                problem = f"the key {key.value!r} is written twice or is no name"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def csv_shape(mapping: Section) -> CsvShape:
    """The layout that `delimiter`, `quote` and `header: true` or `columns: […]` describe.

    Quotes mean something where a comma separates and nothing elsewhere, unless `quote` says so.
    """
    delimiter = _character(mapping, "delimiter", ",")
    quote = _character(mapping, "quote", '"' if delimiter == "," else "none")
    columns = mapping.values.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise mapping.refused("`columns` must be a list of names")
    header = mapping.text("header", "false")
    if header not in ("true", "false") or (header == "true") == bool(columns):
        raise mapping.refused(
            "say either `header: true` (line 1 names the columns) or `columns: [first, second, …]`"
        )
    if delimiter == quote:
        raise mapping.refused("`delimiter` and `quote` are the same character")
    if len(set(columns)) < len(columns):
        raise mapping.refused("`columns` names a column twice")
    return CsvShape(delimiter, quote, tuple(columns))


def _character(mapping: Section, key: str, default: str) -> str:
    text = mapping.text(key, default)
    if key == "quote" and text == "none":
        return ""
    if len(text) != 1 or text in "\r\n":
        raise mapping.refused(f"`{key}` must be one character, not {text!r}")
    return text
