"""The assembly that the tests of this folder look at; `infra`, `bench` and the layer to import."""

from __future__ import annotations

import sys

import pytest
from synthesized import ROOT, Assembly, synthesized

sys.path.append(str(ROOT))
sys.path.append(str(ROOT / "layers/usage/python"))


@pytest.fixture(scope="session")
def assembly() -> Assembly:
    """All environments of cdk.json, and `connected`."""
    return synthesized()
