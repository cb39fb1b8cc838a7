"""What the tests of the cost import share: a mapping, bills made of lines, and what was landed."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meterbook.costs.ingest_cur import CurIngested, Overlap, land_cur, read_cur_mapping
from meterbook.costs.mapping import CurMapping
from meterbook_local.folder import FolderStore

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)

BILL = r"""
export: daily
header: true
null: '\N'
payer: {column: payer}
usage_date: {column: day}
cost: {column: cost}
currency: {column: currency}
service: {column: service}
owner_tag: {column: owner}
module_tag: {column: module}
"""
HEADER = "payer,day,cost,currency,service,owner\n"


def line(cost: str = "1.5", day: str = "2026-10-01", payer: str = "1111", **more: str) -> str:
    currency, service = more.get("currency", "USD"), more.get("service", "AmazonEC2")
    return f"{payer},{day},{cost},{currency},{service},{more.get('owner', 'acme')}\n"


class Desk:
    """A folder of handed-in bills, and the landing area behind the import."""

    def __init__(self, folder: Path, mapping: str = BILL) -> None:
        self.folder = folder
        self.landing = FolderStore(folder / "landing")
        self.mapping = self.read(mapping)

    def read(self, mapping: str) -> CurMapping:
        return read_cur_mapping(self.file("mapping.yaml", mapping))

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def bill(self, *lines: str, name: str = "bill.csv") -> Path:
        return self.file(name, HEADER + "".join(lines))

    def land(
        self, *files: Path, overlap: Overlap = Overlap.REFUSE, now: datetime = NOW
    ) -> CurIngested:
        return land_cur(self.landing, now, files, self.mapping, overlap)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.rows_of("cur")

    def rows_of(self, stream: str) -> list[dict[str, Any]]:
        keys = self.landing.keys(f"{stream}/")
        lines = [
            part for key in keys for part in gzip.decompress(self.landing.get(key)).splitlines()
        ]
        return [json.loads(part) for part in lines]

    def record(self, done: CurIngested) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.landing.get(f"deliveries/cur/{done.delivery_id}.json")
        )
        return found
