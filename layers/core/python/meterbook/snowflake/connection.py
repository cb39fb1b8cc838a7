"""Logging in to Snowflake with a key pair, and what its errors mean to us.

The connector repeats requests that got no answer by itself, with its own pauses, until the bound
that is set here. What still fails then is `SnowflakeUnavailable`: the adapter says such a statement
twice more, and then whoever runs the job decides when to run it again. Nothing of ours sleeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import snowflake.connector
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error, OperationalError

from meterbook.canonical import canonical_json
from meterbook.errors import SnowflakeFailed, SnowflakeLoginRefused, SnowflakeUnavailable

LOGIN_SECONDS = 60
ANSWER_SECONDS = 600
_NEEDED = ("account", "user", "private_key", "role", "warehouse", "database")
# Only these are worth another try: no answer (250003, 251011, 251012, 252010), an HTTP status that
# passes (290…), a session that ended (390112, 390114), a lock that another session held (625).
_RETRYABLE = frozenset((
    250003, 251011, 251012, 252010, 290429, 290500, 290502, 290503, 290504, 390112, 390114, 625,
))  # fmt: skip


def connect(secret: Mapping[str, str], *, job: str = "meterbook") -> SnowflakeConnection:
    """A session in UTC, tagged with the job, so that its credits can be told from others'.

    `secret` holds account, user, private_key (PEM), role, warehouse, database and, where the key
    has one, passphrase. Errors: `SnowflakeLoginRefused` (it never repeats what the secret holds),
    `SnowflakeUnavailable`.
    """
    if missing := [name for name in _NEEDED if not secret.get(name)]:
        raise SnowflakeLoginRefused(detail=f"the secret lacks {', '.join(missing)}")
    key = _private_key(secret["private_key"], secret.get("passphrase", ""))
    try:
        return snowflake.connector.connect(
            account=secret["account"],
            user=secret["user"],
            role=secret["role"],
            warehouse=secret["warehouse"],
            database=secret["database"],
            authenticator="SNOWFLAKE_JWT",
            private_key=key,
            paramstyle="qmark",
            login_timeout=LOGIN_SECONDS,
            network_timeout=ANSWER_SECONDS,
            session_parameters={
                "TIMEZONE": "UTC",
                "QUERY_TAG": canonical_json({"application": "meterbook", "job": job}),
            },
        )
    except Error as error:
        # The connector gives "no answer" and "not let in" one number; their classes differ.
        if isinstance(error, OperationalError) or error.errno in _RETRYABLE:
            raise failure(error, SnowflakeUnavailable) from None
        raise failure(error, SnowflakeLoginRefused) from None


def _private_key(pem: str, passphrase: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), passphrase.encode() or None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        # Raised here, so that no traceback carries the key's text along.
        detail = "private_key is no RSA key in PEM, or passphrase does not open it"
        raise SnowflakeLoginRefused(detail=detail)
    return key


@contextmanager
def our_errors() -> Iterator[None]:
    """What the connector raises inside comes out as an error of ours."""
    try:
        yield
    except Error as error:
        retryable = error.errno in _RETRYABLE
        raise failure(error, SnowflakeUnavailable if retryable else SnowflakeFailed) from error


def failure(error: Error, kind: type[SnowflakeFailed]) -> SnowflakeFailed:
    """The connector's error as one of ours: its number and its message on one line."""
    detail = " ".join(str(error.raw_msg or error.msg).split()).rstrip(".")
    return kind(number=f"{error.errno:06d}", detail=detail)
