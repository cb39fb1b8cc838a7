"""A job of ours is asked for by its name, with its event; what it does is not waited for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws.moto_cloud import Fault, disturb, new_client
from meterbook.aws.starter import LambdaStarter
from meterbook.errors import JobNotStarted

pytestmark = pytest.mark.usefixtures("cloud")
TAKEN = Fault(202, "")


def starting(*faults: Fault) -> tuple[LambdaStarter, list[Any]]:
    functions = new_client("lambda")
    return LambdaStarter(functions, "meterbook-dev-"), disturb(functions, "Invoke", *faults)


def test_a_job_is_started_under_the_name_of_its_function() -> None:
    starter, sent = starting(TAKEN)
    starter.start("close_period", {"period": "2026-10"})
    (request,) = sent
    assert request.url.endswith("/functions/meterbook-dev-close-period/invocations")
    assert request.headers["X-Amz-Invocation-Type"] == b"Event"
    assert json.loads(request.body) == {"period": "2026-10"}


@pytest.mark.parametrize("status", [403, 429, 500])
def test_one_that_cannot_be_started_is_said_to(status: int) -> None:
    starter, _ = starting(Fault(status, '{"message": "no"}'))
    with pytest.raises(JobNotStarted, match="close_period") as told:
        starter.start("close_period", {})
    assert told.value.retryable
