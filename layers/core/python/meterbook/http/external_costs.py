"""What providers charge, fetched by HTTP: each page bounded in time, size and repetition.

A secret goes into one header, to the address that the catalog names and nowhere else: a redirect is
not followed, and nothing of an answer that failed is repeated in an error.
"""

from __future__ import annotations

from collections.abc import Callable

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError
from urllib3.util import parse_url

from meterbook.errors import ExternalCostsRefused, ExternalCostsUnavailable, InputRefused
from meterbook.ports import CostPage

LONGEST_PAGE_BYTES = 32 * 2**20
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
TIMEOUT = Timeout(connect=5, read=60)
_OK, _TOO_MANY_REQUESTS, _SERVER_ERROR = 200, 429, 500
RETRIES = Retry(
    total=4,
    status_forcelist=(_TOO_MANY_REQUESTS, *range(_SERVER_ERROR, 600)),
    backoff_factor=0.5,
    backoff_jitter=0.5,
    backoff_max=20,
    retry_after_max=60,
    raise_on_status=False,
)
"""Four repetitions at most, seconds apart and never in step with other clients."""


class HttpExternalCosts:
    """An `ExternalCosts` over HTTPS; `secrets` gives the text of a secret by its name."""

    def __init__(
        self, secrets: Callable[[str], str], retries: Retry = RETRIES, timeout: Timeout = TIMEOUT
    ) -> None:
        self._secrets = secrets
        self._http = PoolManager(retries=retries, timeout=timeout)

    def page(self, asked: CostPage) -> bytes:
        """The answer's body: whole, with status 200, and no longer than 32 MiB."""
        _must_be_private(asked)
        headers = {"User-Agent": "meterbook"} | self._secret_header(asked)
        try:
            with self._http.request(
                "GET", asked.url, headers=headers, redirect=False, preload_content=False
            ) as answer:
                _must_be_given(asked, answer)
                body = answer.read(LONGEST_PAGE_BYTES + 1)
        except HTTPError as error:
            raise ExternalCostsUnavailable(provider=asked.provider, detail=_why(error)) from error
        if len(body) > LONGEST_PAGE_BYTES:
            raise _refused(asked, f"a page is longer than {LONGEST_PAGE_BYTES:,} bytes")
        return body

    def _secret_header(self, asked: CostPage) -> dict[str, str]:
        if not asked.header:
            return {}
        text = self._secrets(asked.secret).strip()
        # The library would refuse it, too, and write it into the error.
        if not text or not text.isascii() or not text.isprintable():
            raise InputRefused(
                detail=f"The secret {asked.secret} of {asked.provider} is no line of ASCII text, "
                "as the value of a header has to be."
            )
        return {asked.header: text}


def _must_be_private(asked: CostPage) -> None:
    """HTTPS, except to this machine itself."""
    try:
        url = parse_url(asked.url)
    except LocationParseError:
        raise _refused(asked, "its address cannot be read") from None
    if url.scheme != "https" and not (url.scheme == "http" and url.host in LOOPBACK):
        raise _refused(asked, "its address is not https, and plain http is for this machine alone")


def _must_be_given(asked: CostPage, answer: BaseHTTPResponse) -> None:
    """The status is 200, and the end of the body can be told from a connection that was lost."""
    if answer.status == _TOO_MANY_REQUESTS or answer.status >= _SERVER_ERROR:
        detail = f"it answered {answer.status}, however often it was asked"
        raise ExternalCostsUnavailable(provider=asked.provider, detail=detail)
    if answer.status != _OK:
        raise _refused(asked, f"it answered {answer.status}")
    if not {"content-length", "transfer-encoding"} & {name.lower() for name in answer.headers}:
        raise _refused(asked, "it does not say how long its answer is")


def _why(error: HTTPError) -> object:
    """What went wrong; the address, in whose query a token may stand, is not repeated."""
    return (error.reason if isinstance(error, MaxRetryError) else None) or error


def _refused(asked: CostPage, detail: str) -> ExternalCostsRefused:
    return ExternalCostsRefused(provider=asked.provider, detail=detail)
