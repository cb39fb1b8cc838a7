"""The picture of the tables, sql/schema.dbml, is of the tables that sql/tables makes, and says what for."""

from __future__ import annotations

import pytest
from meterbook.sqlfiles import read_sql
from meterbook_local.dialect import parse
from pydbml import PyDBML
from sqlglot import exp
from synthesized import ROOT

PICTURE = PyDBML(ROOT / "sql/schema.dbml")
DRAWN = {f"{table.schema}.{table.name}": table for table in PICTURE.tables}
MADE = {
    f"{table.db}.{table.name}": statement
    for file in read_sql("tables")
    for statement in parse(file.text, file.path)
    if statement.args["kind"] == "TABLE" and (table := statement.find(exp.Table))
}


def kind_of(text: str) -> str:
    """A type by the one name that Snowflake has for it."""
    return exp.DataType.build(text, dialect="snowflake").sql("snowflake")


def test_every_table_that_is_made_is_drawn_and_no_other() -> None:
    assert DRAWN.keys() == MADE.keys()


@pytest.mark.parametrize("name", MADE)
def test_a_table_is_drawn_with_its_columns_and_their_types_in_their_order(name: str) -> None:
    made = [
        (
            column.name,
            column.kind.sql("snowflake"),
            column.find(exp.NotNullColumnConstraint) is not None,
        )
        for column in MADE[name].find_all(exp.ColumnDef)
    ]
    drawn = [(column.name, kind_of(column.type), column.not_null) for column in DRAWN[name].columns]
    assert drawn == made


@pytest.mark.parametrize("name", MADE)
def test_a_table_says_what_it_is_for_in_the_words_of_its_comment(name: str) -> None:
    comment = MADE[name].find(exp.SchemaCommentProperty)
    assert comment is not None, f"{name} has no comment"
    assert DRAWN[name].note.text == comment.this.name != ""


@pytest.mark.parametrize("name", MADE)
def test_what_a_column_of_landed_records_holds_is_said(name: str) -> None:
    notes = {column.name: column.note.text for column in DRAWN[name].columns}
    said = {column for column, note in notes.items() if note}
    assert said >= notes.keys() - {"role_name", "user_name"}  # query_tag speaks for both
