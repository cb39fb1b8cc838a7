"""The runbook has an entry for whatever can ring, and what it tells a person to say can be said."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import typer
from botocore import xform_name
from botocore.session import get_session
from meterbook import errors
from meterbook.sqlfiles import read_folders
from meterbook_cli.main import app
from meterbook_local.duckdb import DuckDBWarehouse
from synthesized import ROOT, Assembly

TEXT = (ROOT / "docs/runbook.md").read_text("utf-8")
ENTRIES = {
    part.splitlines()[0]: part.partition("\n")[2].partition("\n## ")[0]
    for part in TEXT.split("\n### ")[1:]
}
REGISTRIES = ("Error codes", "Event types")
EVENTS = {
    "A red day", "A suspicious delivery", "A stuck delivery", "Tag drift", "A NAT spike",
    "A restated month", "Onboarding a tenant", "Monthly close", "Late facts", "A wrong invoice",
    "Receipts", "Somebody doubts an invoice", "A new price",
}  # fmt: skip
MOD_098_CODES = {
    "COST_EXPLORER_4XX", "COST_EXPLORER_UNAVAILABLE", "EVENTBRIDGE_PUBLISH_FAILED", "ENV_MISSING",
}  # fmt: skip
MOD_098_EVENT_TYPES = {
    "cost_explorer_fetch_completed", "cost_explorer_empty", "unattributed_monitor_check_ok",
    "unattributed_cost_threshold_exceeded", "unattributed_monitor_no_data",
}  # fmt: skip


def blocks(kind: str) -> list[str]:
    """The blocks of code of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def said(program: str) -> list[str]:
    """Every command of a program that the runbook tells to say, on one line."""
    lines = "\n".join(blocks("sh")).replace("\\\n", " ").splitlines()
    return [line.partition(" | ")[0] for line in lines if line.startswith(f"{program} ")]


def table(heading: str) -> dict[str, list[str]]:
    """The rows of an entry's table: the name in the first cell → the other cells."""
    rows = [line.strip("| ").split(" | ") for line in ENTRIES[heading].splitlines() if "|" in line]
    return {first.strip("`"): others for first, *others in rows[2:]}


# ---- entries -----------------------------------------------------------------------------------


def test_every_alarm_has_an_entry_and_no_other_does(assembly: Assembly) -> None:
    prefixes = {"dev": "meterbook-dev-", "prod": "meterbook-prod-", "bank-dev": "bank-dev-"}
    alarms = {
        alarm["Properties"]["AlarmName"].removeprefix(prefix).replace("-", "_")
        for environment, prefix in prefixes.items()
        for alarm in assembly.resources(environment, "AWS::CloudWatch::Alarm").values()
    }
    headed = [name for heading in ENTRIES for name in re.findall(r"`(\w+)`", heading)]
    assert sorted(headed) == sorted(alarms)


def test_every_event_that_has_no_alarm_has_an_entry() -> None:
    assert {heading for heading in ENTRIES if "`" not in heading} == EVENTS | {*REGISTRIES}


@pytest.mark.parametrize("heading", [name for name in ENTRIES if name not in REGISTRIES])
def test_an_entry_says_what_is_seen_what_it_means_what_to_do_and_when_it_is_over(
    heading: str,
) -> None:
    found = [ENTRIES[heading].find(f"**{part}") for part in ("You see", "It means", "Do", "Over")]
    assert found == sorted(found)
    assert min(found) >= 0


def test_every_check_is_explained_where_one_fails() -> None:
    checks = {path.stem for path in (ROOT / "sql/checks").glob("*.sql")}
    assert table("`checks_fail`").keys() == checks


def test_every_point_of_the_gate_is_explained_where_a_month_is_closed() -> None:
    query = (ROOT / "sql/queries/close_blockers.sql").read_text("utf-8")
    assert table("Monthly close").keys() == set(re.findall(r"'(\w+)' as blocker", query))


def test_a_link_within_the_page_leads_to_an_entry() -> None:
    anchors = {re.sub(r"[^\w -]", "", name).lower().replace(" ", "-") for name in ENTRIES}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


# ---- commands ----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", said("meterbook"))
def test_a_command_is_one_that_the_command_line_takes(line: str) -> None:
    command: Any = typer.main.get_command(app)
    words, arguments, given = shlex.split(line)[1:], [], set()
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            (option,) = [p for p in command.params if word in [*p.opts, *p.secondary_opts]]
            del words[: not option.is_flag]
            given.add(option.name)
        elif hasattr(command, "commands"):
            command = command.commands[word]
        else:
            arguments.append(word)
    taken = [one for one in command.params if one.param_type_name == "argument"]
    assert not hasattr(command, "commands")
    assert {one.name for one in command.params if one.required and one not in taken} <= given
    assert sum(one.required for one in taken) <= len(arguments)
    assert len(arguments) <= len(taken) or any(one.nargs == -1 for one in taken)


# `aws s3 …` and `aws logs tail` are the command line's own; every other call is one of the API's.
CALLS = [line for line in said("aws") if line.split()[1] != "s3" and line.split()[2] != "tail"]
OF_THE_COMMAND_LINE = {"--query", "--output", "--cli-read-timeout", "--cli-binary-format"}


@pytest.mark.parametrize("line", CALLS)
def test_a_call_of_aws_is_one_that_its_api_has(line: str) -> None:
    _, service, call, *words = shlex.split(line)
    model = get_session().get_service_model(service)
    calls = {xform_name(name, "-"): name for name in model.operation_names}
    members = model.operation_model(calls[call]).input_shape.members
    options = {word for word in words if word.startswith("--")} - OF_THE_COMMAND_LINE
    assert options <= {f"--{xform_name(member, '-')}" for member in members}


def test_there_are_commands_to_check() -> None:
    assert len(said("meterbook")) > 20
    assert len(CALLS) > 8


def test_every_name_of_the_deployment_is_one_that_it_has(assembly: Assembly) -> None:
    deployed = json.dumps(assembly.stages["prod"])
    for name in set(re.findall(r"meterbook-prod-[A-Za-z0-9-]*[A-Za-z0-9]", TEXT)):
        assert re.search(rf"{name}(?![A-Za-z0-9])", deployed), name


@pytest.fixture(scope="module")
def book() -> Iterator[DuckDBWarehouse]:
    """A book with nothing in it."""
    with closing(DuckDBWarehouse()) as warehouse:
        warehouse.apply(read_folders(warehouse.sql_folders))
        yield warehouse


@pytest.mark.parametrize("sql", blocks("sql"), ids=lambda sql: sql.split("\n")[1])
def test_a_query_runs_on_the_book(book: DuckDBWarehouse, sql: str) -> None:
    assert book.query(sql.replace("meterbook.", "").strip().rstrip(";")) == []


def test_every_object_of_the_book_that_is_named_exists() -> None:
    made = " ".join(
        path.read_text("utf-8").lower()
        for folder in ("tables", "models", "snowflake/database", "snowflake/tasks")
        for path in (ROOT / "sql" / folder).rglob("*.sql")
    )
    for name in re.findall(r"\b(?:metering|billing|validation)\.\w+", TEXT.lower()):
        assert re.search(rf"(table|view|pipe|task)( if not exists)? {name}\b", made), name


# ---- registries --------------------------------------------------------------------------------


def own_codes(kind: type[errors.MeterbookError]) -> Iterator[tuple[str, bool]]:
    """Each code with whether it is retryable, as the class says it that brings it in."""
    if "code" in vars(kind):
        yield kind.code, kind.retryable
    for below in kind.__subclasses__():
        yield from own_codes(below)


def test_every_error_code_exists_and_is_as_retryable_as_it_is_said_to_be() -> None:
    codes = {code: "yes" if again else "no" for code, again in own_codes(errors.MeterbookError)}
    told = {code: cells[0] for code, cells in table("Error codes").items()}
    assert told == {code: codes[code] for code in told}


def test_the_registry_of_errors_has_the_codes_of_mod_098() -> None:
    told = table("Error codes").keys()
    assert told >= MOD_098_CODES
    snowflake = {code for code, _ in own_codes(errors.SnowflakeFailed)}
    assert {code for code in told if code.startswith("SNOWFLAKE_")} == snowflake


@pytest.mark.parametrize("name", table("Event types"))
def test_an_event_type_is_said_by_the_job_that_is_named(name: str) -> None:
    (job,) = re.findall(r"`(\w+)`", table("Event types")[name][0])
    rooms = ROOT / "layers/core/python/meterbook"
    paths = [ROOT / "functions" / job / "handler.py", *rooms.glob(f"*/{job}.py")]
    texts = [path.read_text("utf-8") for path in paths]
    assert "event_type" in texts[0]
    assert any(f'"{name}"' in text for text in texts)


def test_the_registry_of_event_types_is_that_of_mod_098_and_ours() -> None:
    told = table("Event types").keys()
    assert told >= MOD_098_EVENT_TYPES
    assert told - MOD_098_EVENT_TYPES == {"external_cost_fetch_completed"}
