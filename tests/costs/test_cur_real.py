"""A published bill comes in whole: its control total is the exact sum of what AWS wrote."""

from __future__ import annotations

import gzip
import os
from decimal import Decimal
from pathlib import Path

import pytest
from costs.cost_imports import Desk

ROOT = Path(__file__).parents[2]
DATA = ROOT / os.environ.get("DATA", "../shared/data")

pytestmark = pytest.mark.real


def test_the_bill_of_the_paired_day_comes_in_whole(tmp_path: Path) -> None:
    bill = DATA / "aws-paired-day" / "Step1CUR.gz"
    if not bill.is_file():
        pytest.skip(f"the published data set aws-paired-day is not in {DATA}")
    desk = Desk(tmp_path, (ROOT / "examples/paired-day/cur.yaml").read_text())
    done = desk.land(bill)
    lines = gzip.decompress(bill.read_bytes()).decode().splitlines()
    place = lines[0].split("\x01").index("line_item_unblended_cost")
    texts = [line.split("\x01")[place] for line in lines[1:]]
    assert [row["cost"] for row in desk.rows] == texts
    assert (done.rows, done.control_usd) == (7_850, sum(map(Decimal, texts)))
    assert str(done.control_usd) == "89.170632878"
    assert sum("owner_tag" in row for row in desk.rows) == 2_823
    assert desk.land(bill).unchanged
