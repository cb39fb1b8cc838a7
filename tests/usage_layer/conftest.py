"""A cloud behind a socket of this machine, a meter on it, and what the meter says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from meterbook_usage import UsageMeter
from meterbook_usage.settings import Settings
from usage_layer.local_cloud import ENVIRONMENT, Cloud, Server

NOON_NS = 1_792_843_200 * 10**9  # 2026-10-24T12:00:00Z


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield made
        made.shutdown()


@pytest.fixture
def cloud(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    made, address = server.new_cloud()
    monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", address)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", address)
    yield made
    made.let_go.set()


@pytest.fixture
def settings() -> Settings:
    return Settings(
        function="score",
        bus="meterbook",
        spill_queue="https://sqs.eu-west-2.amazonaws.com/123456789012/spill",
        deadline_seconds=60,  # no test waits so long; a test of the deadline sets its own
    )


@pytest.fixture
def new_meter(cloud: Cloud, settings: Settings) -> Callable[..., UsageMeter]:
    """A meter on the cloud, with a clock that goes on by a second when it is asked."""
    seconds = count()

    def new(**changed: object) -> UsageMeter:
        return UsageMeter(
            "MOD-042",
            settings=settings._replace(**changed),
            clock_ns=lambda: NOON_NS + next(seconds) * 10**9,
            pause=lambda _: None,
        )

    return new


@pytest.fixture
def meter(new_meter: Callable[..., UsageMeter]) -> UsageMeter:
    return new_meter()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict]]:
    """The lines of JSON in the host's log since it was last looked at."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class Context:
    """As much of Lambda's context as the layer looks at."""

    memory_limit_in_mb = "512"

    def __init__(self, request_id: str = "r-1", milliseconds: int = 600_000) -> None:
        self.aws_request_id = request_id
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


@pytest.fixture
def new_context() -> type[Context]:
    return Context
