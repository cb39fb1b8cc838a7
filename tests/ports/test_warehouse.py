"""Every warehouse keeps this contract: facts come in by deliveries, once; decimals stay exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from meterbook.delivery import Delivery, close_delivery, land_rows
from meterbook.errors import FileRefused, MeterbookError, SqlRefused
from meterbook.ports import ObjectStore, Warehouse
from meterbook.snowflake.warehouse import SnowflakeWarehouse
from meterbook.sqlfiles import SqlFile, read_sql
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from snowflake_stand_in import snowflake_warehouse

Opens = Callable[[Path], AbstractContextManager[Warehouse]]

DURABLE: dict[str, Opens] = {
    "duckdb file": lambda place: closing(DuckDBWarehouse(place / "book.duckdb")),
}
ADAPTERS: dict[str, Opens] = DURABLE | {
    "duckdb in memory": lambda _: closing(DuckDBWarehouse()),
    "snowflake": lambda place: closing(snowflake_warehouse(place / "landing")),
}

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)

COST_BY_DAY = """\
-- metering.cost_by_day: what landed, day by day.
--
-- grain:   one row per usage_date
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.landed_cur

create or alter dynamic table metering.cost_by_day
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    record:usage_date::date as usage_date,
    cast(sum(record:cost::number(38, 12)) as number(38, 12)) as cost_usd
from metering.landed_cur
group by record:usage_date::date;
"""
FILES = [*read_sql("tables"), SqlFile("models/cost_by_day.sql", COST_BY_DAY)]
LANDED = (
    "select record:name::varchar as name, file_name, file_row from metering.landed_cur"
    " order by file_name, file_row"
)
BY_DAY = "select usage_date, cost_usd from metering.cost_by_day order by usage_date"


@pytest.fixture(params=ADAPTERS)
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    with ADAPTERS[request.param](tmp_path) as opened:
        opened.apply(FILES)
        yield opened


@pytest.fixture
def landing(tmp_path: Path) -> ObjectStore:
    return FolderStore(tmp_path / "landing")


def _row(name: str, cost: str = "0.1", day: str = "2026-10-01") -> dict[str, object]:
    return {"name": name, "usage_date": day, "cost": cost}


def _deliver(
    landing: ObjectStore, delivery_id: str, rows: Sequence[object], *, closed: bool = True
) -> list[str]:
    files = land_rows(landing, "cur", delivery_id, rows)
    if closed:
        close_delivery(landing, Delivery(delivery_id, "cur", "payer:cur", "payer:cur", AT, files))
    return [file.file_name for file in files]


def _skip_on_snowflake(warehouse: Warehouse, reason: str) -> None:
    if isinstance(warehouse, SnowflakeWarehouse):
        pytest.skip(f"Snowflake: {reason}")


def _names(warehouse: Warehouse) -> list[object]:
    return [row["name"] for row in warehouse.query(LANDED)]


# ------------------------------------------------------------------------------------- applying


def test_applying_twice_changes_nothing_the_second_time(warehouse: Warehouse) -> None:
    assert warehouse.apply(FILES) == []


def test_what_is_pending_is_what_an_apply_then_changes(warehouse: Warehouse) -> None:
    changed = SqlFile(FILES[-1].path, COST_BY_DAY.replace("what landed", "all that landed"))
    files = [*FILES[:-1], changed]
    assert warehouse.pending(files) == [changed]
    assert warehouse.apply(files) == [changed.name]
    assert warehouse.pending(files) == []


def test_a_changed_text_is_applied_and_its_rows_follow(
    warehouse: Warehouse, landing: ObjectStore
) -> None:
    _deliver(landing, "d1", [_row("a", "0.1")])
    warehouse.load(landing, AT)
    warehouse.refresh()
    doubled = COST_BY_DAY.replace("sum(record", "2 * sum(record")
    changed = warehouse.apply([*FILES[:-1], SqlFile("models/cost_by_day.sql", doubled)])
    warehouse.refresh()
    assert changed == ["metering.cost_by_day"]
    assert [row["cost_usd"] for row in warehouse.query(BY_DAY)] == [Decimal("0.2")]


def test_a_text_that_cannot_run_is_refused_by_name_and_nothing_of_its_company_is_applied(
    warehouse: Warehouse,
) -> None:
    _skip_on_snowflake(warehouse, "it commits each definition; the next apply goes on from there")
    good = SqlFile("models/good.sql", COST_BY_DAY.replace("cost_by_day", "good"))
    bad = SqlFile("models/no_such.sql", COST_BY_DAY.replace("landed_cur", "no_such_table"))
    with pytest.raises(SqlRefused, match=r"models/no_such\.sql"):
        warehouse.apply([*FILES[:-1], good, bad])
    with pytest.raises(MeterbookError):
        warehouse.query("select usage_date from metering.good")
    assert warehouse.apply(FILES) == []


# ------------------------------------------------------------------------------------- querying


@pytest.mark.parametrize(
    "text",
    ["'; drop table metering.landed_cur; --", '"', "\\", "100%_", "é𝄞\u2028", "?", "$1", "", " a "],
)
def test_a_bound_text_comes_back_as_itself(warehouse: Warehouse, text: str) -> None:
    assert warehouse.query("select cast(? as varchar) as text", [text]) == [{"text": text}]
    assert warehouse.query("select count(*) as n from metering.landed_cur") == [{"n": 0}]


@pytest.mark.parametrize(
    ("number", "as_type"),
    [
        ("0.000000000001", "number(38, 12)"),
        ("99999999999999999999999999.999999999999", "number(38, 12)"),
        ("-42.500000", "number(38, 6)"),
        ("0.10", "number(38, 2)"),
    ],
)
def test_a_decimal_comes_back_as_a_decimal_with_its_scale(
    warehouse: Warehouse, number: str, as_type: str
) -> None:
    (row,) = warehouse.query(f"select cast(? as {as_type}) as n", [number])
    assert isinstance(row["n"], Decimal)
    assert f"{row['n']:f}" == number


def test_values_come_back_in_the_types_of_the_port(warehouse: Warehouse) -> None:
    (row,) = warehouse.query(
        "select cast(? as date) as day, cast(? as timestamp_ntz) as moment,"
        " cast(? as boolean) as yes, cast(? as varchar) as nothing,"
        " cast(? as number(38, 0)) as whole",
        [date(2026, 10, 1), datetime(2026, 10, 1, 12, 30), True, None, 7],  # noqa: DTZ001
    )
    assert row["day"] == date(2026, 10, 1)
    assert row["moment"] == datetime(2026, 10, 1, 12, 30)  # noqa: DTZ001 - naive UTC, as the port says
    assert row["yes"] is True
    assert row["nothing"] is None
    assert row["whole"] == 7


def test_column_names_come_in_lower_case(warehouse: Warehouse) -> None:
    assert list(warehouse.query("select 1 as UPPER, 2 as Mixed")[0]) == ["upper", "mixed"]


def test_a_query_that_cannot_run_is_an_error_of_ours(warehouse: Warehouse) -> None:
    with pytest.raises(MeterbookError):
        warehouse.query("select nothing from metering.no_such_table")


# -------------------------------------------------------------------------------------- loading


def test_each_closed_delivery_is_loaded_once(warehouse: Warehouse, landing: ObjectStore) -> None:
    _deliver(landing, "d1", [_row("a"), _row("b")])
    _deliver(landing, "d2", [_row("c")])
    loaded = warehouse.load(landing, AT)
    assert [(one.delivery_id, one.stream, one.row_count) for one in loaded] == [
        ("d1", "cur", 2),
        ("d2", "cur", 1),
    ]
    assert warehouse.load(landing, AT) == []
    assert _names(warehouse) == ["a", "b", "c"]


def test_a_delivery_counts_from_its_closing_record_on(
    warehouse: Warehouse, landing: ObjectStore
) -> None:
    _deliver(landing, "d1", [_row("a")], closed=False)
    assert warehouse.load(landing, AT) == []
    assert _names(warehouse) == []
    _deliver(landing, "d1", [_row("a")])
    warehouse.load(landing, AT)
    assert _names(warehouse) == ["a"]


def test_only_the_files_of_the_closing_record_are_loaded(
    warehouse: Warehouse, landing: ObjectStore
) -> None:
    _deliver(landing, "d1", [_row("of another writer")], closed=False)
    _deliver(landing, "d1", [_row("of the one who closed it")])
    warehouse.load(landing, AT)
    assert _names(warehouse) == ["of the one who closed it"]


def test_rows_know_their_file_and_their_place_in_it(
    warehouse: Warehouse, landing: ObjectStore
) -> None:
    (file_name,) = _deliver(landing, "d1", [_row(str(n)) for n in range(5_000)])
    warehouse.load(landing, AT)
    assert [(row["name"], row["file_row"]) for row in warehouse.query(LANDED)] == [
        (str(n), n + 1) for n in range(5_000)
    ]
    assert {row["file_name"] for row in warehouse.query(LANDED)} == {file_name}


def test_hostile_text_in_a_row_arrives_as_it_was(
    warehouse: Warehouse, landing: ObjectStore
) -> None:
    texts = ["'; drop table x; --", 'a"b', "\n\r\t", "\\u0041", "é𝄞\u2028", "{}", ""]
    _deliver(landing, "d1", [_row(text) for text in texts])
    warehouse.load(landing, AT)
    assert _names(warehouse) == texts


def test_a_file_that_comes_after_its_closing_record_is_loaded_then(
    warehouse: Warehouse, landing: ObjectStore, tmp_path: Path
) -> None:
    (late,) = _deliver(landing, "d1", [_row("late"), _row("too")])
    body = landing.get(late)
    (tmp_path / "landing" / late).unlink()
    _deliver(landing, "d2", [_row("in time")])
    warehouse.load(landing, AT)
    assert _names(warehouse) == ["in time"]
    landing.put_if_absent(late, body)
    assert [(one.delivery_id, one.row_count) for one in warehouse.load(landing, AT)] == [("d1", 2)]
    assert _names(warehouse) == ["late", "too", "in time"]


def test_a_closing_record_of_a_stream_that_has_no_table_is_refused_by_name(
    warehouse: Warehouse, landing: ObjectStore
) -> None:
    record = b'{"stream": "bogus", "delivery_id": "x", "files": []}'
    landing.put_if_absent("deliveries/bogus/x.json", record)
    with pytest.raises(FileRefused, match=r"deliveries/bogus/x\.json: this is no closing record"):
        warehouse.load(landing, AT)


def test_a_load_that_fails_leaves_the_book_as_it_was(
    warehouse: Warehouse, landing: ObjectStore, tmp_path: Path
) -> None:
    _deliver(landing, "d1", [_row("a")])
    warehouse.load(landing, AT)
    warehouse.refresh()
    *_, broken = _deliver(landing, "d2", [_row(str(n), f"{n}.5") for n in range(60_000)])
    whole = landing.get(broken)
    (tmp_path / "landing" / broken).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MeterbookError):
        warehouse.load(landing, AT)
    warehouse.refresh()
    assert _names(warehouse) == ["a"]
    assert [row["cost_usd"] for row in warehouse.query(BY_DAY)] == [Decimal("0.1")]
    (tmp_path / "landing" / broken).write_bytes(whole)
    assert [one.row_count for one in warehouse.load(landing, AT)] == [60_000]


# ----------------------------------------------------------------------------------- refreshing


def test_a_refresh_adds_what_is_new_and_sums_exactly(
    warehouse: Warehouse, landing: ObjectStore
) -> None:
    _deliver(landing, "d1", [_row("a", "0.1"), _row("b", "0.2"), _row("c", "4E-10", "2026-10-02")])
    warehouse.load(landing, AT)
    warehouse.refresh()
    assert warehouse.query(BY_DAY) == [
        {"usage_date": date(2026, 10, 1), "cost_usd": Decimal("0.3")},
        {"usage_date": date(2026, 10, 2), "cost_usd": Decimal("0.0000000004")},
    ]


def test_a_refresh_of_nothing_changes_nothing(warehouse: Warehouse, landing: ObjectStore) -> None:
    _skip_on_snowflake(warehouse, "only real dynamic tables know that nothing has changed")
    _deliver(landing, "d1", [_row("a")])
    warehouse.load(landing, AT)
    assert [(one.name, one.how) for one in warehouse.refresh()] == [
        ("metering.cost_by_day", "whole")
    ]
    before = warehouse.query(BY_DAY)
    assert {one.how for one in warehouse.refresh()} == {"unchanged"}
    assert warehouse.query(BY_DAY) == before


@pytest.mark.parametrize("name", DURABLE)
def test_the_book_survives_being_closed_and_opened_again(
    name: str, landing: ObjectStore, tmp_path: Path
) -> None:
    _deliver(landing, "d1", [_row("a")])
    with DURABLE[name](tmp_path) as first:
        first.apply(FILES)
        first.load(landing, AT)
        first.refresh()
        before = first.query(BY_DAY)
    with DURABLE[name](tmp_path) as second:
        assert second.apply(FILES) == []
        assert second.load(landing, AT) == []
        assert {one.how for one in second.refresh()} == {"unchanged"}
        assert second.query(BY_DAY) == before
