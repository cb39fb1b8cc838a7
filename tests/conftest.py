"""What only a real account can run: `pytest --snowflake`, `pytest --aws`. See docs/deploy.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from close.small_world import World
from demo_run import DemoRun, shared_demo_run
from hypothesis import settings
from report.proof_world import shared_proof_world

# Nothing is timed in a test: an example that is slow on a busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ACCOUNTS = {
    "snowflake": "needs a Snowflake account: pytest --snowflake, with METERBOOK_TEST_SNOWFLAKE_… set",
    "aws": "needs an AWS account: pytest --aws, with METERBOOK_TEST_LANDING_BUCKET set",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, reason in ACCOUNTS.items():
        parser.addoption(f"--{name}", action="store_true", help=f"also run what {reason}")


def pytest_configure(config: pytest.Config) -> None:
    for name, reason in ACCOUNTS.items():
        config.addinivalue_line("markers", f"{name}: {reason}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for name, reason in ACCOUNTS.items():
            if item.get_closest_marker(name) and not config.getoption(f"--{name}"):
                item.add_marker(pytest.mark.skip(reason=reason))


def _given(name: str) -> str:
    variable = f"METERBOOK_TEST_{name}"
    if not (value := os.environ.get(variable)):
        pytest.fail(f"{variable} is not set", pytrace=False)
    return value


@pytest.fixture(scope="session")
def snowflake_secret() -> dict[str, str]:
    """The account that METERBOOK_TEST_SNOWFLAKE_… names, with a deployer's key.

    ACCOUNT, USER, ROLE, WAREHOUSE, DATABASE, PRIVATE_KEY_FILE (PEM) and, where the key has one,
    PASSPHRASE.
    """
    names = ("account", "user", "role", "warehouse", "database")
    secret = {name: _given(f"SNOWFLAKE_{name.upper()}") for name in names}
    key = Path(_given("SNOWFLAKE_PRIVATE_KEY_FILE")).read_text("utf-8")
    passphrase = os.environ.get("METERBOOK_TEST_SNOWFLAKE_PASSPHRASE", "")
    return secret | {"private_key": key, "passphrase": passphrase}


@pytest.fixture(scope="session")
def snowflake_account(snowflake_secret: dict[str, str]) -> Iterator[object]:
    """A session in that account."""
    from meterbook.snowflake.connection import connect  # noqa: PLC0415 - a second that most runs save

    with closing(connect(snowflake_secret, job="tests")) as connection:
        yield connection


@pytest.fixture(scope="session")
def landing_bucket() -> str:
    """The bucket under the stage of that account, which the run's own AWS credentials can write."""
    return _given("LANDING_BUCKET")


@pytest.fixture(scope="session")
def proven(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two closed and issued months with late facts between them; it is looked at, never changed."""
    return shared_proof_world(*_ours_and_everybodys(tmp_path_factory))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """What `meterbook demo` leaves; it is looked at, never changed."""
    return shared_demo_run(*_ours_and_everybodys(tmp_path_factory))


def _ours_and_everybodys(factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of this process, and one that all processes of a run share."""
    ours = factory.getbasetemp()
    return ours, ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours
