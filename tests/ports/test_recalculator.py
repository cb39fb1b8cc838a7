"""The tariff runs over handed-in facts as it runs in the book: same models, same columns, same lines."""

from __future__ import annotations

import pytest
from close.small_world import World
from meterbook.close.frozen import read_document
from meterbook.errors import SqlRefused
from meterbook.ports import Recalculator
from meterbook.sqlfiles import SqlFile, read_sql
from meterbook_local.recalculator import GIVEN, TariffRecalculator
from report.proof_world import NOVEMBER, OCTOBER

ACCOUNTS = ("acme", "birch", "cedar")
BODIES = [(period, account) for period in (OCTOBER, NOVEMBER) for account in ACCOUNTS]


@pytest.fixture(scope="module")
def recalculator() -> Recalculator:
    return TariffRecalculator()


@pytest.mark.parametrize("table", sorted(GIVEN))
def test_a_table_that_is_given_has_the_columns_of_the_book(proven: World, table: str) -> None:
    schema, name = table.split(".")
    sql = """
        select lower(column_name) as name, replace(data_type, ' ', '') as kind
        from information_schema.columns where table_schema = ? and table_name = ?
    """
    columns = {str(row["name"]): row["kind"] for row in proven.warehouse.query(sql, [schema, name])}
    assert columns == GIVEN[table]


def test_many_documents_at_once_give_the_lines_of_one_after_the_other(
    proven: World, recalculator: Recalculator
) -> None:
    bodies = [read_document(proven.landing, *place).body for place in BODIES]
    at_once = recalculator.results(bodies)
    assert [found.lines for found in at_once] == [recalculator.lines(body) for body in bodies]
    assert not any(found.faults for found in at_once)
    # The same month twice, and a card that says something else, are worked out apart.
    changed = bodies[0] | {"quantities": []}
    again = recalculator.results([bodies[0], changed, bodies[0]])
    assert again[0] == again[2] == at_once[0] != again[1]


def test_the_tariff_reads_nothing_but_what_is_given() -> None:
    files = [
        SqlFile(file.path, file.text.replace("billing.period_usage", "metering.usage_daily"))
        if file.name == "billing.period_rates"
        else file
        for file in read_sql("models")
    ]
    with pytest.raises(SqlRefused):
        TariffRecalculator(files)
