"""The reference of the usage mapping is true: its examples land what it shows."""

from __future__ import annotations

import json

import pytest
from collect.mapping_docs import Example, examples, keys_explained
from collect.usage_imports import Desk
from meterbook.collect import mapping as usage


@pytest.mark.parametrize("example", examples("Usage"), ids=usage.FORMATS)
def test_an_example_lands_what_the_reference_shows(example: Example, desk: Desk) -> None:
    desk.mapping = desk.read(example.mapping)
    desk.land(
        desk.parquet(example.file)
        if "parquet" in example.mapping
        else desk.file("usage", example.file)
    )
    assert [json.dumps(event, sort_keys=True) for event in desk.events] == (
        example.landed.splitlines()
    )


def test_every_key_is_explained() -> None:
    assert keys_explained("Usage") == {*usage.ALWAYS, *usage.MEANING}
