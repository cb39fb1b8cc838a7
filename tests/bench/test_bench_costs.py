"""What the measures of cost stand on: a bill that is what it says, and sides that must agree."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from bench import attribution, cur_summary, import_cur
from bench.costs import book, generate, month
from bench.generate import DAYS, TENANTS
from bench.ground import Ground, Unequal

ROWS = 139_500  # 300 resources
STARTS = [attribution.TYPED, attribution.USED]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("costs"), (ROWS,), Path())


@pytest.fixture(scope="module")
def lines(ground: Ground) -> list[dict]:
    return _rows_of(month(ground, ROWS) / "cur")


@pytest.fixture(scope="module")
def costs(ground: Ground) -> str:
    return str(book(ground, ROWS))


def test_one_seed_makes_one_bill(ground: Ground, tmp_path: Path) -> None:
    generate(str(tmp_path), ROWS)
    bodies = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (month(ground, ROWS), tmp_path)
    ]
    assert bodies[0] == bodies[1]


def test_a_resource_has_fifteen_lines_a_day_in_the_order_of_days(lines: list[dict]) -> None:
    days = [line["usage_date"] for line in lines]
    assert days == sorted(days)
    assert len(lines) == ROWS
    a_day = Counter((line["resource_id"], line["usage_date"]) for line in lines)
    assert set(a_day.values()) == {15}
    assert len(a_day) == ROWS // 15


def test_three_in_ten_resources_are_shared_and_the_others_name_a_tenant(lines: list[dict]) -> None:
    owners = {line["resource_id"]: line["owner_tag"] for line in lines}
    shared = [owner for owner in owners.values() if owner == "shared"]
    assert 0.2 < len(shared) / len(owners) < 0.4
    named = set(owners.values()) - {"shared"}
    assert named <= {f"tenant-{n:04d}" for n in range(1, TENANTS + 1)}


def test_the_totals_of_the_bill_are_what_its_lines_come_to(
    ground: Ground, lines: list[dict]
) -> None:
    record = json.loads((month(ground, ROWS) / "deliveries/cur/bench.bill.json").read_text())
    told = {day["usage_date"]: Decimal(day["control_usd"]) for day in record["days"]}
    found: dict[str, Decimal] = {}
    for line in lines:
        found[line["usage_date"]] = found.get(line["usage_date"], 0) + Decimal(line["cost"])
    assert told == found
    assert len(told) == DAYS
    assert any("E-" in line["cost"] for line in lines)
    assert any(Decimal(line["cost"]) < 0 for line in lines)


def test_what_owners_are_given_comes_to_what_a_scan_finds(costs: str) -> None:
    landed = [attribution.LANDED, attribution.FILES, attribution.USED]
    answers = [
        side(costs, starts)["digest"]
        for side in (attribution.attribute, attribution.scan)
        for starts in (STARTS, landed)
    ]
    assert len(set(answers)) == 1


def test_a_cent_that_a_scan_finds_elsewhere_is_no_agreement(costs: str, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    other.write_bytes(Path(costs).read_bytes())
    with duckdb.connect(str(other)) as db:
        db.execute(f"update {attribution.TYPED} set cost_usd = cost_usd + 1e-12 where file_row = 1")
    digests = [attribution.scan(one, STARTS)["digest"] for one in (costs, str(other))]
    assert digests[0] != digests[1]


def test_an_attribution_that_leaves_somebody_out_is_refused(costs: str, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    other.write_bytes(Path(costs).read_bytes())
    with duckdb.connect(str(other)) as db:
        db.execute(f"delete from {attribution.USED} where tenant_id = 'tenant-0001'")
    with pytest.raises(Unequal):
        attribution.attribute(str(other), STARTS)


@pytest.mark.parametrize("a_day", [15, 1])
def test_the_summary_is_that_of_the_plain_question(a_day: int, tmp_path: Path) -> None:
    held = tmp_path / "held.duckdb"
    cur_summary.write_bill(str(tmp_path / "bill.parquet"), str(held), 46_500, a_day)
    answer = cur_summary.summarise(str(held))
    with duckdb.connect() as db:
        db.execute(f"attach '{held}' as held (read_only)")
        db.execute(
            "create table answer as select usage_start::date as usage_date, "
            "* exclude (usage_start, resource_id, line_type, usage_amount, unblended_rate, "
            "unblended_cost, public_on_demand_cost), "
            "sum(case when line_type = 'Usage' then usage_amount else 0 end) as usage_amount, "
            "max(unblended_rate) as unblended_rate, sum(unblended_cost) as unblended_cost, "
            "sum(public_on_demand_cost) as public_on_demand_cost, "
            "list(distinct resource_id) as resource_ids, "
            "count(distinct resource_id) as resource_count from held.lines group by all"
        )
        assert cur_summary.answer_of(db, 0, str(held))["digest"] == answer["digest"]


def test_without_the_report_its_import_is_skipped_and_says_so(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA", str(ground.folder))
    assert list(import_cur.measures(ground)) == []
    assert "WorkshopCUR-Oct2018.parquet" in capsys.readouterr().out


def _rows_of(folder: Path) -> list[dict]:
    return [
        json.loads(line)
        for path in sorted(folder.rglob("*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
