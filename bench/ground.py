"""What benchmarks stand on: the data, processes that are measured, and pairs that must agree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.generate import Month

PROJECT = Path(__file__).parents[1]
THREADS = 2


class Unequal(Exception):
    """Two sides of a pair gave different answers, so neither time means anything."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a process answered, and what it cost from its start to its end.

    A command that is no job of ours answers None and says nothing of its memory.
    """

    answer: Any
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a suite runs, how large its months are, and which python the peers have."""

    folder: Path
    sizes: tuple[int, ...]
    peers: Path

    @property
    def largest(self) -> int:
        """The size of the month for what is measured once."""
        return max(self.sizes)

    def month(self, lines: int, *, repeats: bool = True) -> Path:
        """The folder of a month of so many lines, made once."""
        month = Month(lines, repeats)
        made = self.folder / "data" / month.name
        if not made.exists():
            begun = self.empty(f"data/{month.name}.begun")
            job(self, "bench.generate:generate", folder=str(begun), **asdict(month))
            begun.rename(made)
        return made

    def empty(self, name: str) -> Path:
        """An empty folder of this name below the suite's."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place


def job(ground: Ground, name: str, *, peers: bool = False, **arguments: object) -> Run:
    """Run `bench.room:job` in a process of its own, ours or a peer's."""
    python = ground.peers if peers else Path(sys.executable)
    return run([str(python), "-m", "bench.child", name, json.dumps(arguments)])


def missing(ground: Ground, name: str) -> str:
    """Why a job of the peers does not run here, in its own last words; nothing where it does."""
    try:
        command = [str(ground.peers), "-m", "bench.child", name, "{}"]
        found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    except OSError as error:
        return str(error)
    return found.stderr.strip().rpartition("\n")[2] if found.returncode else ""


def duel(
    lines: int, ours: Callable[[], Run], theirs: Callable[[], Run], *, times: int = 0
) -> tuple[Run, Run]:
    """Run both sides in turns, the fastest of each counts; answers that differ are refused.

    How often is a matter of size, unless the times are given.
    """
    pairs = [(ours(), theirs()) for _ in (range(times) if times else rounds(lines))]
    must_agree([run for pair in pairs for run in pair])
    sides = [list(side) for side in zip(*pairs, strict=True)]
    best, other = (min(side, key=lambda one: float(one.answer["seconds"])) for side in sides)
    return best, other


def must_agree(runs: Sequence[Run]) -> None:
    """Refuse runs that answered differently. Errors: `Unequal`."""
    digests = {run.answer["digest"] for run in runs}
    if len(digests) > 1:
        raise Unequal(f"the sides of a pair answered {', '.join(sorted(digests))}")


def rounds(lines: int) -> range:
    """How often a pair is run: the best of so many counts."""
    return range(3 if lines <= 1_000_000 else 2)


def run(command: Sequence[str]) -> Run:
    """Run a command to its end; its last line of output is what it has to tell, if anything."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT) as process:
        lines = process.stdout.read().splitlines() if process.stdout else []
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    told = json.loads(lines[-1]) if lines else {"answer": None, "peak_bytes": 0}
    return Run(cpu_seconds=used.ru_utime + used.ru_stime, **told)
