"""A tenant's documents are read in a session of its own; links die before the session does.

moto keeps sessions and objects; it does not work policies out (tests/infra does that).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from aws.moto_cloud import (
    ACCOUNT,
    QUICK,
    REGION,
    client,
    disturb,
    new_bucket,
    new_client,
    s3_error,
)
from meterbook.aws.tenant_views import LINKING, SESSION_S, AssumedTenantStores, S3TenantStore
from meterbook.errors import BadIdentifier, StoreUnavailable
from meterbook_local.clock import SystemClock
from meterbook_plugs import web

pytestmark = pytest.mark.usefixtures("cloud")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/meterbook-dev-tenant-reader"
BUCKET = "views"


@dataclass
class Hand:
    """A clock that the test moves."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@dataclass
class Cloud:
    """The stores, the clock that they look at, and the requests for sessions so far."""

    stores: AssumedTenantStores
    sts: Any
    clock: Hand
    asked: list[Any]

    def sessions(self) -> list[dict[str, list[str]]]:
        return [parse_qs(request.body) for request in self.asked]


@pytest.fixture
def views() -> Cloud:
    new_bucket(BUCKET)
    for key in ("published.json", "tenants/acme/index.json", "tenants/acme-eu/index.json"):
        client("s3").put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    sts = new_client("sts")
    clock = Hand(SystemClock().now())
    return Cloud(
        AssumedTenantStores(sts, ROLE, BUCKET, _connected, clock),
        sts,
        clock,
        disturb(sts, "AssumeRole"),
    )


def _connected(session: Any) -> Any:
    return boto3.client(
        "s3",
        region_name=REGION,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
        config=QUICK.merge(LINKING),
    )


def test_what_is_read_is_the_tenants_own_and_what_is_everybodys(views: Cloud) -> None:
    assert views.stores.open("acme").get("index.json") == b"tenants/acme/index.json"
    assert views.stores.open("acme-eu").get("index.json") == b"tenants/acme-eu/index.json"
    assert views.stores.open("acme").published() == b"published.json"


def test_the_session_carries_the_tenants_id_and_no_other_tag(views: Cloud) -> None:
    assert views.stores.open("acme.eu:1").tenant_id == "acme.eu:1"
    (asked,) = views.sessions()
    tags = {name: value for name, value in asked.items() if name.startswith("Tags.")}
    assert tags == {"Tags.member.1.Key": ["tenant_id"], "Tags.member.1.Value": ["acme.eu:1"]}
    assert asked["RoleArn"] == [ROLE]
    # A role that takes another one is given an hour at most.
    assert asked["DurationSeconds"] == [str(SESSION_S)]


def test_a_session_is_taken_once_and_anew_before_its_links_could_die(views: Cloud) -> None:
    for _ in range(3):
        views.stores.open("acme")
    assert len(views.asked) == 1
    views.clock.moment += timedelta(seconds=SESSION_S - 601)
    views.stores.open("acme")
    assert len(views.asked) == 1
    views.clock.moment += timedelta(seconds=5)
    views.stores.open("acme")
    assert len(views.asked) == 2


def test_what_cannot_be_an_id_gets_no_session(views: Cloud) -> None:
    for tenant_id in ("", "../acme", "acme/", "a*", "${x}", "a b", "x" * 129):
        with pytest.raises(BadIdentifier):
            views.stores.open(tenant_id)
    assert views.asked == []


def test_what_is_not_there_and_what_may_not_be_read_look_the_same(views: Cloud) -> None:
    store = views.stores.open("acme")
    with pytest.raises(KeyError):
        store.get("none.json")
    disturb(store.client, "GetObject", s3_error(403, "AccessDenied"))
    with pytest.raises(KeyError):
        store.get("index.json")


def test_a_store_that_does_not_answer_is_said_to(views: Cloud) -> None:
    store = views.stores.open("acme")
    disturb(store.client, "GetObject", s3_error(503, "SlowDown"))
    with pytest.raises(StoreUnavailable) as told:
        store.get("index.json")
    assert told.value.retryable


def test_without_a_session_nothing_is_read(views: Cloud) -> None:
    disturb(views.sts, "AssumeRole", s3_error(403, "AccessDenied"))
    with pytest.raises(StoreUnavailable):
        views.stores.open("acme")


def test_a_link_opens_one_document_for_five_minutes_under_a_name_to_save_it_by(
    views: Cloud,
) -> None:
    client("s3").put_object(Bucket=BUCKET, Key="tenants/acme/files/aa.pdf", Body=b"%PDF")
    link = views.stores.open("acme").link("files/aa.pdf", 'MB-1".pdf\r\nX-Evil: 1')
    query = parse_qs(urlsplit(link).query)
    assert query["X-Amz-Expires"] == ["300"]
    answer = requests.get(link, timeout=5)
    assert answer.content == b"%PDF"
    (saved,) = query["response-content-disposition"]
    assert saved == 'attachment; filename="MB-1-.pdf--X-Evil--1"'


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-central-1", "eu-south-2"])
def test_a_link_is_one_that_a_bucket_with_a_key_of_its_own_takes(
    monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    """S3 opens nothing that KMS has encrypted to a signature of the older kind.

    In some regions that is what botocore signs links with, unless it is told. The host is that of
    the region: the one of all regions sends a reader on, and the signature names the host.
    """
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    session: Any = {"AccessKeyId": "id", "SecretAccessKey": "secret", "SessionToken": "token"}
    store = S3TenantStore(web._s3_of(session), BUCKET, "acme")
    link = urlsplit(store.link("files/aa.pdf", "MB-1.pdf"))
    assert parse_qs(link.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    at = "s3" if region == "us-east-1" else f"s3.{region}"
    assert link.netloc == f"{BUCKET}.{at}.amazonaws.com"
