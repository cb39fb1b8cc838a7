"""What was frozen as it lies in the landing bucket: written once, read for ever.

    <period>.<account id>                      the close of an account's month
    <period>.<account id>.<kind>.<subject>     a document that a person has frozen for it later

Each is a delivery of stream `closes`: a head row with the whole snapshot, a `line` row for each
line of it, which is what SQL reads, and a `document` row for each credit note that a close brings
about. The closing record is the claim, so of two writers one freezes and the other is told.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
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
INVOICE, CREDIT_NOTE, CORRECTED, DEBIT_NOTE = KINDS = (
    "invoice", "credit_note", "corrected_invoice", "debit_note",
)  # fmt: skip
# A credit note that a close has brought about is named after the month that was closed.
LATE = "late."
NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class FrozenDocument:
    """What one document is written from: `body`, and the hash of the snapshot that it stands in."""

    body: Fields
    snapshot_sha256: str

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        return str(self.body["kind"])

    @property
    def subject(self) -> str:
        """What tells documents of one kind, account and period apart; "" for the invoice."""
        return str(self.body["subject"])

    @property
    def account_id(self) -> str:
        """Whose document it is."""
        return str(self.body["account_id"])

    @property
    def period(self) -> Period:
        """Which month it is about."""
        return Period.parse(self.body["period"])


def frozen(snapshot: Fields) -> FrozenDocument:
    """Give a snapshot its hash."""
    return FrozenDocument(snapshot, sha256(canonical_json(snapshot)))


def land_document(
    landing: ObjectStore,
    document: FrozenDocument,
    at: datetime,
    origin: Mapping[str, object] = NOTHING,
) -> bool:
    """Land what is frozen and claim it; False when somebody else has frozen it first.

    `origin` tells beside it, in the closing record, what had landed by then.
    """
    id_ = _delivery_id(document.period, document.account_id, document.kind, document.subject)
    files = land_rows(landing, STREAM, id_, _rows(document, at))
    return close_delivery(landing, Delivery(id_, STREAM, id_, id_, at, files, origin=origin))


def read_document(
    landing: ObjectStore, period: Period, account_id: str, kind: str = INVOICE, subject: str = ""
) -> FrozenDocument:
    """Read back what was frozen. Errors: `BookInconsistent` when its bytes are others."""
    return _read(landing, period, account_id, kind, subject, is_checked=True)


def landed_document(
    landing: ObjectStore, period: Period, account_id: str, kind: str = INVOICE, subject: str = ""
) -> FrozenDocument:
    """What lies there now, with the hash of what lies there: for those who look for the change."""
    return _read(landing, period, account_id, kind, subject, is_checked=False)


def _read(
    landing: ObjectStore,
    period: Period,
    account_id: str,
    kind: str,
    subject: str,
    *,
    is_checked: bool,
) -> FrozenDocument:
    if kind == CREDIT_NOTE and subject.startswith(LATE):
        closed = Period.parse(subject.removeprefix(LATE))
        close = _read(landing, closed, account_id, INVOICE, "", is_checked=is_checked)
        return _credited(close, period)
    whose = f"for account {account_id} in {period}"
    head = _head(landing, _delivery_id(period, account_id, kind, subject), whose)
    document = frozen(head["snapshot"])
    if is_checked and document.snapshot_sha256 != head["snapshot_sha256"]:
        raise BookInconsistent(
            detail=f"What was frozen {whose} has been changed since: "
            f"its hash is {document.snapshot_sha256}, not {head['snapshot_sha256']}."
        )
    return document


def credit_notes(close: FrozenDocument) -> list[FrozenDocument]:
    """The credit notes that a close has brought about: its body, with what each has of its own."""
    shared = {name: part for name, part in close.body.items() if name != "credit_notes"}
    return [
        FrozenDocument(shared | note, close.snapshot_sha256) for note in close.body["credit_notes"]
    ]


def _credited(close: FrozenDocument, period: Period) -> FrozenDocument:
    for note in credit_notes(close):
        if note.period == period:
            return note
    raise BookInconsistent(
        detail=f"The close of {close.period} for account {close.account_id} holds no credit note "
        f"for {period}, and one was numbered."
    )


def _delivery_id(period: Period, account_id: str, kind: str, subject: str) -> str:
    place = f"{period}.{account_id}"
    return place if kind == INVOICE else f"{place}.{kind}.{subject}"


def _head(landing: ObjectStore, delivery_id: str, whose: str) -> Fields:
    """The first row of a delivery of closes."""
    try:
        record = closing_record(landing, record_key(STREAM, delivery_id))
        file_name = next(iter(row_counts(record)))
    except (KeyError, StopIteration) as error:
        raise BookInconsistent(detail=f"Nothing is frozen {whose} as {delivery_id}.") from error
    try:
        text = gzip.decompress(landing.get(file_name)).decode()
        head: Fields = json.loads(text.partition("\n")[0])
    except (KeyError, OSError, EOFError, zlib.error, ValueError) as error:
        raise BookInconsistent(
            detail=f"What was frozen {whose} cannot be read: "
            f"{file_name} is missing or damaged. Bring it back from a copy of the landing bucket."
        ) from error
    return head


def _rows(document: FrozenDocument, at: datetime) -> Iterator[Fields]:
    kind = "close" if document.kind == INVOICE else "document"
    made_by = {"close_start": document.period.start} if document.kind == INVOICE else {}
    yield _head_row(document, kind, at) | made_by | {"snapshot": document.body}
    yield from _lines(document)
    for note in credit_notes(document) if document.kind == INVOICE else ():
        yield _head_row(note, "document", at) | made_by
        yield from _lines(note)


def _place(document: FrozenDocument) -> Fields:
    return {
        "period": document.body["period"],
        "account_id": document.account_id,
        "document_kind": document.kind,
        "subject": document.subject,
    }


def _head_row(document: FrozenDocument, kind: str, at: datetime) -> Fields:
    body = document.body
    return _place(document) | {
        "kind": kind,
        "refers_kind": body["refers_to"].get("kind", ""),
        "refers_subject": body["refers_to"].get("subject", ""),
        "seller_id": body["seller"]["id"],
        "currency": body["currency"],
        "total": body["total"],
        "snapshot_sha256": document.snapshot_sha256,
        "closed_at": plain(at),
    }


def _lines(document: FrozenDocument) -> Iterator[Fields]:
    for line in document.body["lines"]:
        yield _place(document) | {"kind": "line", **line}
