"""Changes that somebody might make to what is stored, without touching it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from meterbook.ports import ObjectStore

Fields = dict[str, Any]


class Planted:
    """A store in which some objects have other bytes, or (None) are gone."""

    def __init__(self, below: ObjectStore, planted: Mapping[str, bytes | None]) -> None:
        self._below = below
        self._planted = planted

    def put_if_absent(self, key: str, body: bytes) -> bool:
        raise AssertionError(f"whoever looks writes nothing: {key}")

    def get(self, key: str) -> bytes:
        body = self._planted.get(key, b"")
        if body is None:
            raise KeyError(key)
        return body or self._below.get(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self._below.keys(prefix)


def with_frozen(
    landing: ObjectStore, delivery_id: str, change: Callable[[Fields], None]
) -> ObjectStore:
    """A landing bucket in which a frozen snapshot was changed."""
    (key,) = landing.keys(f"closes/{delivery_id}/")
    head, _, rest = gzip.decompress(landing.get(key)).decode().partition("\n")
    row = json.loads(head)
    change(row["snapshot"])
    return Planted(landing, {key: gzip.compress(f"{json.dumps(row)}\n{rest}".encode())})
