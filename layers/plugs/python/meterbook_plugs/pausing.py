"""A message that failed comes back after a pause, and after a longer one each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from meterbook.aws.queue import SqsPauses
from meterbook.errors import MeterbookError

T = TypeVar("T")
Work = Callable[[SQSRecord], T]


def pausing(queue: SqsPauses, pauses_seconds: Sequence[int]) -> Callable[[Work[T]], Work[T]]:
    """Postpone a message that fails by the pause that belongs to its try."""

    def around(work: Work[T]) -> Work[T]:
        @wraps(work)
        def worked(record: SQSRecord) -> T:
            try:
                return work(record)
            except MeterbookError:
                tries = int(record.attributes.approximate_receive_count)
                pause = pauses_seconds[min(tries, len(pauses_seconds)) - 1]
                queue.postpone(record.receipt_handle, pause)
                raise

        return worked

    return around
