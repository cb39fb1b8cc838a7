"""What more than one of these files looks at."""

from __future__ import annotations

import pytest
from close.small_world import World
from serve.marked_world import MarkedWorld, marked_world


@pytest.fixture(scope="session")
def marks(proven: World, tmp_path_factory: pytest.TempPathFactory) -> MarkedWorld:
    """Both apps over licensees whose every word is marked; nothing here changes the book."""
    folder = tmp_path_factory.mktemp("marked")
    return marked_world(proven, folder / "as published", folder / "marked")
