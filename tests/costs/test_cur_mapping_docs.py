"""The reference of the cost mapping is true: its examples land what it shows."""

from __future__ import annotations

import json

import pytest
from collect.mapping_docs import Example, examples, keys_explained
from costs.cost_imports import Desk
from meterbook.costs.mapping import LAYOUT, REQUIRED, TAGS


@pytest.mark.parametrize("example", examples("Cost"), ids=["csv", "control-a"])
def test_an_example_lands_what_the_reference_shows(example: Example, desk: Desk) -> None:
    desk.mapping = desk.read(example.mapping)
    if example.file:
        desk.land(desk.file("bill.csv", example.file))
    assert [json.dumps(row, sort_keys=True) for row in desk.rows] == example.landed.splitlines()


def test_every_key_is_explained() -> None:
    assert keys_explained("Cost") == {"export", *REQUIRED, *TAGS, *LAYOUT}
