"""Secrets that people put into Secrets Manager, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.errors import SecretMissing

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def secret(client: SecretsManagerClient, name: str) -> str:
    """The text of a secret. Errors: `SecretMissing`, also where it is not ours to read."""
    try:
        return client.get_secret_value(SecretId=name)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise SecretMissing(name=name, detail=error) from error
