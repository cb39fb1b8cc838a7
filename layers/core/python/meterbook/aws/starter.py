"""Our own jobs, started on Lambda: asked for, not waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.canonical import canonical_json
from meterbook.errors import JobNotStarted

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaStarter:
    """A `JobStarter` for functions whose names begin alike: `close_period` is `…-close-period`."""

    def __init__(self, client: LambdaClient, functions: str) -> None:
        self._client = client
        self._functions = functions

    def start(self, job: str, payload: Mapping[str, object]) -> None:
        """Hand it to Lambda, which repeats a job that fails. Errors: `JobNotStarted`."""
        try:
            self._client.invoke(
                FunctionName=self._functions + job.replace("_", "-"),
                InvocationType="Event",
                Payload=canonical_json(dict(payload)).encode(),
            )
        except (BotoCoreError, ClientError) as error:
            raise JobNotStarted(job=job, detail=error) from error
