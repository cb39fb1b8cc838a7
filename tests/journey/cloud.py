"""The platform as it is deployed, with moto in the place of AWS and DuckDB in that of Snowflake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aws.moto_cloud import Wire, client, new_bucket
from journey.walk import desk, let_pass
from meterbook.aws.eventbridge import EventBridge
from meterbook.aws.s3 import S3Store
from meterbook.aws.ssm import parameter
from meterbook.book import Book
from meterbook.close.close_period import close_period
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.period import Period
from meterbook.watch.watch_unattributed_costs import watch_unattributed_costs
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse

NAMES = {
    "bus": "meterbook-dev",
    "landing": "meterbook-dev-landing",
    "evidence": "meterbook-dev-evidence",
    "announced": "meterbook-dev-announced",
}


@dataclass(frozen=True)
class Cloud:
    """A book over buckets, and who listens on the bus."""

    book: Book
    landing: S3Store
    evidence: S3Store
    announced: S3Store
    wire: Wire


def deployed() -> Wire:
    """What a stack provisions: buckets, one of them locked, a bus, and their names in SSM."""
    for leaf, name in NAMES.items():
        client("ssm").put_parameter(Name=f"/meterbook/dev/{leaf}", Value=name, Type="String")
        if leaf != "bus":
            new_bucket(name, locked_days=3650 if leaf == "evidence" else 0)
    return Wire(NAMES["bus"])


def named(leaf: str) -> str:
    return parameter(client("ssm"), f"/meterbook/dev/{leaf}")


def a_cloud(now: datetime) -> Cloud:
    wire = deployed()
    landing, evidence, announced = (
        S3Store(client("s3"), named(leaf)) for leaf in ("landing", "evidence", "announced")
    )
    book = Book(DuckDBWarehouse(), landing, FixedClock(now))
    book.apply()
    return Cloud(book, landing, evidence, announced, wire)


def bill(cloud: Cloud, period: Period) -> None:
    out = EventBridge(client("events"), named("bus")), cloud.announced, "meterbook"
    watch_unattributed_costs(cloud.book, *out)
    let_pass(cloud.book, period)
    close_period(cloud.book, *out, period)
    issue_invoices(cloud.book, desk(cloud.evidence, cloud.landing, *out), period)
