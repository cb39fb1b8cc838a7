"""What is published in the bucket is written over, taken away, and listed in the order of its bytes."""

from __future__ import annotations

import pytest
from aws.moto_cloud import disturb, new_bucket, new_client, s3_error
from meterbook.aws.views import S3ViewStore
from meterbook.errors import InputRefused, StoreUnavailable

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture
def views() -> S3ViewStore:
    return S3ViewStore(new_bucket("views"), "views")


def test_a_document_is_written_over(views: S3ViewStore) -> None:
    views.replace("tenants/acme/index.json", b"former")
    views.replace("tenants/acme/index.json", b"new")
    assert views.get("tenants/acme/index.json") == b"new"


def test_a_document_is_taken_away_and_one_that_is_not_there_is_none(views: S3ViewStore) -> None:
    views.replace("a", b"")
    views.remove("a")
    views.remove("a")
    with pytest.raises(KeyError):
        views.get("a")


def test_keys_are_listed_below_a_prefix_and_in_order(views: S3ViewStore) -> None:
    for key in ("tenants/b/1", "tenants/acme/2", "tenants/acme/10", "published.json"):
        views.replace(key, b"")
    assert list(views.keys("tenants/")) == ["tenants/acme/10", "tenants/acme/2", "tenants/b/1"]


@pytest.mark.parametrize("key", ["../a", "/a", "a//b", ""])
def test_a_hostile_key_is_refused(views: S3ViewStore, key: str) -> None:
    for call in (views.get, views.remove, lambda key: views.replace(key, b"")):
        with pytest.raises(InputRefused):
            call(key)


def test_a_bucket_that_does_not_answer_is_said_to() -> None:
    new_bucket("views")
    s3 = new_client("s3")
    disturb(s3, "PutObject", s3_error(503, "SlowDown"))
    with pytest.raises(StoreUnavailable) as told:
        S3ViewStore(s3, "views").replace("a", b"")
    assert told.value.retryable
