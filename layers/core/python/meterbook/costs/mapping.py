"""What the columns of a cost and usage report mean: the mapping form of `meterbook ingest cur`.

The form with examples is in `docs/mapping.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meterbook.canonical import canonical_json, sha256
from meterbook.identifier import is_identifier
from meterbook.mappingfile import Section, Term, csv_shape, read_mapping
from meterbook.textfile import CsvShape, nearest

REQUIRED = ("payer", "usage_date", "cost", "currency")
TAGS = ("service", "account", "owner_tag", "module_tag", "usage_type", "line_type", "resource_id")
LAYOUT = ("delimiter", "quote", "null", "header", "columns")
_LONGEST_EXPORT = 80  # it is a part of delivery ids, which have 160 characters in all


@dataclass(frozen=True, slots=True)
class CurMapping:
    """A cost mapping as it was read; `terms` has the required fields and the tags that it names.

    The column of a field that is not in `present` may be absent from a file.
    """

    export: str
    sha256: str
    shape: CsvShape
    null: str
    terms: Mapping[str, Term]
    present: tuple[str, ...] = REQUIRED

    def columns(self, fields: tuple[str, ...]) -> list[str]:
        """The columns behind these fields; a field with a value of its own has none."""
        terms = [self.terms[field] for field in fields if field in self.terms]
        return [term.column for term in terms if term.column]


def read_cur_mapping(path: Path) -> CurMapping:
    """Read and judge a mapping file. Errors: `MappingRefused`, naming the key and the remedy."""
    section = read_mapping(path).only("export", *LAYOUT, *REQUIRED, *TAGS)
    named = [field for field in (*REQUIRED, *TAGS) if field in REQUIRED or field in section.values]
    mapping = CurMapping(
        export=_export(section),
        sha256=sha256(canonical_json(section.values)),
        shape=csv_shape(section),
        null=section.text("null", ""),
        terms={field: _term(section, field) for field in named},
    )
    if listed := mapping.shape.columns:
        for column in mapping.columns(REQUIRED + TAGS):
            if column not in listed:
                raise section.refused(
                    f"the column {column!r} is not in `columns`", nearest(column, listed)
                )
    return mapping


def _export(section: Section) -> str:
    export = section.text("export")
    # A colon would let two pairs of payer and export look like one.
    if not is_identifier(export) or ":" in export or len(export) > _LONGEST_EXPORT:
        raise section.refused(
            f"`export` is {export!r}",
            f"Name it with 1 to {_LONGEST_EXPORT} letters, digits, '.', '_' or '-', a letter or "
            "digit first.",
        )
    return export


def _term(section: Section, field: str) -> Term:
    """A day and a cost stand on the line; anything else may be the same for all lines."""
    on_the_line = field in ("usage_date", "cost")
    return section.term(field, ("column",) if on_the_line else ("column", "value"))
