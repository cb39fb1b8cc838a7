"""A bucket of derived documents, which are written over: S3 shows the old one or the new one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.errors import StoreUnavailable
from meterbook.identifier import is_object_key, object_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_IS_NOT_THERE = ("NoSuchKey", "404")


class S3ViewStore:
    """A `ViewStore` in one bucket. The role has to be allowed to list it (see `S3Store`)."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, key: str) -> bytes:
        """The document's bytes. Errors: `KeyError`, `StoreUnavailable`."""
        with self._answering(key):
            found = self._client.get_object(Bucket=self._bucket, Key=object_key(key))
            return found["Body"].read()

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with the prefix, in the order in which S3 lists them: by UTF-8."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._answering(prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                names = (one["Key"] for one in page.get("Contents", []))
                yield from (name for name in names if is_object_key(name))

    def replace(self, key: str, body: bytes) -> None:
        """Write the document over the one that is there."""
        with self._answering(key):
            self._client.put_object(
                Bucket=self._bucket, Key=object_key(key), Body=body, ChecksumAlgorithm="SHA256"
            )

    def remove(self, key: str) -> None:
        """Take the document away; an earlier version stays until the bucket lets go of it."""
        with self._answering(key):
            self._client.delete_object(Bucket=self._bucket, Key=object_key(key))

    @contextmanager
    def _answering(self, key: str) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in _IS_NOT_THERE:
                raise KeyError(key) from None
            raise StoreUnavailable(bucket=self._bucket, key=key, detail=error) from error
