"""The reference of the cost mapping is true: its examples land what it shows."""

from __future__ import annotations

import json

import pytest
from collect.mapping_docs import TEXT, Example, examples, keys_explained
from costs.cost_imports import Desk
from meterbook.costs.mapping import LAYOUT, MEANING, REQUIRED, TAGS, read_cur_mapping, shipped

EXAMPLES = ["csv", "control-a", "json tags of several providers", "amortized by rule"]


@pytest.mark.parametrize("example", examples("Cost"), ids=EXAMPLES)
def test_an_example_lands_what_the_reference_shows(example: Example, desk: Desk) -> None:
    desk.mapping = desk.read(example.mapping)
    if example.file:
        desk.land(desk.file("bill.csv", example.file))
    assert [json.dumps(row, sort_keys=True) for row in desk.rows] == example.landed.splitlines()


def test_the_example_of_external_costs_lands_what_it_shows(desk: Desk) -> None:
    (example,) = examples("External costs")
    desk.mapping = read_cur_mapping(desk.file("mapping.yaml", example.mapping), "external_cost")
    desk.land(desk.file("bill.csv", example.file))
    shown = example.landed.splitlines()
    assert [json.dumps(row, sort_keys=True) for row in desk.rows_of("external_cost")] == shown


def test_every_key_is_explained() -> None:
    assert keys_explained("Cost") == {"export", *REQUIRED, *TAGS, *LAYOUT, *MEANING}


def test_every_mapping_that_ships_is_named() -> None:
    for name in shipped():
        assert f"`{name}`" in TEXT
