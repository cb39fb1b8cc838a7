"""One line of the table of results: ours, theirs, their ratio, and whether the target holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

GIB = 2**30
COLUMNS = ("measure", "ours", "theirs", "ratio", "target", "holds", "note")


@dataclass(frozen=True, slots=True)
class Measure:
    """What was measured, in the unit that the name or the note says.

    `target` is None for a figure that is published and not aimed at, such as a known loss.
    """

    name: str
    ours: float
    theirs: float | None
    ratio: float
    target: float | None
    holds: bool
    note: str


def times_better(
    name: str, ours: float, theirs: float, note: str, target: float | None = None
) -> Measure:
    """How many times less ours is than theirs; a target is the least that will do."""
    ratio = theirs / ours
    holds = target is None or ratio >= target
    aim = "at least" if target is not None else "no target"
    return _measure(name, ours, theirs, ratio, target, holds, f"{aim}; {note}")


def times_as_much(
    name: str, ours: float, theirs: float | None, note: str, target: float | None = None
) -> Measure:
    """How many times as much ours is as theirs (as one unit, without); a target is the most."""
    ratio = ours / (theirs or 1)
    holds = target is None or ratio <= target
    aim = "at most" if target is not None else "no target"
    return _measure(name, ours, theirs, ratio, target, holds, f"{aim}; {note}")


def _measure(
    name: str, ours: float, theirs: float | None, ratio: float, target: float | None,
    holds: bool, note: str,
) -> Measure:  # fmt: skip
    shown = None if theirs is None else _figure(theirs)
    return Measure(name, _figure(ours), shown, _figure(ratio), target, holds, note)


def _figure(value: float) -> float:
    """Four digits: no clock of one machine is worth more."""
    return float(f"{value:.4g}")


def write_results(folder: Path, measures: Sequence[Measure], machine: str) -> None:
    """Write results.json, the list, and results.md, the same as a table."""
    text = json.dumps([asdict(measure) for measure in measures], indent=1) + "\n"
    (folder / "results.json").write_text(text, "utf-8")
    (folder / "results.md").write_text(table(measures, machine), "utf-8")


def table(measures: Iterable[Measure], machine: str) -> str:
    """The results as Markdown, below what they were measured on."""
    rule = "| --- | ---: | ---: | ---: | ---: | --- | --- |"
    lines = [f"| {' | '.join(COLUMNS)} |", rule, *map(line_of, measures)]
    return "\n".join([machine, "", *lines]) + "\n"


def line_of(measure: Measure) -> str:
    """A measure as a line of that table."""
    figures = [measure.ours, measure.theirs, measure.ratio, measure.target]
    shown = ["–" if figure is None else f"{figure:,g}" for figure in figures]
    holds = "–" if measure.target is None else "yes" if measure.holds else "**no**"
    return f"| {' | '.join([measure.name, *shown, holds, measure.note])} |"
