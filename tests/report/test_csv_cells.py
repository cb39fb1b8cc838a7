"""No text in a CSV of ours runs in a spreadsheet, and no figure is changed by the guard."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterbook.report.csv_cells import csv_text, safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "＝1", "－1"]
)
def test_a_text_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_a_figure_is_written_in_full_and_never_quoted() -> None:
    assert [safe_cell(one) for one in (Decimal("-1E-10"), -7, None, True, "plain")] == [
        "-0.0000000001", "-7", "", "true", "plain"
    ]  # fmt: skip


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2))
def test_what_is_read_back_is_the_text_but_for_the_quote(texts: list[str]) -> None:
    names = [f"c{n}" for n in range(len(texts))]
    written = csv_text(names, [dict(zip(names, texts, strict=True))])
    head, read = csv.reader(io.StringIO(written, newline=""))
    assert (head, read) == (names, [safe_cell(text) for text in texts])


def test_a_row_has_the_columns_that_are_asked_for_in_their_order() -> None:
    assert csv_text(["b", "a"], [{"a": 1, "b": 2, "c": 3}, {"a": 4}]) == "b,a\r\n2,1\r\n,4\r\n"
