"""The description that is served is the one that requests are checked by, and it is valid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from meterbook.serve import admin_app, openapi, tenant_app
from meterbook.sqlfiles import project_folder
from openapi_spec_validator import validate
from serve.published_world import PublishedWorld

COMMITTED = project_folder("web") / "openapi.json"


def test_the_committed_description_is_the_generated_one() -> None:
    assert COMMITTED.read_text("utf-8") == openapi.text(), "python -m meterbook.serve.openapi"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_is_valid() -> None:
    validate(json.loads(COMMITTED.read_bytes()))


def test_every_address_of_both_apis_is_described_with_what_it_asks_for() -> None:
    paths = json.loads(COMMITTED.read_bytes())["paths"]
    for route in (*tenant_app.ROUTES, *admin_app.ROUTES):
        if route.kind == "api":
            place = route.rule.replace("<", "{").replace(">", "}")
            said = paths[place][route.method.lower()]
            assert said["security"] == ([{"token": [route.scope]}] if route.scope else [])
            assert said["summary"]


def test_it_is_served_to_anybody(tmp_path: Path) -> None:
    said = PublishedWorld(tmp_path, tmp_path / "views").ask("/openapi.json", "")
    assert said.text == COMMITTED.read_text("utf-8")
