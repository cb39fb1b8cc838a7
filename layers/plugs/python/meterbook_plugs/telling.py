"""What went wrong, as one line of the log that a query finds by its code."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from aws_lambda_powertools import Logger
from meterbook.errors import MeterbookError

P = ParamSpec("P")
T = TypeVar("T")


def tell_errors(logger: Logger) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Log the `error_code` of an error of ours, and let it go on: Lambda has to see it fail."""

    def around(handler: Callable[P, T]) -> Callable[P, T]:
        @wraps(handler)
        def told(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return handler(*args, **kwargs)
            except MeterbookError as error:
                logger.error(str(error), error_code=error.code, retryable=error.retryable)
                raise

        return told

    return around
