"""What lies in one tenant's folder: written when it has changed, and put in force as one set."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meterbook.canonical import canonical_json, gzipped, sha256
from meterbook.close.snapshot import Fields
from meterbook.ports import ViewStore
from meterbook.report.tenant_view import INDEX, document_key, events_key, file_key, tenant_prefix

_KEY = re.compile(r"(documents|events|files)/[0-9a-f]{40}\.[a-z.]+")


@dataclass(frozen=True, slots=True)
class Put:
    """What publishing one tenant's set did: whether it is another set, documents each way."""

    is_changed: bool
    written: int
    removed: int


class TenantFolder:
    """Takes documents one by one; `publish` puts the index over them, last."""

    def __init__(self, views: ViewStore, tenant_id: str) -> None:
        self._views = views
        self._prefix = tenant_prefix(tenant_id)
        self.tenant_id = tenant_id
        self.former = self._former()
        self._named: set[str] = set()
        self._was_named = set(_keys_in(self.former))
        self._written = 0

    def _former(self) -> Fields:
        try:
            found: Fields = json.loads(self._views.get(self._prefix + INDEX))
        except (KeyError, ValueError):
            return {}  # what is damaged is derived, and is written again
        return found

    def document(self, value: Mapping[str, Any]) -> str:
        """Put a document of JSON; its key."""
        body = canonical_json(value).encode()
        return self._put(document_key(body), body)

    def events(self, value: Mapping[str, Any]) -> str:
        """Put the events of a day, compressed; their key."""
        body = gzipped(canonical_json(value))
        return self._put(events_key(body), body)

    def file(self, body: bytes, suffix: str) -> str:
        """Put a file as it is; its key."""
        return self._put(file_key(body, suffix), body)

    def _put(self, key: str, body: bytes) -> str:
        if key not in self._was_named and key not in self._named:
            self._views.replace(self._prefix + key, body)
            self._written += 1
        self._named.add(key)
        return key

    def read(self, key: str) -> Fields:
        """A document of the former set; what it names is part of that set. Errors: `KeyError`."""
        body = self._views.get(self._prefix + key)
        found: Fields = json.loads(gzip.decompress(body) if key.endswith(".gz") else body)
        self._was_named.update(_keys_in(found))
        return found

    def publish(self, index: Mapping[str, Any], as_of: str) -> Put:
        """Put the set in force, if it is another one, and remove what the former has retired."""
        version = sha256(canonical_json(index))
        if version == self.former.get("version"):
            return Put(is_changed=False, written=self._written, removed=0)
        self._named.update(_keys_in(index))
        retired = sorted(self._was_named - self._named - {*self.former.get("retired", ())})
        body = {**index, "version": version, "as_of": as_of, "retired": retired}
        self._views.replace(self._prefix + INDEX, canonical_json(body).encode())
        gone = [key for key in self.former.get("retired", ()) if key not in self._named]
        for key in gone:
            self._views.remove(self._prefix + key)
        return Put(is_changed=True, written=self._written + 1, removed=len(gone))


def _keys_in(value: object) -> Iterator[str]:
    """Every key of a document that a value names, however deep."""
    if isinstance(value, str):
        if _KEY.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _keys_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _keys_in(part)
