"""A cost mapping is read strictly, and its text reaches the import exactly as it was written."""

from __future__ import annotations

import re

import pytest
from costs.cost_imports import BILL, Desk
from meterbook.errors import MappingRefused

REFUSED = {
    "an unknown key": (BILL + "tenant: {column: owner}\n", "the key 'tenant' is unknown"),
    "no cost": (BILL.replace("cost: {column: cost}", ""), "`cost` must be there"),
    "a cost that is the same on every line": (
        BILL.replace("cost: {column: cost}", "cost: {value: '1'}"),
        "in `cost`, the key 'value' is unknown",
    ),
    "an export that is no name": (BILL.replace("daily", "a/b"), "`export` is 'a/b'"),
    "an export with a colon": (BILL.replace("daily", "'a:b'"), "`export` is 'a:b'"),
    "a quote of two characters": (BILL + "quote: '\"\"'\n", "`quote` must be one character"),
    "a column that is not listed": (
        BILL.replace("header: true", "columns: [payer, day, costs, currency]"),
        "the column 'cost' is not in `columns`. The nearest names are: costs",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mapping_is_refused_with_what_is_wrong(case: str, desk: Desk) -> None:
    text, sentence = REFUSED[case]
    with pytest.raises(MappingRefused, match=re.escape(sentence)):
        desk.read(text)


def test_a_control_character_may_delimit_and_a_backslash_may_mark_null(desk: Desk) -> None:
    mapping = desk.read(BILL + 'delimiter: "\\x01"\n')
    assert (mapping.shape.delimiter, mapping.null) == ("\x01", "\\N")


def test_quotes_mean_something_only_where_a_comma_separates(desk: Desk) -> None:
    assert desk.read(BILL).shape.quote == '"'
    assert desk.read(BILL + 'delimiter: "\\t"\n').shape.quote == ""
    assert desk.read(BILL + 'delimiter: "\\t"\nquote: \'"\'\n').shape.quote == '"'
