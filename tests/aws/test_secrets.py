"""A secret is read by its name; one that is not there is named and never guessed."""

from __future__ import annotations

import pytest
from aws.moto_cloud import client
from meterbook.aws.secrets import secret
from meterbook.errors import SecretMissing

pytestmark = pytest.mark.usefixtures("cloud")


def test_a_secret_is_the_text_that_was_put_there() -> None:
    secrets = client("secretsmanager")
    secrets.create_secret(Name="meterbook-dev/external/twilio-costs", SecretString="Bearer key")
    assert secret(secrets, "meterbook-dev/external/twilio-costs") == "Bearer key"


def test_a_secret_that_is_not_there_is_named() -> None:
    with pytest.raises(SecretMissing, match=r"meterbook-dev/external/none .*Secrets Manager"):
        secret(client("secretsmanager"), "meterbook-dev/external/none")
