"""From landed files to the daily summary: against gunzip, in memory, and when little is new."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench import books
from bench.generate import DAYS
from bench.ground import Ground, Run, Unequal, job, rounds, run
from bench.measure import GIB, Measure, times_as_much, times_better

_GUNZIP = 'find "$0" -name "*.gz" -exec gunzip -c {} + > /dev/null'
_LAST_DAY = f"usage/2026/10/{DAYS}"


@dataclass(frozen=True, slots=True)
class Round:
    """A month into a new book, its files unzipped, and its last day into a book of the rest."""

    full: Run
    gunzip: Run
    day: Run


def measures(ground: Ground) -> Iterator[Measure]:
    """Landed to refreshed, its memory, and what a refresh costs when little is new."""
    peaks: dict[int, float] = {}
    for lines in ground.sizes:
        ran = [_round(ground, lines) for _ in rounds(lines)]
        peaks[lines] = max(one.full.peak_bytes for one in ran) / GIB
        yield _cpu(lines, ran)
        yield from _when_little_is_new(lines, ran, aims=lines == ground.largest)
    yield from _memory(peaks)


def _round(ground: Ground, lines: int) -> Round:
    """One of each, close together; what the full book and the grown one publish must be equal."""
    month, landed = ground.month(lines), books.workspace(ground, lines)
    full = books.build(ground, landed)
    gunzip = run(["sh", "-c", _GUNZIP, str(month)])
    grown = _grown(ground, lines)
    day = job(ground, "bench.books:update", root=str(grown))
    daily = str(month / "daily.parquet")
    shown = [
        job(ground, "bench.books:published", book=str(root / "book.duckdb"), daily=daily).answer
        for root in (landed, grown)
    ]
    if shown[0] != shown[1]:
        differ = sorted(view for view in shown[0] if shown[0][view] != shown[1].get(view))
        raise Unequal(f"a day more and a full refresh differ in {', '.join(differ)}")
    return Round(full, gunzip, day)


def _grown(ground: Ground, lines: int) -> Path:
    """A workspace whose book knows all but the last day, which has just landed."""
    root, book = _all_but_a_day(ground, lines)
    shutil.copyfile(book, root / "book.duckdb")
    landed = ground.month(lines) / _LAST_DAY
    shutil.copytree(landed, root / "landing" / _LAST_DAY, copy_function=_link, dirs_exist_ok=True)
    return root


def _link(source: str, target: str) -> None:
    if not Path(target).exists():
        os.link(source, target)


@cache
def _all_but_a_day(ground: Ground, lines: int) -> tuple[Path, Path]:
    full = books.workspace(ground, lines)
    root = ground.empty(f"work/{lines}-grown")
    last = str(full / "landing" / _LAST_DAY)
    shutil.copytree(
        full, root, dirs_exist_ok=True, copy_function=os.link,
        ignore=lambda folder, names: names if folder == last else _books_among(names),
    )  # fmt: skip
    books.build(ground, root)
    return root, (root / "book.duckdb").rename(root.with_suffix(".duckdb"))


def _books_among(names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("book.duckdb")]


def _cpu(lines: int, ran: list[Round]) -> Measure:
    ours = min(one.full.answer["load"]["cpu"] + one.full.answer["refresh"]["cpu"] for one in ran)
    opened = min(one.full.answer["open"]["cpu"] for one in ran)
    wall = min(one.full.answer["load"]["wall"] + one.full.answer["refresh"]["wall"] for one in ran)
    return times_as_much(
        f"landed files to the daily summary against gunzip, {lines:,} events",
        ours, min(one.gunzip.cpu_seconds for one in ran),
        f"CPU s; {wall:.1f} s of wall; opening the book first takes {opened:.1f} CPU s more",
        target=8,
    )  # fmt: skip


def _when_little_is_new(lines: int, ran: list[Round], aims: bool) -> Iterator[Measure]:
    full = _least(ran, lambda one: one.full.answer["refresh"]["wall"])
    load = _least(ran, lambda one: one.day.answer["load"]["wall"])
    yield times_better(
        f"refresh after one more day against a full one, {lines:,} events",
        _least(ran, lambda one: one.day.answer["refresh"]["wall"]), full,
        f"s of wall; every published view is equal; loading the day takes {load:.2f} s",
        target=10 if aims else None,
    )  # fmt: skip
    yield times_better(
        f"refresh with nothing new against a full one, {lines:,} events",
        _least(ran, lambda one: one.full.answer["nothing"]["wall"]), full,
        "s of wall", target=500 if aims else None,
    )  # fmt: skip


def _least(ran: list[Round], of: Callable[[Round], float]) -> float:
    return min(map(of, ran))


def _memory(peaks: dict[int, float]) -> Iterator[Measure]:
    small, large = min(peaks), max(peaks)
    yield times_as_much(
        f"peak memory of load and refresh, {large:,} events",
        peaks[large], None, "GiB of the whole process", target=3,
    )  # fmt: skip
    if small < large:
        yield times_as_much(
            f"growth of that peak from {small:,} to {large:,} events",
            peaks[large], peaks[small], "GiB; the target is what the data grows by",
            target=large / small,
        )  # fmt: skip
