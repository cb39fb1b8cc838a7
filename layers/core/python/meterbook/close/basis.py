"""What a close was made by and from: the texts of models and writers, the deliveries of facts.

One basis serves all the accounts of a run, so it is landed once, as a delivery of its own:

    basis.<first 32 digits of its hash>     stream `closes`, one row of kind `basis`
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import meterbook
from meterbook.canonical import canonical_json, sha256
from meterbook.delivery import (
    RECORDS_PREFIX,
    Delivery,
    close_delivery,
    closing_record,
    land_rows,
    record_key,
    row_counts,
)
from meterbook.errors import BookInconsistent
from meterbook.ports import ObjectStore
from meterbook.sqlfiles import read_sql

FORM = "meterbook.basis.1"
STREAM = "closes"
# What comes in; what we make of it ourselves follows from it.
FACTS = (
    "account_usage", "aws_cost", "catalog", "cur", "decisions", "external_cost", "usage",
    "usage_counts",
)  # fmt: skip
# The modules whose text decides what a document says.
WRITERS = (
    "canonical", "close.frozen", "close.late", "close.master_data", "close.snapshot",
    "invoice.bill", "invoice.cii", "invoice.document", "invoice.einvoice", "invoice.lines",
    "invoice.proof", "invoice.tax", "invoice.trends", "invoice.ubl", "invoice.words",
    "invoice.xmltree", "money", "period",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Basis:
    """The program of a run: `models` and `writers` by name, each with the hash of its text."""

    models: Mapping[str, str]
    writers: Mapping[str, str]

    @classmethod
    def now(cls) -> Basis:
        """The texts of this version."""
        folder = Path(meterbook.__file__).parent
        return cls(
            models={file.name: file.sha256 for file in read_sql("models")},
            writers={name: _hash(folder / f"{name.replace('.', '/')}.py") for name in WRITERS},
        )

    def record(self) -> dict[str, object]:
        """The basis as it is stored."""
        return {"form": FORM, "models": dict(self.models), "writers": dict(self.writers)}

    @property
    def sha256(self) -> str:
        """What snapshots refer to."""
        return sha256(canonical_json(self.record()))


def landed_facts(landing: ObjectStore) -> dict[str, object]:
    """Of each stream of facts how many deliveries have landed, and a hash of their names.

    It goes into the closing record of a close and not into the snapshot: the same facts that came
    in other pieces give the same documents.
    """
    return {stream: _landed(landing, stream) for stream in FACTS}


def land_basis(landing: ObjectStore, basis: Basis, at: datetime) -> str:
    """Land a basis unless it is there; return its hash."""
    id_ = _delivery_id(basis.sha256)
    row = {"kind": "basis", "basis_sha256": basis.sha256, "basis": basis.record()}
    files = land_rows(landing, STREAM, id_, [row])
    close_delivery(landing, Delivery(id_, STREAM, id_, id_, at, files))
    return basis.sha256


def read_basis(landing: ObjectStore, basis_sha256: str) -> Basis:
    """Read a basis back. Errors: `BookInconsistent` when it is not there, or is another."""
    try:
        record = closing_record(landing, record_key(STREAM, _delivery_id(basis_sha256)))
        (file_name,) = row_counts(record)
        row = json.loads(gzip.decompress(landing.get(file_name)))["basis"]
        basis = Basis(row["models"], row["writers"])
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise _damaged(basis_sha256) from error
    if basis.sha256 != basis_sha256:
        raise _damaged(basis_sha256)
    return basis


def _damaged(basis_sha256: str) -> BookInconsistent:
    return BookInconsistent(
        detail=f"The basis {basis_sha256} of a close is missing or has been changed. Bring it "
        "back from a copy of the landing bucket."
    )


def _delivery_id(basis_sha256: str) -> str:
    return f"basis.{basis_sha256[:32]}"


def _hash(file: Path) -> str:
    return sha256(file.read_bytes())


def _landed(landing: ObjectStore, stream: str) -> Mapping[str, object]:
    ids = [*landing.keys(f"{RECORDS_PREFIX}{stream}/"), *_arrived(landing, stream)]
    return {"count": str(len(ids)), "sha256": sha256(canonical_json(ids))}


def _arrived(landing: ObjectStore, stream: str) -> Sequence[str]:
    """What Firehose wrote: an object is a delivery of its own there."""
    return list(landing.keys(f"{stream}/")) if stream in ("usage", "usage_counts") else []
