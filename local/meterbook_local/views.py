"""A folder that stands in for the bucket of what readers see."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from meterbook.canonical import canonical_json
from meterbook.identifier import identifier, object_key
from meterbook.ports import Clock, TenantStore

from meterbook_local.folder import FolderStore

LINKS_LAST = timedelta(seconds=300)
FILES = "/files/"


class FolderViews:
    """A `ViewStore` below one folder; a document is moved into its place when it is whole."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._store = FolderStore(root)

    def get(self, key: str) -> bytes:
        """The document's bytes. Errors: `KeyError` when there is none."""
        return self._store.get(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with the prefix, in ascending order of their UTF-8 bytes."""
        return self._store.keys(prefix)

    def replace(self, key: str, body: bytes) -> None:
        """Write the document, over the one that is there: a reader gets one of both, whole.

        What is lost with the machine's power is published again, so nothing waits for the disk.
        """
        target = self._root / object_key(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{uuid4().hex}.partial")
        try:
            beside.write_bytes(body)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """Take the document away; one that is not there is none."""
        (self._root / object_key(key)).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class FolderTenants:
    """`TenantStores` over such a folder; links lead to this machine's server, which asks us."""

    root: Path
    signing_key: bytes
    clock: Clock

    def open(self, tenant_id: str) -> TenantStore:
        """What this tenant can reach. Errors: `BadIdentifier` for what cannot be a tenant's id."""
        return _FolderTenant(self, identifier(tenant_id, "tenant id"))

    def opened(self, token: str) -> tuple[bytes, str]:
        """The document that a link of ours leads to, and the name to save it by.

        Errors: `KeyError` for a link that is not ours, or older than five minutes.
        """
        said, _, signed = token.partition(".")
        if not hmac.compare_digest(signed.encode("utf-8", "replace"), self._mark(said).encode()):
            raise KeyError(token)
        key, filename, until = json.loads(urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        if self.clock.now().timestamp() > until:
            raise KeyError(token)
        return FolderStore(self.root).get(key), filename

    def link(self, key: str, filename: str) -> str:
        """The address of one document, good for five minutes."""
        until = int((self.clock.now() + LINKS_LAST).timestamp())
        said = _text(canonical_json([key, filename, until]).encode())
        return f"{FILES}{said}.{self._mark(said)}"

    def _mark(self, said: str) -> str:
        return _text(hmac.digest(self.signing_key, f"file.{said}".encode(), "sha256"))


@dataclass(frozen=True, slots=True)
class _FolderTenant:
    tenants: FolderTenants
    tenant_id: str

    def get(self, key: str) -> bytes:
        return FolderStore(self.tenants.root).get(self._whole(key))

    def published(self) -> bytes:
        return FolderStore(self.tenants.root).get("published.json")

    def link(self, key: str, filename: str) -> str:
        return self.tenants.link(self._whole(key), filename)

    def _whole(self, key: str) -> str:
        return f"tenants/{self.tenant_id}/{object_key(key)}"


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
