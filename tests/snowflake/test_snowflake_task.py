"""One view holds the SQL over ACCOUNT_USAGE; the task adds what it shows, column by column, and no more.

What a task does at its hour an account alone can tell (docs/deploy.md).
"""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from meterbook.snowflake.warehouse import SnowflakeWarehouse
from meterbook.sqlfiles import SqlFile, in_order_of_creation, read_sql
from meterbook_local.dialect import parse
from snowflake_stand_in import Session
from sqlglot import exp, parse_one

(TASK,) = read_sql("snowflake/tasks")
MODELS = {file.name: file for file in read_sql("models")}
VIEW, NUMBERS = MODELS["metering.snowflake_credit_usage"], MODELS["metering.numbers"]
RUNS = next(f for f in read_sql("tables") if "snowflake_credit_runs" in f.path)
SUSPEND, MAKE, RESUME = (
    re.sub(r"^--.*\n", "", part, flags=re.M).strip() for part in TASK.text.split(";")[:3]
)
INSERT = parse_one(MAKE.partition("\nas\n")[2], read="snowflake")


def columns_of_the_table() -> list[str]:
    """The columns of the runs, in their order."""
    (made,) = parse(RUNS.text, RUNS.path)
    return [column.name for column in made.find_all(exp.ColumnDef)]


def test_the_task_adds_to_every_column_of_the_runs_in_their_order() -> None:
    assert isinstance(INSERT, exp.Insert)
    assert INSERT.this.this.sql("snowflake").lower() == "metering.snowflake_credit_runs"
    named = [column.name for column in INSERT.this.expressions]
    assert named == INSERT.expression.named_selects == columns_of_the_table()


def test_the_task_adds_what_the_view_shows_as_it_shows_it() -> None:
    (shown,) = parse(VIEW.text, VIEW.path)
    assert columns_of_the_table() == ["run_at", *shown.expression.named_selects]
    first, *rest = INSERT.expression.selects
    assert first.sql("snowflake").lower() == "sysdate() as run_at"
    assert all(isinstance(column, exp.Column) for column in rest)


def test_the_sql_over_account_usage_exists_once() -> None:
    everything = [*read_sql("models"), *read_sql("queries"), *read_sql("checks"), TASK]
    assert [f.name for f in everything if "snowflake.account_usage." in _sql(f)] == [VIEW.name]
    tables = [table.sql("snowflake").lower() for table in INSERT.expression.find_all(exp.Table)]
    assert tables == [VIEW.name]
    assert not list(INSERT.expression.find_all(exp.Join, exp.Group, exp.Window))


def test_the_task_runs_every_four_hours_in_utc_and_is_never_given_up() -> None:
    for said in (
        "schedule = 'using cron 0 */4 * * * UTC'",
        "timezone = 'UTC'",
        "suspend_task_after_num_failures = 0",
    ):
        assert said in MAKE
    assert MAKE.startswith(f"create or alter task {TASK.name}\n")
    assert f"alter task if exists {TASK.name} suspend" == SUSPEND
    assert f"alter task {TASK.name} resume" == RESUME


def test_the_task_is_made_after_its_view_in_the_role_that_owns_metering(tmp_path: Path) -> None:
    order = [file.name for file in in_order_of_creation([TASK, *read_sql("models")])]
    assert order.index(TASK.name) > order.index(VIEW.name)
    with closing(Session(tmp_path)) as session:
        SnowflakeWarehouse(session, warehouse="BANK_WH").apply([*read_sql("tables"), TASK])
        said = "\n".join(session.said)
    assert "    warehouse = BANK_WH\n" in said
    before, _, _ = said.partition("create or alter task")
    assert re.findall(r"^use role (\w+)$", before, re.M)[-1] == "meterbook_metering_owner"


def test_a_run_adds_the_last_days_beside_the_runs_before(tmp_path: Path) -> None:
    days = "select dateadd(day, -column1, current_date), 'PIPE', 0, 0, 0, column1 from values (0), (4), (5)"
    with closing(Session(tmp_path)) as session:
        warehouse = SnowflakeWarehouse(session)
        warehouse.apply([*read_sql("tables"), NUMBERS, VIEW])
        warehouse.query(f"insert into snowflake.account_usage.metering_daily_history {days}")
        for _ in range(2):
            warehouse.query(MAKE.partition("\nas\n")[2])
        counted = (
            "select credits_billed, count(*) as n from metering.snowflake_credit_runs group by all"
        )
        runs = {row["credits_billed"]: row["n"] for row in warehouse.query(counted)}
        warehouse.query("delete from snowflake.account_usage.metering_daily_history")
    assert runs == {4: 2}, "a day that runs is not whole yet, and the fifth day back is left alone"


def test_the_role_of_the_task_may_read_account_usage_and_have_tasks_run() -> None:
    given = "\n".join(_sql(file) for file in read_sql("snowflake/account"))
    for right in (
        "database role snowflake.usage_viewer",
        "database role snowflake.governance_viewer",
        "execute task on account",
    ):
        assert re.findall(rf"grant {right} to role (\w+);", given) == ["meterbook_metering_owner"]
    assert "imported privileges" not in given


def _sql(file: SqlFile) -> str:
    """The text without its comments."""
    return "\n".join(line for line in file.text.splitlines() if not line.startswith("--"))
