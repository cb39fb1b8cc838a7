"""The demo month: October 2026 of a small platform, made up from a seed.

Everything that makes billing hard is in it on purpose: lines that come twice, events that a
producer sent again, a retry that contradicts itself, events that arrive in a later file, a tenant
who joins in mid-month, cost that nobody tagged, pools that tenants share, a credit. The commercial
set-up beside it (`examples/demo`) is written by hand, because it is documentation too. November and
the begun December follow, so that there is a month to look back on and one that is open.

Same seed, same bytes: the dice are a generator of its own, and nothing reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from meterbook.period import Period
from meterbook.sqlfiles import project_folder

from meterbook_local.demo_credits import write_credits
from meterbook_local.demo_december import write_december
from meterbook_local.demo_dice import Dice, csv_text, zipped
from meterbook_local.demo_november import write_november
from meterbook_local.demo_platform import (
    HEADER,
    Brought,
    Event,
    cost_rows,
    days_of,
    events_of,
    line_of,
    tenants_by_day,
)

PERIOD = Period.parse("2026-10")
NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
_DAYS = days_of(PERIOD.start, PERIOD.end)


@dataclass(frozen=True, slots=True)
class DemoMonth:
    """Where everything lies that `meterbook demo` feeds in, and the moment at which it does so."""

    catalog: Path
    usage_files: list[Path]
    usage_mapping: Path
    cost_files: list[Path]
    cost_mapping: Path
    period: Period
    now: datetime
    credit_files: Sequence[Path] = ()
    later: Sequence[Brought] = ()


_FILES = ("usage-2026-10-1.jsonl.gz", "usage-2026-10-2.jsonl.gz", "usage-2026-10-3.jsonl.gz")
_LATE_FILE = "usage-2026-10-late.jsonl.gz"
_COST_FILES = ("cost-2026-10-1.csv.gz", "cost-2026-10-2.csv.gz")


def write_demo_month(folder: Path, seed: int = 7) -> DemoMonth:
    """Write the month's usage and cost files into a folder and say where everything is."""
    folder.mkdir(parents=True, exist_ok=True)
    examples = project_folder("examples") / "demo"
    usage_files = _write_usage(folder, Dice(seed))
    return DemoMonth(
        catalog=examples / "catalog",
        usage_files=usage_files,
        usage_mapping=examples / "usage.yaml",
        cost_files=_write_cost(folder, Dice(seed + 1)),
        cost_mapping=examples / "cur.yaml",
        period=PERIOD,
        now=NOW,
        credit_files=write_credits(folder, tenants_by_day(_DAYS), Dice(seed + 2)),
        later=(write_november(folder, usage_files[0]), write_december(folder)),
    )


# ---------------------------------------------------------------------------------------- usage


def _write_usage(folder: Path, dice: Dice) -> list[Path]:
    """The month in three files, and a fourth with what came late or was sent again."""
    files: dict[str, list[str]] = {name: [] for name in (*_FILES, _LATE_FILE)}
    for day in _DAYS:
        on_time = files[_FILES[min((day.day - 1) // 10, 2)]]
        for event in events_of(day, dice):
            line = line_of(event)
            (files[_LATE_FILE] if dice.one_in(70) else on_time).append(line)
            if dice.one_in(90):
                on_time.append(line)
            if dice.one_in(150):
                files[_LATE_FILE].append(_sent_again(event))
    files[_LATE_FILE] += _mishaps()
    return [zipped(folder / name, "\n".join(lines) + "\n") for name, lines in files.items()]


def _sent_again(event: Event) -> str:
    """What a producer's retry looks like: the same event, its fields in another order."""
    return line_of(dict(reversed(event.items())))


def _mishaps() -> list[str]:
    """What no month is without: it is listed among the rejects, never dropped, never billed."""
    good: Event = {
        "specversion": "1.0",
        "source": "/MOD-024/score",
        "type": "ml_inference",
        "subject": "tidewater",
        "time": "2026-10-30T09:00:00Z",
        "data": {"quantity": "12", "unit": "inference"},
    }
    twice = {"quantity": "24", "unit": "inference"}
    events = [
        {**good, "id": "mishap-1"},
        # The same event once more, with another quantity: the earlier one counts.
        {**good, "id": "mishap-1", "time": "2026-10-30T09:00:01Z", "data": twice},
        {**good, "id": "mishap-2", "subject": "sandbox"},
        {**good, "id": "mishap-3", "time": "2026-10-30T11:00:00+02:00"},
        {**good, "id": "mishap-4", "data": {"quantity": "1,5", "unit": "inference"}},
    ]
    return [line_of(event) for event in events] + ['{"specversion":"1.']


# ----------------------------------------------------------------------------------------- cost


def _write_cost(folder: Path, dice: Dice) -> list[Path]:
    """The month's bill in two parts of one export, as AWS cuts it: by size, not by day."""
    rows = [row for day in _DAYS for row in cost_rows(day, dice)]
    middle = len(rows) // 2 + 7
    parts = zip(_COST_FILES, (rows[:middle], rows[middle:]), strict=True)
    return [zipped(folder / name, csv_text(HEADER, part)) for name, part in parts]
