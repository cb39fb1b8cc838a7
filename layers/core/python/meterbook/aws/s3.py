"""A bucket as an object store: objects written once, by conditional puts.

Retention is the bucket's own default (object lock); nothing here can shorten or lengthen it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.errors import StoreUnavailable
from meterbook.identifier import is_object_key, object_key
from meterbook.ports import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_IS_THERE = "PreconditionFailed"
_IS_NOT_THERE = ("NoSuchKey", "404")
_TRY_AGAIN = "ConditionalRequestConflict"


class S3Store:
    """An `ObjectStore` in one bucket, below a prefix such as `landing/` that keys do not show.

    Each put carries a mark of its own. Where an answer was lost and the put repeated, the mark
    tells whether the object that is there now is this call's or another writer's. The role has to
    be allowed to list the bucket: without that, AWS says 403 of an object that is not there.
    """

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        prefix: str = "",
        pauses_seconds: Sequence[float] = (0.1, 0.4, 1.6),
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._pauses_seconds = pauses_seconds

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write the object unless the key exists. Errors: `InputRefused` for a hostile key."""
        name, mark = self._prefix + object_key(key), uuid4().hex
        with self._answering(key):
            for pause in self._pauses_seconds:
                try:
                    return self._put(name, body, mark)
                except ClientError as error:
                    if _code(error) != _TRY_AGAIN:
                        raise
                time.sleep(pause)
            return self._put(name, body, mark)

    def get(self, key: str) -> bytes:
        """The object's bytes. Errors: `KeyError` when there is none."""
        return self.read(key).body

    def read(self, key: str) -> Stored:
        """The object's bytes with the time of their writing, from one answer."""
        name = self._prefix + object_key(key)
        with self._answering(key):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                if _code(error) in _IS_NOT_THERE:
                    raise KeyError(key) from None
                raise
            return Stored(found["Body"].read(), found["LastModified"].astimezone(UTC))

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with the prefix, in ascending order of their UTF-8 bytes.

        S3 lists in that order. What lies in the bucket and is no key (a console's folder marks) is
        not shown.
        """
        pages = self._client.get_paginator("list_objects_v2")
        with self._answering(prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                names = (one["Key"][len(self._prefix) :] for one in page.get("Contents", []))
                yield from (key for key in names if is_object_key(key))

    def _put(self, name: str, body: bytes, mark: str) -> bool:
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=name,
                Body=body,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                Metadata={"writer": mark},
            )
        except ClientError as error:
            if _code(error) != _IS_THERE:
                raise
            return self._is_ours(name, mark)
        return True

    def _is_ours(self, name: str, mark: str) -> bool:
        found = self._client.head_object(Bucket=self._bucket, Key=name)
        return found["Metadata"].get("writer") == mark

    @contextmanager
    def _answering(self, key: str) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(bucket=self._bucket, key=key, detail=error) from error


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
