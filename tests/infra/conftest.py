"""The assembly that the tests of this folder look at, and `infra` itself to import."""

from __future__ import annotations

import sys

import pytest
from synthesized import ROOT, Assembly, synthesized

sys.path.append(str(ROOT))


@pytest.fixture(scope="session")
def assembly() -> Assembly:
    """All environments of cdk.json, and `connected`."""
    return synthesized()
