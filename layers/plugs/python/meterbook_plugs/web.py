"""The cloud's sockets for requests of readers: no book, no bus, and nothing of Snowflake's.

Apart from `sockets`, since what is imported here is waited for by whoever asks first. A client is
made where it is first needed and kept for the life of the process.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import boto3
from meterbook.aws import CLIENT_CONFIG
from meterbook.aws.s3 import S3Store
from meterbook.aws.secrets import secret
from meterbook.aws.starter import LambdaStarter
from meterbook.aws.tenant_views import LINKING, AssumedTenantStores
from meterbook.http.jwks import HttpKeySource
from meterbook.http.sign_in import HttpTokenEndpoint
from meterbook.settings import AdminApiSettings, TenantApiSettings, WebSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts.type_defs import CredentialsTypeDef


class UtcClock:
    """The clock of the machine that a function runs on."""

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this plug is where the port gets its time


def tenant_stores(settings: TenantApiSettings) -> AssumedTenantStores:
    """The documents of each tenant, read in a session that opens no other's."""
    sts = boto3.client("sts", config=CLIENT_CONFIG)
    bucket = settings.views_bucket
    return AssumedTenantStores(sts, settings.tenant_role, bucket, _s3_of, UtcClock())


def issuer_keys(settings: WebSettings) -> HttpKeySource:
    """The public keys of the user pool."""
    return HttpKeySource(settings.issuer, UtcClock())


@cache
def web_secret(settings: WebSettings) -> bytes:
    """What signs cursors and forms; read once in the life of the process."""
    return secret(
        boto3.client("secretsmanager", config=CLIENT_CONFIG), settings.web_secret
    ).encode()


def token_endpoint(web: WebSettings, settings: TenantApiSettings) -> HttpTokenEndpoint:
    """Where the user pool exchanges a code for a token."""
    return HttpTokenEndpoint(f"{settings.sign_in_url}/oauth2/token", web.audience)


def nonce() -> str:
    """43 letters that nobody can guess."""
    return secrets.token_urlsafe(32)


def audit_store(settings: AdminApiSettings) -> S3Store:
    """The bucket in which it is kept who did what; nothing in it can be changed."""
    return S3Store(boto3.client("s3", config=CLIENT_CONFIG), settings.audit_bucket)


def job_starter(settings: AdminApiSettings) -> LambdaStarter:
    """The jobs that a person may start from a page."""
    return LambdaStarter(boto3.client("lambda", config=CLIENT_CONFIG), settings.functions)


def _s3_of(session: CredentialsTypeDef) -> S3Client:
    return boto3.client(
        "s3",
        config=CLIENT_CONFIG.merge(LINKING),
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
