"""The second wall: a reader of the warehouse sees the rows that he is named for, and finance all.

Read off the texts and off what the adapter says; what an account makes of it is seen with
`--snowflake` alone.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from meterbook.snowflake import warehouse
from meterbook.snowflake.warehouse import SnowflakeWarehouse
from meterbook.sqlfiles import SqlFile, read_folders, read_sql
from meterbook_local.dialect import parse

PUBLISHED = [file for file in read_sql("models") if file.path.startswith("models/publish/")]
(ROWS,) = [file for file in read_sql("snowflake/database") if "S007" in file.path]
SEES_ALL = {"METERBOOK_FINANCE", "METERBOOK_JOBS", "METERBOOK_METERING_OWNER"}


class Listening:
    """An account without anything in it that does what it is told and keeps what that was."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.description: list[SimpleNamespace] = []
        self._rows: list[tuple[object, ...]] = []

    def cursor(self) -> Listening:
        return self

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, sql: str, binds: object = None) -> None:
        self.said.append(" ".join(sql.split()))
        answers = {"select count(*) as n": ("n", 0), "select current_role() as role": ("role", "X")}
        found = [answer for asked, answer in answers.items() if self.said[-1].startswith(asked)]
        self.description = [SimpleNamespace(name=name) for name, _ in found]
        self._rows = [(value,) for _, value in found]

    def fetchall(self) -> list[tuple[object, ...]]:
        return self._rows


@pytest.fixture(scope="module")
def said() -> list[str]:
    """Everything that the adapter tells an account whose book is new."""
    account: Any = Listening()
    SnowflakeWarehouse(account).apply(read_folders(SnowflakeWarehouse.sql_folders))
    told: list[str] = account.said
    return told


def column_of(file: SqlFile) -> str:
    """The column that says whose a view's rows are, as a parser of SQL reads it."""
    (statement,) = parse(file.text, file.path)
    columns = statement.expression.named_selects
    return next((name for name in ("tenant_id", "account_id") if name in columns), "")


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.name)
def test_a_view_that_names_tenants_or_accounts_is_walled_before_anybody_may_read_it(
    file: SqlFile, said: list[str]
) -> None:
    column = column_of(file)
    policy = f"metering.{column.removesuffix('_id')}_rows"
    walled = f"alter view {file.name} add row access policy {policy} on ({column})"
    reader = "meterbook_reader" if column else "meterbook_finance"
    granted = f"grant select on view {file.name} to role {reader}"
    about = [text for text in said if re.search(rf"(alter|on) view {file.name} ", text)]
    assert about == ([walled, granted] if column else [granted])


def test_a_view_is_made_walled_and_opened_in_this_order(said: list[str]) -> None:
    """Made anew it has lost both, and gets both again: one text does all three."""
    about = [text for text in said if "metering.v_usage_daily" in text]
    made, walled, granted = about[0], about[1], about[2]
    assert "create or replace view" in made
    assert "add row access policy" in walled and granted.startswith("grant select")


def test_a_policy_lets_through_finance_the_jobs_the_owner_and_whom_the_table_names() -> None:
    text = " ".join(ROWS.text.split())
    for kind in ("tenant", "account"):
        body = text.split(f"alter row access policy metering.{kind}_rows set body -> ")[1]
        body = body.partition(";")[0]
        assert set(re.findall(r"is_role_in_session\('(\w+)'\)", body)) == SEES_ALL
        named = f"reach = '{kind}' and id = {kind}_id and is_role_in_session(role_name)"
        assert named in body and " and " not in body.partition(" or exists")[0]


def test_the_policies_can_be_applied_again_while_they_are_in_use() -> None:
    assert "create or replace" not in ROWS.text.lower()
    for made in re.findall(r"^create [^\n]+", ROWS.text, re.MULTILINE):
        assert "if not exists" in made
    assert ROWS.text.count("set body") == 2


def test_before_its_body_is_set_a_policy_shows_nobody_anything() -> None:
    assert len(re.findall(r"returns boolean -> false\n", ROWS.text)) == 2


def test_no_role_is_given_the_right_to_say_who_sees_what() -> None:
    everything = read_sql("snowflake/account") + read_sql("snowflake/database")
    statements = " ".join(" ".join(file.text for file in everything).split()).split(";")
    assert not [s for s in statements if "grant" in s and "row_readers" in s and "-- " not in s]


def test_no_model_reads_what_is_published() -> None:
    """A refresh runs as an owner that the policies do not know."""
    reads = {name for file in read_sql("models") for name in file.reads}
    assert not [name for name in reads if name.startswith("metering.v_")]


def test_the_policies_stand_before_the_views_that_they_are_put_on(said: list[str]) -> None:
    last_policy = max(at for at, text in enumerate(said) if "set body ->" in text)
    first_view = min(at for at, text in enumerate(said) if "add row access policy" in text)
    assert last_policy < first_view
    assert set(warehouse._ROWS_BY.values()) == {"metering.tenant_rows", "metering.account_rows"}


@pytest.mark.snowflake
def test_a_real_account_shows_a_reader_the_rows_that_he_is_named_for(
    snowflake_account: Any,
) -> None:
    """In an account that is made ready as docs/deploy.md says, by a user who may act as both roles."""
    book = SnowflakeWarehouse(snowflake_account)
    view = "select count(*) as n from metering.v_usage_daily"

    def seen(role: str, where: str = "") -> object:
        book._run(f"use role {role}")
        return book.query(view + where)[0]["n"]

    one = book.query("select min(tenant_id) as id from metering.v_usage_daily")[0]["id"]
    name = "insert into metering.row_readers (role_name, reach, id) values (?, 'tenant', ?)"
    assert seen("meterbook_reader") == 0
    book._run("use role meterbook_landing_owner")
    book._run(name, ["METERBOOK_READER", one])
    try:
        whole = seen("meterbook_finance", f" where tenant_id = '{one}'")
        assert seen("meterbook_reader") == whole
    finally:
        book._run("use role meterbook_landing_owner")
        book._run("delete from metering.row_readers where role_name = 'METERBOOK_READER'")
