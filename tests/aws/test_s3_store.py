"""What a bucket owes beyond the contract of object stores: conflicts, lost answers, locked objects."""

from __future__ import annotations

import pytest
from aws.moto_cloud import (
    AT_ONCE,
    QUICK,
    disturb,
    new_bucket,
    new_client,
    s3_error,
    store,
)
from botocore.config import Config
from botocore.exceptions import ClientError
from meterbook.aws.s3 import S3Store
from meterbook.errors import StoreUnavailable

CONFLICT = s3_error(409, "ConditionalRequestConflict")
BROKEN = s3_error(500, "InternalError")
LOST = s3_error(500, "InternalError", took_effect=True)
TWICE = Config(retries={"mode": "standard", "total_max_attempts": 2})


def a_store(*deeds, operation="PutObject", config=QUICK):
    """A store whose first requests go wrong in these ways; and what it sent."""
    new_bucket()
    s3 = new_client("s3", config)
    return S3Store(s3, "bucket", "landing/", AT_ONCE), disturb(s3, operation, *deeds)


def test_every_put_is_conditional_and_carries_the_sum_of_its_bytes():
    books, sent = a_store()
    books.put_if_absent("a/b", b"x")
    (request,) = sent
    assert request.headers["If-None-Match"] in ("*", b"*")
    assert request.url.endswith("/landing/a/b")
    assert "x-amz-checksum-sha256" in str(request.headers).lower()


def test_a_conflict_between_two_writers_is_tried_again():
    books, sent = a_store(CONFLICT, CONFLICT)
    assert books.put_if_absent("a/b", b"x") is True
    assert len(sent) == 3
    assert books.get("a/b") == b"x"


def test_a_conflict_that_the_other_writer_has_won_is_a_put_that_came_too_late():
    books, _ = a_store(CONFLICT)
    store_of_another = S3Store(new_client("s3"), "bucket", "landing/")
    store_of_another.put_if_absent("a/b", b"theirs")
    assert books.put_if_absent("a/b", b"ours") is False
    assert books.get("a/b") == b"theirs"


def test_a_conflict_that_never_ends_is_an_error_that_may_be_tried_again():
    books, sent = a_store(*[CONFLICT] * 9)
    with pytest.raises(StoreUnavailable, match="a/b") as refused:
        books.put_if_absent("a/b", b"x")
    assert refused.value.retryable
    assert len(sent) == len(AT_ONCE) + 1
    assert list(books.keys()) == []


def test_a_put_whose_answer_was_lost_knows_its_own_object_again():
    """The object is there, and the repeated put is told so: by this call's own hand."""
    books, sent = a_store(LOST, config=TWICE)
    assert books.put_if_absent("a/b", b"x") is True
    assert len(sent) == 2
    assert books.put_if_absent("a/b", b"x") is False


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("PutObject", lambda books: books.put_if_absent("a/b", b"x")),
        ("GetObject", lambda books: books.get("a/b")),
        ("ListObjectsV2", lambda books: list(books.keys())),
    ],
)
@pytest.mark.parametrize("fault", [BROKEN, s3_error(403, "AccessDenied")])
def test_a_bucket_that_does_not_answer_is_one_clear_error(operation, ask, fault):
    books, _ = a_store(fault, operation=operation)
    with pytest.raises(StoreUnavailable, match="bucket"):
        ask(books)


def test_more_keys_than_a_page_holds_are_listed_in_order():
    books, sent = a_store(operation="ListObjectsV2")
    for number in range(1_003):
        books.put_if_absent(f"a/{number:04d}", b"")
    assert list(books.keys("a/")) == [f"a/{number:04d}" for number in range(1_003)]
    assert len(sent) == 2


def test_what_others_put_beside_it_is_not_shown():
    books, s3 = store(prefix="landing/"), new_client("s3")
    for name in ("landing/", "landing/cur/", "landing/.part", "elsewhere/a", "landing/cur/a"):
        s3.put_object(Bucket="bucket", Key=name, Body=b"")
    assert list(books.keys()) == ["cur/a"]


def test_a_locked_object_can_neither_be_deleted_nor_replaced():
    """What nobody may do, we least of all; AWS does not even let the retention be shortened."""
    books, s3 = store(locked_days=3650), new_client("s3")
    books.put_if_absent("register/00000001.json", b"sheet")
    (version,) = s3.list_object_versions(Bucket="bucket")["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(
            Bucket="bucket", Key="register/00000001.json", VersionId=version["VersionId"]
        )
    assert books.put_if_absent("register/00000001.json", b"another") is False
    assert books.get("register/00000001.json") == b"sheet"


def test_nothing_is_said_of_retention_because_that_is_the_bucket_s_own():
    books, sent = a_store()
    books.put_if_absent("a", b"x")
    assert not [name for name in sent[0].headers if "object-lock" in name.lower()]
