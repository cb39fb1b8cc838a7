"""Every SQL construct that `sql/` uses gives on DuckDB what Snowflake documents for it."""

import json
from pathlib import Path

import pytest
import yaml
from meterbook.canonical import plain
from meterbook.errors import SqlRefused
from meterbook.snowflake.warehouse import SnowflakeWarehouse
from meterbook.sqlfiles import SqlFile, read_sql
from meterbook_local.dialect import parse, to_duckdb
from meterbook_local.duckdb import DuckDBWarehouse
from sqlglot import exp

CASES = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text("utf-8"))
# What binds tables, names and rows together; it has no value of its own that a case could state.
SYNTAX = {
    "Alias", "And", "Boolean", "Cast", "Column", "CTE", "DataType", "DataTypeParam", "Distinct", "Dot",
    "From", "Group", "Identifier", "Interval", "JSONPath", "JSONPathKey", "JSONPathRoot", "Join", "Literal",
    "Neg", "Null", "Or", "Order", "Ordered", "Paren", "Placeholder", "Select", "Star", "Subquery", "Table",
    "TableAlias", "Tuple", "Var", "Where", "With", "Window", "WindowSpec", "If", "Not", "EQ", "NEQ", "GT",
    "GTE", "LT", "LTE", "Is", "Properties", "Schema", "Create", "ColumnDef", "Union", "Having", "Sub",
    "Limit", "Kwarg", "Explode", "Lateral", "Max",
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouse():
    return DuckDBWarehouse()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["it"])
def test_the_dialect(case, warehouse):
    _gives_what_is_written(case, warehouse)


@pytest.mark.snowflake
def test_the_dialect_on_a_real_account(snowflake_account, subtests):
    for case in CASES:
        with subtests.test(case["it"]):
            _gives_what_is_written(case, SnowflakeWarehouse(snowflake_account))


def _gives_what_is_written(case, warehouse):
    (row,) = warehouse.query(case["sql"])
    value = row["x"]
    expected = case["gives"]
    if value is None or isinstance(value, bool):
        assert value is expected
    else:
        text = value if isinstance(value, str) else json.dumps(value, default=plain).strip('"')
        assert text == expected


def constructs(tree):
    return {
        node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__
        for node in tree.walk()
    }


def test_every_construct_that_sql_uses_has_a_case():
    covered = set(SYNTAX)
    for case in CASES:
        for statement in parse(case["sql"], case["it"]):
            covered |= constructs(statement)
    missing = {}
    for folder in ("models", "checks", "queries"):
        for file in read_sql(folder):
            for statement in parse(file.text, file.path):
                select = statement.expression if isinstance(statement, exp.Create) else statement
                for construct in constructs(select) - covered:
                    missing.setdefault(construct, file.path)
    assert not missing


@pytest.mark.parametrize(
    "sql",
    [
        "select a / b as x from metering.t",
        "select (a - mod(a, c)) / b as x from metering.t",
        "select f.value::varchar as x from metering.t as t, lateral flatten(outer => true) as f",
    ],
)
def test_what_the_engines_would_answer_differently_is_refused(sql):
    with pytest.raises(SqlRefused):
        to_duckdb(parse(sql, "case")[0], "case")


def test_a_broken_text_is_refused_with_its_file(warehouse):
    with pytest.raises(SqlRefused, match=r"models/staging/broken\.sql"):
        warehouse.apply([SqlFile("models/staging/broken.sql", "create view metering.v_x as selec")])
