"""The benchmark's own promises: its data are what it says, and no time of a wrong answer counts."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from bench.generate import DAYS, METRICS, MODULES, TENANTS, Month, generate
from bench.ground import Ground, Run, Unequal, duel, job
from bench.measure import table, times_as_much, times_better, write_results

MONTH = Month(lines=60_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("month"), MONTH)


@pytest.fixture(scope="module")
def packs(folder: Path) -> list[dict]:
    return [pack for path in sorted(folder.rglob("*.jsonl.gz")) for pack in _packs_in(path)]


@pytest.fixture(scope="module")
def events(packs: list[dict]) -> list[dict]:
    return [event for pack in packs for event in pack["detail"]["events"]]


def test_one_seed_makes_one_month_and_another_another(folder: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    small = Month(lines=3_000), Month(lines=3_000, seed=8)
    bodies = [
        [path.read_bytes() for path in sorted(_made(place, month).rglob("*.gz"))]
        for place, month in ((again, small[0]), (other, small[1]), (tmp_path / "3", small[0]))
    ]
    assert bodies[0] == bodies[2] != bodies[1]
    assert small[0].name != small[1].name


def test_three_in_a_hundred_lines_are_duplicates(packs: list[dict], events: list[dict]) -> None:
    keys = Counter((event["subject"], event["source"], event["id"]) for event in events)
    assert 0.02 < 1 - len(keys) / len(events) < 0.04  # of 249 packs a few came twice
    again = Counter(pack["id"] for pack in packs)
    assert sum(again.values()) > len(again)  # some came as whole packs


def test_a_duplicate_tells_the_same_story(events: list[dict]) -> None:
    told = {}
    for event in events:
        story = [event[field] for field in ("type", "time", "data")]
        assert told.setdefault((event["subject"], event["source"], event["id"]), story) == story


def test_two_in_a_hundred_events_are_up_to_five_days_late(folder: Path) -> None:
    days: dict[str, int] = {}
    for path in sorted(folder.rglob("*.jsonl.gz")):
        for event in _events_in(path):
            moment = datetime.fromisoformat(event["time"])
            days.setdefault(event["id"], (_day_of(path) - moment.date()).days)
    late = Counter(days.values())
    assert set(late) == set(range(6))
    assert 0.015 < 1 - late[0] / late.total() < 0.025


def test_packs_are_what_the_bus_takes_as_one(packs: list[dict]) -> None:
    for pack in packs:
        assert pack["detail"]["count"] == len(pack["detail"]["events"])
        assert len(json.dumps(pack["detail"], separators=(",", ":"))) <= 64 * 1024 - 30


def test_tenants_metrics_modules_and_numbers_are_as_said(events: list[dict]) -> None:
    shares = Counter(event["subject"] for event in events)
    ranks = [tenant for tenant, _ in shares.most_common(3)]
    assert ranks == ["tenant-0001", "tenant-0002", "tenant-0003"]
    assert shares["tenant-0001"] / shares["tenant-0002"] == pytest.approx(2**1.1, rel=0.1)
    assert len(shares) <= TENANTS
    assert len({event["type"] for event in events}) == METRICS
    assert len({event["source"] for event in events}) == MODULES
    decimals = {len(event["data"]["quantity"].partition(".")[2]) for event in events}
    assert decimals == {0, 1, 2, 3, 6}
    assert {len(event["id"]) for event in events} == {36}


def test_a_producer_numbers_what_it_sends(packs: list[dict]) -> None:
    numbers: dict[str, set[int]] = {}
    for pack in packs:
        for event in pack["detail"]["events"]:
            numbers.setdefault(pack["detail"]["producer"], set()).add(int(event["sequence"]))
    assert all(seen == set(range(1, len(seen) + 1)) for seen in numbers.values())


def test_the_summary_beside_the_files_is_what_they_come_to(
    folder: Path, events: list[dict]
) -> None:
    once = {(event["subject"], event["source"], event["id"]): event for event in events}
    (told,) = duckdb.sql(
        "select count(distinct usage_date), sum(event_count)::bigint, sum(quantity)::varchar "
        f"from '{folder}/daily.parquet'"
    ).fetchall()
    micros = sum(_micros(event["data"]["quantity"]) for event in once.values())
    assert told == (DAYS, len(once), f"{micros // 10**6}.{micros % 10**6:06d}")


def test_a_month_told_once_repeats_nothing(tmp_path: Path) -> None:
    files = _made(tmp_path, Month(lines=12_000, repeats=False)).rglob("*.gz")
    ids = [event["id"] for path in files for event in _events_in(path)]
    assert len(ids) == len(set(ids))


def test_no_time_of_unequal_answers_counts() -> None:
    with pytest.raises(Unequal):
        duel(1, lambda: _run("a", 1), lambda: _run("b", 2))


def test_the_fastest_of_equal_runs_counts() -> None:
    times = iter([3.0, 9.0, 1.0, 8.0, 2.0, 7.0])
    ours, theirs = duel(1, lambda: _run("a", next(times)), lambda: _run("a", next(times)))
    assert (ours.answer["seconds"], theirs.answer["seconds"]) == (1.0, 7.0)


def test_a_job_runs_alone_and_tells_what_it_took(tmp_path: Path) -> None:
    ran = job(Ground(tmp_path, (1,), Path()), "bench.generate:tenants")
    assert set(ran.answer) == set(range(1, TENANTS + 1))
    assert ran.cpu_seconds > 0
    assert ran.peak_bytes > 2**20


def test_results_are_a_list_and_a_table(tmp_path: Path) -> None:
    measures = [
        times_better("quick", 2.0, 5.0, "s", target=1.5),
        times_as_much("small", 2.0, None, "GiB", target=1.0),
        times_better("known loss", 5.0, 2.0, "s"),
    ]
    write_results(tmp_path, measures, "a machine")
    found = json.loads((tmp_path / "results.json").read_text())
    assert [set(one) for one in found] == [
        {"name", "ours", "theirs", "ratio", "target", "holds", "note"}
    ] * 3
    assert [(one["ratio"], one["target"], one["holds"]) for one in found] == [
        (2.5, 1.5, True),
        (2.0, 1.0, False),
        (0.4, None, True),
    ]
    assert (tmp_path / "results.md").read_text() == table(measures, "a machine")
    assert "| quick | 2 | 5 | 2.5 | 1.5 | yes | at least; s |" in table(measures, "a machine")
    assert "| small | 2 | – | 2 | 1 | **no** | at most; GiB |" in table(measures, "a machine")


def _made(folder: Path, month: Month) -> Path:
    generate(str(folder), month.lines, month.repeats, month.seed)
    return folder


def _packs_in(path: Path) -> list[dict]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def _events_in(path: Path) -> list[dict]:
    return [event for pack in _packs_in(path) for event in pack["detail"]["events"]]


def _day_of(path: Path) -> date:
    return date(*map(int, path.parts[-4:-1]))


def _micros(quantity: str) -> int:
    whole, _, parts = quantity.partition(".")
    return int(whole) * 10**6 + int(parts.ljust(6, "0"))


def _run(digest: str, seconds: float) -> Run:
    return Run({"digest": digest, "seconds": seconds}, 0, 0)
