"""The texts under `sql/` keep the house's rules, so that one text runs on both engines."""

from pathlib import Path

import meterbook_local
import pytest
import sqlglot
from iso4217 import Currency
from meterbook.delivery import LANDING_TABLES, RECORDS_TABLE
from meterbook.money import minor_digits
from meterbook.sqlfiles import ROOMS, SqlFile, read_sql
from meterbook_local.dialect import parse, tables_of
from meterbook_local.models import is_dynamic
from sqlglot import exp

MODELS = read_sql("models")
QUERIES = read_sql("queries") + read_sql("checks")
TEXTS = MODELS + QUERIES
CREDIT_RUNS = "metering.snowflake_credit_runs"
# What is filled from outside: the landing tables, and the runs that a task adds.
LANDED = {*LANDING_TABLES.values(), RECORDS_TABLE, CREDIT_RUNS}
OWN = read_sql("models", Path(meterbook_local.__file__).parent / "sql")
BY_NAME = {file.name: file for file in MODELS}
# Snowflake documents these as forcing a full refresh (notes of the dialect suite).
FORCES_FULL = (
    exp.Except,
    exp.Intersect,
    exp.Limit,
    exp.Rollup,
    exp.Cube,
    exp.GroupingSets,
    exp.Exists,
)


def named(file):
    return file.path


def statement_of(file):
    (statement,) = parse(file.text, file.path)
    return statement


def select_of(file):
    statement = statement_of(file)
    return statement.expression if isinstance(statement, exp.Create) else statement


def room_of(file):
    return ROOMS.index(Path(file.path).parts[1])


@pytest.mark.parametrize("file", TEXTS, ids=named)
def test_the_header_says_what_the_sql_reads(file):
    tables = {
        name for name in tables_of(select_of(file)) if not name.startswith("information_schema")
    }
    declared = {name for name in file.reads if not name.startswith("information_schema")}
    assert declared == tables


@pytest.mark.parametrize("file", TEXTS, ids=named)
def test_a_file_is_named_like_its_object_and_says_what_it_is_for(file):
    assert file.name.split(".")[-1] == Path(file.path).stem
    assert file.header["what"].partition(": ")[2]


@pytest.mark.parametrize("file", MODELS, ids=named)
def test_a_model_defines_the_object_that_its_header_names(file):
    table = statement_of(file).find(exp.Table)
    assert f"{table.db}.{table.name}" == file.name
    assert file.header["grain"] and file.header["why"]


@pytest.mark.parametrize("file", MODELS, ids=named)
def test_a_model_reads_its_own_room_or_rooms_to_its_left(file):
    ours = (name for name in file.reads if not name.startswith("account_usage."))
    for name in set(ours) - LANDED:
        assert room_of(BY_NAME[name]) <= room_of(file), f"{file.path} reads {name}"


@pytest.mark.parametrize("file", TEXTS, ids=named)
def test_the_output_columns_are_listed_named_and_unique(file):
    select = select_of(file)
    assert not select.find(exp.Star) or not any(
        isinstance(part, exp.Star) for part in select.selects
    )
    names = [part.alias_or_name for part in select.selects]
    assert all(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("file", MODELS, ids=named)
def test_load_time_decides_nothing(file):
    assert "loaded_at" not in {column.name for column in select_of(file).find_all(exp.Column)}


@pytest.mark.parametrize("file", MODELS, ids=named)
def test_no_float_comes_near(file):
    floats = {exp.DType.FLOAT, exp.DType.DOUBLE}
    assert not [kind for kind in select_of(file).find_all(exp.DataType) if kind.this in floats]
    assert not list(select_of(file).find_all(exp.Avg))


def test_account_usage_is_read_by_one_text_alone():
    readers = [file.path for file in TEXTS if "account_usage." in " ".join(file.reads)]
    assert readers == ["models/staging/snowflake_credit_usage.sql"]


@pytest.mark.parametrize("file", OWN, ids=named)
def test_what_one_machine_has_instead_of_account_usage_says_what_it_reads(file):
    assert set(file.reads) == tables_of(select_of(file))
    assert file.name.split(".")[-1] == Path(file.path).stem


def test_one_machine_keeps_the_runs_with_the_columns_of_their_table():
    (runs,) = [file for file in OWN if file.name == CREDIT_RUNS]
    (usage,) = [file for file in MODELS if file.name == "metering.snowflake_credit_usage"]
    tables = (parse(file.text, file.path) for file in read_sql("tables"))
    (table,) = [
        statement
        for statement in sum(tables, ())
        if statement.find(exp.Table).name == "snowflake_credit_runs"
    ]
    columns = [column.name for column in table.find_all(exp.ColumnDef)]
    assert select_of(runs).named_selects == columns
    assert select_of(usage).named_selects == columns[1:]


def mode_of(file):
    return file.header["kind"].removeprefix("dynamic table, ")


DYNAMIC = [file for file in MODELS if is_dynamic(statement_of(file))]


@pytest.mark.parametrize("file", DYNAMIC, ids=named)
def test_the_refresh_mode_is_stated_and_an_incremental_model_reads_no_full_one(file):
    assert f"refresh_mode = {mode_of(file)}\n" in file.text
    if mode_of(file) == "incremental":
        upstream = [BY_NAME[name] for name in file.reads if name in BY_NAME]
        assert not [other.name for other in upstream if mode_of(other) == "full"]


@pytest.mark.parametrize("file", DYNAMIC, ids=named)
def test_an_incremental_model_holds_nothing_that_forces_a_full_refresh(file):
    if mode_of(file) == "full":
        return
    select = select_of(file)
    assert not list(select.find_all(*FORCES_FULL))
    for join in select.find_all(exp.Join):
        if join.side == "LEFT":
            assert not list(join.args["on"].find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Or))


@pytest.mark.parametrize("file", DYNAMIC, ids=named)
def test_a_qualify_stands_at_the_top_of_its_model(file):
    select = select_of(file)
    below = [found for found in select.find_all(exp.Qualify) if found.parent is not select]
    assert not below


@pytest.mark.parametrize("file", DYNAMIC, ids=named)
def test_every_model_declares_how_one_machine_keeps_it_by_columns_that_it_has(file):
    refresh = file.refresh
    assert refresh == "whole" or refresh.startswith(("parts by ", "append by "))
    kept_by = [] if refresh == "whole" else refresh.split(" by ")[1].split(", ")
    assert set(kept_by) <= set(select_of(file).named_selects)


def test_a_query_names_its_binds_in_their_order():
    for file in QUERIES:
        placeholders = list(select_of(file).find_all(exp.Placeholder))
        assert len(placeholders) == len(file.binds), file.path


def test_minor_digits_in_sql_are_those_of_iso_4217():
    case = next(statement_of(BY_NAME["billing.accounts"]).find_all(exp.Case))
    for currency in Currency:
        if currency.exponent is None:
            continue
        listed = [
            int(branch.args["true"].name)
            for branch in case.args["ifs"]
            if currency.code in {value.name for value in branch.this.expressions}
        ]
        assert (listed or [2])[0] == minor_digits(currency.code), currency.code


def test_the_header_of_a_long_value_is_read_whole():
    text = "-- metering.x: what it is\n-- for.\n--\n-- why:     a reason\n--          in two lines\n\nselect 1 as x"
    file = SqlFile("models/usage/x.sql", text)
    assert file.header["what"] == "metering.x: what it is for."
    assert file.header["why"] == "a reason in two lines"
    assert sqlglot.parse_one(file.text, read="snowflake").named_selects == ["x"]
