"""What leaves the house as text: exact, safe in a spreadsheet, harmless to a terminal."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterbook.report.csv_cells import safe_cell
from meterbook_cli import printing


def test_json_carries_decimals_as_strings_and_never_floats(
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = (Decimal("1E-10"), 7, None, True, date(2026, 10, 1), datetime(2026, 10, 1, 6), "é\n")  # noqa: DTZ001
    printing.put_json(["cost", "n", "none", "yes", "day", "at", "text"], [row])
    assert json.loads(capsys.readouterr().out) == [
        {
            "cost": "0.0000000001",
            "n": 7,
            "none": None,
            "yes": True,
            "day": "2026-10-01",
            "at": "2026-10-01T06:00:00.000000Z",
            "text": "é\n",
        }
    ]


def test_no_rows_are_an_empty_array_and_a_csv_header(capsys: pytest.CaptureFixture[str]) -> None:
    printing.put_json(["a"], [])
    assert json.loads(capsys.readouterr().out) == []
    printing.put_csv(["a", "b"], [])
    assert capsys.readouterr().out == "a,b\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_text_that_a_spreadsheet_would_run_is_quoted(
    capsys: pytest.CaptureFixture[str], start: str
) -> None:
    printing.put_csv(["text"], [[f"{start}cmd|' /C calc'!A0"]])
    _, (cell,) = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert cell == f"'{start}cmd|' /C calc'!A0"


def test_numbers_stay_numbers_in_csv(capsys: pytest.CaptureFixture[str]) -> None:
    printing.put_csv(["a", "b", "c", "d"], [[Decimal("-0.10"), -7, None, False]])
    assert capsys.readouterr().out == "a,b,c,d\n-0.10,-7,,false\n"


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=2))
def test_csv_read_back_is_the_text_but_for_the_quote(cells: list[str]) -> None:
    shown = [safe_cell(cell) for cell in cells]
    line = printing._csv_line(shown)
    assert list(csv.reader(io.StringIO(line, newline=""))) == [shown]
    assert [cell.removeprefix("'") for cell in shown] == [cell.removeprefix("'") for cell in cells]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0")) for cell in shown)


def test_a_table_is_plain_aligned_text_away_from_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "x" * 300
    printing.put_table(["name", "total"], [["a", Decimal("1.50")], [long, Decimal("-10.00")]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "total"]
    assert lines[1].split() == ["a", "1.50"]
    assert lines[2] == f"{long}  -10.00"
    assert len(lines[1]) == len(lines[2])


def test_a_name_cannot_drive_the_terminal_or_the_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printing.put_table(["name"], [["\x1b[2Jgone\u202e[red]"]])
    printing.put("\x1b[31m[bold]")
    printing.say("\x1b[31m[bold]")
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\\x1b[2Jgone\\u202e[red]" in out
    assert err == "\\x1b[31m[bold]\n"
