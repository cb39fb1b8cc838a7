"""How rows reach a person or a program: a table, JSON or CSV on stdout; words on stderr."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from meterbook.canonical import plain, text_of
from meterbook.report.csv_cells import safe_cell
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Cells = Sequence[object]


def say(words: str, style: str = "") -> None:
    """Tell the person something; data never goes this way."""
    Console(stderr=True).print(Text(_visible(words), style), soft_wrap=True)


def put(line: str = "", style: str = "") -> None:
    """Write one line of the answer."""
    Console().print(Text(_visible(line), style), soft_wrap=True)


def put_table(columns: Sequence[str], rows: Iterable[Cells]) -> None:
    """Write rows as a table: framed on a terminal, aligned text everywhere else."""
    texts = [[_visible(_text(cell)) for cell in row] for row in rows]
    numeric = {n for n, _ in enumerate(columns) if texts and all(_is_number(r[n]) for r in texts)}
    console = Console()
    if console.is_terminal and not console.no_color:
        console.print(_framed(columns, texts, numeric))
    else:
        _put_aligned([list(columns), *texts], numeric)


def put_json(columns: Sequence[str], rows: Iterable[Cells]) -> None:
    """Write a JSON array, one object a line, decimals as strings."""
    lines = (
        json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=plain)
        for row in rows
    )
    sys.stdout.write("[" + ",".join(f"\n{line}" for line in lines) + "\n]\n")


def put_csv(columns: Sequence[str], rows: Iterable[Cells]) -> None:
    """Write CSV that a spreadsheet cannot mistake for formulas."""
    sys.stdout.write(_csv_line(columns))
    sys.stdout.writelines(_csv_line([safe_cell(cell) for cell in row]) for row in rows)


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)  # it quotes \r and \n only where its own line end has them
    return line.getvalue().removesuffix("\r\n") + "\n"


@contextmanager
def step(title: str, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Show one long step on stderr, a bar on a terminal; the callback counts units."""
    console = Console(stderr=True)
    if not console.is_terminal:
        say(title)
        yield lambda _: None
        return
    columns = [TextColumn("{task.description:<36}"), BarColumn(), TimeElapsedColumn()]
    counter = [TextColumn("{task.completed:,.0f} " + unit)] if unit else []
    with Progress(*columns, *counter, console=console) as progress:
        task = progress.add_task(title, total=None)
        yield lambda amount: progress.advance(task, amount)
        done = progress.tasks[task].completed or 1
        progress.update(task, total=done, completed=done)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return text_of(cell)


def _visible(text: str) -> str:
    """Control characters are shown, not obeyed: a name must not drive the terminal."""
    if text.isprintable():
        return text
    marks = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "".join(marks)


def _is_number(text: str) -> bool:
    return not text or text.lstrip("-").replace(".", "", 1).isdecimal()


def _framed(columns: Sequence[str], rows: Iterable[list[str]], numeric: set[int]) -> Table:
    table = Table(header_style="bold")
    for n, column in enumerate(columns):
        table.add_column(column, justify="right" if n in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _put_aligned(rows: Sequence[list[str]], numeric: set[int]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if n in numeric else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
