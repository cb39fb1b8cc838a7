"""CSV that a spreadsheet shows and never runs: what every download of rows is written with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from meterbook.canonical import text_of

# What a spreadsheet takes for the beginning of a formula, also after it has dropped a control
# character, and in the wide forms that it reads as the narrow ones.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """Say a value as a cell: a text that would be run gets an apostrophe, a number stays a number.

    Numbers are `Decimal` and `int`; None is an empty cell.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = text_of(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_DANGEROUS) else text


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Write rows under a line of their columns (RFC 4180); what a row does not have is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([safe_cell(row.get(name)) for name in columns] for row in rows)
    return out.getvalue()
