"""A small month gives the same published views on every engine, to the last digit.

Against a real account (`--snowflake --aws`) the account must be made ready as docs/deploy.md says,
with a database of its own that holds nothing yet and the landing bucket under its stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from live.small_month import walk_small_month
from meterbook.apply_sql import apply_sql
from meterbook.book import Book
from meterbook.ports import ObjectStore, Row, Warehouse
from meterbook.snowflake.warehouse import SnowflakeWarehouse
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from snowflake_stand_in import snowflake_warehouse

NOW = datetime(2026, 11, 5, 8, 0, tzinfo=UTC)


def _walked(warehouse: Warehouse, landing: ObjectStore, folder: Path) -> dict[str, list[Row]]:
    apply_sql(warehouse)
    return walk_small_month(Book(warehouse, landing, FixedClock(NOW)), folder)


@pytest.fixture(scope="module")
def on_one_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Row]]]:
    folder = tmp_path_factory.mktemp("one-machine")
    with closing(DuckDBWarehouse()) as warehouse:
        yield _walked(warehouse, FolderStore(folder / "landing"), folder)


def test_the_adapter_over_the_stand_in_gives_what_one_machine_gives(
    on_one_machine: dict[str, list[Row]], tmp_path: Path
) -> None:
    landing = tmp_path / "landing"
    with closing(snowflake_warehouse(landing)) as warehouse:
        assert _walked(warehouse, FolderStore(landing), tmp_path) == on_one_machine


@pytest.mark.snowflake
@pytest.mark.aws
def test_a_real_account_gives_what_one_machine_gives(
    on_one_machine: dict[str, list[Row]],
    snowflake_account: object,
    landing_bucket: str,
    tmp_path: Path,
) -> None:
    import boto3  # noqa: PLC0415 - needed with an account only
    from meterbook.aws.s3 import S3Store  # noqa: PLC0415

    warehouse = SnowflakeWarehouse(snowflake_account, left_to_pipes=())
    landing = S3Store(boto3.client("s3"), landing_bucket)
    assert next(iter(landing.keys()), None) is None, "the bucket must be empty: a book is for ever"
    assert _walked(warehouse, landing, tmp_path) == on_one_machine
