"""A world that is founded and closed once, and copied for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from close.small_world import World, founded_in
from invoice.taxed_world import make_taxed


@pytest.fixture(scope="session")
def closed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two accounts whose October is frozen and not yet invoiced."""
    founded = founded_in(tmp_path_factory.getbasetemp())
    world = founded.copied_to(tmp_path_factory.mktemp("closed") / "world")
    world.close_october()
    return world


@pytest.fixture
def world(closed: World, tmp_path: Path) -> World:
    return closed.copied_to(tmp_path / "world")


@pytest.fixture(scope="session")
def closed_with_tax(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same, with `birch` billed in Germany: tax, XRechnung, mail."""
    founded = founded_in(tmp_path_factory.getbasetemp())
    world = make_taxed(founded.copied_to(tmp_path_factory.mktemp("taxed") / "world"))
    world.close_october()
    return world


@pytest.fixture
def taxed(closed_with_tax: World, tmp_path: Path) -> World:
    return closed_with_tax.copied_to(tmp_path / "world")
