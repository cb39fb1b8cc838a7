"""What the columns of a cost and usage report mean: the mapping form of `meterbook ingest cur`.

The form with examples is in `docs/mapping.md`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meterbook.canonical import canonical_json, sha256
from meterbook.costs.amortized import NEEDED, RULES
from meterbook.costs.cur_line import DECIMALS
from meterbook.errors import MappingRefused
from meterbook.identifier import is_identifier
from meterbook.mappingfile import Section, Term, csv_shape, read_mapping
from meterbook.textfile import CsvShape, nearest, places_of

REQUIRED = ("payer", "usage_date", "cost", "currency")
TAGS = ("service", "account", "owner_tag", "module_tag", "usage_type", "line_type", "resource_id")
LAYOUT = ("delimiter", "quote", "null", "header", "columns", "decimals")
MEANING = ("amortized_cost", "where")
_LONGEST_EXPORT = 80  # it is a part of delivery ids, which have 160 characters in all
_SHIPPED = Path(__file__).parent / "mappings"
_KEYED = re.compile(r"(?P<column>.+)\[(?P<key>[^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class CurMapping:
    """A cost mapping as it was read; `terms` has the required fields and the tags that it names.

    The column of a field that is not in `present` may be absent from a file. `amortized` names the
    columns of AWS's rule for the amortized cost, where that is to be told by rule. `where` says
    which rows are taken: those that have one of the values in each column. `decimals` is how fine
    a cost is where a file has binary numbers. `stream` is what the rows are landed as: in
    `external_cost` the payer is called provider.
    """

    export: str
    sha256: str
    shape: CsvShape
    null: str
    terms: Mapping[str, Term]
    present: tuple[str, ...] = REQUIRED
    amortized: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decimals: int = 10
    stream: str = "cur"

    @property
    def tells_amortized(self) -> bool:
        """Whether its rows carry an amortized cost beside the unblended one."""
        return bool(self.amortized) or "amortized_cost" in self.terms

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that every file must have."""
        named = [self.terms[name].column for name in self.present if name in self.terms]
        ruled = [self.amortized[name] for name in NEEDED] if self.amortized else []
        return tuple(filter(None, [*named, *ruled, *self.where]))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it speaks of, the needed ones first."""
        named = [term.column for term in self.terms.values() if term.column]
        return tuple(dict.fromkeys([*self.needed, *named, *self.amortized.values()]))

    def places(self, header: Sequence[str], path: Path) -> Mapping[str, int]:
        """Where its columns stand in a file. Errors: `FileRefused` for one that must be there."""
        optional = [column for column in self.columns if column not in self.needed]
        return places_of(self.needed, header, path, optional)

    def called(self, name: str) -> str:
        """What a person calls a field."""
        return PAYERS[self.stream] if name == "payer" else name


PAYERS = {"cur": "payer", "external_cost": "provider"}


def read_cur_mapping(
    path: Path, stream: str = "cur", *, owner_tag: str = "", module_tag: str = ""
) -> CurMapping:
    """Read and judge a mapping file, or one that ships, by its name (`cur-2`).

    `owner_tag` and `module_tag` are columns, or `column[key]`, that go before what the mapping
    says. Errors: `MappingRefused`, naming the key and the remedy.
    """
    section = _chosen(_read(path), {"owner_tag": owner_tag, "module_tag": module_tag})
    required = (PAYERS[stream], *REQUIRED[1:])
    section = section.only("export", *LAYOUT, *required, *TAGS, *MEANING)
    terms = {name: _term(section, name) for name in (*required, *TAGS) if _is_told(section, name)}
    terms = {"payer": terms.pop(PAYERS[stream])} | terms
    amortized = _amortized(section, terms)
    mapping = CurMapping(
        export=_export(section),
        sha256=sha256(canonical_json(section.values)),
        shape=csv_shape(section),
        null=section.text("null", ""),
        terms=terms,
        present=(*REQUIRED, "amortized_cost"),
        amortized=amortized,
        where=_where(section),
        decimals=_decimals(section),
        stream=stream,
    )
    _refuse_unlisted(section, mapping)
    return mapping


def shipped() -> list[str]:
    """The names of the mappings that ship."""
    return sorted(path.stem for path in _SHIPPED.glob("*.yaml"))


def _read(path: Path) -> Section:
    if path.exists() or str(path) not in shipped():
        try:
            return read_mapping(path)
        except MappingRefused as error:
            if path.exists():
                raise
            known = f"Name a file, or one of those that ship: {', '.join(shipped())}."
            detail = str(error.data["detail"])
            raise MappingRefused(file=str(path), detail=detail, remedy=known) from None
    return read_mapping(_SHIPPED / f"{path}.yaml")


def _chosen(section: Section, tags: Mapping[str, str]) -> Section:
    """The section with the tags that were named beside it."""
    named = {name: _column_of(text) for name, text in tags.items() if text}
    return Section(section.file, section.place, {**section.values, **named})


def _column_of(text: str) -> dict[str, str]:
    keyed = _KEYED.fullmatch(text)
    return keyed.groupdict() if keyed else {"column": text}


def _is_told(section: Section, name: str) -> bool:
    return name in section.values or name not in TAGS


def _refuse_unlisted(section: Section, mapping: CurMapping) -> None:
    if listed := mapping.shape.columns:
        for column in mapping.columns:
            if column not in listed and column not in mapping.amortized.values():
                raise section.refused(
                    f"the column {column!r} is not in `columns`", nearest(column, listed)
                )


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


def _term(section: Section, name: str) -> Term:
    """A day and a cost stand on the line; anything else may be the same for all lines."""
    if name in ("usage_date", "cost"):
        return section.term(name, ("column",))
    return section.term(name, ("column", "value", "key") if name in TAGS else ("column", "value"))


def _amortized(section: Section, terms: dict[str, Term]) -> Mapping[str, str]:
    """`{column: …}` is one more term; `{rule: …}` names the columns of AWS's rule."""
    if "amortized_cost" not in section.values:
        return {}
    term = section.section("amortized_cost").only("column", "rule")
    if "rule" not in term.values:
        terms["amortized_cost"] = section.term("amortized_cost", ("column",))
        return {}
    if len(term.values) > 1 or term.text("rule") not in RULES:
        raise term.refused(f"say `{{column: …}}` or `{{rule: …}}`, the rule {' or '.join(RULES)}")
    return RULES[term.text("rule")]


def _where(section: Section) -> Mapping[str, tuple[str, ...]]:
    """One value or a list of them for each column."""
    if "where" not in section.values:
        return {}
    said = section.section("where")
    taken = {column: _values(said, column) for column in said.values}
    if not taken:
        raise said.refused("name a column and the value that its rows must have")
    return taken


def _values(section: Section, column: str) -> tuple[str, ...]:
    value = section.values[column]
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str) for one in values):
        raise section.refused(f"`{column}` must have one value, or a list of values")
    return tuple(values)


def _decimals(section: Section) -> int:
    text = section.text("decimals", "10")
    if text not in [str(number) for number in range(DECIMALS + 1)]:
        raise section.refused(
            f"`decimals` is {text!r}", f"Say a whole number, 10 or up to {DECIMALS}."
        )
    return int(text)
