"""The Snowflake adapter applies texts as they are written, goes on where it stopped, and loads once.

Run against the stand-in: what only an account can tell is listed in docs/deploy.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from meterbook.apply_sql import apply_sql
from meterbook.close.decide import DECIDED
from meterbook.delivery import Delivery, close_delivery, land_rows
from meterbook.errors import InputRefused, SnowflakeFailed, SnowflakeUnavailable, SqlRefused
from meterbook.ports import ObjectStore
from meterbook.snowflake.warehouse import SnowflakeWarehouse
from meterbook.sqlfiles import SqlFile, read_sql
from meterbook_local.folder import FolderStore
from snowflake_stand_in import Session, snowflake_warehouse

AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
TABLES = read_sql("tables")
MODEL = """\
-- metering.days: the days that have landed.
--
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.landed_cur

create or alter dynamic table metering.days
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select distinct record:usage_date::date as usage_date  -- meterbook_transformed; is no token
from metering.landed_cur;
"""
DAYS = SqlFile("models/staging/days.sql", MODEL)
COUNTED_MODEL = (
    MODEL.replace("metering.days", "metering.counted")
    .replace("metering.landed_cur", "metering.days")
    .replace("record:usage_date::date as usage_date", "usage_date")
)
COUNTED = SqlFile("models/usage/counted.sql", COUNTED_MODEL)
SESSION_FILES = [*TABLES, DAYS, COUNTED]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with closing(Session(tmp_path / "landing")) as opened:
        yield opened


@pytest.fixture
def landing(tmp_path: Path) -> ObjectStore:
    return FolderStore(tmp_path / "landing")


def _said(session: Session, start: str) -> list[str]:
    lines = (line for text in session.said for line in text.splitlines())
    return [line for line in lines if line.startswith(start)]


def _deliver(landing: ObjectStore, stream: str, names: Sequence[str]) -> list[str]:
    files = [
        *land_rows(
            landing, stream, "d1", [{"name": name, "usage_date": "2026-10-01"} for name in names]
        )
    ]
    close_delivery(landing, Delivery("d1", stream, stream, stream, AT, files))
    return [file.file_name for file in files]


# ------------------------------------------------------------------------------------- applying


def test_a_text_is_applied_as_it_is_written(session: Session) -> None:
    SnowflakeWarehouse(session).apply(SESSION_FILES)
    assert MODEL.strip().rstrip(";") in [text.strip() for text in session.said]


def test_the_name_of_the_warehouse_is_the_one_thing_that_a_deployment_replaces(
    session: Session,
) -> None:
    SnowflakeWarehouse(session, warehouse="BANK_DEV_WH").apply(SESSION_FILES)
    (said,) = [text for text in session.said if "dynamic table metering.days" in text]
    expected = MODEL.replace("warehouse = meterbook_transform\n", "warehouse = BANK_DEV_WH\n")
    assert said.strip() == expected.strip().rstrip(";")


def test_a_name_that_is_no_name_of_a_warehouse_is_refused(session: Session) -> None:
    with pytest.raises(InputRefused, match="no name of a warehouse"):
        SnowflakeWarehouse(session, warehouse="x; drop database book")


def test_models_come_after_what_they_read_whatever_their_names(session: Session) -> None:
    assert SnowflakeWarehouse(session).apply([COUNTED, DAYS, *TABLES])[-2:] == [
        "metering.days",
        "metering.counted",
    ]


def test_models_that_read_each_other_are_refused(session: Session) -> None:
    circle = SqlFile(DAYS.path, DAYS.text.replace("-- reads:   ", "-- reads:   metering.counted, "))
    with pytest.raises(SqlRefused, match="read each other"):
        SnowflakeWarehouse(session).apply([*TABLES, circle, COUNTED])


def test_each_file_is_applied_in_the_role_that_is_to_own_what_it_makes(session: Session) -> None:
    SnowflakeWarehouse(session).apply([*TABLES, DAYS])
    roles = _said(session, "use role meterbook")
    assert roles == [
        *["use role meterbook_landing_owner"] * len(TABLES),
        "use role meterbook_metering_owner",
    ]
    assert len(_said(session, 'use role "')) == len(roles)  # and back each time


def test_readers_are_given_each_published_view_and_nothing_else(session: Session) -> None:
    apply_sql(SnowflakeWarehouse(session))
    published = {file.name for file in read_sql("models") if file.path.startswith("models/publish")}
    given = {text.split()[4] for text in _said(session, "grant select on view")}
    assert given == published


def test_a_deployment_without_owner_roles_stays_in_the_role_of_the_session(
    session: Session,
) -> None:
    SnowflakeWarehouse(session, as_owners=False).apply(SESSION_FILES)
    assert _said(session, "use role") == []


def test_an_apply_that_failed_is_taken_up_where_it_stopped(session: Session) -> None:
    broken = SqlFile(COUNTED.path, COUNTED.text.replace("from metering.days", "from metering.none"))
    warehouse = SnowflakeWarehouse(session)
    with pytest.raises(SqlRefused, match=r"models/usage/counted\.sql"):
        warehouse.apply([*TABLES, DAYS, broken])
    assert [file.path for file in warehouse.pending(SESSION_FILES)] == [COUNTED.path]
    assert warehouse.apply(SESSION_FILES) == ["metering.counted"]


def test_a_text_that_went_back_to_what_it_was_is_applied_again(session: Session) -> None:
    warehouse = SnowflakeWarehouse(session)
    other = SqlFile(DAYS.path, DAYS.text.replace("the days that", "days that"))
    for file in (DAYS, other, DAYS):
        assert warehouse.apply([*TABLES, file])[-1] == "metering.days"
    assert warehouse.apply([*TABLES, DAYS]) == []


def test_a_plan_changes_nothing_and_tells_what_apply_then_does(session: Session) -> None:
    warehouse = SnowflakeWarehouse(session)
    planned = apply_sql(warehouse, plan_only=True)
    assert not [text for text in session.said if "create" in text]
    assert apply_sql(warehouse) == planned
    assert apply_sql(warehouse, plan_only=True) == []
    ground = [line.split("/")[0] for line in planned if not line.startswith("snowflake/tasks/")]
    assert ground == sorted(ground, key=["tables", "snowflake", "models"].index)
    assert not [line for line in planned if "account/" in line]


# ----------------------------------------------------------------------------------- trying again

LOCKED, WRONG = 625, 2003


def test_a_statement_that_met_a_lock_is_said_again(session: Session) -> None:
    session.fails = [("select 1", LOCKED)] * 2
    assert SnowflakeWarehouse(session).query("select 1 as n") == [{"n": 1}]
    assert len(_said(session, "select 1")) == 3


def test_it_is_not_said_for_ever(session: Session) -> None:
    session.fails = [("select 1", LOCKED)] * 5
    with pytest.raises(SnowflakeUnavailable):
        SnowflakeWarehouse(session).query("select 1 as n")
    assert len(_said(session, "select 1")) == 3


def test_what_would_fail_again_is_said_once(session: Session) -> None:
    session.fails = [("select 1", WRONG)]
    with pytest.raises(SnowflakeFailed):
        SnowflakeWarehouse(session).query("select 1 as n")
    assert len(_said(session, "select 1")) == 1


def test_a_load_that_met_a_lock_leaves_nothing_half_done(
    session: Session, landing: ObjectStore
) -> None:
    warehouse = SnowflakeWarehouse(session, left_to_pipes=())
    warehouse.apply(TABLES)
    _deliver(landing, "cur", ["a"])
    session.fails = [("copy into metering.deliveries", LOCKED)]
    with pytest.raises(SnowflakeUnavailable):
        warehouse.load(landing, AT)
    assert warehouse.query("select count(*) as n from metering.landed_cur") == [{"n": 0}]
    assert [one.row_count for one in warehouse.load(landing, AT)] == [1]


# -------------------------------------------------------------------------------------- loading


def test_rows_that_are_left_to_a_pipe_are_not_copied_and_the_closing_record_is(
    tmp_path: Path, landing: ObjectStore
) -> None:
    with closing(snowflake_warehouse(tmp_path / "landing", left_to_pipes=("cur",))) as warehouse:
        warehouse.apply(TABLES)
        _deliver(landing, "cur", ["a"])
        assert [(one.stream, one.row_count) for one in warehouse.load(landing, AT)] == [("cur", 0)]
        assert warehouse.load(landing, AT) == []
        assert warehouse.query("select count(*) as n from metering.landed_cur") == [{"n": 0}]
        assert warehouse.query("select count(*) as n from metering.deliveries") == [{"n": 1}]


def test_a_file_that_comes_after_its_closing_record_is_loaded_when_it_comes(
    tmp_path: Path, landing: ObjectStore
) -> None:
    with closing(snowflake_warehouse(tmp_path / "landing")) as warehouse:
        warehouse.apply(TABLES)
        (name,) = _deliver(landing, "cur", ["a", "b"])
        late = (tmp_path / "landing" / name).rename(tmp_path / "late")
        assert [one.row_count for one in warehouse.load(landing, AT)] == [0]
        assert warehouse.load(landing, AT) == []
        late.rename(tmp_path / "landing" / name)
        assert [one.row_count for one in warehouse.load(landing, AT)] == [2]
        assert warehouse.load(landing, AT) == []


def test_a_file_that_a_pipe_brings_as_well_counts_once(
    tmp_path: Path, landing: ObjectStore
) -> None:
    with closing(snowflake_warehouse(tmp_path / "landing")) as warehouse:
        apply_sql(warehouse)
        _deliver(landing, "catalog", ["a", "b"])
        warehouse.load(landing, AT)
        columns = "record, file_name, file_row, loaded_at"
        for table in ("metering.landed_catalog", "metering.deliveries"):
            warehouse.query(f"insert into {table} select {columns} from {table}")
        warehouse.refresh()
        whole = "select landed_rows, is_whole from metering.delivery_files"
        assert warehouse.query(whole) == [{"landed_rows": 2, "is_whole": True}]
        once = "select count(*) as n from metering.complete_deliveries"
        assert warehouse.query(once) == [{"n": 1}]


# ----------------------------------------------------------------------------------- refreshing


def test_a_refresh_asks_in_one_statement_for_the_models_that_no_model_reads(
    session: Session,
) -> None:
    warehouse = SnowflakeWarehouse(session)
    warehouse.apply(SESSION_FILES)
    assert [(one.name, one.how) for one in warehouse.refresh()] == [("metering.counted", "parts")]
    assert _said(session, "alter dynamic") == ["alter dynamic table metering.counted refresh"]


def test_who_waits_for_some_models_alone_asks_for_no_others(session: Session) -> None:
    apply_sql(SnowflakeWarehouse(session))
    warehouse = SnowflakeWarehouse(session)
    assert [one.name for one in warehouse.refresh(DECIDED)] == ["billing.document_approvals"]
    assert _said(session, "alter dynamic") == [
        "alter dynamic table billing.document_approvals refresh"
    ]


def test_a_job_that_applied_nothing_refreshes_the_models_of_its_own_version(
    session: Session,
) -> None:
    apply_sql(SnowflakeWarehouse(session))
    refreshed = {one.name for one in SnowflakeWarehouse(session).refresh()}
    assert {"metering.unattributed_costs", "billing.invoices"} <= refreshed
    assert not {name for name in refreshed if name.startswith("metering.v_")}
