"""Bring a warehouse to what `sql/` says: what changed, in order, each text as it is written."""

from __future__ import annotations

from pathlib import Path

from meterbook.ports import Warehouse
from meterbook.sqlfiles import read_folders


def apply_sql(
    warehouse: Warehouse, *, plan_only: bool = False, root: Path | None = None
) -> list[str]:
    """Apply the files that changed since the last time; return them as `path: what it is for`.

    A file is known by the hash of its text, so a run that broke off is taken up by the next one.
    `plan_only` tells what would be applied and does nothing. What is no longer in `sql/` stays on
    Snowflake until a person drops it. Errors: `SqlRefused` names the file.
    """
    files = read_folders(warehouse.sql_folders, root)
    pending = warehouse.pending(files)
    if not plan_only:
        warehouse.apply(files)
    return [f"{file.path}: {file.header['what'].partition(': ')[2]}" for file in pending]
