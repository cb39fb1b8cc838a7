"""What a request is told that is not answered: one form for machines (RFC 9457), one for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from meterbook.errors import InputRefused, MeterbookError, Refused

MEDIA_TYPE = "application/problem+json"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Problem(Exception):
    """An answer other than the one that was asked for; its words may go to anybody."""

    def __init__(
        self, status: int, code: str, detail: str = "", headers: Mapping[str, str] = _NOTHING
    ) -> None:
        self.status, self.code, self.detail, self.headers = status, code, detail, headers
        super().__init__(detail)

    @property
    def title(self) -> str:
        """What the status means, in HTTP's own words."""
        return HTTPStatus(self.status).phrase

    def document(self, request_id: str) -> dict[str, object]:
        """The problem as RFC 9457 writes it; the request's id finds the log, and nothing else."""
        return {
            "type": f"urn:meterbook:problem:{self.code.lower().replace('_', '-')}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "instance": request_id,
        }


def bad_request(detail: str) -> Problem:
    """A request that nobody can answer as it is written."""
    return Problem(400, "BAD_REQUEST", detail)


def not_found() -> Problem:
    """What is not there and what belongs to somebody else: the same words for both."""
    return Problem(404, "NOT_FOUND", "There is nothing here under this address for you.")


def forbidden(detail: str) -> Problem:
    """A known person who may not do this."""
    return Problem(403, "FORBIDDEN", detail)


def unauthenticated(detail: str, error: str = "") -> Problem:
    """Somebody who did not say, or could not prove, who they are (RFC 6750)."""
    challenge = 'Bearer realm="meterbook"' + (f', error="{error}"' if error else "")
    return Problem(401, "UNAUTHENTICATED", detail, {"www-authenticate": challenge})


def problem_of(error: Exception) -> Problem:
    """Say an error of ours to a stranger: what they can mend in full, the rest by its code alone.

    What is ours to mend may name buckets, queries and secrets: that is for the log.
    """
    match error:
        case Problem():
            return error
        case KeyError():
            return not_found()
        case InputRefused():
            return Problem(400, error.code, str(error))
        case MeterbookError() if error.retryable:
            again = {"retry-after": "5"}
            return Problem(503, error.code, "This is not to be had now; ask again soon.", again)
        case Refused():
            return Problem(409, error.code, str(error))
    code = error.code if isinstance(error, MeterbookError) else "INTERNAL"
    return Problem(500, code, "This went wrong here, and it is in our log.")
