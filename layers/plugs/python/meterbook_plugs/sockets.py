"""The cloud's set of sockets: S3, EventBridge, providers of cost and the book on Snowflake.

The one-machine twin of this module is `meterbook_local.workspace`. Run so far against stand-ins
only: moto for AWS, DuckDB or fakesnow for Snowflake.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import boto3
from meterbook.aws import CLIENT_CONFIG
from meterbook.aws.cost_explorer import CostExplorerClient
from meterbook.aws.eventbridge import EventBridge
from meterbook.aws.kms import KmsSigner
from meterbook.aws.queue import SqsRenderQueue
from meterbook.aws.s3 import S3Store
from meterbook.aws.secrets import secret
from meterbook.aws.ses import SesMailer
from meterbook.book import Book
from meterbook.http.external_costs import HttpExternalCosts
from meterbook.ports import EventBus, ObjectStore
from meterbook.settings import BookSettings, ExternalCostSettings, IssueSettings
from meterbook.snowflake.connection import connect
from meterbook.snowflake.warehouse import SnowflakeWarehouse


class UtcClock:
    """The clock of the machine that a function runs on."""

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this plug is where the port gets its time


@dataclass(frozen=True, slots=True)
class Sockets:
    """What a job of the book is plugged into."""

    book: Book
    bus: EventBus
    announced: ObjectStore


@contextmanager
def open_sockets(settings: BookSettings) -> Iterator[Sockets]:
    """Plug a job in for one invocation; the connection to Snowflake is closed at its end."""
    with open_warehouse(settings) as warehouse:
        book = Book(warehouse, bucket(settings.landing_bucket), UtcClock())
        bus = EventBridge(boto3.client("events", config=CLIENT_CONFIG), settings.event_bus)
        yield Sockets(book, bus, bucket(settings.landing_bucket, "announced/"))


@contextmanager
def open_warehouse(settings: BookSettings) -> Iterator[SnowflakeWarehouse]:
    """Log in with the key pair of the secret, in the role that the settings name."""
    secrets = boto3.client("secretsmanager", config=CLIENT_CONFIG)
    secret = json.loads(
        secrets.get_secret_value(SecretId=settings.snowflake_secret)["SecretString"]
    )
    place = {
        "account": settings.snowflake_account,
        "warehouse": settings.snowflake_warehouse,
        "database": settings.snowflake_database,
        "role": settings.snowflake_role,
    }
    with closing(connect(secret | place, job=os.environ["POWERTOOLS_SERVICE_NAME"])) as connection:
        yield SnowflakeWarehouse(connection, warehouse=settings.snowflake_warehouse)


def bucket(name: str, prefix: str = "") -> S3Store:
    """A bucket, or what lies under a prefix of it."""
    return S3Store(boto3.client("s3", config=CLIENT_CONFIG), name, prefix)


def cost_explorer() -> CostExplorerClient:
    """Cost Explorer, which answers for all regions in us-east-1."""
    return CostExplorerClient(boto3.client("ce", region_name="us-east-1", config=CLIENT_CONFIG))


def external_costs(settings: ExternalCostSettings) -> HttpExternalCosts:
    """The providers of the catalog, with their secrets from Secrets Manager, each read once."""
    client = boto3.client("secretsmanager", config=CLIENT_CONFIG)
    return HttpExternalCosts(cache(lambda name: secret(client, settings.external_secrets + name)))


def signer(settings: IssueSettings) -> KmsSigner:
    """The key of the register, which never leaves KMS."""
    return KmsSigner(boto3.client("kms", config=CLIENT_CONFIG), settings.signing_key)


def render_queue(settings: IssueSettings) -> SqsRenderQueue:
    """The queue that `render_invoice` takes its numbers from."""
    return SqsRenderQueue(boto3.client("sqs", config=CLIENT_CONFIG), settings.render_queue)


def mailer(settings: IssueSettings) -> SesMailer | None:
    """SES, where the deployment names an address to mail from."""
    return SesMailer(boto3.client("sesv2", config=CLIENT_CONFIG)) if settings.mail_sender else None
