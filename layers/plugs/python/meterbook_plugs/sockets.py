"""The cloud's set of sockets: S3, EventBridge, providers of cost and the book on Snowflake.

The one-machine twin of this module is `meterbook_local.workspace`. Run so far against stand-ins
only: moto for AWS, DuckDB or fakesnow for Snowflake.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache

import boto3
from meterbook.aws import CLIENT_CONFIG
from meterbook.aws.cost_explorer import CostExplorerClient
from meterbook.aws.eventbridge import EventBridge
from meterbook.aws.kms import KmsSigner
from meterbook.aws.queue import SqsPauses, SqsRenderQueue
from meterbook.aws.s3 import S3Store
from meterbook.aws.secrets import secret
from meterbook.aws.ses import SesMailer
from meterbook.aws.views import S3ViewStore
from meterbook.book import Book
from meterbook.http.external_costs import HttpExternalCosts
from meterbook.http.webhooks import HttpWebhooks
from meterbook.ports import EventBus, ObjectStore
from meterbook.settings import (
    BookSettings,
    ExternalCostSettings,
    IssueSettings,
    PublishSettings,
    WebhookSettings,
)
from meterbook.snowflake.connection import connect
from meterbook.snowflake.warehouse import SnowflakeWarehouse

from meterbook_plugs import web

UtcClock = web.UtcClock


@dataclass(frozen=True, slots=True)
class Sockets:
    """What a job of the book is plugged into."""

    book: Book
    bus: EventBus
    announced: ObjectStore


@contextmanager
def open_sockets(settings: BookSettings) -> Iterator[Sockets]:
    """Plug a job in for one invocation; the connection to Snowflake is closed at its end."""
    with open_book(settings) as book:
        bus = EventBridge(boto3.client("events", config=CLIENT_CONFIG), settings.event_bus)
        yield Sockets(book, bus, bucket(settings.landing_bucket, "announced/"))


@contextmanager
def open_book(settings: BookSettings) -> Iterator[Book]:
    """The book alone, for one invocation."""
    with open_warehouse(settings) as warehouse:
        yield Book(warehouse, bucket(settings.landing_bucket), UtcClock())


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


def views(settings: PublishSettings) -> S3ViewStore:
    """What readers see, to be written over."""
    return S3ViewStore(boto3.client("s3", config=CLIENT_CONFIG), settings.views_bucket)


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


def webhook_sender() -> HttpWebhooks:
    """Posts to public addresses alone; nothing in a deployment widens that."""
    return HttpWebhooks()


def webhook_secrets(settings: WebhookSettings) -> Callable[[str], str]:
    """The secrets that webhooks are signed with, each read once."""
    client = boto3.client("secretsmanager", config=CLIENT_CONFIG)
    return cache(lambda name: secret(client, settings.webhook_secrets + name))


def webhook_queue(settings: WebhookSettings) -> SqsPauses:
    """The queue that `send_webhooks` takes announcements from."""
    return SqsPauses(boto3.client("sqs", config=CLIENT_CONFIG), settings.webhook_queue)
