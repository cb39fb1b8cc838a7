"""Queues of SQS: numbers whose documents a function writes, and messages that come back later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.canonical import canonical_json
from meterbook.errors import QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10  # what SQS takes in one request


class SqsRenderQueue:
    """A `RenderQueue` on SQS; a message that is not taken is sent again, a bounded time."""

    def __init__(
        self, client: SQSClient, url: str, pauses_seconds: Sequence[float] = (0.1, 0.4, 1.6)
    ) -> None:
        self._client = client
        self._url = url
        self._pauses_seconds = pauses_seconds

    def send(self, seller_id: str, numbers: Sequence[str]) -> None:
        """Hand the numbers over. Errors: `QueueUnavailable`."""
        bodies = [canonical_json({"seller_id": seller_id, "number": one}) for one in numbers]
        for first in range(0, len(bodies), _BATCH):
            self._send(bodies[first : first + _BATCH])

    def _send(self, bodies: Sequence[str]) -> None:
        left, fault = self._not_taken(bodies)
        for pause in self._pauses_seconds:
            if not left:
                return
            time.sleep(pause)
            left, fault = self._not_taken(left)
        if left:
            raise self._unavailable(left, fault)

    def _not_taken(self, bodies: Sequence[str]) -> tuple[list[str], object]:
        """The bodies that were not taken, and why: a request may succeed and its entries fail."""
        try:
            told = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)],
            )
        except (BotoCoreError, ClientError) as error:
            raise self._unavailable(bodies, error) from error
        failed = told.get("Failed", [])
        return [bodies[int(one["Id"])] for one in failed], failed[:1]

    def _unavailable(self, bodies: Sequence[str], detail: object) -> QueueUnavailable:
        return QueueUnavailable(queue=self._url, count=len(bodies), detail=detail)


class SqsPauses:
    """A queue whose messages come back after a pause that whoever took one decides on."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def postpone(self, receipt: str, seconds: int) -> None:
        """Give the message again after so long. Without that it comes back at the queue's pace."""
        with suppress(BotoCoreError, ClientError):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds
            )
