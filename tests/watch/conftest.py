"""A world that is founded once and copied for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from close.small_world import World, founded_in


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two accounts with a month of usage and cost, priced and not yet closed."""
    return founded_in(tmp_path_factory.getbasetemp())


@pytest.fixture
def world(founded: World, tmp_path: Path) -> World:
    return founded.copied_to(tmp_path / "world")
