"""The published documents of one tenant, read with credentials that open no other's.

A role is assumed once for each tenant, with the session tag `tenant_id`; the role's own policy lets
such a session read below `tenants/<that id>/` and nothing else. So a fault in a route cannot show
one tenant what is another's: AWS would refuse the request.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from meterbook.canonical import sha256
from meterbook.errors import StoreUnavailable
from meterbook.identifier import identifier, object_key
from meterbook.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

PUBLISHED = "published.json"
LINK_S = 300
SESSION_S = 3600  # the longest that AWS lets one role have another one
# A link dies with the session that signed it, so no session is used for its last minutes.
_LAST = timedelta(seconds=2 * LINK_S)
# Of what KMS encrypts S3 opens nothing to the older signature, which botocore gives links in some
# regions; and the host has to be the region's, for that of all regions leads on to another one.
LINKING = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
_AT_ONCE = 256  # sessions that one process keeps
# A session may not list, and to whoever may not, AWS says 403 of an object that is not there.
_IS_NOT_THERE = ("NoSuchKey", "404", "AccessDenied", "403")


class AssumedTenantStores:
    """A `TenantStores` in one bucket; `connect` makes an S3 client of a session's credentials."""

    def __init__(
        self,
        sts: STSClient,
        role_arn: str,
        bucket: str,
        connect: Callable[[CredentialsTypeDef], S3Client],
        clock: Clock,
    ) -> None:
        self._sts = sts
        self._role_arn = role_arn
        self._bucket = bucket
        self._connect = connect
        self._clock = clock
        self._open: OrderedDict[str, tuple[datetime, S3TenantStore]] = OrderedDict()
        self._lock = Lock()

    def open(self, tenant_id: str) -> S3TenantStore:
        """The tenant's documents, with its own session. Errors: `BadIdentifier`."""
        tenant_id = identifier(tenant_id, "tenant id")
        with self._lock:
            until, store = self._open.get(tenant_id) or (None, None)
            if store is None or until is None or self._clock.now() >= until:
                until, store = self._assumed(tenant_id)
            self._open[tenant_id] = until, store
            self._open.move_to_end(tenant_id)
            if len(self._open) > _AT_ONCE:
                self._open.popitem(last=False)
        return store

    def _assumed(self, tenant_id: str) -> tuple[datetime, S3TenantStore]:
        try:
            given = self._sts.assume_role(
                RoleArn=self._role_arn,
                # Any id fits; the session's name is what CloudTrail shows, and has fewer letters.
                RoleSessionName=f"tenant-{sha256(tenant_id.encode())[:24]}",
                DurationSeconds=SESSION_S,
                Tags=[{"Key": "tenant_id", "Value": tenant_id}],
            )["Credentials"]
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(bucket=self._bucket, key=tenant_id, detail=error) from error
        store = S3TenantStore(self._connect(given), self._bucket, tenant_id)
        return given["Expiration"] - _LAST, store


@dataclass(frozen=True, slots=True)
class S3TenantStore:
    """A `TenantStore` below `tenants/<id>/` of the bucket."""

    client: S3Client
    bucket: str
    tenant_id: str

    def get(self, key: str) -> bytes:
        """A document of this tenant's. Errors: `KeyError`."""
        return self._get(self._name(key))

    def published(self) -> bytes:
        """What says when all was published last. Errors: `KeyError`."""
        return self._get(PUBLISHED)

    def link(self, key: str, filename: str) -> str:
        """A URL to this one document, which works for five minutes."""
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in filename)
        return self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": self._name(key),
                "ResponseContentDisposition": f'attachment; filename="{safe}"',
            },
            ExpiresIn=LINK_S,
        )

    def _name(self, key: str) -> str:
        return f"tenants/{self.tenant_id}/{object_key(key)}"

    def _get(self, name: str) -> bytes:
        try:
            return self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in _IS_NOT_THERE:
                raise KeyError(name) from None
            raise StoreUnavailable(bucket=self.bucket, key=name, detail=error) from error
