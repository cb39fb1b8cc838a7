"""Write the documents of one number: what is stored is kept, what is missing is made.

    invoices/<number>/invoice.json       the document; the files below are written from its bytes
                      facts.json         what was frozen, for the replay to compare row by row
                      proof.json         the part of it that the licensee may see
                      invoice.cii.xml    the e-invoice in both syntaxes, where there is one
                      invoice.ubl.xml
                      invoice.pdf        the print with the EN 16931 XML inside, put last

All follows from the claim in the register and from what was frozen, so it may be done again at any
time, by anybody, and by several at once. Nothing compares a stored file with a new rendering.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from meterbook.canonical import canonical_json
from meterbook.close.frozen import FrozenDocument, read_document
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent, InputRefused
from meterbook.invoice.cii import cii_xml
from meterbook.invoice.document import document_bytes, invoice_document
from meterbook.invoice.einvoice import EN16931, einvoice_profile
from meterbook.invoice.facturx import pdf_problems
from meterbook.invoice.files import CII, DOCUMENT, FACTS, PRINT, PROOF, UBL, document_key
from meterbook.invoice.proof import proof_bytes
from meterbook.invoice.register import Claim, Register, read_register
from meterbook.invoice.render import render_invoice as printed
from meterbook.invoice.ubl import ubl_xml
from meterbook.period import Period
from meterbook.ports import ObjectStore


def facts_bytes(frozen: FrozenDocument) -> bytes:
    """What was frozen, as it is stored beside the document, to be compared row by row."""
    return canonical_json(frozen.body).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Archive:
    """Where documents come from and go to; a seller's register is read once for many of them."""

    evidence: ObjectStore
    landing: ObjectStore
    _registers: dict[str, Register] = field(default_factory=dict)

    def register(self, seller_id: str, number: str) -> Register:
        """The seller's register, read again when it is too old to know the number.

        Errors: `InputRefused` for a number that it has not given.
        """
        known = self._registers.get(seller_id)
        if known is None or not _has_given(known, number):
            known = self._registers[seller_id] = read_register(self.evidence, seller_id)
        if not _has_given(known, number):
            raise InputRefused(detail=f"The register of {seller_id} has not given {number}.")
        return known


def render_invoice(archive: Archive, seller_id: str, number: str) -> None:
    """Store every file of a number that is not stored yet.

    Errors: `BookInconsistent` when what was frozen or stored is not what the register says, or the
    print does not hold what it should.
    """
    register = archive.register(seller_id, number)
    claimed = next(claim for claim in register.claims if claim.number == number)
    frozen = read_claimed(archive.landing, claimed)
    evidence = archive.evidence

    def written() -> bytes:
        return document_bytes(invoice_document(frozen, claimed, preceding_of(frozen, register)))

    stored = _kept(evidence, number, DOCUMENT, written)
    document = must_belong(stored, seller_id, claimed)
    _kept(evidence, number, FACTS, lambda: facts_bytes(frozen))
    _kept(evidence, number, PROOF, lambda: proof_bytes(frozen.body))
    if profile := einvoice_profile(document):
        _kept(evidence, number, CII, lambda: cii_xml(document, profile))
        _kept(evidence, number, UBL, lambda: ubl_xml(document, profile))
    _kept(evidence, number, PRINT, lambda: _checked_print(stored, document))


def render_message(archive: Archive, message: str) -> None:
    """The same for a message of the queue. Errors: `InputRefused` for what is none."""
    try:
        asked = json.loads(message)
        seller_id, number = asked["seller_id"], asked["number"]
    except (ValueError, TypeError, KeyError):
        raise InputRefused(detail=f"{message[:200]!r} names no seller and number.") from None
    render_invoice(archive, str(seller_id), str(number))


def read_claimed(landing: ObjectStore, claimed: Claim) -> FrozenDocument:
    """What was frozen for a claim. Errors: `BookInconsistent` when it is something else."""
    period = Period.parse(claimed.period)
    return read_document(landing, period, claimed.account_id, claimed.kind, claimed.subject)


def preceding_of(frozen: FrozenDocument, register: Register) -> Claim | None:
    """The claim of the document that this one refers to; None where it refers to none.

    Errors: `BookInconsistent` where that has no number yet.
    """
    if not (purpose := referred(frozen)):
        return None
    for claim in register.claims:
        if claim.purpose == purpose:
            return claim
    raise BookInconsistent(
        detail=f"The {frozen.kind} {frozen.subject} of account {frozen.account_id} refers to a "
        f"document of {frozen.period} that has no number."
    )


def referred(frozen: FrozenDocument) -> tuple[str, str, str, str] | None:
    """The purpose of the document that this one refers to."""
    to = frozen.body["refers_to"]
    return (frozen.account_id, to["period"], to["kind"], to["subject"]) if to else None


def must_belong(stored: bytes, seller_id: str, claimed: Claim) -> Fields:
    """Read a stored document. Two sellers with one series would meet here, in the other's place."""
    key = document_key(claimed.number, DOCUMENT)
    try:
        document: Fields = json.loads(stored)
        told = document["seller"]["id"], document["number"], document["snapshot_sha256"]
    except (ValueError, TypeError, KeyError):
        raise BookInconsistent(detail=f"{key} is not a document of ours.") from None
    if told != (seller_id, claimed.number, claimed.snapshot_sha256):
        raise BookInconsistent(
            detail=f"{key} is a document of seller {told[0]}, but {claimed.number} was claimed "
            f"by {seller_id} for account {claimed.account_id}. Every seller needs an invoice "
            "series of its own."
        )
    return document


def _has_given(register: Register, number: str) -> bool:
    return any(claim.number == number for claim in register.claims)


def _kept(evidence: ObjectStore, number: str, name: str, make: Callable[[], bytes]) -> bytes:
    """The file's stored bytes, made only where nothing is stored."""
    key = document_key(number, name)
    try:
        return evidence.get(key)
    except KeyError:
        body = make()
        return body if evidence.put_if_absent(key, body) else evidence.get(key)


def _checked_print(stored: bytes, document: Fields) -> bytes:
    """The PDF, looked at before it is stored for ever."""
    xml = cii_xml(document, EN16931) if einvoice_profile(document) else None
    number = document["number"]
    try:
        pdf = printed(stored, xml)
    except RuntimeError as error:  # what the typesetter raises
        raise BookInconsistent(detail=f"{number} cannot be printed: {error}.") from error
    if found := pdf_problems(pdf, xml):
        raise BookInconsistent(detail=f"{number} was not printed right: {found[0]}")
    return pdf
