"""What the columns of a usage file mean: the mapping form of `meterbook ingest usage`.

The form with an example for each format is in `docs/mapping.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from meterbook.canonical import canonical_json, sha256
from meterbook.errors import BadIdentifier
from meterbook.identifier import is_identifier
from meterbook.mappingfile import NOWHERE, Section, Term, csv_shape, read_mapping
from meterbook.textfile import CsvShape, nearest

FORMATS = ("pattern", "csv", "jsonl", "parquet", "cloudevents")
ALWAYS = ("source", "format")
MEANING = ("time", "tenant", "module", "metrics", "attributes", "event_id", "reverses")
_LAYOUT = {
    "pattern": ("pattern",),
    "csv": ("delimiter", "quote", "header", "columns"),
    "jsonl": (),
    "parquet": (),
}
# A source is a part of delivery ids, which have 160 characters in all.
_LONGEST_SOURCE = 100


@dataclass(frozen=True, slots=True)
class TimeRule:
    """Where the time stands and how to read it; without a format its text passes as it is."""

    column: str = ""
    format: str = ""
    zone: str = ""


NO_TIME = TimeRule()


@dataclass(frozen=True, slots=True)
class MetricRule:
    """One thing that a line counts."""

    metric: str
    quantity: Term
    unit: Term = NOWHERE


@dataclass(frozen=True, slots=True)
class UsageMapping:
    """A usage mapping as read; `sha256` depends on what it says, not on how it is written."""

    source: str
    format: str
    sha256: str
    pattern: re.Pattern[str] | None = None
    csv: CsvShape | None = None
    time: TimeRule = NO_TIME
    tenant: Term = NOWHERE
    module: Term = NOWHERE
    metrics: tuple[MetricRule, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    event_id: str = ""
    reverses: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping speaks of, each once."""
        terms = [self.tenant, self.module]
        terms += [term for rule in self.metrics for term in (rule.quantity, rule.unit)]
        named = [self.time.column, *(term.column for term in terms), self.event_id, self.reverses]
        named += [column for _, column in self.attributes]
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def header_lines(self) -> int:
        """How many lines of a file only name its columns: files that share them share no usage."""
        return 1 if self.csv and not self.csv.columns else 0


def read_usage_mapping(path: Path) -> UsageMapping:
    """Read and judge a mapping file. Errors: `MappingRefused`, naming the key and the remedy."""
    section = read_mapping(path)
    form = section.text("format")
    if form not in FORMATS:
        raise section.refused(f"`format` is {form!r}", f"Use one of: {', '.join(FORMATS)}.")
    source = _id(section, "source")
    if len(source) > _LONGEST_SOURCE:
        raise section.refused(f"`source` is longer than {_LONGEST_SOURCE} characters")
    if form == "cloudevents":
        section.only(*ALWAYS)
        return UsageMapping(source, form, _meaning_sha256(section.values))
    section.only(*ALWAYS, *_LAYOUT[form], *MEANING)
    mapping = UsageMapping(
        source=source,
        format=form,
        sha256=_meaning_sha256(section.values),
        pattern=_pattern(section) if form == "pattern" else None,
        csv=csv_shape(section) if form == "csv" else None,
        time=_time(section.section("time").only("column", "format", "zone")),
        tenant=_id_term(section, "tenant"),
        module=_id_term(section, "module"),
        metrics=tuple(_metric(part) for part in section.sections("metrics")),
        attributes=tuple(sorted(section.texts("attributes").items())),
        event_id=_column(section, "event_id"),
        reverses=_column(section, "reverses"),
    )
    _refuse_a_metric_twice(section, mapping)
    _refuse_unknown_columns(section, mapping)
    return mapping


def _meaning_sha256(values: Mapping[str, object]) -> str:
    """The hash of what is said; the order of keys and of the metrics says nothing."""
    said = dict(values)
    if isinstance(metrics := said.get("metrics"), list):
        said["metrics"] = sorted(metrics, key=canonical_json)
    return sha256(canonical_json(said))


def _id(section: Section, key: str) -> str:
    value = section.text(key)
    if not is_identifier(value):
        raise section.refused(
            f"`{key}` is {value!r}, which cannot be an id",
            BadIdentifier.remedy,
        )
    return value


def _id_term(section: Section, key: str) -> Term:
    term = section.term(key)
    if term.value:
        _id(section.section(key), "value")
    return term


def _column(section: Section, key: str) -> str:
    """The column that an optional key names."""
    return section.term(key, ("column",)).column if key in section.values else ""


def _metric(section: Section) -> MetricRule:
    section.only("metric", "quantity", "unit")
    of_column = isinstance(section.values.get("unit"), dict)
    unit = section.term("unit") if of_column else Term(value=section.text("unit", ""))
    return MetricRule(_id(section, "metric"), section.term("quantity"), unit)


def _time(section: Section) -> TimeRule:
    rule = TimeRule(section.text("column"), section.text("format", ""), section.text("zone", ""))
    if rule.zone not in ("", "UTC"):
        raise section.refused(
            f"`zone` is {rule.zone!r}", "A day is a UTC day, so only `zone: UTC` can be declared."
        )
    if rule.format and not _tells_the_day(rule.format):
        raise section.refused(
            f"`format` {rule.format!r} does not tell year, month and day",
            "Write it as Python's strptime reads it, an offset as %z; %Z depends on the machine.",
        )
    return rule


def _tells_the_day(form: str) -> bool:
    if "%Z" in form or not re.search("%[YyGcxDF]", form):
        return False
    moment = datetime(2001, 12, 31, 4, 5, 6, tzinfo=UTC)
    try:
        told = datetime.strptime(moment.strftime(form), form).date()  # noqa: DTZ007 - a day alone
    except (ValueError, re.error):
        return False
    return told == moment.date()


def _pattern(section: Section) -> re.Pattern[str]:
    try:
        return re.compile(section.text("pattern"))
    except re.error as error:
        raise section.refused(f"`pattern` is no regular expression: {error}") from None


def _refuse_a_metric_twice(section: Section, mapping: UsageMapping) -> None:
    metrics = [rule.metric for rule in mapping.metrics]
    if twice := [metric for metric in metrics if metrics.count(metric) > 1]:
        raise section.refused(f"the metric {twice[0]!r} is mapped twice")


def _refuse_unknown_columns(section: Section, mapping: UsageMapping) -> None:
    """A pattern and a list of columns say what columns there are; a header shows in the file."""
    if mapping.pattern:
        _must_be_among(section, mapping.columns, mapping.pattern.groupindex, "group of `pattern`")
    if mapping.csv and mapping.csv.columns:
        _must_be_among(section, mapping.columns, mapping.csv.columns, "entry of `columns`")


def _must_be_among(
    section: Section, wanted: Iterable[str], known: Iterable[str], what: str
) -> None:
    for column in wanted:
        if column not in known:
            raise section.refused(f"the column {column!r} is no {what}", nearest(column, known))
