"""What lands only grows, each stream has its pipe, and a reader sees the published views alone.

These rules are read off the texts of sql/snowflake; what an account makes of them, it alone can
tell. That every text parses as Snowflake's is held by `make lint`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from meterbook.delivery import LANDING_TABLES, RECORDS_TABLE
from meterbook.snowflake import warehouse
from meterbook.snowflake.warehouse import SnowflakeWarehouse
from meterbook.sqlfiles import SqlFile, read_sql

ACCOUNT = read_sql("snowflake/account")
DATABASE = read_sql("snowflake/database")
MODELS = read_sql("models")
TASKS = read_sql("snowflake/tasks")
DYNAMIC = [file for file in MODELS if file.header["kind"].startswith("dynamic table")]
STREAMS = LANDING_TABLES | {"deliveries": RECORDS_TABLE}
RUNS = "metering.snowflake_credit_runs"
# NFR-024: who may add to what only grows. Everybody may read it, and nobody but its owner may do more.
ONLY_GROWS = dict.fromkeys(STREAMS.values(), "jobs") | {RUNS: "metering_owner"}
ROLES = ("jobs", "deployer", "metering_owner", "billing_owner", "validation_owner", "reader")


def _statements(files: list[SqlFile]) -> Iterator[str]:
    for file in files:
        text = "\n".join(line for line in file.text.splitlines() if not line.startswith("--"))
        yield from (" ".join(part.split()) for part in text.split(";") if part.strip())


EVERYWHERE = [*_statements(ACCOUNT), *_statements(DATABASE)]


@pytest.mark.parametrize(("stream", "table"), STREAMS.items())
def test_every_landing_table_is_filled_by_a_pipe_from_its_own_prefix(
    stream: str, table: str
) -> None:
    pipes = [text for text in EVERYWHERE if f"copy into {table} " in text]
    assert len(pipes) == 1
    assert f"create pipe if not exists metering.load_{table.split('.')[1]} " in pipes[0]
    assert "auto_ingest = true" in pipes[0]
    assert f"from @metering.landing/{stream}/ )" in pipes[0]


def test_a_pipe_and_the_adapter_copy_in_the_same_way() -> None:
    shared = ("(record, file_name, file_row, loaded_at)", "format_name = 'metering.json_lines'")
    for text in (*(t for t in EVERYWHERE if t.startswith("create pipe")), warehouse._COPY):
        assert all(part in text for part in shared)
        columns = re.search(r"select\s+(.*?), *'?(\{at|metadata\$start)", " ".join(text.split()))
        assert columns and columns[1] == "$1, metadata$filename, metadata$file_row_number"


@pytest.mark.parametrize(("table", "adds"), ONLY_GROWS.items())
def test_nobody_but_the_owner_can_change_or_remove_what_has_landed(table: str, adds: str) -> None:
    """NFR-024: append-only via REVOKE."""
    rights = dict.fromkeys(ROLES, "insert, update, delete, truncate")
    rights[adds] = "update, delete, truncate"
    expected = [
        f"revoke {taken} on table {table} from role meterbook_{role}"
        for role, taken in rights.items()
    ]
    revoked = [text for text in EVERYWHERE if text.startswith("revoke") and f" {table} " in text]
    assert sorted(revoked) == sorted(expected)
    granted = [text for text in EVERYWHERE if text.startswith("grant") and f" {table} " in text]
    assert granted == [f"grant select, insert on table {table} to role meterbook_{adds}"]


def test_the_tables_of_nfr_024_that_are_derived_are_granted_for_reading_alone() -> None:
    """aws_cost_daily, cost_rates, external_api_costs and snowflake_credit_daily hold no fact of their own."""
    derived = {"aws_cost_daily", "cost_rates", "external_api_costs", "snowflake_credit_daily"}
    assert derived <= {file.name.partition(".")[2] for file in MODELS}
    future = {
        text.partition(" on ")[0].removeprefix("grant ")
        for text in EVERYWHERE
        if re.search(r" on future (dynamic )?(tables|views) ", text)
    }
    assert future == {"select", "select, operate"}


def test_an_owner_may_read_the_views_of_another_that_its_models_read() -> None:
    """A right to tables is none to views, and a refresh has the rights of its owner alone."""
    views = {file.name for file in MODELS if file.header["kind"].startswith("view")}
    read = {
        (name.partition(".")[0], file.name.partition(".")[0])
        for file in MODELS
        for name in views & set(file.reads)
    }
    asked = {
        f"grant select on future views in schema {theirs} to role meterbook_{ours}_owner"
        for theirs, ours in read
        if theirs != ours
    }
    assert asked and asked <= set(EVERYWHERE)


def test_no_right_to_change_rows_is_given_in_any_other_words() -> None:
    given = [text.partition(" on ")[0] for text in EVERYWHERE if text.startswith("grant")]
    assert not [rights for rights in given if re.search(r"update|delete|truncate|\ball\b", rights)]


def test_no_job_becomes_an_owner() -> None:
    members = [text for text in EVERYWHERE if re.match(r"grant role meterbook_\w+_owner ", text)]
    assert {text.split(" to ")[1] for text in members} == {"role meterbook_deployer"}


def test_the_reader_is_given_nothing_in_advance() -> None:
    given = {text for text in EVERYWHERE if text.endswith("to role meterbook_reader")}
    assert given == {
        "grant usage on warehouse meterbook_transform to role meterbook_reader",
        "grant usage on database meterbook to role meterbook_reader",
        "grant usage on schema metering to role meterbook_reader",
    }


VIEWS = [file for file in MODELS if file not in DYNAMIC]


def test_what_is_published_is_a_view_in_metering_and_no_other_is_named_like_it() -> None:
    for file in MODELS:
        published = file.path.startswith("models/publish/")
        assert published == file.name.startswith("metering.v_")
        assert not published or file in VIEWS


def test_dynamic_tables_can_see_what_is_new_in_every_landing_table() -> None:
    tracked = {
        text.split()[2] for text in EVERYWHERE if text.endswith("set change_tracking = true")
    }
    assert tracked == set(ONLY_GROWS)


def test_what_takes_the_rights_of_the_account_stands_apart() -> None:
    for file in ACCOUNT:
        assert "as ACCOUNTADMIN" in file.header["kind"]
        assert "use role accountadmin;" in file.text
    beyond = (
        r"accountadmin|securityadmin|use role|on future|integration|create (role|user|warehouse)"
    )
    for file in DATABASE:
        (*statements,) = _statements([file])
        assert not [text for text in statements if re.search(beyond, text)], file.path


def test_each_owner_reads_what_the_others_keep_and_makes_nothing_there() -> None:
    owners = ("metering", "billing", "validation")
    for schema in owners:
        kept = f"grant ownership on schema {schema} to role meterbook_{schema}_owner copy current grants"
        assert kept in EVERYWHERE
        for other in owners:
            read = (
                f"grant select on future tables in schema {schema} to role meterbook_{other}_owner"
            )
            assert read in EVERYWHERE
    made = [text for text in EVERYWHERE if re.search(r"create (table|view|dynamic)", text)]
    makers = {text.rpartition(" ")[2] for text in made if text.startswith("grant")}
    assert makers == {"meterbook_landing_owner", "meterbook_deployer"}


def test_a_deployment_applies_the_database_part_alone_and_it_names_no_environment() -> None:
    assert "snowflake/database" in SnowflakeWarehouse.sql_folders
    assert not {"snowflake", "snowflake/account"} & set(SnowflakeWarehouse.sql_folders)
    applied = [file for folder in SnowflakeWarehouse.sql_folders for file in read_sql(folder)]
    assert not [file.path for file in applied if re.search(r"s3://|arn:|WRITE-", file.text)]


def test_the_roles_that_the_adapter_takes_are_made() -> None:
    made = set(re.findall(r"create role if not exists (\w+)", " ".join(EVERYWHERE)))
    owners = {f"meterbook_{file.name.partition('.')[0]}_owner" for file in MODELS}
    assert owners | {warehouse._LANDING_OWNER} <= made
    assert {f"meterbook_{role}" for role in ROLES} <= made


def test_every_dynamic_table_and_task_names_the_warehouse_that_a_deployment_replaces() -> None:
    for file in [*DYNAMIC, *TASKS]:
        assert file.text.count(warehouse.WAREHOUSE) == 1, file.path
        assert f"warehouse = {warehouse.WAREHOUSE}\n" in file.text


def test_a_model_that_no_model_reads_has_a_target_lag_of_its_own() -> None:
    """`downstream` is the lag of what reads it; with nobody there, nothing is ever due."""
    read = {name for file in MODELS if ".v_" not in file.name for name in file.reads}
    idle = [f.name for f in DYNAMIC if f.name not in read and "lag = downstream" in f.text]
    assert not idle
