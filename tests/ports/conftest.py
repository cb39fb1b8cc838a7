"""A mocked cloud for the suites that some adapters of the cloud take part in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws


@pytest.fixture
def cloud() -> Iterator[None]:
    with mock_aws():
        yield
