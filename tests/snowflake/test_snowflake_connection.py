"""A login never tells its secret, a session says whose it is, and only what may pass is retryable."""

from __future__ import annotations

import json
from typing import Any

import pytest
import snowflake.connector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from meterbook.errors import SnowflakeFailed, SnowflakeLoginRefused, SnowflakeUnavailable
from meterbook.snowflake.connection import connect, our_errors
from snowflake.connector.errors import DatabaseError, OperationalError, ProgrammingError

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PASSPHRASE = "correct horse battery"  # noqa: S105 - of the key above, which lives as long as the test


def _pem(passphrase: str = "") -> str:
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase.encode())
    formats = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return KEY.private_bytes(*formats, lock).decode()


SECRET = {
    "account": "org-acct",
    "user": "METERBOOK_JOBS",
    "private_key": _pem(),
    "role": "meterbook_jobs",
    "warehouse": "meterbook_transform",
    "database": "meterbook",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the connector is asked for."""
    asked: dict[str, Any] = {}
    monkeypatch.setattr(snowflake.connector, "connect", lambda **wanted: asked.update(wanted))
    return asked


def test_a_session_is_in_utc_and_names_its_job(asked: dict[str, Any]) -> None:
    connect(SECRET, job="close_period")
    assert asked["session_parameters"]["TIMEZONE"] == "UTC"
    tag = json.loads(asked["session_parameters"]["QUERY_TAG"])
    assert tag == {"application": "meterbook", "job": "close_period"}
    assert asked["paramstyle"] == "qmark"
    assert {"account", "user", "role", "warehouse", "database"} <= asked.keys()


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_the_key_is_opened_with_its_passphrase(asked: dict[str, Any], passphrase: str) -> None:
    connect(SECRET | {"private_key": _pem(passphrase), "passphrase": passphrase})
    assert asked["private_key"].private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    "change",
    [
        {"private_key": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"},
        {"private_key": _pem(PASSPHRASE)},
        {"private_key": _pem(PASSPHRASE), "passphrase": "hunter2 hunter2"},
        {"private_key": ""},
    ],
)
def test_a_key_that_cannot_be_opened_is_refused_without_telling_it(change: dict[str, str]) -> None:
    with pytest.raises(SnowflakeLoginRefused) as refused:
        connect(SECRET | change)
    said = f"{refused.value} {refused.value.data} {refused.value.__context__}"
    for part in (*change["private_key"].splitlines()[:2], "c2VjcmV0", "hunter2", PASSPHRASE):
        assert not part or part not in said


def test_a_secret_that_lacks_something_is_refused_by_the_names_of_what_it_lacks() -> None:
    with pytest.raises(SnowflakeLoginRefused, match="the secret lacks user, role") as refused:
        connect({name: value for name, value in SECRET.items() if name not in ("user", "role")})
    assert refused.value.code == "SNOWFLAKE_LOGIN_REFUSED"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DatabaseError("JWT token is invalid.", errno=250001), SnowflakeLoginRefused),
        (
            OperationalError("Could not connect after 3 attempts", errno=250001),
            SnowflakeUnavailable,
        ),
        (ProgrammingError("Role 'X' does not exist", errno=390189), SnowflakeLoginRefused),
    ],
)
def test_not_let_in_and_no_answer_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[SnowflakeFailed]
) -> None:
    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(snowflake.connector, "connect", fails)
    with pytest.raises(SnowflakeFailed) as failed:
        connect(SECRET)
    assert type(failed.value) is kind
    assert failed.value.retryable is (kind is SnowflakeUnavailable)


@pytest.mark.parametrize("number", [625, 250003, 252010, 290503, 390114])
def test_what_may_pass_is_retryable(number: int) -> None:
    with pytest.raises(SnowflakeUnavailable) as failed, our_errors():
        raise OperationalError("No answer.", errno=number)
    assert failed.value.retryable
    assert failed.value.code == "SNOWFLAKE_UNAVAILABLE"


@pytest.mark.parametrize("number", [1003, 2003, 2711, 100035, 252006, 290403])
def test_what_comes_again_is_not_retryable(number: int) -> None:
    with pytest.raises(SnowflakeFailed, match=f"{number:06d}") as failed, our_errors():
        raise ProgrammingError("SQL compilation error:\nno such thing.", errno=number)
    assert not failed.value.retryable
    assert failed.value.code == "SNOWFLAKE_FAILED"
    assert "\n" not in str(failed.value)
