"""What is issued: the rows that a sealed document leaves in the book, and the event that tells it.

stream invoices, delivery <seller id>.<8-digit sheet>      a row for each document of the sheet
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from meterbook.announce import event_id
from meterbook.book import Book
from meterbook.canonical import text_of
from meterbook.close.frozen import CREDIT_NOTE
from meterbook.close.snapshot import Fields
from meterbook.delivery import RECORDS_PREFIX, Delivery, close_delivery, land_rows, record_key
from meterbook.errors import BookInconsistent
from meterbook.invoice.files import DOCUMENT, FACTS, PRINT, document_key, document_keys
from meterbook.invoice.register import Claim, Register, Seal, sheet_key
from meterbook.money import Money
from meterbook.ports import Announcement, ObjectStore, Row

DETAIL_TYPE, CREDIT_TYPE = "invoice_issued", "credit_note_issued"
STREAM = "invoices"
_AMOUNTS = ("net", "tax", "total")


@dataclass(frozen=True, slots=True)
class Issued:
    """A numbered, stored and sealed document; `keys` are those of all its files.

    `total` is what is owed or, on a credit note, given back; `refers_to` the number of the document
    that it credits, corrects or adds to; both dates are ISO, `due_date` "" on a credit note.
    """

    number: str
    seller_id: str
    account_id: str
    period: str
    kind: str
    subject: str
    issue_date: str
    due_date: str
    currency: str
    net: str
    tax: str
    total: str
    refers_to: str
    e_invoice: str
    mail_to: str
    json_key: str
    json_sha256: str
    pdf_key: str
    pdf_sha256: str
    snapshot_sha256: str
    keys: tuple[str, ...]

    @property
    def purpose(self) -> tuple[str, str, str, str]:
        """What the register gave the number for."""
        return self.account_id, self.period, self.kind, self.subject


def issued_documents(book: Book) -> list[Issued]:
    """Every issued document that the book knows, in order of seller and number."""
    return [_read(row) for row in book.query("issue_issued")]


def _read(row: Row) -> Issued:
    texts = {name: "" if value is None else text_of(value) for name, value in row.items()}
    number, currency = texts["number"], texts["currency"]
    period = texts.pop("period_start")[:7]
    amounts = {name: str(Money.of(texts[name], currency)) for name in _AMOUNTS}
    keys = {"json_key": document_key(number, DOCUMENT), "pdf_key": document_key(number, PRINT)}
    files = tuple(document_keys(number, texts["e_invoice"]))
    return Issued(**texts | amounts | keys, period=period, keys=files)


# ---- the book --------------------------------------------------------------------------------


def land_sealed(book: Book, evidence: ObjectStore, register: Register, now: datetime) -> None:
    """Land the rows of every sheet that seals something and is not in the book yet."""
    landed = set(book.landing.keys(f"{RECORDS_PREFIX}{STREAM}/"))
    claims = {claimed.number: claimed for claimed in register.claims}
    for sheet in register.sheets:
        id_ = f"{register.seller_id}.{sheet.sheet:08d}"
        if sheet.sealed and record_key(STREAM, id_) not in landed:
            rows = _rows(evidence, register.seller_id, sheet.sealed, claims)
            files = land_rows(book.landing, STREAM, id_, rows)
            close_delivery(book.landing, Delivery(id_, STREAM, id_, id_, now, files))


def known_sheets(landing: ObjectStore) -> set[str]:
    """The sheets that the book has rows of, by where they lie: what a register has to reach."""
    ids = (
        key.rpartition("/")[2].removesuffix(".json").rpartition(".")
        for key in landing.keys(f"{RECORDS_PREFIX}{STREAM}/")
    )
    return {sheet_key(seller_id, int(n)) for seller_id, _, n in ids if n.isdecimal()}


def must_reach(register: Register, known: Iterable[str]) -> None:
    """Refuse a register that was cut off: a number that is in the book would be given again."""
    own = [key for key in known if key.rpartition("/")[0] == register.next_key.rpartition("/")[0]]
    if (last := max(own, default="")) >= register.next_key:
        raise BookInconsistent(
            detail=f"The register of {register.seller_id} ends before {last}, which the book has "
            "rows of. No number is given until its sheets are brought back from a copy of the "
            "evidence."
        )


def _rows(
    evidence: ObjectStore, seller_id: str, sealed: tuple[Seal, ...], claims: dict[str, Claim]
) -> Iterator[Fields]:
    for one in sealed:
        yield _row(evidence, seller_id, one, claims[one.number])


def _row(evidence: ObjectStore, seller_id: str, sealed: Seal, claimed: Claim) -> Fields:
    document, facts = (
        json.loads(evidence.get(document_key(claimed.number, name))) for name in (DOCUMENT, FACTS)
    )
    preceding = [found["number"] for found in document["preceding"]]
    due = {} if claimed.kind == CREDIT_NOTE else {"due_date": document["due_date"]}
    return (
        asdict(claimed)
        | due
        | {
            "seller_id": seller_id,
            "currency": document["currency"],
            "net": document["totals"]["net"],
            "tax": document["totals"]["tax"],
            "total": document["total"],
            "refers_to": preceding[0] if preceding else "",
            "e_invoice": document["e_invoice"],
            "mail_to": facts["account"]["document"].get("mail_to", ""),
            "json_sha256": sealed.files[document_key(claimed.number, DOCUMENT)],
            "pdf_sha256": sealed.files[document_key(claimed.number, PRINT)],
        }
    )


# ---- the event -------------------------------------------------------------------------------


def announcement(made: Issued, event_source: str) -> Announcement:
    """The event tells what the register knows; its time is the issue date, so it never differs."""
    detail_type = CREDIT_TYPE if made.kind == CREDIT_NOTE else DETAIL_TYPE
    id_ = event_id(detail_type, made.seller_id, made.number)
    issued_at = datetime.fromisoformat(made.issue_date).replace(tzinfo=UTC)
    told = {name: value for name, value in asdict(made).items() if name != "mail_to"}
    if made.kind == CREDIT_NOTE:
        del told["due_date"]
    return Announcement(id_, event_source, detail_type, issued_at, told)
