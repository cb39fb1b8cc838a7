"""What the tests of the usage import share: a store in memory, mappings, and what was landed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from meterbook.collect.ingest_usage import UsageIngested, land_usage, read_usage_mapping
from meterbook.collect.mapping import UsageMapping

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)

CSV = """
source: meter
format: csv
header: true
time: {column: at}
tenant: {column: tenant}
module: {value: front}
metrics:
  - {metric: calls, quantity: {column: calls}}
"""

LOG = r"""
source: web
format: pattern
pattern: '^(?P<at>\S+) GET /(?P<tenant>\w+) (?P<work>\S+)$'
time: {column: at}
tenant: {column: tenant}
module: {value: front}
metrics:
  - {metric: work, quantity: {column: work}, unit: unit}
"""


class MemoryStore:
    """An object store without a disk: the generated tests land thousands of small deliveries."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_if_absent(self, key: str, body: bytes) -> bool:
        return self.objects.setdefault(key, body) is body

    def get(self, key: str) -> bytes:
        return self.objects[key]

    def keys(self, prefix: str = "") -> Iterator[str]:
        return iter(sorted((k for k in self.objects if k.startswith(prefix)), key=str.encode))


class Desk:
    """A folder of handed-in files, and the landing area behind the import."""

    def __init__(self, folder: Path, mapping: str = CSV) -> None:
        self.folder = folder
        self.landing = MemoryStore()
        self.mapping = self.read(mapping)

    def read(self, mapping: str) -> UsageMapping:
        return read_usage_mapping(self.file("mapping.yaml", mapping))

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def parquet(self, rows: str, name: str = "usage.parquet") -> Path:
        """A Parquet file with the rows of a select."""
        path = self.file(name, b"")
        with closing(duckdb.connect()) as db:
            db.execute("set timezone = 'UTC'")
            db.execute(f"copy ({rows}) to '{path}' (format parquet)")
        return path

    def land(self, *files: Path, name: str | None = None) -> UsageIngested:
        return land_usage(self.landing, NOW, files, self.mapping, name)

    def land_text(self, content: str | bytes, name: str = "usage.txt") -> UsageIngested:
        return self.land(self.file(name, content))

    @property
    def rows(self) -> list[dict[str, Any]]:
        keys = self.landing.keys("usage/")
        lines = [
            line for key in keys for line in gzip.decompress(self.landing.get(key)).splitlines()
        ]
        return [json.loads(line) for line in lines]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for row in self.rows for event in row["detail"]["events"]]

    @property
    def records(self) -> list[dict[str, Any]]:
        keys = self.landing.keys("deliveries/usage/")
        return [json.loads(self.landing.get(key)) for key in keys]
