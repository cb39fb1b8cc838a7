"""A usage mapping is read strictly: what it does not know it refuses, by name and with a remedy."""

from __future__ import annotations

import re

import pytest
from collect.usage_imports import CSV, LOG, Desk
from meterbook.collect.ingest_usage import read_usage_mapping
from meterbook.errors import MappingRefused

REFUSED = {
    "an unknown key": (CSV + "colour: red\n", "'colour' is unknown"),
    "an unknown key further down": (
        CSV.replace("{column: at}", "{column: at, zon: UTC}"),
        "in `time`",
    ),
    "an unknown key of a metric": (
        CSV.replace("{metric: calls,", "{metric: calls, per: 1,"),
        "`metrics[1]`",
    ),
    "a key written twice": (CSV + "source: other\n", "'source' is written twice"),
    "no source": (CSV.replace("source: meter", ""), "`source` must be there"),
    "a source that is no id": (
        CSV.replace("source: meter", "source: a/b"),
        "'a/b', which cannot be an id",
    ),
    "a source too long for a delivery id": (CSV.replace("meter", "m" * 101), "longer than 100"),
    "a format nobody reads": (
        CSV.replace("format: csv", "format: xlsx"),
        "Use one of: pattern, csv",
    ),
    "a metric that is no id": (CSV.replace("metric: calls", "metric: 'a b'"), "'a b'"),
    "a metric twice": (
        CSV + "  - {metric: calls, quantity: {column: other}}\n",
        "the metric 'calls' is mapped twice",
    ),
    "no metrics": (CSV[: CSV.index("metrics")], "`metrics` must be there, as a list"),
    "both column and value": (
        CSV.replace("{column: tenant}", "{column: tenant, value: acme}"),
        "in `tenant`, say `{column: …}` or `{value: …}`",
    ),
    "a tenant value that is no id": (CSV.replace("{column: tenant}", "{value: '-'}"), "'-'"),
    "a column where a mapping belongs": (CSV.replace("{column: at}", "at"), "`time` must be there"),
    "neither header nor columns": (CSV.replace("header: true", ""), "either `header: true`"),
    "both header and columns": (CSV + "columns: [at]\n", "either `header: true`"),
    "a delimiter of two characters": (
        CSV + "delimiter: '||'\n",
        "`delimiter` must be one character",
    ),
    "a delimiter that is the quote": (CSV + "delimiter: '\"'\nquote: '\"'\n", "the same character"),
    "a format that is none": (
        CSV.replace("{column: at}", "{column: at, format: '%Y-%Q'}"),
        "strptime",
    ),
    "a column that the list lacks": (
        CSV.replace("header: true", "columns: [at, tenants, calls]"),
        "the column 'tenant' is no entry of `columns`. The nearest names are: tenants",
    ),
    "a group that the pattern lacks": (LOG.replace("<work>", "<wrk>"), "nearest names are: wrk"),
    "a pattern that is none": (LOG.replace("(?P<work>", "(?P<work"), "no regular expression"),
    "a pattern for CSV": (CSV + "pattern: x\n", "'pattern' is unknown"),
    "a zone other than UTC": (
        CSV.replace("{column: at}", "{column: at, zone: CET}"),
        "only `zone: UTC`",
    ),
    "a format without the year": (
        CSV.replace("{column: at}", "{column: at, format: '%d %b %H:%M'}"),
        "does not tell year, month and day",
    ),
    "a format that asks the machine for a zone": (
        CSV.replace("{column: at}", "{column: at, format: '%Y-%m-%d %Z'}"),
        "%Z depends on the machine",
    ),
    "metrics for CloudEvents": (
        "source: a\nformat: cloudevents\nmetrics: []\n",
        "'metrics' is unknown",
    ),
    "no mapping at all": ("- a\n- b\n", "not a mapping of keys to values"),
    "no YAML": ("source: [\n", "not YAML"),
    "two documents": (CSV + "---\n" + CSV, "not YAML"),
    "an empty file": ("", "the file is empty"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mapping_is_refused_with_what_is_wrong(case: str, desk: Desk) -> None:
    text, sentence = REFUSED[case]
    with pytest.raises(MappingRefused, match=re.escape(sentence)) as refusal:
        desk.read(text)
    assert str(refusal.value).startswith(str(desk.folder / "mapping.yaml"))


def test_a_missing_mapping_is_refused(desk: Desk) -> None:
    (desk.folder / "mapping.yaml").unlink()
    with pytest.raises(MappingRefused, match="there is no such file"):
        read_usage_mapping(desk.folder / "mapping.yaml")


def test_the_hash_is_of_what_is_said_not_of_how_it_is_written(desk: Desk) -> None:
    two = CSV + "  - {metric: bytes, quantity: {column: bytes}}\n"
    other = """
    # the same, in another order
    metrics:
      - quantity: {column: bytes}
        metric: "bytes"
      - {quantity: {column: calls}, metric: calls}
    module: {value: front}
    tenant: {column: tenant}
    time: {column: at}
    header: true
    format: csv
    source: meter
    """
    assert desk.read(two).sha256 == desk.read(other).sha256
    assert desk.read(two).sha256 != desk.read(CSV).sha256
