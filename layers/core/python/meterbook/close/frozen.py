"""A closed period of an account as it lies in the landing bucket: written once, read for ever.

delivery `<period>.<account id>` of stream `closes`: one row `close` with the whole snapshot,
then one row `line` for each line, which is what SQL reads
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from meterbook.canonical import canonical_json, plain, sha256
from meterbook.close.snapshot import Fields
from meterbook.delivery import (
    Delivery,
    close_delivery,
    closing_record,
    land_rows,
    record_key,
    row_counts,
)
from meterbook.errors import BookInconsistent
from meterbook.period import Period
from meterbook.ports import ObjectStore

STREAM = "closes"


@dataclass(frozen=True, slots=True)
class FrozenPeriod:
    """One account's period, closed: the snapshot and the hash that everything later refers to."""

    snapshot: Fields
    snapshot_sha256: str

    @classmethod
    def of(cls, snapshot: Fields) -> FrozenPeriod:
        """Give a snapshot its hash."""
        return cls(snapshot, sha256(canonical_json(snapshot)))

    @property
    def account_id(self) -> str:
        """Whose period it is."""
        return str(self.snapshot["account_id"])

    @property
    def period(self) -> Period:
        """Which month it is."""
        return Period.parse(self.snapshot["period"])


def land_close(landing: ObjectStore, frozen: FrozenPeriod, closed_at: datetime) -> bool:
    """Land the snapshot and claim the close; False when somebody else has closed it first."""
    delivery_id = _delivery_id(frozen.period, frozen.account_id)
    files = land_rows(landing, STREAM, delivery_id, _rows(frozen, closed_at))
    delivery = Delivery(delivery_id, STREAM, delivery_id, delivery_id, closed_at, files)
    return close_delivery(landing, delivery)


def read_close(landing: ObjectStore, period: Period, account_id: str) -> FrozenPeriod:
    """Read a close back. Errors: `BookInconsistent` when its bytes are not what was frozen."""
    delivery_id = _delivery_id(period, account_id)
    file_name = next(iter(row_counts(closing_record(landing, record_key(STREAM, delivery_id)))))
    try:
        text = gzip.decompress(landing.get(file_name)).decode()
        head = json.loads(text.partition("\n")[0])
    except (KeyError, OSError, EOFError, zlib.error, ValueError) as error:
        raise BookInconsistent(
            detail=f"What was frozen for account {account_id} in {period} cannot be read: "
            f"{file_name} is missing or damaged. Bring it back from a copy of the landing bucket."
        ) from error
    frozen = FrozenPeriod.of(head["snapshot"])
    if frozen.snapshot_sha256 != head["snapshot_sha256"]:
        raise BookInconsistent(
            detail=f"What was frozen for account {account_id} in {period} has been changed since: "
            f"its hash is {frozen.snapshot_sha256}, not {head['snapshot_sha256']}."
        )
    return frozen


def _delivery_id(period: Period, account_id: str) -> str:
    return f"{period}.{account_id}"


def _rows(frozen: FrozenPeriod, closed_at: datetime) -> Iterator[Fields]:
    snapshot = frozen.snapshot
    place = {"period": snapshot["period"], "account_id": snapshot["account_id"]}
    yield place | {
        "kind": "close",
        "seller_id": snapshot["seller"]["id"],
        "currency": snapshot["currency"],
        "total": snapshot["total"],
        "snapshot_sha256": frozen.snapshot_sha256,
        "closed_at": plain(closed_at),
        "snapshot": snapshot,
    }
    for line in snapshot["lines"]:
        yield place | {"kind": "line", **line}
