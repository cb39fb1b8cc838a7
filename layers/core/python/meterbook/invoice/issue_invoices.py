"""Issue: number what is closed, write its documents, seal them, and say so.

    claim → invoices/<number>/invoice.json, invoice.pdf → seal → rows in the book → invoice_issued

After the claim everything follows from the frozen period, so a run that was cut short at any point
is repaired by running again: same number, same bytes, same event. A stored document is kept as it
is; nothing ever compares it with a new rendering.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby

from meterbook.announce import announce_all, event_id
from meterbook.book import Book
from meterbook.canonical import sha256, text_of
from meterbook.close.frozen import read_close
from meterbook.close.snapshot import Fields
from meterbook.delivery import RECORDS_PREFIX, Delivery, close_delivery, land_rows, record_key
from meterbook.errors import BookInconsistent
from meterbook.invoice.document import document_bytes, invoice_document
from meterbook.invoice.register import (
    Claim,
    Claimable,
    Register,
    Seal,
    Sheet,
    claim,
    read_register,
    seal,
)
from meterbook.invoice.render import render_invoice
from meterbook.money import Money
from meterbook.period import Period
from meterbook.ports import Announcement, EventBus, ObjectStore, Row

DETAIL_TYPE = "invoice_issued"
STREAM = "invoices"


@dataclass(frozen=True, slots=True)
class Issued:
    """A numbered, stored and sealed invoice; the keys are those of the evidence store."""

    number: str
    seller_id: str
    account_id: str
    period: str
    kind: str
    issue_date: str
    currency: str
    total: str
    json_key: str
    json_sha256: str
    pdf_key: str
    pdf_sha256: str
    snapshot_sha256: str


def issue_invoices(
    book: Book,
    evidence: ObjectStore,
    bus: EventBus,
    announced: ObjectStore,
    event_source: str,
    period: Period | None = None,
) -> list[Issued]:
    """Issue an invoice for every close (of one period, where given) that has none.

    Returns what has come into the book since this run began, in order of seller and number. What
    an earlier run has claimed and not finished is finished, whatever its period. Errors:
    `BookInconsistent` when the register, a close or a stored document is not what it has to be.
    """
    book.update()
    now = book.clock.now()
    before = {invoice.number for invoice in _issued(book)}
    closes = book.query("issue_closes")
    for seller_id, found in groupby(closes, key=lambda row: str(row["seller_id"])):
        wanted = [row for row in found if period in (None, _period(row))]
        register = _claim(book, evidence, seller_id, wanted, now)
        seals = [_store(book, evidence, seller_id, pending) for pending in register.unsealed]
        register = seal(evidence, seller_id, seals, now)
        _land_sealed(book, evidence, register, now)
    book.update()
    issued = _issued(book)
    announce_all(bus, announced, (_announcement(made, event_source) for made in issued))
    return [made for made in issued if made.number not in before]


def document_key(number: str, form: str) -> str:
    """Where a document lies in the evidence store; `form` is json or pdf."""
    return f"invoices/{number}/invoice.{form}"


def _period(row: Row) -> Period:
    return Period.parse(str(row["period_start"])[:7])


# ---- the number ------------------------------------------------------------------------------


def _claim(
    book: Book, evidence: ObjectStore, seller_id: str, closes: list[Row], now: datetime
) -> Register:
    register = read_register(evidence, seller_id)
    taken = {claimed.purpose for claimed in register.claims}
    wanted = [
        _claimable(book, _period(row), str(row["account_id"]))
        for row in closes
        if (str(row["account_id"]), str(_period(row)), "invoice", "") not in taken
    ]
    return claim(evidence, seller_id, wanted, now) if wanted else register


def _claimable(book: Book, period: Period, account_id: str) -> Claimable:
    frozen = read_close(book.landing, period, account_id)
    series = str(frozen.snapshot["seller"]["document"]["invoice_series"])
    return Claimable(str(period), account_id, frozen.snapshot_sha256, series)


# ---- the documents ---------------------------------------------------------------------------


def _store(book: Book, evidence: ObjectStore, seller_id: str, claimed: Claim) -> Seal:
    """Make sure that both documents of a claim are stored; return the hashes of what is stored."""

    def written() -> bytes:
        frozen = read_close(book.landing, Period.parse(claimed.period), claimed.account_id)
        return document_bytes(invoice_document(frozen, claimed))

    keys = {form: document_key(claimed.number, form) for form in ("json", "pdf")}
    document = _kept(evidence, keys["json"], written)
    _must_belong(document, seller_id, claimed)
    printed = _kept(evidence, keys["pdf"], lambda: render_invoice(document))
    return Seal(claimed.number, {keys["json"]: sha256(document), keys["pdf"]: sha256(printed)})


def _kept(evidence: ObjectStore, key: str, make: Callable[[], bytes]) -> bytes:
    """The object's stored bytes, made only where nothing is stored."""
    try:
        return evidence.get(key)
    except KeyError:
        body = make()
        return body if evidence.put_if_absent(key, body) else evidence.get(key)


def _must_belong(document: bytes, seller_id: str, claimed: Claim) -> None:
    """Two sellers with one series would meet here, in the second one's place."""
    found = json.loads(document)
    if (found["seller"]["id"], found["snapshot_sha256"]) != (seller_id, claimed.snapshot_sha256):
        raise BookInconsistent(
            detail=f"{document_key(claimed.number, 'json')} is a document of seller "
            f"{found['seller']['id']}, but {claimed.number} was claimed by {seller_id} for account "
            f"{claimed.account_id}. Every seller needs an invoice series of its own."
        )


# ---- the book --------------------------------------------------------------------------------


def _land_sealed(book: Book, evidence: ObjectStore, register: Register, now: datetime) -> None:
    """Land the rows of every sheet that seals something and is not in the book yet."""
    landed = set(book.landing.keys(f"{RECORDS_PREFIX}{STREAM}/"))
    claims = {claimed.number: claimed for claimed in register.claims}
    for sheet in register.sheets:
        delivery_id = f"{register.seller_id}.{sheet.sheet:08d}"
        if sheet.sealed and record_key(STREAM, delivery_id) not in landed:
            rows = _rows(evidence, sheet, claims)
            files = land_rows(book.landing, STREAM, delivery_id, rows)
            close_delivery(
                book.landing, Delivery(delivery_id, STREAM, delivery_id, delivery_id, now, files)
            )


def _rows(evidence: ObjectStore, sheet: Sheet, claims: dict[str, Claim]) -> Iterator[Fields]:
    for sealed in sheet.sealed:
        claimed = claims[sealed.number]
        keys = {form: document_key(claimed.number, form) for form in ("json", "pdf")}
        document = json.loads(evidence.get(keys["json"]))
        yield {
            "number": claimed.number,
            "seller_id": sheet.seller_id,
            "account_id": claimed.account_id,
            "period": claimed.period,
            "kind": claimed.kind,
            "issue_date": claimed.issue_date,
            "currency": document["currency"],
            "total": document["total"],
            "json_sha256": sealed.files[keys["json"]],
            "pdf_sha256": sealed.files[keys["pdf"]],
            "snapshot_sha256": claimed.snapshot_sha256,
        }


def _issued(book: Book) -> list[Issued]:
    return [_read(row) for row in book.query("issue_issued")]


def _read(row: Row) -> Issued:
    texts = {name: text_of(value) for name, value in row.items()}
    number, currency = texts["number"], texts["currency"]
    del texts["period_start"]
    return Issued(
        **texts
        | {
            "period": str(_period(row)),
            "total": str(Money.of(texts["total"], currency)),
            "json_key": document_key(number, "json"),
            "pdf_key": document_key(number, "pdf"),
        }
    )


# ---- the announcement ------------------------------------------------------------------------


def _announcement(made: Issued, event_source: str) -> Announcement:
    """The event tells what the register knows; its time is the issue date, so it never differs."""
    id_ = event_id(DETAIL_TYPE, made.seller_id, made.number)
    issued_at = datetime.fromisoformat(made.issue_date).replace(tzinfo=UTC)
    return Announcement(id_, event_source, DETAIL_TYPE, issued_at, asdict(made))
