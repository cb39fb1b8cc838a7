"""The functions of `dev` as synth has put them together, with wheels that this machine can run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from functions.lambda_like import LAYERS, Deployed, deployed, twin
from synthesized import ROOT, synthesized

sys.path.insert(0, str(ROOT / "layers/plugs/python"))


@pytest.fixture(scope="session")
def functions() -> dict[str, Deployed]:
    """Every function of `dev`."""
    return deployed(synthesized())


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The layers of wheels, for this machine."""
    folder = tmp_path_factory.mktemp("twins")
    return {layer: twin(layer, folder / layer) for layer in LAYERS}
