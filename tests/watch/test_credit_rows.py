"""Each row of Snowflake's credits is measured in one hour, the whole one before the watch."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from close.small_world import World
from costs.account_usage_exports import DAILY, HOURLY, day_line, export, hour_line
from meterbook.costs.ingest_account_usage import ingest_account_usage
from meterbook.watch.credit_rows import credit_rows_written


@pytest.mark.parametrize(
    ("watched_at", "rows"), [("08:59:59", 0), ("09:00:00", 2), ("09:59:59", 2), ("10:00:00", 0)]
)
def test_what_was_added_at_eight_is_measured_at_nine_and_at_no_other_hour(
    world: World, tmp_path: Path, watched_at: str, rows: int
) -> None:
    files = [
        export(tmp_path / "days.csv", DAILY, day_line()),
        export(tmp_path / "hours.csv", HOURLY, hour_line()),
    ]
    ingest_account_usage(world.at(datetime.fromisoformat("2026-11-05T08:00:03Z")), files)
    watch = world.at(datetime.fromisoformat(f"2026-11-05T{watched_at}Z"))
    assert credit_rows_written(watch) == rows
