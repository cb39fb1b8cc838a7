"""Names that a deployment publishes: read from the Parameter Store where a process starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterbook.errors import ParameterMissing

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


def parameter(client: SSMClient, name: str) -> str:
    """The value of a parameter. Errors: `ParameterMissing` for one that is not there."""
    try:
        return client.get_parameter(Name=name)["Parameter"]["Value"]
    except client.exceptions.ParameterNotFound:
        raise ParameterMissing(name=name) from None
