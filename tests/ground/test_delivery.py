"""Rows land in files of a bounded size, and a closing record says what they hold, day by day."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from meterbook.delivery import ControlTotal, Delivery, land_rows
from meterbook.errors import InputRefused
from meterbook_local.folder import FolderStore

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


def test_each_file_takes_rows_until_it_has_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meterbook.delivery.FILE_CHARACTERS", 20)
    landing = FolderStore(tmp_path)
    rows = [{"n": n} for n in range(7)]  # eight characters each, with the line's end
    files = land_rows(landing, "cur", "d1", rows)
    assert [file.row_count for file in files] == [3, 3, 1]
    bodies = [landing.get(file.file_name) for file in files]
    assert [file.byte_count for file in files] == [len(body) for body in bodies]
    lines = [line for body in bodies for line in gzip.decompress(body).splitlines()]
    assert [json.loads(line) for line in lines] == rows


def test_a_closing_record_tells_its_days_in_their_order() -> None:
    days = [ControlTotal(date(2026, 10, day), Decimal(day), 1) for day in (9, 3, 30)]
    record = Delivery("d1", "cur", "p:x", "p:x", AT, [], days).record()
    assert record["days"] == [
        {"usage_date": f"2026-10-{day:02}", "control_usd": str(day), "row_count": 1}
        for day in (3, 9, 30)
    ]


def test_an_entry_too_large_for_a_row_is_refused_before_anything_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meterbook.delivery.ROW_CHARACTERS", 20)
    with pytest.raises(InputRefused, match="Nothing has landed"):
        land_rows(FolderStore(tmp_path), "usage", "d1", [{"n": 1}, {"n": "x" * 20}])
    assert not list(FolderStore(tmp_path).keys("deliveries/"))
