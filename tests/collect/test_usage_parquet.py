"""Usage from Parquet: each value lands as the text that it means, and a file is its content."""

from __future__ import annotations

import shutil
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from collect.usage_imports import Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meterbook.errors import FileChanged, FileRefused, MappingRefused
from meterbook.parquetfile import ParquetFile

MAPPING = """
source: meter
format: parquet
time: {column: at}
tenant: {column: tenant}
module: {value: front}
metrics:
  - {metric: calls, quantity: {column: calls}}
"""
ROW = "select '2026-10-01T08:00:00Z' as at, 'acme' as tenant, 1 as calls"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, MAPPING)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12.50::decimal(9, 2)", "12.50"),
        ("12345678901234567890.123456::decimal(38, 6)", "12345678901234567890.123456"),
        ("9007199254740993::bigint", "9007199254740993"),
        ("0.1::double", "0.1"),
        ("0.00001::double", "0.00001"),
        ("1e22::double", "10000000000000000000000"),
        ("0.1::float", "0.1"),
        ("'nan'::double", "nan"),
        ("'1,5'", "1,5"),
        ("true", "true"),
        ("date '2026-10-01'", "2026-10-01"),
        ("timestamp '2026-10-01 10:00:00.25'", "2026-10-01T10:00:00.25"),
        ("timestamp_ns '2023-11-16 18:17:03.979960123'", "2023-11-16T18:17:03.979960123"),
        ("timestamptz '2026-10-01 00:30:00+05:30'", "2026-09-30T19:00:00Z"),
    ],
)
def test_a_value_is_the_text_that_it_means(value: str, text: str, desk: Desk) -> None:
    file = ParquetFile(desk.parquet(f"select {value} as a"))
    assert list(file.rows(["a"])) == [{"a": text}]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None
)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_binary_number_comes_back_from_its_text(number: float, desk: Desk) -> None:
    file = desk.parquet(f"select '{number!r}'::double as a")
    ((text,),) = (row.values() for row in ParquetFile(file).rows(["a"]))
    assert Decimal(text) == Decimal(repr(number))


def test_a_row_is_a_line_in_the_order_of_the_file(desk: Desk) -> None:
    rows = (
        "select '2026-10-01T08:00:00Z' as at, 'acme' as tenant, i as calls from range(30000) t(i)"
    )
    done = desk.land(desk.parquet(rows)).files[0]
    assert (done.lines, done.events, done.not_usage_lines) == (30_000, 30_000, 0)
    assert [event["id"] for event in desk.events] == [
        f"{done.identity}:{row}:calls" for row in range(1, 30_001)
    ]
    assert [event["data"]["quantity"] for event in desk.events] == [*map(str, range(30_000))]


def test_a_row_that_counts_nothing_is_no_usage(desk: Desk) -> None:
    done = desk.land(desk.parquet(f"{ROW} union all select '', 'acme', null")).files[0]
    assert (done.lines, done.events, done.not_usage_lines) == (2, 1, 1)


def test_the_same_bytes_under_any_name_change_nothing(desk: Desk) -> None:
    file = desk.parquet(ROW)
    first = desk.land(file).files[0]
    again = desk.land(file, Path(shutil.copy(file, desk.folder / "other.parquet"))).files
    assert [one.unchanged for one in again] == [True, True]
    assert {one.identity for one in again} == {first.identity}


def test_a_file_that_has_changed_is_another_file(desk: Desk) -> None:
    desk.land(desk.parquet(ROW))
    more = desk.parquet(f"{ROW} union all {ROW}")
    with pytest.raises(FileChanged, match="--as NAME"):
        desk.land(more)
    assert desk.land(more, name="second").files[0].events == 2
    assert len({event["id"] for event in desk.events}) == 3


def test_a_name_that_looks_like_a_pattern_is_one_file(desk: Desk) -> None:
    desk.parquet(ROW, "usage1.parquet")
    desk.parquet(f"{ROW} union all {ROW}", "usage[1]*?.parquet")
    assert desk.land(desk.folder / "usage[1]*?.parquet").files[0].lines == 2


def test_a_folder_name_adds_no_column(desk: Desk) -> None:
    file = desk.parquet("select 1 as calls, '' as at", "tenant=acme/usage.parquet")
    with pytest.raises(FileRefused, match="there is no column 'tenant'"):
        desk.land(file)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"at,tenant", "this is no Parquet file"), (b"PAR1....PAR1", "cannot be read as Parquet")],
)
def test_what_is_no_parquet_is_refused(content: bytes, sentence: str, desk: Desk) -> None:
    with pytest.raises(FileRefused, match=sentence):
        desk.land(desk.parquet(ROW), desk.file("bad.parquet", content))
    assert desk.landing.objects == {}


def test_a_missing_file_and_a_folder_are_refused(desk: Desk) -> None:
    for path in (desk.folder / "none.parquet", desk.folder):
        with pytest.raises(FileRefused, match="there is no such file"):
            desk.land(path)


def test_without_duckdb_a_sentence_says_what_to_install(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = desk.parquet(ROW)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(FileRefused, match=r"Install meterbook\[local\]"):
        desk.land(file)


def test_a_layout_of_text_is_refused_in_the_mapping(desk: Desk) -> None:
    with pytest.raises(MappingRefused, match="'header' is unknown"):
        desk.read(MAPPING + "header: true\n")
